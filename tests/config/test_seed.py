"""What the first description of the system showed must load and run as written."""

import json
from decimal import Decimal

from stackedmm.config import (
    ConfigTemplates,
    InventoryPriceMethod,
    StackedMarketMakingConfigBuilder,
    loads,
)

DOCUMENT = """
{
  "base_coin": "BERA",
  "quote_currencies": ["USDT", "BTC", "ETH"],
  "exchanges": ["binance", "bybit", "gateio"],

  "inventory": {
    "target_inventory": "1000.0",
    "max_inventory_deviation": "500.0",
    "inventory_price_method": "accounting",
    "start_time": "2024-01-01T00:00:00Z"
  },

  "tob_lines": [{
    "hourly_quantity": "50.0",
    "spread_bps": "30.0",
    "timeout_seconds": 30,
    "coefficient_method": "volume",
    "sides": "both"
  }],

  "passive_lines": [{
    "mid_spread_bps": "15.0",
    "quantity": "25.0",
    "timeout_seconds": 120,
    "randomization_factor": "0.03",
    "quantity_coefficient_method": "volume"
  }],

  "time_periods": ["5min", "15min", "30min"],
  "coefficient_method": "min",
  "min_coefficient": "0.2",
  "max_coefficient": "3.0"
}
"""


def test_the_json_example_loads_with_every_value_it_states():
    config = loads(DOCUMENT)
    written, read = json.loads(DOCUMENT), json.loads(config.to_json())
    (tob,), (passive,) = written.pop("tob_lines"), written.pop("passive_lines")
    inventory = written.pop("inventory")
    assert {key: read[key] for key in written} == written
    assert {key: read["inventory"][key] for key in inventory} == inventory
    assert {key: read["tob_lines"][0][key] for key in tob} == tob | {"timeout_seconds": "30"}
    assert {key: read["passive_lines"][0][key] for key in passive} == passive | {"timeout_seconds": "120"}


def test_the_basic_example_gets_its_template():
    config = ConfigTemplates.conservative_bera_usdt()
    assert config.base_coin == "BERA"
    assert list(config.exchanges) == ["binance", "bybit", "gateio"]


def test_the_custom_example_builds():
    config = (
        StackedMarketMakingConfigBuilder()
        .set_basic_info("BERA", ["USDT"], ["binance", "bybit"])
        .set_inventory_config(
            target_inventory=Decimal("1500"),
            max_deviation=Decimal("750"),
            price_method=InventoryPriceMethod.ACCOUNTING,
        )
        .add_tob_line(hourly_quantity=Decimal("75"), spread_bps=Decimal("25"), coefficient_method="both")
        .add_passive_line(mid_spread_bps=Decimal("12"), quantity=Decimal("40"), randomization_factor=Decimal("0.04"))
        .build()
    )
    assert config.inventory.max_inventory_deviation == 750
    assert config.tob_lines[0].coefficient_method == "both"
    assert config.passive_lines[0].randomization_factor == Decimal("0.04")
