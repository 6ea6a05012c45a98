"""`stackedmm rules`: look at a folder of rule files before an engine does."""

import argparse
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stackedmm.rules import LoadedRule, Param, RuleSet, inspect

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `rules` and its command; the handler is left in `args.run`."""
    commands = subparsers.add_parser("rules", help=__doc__).add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="check, prove and compile every rule of a folder, and list them")
    check.add_argument("folder", metavar="DIR")
    check.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    """Print the rules of a folder that is fit; 2, and every refusal on stderr, for another."""
    outcome = inspect(args.folder)
    for refusal in outcome.refusals:
        print(refusal, file=sys.stderr)
    if outcome.rules is None:
        return 2
    Console().print(_table(outcome.rules))
    print(f"{args.folder}: {len(outcome.rules)} rules, digest {outcome.rules.hex}")
    return 0


def _table(rules: RuleSet) -> Table:
    table = Table(show_lines=True)
    for name in ("rule", "verb", "where", "params", "reads"):
        table.add_column(name, overflow="fold")
    for each in rules.rules:
        params = "\n".join(_param(name, param) for name, param in each.params)
        # Names and words of a file are text, never markup.
        cells = (each.name, each.verb_name, _where(each), params, "\n".join(each.fields))
        table.add_row(*map(Text, cells))
    return table


def _where(rule: LoadedRule) -> str:
    unless = f" unless {', '.join(rule.unless)}" if rule.unless else ""
    return f"{rule.scope}{unless}"


def _param(name: str, param: Param) -> str:
    unit = f" {param.unit}" if param.unit else ""
    return f"{name} {param.default:g}{unit} ({param.low:g} to {param.high:g})"
