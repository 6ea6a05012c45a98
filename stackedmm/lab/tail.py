"""The newest records of a stream, and no more than a stated number of them."""

from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
FIRST: Final = 4096


class Tail:
    """Keeps the newest `bound` records; adding one is O(1) in the long run."""

    def __init__(self, dtype: np.dtype[Any], bound: int) -> None:
        self.bound = bound
        self.added = 0
        """Records ever added; those beyond `bound` are no longer here."""
        self._held = np.zeros(min(FIRST, 2 * bound), dtype)
        self._end = 0

    @property
    def records(self) -> Array:
        """The records that are kept, oldest first."""
        return self._held[max(0, self._end - self.bound) : self._end]

    def room(self) -> Array:
        """Where the next records go, at least one: fill some from the front, then tell `took`."""
        if self._end == len(self._held):
            newest = self.records
            self._held = np.zeros(min(2 * len(self._held), 2 * self.bound), self._held.dtype)
            self._end = len(newest)
            self._held[: self._end] = newest
        return self._held[self._end :]

    def took(self, count: int) -> None:
        """So many records of `room` were filled."""
        self._end += count
        self.added += count

    def extend(self, records: Array) -> None:
        """Add records that stand somewhere else."""
        while len(records):
            room = self.room()[: len(records)]
            room[:] = records[: len(room)]
            self.took(len(room))
            records = records[len(room) :]
