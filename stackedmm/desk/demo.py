"""What the desk trades when nobody says: a demonstration that the rules folder shapes, and one for any recording."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from math import floor, log10
from pathlib import Path
from typing import Final

from stackedmm.config import InventoryPriceMethod, StackedMarketMakingConfig, StackedMarketMakingConfigBuilder, venue
from stackedmm.core.market import INVERSE, Market
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import inferred
from stackedmm.lab.data import pairs_of

HELD: Final = 6000
"""About what the inventory of a demonstration is worth, in the quote currency."""


def demonstration(
    coin: str = "BERA",
    quote: str = "USDT",
    exchanges: Sequence[str] = ("binance", "bybit", "gate"),
    target: Decimal = Decimal(1000),
    min_bps: str = "2",
) -> StackedMarketMakingConfig:
    """A lively two-line configuration in which no line's own method shapes a quote: the rules folder does it all."""
    return (
        StackedMarketMakingConfigBuilder()
        .set_basic_info(coin, [quote], list(exchanges))
        .set_inventory_config(target, target / 2, InventoryPriceMethod.MARK_TO_MARKET)
        .add_tob_line(
            target * 3 / 5,
            spread_bps=5,
            timeout_seconds=60,
            coefficient_method="none",
            min_requote_ticks=3,
            min_replace_interval_ms=250,
        )
        .add_passive_line(
            8,
            target / 40,
            timeout_seconds=60,
            min_spread_bps=min_bps,
            max_spread_bps=120,
            levels=2,
            level_step_bps=8,
            requote_bps=3,
            min_replace_interval_ms=250,
            spread_coefficient_method="none",
            quantity_coefficient_method="none",
        )
        .set_coefficient_config(["5min", "15min", "30min"], "mid", "0.2", "3.0")
        .build()
    )


def markets_in(files: Sequence[str]) -> list[Market]:
    """The markets that neutral files hold, as far as their names tell."""
    pairs = sorted({pair for name in files for pair in pairs_of(Path(name))})
    return [inferred(*pair, Decimal(1), Decimal(1))[0] for pair in pairs]


def coin_of(markets: Sequence[Market]) -> StackedMarketMakingConfig:
    """A demonstration on the coin and quote that most of a recording's markets trade, of no particular size."""
    tradable = [market for market in markets if market.kind != INVERSE]
    if not tradable:
        raise ConfigError("data: no spot or linear market found")
    (coin, quote), _ = Counter((m.base, m.quote) for m in tradable).most_common(1)[0]
    chosen = [m for m in tradable if (m.base, m.quote) == (coin, quote)]
    return demonstration(coin, quote, list(dict.fromkeys(map(name_of, chosen))))


def sized(config: StackedMarketMakingConfig, price: float) -> StackedMarketMakingConfig:
    """The same demonstration with quantities that are worth about what the built-in one's are."""
    coins = HELD / price
    digits = floor(log10(coins))
    target = Decimal(round(coins / 10**digits)).scaleb(digits)
    return demonstration(config.base_coin, config.quote_currencies[0], config.exchanges, target, min_bps="1")


def name_of(market: Market) -> str:
    """How a configuration names the venue of a market: its id, with the kind where the bare id means another."""
    kind = "spot" if market.kind == "spot" else "perp"
    return market.venue if venue(market.venue).kind == kind else f"{market.venue}_{kind}"
