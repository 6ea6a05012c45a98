"""What everything above the engine may ask of it while it runs: say something, swap rules, look, fork."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.engine.arm import Armament
from stackedmm.engine.host.record import Record
from stackedmm.rules import RuleSet

PHASES: Final = ("compiling", "warming up", "live", "ended", "failed")


class BookSide(NamedTuple):
    """One side of the stacked book, uncrossed, best first."""

    prices: NDArray[np.float64]
    """Quote currency."""
    shares: NDArray[np.float64]
    """Base coins, a column a market."""


class Look(NamedTuple):
    """One moment, whole: a copy of the engine's record, and what was measured of the loop. Nobody changes it."""

    phase: str
    """One of `PHASES`."""
    progress: float
    """Of the warm-up, 0 to 1."""
    number: int
    """Counts publications."""
    state: Any
    """A copy of the STATE record, or None before there is one to show."""
    bids: BookSide | None
    asks: BookSide | None
    wall_ns: int
    rows_per_s: float
    lag_s: float
    """How far row time is behind the clock."""
    heard: int = 0
    """Number of the last row said that it includes."""
    note: str = ""
    """Why it ended or failed."""


class Fork(NamedTuple):
    """A copy of the engine and its simulated venues as of some time ago, and the rows since: a span to run again.

    Everything in it is the caller's own. `X` is attached to `local` and `exchange`, so that
    `loop.run(view(state), arena, links_for(state), X, XA, view(local), view(exchange), ..., until=end)` goes on from
    `start`, once `install` has put rules in force.
    """

    state: NDArray[Any]
    arena: NDArray[np.int64]
    X: Any
    XA: NDArray[Any]
    local: NDArray[Any]
    """ROWs of the markets from `start` on, in local order."""
    exchange: NDArray[Any]
    """The same rows in exchange order."""
    said: NDArray[Any]
    """What people and configuration said in the span (ROWs by time): parameters, controls, swaps."""
    start: int
    """Row time, ns."""
    end: int
    """Row time up to which the running engine has come, ns."""


class Host(Protocol):
    """A running engine. Every method may be called from any thread; none waits for the engine unless it says so."""

    config: StackedMarketMakingConfig
    """In force, or about to be: as the last `reconfigure` said."""
    filled: Filled
    """Lines, kinds and markets by their numbers. Its state belongs to the engine while it runs: see `look`."""
    rules: RuleSet | None
    """In force, or about to be: as the last `swap` said."""
    armament: Armament
    """Of the same rules; `names` says where each parameter stands for what is said next."""
    title: str
    """What is traded, in words: `simulated market, seed 7`."""
    record: Record
    """Orders, answers, fills, events and samples, the newest of each."""
    listeners: list[Callable[[], None]]
    """Called after each publication, on the host's thread; they must not wait."""

    @property
    def phase(self) -> str:
        """One of `PHASES`."""

    @property
    def prices(self) -> Sequence[float]:
        """About where each market traded at the start, quote currency."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self, timeout_s: float = 10.0) -> None:
        """Pause, cancel everything, wait for the proof that no order lives, and end. Called with less time it hurries.

        Raises StaleError where the proof did not come within the time: the engine has then ended without it.
        """

    def say(self, rows: NDArray[Any], *, who: str, text: str) -> int:
        """Let the engine hear ROWs (`kind`, `ref`, `qty`, `market`; their time is set here), in this order.

        Returns the number of the last. Raises StaleError where the engine has ended or too much waits.
        """

    def swap(self, armament: Armament, *, rules: RuleSet | None, who: str, text: str = "") -> int:
        """Replace the rules in force between two steps: one sequenced RULE_SET row, whose number is returned.

        The machine code of earlier sets stays valid. Raises StaleError like `say`.
        """

    def reconfigure(self, config: StackedMarketMakingConfig, *, who: str, text: str = "") -> int:
        """Put an edited configuration in force between two steps; returns the number of its row.

        Raises ConfigError where it changes what cannot change while running, StaleError like `say`.
        """

    def wait(self, number: int, timeout_s: float = 10.0) -> None:
        """Wait until the row of that number has been stepped; StaleError where it was not in time."""

    def look(self) -> Look:
        """What was last published."""

    def fork(self, seconds: float) -> Fork:
        """The engine as of about `seconds` of row time ago, at most 15 minutes, and the rows since.

        StaleError where nothing has run yet.
        """
