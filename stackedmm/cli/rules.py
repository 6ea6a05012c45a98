"""`stackedmm rules`: write, check, explain, preview rule files, and take them back."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stackedmm.cli import rules_preview, rules_store
from stackedmm.errors import RuleError
from stackedmm.rules import LoadedRule, Outcome, Param, RuleSet, examine, inspect, load, reading
from stackedmm.rules.grid import explain
from stackedmm.rules.template import VERBS, template

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

FOLDER: Final = "rules"


def add(subparsers: "Subparsers") -> None:
    """Register `rules` and its commands; the handler is left in `args.run`."""
    commands = subparsers.add_parser("rules", help=__doc__).add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="check, prove and compile every rule of a folder, and list them")
    check.add_argument("folder", metavar="DIR")
    check.set_defaults(run=run_check)
    test = commands.add_parser("test", help="run the examples of a folder, or of one file of it")
    test.add_argument("path", metavar="DIR|FILE")
    test.set_defaults(run=run_test)
    explained = commands.add_parser("explain", help="what a rule answers over a grid of what it reads")
    explained.add_argument("rule", metavar="RULE")
    explained.add_argument("--rules", default=FOLDER, metavar="DIR", help="rules folder, %(default)s")
    explained.add_argument(
        "--at", nargs="+", default=[], metavar="NAME=NUMBER", help="fields of the View and Params held there"
    )
    explained.add_argument("--points", type=int, default=9, metavar="N", help="of each axis, %(default)s")
    explained.set_defaults(run=run_explain)
    new = commands.add_parser("new", help="write a rule file to begin with")
    new.add_argument("verb", metavar="VERB", choices=VERBS, help=", ".join(VERBS))
    new.add_argument("name", metavar="NAME", help="of the rule, and of its file")
    new.add_argument("--rules", default=FOLDER, metavar="DIR", help="rules folder, %(default)s")
    new.set_defaults(run=run_new)
    rules_store.add(commands)
    rules_preview.add(commands)


def run_check(args: argparse.Namespace) -> int:
    """Print the rules of a folder that is fit; 2, and every refusal on stderr, for another."""
    outcome = inspect(args.folder)
    _refused(outcome)
    if outcome.rules is None:
        return 2
    Console().print(_table(outcome.rules))
    print(f"{args.folder}: {len(outcome.rules)} rules, digest {outcome.rules.hex}")
    return 0


def run_test(args: argparse.Namespace) -> int:
    """Print how many examples of each file hold; 2, and every refusal on stderr, where one does not."""
    path = Path(args.path)
    folder, wanted = (path.parent, path.name) if path.suffix == ".py" else (path, "")
    files, refusals = reading.read(folder)
    if wanted and wanted not in files and not any(each.file == wanted for each in refusals):
        raise RuleError(f"{path}: no such rule file; name a folder or a file of one")
    outcome = examine(files)
    found = [each for each in (*refusals, *outcome.refusals) if not wanted or each.file == wanted]
    _refused(Outcome(None, found))
    if found or (outcome.rules is None and not wanted):
        return 2
    for name in [wanted] if wanted else sorted(files):
        count = sum(line.startswith(b"assert ") for line in files[name].splitlines())
        print(f"{name}: {count} example{'' if count == 1 else 's'} hold{'s' if count == 1 else ''}")
    return 0


def run_explain(args: argparse.Namespace) -> int:
    """Print a table of a rule's answers."""
    rule = load(args.rules)[args.rule]
    print(explain(rule, rules_preview.numbers(args.at, "--at"), points=args.points))
    return 0


def run_new(args: argparse.Namespace) -> int:
    """Write the file; RuleError where it exists or the name is none."""
    path = Path(args.rules) / f"{args.name}.py"
    data = template(args.verb, args.name).encode()
    outcome = examine({f"{args.name}.py": data})
    if outcome.rules is None:
        raise RuleError("\n".join(map(str, outcome.refusals)))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise RuleError(f"{path}: is there already; choose another name, or edit it") from None
    print(f"{path}: written; a running engine that watches {args.rules} takes it up at once")
    return 0


def _refused(outcome: Outcome) -> None:
    for refusal in outcome.refusals:
        print(refusal, file=sys.stderr)


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
