"""From checked columns to rows: steps found, markets described, values counted, streams put in order."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np

from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.rows import ROW
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import inferred, on_grid, plain
from stackedmm.feeds.order import CHAINED, PUSHED, UNNUMBERED, as_recorded, streams, synchronise
from stackedmm.feeds.staged import COUNTED, count_steps, find_steps, least_latency

Fault = Callable[[int, int], ConfigError]
"""Makes the error for a staged row and a fault's code."""

RULES: Final = {
    "binance": CHAINED,
    "binanceus": CHAINED,
    "gate": CHAINED,
    "bybit": PUSHED,
}
"""How venues number their updates; every other venue is taken in the order of its ids or of arrival."""

CHAINED_SPOT_ONLY: Final = frozenset({"binance", "binanceus"})
"""Venues whose derivatives number updates across symbols, so that a jump means nothing."""

POWERS: Final = 10.0 ** np.arange(23)
"""Powers of ten that a float64 holds exactly."""


class Counted:
    """Staged rows on the way to engine rows: describe, then order.

    `pairs` are the (venue, symbol) that the rows' market index counts; the rows are changed in place.
    """

    def __init__(self, rows: np.ndarray[Any, Any], pairs: list[tuple[str, str]], fault: Fault) -> None:
        self.rows = rows
        self.pairs = pairs
        self.fault = fault
        self.notes: list[str] = []
        self.shift = 0
        self._decimals = np.zeros(2 * len(pairs), np.int64)
        self._steps = np.zeros(2 * len(pairs), np.int64)

    def describe(self, known: Mapping[tuple[str, str], Market]) -> tuple[Market, ...]:
        """A market for every pair: as known, with steps the data agrees with, or inferred from the data."""
        code = np.zeros(1, np.int64)
        row = find_steps(view(self.rows), self._decimals, self._steps, POWERS, code)
        if row >= 0:
            raise self.fault(row, int(code[0]))
        markets = []
        for i, pair in enumerate(self.pairs):
            tick = _step(int(self._decimals[2 * i]), int(self._steps[2 * i]), (5, 2))
            lot = _step(int(self._decimals[2 * i + 1]), int(self._steps[2 * i + 1]), ())
            market = self._described(pair, known.get(pair), tick, lot)
            markets.append(market)
            for k, step in ((2 * i, market.tick), (2 * i + 1, market.lot)):
                self._decimals[k] = max(int(self._decimals[k]), -int(step.normalize().as_tuple().exponent))
                self._steps[k] = int(step.scaleb(int(self._decimals[k])))
        return tuple(markets)

    def _described(self, pair: tuple[str, str], known: Market | None, tick: Decimal, lot: Decimal) -> Market:
        if known is None:
            market, assumed = inferred(*pair, tick, lot)
            text = f"{market.name}: tick {plain(tick)} and lot {plain(lot)} inferred"
            self.notes.append(f"{text}; {assumed}" if assumed else text)
            return market
        market, changed = on_grid(known, tick, lot)
        if changed:
            self.notes.append(f"{market.name}: {changed}")
        return market

    def order(self, markets: tuple[Market, ...], synchronised: bool) -> np.ndarray[Any, Any]:
        """Engine rows in order of arrival."""
        counted = self.rows.view(COUNTED)
        code = np.zeros(1, np.int64)
        row = count_steps(view(self.rows), view(counted), self._decimals, self._steps, POWERS, code)
        if row >= 0:
            raise self.fault(row, int(code[0]))
        if bool((counted["local"][1:] < counted["local"][:-1]).any()):
            counted = counted[np.argsort(counted["local"], kind="stable")]
        self.shift = max(0, -int(least_latency(view(counted))))
        rules = [_rule(market) for market in markets]
        work = synchronise if synchronised else as_recorded
        count = work(view(counted), view(streams(rules)), view(np.empty(0, ROW)), self.shift, False)
        rows = np.zeros(count, ROW)
        state = streams(rules)
        work(view(counted), view(state), view(rows), self.shift, True)
        self.notes += _told(markets, state, self.shift, synchronised)
        return rows


def _step(decimals: int, common: int, factors: tuple[int, ...]) -> Decimal:
    """The coarsest step a venue might use that divides all values: a power of ten, or that times one of `factors`.

    Few values share other divisors by chance.
    """
    step = 1
    while common and common % (step * 10) == 0:
        step *= 10
    for factor in factors:
        if common and common % (step * factor) == 0:
            step *= factor
            break
    return Decimal(step).scaleb(-decimals).normalize()


def _rule(market: Market) -> int:
    if market.venue in CHAINED_SPOT_ONLY and market.settle:
        return UNNUMBERED
    return RULES.get(market.venue, UNNUMBERED)


def _told(markets: tuple[Market, ...], state: np.ndarray[Any, Any], shift: int, synchronised: bool) -> list[str]:
    """What the ordering corrected, in sentences."""
    notes = []
    if shift:
        notes.append(f"the recorder's clock was behind the venues': {shift} ns added to all local times")
    if not synchronised:
        notes.append("rows stand as recorded: deltas are not joined to snapshots")
    for market, s in zip(markets, state, strict=True):
        said = [
            f"{s[name]} {text}"
            for name, text in (
                ("waiting", "deltas came while no snapshot stood"),
                ("replayed", "of them applied to the snapshot that followed"),
                ("stale", "deltas older than the book dropped"),
                ("old_snapshots", "snapshots older than the book dropped"),
                ("gaps", "gaps in the update ids"),
                ("reversed", "book rows whose exchange time ran backwards"),
                ("clipped", "rows with a latency beyond 35 minutes"),
            )
            if s[name]
        ]
        if said:
            notes.append(f"{market.name}: {', '.join(said)}")
        if s["waiting"] and not s["snapshots"]:
            notes.append(f"{market.name}: no snapshot, so no book")
    return notes
