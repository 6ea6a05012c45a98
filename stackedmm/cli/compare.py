"""Run a configuration, the same without rules, and three simpler strategies made from it, in one market."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from stackedmm.cli.backtest import Told, add_run, check_places, config_of, data_of, output, run_options, write
from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `compare`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("compare", help=__doc__, description=__doc__)
    add_run(parser)
    parser.add_argument("--also", nargs="+", default=[], metavar="FILE", help="further configurations, named by file")
    parser.add_argument("--no-baselines", action="store_true", help="without the three simpler strategies")
    parser.add_argument("--threads", type=int, metavar="N", help="runs at the same time; one a processor")
    parser.add_argument("--out", metavar="DIR", help="write the table and every result there")
    parser.add_argument("--picture", metavar="FILE", help="draw all runs side by side: .png, .svg or .pdf")
    parser.add_argument("--report", metavar="FILE", help="write the comparison as one .html page")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run, show, write. Bad input raises ConfigError or RuleError before anything is written."""
    from stackedmm.lab import compare
    from stackedmm.lab.comparison import check_place

    config = config_of(args)
    also = others(args.also)
    check_places(args, check_place)
    with Told(args.data is not None) as told:
        found = compare(
            config, data_of(args, config), args.rules, baselines=not args.no_baselines, also=also,
            threads=args.threads, progress=told, **run_options(args),
        )  # fmt: skip
    write(args, found)
    if args.json:
        print(json.dumps(found.summary))
    else:
        output().print(found.renderable())
    return 0


def others(files: list[str]) -> dict[str, Path]:
    """Further configurations by the names of their files. Raises ConfigError where two have the same name."""
    named: dict[str, Path] = {}
    for file in files:
        path = Path(file)
        if path.stem in named:
            raise ConfigError(f"--also: {file} and {named[path.stem]} have the same name, expected different ones")
        named[path.stem] = path
    return named
