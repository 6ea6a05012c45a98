"""Where a host takes its market rows from."""

from typing import Any, Final, Protocol

from numpy.typing import NDArray

from stackedmm.core.market import Market

SECOND: Final = 1_000_000_000
Rows = NDArray[Any]


class Source(Protocol):
    """Rows of exactly the markets that a configuration trades, numbered in its order."""

    markets: tuple[Market, ...]
    ticks: list[int]
    """About where each market trades."""
    start: int
    """Row time at which it begins, ns."""
    fed: int
    """Row time before which everything was handed out, ns."""
    title: str

    def ready(self) -> int:
        """Row time up to which to run at full speed before anything is shown, ns."""

    def more(self, seconds: float) -> Rows | None:
        """The rows of the next seconds, by local time; None when there are no more."""
