"""What a run came to in a score of numbers, each declared once: what it is, in which unit, and how it is shown.

Money is in the first quote currency, sizes in base coins; a perp counts like its coin.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from stackedmm.lab.marks import HORIZONS_S, column
from stackedmm.lab.show import total

if TYPE_CHECKING:
    from stackedmm.lab.ran import Ran

NS_PER_HOUR: Final = 3.6e12
Array = np.ndarray[Any, Any]


class Measure(NamedTuple):
    """One number of a run. `kind` is how it is shown: money, count, coins, share, bps, ratio."""

    name: str
    kind: str
    text: str
    of: Callable[["Measured"], float]


class Measured:
    """A finished run, and what several of its measures need."""

    def __init__(self, result: "Ran") -> None:
        self.result = result
        self.summary = result.summary
        self.fills = result.fills
        self.value = (self.fills["price"] * self.fills["size"]).to_numpy(float)
        """Of each fill, in quote currency."""
        self.sign = np.where(self.fills["side"] == "bid", 1.0, -1.0)
        held = result.config.inventory
        self.target, self.deviation = float(held.target_inventory), float(held.max_inventory_deviation)

    @cached_property
    def span(self) -> tuple[int, int]:
        """First and last moment of trading, ns."""
        return pd.Timestamp(self.summary["start"]).value, pd.Timestamp(self.summary["end"]).value

    @property
    def hours(self) -> float:
        """Length of the run."""
        return (self.span[1] - self.span[0]) / NS_PER_HOUR

    @cached_property
    def reference(self) -> float:
        """The last reference price; NaN where there was none."""
        return float(self.result.series["reference"].iloc[-1]) if len(self.result.series) else np.nan

    @property
    def traded(self) -> float:
        """What the fills gained against the last reference, before fees."""
        if not len(self.fills):
            return 0.0
        return float((self.sign * (self.reference * self.fills["size"].to_numpy(float) - self.value)).sum())

    @property
    def fees(self) -> float:
        """Paid; below 0 where rebates are more."""
        return float(self.summary["fees"])

    @cached_property
    def held(self) -> tuple[Array, Array]:
        """Part of the band used after each fill and at the opening, -1 to 1, and how long it stayed so, ns."""
        change = self.sign * self.fills["size"].to_numpy(float)
        used = np.concatenate([[0.0], np.cumsum(change)]) / self.deviation
        times = [self.span[0], *_ns(self.fills["time"]).tolist(), self.span[1]]
        return used, np.diff(np.clip(np.array(times, np.int64), *self.span))

    @cached_property
    def gains(self) -> Array:
        """Profit from one sample to the next, without what the price moved the opening inventory; money."""
        series = self.result.series
        kept = series["equity"] - self.target * series["reference"]
        return np.asarray(kept.diff().dropna(), float)

    def quoted(self, sides: Callable[[Array, Array], Array]) -> float:
        """Mean over markets of the part of the time in which own orders stood, on both sides or any."""
        orders, (start, end) = self.result.orders, self.span
        shares = []
        for market in self.result.markets:
            here = orders[(orders["venue"] == market.venue) & (orders["symbol"] == market.symbol)]
            ends = here["ended"].fillna(pd.Timestamp(end, tz="UTC"))
            steps = [_standing(here["side"] == side, here["placed"], ends) for side in ("bid", "ask")]
            shares.append(covered(sides, steps[0], steps[1], start, end))
        return float(np.mean(shares)) if shares else 0.0

    def markout(self, seconds: int) -> float:
        """Mean mark-out weighted by value, bps; NaN where no fill lived to see it."""
        found = self.result.markouts[column(seconds)].to_numpy(float)
        known = np.isfinite(found)
        return float(np.average(found[known], weights=self.value[known])) if known.any() else np.nan


def covered(
    sides: Callable[[Array, Array], Array], bids: tuple[Array, Array], asks: tuple[Array, Array], start: int, end: int
) -> float:
    """Part of the time from `start` to `end` in which `sides(any bid, any ask)` holds; each side is begins and ends.

    >>> covered(np.logical_and, (np.array([0]), np.array([6])), (np.array([4]), np.array([9])), 0, 10)
    0.2
    """
    times = np.unique(np.clip(np.concatenate([*bids, *asks, [start, end]]), start, end))
    if len(times) < 2:
        return 0.0
    stands = [
        np.searchsorted(np.sort(begins), times[:-1], "right") > np.searchsorted(np.sort(ends), times[:-1], "right")
        for begins, ends in (bids, asks)
    ]
    return float(np.diff(times)[sides(*stands)].sum() / (end - start))


def measure(result: "Ran") -> dict[str, float]:
    """All measures of a run by name. It must have kept its frames."""
    run = Measured(result)
    return {each.name: float(each.of(run)) for each in MEASURES}


def _standing(chosen: pd.Series, begins: pd.Series, ends: pd.Series) -> tuple[Array, Array]:
    return _ns(begins[chosen]), _ns(ends[chosen])


def _ns(times: pd.Series) -> Array:
    return np.asarray(pd.DatetimeIndex(times).as_unit("ns").asi8)


def _ratio(a: float, b: float) -> float:
    return a / b if b else np.nan


def _hourly(gains: Array, hours: float) -> float:
    """Deviation of an hour's gain, as independent gains of shorter times would add up to."""
    return float(gains.std(ddof=1) * np.sqrt(len(gains) / hours)) if len(gains) > 1 and hours > 0 else np.nan


MEASURES: Final = (
    Measure("profit", "money", "realised and unrealised, after fees", lambda run: total(run.summary)),
    Measure(
        "from opening inventory", "money", "what the price moved the inventory of the opening",
        lambda run: total(run.summary) - run.traded + run.fees,
    ),
    Measure("from trading", "money", "all fills against the last reference, before fees", lambda run: run.traded),
    Measure("fees", "money", "paid; below 0 where rebates are more", lambda run: run.fees),
    Measure("realised", "money", "of the profit, after fees", lambda run: float(run.summary["realised_pnl"])),
    Measure("unrealised", "money", "of the profit", lambda run: float(run.summary["unrealised_pnl"])),
    Measure("max drawdown", "money", "largest fall from a height", lambda run: float(run.summary["max_drawdown"])),
    Measure("orders", "count", "sent", lambda run: run.summary["orders"]),
    Measure("fills", "count", "booked", lambda run: run.summary["fills"]),
    Measure("orders per fill", "ratio", "sent for one", lambda run: _ratio(run.summary["orders"], len(run.fills))),
    Measure("volume", "money", "value of all fills", lambda run: float(run.value.sum())),
    Measure(
        "trading per volume", "bps", "from trading, after fees, per value traded",
        lambda run: 1e4 * _ratio(run.traded - run.fees, float(run.value.sum())),
    ),
    *(
        Measure(f"mark-out {s} s", "bps", f"by value, {s} s after the fill", partial(Measured.markout, seconds=s))
        for s in HORIZONS_S
    ),
    Measure("position", "coins", "at the end", lambda run: float(run.summary["position"])),
    Measure(
        "band used, mean", "share", "mean distance from the target, part of the deviation",
        lambda run: float(np.average(np.abs(run.held[0]), weights=run.held[1])),
    ),
    Measure("band used, most", "share", "largest of it", lambda run: float(np.abs(run.held[0]).max())),
    Measure(
        "time in band", "share", "part of the time within the hard band",
        lambda run: float(np.average(np.abs(run.held[0]) <= 1 + 1e-9, weights=run.held[1])),
    ),
    Measure(
        "quoted, both sides", "share", "time with own bid and ask on a market, mean over markets",
        lambda run: run.quoted(np.logical_and),
    ),
    Measure(
        "quoted, any side", "share", "time with any own order on a market, mean over markets",
        lambda run: run.quoted(np.logical_or),
    ),
    Measure(
        "gain per hour", "money", "mean, after fees, without what the price moved the opening inventory",
        lambda run: _ratio(float(run.gains.sum()), run.hours),
    ),
    Measure(
        "deviation per hour", "money", "of that gain, from its samples as if they were independent",
        lambda run: _hourly(run.gains, run.hours),
    ),
    Measure(
        "gain over deviation", "ratio", "gain per hour over its deviation; of an hour, not of a year",
        lambda run: _ratio(_ratio(float(run.gains.sum()), run.hours), _hourly(run.gains, run.hours)),
    ),
)  # fmt: skip
"""In the order in which they are shown."""
