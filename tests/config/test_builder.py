"""The builder and the templates."""

import inspect
import json
from decimal import Decimal

import pytest

from stackedmm.config import (
    TEMPLATES,
    ConfigTemplates,
    InventoryPriceMethod,
    PassiveLine,
    Pricing,
    SmartPricingSource,
    StackedMarketMakingConfigBuilder,
    TobLine,
    loads,
)
from stackedmm.errors import ConfigError


def basic() -> StackedMarketMakingConfigBuilder:
    return (
        StackedMarketMakingConfigBuilder()
        .set_basic_info("BERA", ["USDT"], ["binance", "bybit"])
        .set_inventory_config(1000, 500)
        .add_tob_line(50)
    )


SIGNATURES = {
    "set_basic_info": {"base_coin": ..., "quote_currencies": ..., "exchanges": ...},
    "set_inventory_config": {
        "target_inventory": ..., "max_deviation": ..., "price_method": InventoryPriceMethod.ACCOUNTING,
        "manual_price": None, "start_time": None,
    },
    "add_tob_line": {
        "hourly_quantity": ..., "spread_bps": 50, "sides": "both", "timeout_seconds": 30, "drift_bps": 30,
        "min_price": None, "max_price": None, "coefficient_method": "inventory",
    },
    "add_passive_line": {
        "mid_spread_bps": ..., "quantity": ..., "sides": "both", "timeout_seconds": 60, "drift_bps": 20,
        "min_spread_bps": 10, "max_spread_bps": 200, "randomization_factor": Decimal("0.05"),
    },
    "set_coefficient_config": {
        "time_periods": None, "coefficient_method": "min", "min_coefficient": Decimal("0.2"), "max_coefficient": 3,
    },
    "set_advanced_options": {
        "leverage": 1, "taker_check": True, "smart_pricing_source": SmartPricingSource.AGGREGATED,
        "hedging_enabled": True,
    },
    "reset": {},
    "build": {},
    "build_json": {"indent": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_method_takes_the_published_arguments_in_order_with_their_defaults(name):
    parameters = list(inspect.signature(getattr(StackedMarketMakingConfigBuilder, name)).parameters.values())[1:]
    named = {
        parameter.name: ... if parameter.default is inspect.Parameter.empty else parameter.default
        for parameter in parameters
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    assert list(named.items()) == list(SIGNATURES[name].items())


def test_every_step_returns_the_builder():
    builder = StackedMarketMakingConfigBuilder()
    assert builder.set_basic_info("BERA", ["USDT"], ["binance"]) is builder
    assert builder.set_inventory_config(1, 1) is builder
    assert builder.add_tob_line(1) is builder
    assert builder.add_passive_line(15, 1) is builder
    assert builder.set_coefficient_config() is builder
    assert builder.set_advanced_options() is builder
    assert builder.reset() is builder


def test_what_was_built_never_changes_afterwards():
    builder = basic()
    first = builder.build()
    text = first.to_json()
    builder.add_tob_line(99).set_inventory_config(5, 5).set_advanced_options(hedging_enabled=False)
    second = builder.build()
    builder.reset()
    assert first.to_json() == text
    assert len(second.tob_lines) == 2


def test_what_the_caller_does_to_its_own_lists_changes_nothing():
    exchanges, values, shares = ["binance", "bybit"], {"lean": {"strength": 1}}, {"bybit": {"max_share": "0.5"}}
    builder = basic().set_basic_info("BERA", ["USDT"], exchanges)
    builder.set_advanced_options(rules={"values": values}, venues=shares)
    exchanges.append("okx")
    values["lean"]["strength"] = 9
    shares["bybit"]["max_share"] = 1
    config = builder.build()
    assert config.exchanges == ("binance", "bybit")
    assert config.rules.values == {"lean": {"strength": 1}}
    assert config.venues["bybit"].max_share == Decimal("0.5")


def test_every_further_setting_of_a_line_is_a_keyword():
    tob = {"hourly_quantity": "7", "id": "x", "inventory_gate": "strict", "max_order": "3", "enabled": {"bid": False}}
    passive = {"mid_spread_bps": "20", "quantity": "1", "levels": 4, "allocation": "liquidity_shares"}
    config = basic().add_tob_line(**tob).add_passive_line(**passive).build()
    assert config.tob_lines[1] == TobLine.model_validate(tob)
    assert config.passive_lines[0] == PassiveLine.model_validate(passive)


def test_every_further_setting_of_the_document_is_a_keyword():
    builder = basic().set_basic_info("BERA", ["USDT", "BTC"], ["binance"], min_fill="0.5")
    builder.set_inventory_config(0, 1, coefficient_scale="max_deviation", opening_inventory=5)
    builder.set_coefficient_config(["1min", "5min"], volume_types=["ratio"])
    config = builder.set_advanced_options(hedging_targets={"BTC": "0.5"}, pricing=Pricing(anchor="native")).build()
    assert config.min_fill == Decimal("0.5")
    assert config.inventory.coefficient_scale == "max_deviation"
    assert config.inventory.opening_inventory == 5
    assert config.volume_types == ("ratio",)
    assert config.hedging_targets == {"BTC": Decimal("0.5")}
    assert config.pricing.anchor == "native"


def test_a_word_may_stand_for_an_enumerations_member():
    builder = basic().set_inventory_config(1, 1, price_method="fifo")
    config = builder.set_advanced_options(smart_pricing_source="component", pricing={"venues": ["bybit"]}).build()
    assert config.inventory.inventory_price_method is InventoryPriceMethod.FIFO
    assert config.smart_pricing_source is SmartPricingSource.COMPONENT_VENUES
    assert config.smart_pricing_source == "component_venues"


def test_a_misspelt_keyword_is_reported_with_all_other_problems():
    with pytest.raises(ConfigError) as refusal:
        basic().add_tob_line(0, hourly_qty=5).set_advanced_options(leverage=9).build()
    assert {line.partition(":")[0] for line in str(refusal.value).split("\n")} == {
        "tob_lines[1].hourly_quantity",
        "tob_lines[1].hourly_qty",
        "leverage",
    }


@pytest.mark.parametrize("names", ["USDT", None, 5])
def test_a_list_of_names_must_be_one(names):
    with pytest.raises(ConfigError, match=r"quote_currencies: found .*, expected a list"):
        basic().set_basic_info("BERA", names, ["binance"]).build()


def test_an_empty_builder_says_what_is_missing():
    with pytest.raises(ConfigError) as refusal:
        basic().reset().build()
    missing = [line.partition(":")[0] for line in str(refusal.value).split("\n") if "missing" in line]
    assert missing == ["base_coin", "exchanges", "inventory"]


def test_the_json_of_a_builder_loads_as_what_it_builds():
    text = basic().build_json()
    assert loads(text) == basic().build()
    assert text.split("\n")[1].startswith('  "version"')
    assert "\n" not in basic().build_json(indent=None)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_passes_its_own_validation(name):
    config = getattr(ConfigTemplates, name)()
    assert loads(config.to_json()) == config == TEMPLATES[name]()


def settings(config) -> dict:
    """What a template sets, without the defaults."""
    return {
        "exchanges": config.exchanges,
        "quotes": config.quote_currencies,
        "inventory": (config.inventory.target_inventory, config.inventory.max_inventory_deviation,
                      config.inventory.inventory_price_method.value),
        "tob": [(line.hourly_quantity, line.spread_bps, line.timeout_seconds, line.drift_bps, line.coefficient_method)
                for line in config.tob_lines],
        "passive": [(line.mid_spread_bps, line.quantity, line.timeout_seconds, str(line.randomization_factor),
                     line.min_spread_bps, line.max_spread_bps) for line in config.passive_lines],
        "periods": config.time_periods,
        "coefficient": (config.coefficient_method, str(config.min_coefficient), str(config.max_coefficient)),
        "source": config.smart_pricing_source.value,
        "hedging": config.hedging_enabled,
    }  # fmt: skip


def test_the_conservative_template_says_what_was_published():
    assert settings(ConfigTemplates.conservative_bera_usdt()) == {
        "exchanges": ("binance", "bybit", "gateio"),
        "quotes": ("USDT",),
        "inventory": (1000, 500, "accounting"),
        "tob": [(50, 30, 30, 30, "inventory")],
        "passive": [(15, 25, 120, "0.03", 10, 200)],
        "periods": ("5min", "15min"),
        "coefficient": ("min", "0.2", "3.0"),
        "source": "aggregated",
        "hedging": True,
    }


def test_the_aggressive_template_says_what_was_published():
    assert settings(ConfigTemplates.aggressive_multi_currency()) == {
        "exchanges": ("binance", "bybit", "gateio", "mexc"),
        "quotes": ("USDT", "BTC", "ETH"),
        "inventory": (2000, 1000, "mark_to_market"),
        "tob": [(100, 20, 20, 30, "both"), (200, 40, 45, 30, "inventory")],
        "passive": [(10, 50, 90, "0.05", 10, 200), (25, 100, 180, "0.05", 10, 300)],
        "periods": ("5min", "10min", "15min"),
        "coefficient": ("mid", "0.2", "4.0"),
        "source": "liquidity_weighted",
        "hedging": True,
    }


def test_the_fast_template_says_what_was_published():
    assert settings(ConfigTemplates.high_frequency_single_venue()) == {
        "exchanges": ("binance",),
        "quotes": ("USDT",),
        "inventory": (500, 250, "accounting"),
        "tob": [(200, 15, 10, 15, "volume")],
        "passive": [(8, 75, 30, "0.02", 5, 200)],
        "periods": ("1min", "5min"),
        "coefficient": ("max", "0.5", "5.0"),
        "source": "single_venue",
        "hedging": False,
    }


def test_a_template_is_made_anew_each_time():
    assert json.loads(ConfigTemplates.conservative_bera_usdt().to_json())["base_coin"] == "BERA"
    assert ConfigTemplates.conservative_bera_usdt() is not ConfigTemplates.conservative_bera_usdt()
