"""A stretch of recorded or generated market: rows in the order we learned of them, and in the venues' order."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from stackedmm.core.market import Market


@dataclass(frozen=True)
class Recording:
    """What a backtest runs on: rows of core/rows.py for the markets they index.

    Rows before `start` are warm-up: they build the books, nothing is traded on them. `end` is the first nanosecond
    after the recording. Both are on the rows' clock, which runs `shift` ns ahead of the recorder's own.
    """

    markets: tuple[Market, ...]
    local: np.ndarray[Any, Any]
    """Rows sorted by local time, in arrival order."""
    exchange: np.ndarray[Any, Any]
    """The same rows stably sorted by exchange time; the very same array where the order is the same."""
    start: int
    end: int
    notes: tuple[str, ...] = ()
    """What was inferred, corrected or dropped, and how often."""
    shift: int = 0
    """ns added to every local time, so that nothing is learned before it happened."""

    @cached_property
    def digest(self) -> str:
        """Hex digest over the rows and the markets: equal recordings have equal digests. O(rows), once."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((self.markets, self.start, self.end)).encode())
        digest.update(np.ascontiguousarray(self.local).data)
        return digest.hexdigest()

    def index(self, venue: str, symbol: str) -> int:
        """Index of a market as the rows carry it; KeyError where the recording has no such market."""
        for i, market in enumerate(self.markets):
            if market.venue == venue and market.symbol == symbol:
                return i
        raise KeyError(f"{venue} {symbol}")


def exchange_time(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Exchange time of rows in ns, to the microsecond."""
    return (rows["ts"] // 1000 - rows["lag_us"]) * 1000


def by_exchange(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows stably sorted by exchange time; the same array object where they are already."""
    times = exchange_time(rows)
    if len(times) < 2 or bool((times[1:] >= times[:-1]).all()):
        return rows
    return rows[np.argsort(times, kind="stable")]
