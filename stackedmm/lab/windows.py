"""The engine's own volume windows for one market alone, driven by trades in coins and quote."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import fill_windows
from stackedmm.config.periods import PERIOD_MAX, seconds
from stackedmm.core import volume_run
from stackedmm.core.build import allocate
from stackedmm.core.codes import MA_TYPES, PERIODS, VOLUME_TYPES
from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.volume import SILENCE
from stackedmm.core.volume_run import BUCKET
from stackedmm.errors import ConfigError
from stackedmm.feeds.counted import POWERS
from stackedmm.feeds.staged import BAD_PRICE, COUNTED, IN_TRADE, STAGED, count_steps, find_steps
from stackedmm.lab.tail import Tail
from stackedmm.lab.trades import Array, fault, instant, whole

Step = Decimal | float | str | None
HISTORY: Final = 100_000
"""Closed buckets that are remembered: eleven days of 10 s."""
PIECE: Final = 65_536
"""Trades that are counted at a time."""
LARGEST: Final = 4e18
"""What the windows may hold, in steps of price times steps of size, to stay within an int64."""
DECIMAL: Final = "a decimal of at most 15 digits"
TOO_FINE: Final = "trades: prices and sizes have too many digits to be summed exactly; round them, or give tick and lot"
FIELDS: Final = (
    "volume_types",
    "ma_types",
    "min_fill",
    "time_periods",
    "coefficient_method",
    "min_coefficient",
    "max_coefficient",
)
_ELSEWHERE: Final = {
    "base_coin": "BASE",
    "exchanges": ["binance"],
    "inventory": {"target_inventory": 0, "max_inventory_deviation": 1},
    "tob_lines": [{"hourly_quantity": 1}],
}
"""What a configuration must say beside them."""


def settings(given: Mapping[str, object], config: object = None) -> StackedMarketMakingConfig:
    """A configuration with these volume settings; those that are None are as in `config`, else as by default."""
    if not isinstance(config, StackedMarketMakingConfig | None):
        raise ConfigError(f"config: found {config!r}, expected a configuration")
    known = {} if config is None else {name: getattr(config, name) for name in FIELDS}
    said = {name: value for name, value in given.items() if value is not None}
    return StackedMarketMakingConfig(**_ELSEWHERE, **{**known, **said})


def lengths(periods: Sequence[str], bucket_seconds: int) -> dict[str, int]:
    """Buckets of each period, shortest first; ConfigError where a period is none, or no multiple of the bucket."""
    whole(bucket_seconds, "bucket_seconds", 1, 86_400)
    names = [periods] if isinstance(periods, str) else list(periods)
    if not 1 <= len(names) <= PERIODS:
        raise ConfigError(f"periods: found {len(names)}, expected 1 to {PERIODS}")
    found: dict[int, str] = {}
    for name in names:
        if not re.fullmatch(r"[1-9]\d{0,6}(s|min|h|d)", str(name), re.ASCII):
            raise ConfigError(f"periods: found {name!r}, expected a period such as 30s, 5min, 4h or 1d")
        buckets, rest = divmod(seconds(name), bucket_seconds)
        if rest or not 0 < buckets < SILENCE or seconds(name) > PERIOD_MAX:
            bound = f"a multiple of {bucket_seconds} s, at most 7d and {SILENCE - 1} buckets"
            raise ConfigError(f"periods: found {name!r}, expected {bound}")
        if buckets in found:
            raise ConfigError(f"periods: found {name!r} beside {found[buckets]!r}, expected each length once")
        found[buckets] = name
    return {found[buckets]: buckets for buckets in sorted(found)}


class Windows:
    """One market's windows. Sums are whole numbers of steps; steps become finer when a trade asks for it."""

    def __init__(
        self, config: StackedMarketMakingConfig, periods: Mapping[str, int], bucket_seconds: int, tick: Step, lot: Step
    ) -> None:
        self.bucket_ns = bucket_seconds * 1_000_000_000
        self.log = Tail(BUCKET, HISTORY)
        self.last = 0
        """Time of the newest trade, or the time told since; ns."""
        self._steps = (_step(tick, "tick"), _step(lot, "lot"))
        self._decimals = np.zeros(2, np.int64)
        market = Market("", "", "", "", self._steps[0] or Decimal(1), self._steps[1] or Decimal(1))
        self.state, self.arena = allocate([market], [1], max(periods.values()))
        fill_windows(self.state[0], config, list(periods.values()))
        self.market = self.state[0]["markets"][0]
        self._name_steps()

    def enter(self, records: Array, rows: Array | None = None) -> None:
        """Enter trades in order; `rows` names them in errors."""
        self._widen(self._finest(records, rows))
        for first in range(0, len(records), PIECE):
            piece = records[first : first + PIECE]
            px, lots = self._counted(piece)
            ts, sold = (np.ascontiguousarray(piece[name]) for name in ("ts", "sold"))
            done = 0
            while done < len(piece):
                entered, written = volume_run.enter(
                    view(self.state), self.arena, self.bucket_ns, ts[done:], px[done:], lots[done:], sold[done:],
                    view(self.log.room()),
                )  # fmt: skip
                self.log.took(written)
                done += entered
            self.last = max(self.last, int(ts[-1]))

    def advance(self, ts: object) -> None:
        """Close the buckets before the one of `ts`."""
        now, reached = instant(ts), False
        if now < self.last:
            raise ConfigError(f"ts: found {now}, expected no time before the last one, {self.last}")
        while not reached:
            log = view(self.log.room())
            reached, written = volume_run.watch(view(self.state), self.arena, self.bucket_ns, np.int64(now), log)
            self.log.took(written)
        self.last = now

    def gap(self) -> None:
        """Windows start anew."""
        volume_run.lose(view(self.state), self.arena)

    def averages(self) -> tuple[Array, Array]:
        """Averages in steps by period, kind and volume type, NaN where nothing is known, and which of them count."""
        found = np.full((PERIODS, MA_TYPES, VOLUME_TYPES), np.nan)
        usable = np.zeros((PERIODS, MA_TYPES), np.uint8)
        volume_run.averages(view(self.state), found, usable)
        return found, usable.astype(bool)

    def _staged(self, records: Array) -> Array:
        """Prices and sizes as they are counted: rounded where a step is given."""
        staged = np.zeros(len(records), STAGED)
        staged["kind"] = IN_TRADE
        for name, source, step in zip(("price", "quantity"), ("price", "size"), self._steps, strict=True):
            staged[name] = records[source] if step is None else np.rint(records[source] / float(step))
        if self._steps[0] is not None and (staged["price"] < 1).any():
            raise ConfigError(f"tick: {self._steps[0]} is too coarse, some prices round to 0")
        return staged

    def _finest(self, records: Array, rows: Array | None) -> Array:
        """Decimals of price and size that count all trades so far and these."""
        decimals, code = self._decimals.copy(), np.zeros(1, np.int64)
        for first in range(0, len(records), PIECE):
            staged = self._staged(records[first : first + PIECE])
            row = find_steps(view(staged), decimals, np.zeros(2, np.int64), POWERS, code)
            if row >= 0:
                name = "price" if code[0] == BAD_PRICE else "size"
                at = first + int(row) if rows is None else int(rows[first + row])
                raise fault(at, name, float(records[name][first + row]), f"{DECIMAL}; round it first")
        return decimals

    def _counted(self, records: Array) -> tuple[Array, Array]:
        """Prices in ticks and sizes in lots; refuses what an int64 could not hold."""
        staged, code = self._staged(records), np.zeros(1, np.int64)
        counted = staged.view(COUNTED)
        coming = float((records["price"] * records["size"]).sum() / self.market["tick_size"] / self.market["lot_base"])
        if self._held() + coming > LARGEST:
            raise ConfigError(TOO_FINE)
        if count_steps(view(staged), view(counted), self._decimals, np.ones(2, np.int64), POWERS, code) >= 0:
            raise ConfigError(TOO_FINE)
        px, lots = (np.ascontiguousarray(counted[name]) for name in ("price", "quantity"))
        return px, lots

    def _held(self) -> float:
        """The largest number the windows hold."""
        return float(np.abs(self.market["periods"]["sums"]).max()) + float(self.market["open_volume"].max())

    def _widen(self, decimals: Array) -> None:
        """Count in finer steps from here on; what the windows hold is counted anew."""
        if (decimals == self._decimals).all():
            return
        price, size = (10 ** int(n) for n in decimals - self._decimals)
        if self._held() * price * size > LARGEST:
            raise ConfigError(TOO_FINE)
        self._decimals = decimals
        m = self.market
        m["periods"]["ewma"] *= [float(each) for each in (size, size, price * size, price * size)]
        if price * size > 1 and (m["periods"]["sums"].any() or m["open_volume"].any()):
            ring = self.arena[m["volume_ring"] : m["volume_ring"] + 4 * (m["volume_mask"] + 1)].reshape(-1, 4)
            for numbers in (ring, m["open_volume"], m["periods"]["sums"]):
                numbers *= np.array([size, size, price * size, price * size])
        self._name_steps()

    def _name_steps(self) -> None:
        """Tell the state what its steps are worth."""
        names = ("tick_size", "lot_base")
        for name, digits, step in zip(names, self._decimals, self._steps, strict=True):
            self.market[name] = 10.0 ** -int(digits) if step is None else float(step)


def _step(value: Step, name: str) -> Decimal | None:
    try:
        step = None if value is None else Decimal(str(value))
    except InvalidOperation:
        step = Decimal(0)
    if step is not None and not (step.is_finite() and 0 < step <= 10**12):
        raise ConfigError(f"{name}: found {value!r}, expected a step above 0")
    return step
