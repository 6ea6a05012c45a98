"""`stackedmm`: market making with stacked quoting lines on many venues, under one inventory."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from stackedmm.errors import ConfigError, RuleError, StackedmmError

COMMANDS: Final = {
    "backtest": "run a configuration over recorded or synthetic markets",
    "compare": "run a configuration beside simpler strategies in one market",
    "lookahead": "check that no decision knows what happens after it",
    "data": "convert market data of others into recordings, and back",
    "desk": "open the desk on a simulated market",
    "paper": "trade a simulated market or a recording without a notebook",
    "run": "another name of paper",
    "config": "check, describe, start and import configurations",
    "rules": "write, check, explain and preview rule files, and take them back",
    "replay": "run a session's journal again, and hold it against what was written",
    "book": "one order book of a recording, as it was known at a moment",
    "exchange": "serve a venue on this machine, for unmodified clients",
    "warm": "compile all that compiles, once, so that nothing waits for it later",
}
"""Each lives in a file of its own name, which only its own use imports: so help comes at once."""

INTERRUPTED: Final = 130
CLOSED: Final = 141
"""What shells say of a program that Ctrl-C, and a closed pipe, have ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0, 2 for input that has to be mended, 1 for anything else that went wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parser(words).parse_args(words)
        code = int(args.run(args))
        sys.stdout.flush()
    except SystemExit as end:  # argparse has said what was wrong, or has printed its help
        return end.code if isinstance(end.code, int) else 0
    except StackedmmError as error:
        print(f"stackedmm: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError | RuleError) else 1
    except KeyboardInterrupt:
        print("stackedmm: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return CLOSED
    except OSError as error:
        _drop_output()
        print(f"stackedmm: {error}", file=sys.stderr)
        return 1
    return code


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for these words: complete for the command they name, a line of help for the others."""
    package = import_module("stackedmm")
    whole = argparse.ArgumentParser(prog="stackedmm", description=str(package.__doc__).splitlines()[0])
    whole.add_argument("-V", "--version", action="version", version=f"stackedmm {package.__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    named = next((word for word in words if not word.startswith("-")), None)
    for name, line in COMMANDS.items():
        if name == named:
            import_module(f"stackedmm.cli.{name}").add(commands)
        else:
            commands.add_parser(name, help=line)
    return whole


def _drop_output() -> None:
    """Nobody reads any more, or nothing can be written: Python would try again at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
