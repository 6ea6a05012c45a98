"""Copies of the engine and its simulated venues from time to time, and the rows since: what forks are made from.

The engine's arrays are mostly empty, so that deflated a copy is a hundredth of its size.
"""

import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.machine import view
from stackedmm.core.recording import exchange_time
from stackedmm.core.rows import ROW
from stackedmm.engine.assembly import Assembly
from stackedmm.engine.host.face import Fork
from stackedmm.errors import StaleError
from stackedmm.sim import feed

SECOND: Final = 1_000_000_000
EVERY_S: Final = 30
KEEP_S: Final = 900
ROWS: Final = 2_000_000
"""Rows of markets that are kept at most, 80 MB; a busier market can be forked from less long ago."""


class Copy(NamedTuple):
    """One deflated moment."""

    at: int
    """Row time, ns."""
    parts: tuple[tuple[bytes, np.dtype[Any]], ...]
    """State, arena, X and XA."""
    local: NDArray[Any]
    """Rows that were fed and not yet handed out."""
    exchange: NDArray[Any]
    chunk: int
    """Number of the first chunk of rows fed after it."""
    word: int
    """Number of the first thing said after it."""


class Snapshots:
    """The host's thread writes; anyone may ask for a fork. Nothing here grows beyond its bounds."""

    def __init__(self, *, every_s: float = EVERY_S, keep_s: float = KEEP_S, rows: int = ROWS) -> None:
        self._every, self._keep, self._rows = int(every_s * SECOND), int(keep_s * SECOND), rows
        self._copies: deque[Copy] = deque()
        self._chunks: deque[NDArray[Any]] = deque()
        self._first_chunk = 0
        self._said: deque[NDArray[Any]] = deque()
        self._first_word = 0
        self._due = 0
        self._held = 0
        self._lock = Lock()

    def fed(self, rows: NDArray[Any]) -> None:
        """Keep market rows that the engine will step."""
        with self._lock:
            self._chunks.append(rows)
            self._held += len(rows)

    def said(self, rows: NDArray[Any]) -> None:
        """Keep what was said, with the time at which it was stepped."""
        with self._lock:
            self._said.append(rows.copy())

    def take(self, now: int, built: Assembly, rows: tuple[NDArray[Any], NDArray[Any]]) -> None:
        """A copy of this moment where one is due, on the engine's thread; `rows` are what X is attached to."""
        if now < self._due:
            return
        self._due = (now // self._every + 1) * self._every
        arrays = (built.filled.state, built.filled.arena, built.X, built.XA)
        parts = tuple((zlib.compress(a.tobytes(), 1), a.dtype) for a in arrays)
        local = rows[0][int(built.X["local_at"][0]) :].copy()
        exchange = rows[1][int(built.X["exchange_at"][0]) :].copy()
        with self._lock:
            chunk, word = self._first_chunk + len(self._chunks), self._first_word + len(self._said)
            self._copies.append(Copy(now, parts, local, exchange, chunk, word))
            self._forget(now)

    def _forget(self, now: int) -> None:
        """Drop what is too old; the newest copy stays, and one that is just older than the longest span."""
        old = now - self._keep
        while len(self._copies) > 1 and (self._copies[1].at <= old or self._held > self._rows):
            self._copies.popleft()
            while self._first_chunk < self._copies[0].chunk:
                self._held -= len(self._chunks.popleft())
                self._first_chunk += 1
            while self._first_word < self._copies[0].word:
                self._said.popleft()
                self._first_word += 1

    def fork(self, seconds: float, end: int) -> Fork:
        """As of at least `seconds` before `end` where that is still kept, else of the oldest moment kept."""
        with self._lock:
            if not self._copies:
                raise StaleError("fork: the engine has not run yet; wait until it is live")
            wanted = end - int(seconds * SECOND)
            copy = next((each for each in reversed(self._copies) if each.at <= wanted), self._copies[0])
            chunks = list(self._chunks)[copy.chunk - self._first_chunk :]
            said = list(self._said)[copy.word - self._first_word :]
        return forked(copy.parts, (copy.local, copy.exchange), chunks, said, copy.at, end)


def forked(
    parts: Iterable[tuple[bytes, Any]],
    unread: tuple[NDArray[Any], NDArray[Any]],
    market: Sequence[NDArray[Any]],
    said: Sequence[NDArray[Any]],
    start: int,
    end: int,
) -> Fork:
    """A fork from a deflated copy: state, arena and simulated venues with their dtypes, the rows they had not read.

    `unread` are those in local and in exchange order; `market` are the rows that came since, `said` people's words.
    """
    state, arena, X, XA = (
        np.frombuffer(bytearray(zlib.decompress(data)), np.uint8).view(dtype) for data, dtype in parts
    )
    local, exchange = (np.concatenate([rows, *market]) for rows in unread)
    exchange = exchange[np.argsort(exchange_time(exchange), kind="stable")]
    feed.attach(X, local, exchange, more=True)
    words = np.concatenate(said) if said else np.zeros(0, ROW)
    return Fork(state, arena, view(X), XA, local, exchange, words, start, end)
