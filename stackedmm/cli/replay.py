"""Run a journal again, and hold the engine that comes of it against what was written."""

import argparse
import json
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackedmm.engine.replay import Replay

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SHOWN = 10


def add(subparsers: "Subparsers") -> None:
    """Register `replay`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("replay", help=__doc__, description=__doc__)
    parser.add_argument("journal", metavar="JOURNAL", help="folder of a session's journal")
    parser.add_argument("--until", type=int, metavar="ROW", help="stop after the row of this number")
    parser.add_argument("--snapshot", action="store_true", help="begin at the newest snapshot, as a restart does")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 where the replayed engine is what the journal says, 1 where it differs."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from stackedmm.engine.replay import Replay

    console = Console(stderr=True)
    begun = perf_counter()
    again = Replay(args.journal, _snapshot(args.journal) if args.snapshot else None)
    first = again.seat.number
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=None)
        differences = again.run(args.until, lambda number: progress.update(task, completed=number - first))
    found = _found(again, first, perf_counter() - begun)
    if args.json:
        print(json.dumps(found | {"differences": [each._asdict() for each in differences]}))
    else:
        _print(found)
    for each in differences[:SHOWN]:
        print(each, file=sys.stderr)
    if again.contents.torn is not None:
        print(again.contents.torn, file=sys.stderr)
    return 1 if differences else 0


def _snapshot(folder: str) -> Any:
    """Where the newest sound snapshot lets a replay begin; None without one for this core."""
    from pathlib import Path

    from stackedmm.engine import snapshot
    from stackedmm.engine.replay import Start

    found, passed = snapshot.newest(Path(folder) / "snapshots", 1 << 62)
    for each in passed:
        print(each, file=sys.stderr)
    return Start(found.moment, found.blobs) if found is not None and found.moment is not None else None


def _found(again: "Replay", first: int, seconds: float) -> dict[str, Any]:
    """What the replay came to."""
    s = again.seat.built.filled.state[0]
    header = again.contents.headers[-1] if again.contents.headers else {}
    return {
        "rows": again.seat.number - first,
        "last row": again.seat.number,
        "epochs": header.get("epoch", 0),
        "commands": int(s["commands"]),
        "fills": int(s["ledger"]["fills"]),
        "position": float(s["ledger"]["position"]) * float(s["unit_base"]),
        "realised": float(s["ledger"]["realised"]) * float(s["unit_cost"]),
        "open orders": int(s["open_orders"]),
        "compared": again.checked,
        "state": again.seat.hash,
        "commands told": again.seat.told,
        "seconds": round(seconds, 3),
        "torn": str(again.contents.torn or ""),
    }


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False)
    for name, value in found.items():
        if value != "":
            table.add_row(name, f"{value:,}" if isinstance(value, int) and name != "commands told" else str(value))
    Console().print(table)
