"""Runs on threads: several backtests of one market at once, and what they tell of their progress as one."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from os import cpu_count
from threading import Event, Lock
from typing import Final, TypeVar

from stackedmm.errors import ConfigError
from stackedmm.lab.backtest import Progress

Ran = TypeVar("Ran")
LOADING: Final = 0.1
"""Part of the whole that reading the market is taken to be."""


def side_by_side(
    run: Callable[[str], Ran], names: Sequence[str], threads: int | None, telling: "Telling"
) -> dict[str, Ran]:
    """What each name's run returns, in the order of the names. One that fails stops the others, and is raised.

    `threads` run at a time, by default one a processor: the compiled loop holds no interpreter lock.
    """
    threads = (cpu_count() or 1) if threads is None else threads
    if threads < 1:
        raise ConfigError(f"threads: {threads}, expected 1 or more")
    with ThreadPoolExecutor(threads, "lab") as pool:
        futures = {pool.submit(run, name): name for name in names}
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            telling.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    done = {name: future.result() for future, name in futures.items()}
    return {name: done[name] for name in names}


class Telling:
    """Adds up the progress of runs on several threads into one, and passes it on from one thread at a time."""

    def __init__(self, progress: Progress | None, runs: int) -> None:
        self._progress = progress
        self._runs = runs
        self._lock = Lock()
        self._done: dict[str, tuple[float, int]] = {}
        self.stop = Event()

    def loaded(self, done: float) -> None:
        """Told by what reads the market."""
        if self._progress is not None:
            self._progress("loading", LOADING * done, 0)

    def of(self, name: str) -> Progress:
        """What one run tells."""

        def tell(stage: str, done: float, rows: int) -> None:
            if self.stop.is_set():
                raise CancelledError  # a neighbour failed, and nobody will ask for this run
            if self._progress is None or stage == "loading":
                return
            with self._lock:
                self._done[name] = (done if stage == "running" else 0.0, rows)
                parts = self._done.values()
                whole = LOADING + (1 - LOADING) * sum(part for part, _ in parts) / self._runs
                self._progress(stage if len(parts) == 1 else "running", whole, sum(rows for _, rows in parts))

        return tell
