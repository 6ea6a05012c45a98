"""Volume coefficients of many markets from their public trades, as the engine computes them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.trades import Key, choose, named, read
from stackedmm.lab.windows import settings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Number = Decimal | float | str


class VolumeCoefficientEngine:
    """The volume coefficient of each market: min, max or mid of all ratios MA(shorter) / MA(longer), within bounds.

    Settings are a configuration's, or given one by one; what is left out is as by default. A market appears with its
    first trade. A pair of averages counts when its longer window is full; until one does the coefficient is 1.

    >>> VolumeCoefficientEngine(coefficient_method="mid").get_status()["calculation_method"]
    'mid'
    """

    def __init__(
        self,
        config: StackedMarketMakingConfig | None = None,
        *,
        time_periods: Sequence[str] | None = None,
        coefficient_method: str | None = None,
        min_coefficient: Number | None = None,
        max_coefficient: Number | None = None,
        volume_types: Sequence[str] | None = None,
        ma_types: Sequence[str] | None = None,
        min_fill: Number | None = None,
    ) -> None:
        given = {
            "time_periods": time_periods,
            "coefficient_method": coefficient_method,
            "min_coefficient": min_coefficient,
            "max_coefficient": max_coefficient,
            "volume_types": volume_types,
            "ma_types": ma_types,
            "min_fill": min_fill,
        }
        self._config = settings(given, config)
        self._calculators: dict[Key, MovingAverageCalculator] = {}

    def add(self, venue: str, symbol: str, ts: object, price: float, quantity: float, side: str) -> None:
        """One trade as it arrives; a late one counts in the open bucket."""
        self.watch(venue, symbol).add(ts, price, quantity, side)

    def add_frame(self, trades: "pd.DataFrame", venue: str | None = None, symbol: str | None = None) -> int:
        """Trades in order of time; the columns are those of `trades.read`, venue and symbol among them or given here.

        Returns how many. Raises ConfigError naming row and column.
        """
        found = read(trades, venue, symbol)
        return sum(self.watch(*each.key).enter(each.records, each.rows) for each in found)

    def advance(self, ts: object) -> None:
        """Time has come to `ts` in every market: buckets before it close, empty ones too."""
        for calculator in self._calculators.values():
            calculator.advance(ts)

    def gap(self, venue: str | None = None, symbol: str | None = None) -> None:
        """The feed of a market has a gap here: no window over it counts, and its coefficient is 1 meanwhile."""
        self.calculator(venue, symbol).gap()

    def watch(self, venue: str, symbol: str) -> MovingAverageCalculator:
        """The averages of a market, which is known from now on."""
        key = (venue, symbol)
        if key not in self._calculators:
            self._calculators[key] = MovingAverageCalculator.of(self._config)
        return self._calculators[key]

    def calculator(self, venue: str | None = None, symbol: str | None = None) -> MovingAverageCalculator:
        """The averages of a known market; names may be left out where there is one. ConfigError where there is none."""
        return self._calculators[choose(self._calculators, venue, symbol)]

    def coefficient(self, venue: str | None = None, symbol: str | None = None) -> float:
        """The coefficient of a known market at the end of its last closed bucket."""
        return self.calculator(venue, symbol).coefficient

    @property
    def coefficients(self) -> dict[Key, float]:
        """The coefficient of each (venue, symbol)."""
        return {key: calculator.coefficient for key, calculator in self._calculators.items()}

    def series(self) -> "pd.DataFrame":
        """The coefficient at each bucket's end, a column a market; NaN where a market has no bucket."""
        import pandas as pd

        columns = {named(key): each.buckets()["coefficient"] for key, each in self._calculators.items()}
        return pd.DataFrame(columns).sort_index()

    def get_status(self) -> dict[str, Any]:
        """Plain values: method, bounds and settings, and each market's coefficient and warm-up."""
        config = self._config
        return {
            "calculation_method": config.coefficient_method,
            "min_coefficient": float(config.min_coefficient),
            "max_coefficient": float(config.max_coefficient),
            "time_periods": list(config.time_periods),
            "volume_types": list(config.volume_types),
            "ma_types": list(config.ma_types),
            "min_fill": float(config.min_fill),
            "markets": {
                named(key): {
                    "coefficient": each.coefficient,
                    "ready": each.ready,
                    "whole_buckets": each.whole_buckets,
                    "needed_buckets": each.periods,
                    "trades": (status := each.get_status())["trades"],
                    "gaps": status["gaps"],
                    "crossovers": status["total_crossovers_detected"],
                    "last_update": status["last_update"],
                }
                for key, each in self._calculators.items()
            },
        }

    def picture(self, path: str | Path | None = None) -> "Figure":
        """Coefficients within their bounds over the volume traded; written to `path` if one is given."""
        from stackedmm.lab.volume_picture import draw

        bounds = float(self._config.min_coefficient), float(self._config.max_coefficient)
        return draw({named(key): each.buckets() for key, each in self._calculators.items()}, bounds, path)

    def __repr__(self) -> str:
        status = self.get_status()
        lines = [
            f"VolumeCoefficientEngine: {status['calculation_method']} of ratios over "
            f"{', '.join(status['time_periods'])}, within {status['min_coefficient']:g} and "
            f"{status['max_coefficient']:g}"
        ]
        width = max((len(name) for name in status["markets"]), default=0)
        for name, market in status["markets"].items():
            pairs = "" if market["ready"] else "  warming up: no pair of averages counts yet"
            lines.append(f"  {name:<{width}}  {market['coefficient']:6.4f}  {market['trades']:>11,} trades{pairs}")
        return "\n".join(lines if status["markets"] else [*lines, "  no trades yet"])


VolumeCoefficiengEngine = VolumeCoefficientEngine
"""The same under its older spelling."""
