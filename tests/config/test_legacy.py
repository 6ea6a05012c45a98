"""Documents in older spellings."""

import json
from decimal import Decimal

import pytest

from stackedmm.config import import_legacy
from stackedmm.errors import ConfigError

OLD = {
    "base_coin": "BERA",
    "quote_currencies": ["USDT"],
    "exchanges": ["binance_spot", "hyperliquid_perp"],
    "inventory_config": {"target_inventory": "1000", "max_inventory_deviation": "500"},
    "tob_lines": [{"hourly_quantity": "50"}],
}


def test_the_older_names_are_read_and_reported():
    config, warnings = import_legacy(json.dumps(OLD))
    assert config.inventory.max_inventory_deviation == 500
    assert config.exchanges == ("binance_spot", "hyperliquid_perp")
    assert warnings == [
        "inventory_config: read as inventory",
        "exchanges: binance_spot is read as binance, spot market",
        "exchanges: hyperliquid_perp is read as hyperliquid, perp market",
    ]


def test_one_extra_nesting_is_read_and_what_is_around_it_is_left_out_aloud():
    inner = {key: value for key, value in OLD.items() if key != "exchanges"}
    outer = {"instance_id": "a", "symbol": "BERA/USDT", "exchanges": ["binance"], "config": inner}
    config, warnings = import_legacy(json.dumps(outer))
    assert config.exchanges == ("binance",)
    assert "instance_id: left out; it is not part of a configuration" in warnings
    assert "config: the settings inside it are read as the document" in warnings


def test_two_values_for_one_setting_are_refused():
    with pytest.raises(ConfigError, match="exchanges: found one value outside config and another inside"):
        import_legacy(json.dumps({"exchanges": ["okx"], "config": OLD}))
    with pytest.raises(ConfigError, match="inventory_config: found beside inventory"):
        import_legacy(json.dumps(OLD | {"inventory": {}}))


@pytest.mark.parametrize("zero", ["0", 0, "0.0", 0.0, "-0"])
def test_a_deviation_of_zero_is_refused_until_a_value_is_given(zero):
    old = OLD | {"inventory_config": {"target_inventory": "1000", "max_inventory_deviation": zero}}
    with pytest.raises(ConfigError, match=r"inventory\.max_inventory_deviation: found 0, which once meant no limit"):
        import_legacy(json.dumps(old))
    config, warnings = import_legacy(json.dumps(old), max_inventory_deviation="250")
    assert config.inventory.max_inventory_deviation == Decimal(250)
    assert "inventory.max_inventory_deviation: 0 is replaced by 250, as asked" in warnings


def test_a_value_in_place_of_zero_is_validated_too():
    old = OLD | {"inventory_config": {"target_inventory": "1000", "max_inventory_deviation": 0}}
    with pytest.raises(ConfigError, match='max_inventory_deviation: found "much"'):
        import_legacy(json.dumps(old), max_inventory_deviation="much")


def test_a_deviation_that_is_not_zero_is_kept_whatever_is_given():
    config, _ = import_legacy(json.dumps(OLD), max_inventory_deviation=1)
    assert config.inventory.max_inventory_deviation == 500


def test_builder_names_inside_the_inventory_are_read():
    inventory = {"target_inventory": 1, "max_deviation": 2, "price_method": "manual", "manual_price": "3"}
    config, warnings = import_legacy(json.dumps(OLD | {"inventory_config": inventory}))
    assert config.inventory.max_inventory_deviation == 2
    assert config.inventory.manual_inventory_price == 3
    assert "inventory.max_deviation: read as inventory.max_inventory_deviation" in warnings


def test_a_short_target_on_spot_alone_is_accepted_with_a_warning():
    inventory = {"target_inventory": "-1000", "max_inventory_deviation": "500"}
    _, warnings = import_legacy(json.dumps(OLD | {"inventory_config": inventory, "exchanges": ["binance"]}))
    assert warnings[-1] == "inventory.target_inventory: below 0, and no venue can go short"
    _, warnings = import_legacy(json.dumps(OLD | {"inventory_config": inventory}))
    assert not any("go short" in warning for warning in warnings)


def test_todays_spelling_is_read_without_a_warning():
    today = {key: value for key, value in OLD.items() if key != "inventory_config"}
    today |= {"inventory": OLD["inventory_config"], "exchanges": ["binance"]}
    config, warnings = import_legacy(json.dumps(today))
    assert warnings == []
    assert config.base_coin == "BERA"


@pytest.mark.parametrize("text", ["", "[]", '{"config": []}', '{"inventory_config": 5}', '{"a": 1, "a": 2}'])
def test_what_is_no_configuration_in_any_spelling_is_refused(text):
    with pytest.raises(ConfigError):
        import_legacy(text)
