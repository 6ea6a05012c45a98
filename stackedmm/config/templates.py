"""Complete configurations to start from."""

from collections.abc import Callable
from typing import Final

from stackedmm.config.builder import StackedMarketMakingConfigBuilder
from stackedmm.config.choices import InventoryPriceMethod, SmartPricingSource
from stackedmm.config.model import StackedMarketMakingConfig


class ConfigTemplates:
    """Three configurations that work as they are, from cautious to fast."""

    @staticmethod
    def conservative_bera_usdt() -> StackedMarketMakingConfig:
        """BERA against USDT on three venues, slowly and in small sizes."""
        return (
            StackedMarketMakingConfigBuilder()
            .set_basic_info("BERA", ["USDT"], ["binance", "bybit", "gateio"])
            .set_inventory_config(1000, 500, InventoryPriceMethod.ACCOUNTING)
            .add_tob_line(50, spread_bps=30, timeout_seconds=30)
            .add_passive_line(15, 25, timeout_seconds=120, randomization_factor="0.03")
            .set_coefficient_config(["5min", "15min"], "min", "0.2", "3.0")
            .build()
        )

    @staticmethod
    def aggressive_multi_currency() -> StackedMarketMakingConfig:
        """BERA against USDT, BTC and ETH on four venues, two lines of each kind, priced by liquidity."""
        return (
            StackedMarketMakingConfigBuilder()
            .set_basic_info("BERA", ["USDT", "BTC", "ETH"], ["binance", "bybit", "gateio", "mexc"])
            .set_inventory_config(2000, 1000, InventoryPriceMethod.MARK_TO_MARKET)
            .add_tob_line(100, spread_bps=20, timeout_seconds=20, coefficient_method="both")
            .add_tob_line(200, spread_bps=40, timeout_seconds=45)
            .add_passive_line(10, 50, timeout_seconds=90)
            .add_passive_line(25, 100, timeout_seconds=180, max_spread_bps=300)
            .set_coefficient_config(["5min", "10min", "15min"], "mid", max_coefficient="4.0")
            .set_advanced_options(smart_pricing_source=SmartPricingSource.LIQUIDITY_WEIGHTED)
            .build()
        )

    @staticmethod
    def high_frequency_single_venue() -> StackedMarketMakingConfig:
        """BERA against USDT on one venue, tight and quick, following that venue's volume."""
        return (
            StackedMarketMakingConfigBuilder()
            .set_basic_info("BERA", ["USDT"], ["binance"])
            .set_inventory_config(500, 250)
            .add_tob_line(200, spread_bps=15, timeout_seconds=10, drift_bps=15, coefficient_method="volume")
            .add_passive_line(8, 75, timeout_seconds=30, min_spread_bps=5, randomization_factor="0.02")
            .set_coefficient_config(["1min", "5min"], "max", "0.5", "5.0")
            .set_advanced_options(smart_pricing_source=SmartPricingSource.SINGLE_VENUE, hedging_enabled=False)
            .build()
        )


TEMPLATES: Final[dict[str, Callable[[], StackedMarketMakingConfig]]] = {
    "conservative_bera_usdt": ConfigTemplates.conservative_bera_usdt,
    "aggressive_multi_currency": ConfigTemplates.aggressive_multi_currency,
    "high_frequency_single_venue": ConfigTemplates.high_frequency_single_venue,
}
"""The templates by name."""
