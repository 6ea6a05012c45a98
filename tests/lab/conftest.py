"""A small run and its recording, made once, and the configuration of a recorded market."""

from pathlib import Path
from typing import Any

import pytest

import stackedmm as mm
from stackedmm.core.recording import Recording
from stackedmm.lab import Comparison, Result, market_for

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "rules"

BTC: dict[str, Any] = {
    "base_coin": "BTC",
    "exchanges": ["binance", "binanceusdm"],
    "inventory": {
        "target_inventory": "1",
        "max_inventory_deviation": "0.5",
        "inventory_price_method": "mark_to_market",
    },
    "tob_lines": [{"hourly_quantity": "20", "spread_bps": "1", "timeout_seconds": 10}],
    "passive_lines": [
        {"mid_spread_bps": "2", "min_spread_bps": "1", "quantity": "0.05", "levels": 2, "level_step_bps": "1"}
    ],
    "time_periods": ["30s", "1min", "2min"],
}


@pytest.fixture(scope="session")
def config() -> Any:
    """The cautious template."""
    return mm.ConfigTemplates.conservative_bera_usdt()


@pytest.fixture(scope="session")
def market(config: Any) -> Recording:
    """Ten minutes of its market."""
    return market_for(config, 600, seed=5)


@pytest.fixture(scope="session")
def ruled(config: Any, market: Recording) -> Result:
    """The template over its market, with the rules that come with the package and fees."""
    return mm.backtest(config, market, RULES, fees=("1", "5"))


@pytest.fixture(scope="session")
def btc() -> dict[str, Any]:
    """A configuration for spot and perp of the recorded BTC."""
    return BTC


@pytest.fixture(scope="session")
def recorded(data: Path) -> Result:
    """Six recorded minutes of BTC, spot and perp, with fees."""
    return mm.backtest(BTC, data / "books" / "binance3_20240808.parquet", RULES, fees=("-0.2", "4"))


@pytest.fixture(scope="session")
def compared(config: Any, market: Recording) -> Comparison:
    """The template beside simpler strategies over its market, with rules and fees."""
    return mm.compare(config, market, RULES, fees=("1", "5"))
