"""The strategy as a class: one configuration, one symbol, its venues; it holds a session and shows its parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.errors import ConfigError, StaleError
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.backtest import Configuration, configuration
from stackedmm.rules import RuleSet, load
from stackedmm.session import Session, paper, state
from stackedmm.views import EnhancedAggregatedOrderbookManager, InventoryManager, MultiReferencePricingEngine


class BaseStrategy:
    """An instance with a life: initialize, start, stop. Without a session given it trades on paper, never live."""

    def __init__(
        self,
        instance_id: str,
        symbol: str,
        exchanges: Sequence[str],
        config: Configuration,
        *,
        rules: str | Path | RuleSet | None = None,
        values: Mapping[str, float] | None = None,
        session: Session | None = None,
        **options: Any,
    ) -> None:
        """`options` are those of `mm.paper`. ConfigError where symbol or exchanges are not the configuration's."""
        self.instance_id, self.symbol, self.exchanges = instance_id, symbol, list(exchanges)
        self._config = configuration(config)
        check(self._config, symbol, self.exchanges)
        self._rules, self._values, self._options = rules, values, options
        self._session = session

    @property
    def config(self) -> StackedMarketMakingConfig:
        """In force."""
        return self._config if self._session is None else self._session.config

    @property
    def session(self) -> Session:
        """What trades; StaleError before `initialize`."""
        if self._session is None:
            raise StaleError(f"{self.instance_id}: not initialized; await strategy.initialize() first")
        return self._session

    @property
    def running(self) -> bool:
        """Whether it trades."""
        return self._session is not None and self._session.running

    async def initialize(self) -> Self:
        """Make the session: rules are read, checked and compiled, the market is opened."""
        if self._session is None:
            rules = self._rules if isinstance(self._rules, RuleSet) or self._rules is None else load(Path(self._rules))
            self._session = paper(self._config, rules, values=self._values, name=self.instance_id, **self._options)
        return self

    async def start(self) -> Self:
        """Warm up and trade."""
        await self.session.start()
        return self

    async def stop(self) -> None:
        """Cancel every order, wait for the proof, end."""
        await self.session.stop()


class StackedMarketMakingStrategy(BaseStrategy):
    """Top-of-book and passive lines on many venues, under one inventory."""

    def get_strategy_state(self) -> state.State:
        """Everything as one dictionary of plain values."""
        return state.state(self.session, self.instance_id, self.symbol, self.exchanges)

    @property
    def inventory_manager(self) -> InventoryManager:
        """Its inventory."""
        return InventoryManager(self.session)

    @property
    def enhanced_orderbook_manager(self) -> EnhancedAggregatedOrderbookManager:
        """Its merged books."""
        return EnhancedAggregatedOrderbookManager(self.session)

    @property
    def pricing_engine(self) -> MultiReferencePricingEngine:
        """Its prices by source."""
        return MultiReferencePricingEngine(self.session)

    @property
    def coefficient_calculator(self) -> "Coefficients":
        """Its volume coefficients."""
        return Coefficients(self.session)

    @property
    def ma_calculator(self) -> "Averages":
        """The averages behind them."""
        return Averages(self.session)

    @property
    def exchange_coefficients(self) -> dict[str, float]:
        """Each venue's volume coefficient, by the names as the configuration spells them."""
        return state.exchange_coefficients(self.session, self.session.look().state)

    def __repr__(self) -> str:
        if self._session is None:
            return f"StackedMarketMakingStrategy {self.instance_id}: {self.symbol}, not initialized"
        return repr(self._session)

    def _repr_html_(self) -> str:
        return f"<pre>{self!r}</pre>" if self._session is None else self._session._repr_html_()


class Coefficients:
    """The volume coefficients of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_status(self) -> dict[str, Any]:
        """Method, bounds and settings, and each venue's coefficient with its warm-up."""
        s, config = self._session.look().state, self._session.config
        made = state.coefficients(self._session, s)
        n = int(s["periods_n"])
        names = list(made["exchange_coefficients"])
        return {
            "calculation_method": str(config.coefficient_method),
            "min_coefficient": float(config.min_coefficient),
            "max_coefficient": float(config.max_coefficient),
            "time_periods": list(config.time_periods),
            "volume_types": list(config.volume_types),
            "ma_types": list(config.ma_types),
            "min_fill": float(config.min_fill),
            "last_update": made["last_coefficient_update"],
            "exchanges": {
                name: {
                    "coefficient": float(m["volume"]),
                    "whole_buckets": max(int(m["clean"]), 0),
                    "needed_buckets": int(m["periods"]["buckets"][:n].max()),
                    "crossovers": int(m["crossovers"]),
                }
                for name, m in zip(names, s["markets"], strict=False)
            },
        }

    def __repr__(self) -> str:
        found = self.get_status()["exchanges"]
        return ", ".join(f"{name} {each['coefficient']:.4f}" for name, each in found.items())


class Averages:
    """The moving averages of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_status(self) -> dict[str, Any]:
        """How many averages each venue keeps, and how often a shorter one passed a longer one, over all venues."""
        s, config = self._session.look().state, self._session.config
        kept = MovingAverageCalculator.of(config).get_status()["total_ma_configs"]
        markets = s["markets"][: int(s["quoted_n"])]
        return {
            "total_ma_configs": kept,
            "total_crossovers_detected": int(markets["crossovers"].sum()),
            "time_periods": list(config.time_periods),
            "ma_types": list(config.ma_types),
            "volume_types": list(config.volume_types),
        }


def check(config: StackedMarketMakingConfig, symbol: str, exchanges: list[str]) -> None:
    """ConfigError where symbol or exchanges say something else than the configuration."""
    base, _, quote = symbol.partition(":")[0].partition("/")
    if base != config.base_coin or quote not in config.quote_currencies:
        quotes = ", ".join(f"{config.base_coin}/{each}" for each in config.quote_currencies)
        raise ConfigError(f"symbol: found {symbol!r}, expected {quotes} as the configuration says")
    strange = [name for name in exchanges if name not in config.exchanges]
    if strange or not exchanges:
        found, known = ", ".join(exchanges) or "none", ", ".join(config.exchanges)
        raise ConfigError(f"exchanges: found {found}, expected some of {known}")
