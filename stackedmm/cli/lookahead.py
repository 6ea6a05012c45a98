"""Check that no decision knows what happens after it: hide the future, and compare what was decided before."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from stackedmm.cli.backtest import Told, add_run, config_of, data_of, output, run_options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `lookahead`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("lookahead", help=__doc__, description=__doc__)
    add_run(parser)
    parser.add_argument("--cuts", type=int, default=10, metavar="N", help="times at which data end, %(default)s")
    parser.add_argument("--threads", type=int, metavar="N", help="runs at the same time; one a processor")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 where nothing before a cut depends on what follows it, 1 where something does, with what on stderr."""
    from stackedmm.lab.lookahead import lookahead

    config = config_of(args)
    with Told(args.data is not None) as told:
        found = lookahead(
            config, data_of(args, config), args.rules, cuts=args.cuts, threads=args.threads, progress=told,
            **run_options(args),
        )  # fmt: skip
    if args.json:
        print(json.dumps(found.summary))
    else:
        output().print(found.renderable())
    if found:
        print(f"stackedmm: {found.verdict}", file=sys.stderr)
    return int(bool(found))
