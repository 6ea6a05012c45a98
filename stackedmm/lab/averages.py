"""Moving averages of traded volume, kept as trades come in: the engine's own, by themselves."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import VOLUME_TYPES
from stackedmm.config.periods import BUCKET_SECONDS
from stackedmm.core.codes import EWMA
from stackedmm.core.volume import EWMA_BUCKETS
from stackedmm.errors import ConfigError
from stackedmm.lab.times import iso
from stackedmm.lab.trades import Array, named, ordered, read, single
from stackedmm.lab.windows import Step, Windows, lengths, settings

if TYPE_CHECKING:
    import pandas as pd

MA_TYPES: Final = ("sma", "ewma")


class MovingAverageCalculator:
    """Averages of the volume of one market in buckets aligned to UTC; O(1) a trade, O(periods) a bucket.

    A period's SMA and, up to 360 buckets, its EWMA (alpha 2 / (n + 1), seeded by the SMA of its first window) are kept
    for each volume type: base, quote, both (base and quote), ratio (bought over sold), imbalance. Empty buckets count
    as 0; the bucket in which counting begins does not count unless it is seen from its first moment. Settings that are
    left out are the configuration's defaults. `tick` and `lot` round prices and sizes to steps; without them every
    digit counts.

    >>> MovingAverageCalculator().get_status()["total_ma_configs"]
    12
    """

    def __init__(
        self,
        periods: Sequence[str] | None = None,
        volume_types: Sequence[str] | None = None,
        ma_types: Sequence[str] | None = None,
        bucket_seconds: int = BUCKET_SECONDS,
        *,
        min_fill: float | None = None,
        tick: Step = None,
        lot: Step = None,
    ) -> None:
        config = settings({"volume_types": volume_types, "ma_types": ma_types, "min_fill": min_fill})
        self._begin(config, config.time_periods if periods is None else periods, bucket_seconds, tick, lot)

    @classmethod
    def of(cls, config: StackedMarketMakingConfig, *, tick: Step = None, lot: Step = None) -> "MovingAverageCalculator":
        """The averages of a configuration, pooled as it says."""
        made = cls.__new__(cls)
        made._begin(settings({}, config), config.time_periods, BUCKET_SECONDS, tick, lot)
        return made

    def _begin(
        self, config: StackedMarketMakingConfig, periods: Sequence[str], bucket_seconds: int, tick: Step, lot: Step
    ) -> None:
        self.periods = lengths(periods, bucket_seconds)
        """Buckets of each period, shortest first."""
        self.bucket_seconds = bucket_seconds
        self.volume_types = _flat(config.volume_types)
        self.ma_types = tuple(kind for kind in MA_TYPES if kind in config.ma_types)
        self._min_fill = float(config.min_fill)
        config = settings({"volume_types": self.volume_types}, config)
        self._windows = Windows(config, self.periods, bucket_seconds, tick, lot)
        self._trades = self._late = self._gaps = 0

    def add(self, ts: object, price: float, quantity: float, side: str) -> None:
        """One trade as it arrives: ns or a datetime, quote, coins, the aggressor's buy or sell.

        A trade older than the last one counts where it arrives: in the open bucket.
        """
        record = single((ts, price, quantity, side))
        self._late += int(record["ts"][0]) < self._windows.last
        self._windows.enter(record)
        self._trades += 1

    def add_frame(self, trades: "pd.DataFrame") -> int:
        """Trades of one market in order of time, none before the last one here; the columns are those of `trades.read`.

        Returns how many. Raises ConfigError naming row and column.
        """
        found = read(trades)
        if len(found) > 1:
            names = ", ".join(named(each.key) for each in found)
            raise ConfigError(f"trades: of {len(found)} markets, {names}; expected one, or a VolumeCoefficientEngine")
        return sum(self.enter(each.records, each.rows) for each in found)

    def enter(self, records: Array, rows: Array | None = None) -> int:
        """Trades that are checked already, as `trades.TRADE`; returns how many."""
        if len(records):
            first = int(records["ts"][0])
            if first < self._windows.last:
                until = iso(self._windows.last)
                raise ConfigError(f"trades: begin at {iso(first)}, expected none before the last one, {until}")
            ordered(records["ts"], np.arange(len(records)) if rows is None else rows)
            self._windows.enter(records, rows)
            self._trades += len(records)
        return len(records)

    def advance(self, ts: object) -> None:
        """Time has come to `ts`, ns or a datetime: buckets before it close, empty ones too."""
        self._windows.advance(ts)

    def gap(self) -> None:
        """The feed has a gap here: no window over it counts, all begin anew with the next trade or `advance`."""
        self._gaps += 1
        self._windows.gap()

    @property
    def coefficient(self) -> float:
        """The volume coefficient at the end of the last closed bucket; 1 until a pair of averages counts."""
        return float(self._windows.market["volume"])

    @property
    def ready(self) -> bool:
        """Whether at least one pair of averages counts."""
        _, usable = self._windows.averages()
        return any(usable[:, MA_TYPES.index(kind)].sum() > 1 for kind in self.ma_types)

    @property
    def whole_buckets(self) -> int:
        """Whole buckets since the start or the last gap."""
        return max(0, int(self._windows.market["clean"]))

    @property
    def full(self) -> dict[str, bool]:
        """Whether each period's window is full, as far as `min_fill` asks."""
        clean = self.whole_buckets
        return {name: clean > 0 and clean >= self._min_fill * n for name, n in self.periods.items()}

    def averages(self) -> "pd.DataFrame":
        """Every average at the end of the last closed bucket: coins or quote a bucket, or a number; NaN if unknown.

        `ratio` is that of the averages, within 0.1 and 10; `imbalance` is signed, and enters ratios as 1 + |imbalance|.
        `usable` says whether it counts in the coefficient.
        """
        import pandas as pd

        found, usable = self._windows.averages()
        rows = []
        for p, period in enumerate(self.periods):
            for volume_type in self.volume_types:
                for kind in self.ma_types:
                    if kind == "ewma" and self.periods[period] > EWMA_BUCKETS:
                        continue
                    k = MA_TYPES.index(kind)
                    value = self._in_units(found[p, k, VOLUME_TYPES.index(volume_type)], p, k, volume_type)
                    rows.append((period, volume_type, kind, value, bool(usable[p, k])))
        return pd.DataFrame(rows, columns=["period", "volume_type", "ma_type", "average", "usable"])

    def _in_units(self, value: float, period: int, kind: int, volume_type: str) -> float:
        m = self._windows.market
        if volume_type == "base":
            return float(value * m["lot_base"])
        if volume_type == "quote":
            return float(value * m["lot_base"] * m["tick_size"])
        if volume_type == "imbalance":
            bought, sold = m["periods"][period]["ewma" if kind == EWMA else "sums"][:2]
            return float(np.copysign(value - 1.0, float(bought) - float(sold)))
        return float(value)

    def buckets(self) -> "pd.DataFrame":
        """Closed buckets by the time of their end: coefficient, and the base and quote traded in each.

        The newest 100,000 are remembered; a gap in the feed is a gap in the index.
        """
        import pandas as pd

        log = self._windows.log.records
        fields = {"coefficient": "coefficient", "base": "coins", "quote": "money"}
        columns = {name: log[field].copy() for name, field in fields.items()}
        return pd.DataFrame(columns, self._ends(log["number"]))

    def crossovers(self) -> "pd.DataFrame":
        """Where a shorter average passed a longer one, in the buckets that are remembered, by the time of their end."""
        import pandas as pd

        log = self._windows.log.records
        log = log[((log["above"] ^ log["was"]) & log["compared"]).any(axis=1)]
        rows, numbers = [], []
        for bucket in log:
            for bit, pair in enumerate(self._pairs()):
                word, mask = bit >> 6, np.int64(1) << np.int64(bit & 63)
                above = bucket["above"][word] & mask
                if bucket["compared"][word] & mask and above != bucket["was"][word] & mask:
                    rows.append((*pair, "up" if above else "down"))
                    numbers.append(int(bucket["number"]))
        columns = ["ma_type", "volume_type", "shorter", "longer", "direction"]
        return pd.DataFrame(rows, self._ends(np.array(numbers, np.int64)), columns)

    def _pairs(self) -> Iterator[tuple[str, str, str, str]]:
        """What each bit of a closed bucket stands for, in the order of `core.volume.coefficient`."""
        names = list(self.periods)
        for kind in self.ma_types:
            for volume_type in sorted(self.volume_types, key=VOLUME_TYPES.index):
                for i, shorter in enumerate(names):
                    for longer in names[i + 1 :]:
                        yield kind, volume_type, shorter, longer

    def _ends(self, numbers: Array) -> Any:
        import pandas as pd

        times = (numbers + 1) * self._windows.bucket_ns
        return pd.DatetimeIndex(pd.to_datetime(times, utc=True), name="time")

    def get_status(self) -> dict[str, Any]:
        """Plain values: how many averages are kept, how often they crossed, how full the windows are."""
        kept = sum(1 + (n <= EWMA_BUCKETS) if len(self.ma_types) == 2 else
                   int("sma" in self.ma_types or n <= EWMA_BUCKETS) for n in self.periods.values())  # fmt: skip
        last = self._windows.last
        return {
            "total_ma_configs": kept * len(self.volume_types),
            "total_crossovers_detected": int(self._windows.market["crossovers"]),
            "periods": list(self.periods),
            "volume_types": list(self.volume_types),
            "ma_types": list(self.ma_types),
            "bucket_seconds": self.bucket_seconds,
            "trades": self._trades,
            "late_trades": self._late,
            "gaps": self._gaps,
            "whole_buckets": self.whole_buckets,
            "full": self.full,
            "last_update": iso(last) if last else None,
        }

    def __repr__(self) -> str:
        status = self.get_status()
        filled = [
            f"{name} {'full' if self.full[name] else f'{min(self.whole_buckets, n)} of {n}'}"
            for name, n in self.periods.items()
        ]
        return (
            f"MovingAverageCalculator: {status['total_ma_configs']} averages ({', '.join(self.ma_types)}) of "
            f"{', '.join(self.volume_types)} volume in {self.bucket_seconds} s buckets\n"
            f"  trades      {self._trades:,} until {status['last_update'] or 'now'}, {self._gaps} gaps\n"
            f"  windows     {', '.join(filled)}\n"
            f"  crossovers  {status['total_crossovers_detected']:,}"
        )

    def _repr_html_(self) -> str:
        from html import escape

        table = self.averages().pivot_table(
            index=["volume_type", "ma_type"], columns="period", values="average", sort=False, dropna=False
        )
        return f"<pre>{escape(repr(self))}</pre>{table.to_html(float_format='{:,.6g}'.format, na_rep='–')}"


def _flat(volume_types: Sequence[str]) -> tuple[str, ...]:
    """Volume types, with both base and quote in the place of `both`, each once."""
    return tuple(dict.fromkeys(name for t in volume_types for name in (("base", "quote") if t == "both" else (t,))))
