"""`stackedmm rules preview`: what an edit would have done, on a recording or the synthetic market."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stackedmm.errors import ConfigError, RuleError

if TYPE_CHECKING:
    from stackedmm.config import StackedMarketMakingConfig
    from stackedmm.rules import RuleSet

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Subparsers") -> None:
    """Register the command."""
    parser = commands.add_parser("preview", help="run the same minutes under two sets of rules, and compare")
    parser.add_argument("path", metavar="FILE|DIR", help="a rule file laid over --rules, or a whole folder instead")
    parser.add_argument("--rules", metavar="DIR", help="rules to compare with; without it none are in force")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--config", metavar="FILE", help="configuration as JSON")
    template = "conservative_bera_usdt"
    what.add_argument("--template", default=template, metavar="NAME", help="one that comes along, %(default)s")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="neutral Parquet; without it a synthetic market")
    parser.add_argument("--markets", nargs="+", metavar="FILE", help="descriptions of the markets of --data")
    parser.add_argument("--seconds", type=float, default=180.0, metavar="N", help="of the span, %(default)g")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of everything drawn, %(default)s")
    parser.add_argument("--set", nargs="+", default=[], metavar="RULE.PARAM=NUMBER", help="values for both sets")
    parser.add_argument("--picture", metavar="FILE", help="draw it: .png, .svg or .pdf")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the comparison; 1 where the candidate is outside the bounds within which it would be applied unasked."""
    from stackedmm.lab.picture import check_name
    from stackedmm.lab.preview import picture, rehearse

    before, after = sets(Path(args.path), Path(args.rules) if args.rules else None)
    config, values = _config(args), numbers(args.set, "--set")
    if args.picture is not None:
        check_name(Path(args.picture))
    found = rehearse(
        config, before, after, args.data, seconds=args.seconds, values=values, markets=args.markets, seed=args.seed
    )
    print(found)
    if args.picture is not None:
        picture(found, args.picture)
    return 1 if found.outside else 0


def sets(path: Path, folder: Path | None) -> "tuple[RuleSet | None, RuleSet]":
    """The set in force and the candidate. RuleError where one is not fit."""
    from stackedmm.rules import load, reading, rebuild

    before = load(folder) if folder is not None else None
    if path.suffix != ".py":
        return before, load(path)
    files, refusals = reading.read(path.parent)
    if path.name not in files:
        found = [str(each) for each in refusals if each.file == path.name]
        raise RuleError("\n".join(found) or f"{path}: no such rule file")
    return before, rebuild({**(before.files if before is not None else {}), path.name: files[path.name]})


def numbers(words: Sequence[str], option: str) -> dict[str, float]:
    """`name=number` words as numbers by name."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        try:
            found[name] = float(text)
        except ValueError:
            equals = ""
        if not equals:
            raise ConfigError(f"{option}: {word!r}, expected NAME=NUMBER")
    return found


def _config(args: argparse.Namespace) -> "StackedMarketMakingConfig":
    from stackedmm.config import TEMPLATES, load

    if args.config is not None:
        return load(args.config)
    if args.template not in TEMPLATES:
        raise ConfigError(f"--template: {args.template!r}, expected one of {', '.join(TEMPLATES)}")
    return TEMPLATES[args.template]()
