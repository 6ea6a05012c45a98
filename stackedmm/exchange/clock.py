"""The venue's clock: row time follows the wall clock at some speed, or stands until it is told to go on."""

import time
from typing import Final

MS: Final = 1_000_000
MICRO: Final = 1_000


class VenueClock:
    """Row time for the market, wall time for the clients; `skew_ms` puts the venue's clock wrong.

    With a speed of 0 row time stands still until `grant`.
    """

    def __init__(self, row_ns: int, speed: float = 1.0) -> None:
        self.speed = speed
        self.skew_ms = 0
        self._wall, self._row = time.monotonic_ns(), row_ns

    def begin(self) -> None:
        """Row time goes on from where it stands, from now."""
        self._wall = time.monotonic_ns()

    def row_ns(self) -> int:
        """Row time that should have been reached by now, whole microseconds."""
        passed = int((time.monotonic_ns() - self._wall) * self.speed)
        return (self._row + passed) // MICRO * MICRO

    def grant(self, ns: int) -> int:
        """Let this much more row time pass at once; returns when it ends."""
        self._row += ns
        return self.row_ns()

    def now_ms(self) -> int:
        """What the venue takes for the time of day."""
        return time.time_ns() // MS + self.skew_ms
