"""A configuration built step by step; each step may be chained to the next."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Self

from stackedmm.config.choices import InventoryPriceMethod, SmartPricingSource
from stackedmm.config.fields import Declared
from stackedmm.config.inventory import Inventory
from stackedmm.config.lines import PassiveLine, TobLine
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.config.read import validate

Amount = Decimal | int | str | float
"""What is read as an exact decimal; a float by its shortest text, so 0.1 is 0.1."""


def _defaults(model: type[Declared]) -> Any:
    """The model's own defaults, so that each is written down once."""
    return SimpleNamespace(**{name: field.default for name, field in model.model_fields.items()})


_INVENTORY = _defaults(Inventory)
_TOB = _defaults(TobLine)
_PASSIVE = _defaults(PassiveLine)
_CONFIG = _defaults(StackedMarketMakingConfig)


class StackedMarketMakingConfigBuilder:
    """Collects settings; `build` validates them as a whole and reports every problem at once.

    Every method takes the model's further settings of its subject as keywords too, and returns the builder.

    >>> config = (StackedMarketMakingConfigBuilder()
    ...     .set_basic_info("BERA", ["USDT"], ["binance", "bybit"])
    ...     .set_inventory_config(target_inventory=1500, max_deviation=750)
    ...     .add_passive_line(mid_spread_bps=12, quantity=40, levels=3)
    ...     .build())
    >>> config.passive_lines[0].levels
    3
    """

    def __init__(self) -> None:
        self._settings: dict[str, Any] = {}

    def set_basic_info(
        self,
        base_coin: str,
        quote_currencies: Iterable[str],
        exchanges: Iterable[str],
        **further: object,
    ) -> Self:
        """What is traded, against which currencies, and where."""
        return self._set(
            further, base_coin=base_coin, quote_currencies=_listed(quote_currencies), exchanges=_listed(exchanges)
        )

    def set_inventory_config(
        self,
        target_inventory: Amount,
        max_deviation: Amount,
        price_method: InventoryPriceMethod | str = _INVENTORY.inventory_price_method,
        manual_price: Amount | None = _INVENTORY.manual_inventory_price,
        start_time: datetime | str | None = _INVENTORY.start_time,
        **further: object,
    ) -> Self:
        """The inventory to keep and how its price is found."""
        inventory = {
            "target_inventory": target_inventory,
            "max_inventory_deviation": max_deviation,
            "inventory_price_method": price_method,
            "manual_inventory_price": manual_price,
            "start_time": start_time,
        }
        return self._set({}, inventory=inventory | further)

    def add_tob_line(
        self,
        hourly_quantity: Amount,
        spread_bps: Amount = _TOB.spread_bps,
        sides: str = _TOB.sides,
        timeout_seconds: Amount = _TOB.timeout_seconds,
        drift_bps: Amount = _TOB.drift_bps,
        min_price: Amount | None = _TOB.min_price,
        max_price: Amount | None = _TOB.max_price,
        coefficient_method: str = _TOB.coefficient_method,
        **further: object,
    ) -> Self:
        """One more line at the top of the books."""
        line = {
            "hourly_quantity": hourly_quantity,
            "spread_bps": spread_bps,
            "sides": sides,
            "timeout_seconds": timeout_seconds,
            "drift_bps": drift_bps,
            "min_price": min_price,
            "max_price": max_price,
            "coefficient_method": coefficient_method,
        }
        return self._add("tob_lines", line | further)

    def add_passive_line(
        self,
        mid_spread_bps: Amount,
        quantity: Amount,
        sides: str = _PASSIVE.sides,
        timeout_seconds: Amount = _PASSIVE.timeout_seconds,
        drift_bps: Amount = _PASSIVE.drift_bps,
        min_spread_bps: Amount = _PASSIVE.min_spread_bps,
        max_spread_bps: Amount = _PASSIVE.max_spread_bps,
        randomization_factor: Amount = _PASSIVE.randomization_factor,
        **further: object,
    ) -> Self:
        """One more ladder around the reference price."""
        line = {
            "mid_spread_bps": mid_spread_bps,
            "quantity": quantity,
            "sides": sides,
            "timeout_seconds": timeout_seconds,
            "drift_bps": drift_bps,
            "min_spread_bps": min_spread_bps,
            "max_spread_bps": max_spread_bps,
            "randomization_factor": randomization_factor,
        }
        return self._add("passive_lines", line | further)

    def set_coefficient_config(
        self,
        time_periods: Iterable[str] | None = None,
        coefficient_method: str = _CONFIG.coefficient_method,
        min_coefficient: Amount = _CONFIG.min_coefficient,
        max_coefficient: Amount = _CONFIG.max_coefficient,
        **further: object,
    ) -> Self:
        """How the volume coefficient is found; without periods the default ones count."""
        periods = _CONFIG.time_periods if time_periods is None else _listed(time_periods)
        return self._set(
            further,
            time_periods=periods,
            coefficient_method=coefficient_method,
            min_coefficient=min_coefficient,
            max_coefficient=max_coefficient,
        )

    def set_advanced_options(
        self,
        leverage: Amount = _CONFIG.leverage,
        taker_check: bool = _CONFIG.taker_check,
        smart_pricing_source: SmartPricingSource | str = _CONFIG.smart_pricing_source,
        hedging_enabled: bool = _CONFIG.hedging_enabled,
        **further: object,
    ) -> Self:
        """What holds for all lines; further keywords are any other settings, groups as dicts or models."""
        return self._set(
            further,
            leverage=leverage,
            taker_check=taker_check,
            smart_pricing_source=smart_pricing_source,
            hedging_enabled=hedging_enabled,
        )

    def reset(self) -> Self:
        """Forget everything that was set."""
        self._settings = {}
        return self

    def build(self) -> StackedMarketMakingConfig:
        """The configuration as it is now; what the builder does later does not change it."""
        return validate(deepcopy(self._settings))

    def build_json(self, indent: int | None = 2) -> str:
        """The same as JSON."""
        return self.build().to_json(indent)

    def _set(self, further: dict[str, object], **settings: object) -> Self:
        self._settings |= deepcopy(settings | further)
        return self

    def _add(self, lines: str, line: dict[str, object]) -> Self:
        """Copied on the way in: what the caller does to its own objects afterwards changes nothing here."""
        self._settings.setdefault(lines, []).append(deepcopy(line))
        return self


def _listed(names: Iterable[str]) -> object:
    """Any iterable of names, but text stays text, to be refused: it is not a list of letters."""
    return names if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
