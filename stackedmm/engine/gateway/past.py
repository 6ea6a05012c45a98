"""What was: moments of the engine kept deflated, and the journal since, from which forks are made."""

import zlib
from collections import deque
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import GAP, TIMER
from stackedmm.engine.host.face import Fork
from stackedmm.engine.host.snapshots import forked
from stackedmm.engine.journal import ROWS, read
from stackedmm.engine.journal.frames import rows_in
from stackedmm.engine.seat import Moment
from stackedmm.errors import StaleError

SECOND: Final = 1_000_000_000
KEEP_NS: Final = 900 * SECOND
ARRAYS: Final = ("state", "arena", "X", "XA")


class Kept(NamedTuple):
    """One moment, deflated."""

    number: int
    row_ns: int
    parts: tuple[tuple[bytes, np.dtype[Any]], ...]
    local: NDArray[Any]
    exchange: NDArray[Any]


class Past:
    """Moments of the last 15 minutes; one thread enters them, anyone may fork."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: deque[Kept] = deque()
        self._lock = Lock()

    def keep(self, moment: Moment) -> None:
        """Enter a moment, and forget those that nobody may ask for any more."""
        parts = tuple((zlib.compress(each.tobytes(), 1), each.dtype) for each in (getattr(moment, n) for n in ARRAYS))
        kept = Kept(moment.number, moment.row_ns, parts, moment.local.copy(), moment.exchange.copy())
        with self._lock:
            self._kept.append(kept)
            while len(self._kept) > 1 and self._kept[1].row_ns <= moment.row_ns - KEEP_NS:
                self._kept.popleft()

    @property
    def oldest(self) -> int:
        """Number of the last row in the oldest moment: the journal is needed from there on. 0 where there is none."""
        with self._lock:
            return self._kept[0].number if self._kept else 0

    def fork(self, seconds: float, number: int, end: int) -> Fork:
        """As of at least `seconds` before `end`, which is the row time after the row of that number."""
        with self._lock:
            if not self._kept:
                raise StaleError("fork: the engine has not run yet; wait until it is live")
            wanted = end - int(seconds * SECOND)
            kept = next((each for each in reversed(self._kept) if each.row_ns <= wanted), self._kept[0])
        market, said = self._since(kept.number, number)
        return forked(kept.parts, (kept.local, kept.exchange), market, said, kept.row_ns, end)

    def _since(self, after: int, until: int) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Market rows, and what people said, with numbers behind `after` up to `until`, from the journal."""
        market: list[NDArray[Any]] = []
        said: list[NDArray[Any]] = []
        contents = read(self.folder, after=after)
        for frame in contents:
            if frame.kind != ROWS or frame.number + frame.items <= after + 1 or frame.number > until:
                continue
            rows = rows_in(frame, contents.layout)[max(0, after + 1 - frame.number) : until - frame.number + 1]
            market.append(rows[rows["kind"] <= GAP])
            said.append(rows[(rows["kind"] > GAP) & (rows["kind"] != TIMER)])
        return market, [each for each in said if len(each)]
