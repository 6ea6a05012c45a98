"""What row time follows: the wall clock at some speed, or a person's word."""

import time
from threading import Condition, Event
from typing import Final, Protocol

from stackedmm.errors import StaleError

SECOND: Final = 1_000_000_000
SLICE_S: Final = 0.02
"""Wall time between two looks at the clock."""


class Clock(Protocol):
    """Says how far row time may go. `begin`, `due`, `rest` and `reached` are called by the host's thread alone."""

    speed: float
    """Row seconds a second; 0 where row time waits for somebody's word."""

    def begin(self, row_ns: int) -> None:
        """Row time is this now, and moves from now on."""

    def due(self) -> int:
        """Row time that should have been reached by now, ns."""

    def rest(self, wake: Event) -> None:
        """Nothing is due: wait for more, or until `wake` is set by somebody who said something."""

    def reached(self, row_ns: int) -> None:
        """Everything up to this row time was stepped and published."""


class WallClock:
    """Row time follows the wall clock, `speed` times as fast."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._wall = self._row = 0

    def begin(self, row_ns: int) -> None:
        """Row time is this now."""
        self._wall, self._row = time.monotonic_ns(), row_ns

    def due(self) -> int:
        """Row time by the wall clock."""
        return self._row + int((time.monotonic_ns() - self._wall) * self.speed)

    def rest(self, wake: Event) -> None:
        """A slice of time, or less where somebody says something."""
        wake.wait(SLICE_S)

    def reached(self, row_ns: int) -> None:
        """The wall clock goes on by itself."""


class SteppedClock:
    """Row time stands still until `advance`: what happens depends on what was said and on nothing else."""

    speed = 0.0

    def __init__(self) -> None:
        self._granted = self._reached = 0
        self._wake: Event | None = None
        self._over = False
        self._change = Condition()

    def begin(self, row_ns: int) -> None:
        """Row time stands here."""
        with self._change:
            self._granted = max(self._granted, row_ns)
            self._reached = row_ns

    def due(self) -> int:
        """As far as somebody said."""
        with self._change:
            return self._granted

    def rest(self, wake: Event) -> None:
        """Until somebody says something."""
        self._wake = wake
        with self._change:
            self._change.notify_all()
            idle = self._granted <= self._reached
        if idle:
            wake.wait(1.0)

    def reached(self, row_ns: int) -> None:
        """Tell those who wait for it."""
        with self._change:
            self._reached = row_ns
            self._change.notify_all()

    def end(self) -> None:
        """Nothing will be reached any more."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def advance(self, seconds: float, timeout_s: float = 600.0) -> None:
        """Let row time go on by this much, and wait until it has.

        Raises StaleError where the engine ended before, or did not get there in time.
        """
        with self._change:
            goal = self._granted = max(self._granted, self._reached) + int(seconds * SECOND)
            if self._wake is not None:
                self._wake.set()
            there = self._change.wait_for(lambda: self._reached >= goal or self._over, timeout_s)
            if self._reached < goal:
                why = "the engine has ended" if there else f"it was not there within {timeout_s:g} s"
                raise StaleError(f"advance({seconds:g}): {why}")
