"""Where the market comes from: recorded rows once over, or a synthetic market that goes on for ever."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.market import SPOT, Market
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ASK, CLEAR, DEPTH, ROW, TRADE
from stackedmm.errors import ConfigError
from stackedmm.sim.synthetic import START, Stream

SECOND: Final = 1_000_000_000
Rows = NDArray[Any]
NEVER_BREAKS: Final = 1e-6
"""Of the synthetic market's feeds: what breaks here is said by the fault switches."""


class Source(Protocol):
    """Market rows of the markets served, second by second."""

    markets: tuple[Market, ...]
    ticks: list[int]
    """About where each trades."""
    start: int
    """Row time at which it begins, ns."""
    title: str

    def more(self, until: int) -> Rows:
        """Rows not yet handed out, up to before a row time; none for ever after the last."""


class Played:
    """The spot markets of one venue in a recording."""

    def __init__(self, recording: Recording, venue: str = "binance") -> None:
        chosen = [i for i, m in enumerate(recording.markets) if m.venue == venue and m.kind == SPOT]
        if not chosen:
            found = ", ".join(market.name for market in recording.markets)
            raise ConfigError(f"data: no spot market of {venue}; found {found}")
        self.markets = tuple(recording.markets[i] for i in chosen)
        place = np.full(len(recording.markets), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        every = recording.local
        wanted = (place[every["market"]] >= 0) & np.isin(every["kind"], (DEPTH, CLEAR, TRADE))
        self._rows: Rows = every[wanted].astype(ROW)
        self._rows["market"] = place[self._rows["market"]]
        self.ticks = [_price(self._rows, i) for i in range(len(chosen))]
        self.start = self._opening()
        self.title = "recording"
        self._at = 0

    def _opening(self) -> int:
        """When every market has both sides."""
        depth = self._rows[self._rows["kind"] == DEPTH]
        sides = depth["market"].astype(np.int64) * 2 + (depth["marks"] & ASK)
        firsts = [np.flatnonzero(sides == side) for side in range(2 * len(self.markets))]
        if any(len(each) == 0 for each in firsts):
            raise ConfigError("data: a market without bids or without asks")
        return int(max(depth["ts"][each[0]] for each in firsts)) + 1

    def more(self, until: int) -> Rows:
        """The rows before a row time."""
        first, self._at = self._at, max(self._at, int(np.searchsorted(self._rows["ts"], until)))
        return self._rows[first : self._at]


class Synthetic:
    """A synthetic market for each symbol, seeded."""

    STEP: Final = 20_000_000
    WARM_UP: Final = 10 * SECOND

    def __init__(self, prices: Mapping[str, float], venue: str, seed: int) -> None:
        self._streams = [
            Stream([venue], symbol, seed=seed + i, price=price, gaps=NEVER_BREAKS)
            for i, (symbol, price) in enumerate(prices.items())
        ]
        self.markets = tuple(replace(stream.markets[0], venue=venue) for stream in self._streams)
        self.ticks = [int(p / float(m.tick)) for p, m in zip(prices.values(), self.markets, strict=True)]
        self.start = START + self.WARM_UP
        self.title = f"synthetic market, seed {seed}"
        self._fed = START
        self._ahead: Rows = np.zeros(0, ROW)

    def more(self, until: int) -> Rows:
        """The rows before a row time."""
        if until > self._fed:
            steps = -(-(until - self._fed) // self.STEP)
            self._fed += steps * self.STEP
            self._ahead = np.concatenate([self._ahead, self._made(steps * self.STEP / SECOND)])
        count = int(np.searchsorted(self._ahead["ts"], until))
        given: Rows = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return given

    def _made(self, seconds: float) -> Rows:
        parts = []
        for i, stream in enumerate(self._streams):
            rows = stream.advance(seconds)
            rows["market"] = i
            parts.append(rows[np.isin(rows["kind"], (DEPTH, CLEAR, TRADE))])
        joined = np.concatenate(parts)
        ordered: Rows = joined[np.argsort(joined["ts"], kind="stable")]
        return ordered


def synthetic(prices: Mapping[str, float] | None = None, *, venue: str = "binance", seed: int = 7) -> Synthetic:
    """A synthetic market for each symbol, with its price at the start; BERA/USDT where none is named."""
    return Synthetic(prices or {"BERA/USDT": 6.25}, venue, seed)


def _price(rows: Rows, market: int) -> int:
    px = rows["px"][(rows["market"] == market) & (rows["kind"] == DEPTH)]
    return int(np.median(px)) if len(px) else 1
