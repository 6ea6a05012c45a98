"""Whether machine code is at hand, and how to have it made ahead of time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.config import ConfigTemplates
from stackedmm.core import machine, merged
from stackedmm.core.codes import AGGREGATED
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ROW, TIMER
from stackedmm.core.step import step_rows
from stackedmm.engine import live, loop, page
from stackedmm.engine.assembly import Assembly
from stackedmm.engine.seat import Seat
from stackedmm.feeds import order, replay, staged, write
from stackedmm.feeds.recording import read
from stackedmm.feeds.replay import book_at
from stackedmm.lab.backtest import backtest
from stackedmm.lab.data import market_for
from stackedmm.lab.running import prepare
from stackedmm.sim import pump, synthetic

SECONDS: Final = 2.0


READERS: Final = (staged.first_fault, staged.find_steps, staged.count_steps, staged.least_latency, order.synchronise)
MAKERS: Final = (synthetic.open_market, synthetic.generate)
LOOP: Final = (loop.run, replay.follow_mids)


class Part(NamedTuple):
    """A part of the product that compiles at its first use: its entries, and the least use of it."""

    name: str
    entries: tuple[Any, ...]
    use: Callable[[], object]


def ready(entries: Sequence[Any]) -> bool:
    """Whether all of these compiled functions are in this process or on disk, so that calling them does not wait."""
    return not machine.COMPILED or all(entry.overloads or _on_disk(entry.py_func.__qualname__) for entry in entries)


def _on_disk(name: str) -> bool:
    return machine.CACHED and any(machine.CACHE.glob(f"*/*.{name}-*.nbi"))


def parts() -> list[Part]:
    """Everything that has to be compiled once."""
    return [
        Part("synthetic market", MAKERS, small),
        Part("engine", LOOP, lambda: backtest(ConfigTemplates.conservative_bera_usdt(), small())),
        Part("recordings", (*READERS, write.number), read_back),
        Part("what the desk says and shows", (step_rows, merged.stacked_side, merged.uncrossed, pump.send_all), speak),
        Part("live loop", (live.live, page.read_page), sit),
        Part("books", (replay.apply,), lambda: book_at(small(), 0, small().end)),
    ]


def sit() -> None:
    """Seat an engine as beside a gateway."""
    begun = prepare(ConfigTemplates.conservative_bera_usdt(), small(), None, {}, seed=1, collect=False)
    Seat(Assembly(begun.filled, begun.links, begun.X, begun.XA)).compile()


def small() -> Recording:
    """A market of two seconds."""
    return market_for(ConfigTemplates.conservative_bera_usdt(), SECONDS)


def speak() -> None:
    """Say one word to an engine, carry its commands out, and read the stacked book."""
    running = prepare(ConfigTemplates.conservative_bera_usdt(), small(), None, {}, seed=1, collect=False)
    state, out = machine.view(running.filled.state), machine.view(running.out)
    word = np.zeros(1, ROW)
    word["kind"] = TIMER
    count = step_rows(state, running.filled.arena, running.links, machine.view(word), out)
    pump.send_all(running.X, running.XA, out[:count])
    markets = len(running.filled.markets)
    bids, asks = ([np.zeros(8), np.zeros(8), np.zeros((8, markets))] for _ in range(2))
    for side, arrays in enumerate((bids, asks)):
        merged.stacked_side(state, running.filled.arena, AGGREGATED, -1, side, *arrays)
    merged.uncrossed(*bids, *asks)


def read_back() -> Recording:
    """The small market, written to a file and read from it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.parquet"
        write.write(small(), path)
        return read(path)
