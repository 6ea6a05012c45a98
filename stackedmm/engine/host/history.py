"""What the charts remember: rings of samples in three steps of time, so that a day fits and nothing grows."""

from collections.abc import Sequence
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Span(NamedTuple):
    """One ring: how far apart its samples are and how many it keeps."""

    name: str
    step_s: int
    points: int


SPANS: Final = (Span("15 min", 1, 900), Span("3 h", 10, 1080), Span("24 h", 60, 1440))


class History:
    """One writer, any number of readers; a reader holds the writer up for microseconds at most."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        """The first is row time in ms."""
        self._rings = [np.full((span.points, len(self.columns)), np.nan) for span in SPANS]
        self._counts = [0] * len(SPANS)
        self._due = [0] * len(SPANS)
        self._lock = Lock()

    def due(self, now_ns: int) -> bool:
        """Whether the finest ring wants a sample."""
        return now_ns >= self._due[0]

    def append(self, now_ns: int, values: Sequence[float]) -> None:
        """Enter a sample in every ring whose step has passed."""
        row = (now_ns / 1e6, *values)
        with self._lock:
            for i, span in enumerate(SPANS):
                if now_ns >= self._due[i]:
                    step = span.step_s * 1_000_000_000
                    self._due[i] = (now_ns // step + 1) * step
                    self._rings[i][self._counts[i] % span.points] = row
                    self._counts[i] += 1

    def counts(self) -> tuple[int, ...]:
        """How many samples each ring has been given in all."""
        with self._lock:
            return tuple(self._counts)

    def since(self, ring: int, count: int) -> tuple[int, NDArray[np.float64]]:
        """The ring's number of samples, and those after the first `count` that it still holds, oldest first."""
        with self._lock:
            total, size = self._counts[ring], SPANS[ring].points
            first = max(count, total - size)
            return total, self._rings[ring][np.arange(first, total) % size].copy()
