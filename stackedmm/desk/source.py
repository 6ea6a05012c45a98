"""Where market rows come from: a simulated market that goes on for ever, or a recording that ends."""

from dataclasses import replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import choose
from stackedmm.core.market import LINEAR, Market
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ROW
from stackedmm.errors import ConfigError
from stackedmm.lab.data import first_prices
from stackedmm.sim.synthetic import Stream

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
    warm_up_s: float
    """Seconds to run at full speed before anything is shown."""
    title: str

    def more(self, seconds: float) -> Rows | None:
        """The rows of the next seconds, by local time; None when there are no more."""


class Embedded:
    """The simulated market, opened so that its warm-up ends at `now`. The same arguments give the same market."""

    def __init__(self, config: StackedMarketMakingConfig, *, now: int, warm_up_s: float, seed: int = 7) -> None:
        quote = config.quote_currencies[0]
        venues = {v.id if v.kind == "spot" else f"{v.id}_perp": v for v in config.venues_by_name.values()}
        self.start = self.fed = (now - int(warm_up_s * SECOND)) // SECOND * SECOND
        self.warm_up_s = warm_up_s
        self._stream = Stream(list(venues), f"{config.base_coin}/{quote}", seed=seed, start=self.start)
        made = [
            replace(m, venue=venues[m.venue].id)
            if venues[m.venue].kind == "spot"
            else replace(m, venue=venues[m.venue].id, symbol=f"{m.symbol}:{quote}", kind=LINEAR, settle=quote)
            for m in self._stream.markets
        ]
        chosen = choose(config, made)
        self.markets = tuple(made[i] for i in chosen)
        self.ticks = [int(6.25 / float(market.tick)) for market in self.markets]
        self._place = np.full(len(made), -1, np.int64)
        self._place[chosen] = np.arange(len(chosen))
        self.title = f"simulated market, seed {seed}"

    def more(self, seconds: float) -> Rows:
        """The rows of the next seconds."""
        rows = self._stream.advance(seconds)
        self.fed = self._stream.now
        market = self._place[rows["market"]]
        rows["market"] = np.where(market < 0, 0, market)
        return rows if (market >= 0).all() else rows[market >= 0]


class Recorded:
    """A recording, handed out second by second; at most half of it is warm-up."""

    def __init__(self, recording: Recording, *, warm_up_s: float) -> None:
        if not len(recording.local):
            raise ConfigError("data: the recording holds no rows")
        self.markets = recording.markets
        self.ticks = first_prices(recording)
        self.start = self.fed = int(recording.local["ts"][0])
        self.warm_up_s = min(warm_up_s, (recording.end - self.start) / SECOND / 2)
        self.title = "recording"
        self._rows = recording.local
        self._end = recording.end

    def more(self, seconds: float) -> Rows | None:
        """The rows of the next seconds; None after the last."""
        if self.fed >= self._end:
            return None
        first = int(np.searchsorted(self._rows["ts"], self.fed))
        self.fed += int(seconds * SECOND)
        last = int(np.searchsorted(self._rows["ts"], self.fed))
        rows: Rows = self._rows[first:last].astype(ROW)
        return rows
