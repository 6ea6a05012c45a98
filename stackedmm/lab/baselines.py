"""Three simpler strategies made from a configuration, to be compared with it: the same engine, coin, band and size.

Each is a plain configuration: it may be saved, changed and run like any other. None of them leans on the inventory,
follows volume or uses rules, beyond what its description says; the hard limits are those of the configuration.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import mul
from typing import Any, Final, NamedTuple

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.errors import ConfigError

LEAST_CAP: Final = Decimal("0.0001")
"""A weight's cap below 1/venues: the engine then takes 1/venues, which makes all venues equal."""
ONE_LOT: Final = Decimal("0.000000001")
"""A quantity below any lot: the price at it is the mid."""
DIGITS: Final = Decimal("0.00000001")
MOST_VALUE: Final = Decimal(10**9)
"""The largest `risk.max_order_value` there is."""


class Baseline(NamedTuple):
    """A simpler strategy: its name, what it does in a sentence, and how it follows from a configuration."""

    name: str
    text: str
    of: Callable[[StackedMarketMakingConfig], StackedMarketMakingConfig]


class Shown(NamedTuple):
    """What lines show together on one venue and side, at coefficient 1 and no inventory."""

    quantity: Decimal
    half_spread_bps: Decimal
    """Mean distance from the reference, weighted by size; of TOB lines the required one."""
    timeout_s: Decimal
    """Mean time after which an order is renewed, weighted by size; `drift_bps` likewise."""
    drift_bps: Decimal


def market_making(config: StackedMarketMakingConfig) -> StackedMarketMakingConfig:
    """One symmetric line on every venue, around the mid of one venue."""
    mid = {"venue": config.pricing.venue or config.exchanges[0], "quantity": ONE_LOT}
    return derived(config, mid, passive_lines=[symmetric(config)], smart_pricing_source="single_venue")


def passive_quoting(config: StackedMarketMakingConfig) -> StackedMarketMakingConfig:
    """One symmetric line on every venue, around the plain average of the venues' mids."""
    equal = {"venues": None, "quantity": ONE_LOT, "weight_cap": LEAST_CAP, "weight_half_life_ms": 1}
    return derived(config, equal, passive_lines=[symmetric(config)], smart_pricing_source="liquidity_weighted")


def top_of_book(config: StackedMarketMakingConfig) -> StackedMarketMakingConfig:
    """One top-of-book line on every venue: its rate runs only while its price is in the zone, and follows volume."""
    zones = config.tob_lines
    lows = [line.min_price for line in zones if line.min_price is not None]
    highs = [line.max_price for line in zones if line.max_price is not None]
    shown = together(config)
    line = {
        **shape(config, shown),
        "id": "tob",
        "hourly_quantity": rounded(shown.quantity * 3600 / shown.timeout_s),
        "spread_bps": rounded(shown.half_spread_bps),
        "min_price": min(lows) if lows and len(lows) == len(zones) else None,
        "max_price": max(highs) if highs and len(highs) == len(zones) else None,
        "inventory_gate": "off",
        "coefficient_method": "volume",
    }
    return derived(config, {}, tob_lines=[line])


BASELINES: Final = (
    Baseline("market making", "one symmetric line around the price of one venue", market_making),
    Baseline("passive quoting", "one symmetric line around the average of the venues' mids", passive_quoting),
    Baseline(
        "volume-weighted top of book",
        "the best price of each venue improved by a tick, at a rate by volume while in the zone",
        top_of_book,
    ),
)
"""In the order in which they are compared."""


def baselines(config: StackedMarketMakingConfig) -> dict[str, StackedMarketMakingConfig]:
    """The three configurations by name."""
    return {each.name: each.of(config) for each in BASELINES}


def derived(
    config: StackedMarketMakingConfig, pricing: Mapping[str, Any], **settings: Any
) -> StackedMarketMakingConfig:
    """The configuration with other lines and without rule values.

    One order stands for all that the configuration shows, so it may be worth what those may be worth together.
    """
    orders = len(list(parts(config)))
    plain = {
        "tob_lines": [],
        "passive_lines": [],
        "rules": {"folder": config.rules.folder},
        "pricing": {**config.pricing.model_dump(), **pricing},
        "risk": {**config.risk.model_dump(), "max_order_value": min(config.risk.max_order_value * orders, MOST_VALUE)},
    }
    return StackedMarketMakingConfig(**{**config.model_dump(), **plain, **settings})


def symmetric(config: StackedMarketMakingConfig) -> dict[str, Any]:
    """A passive line that shows what all lines show, at their mean distance, alike on both sides whatever is held."""
    shown = together(config)
    half = rounded(shown.half_spread_bps)
    return {
        **shape(config, shown),
        "id": "passive",
        "quantity": rounded(shown.quantity),
        **dict.fromkeys(("mid_spread_bps", "min_spread_bps", "max_spread_bps"), half),
        "spread_coefficient_method": "none",
        "quantity_coefficient_method": "none",
        "randomization_factor": 0,
    }


def shape(config: StackedMarketMakingConfig, shown: Shown) -> dict[str, Any]:
    """What the one line of a baseline has of the lines it stands for. Raises ConfigError where they count apart."""
    currencies = {tob.quantity_currency for tob in config.tob_lines}
    currencies |= {line.quantity_currency for line in config.passive_lines}
    if len(currencies) > 1:
        raise ConfigError(
            "baselines: lines count their quantities in base and in quote, expected one of the two in all lines: "
            "write each quantity_currency alike, or compare without baselines"
        )
    return {
        "quantity_currency": currencies.pop(),
        "timeout_seconds": rounded(shown.timeout_s),
        "drift_bps": rounded(shown.drift_bps),
    }


def together(config: StackedMarketMakingConfig) -> Shown:
    """All orders that the lines of a configuration show on one venue and side, as one."""
    columns = list(zip(*parts(config), strict=True))
    total = sum(columns[0])
    means = (sum(map(mul, columns[0], column)) / total for column in columns[1:])
    return Shown(total, *means)


def parts(config: StackedMarketMakingConfig) -> Iterator[Shown]:
    """Each order that the lines may show at once: the levels of passive lines, and the caps of TOB lines."""
    for line in config.passive_lines:
        for level in range(line.levels):
            quantity = line.quantity * line.level_size_factor**level
            distance = line.mid_spread_bps + level * line.level_step_bps
            yield Shown(quantity, distance, line.timeout_seconds, line.drift_bps)
    for tob in config.tob_lines:
        cap = tob.hourly_quantity * tob.timeout_seconds / 3600
        quantity = cap if tob.max_order is None else min(cap, tob.max_order)
        yield Shown(quantity, tob.spread_bps, tob.timeout_seconds, tob.drift_bps)


def rounded(number: Decimal) -> Decimal:
    """To eight decimals, never to 0."""
    return max(number.quantize(DIGITS), DIGITS)
