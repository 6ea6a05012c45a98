"""What happened: fills, and a person's words, each with a number; the newest few are kept."""

from collections import deque
from threading import Lock
from typing import Final, Generic, NamedTuple, TypeVar

KEPT: Final = 1000
T = TypeVar("T")


class Fill(NamedTuple):
    """One fill of an own order."""

    t: float
    """Row time, ms."""
    line: int
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
    kind: str
    text: str


class News(Generic[T]):
    """The last things of one kind, counted from the start."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[T] = deque(maxlen=KEPT)
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
