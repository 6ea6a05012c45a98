"""What happened, each thing with a number; the newest are kept. One thread writes, any number read."""

from collections import deque
from threading import Lock
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

KEPT: Final = 1000
T = TypeVar("T")


class Fill(NamedTuple):
    """One fill of an own order."""

    t: float
    """Row time, ms."""
    line: int
    """Its index; -1 where the order is no longer remembered."""
    market: int
    side: int
    price: float
    size: float
    fee: float
    """In the quote currency, as far as it was paid in it; a rebate is negative."""
    maker: bool
    inventory: float
    """After it, in coins."""


class Event(NamedTuple):
    """One thing worth reading later."""

    t: float
    """Row time, ms."""
    kind: str
    text: str
    who: str = ""


class News(Generic[T]):
    """The last things of one kind, counted from the start."""

    def __init__(self, keep: int = KEPT) -> None:
        self.count = 0
        self._kept: deque[T] = deque(maxlen=keep)
        self._lock = Lock()

    def add(self, item: T) -> None:
        """Enter one."""
        with self._lock:
            self._kept.append(item)
            self.count += 1

    def since(self, count: int) -> tuple[int, list[T]]:
        """How many there were in all, and those after the first `count` that are still kept, oldest first."""
        with self._lock:
            fresh = min(self.count - count, len(self._kept))
            return self.count, list(self._kept)[len(self._kept) - fresh :] if fresh > 0 else []


class Tape:
    """The last records of one dtype, counted from the start; as `News`, for commands and rows by the array."""

    def __init__(self, dtype: np.dtype[Any], keep: int) -> None:
        self.count = 0
        self._ring = np.zeros(keep, dtype)
        self._lock = Lock()

    def add(self, records: NDArray[Any]) -> None:
        """Enter some; of more than fit the newest."""
        size = len(self._ring)
        with self._lock:
            first = self.count + max(0, len(records) - size)
            self._ring[np.arange(first, self.count + len(records)) % size] = records[first - self.count :]
            self.count += len(records)

    def since(self, count: int) -> tuple[int, NDArray[Any]]:
        """How many there were in all, and a copy of those after the first `count` that are still kept."""
        with self._lock:
            first = max(count, self.count - len(self._ring))
            return self.count, self._ring[np.arange(first, self.count) % len(self._ring)]
