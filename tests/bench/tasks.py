"""What is compared: the tasks by name, and the rows they run on, kept as files that each side reads in its own form."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core import rows
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.feeds.hftbacktest import write_npz
from stackedmm.feeds.recording import read
from tests.bench import market

RECORDED: Final = ("binance3_20240808.parquet", "binanceusdm", "BTC/USDT:USDT")


class Task(NamedTuple):
    """One thing that both sides do."""

    text: str
    venues: int
    """0: the recorded market."""
    kind: str
    """`quoter` or `stacked`."""
    every_ms: int = 0
    bar: float = 0.0
    aim: float = 0.0
    config: Mapping[str, Any] = {}
    """What our stacked configuration says beside the common lines."""


TASKS: Final[dict[str, Task]] = {
    "one": Task("two-sided quoter, 1 venue, every message", 1, "quoter", bar=4, aim=6),
    "timer": Task("two-sided quoter, 1 venue, every 100 ms", 1, "quoter", every_ms=100, aim=5),
    "three": Task("two-sided quoter, 3 venues, every message", 3, "quoter", bar=6, aim=10),
    "recorded": Task("two-sided quoter, recorded BTC perpetual, every message", 0, "quoter"),
    "stacked": Task("30 quotes on 3 venues; ours with 3 rules and the whole engine", 3, "stacked", bar=2, aim=3),
    "shipped": Task("the same, ours with its default replacement interval", 3, "stacked", config={"interval_ms": 500}),
}


def recording(folder: Path, task: Task, count: int) -> Recording:
    """The rows of a task, as the product keeps them."""
    if task.venues:
        return market.recording(count, task.venues, folder)
    described = market.described(1)
    found = np.load(folder / "recorded.npy", mmap_mode="r").view(np.ndarray)
    tick, lot = (folder / "recorded.txt").read_text().split()
    markets = (replace(described[0], tick=type(described[0].tick)(tick), lot=type(described[0].lot)(lot)),)
    return Recording(markets, found, by_exchange(found), int(found["ts"][0]), int(found["ts"][-1]) + 1)


def prepare(folder: Path, count: int, data: Path | None) -> list[str]:
    """Make every file that the tasks read; returns the names of the tasks that can run."""
    names = [name for name, task in TASKS.items() if task.venues or data is not None]
    if data is not None and not (folder / "recorded.npy").is_file():
        file, venue, symbol = RECORDED
        found = read(data / "books" / file, venues=[venue], symbols=[symbol])
        kept = found.local[np.isin(found.local["kind"], [rows.DEPTH, rows.CLEAR, rows.TRADE])]
        (folder / "recorded.txt").write_text(f"{found.markets[0].tick} {found.markets[0].lot}")
        np.save(folder / "recorded.npy", kept)
    for name in names:
        for at in range(max(TASKS[name].venues, 1)):
            path = events_path(folder, TASKS[name], count, at)
            if not path.is_file():
                write_npz(recording(folder, TASKS[name], count), at, path)
    return names


def events_path(folder: Path, task: Task, count: int, at: int) -> Path:
    """Where one market's rows stand as the peer reads them."""
    return folder / (f"events_{task.venues}_{count}_{at}.npz" if task.venues else "events_recorded.npz")
