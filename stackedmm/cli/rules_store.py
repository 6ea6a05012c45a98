"""`stackedmm rules history`, `diff` and `rollback`: what was in force when, and back again."""

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from stackedmm.errors import RuleError
from stackedmm.rules import reading
from stackedmm.rules.store import Store, place_of
from stackedmm.rules.versions import SHOWN, Act

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Subparsers") -> None:
    """Register the three commands."""
    history = commands.add_parser("history", help="what was done with the rules, newest first")
    history.add_argument("file", nargs="?", metavar="FILE", help="the versions of this rule file instead")
    history.add_argument("--last", type=int, default=20, metavar="N", help="%(default)s")
    _places(history)
    history.set_defaults(run=run_history)
    diff = commands.add_parser("diff", help="what changed between two sets, or two versions of a file")
    diff.add_argument(
        "before", nargs="?", default="-1", metavar="SET", help="digest, or -1 for the set before the last"
    )
    diff.add_argument("after", nargs="?", default="", metavar="SET", help="likewise; by default the last")
    _places(diff)
    diff.set_defaults(run=run_diff)
    back = commands.add_parser("rollback", help="put the files of an earlier set back into the folder")
    back.add_argument("set", nargs="?", default="-1", metavar="SET", help="digest, or -1, the set before the last")
    back.add_argument("--why", default="", metavar="TEXT", help="kept in the history")
    _places(back)
    back.set_defaults(run=run_rollback)


def _places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rules", default="rules", metavar="DIR", help="rules folder, %(default)s")
    parser.add_argument("--store", metavar="DIR", help="where versions are kept, by default .versions in the folder")


def _store(args: argparse.Namespace) -> Store:
    place = Path(args.store) if args.store else place_of(args.rules)
    if not place.is_dir():
        raise RuleError(f"{place}: no versions are kept here; name the store with --store")
    return Store(place)


def run_history(args: argparse.Namespace) -> int:
    """Print the last acts, or the versions of a file."""
    store = _store(args)
    print(store.versions(Path(args.file).name) if args.file else store.history(args.last))
    torn = store.torn()
    if torn:
        print(f"{torn} line{'' if torn == 1 else 's'} of the record cannot be read and were passed over")
    return 0


def run_diff(args: argparse.Namespace) -> int:
    """Print what differs."""
    print(_store(args).diff(args.before, args.after))
    return 0


def run_rollback(args: argparse.Namespace) -> int:
    """Write the files of a set over the folder's; what stood there is kept first. An engine sees an edit like any."""
    store, folder = _store(args), Path(args.rules)
    content = store.content(args.set)
    present, refusals = reading.read(folder)
    if refusals:
        raise RuleError("\n".join(map(str, refusals)))
    changed = {name for name in {*present, *content.files} if present.get(name) != content.files.get(name)}
    kept = store.keep({name: data for name, data in present.items() if name in changed})
    for name in sorted(changed):
        _put(folder / name, content.files.get(name))
    store.note(Act("put back", getpass.getuser(), args.why, content.hex, files=kept))
    print(f"{folder}: {len(changed)} file{'' if len(changed) == 1 else 's'} put back, as in set {content.hex[:SHOWN]}")
    if content.retired:
        print(f"retired in that set, and files do not say so: {', '.join(content.retired)}")
    return 0


def _put(path: Path, data: bytes | None) -> None:
    """Whole or not at all; None takes the file away."""
    if data is None:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(data)
    fresh.replace(path)
