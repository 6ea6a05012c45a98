"""Where a session's market rows come from: a simulated market that goes on for ever, or a recording that ends."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.traded import choose, with_fees
from stackedmm.core.market import LINEAR
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ROW
from stackedmm.engine.gateway import Described
from stackedmm.engine.host.source import SECOND, Rows
from stackedmm.errors import ConfigError
from stackedmm.lab.data import first_prices
from stackedmm.sim.synthetic import Stream

GAPS: Final = 0.05
"""Feeds break every hour or so, as they do; the usual of the simulated market is every few minutes, for tests."""


class Embedded:
    """The simulated market, opened long enough ago to be warm. The same start gives the same market.

    `start` is the row time, ns, at which it begins; without it the warm-up ends at the present, whenever that has come.
    """

    def __init__(
        self, config: StackedMarketMakingConfig, *, warm_up_s: float, seed: int = 7, start: int | None = None
    ) -> None:
        quote = config.quote_currencies[0]
        venues = {v.id if v.kind == "spot" else f"{v.id}_perp": v for v in config.venues_by_name.values()}
        self._ready = None if start is None else start + int(warm_up_s * SECOND)
        self.start = self.fed = start or (time.time_ns() - int(warm_up_s * SECOND)) // SECOND * SECOND
        self._made = {
            "kind": "synthetic",
            "venues": list(venues),
            "symbol": f"{config.base_coin}/{quote}",
            "seed": seed,
            "start": self.start,
            "gaps": GAPS,
        }
        self._stream = Stream(list(venues), f"{config.base_coin}/{quote}", seed=seed, start=self.start, gaps=GAPS)
        made = [
            replace(m, venue=venues[m.venue].id)
            if venues[m.venue].kind == "spot"
            else replace(m, venue=venues[m.venue].id, symbol=f"{m.symbol}:{quote}", kind=LINEAR, settle=quote)
            for m in self._stream.markets
        ]
        chosen = choose(config, made)
        self.markets = tuple(with_fees(config, made[i], None) for i in chosen)
        self.ticks = [int(6.25 / float(market.tick)) for market in self.markets]
        self._place = np.full(len(made), -1, np.int64)
        self._place[chosen] = np.arange(len(chosen))
        self.title = f"simulated market, seed {seed}"

    def described(self, folder: Path) -> Described:
        """The same market for a process of its own; nothing has to stand in the folder."""
        made = {**self._made, "place": self._place.tolist()}
        return Described(self.markets, self.ticks, self.start, self._ready, self.title, made)

    def ready(self) -> int:
        """Now: what the engine's compilation and the warm-up itself took is caught up."""
        return time.time_ns() if self._ready is None else self._ready

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
        self._ready = self.start + min(int(warm_up_s * SECOND), (recording.end - self.start) // 2)
        self.title = "recording"
        self._rows = recording.local
        self._end = recording.end

    def described(self, folder: Path) -> Described:
        """The same recording for a process of its own: its rows are written into the folder."""
        path = folder / "rows.npy"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, self._rows.astype(ROW))
        made = {"kind": "rows", "path": str(path), "start": self.start, "end": self._end}
        return Described(self.markets, self.ticks, self.start, self._ready, self.title, made)

    def ready(self) -> int:
        """The end of the warm-up."""
        return self._ready

    def more(self, seconds: float) -> Rows | None:
        """The rows of the next seconds; None after the last."""
        if self.fed >= self._end:
            return None
        first = int(np.searchsorted(self._rows["ts"], self.fed))
        self.fed += int(seconds * SECOND)
        last = int(np.searchsorted(self._rows["ts"], self.fed))
        rows: Rows = self._rows[first:last].astype(ROW)
        return rows
