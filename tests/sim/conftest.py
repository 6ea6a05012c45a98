"""One simulation in the hands of a test: rows go in, commands go in, what the client sees comes out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.recording import by_exchange
from stackedmm.sim import build, feed, pump, truth

MS = 1_000_000
T0 = 1_700_000_000_000_000_000
SIDES = {"bid": 0, "ask": rows.ASK, "buy": 0, "sell": rows.SELL}
KINDS = {"depth": rows.DEPTH, "trade": rows.TRADE, "clear": rows.CLEAR, "bbo": rows.BBO}


def market(**changes: Any) -> Market:
    """A small linear market: tick 0.1, lot 0.01."""
    fields: dict[str, Any] = {"tick": Decimal("0.1"), "lot": Decimal("0.01"), "kind": "linear"} | changes
    return Market("venue", "COIN/USD", "COIN", "USD", **fields)


def table(events: list[tuple[Any, ...]], lag_us: int = 0) -> np.ndarray:
    """Rows from (ms, kind, side, px, lots[, market]): local times; each is a message of its own."""
    out = np.zeros(len(events), rows.ROW)
    for i, (ms, kind, side, px, lots, *rest) in enumerate(events):
        flags = rows.LAST | SIDES[side]
        out[i] = (T0 + round(ms * MS), px, lots, 0, lag_us, rest[0] if rest else 0, KINDS[kind], flags)
    return out


class Play:
    """A simulation and its rows."""

    def __init__(self, local: np.ndarray, markets: list[Market] | None = None, **options: Any) -> None:
        markets = markets or [market()]
        options = {"publish": False, "windows": 4096, "far": 64, "memory": 1024} | options
        self.local, self.exchange = local, by_exchange(local)
        self.X, self.XA = build.build(markets, **options)
        feed.attach(self.X, self.local, self.exchange)
        self.counts = lambda: truth.counts(self.X)

    def until(self, ms: float | None = None) -> np.ndarray:
        """All rows handed out up to a local time, inclusive; without one, to the end."""
        self.X["until"] = 1 << 62 if ms is None else T0 + round(ms * MS)
        self.X["wake"] = 0
        out = view(np.zeros(4 * 4096, rows.ROW))
        found = out[: pump.collect(self.X, self.XA, view(self.local), view(self.exchange), out)]
        if ms is not None:
            self.X["now"], self.X["wake"] = T0 + round(ms * MS), 0
        truth.check(self.X, self.XA)
        return np.asarray(found).view(rows.ROW)

    def answers(self, ms: float | None = None) -> np.ndarray:
        """The answers among them."""
        found = self.until(ms)
        return found[found["kind"] >= rows.ACK]

    def send(
        self, kind: int, ref: int, side: str = "buy", px: int = 0, lots: int = 0, *, market: int = 0, take: bool = False
    ) -> int:
        """Send a command at the current local time."""
        c = np.zeros(1, rows.COMMAND)
        c["kind"], c["ref"], c["side"], c["px"], c["qty"], c["market"] = kind, ref, SIDES[side], px, lots, market
        c["marks"] = 0 if take else rows.POST_ONLY
        return int(pump.send_all(self.X, self.XA, view(c)))

    def place(self, ref: int, side: str, px: int, lots: int, **more: Any) -> int:
        """Send a create."""
        return self.send(rows.PLACE, ref, side, px, lots, **more)

    def account(self, market: int = 0) -> truth.Account:
        """Our account as the venue knows it."""
        return truth.account(self.X, market)


BOOK = [
    (0, "depth", "bid", 99, 50),
    (0, "depth", "bid", 98, 80),
    (0, "depth", "ask", 101, 40),
    (0, "depth", "ask", 102, 70),
]


def begin(*events: tuple[Any, ...], lag_us: int = 0, **options: Any) -> Play:
    """A simulation on a two-level book at time 0, followed by the given events."""
    return Play(table(BOOK + list(events), lag_us), **options)


@pytest.fixture
def play() -> Callable[..., Play]:
    """Begin a simulation on a two-level book at time 0, followed by the given events."""
    return begin


@pytest.fixture(scope="session")
def play_once() -> Callable[..., Play]:
    """The same for tests that repeat themselves."""
    return begin


@pytest.fixture(scope="session")
def a_market() -> Callable[..., Market]:
    """A small linear market, with changes."""
    return market


@pytest.fixture(scope="session")
def play_rows() -> type[Play]:
    """Begin a simulation on rows of one's own."""
    return Play


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., np.ndarray]:
    """Make rows from (ms, kind, side, px, lots[, market])."""
    return table
