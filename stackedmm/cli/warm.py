"""Compile all that compiles, once, so that nothing waits for it later."""

import argparse
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `warm`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("warm", help=__doc__, description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Use each part once; those on disk already take no time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from stackedmm.lab.ready import parts, ready

    begun = perf_counter()
    console = Console(stderr=True)
    cold = [part for part in parts() if not ready(part.entries)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(cold))
        for part in cold:
            progress.update(task, description=f"compiling: {part.name}")
            part.use()
            progress.advance(task)
    made = ", ".join(part.name for part in cold)
    console.print(f"compiled in {perf_counter() - begun:.0f} s: {made}" if made else "everything is compiled already")
    return 0
