"""The model itself: frozen, exact, round-tripping, light, with every published default."""

import copy
import json
import pickle
import subprocess
import sys
from decimal import Decimal

import pytest
from pydantic import ValidationError

from stackedmm.config import (
    TEMPLATES,
    StackedMarketMakingConfig,
    VenueSettings,
    declarations,
    loads,
    validate,
)
from stackedmm.config.fields import Declared
from stackedmm.errors import ConfigError

DEFAULTS = {
    "quote_currencies": ["USDT"],
    "volume_types": ["base", "quote"],
    "ma_types": ["sma", "ewma"],
    "min_fill": "1.0",
    "time_periods": ["5min", "15min", "30min"],
    "coefficient_method": "min",
    "min_coefficient": "0.2",
    "max_coefficient": "3.0",
    "smart_pricing_source": "aggregated",
    "taker_check": True,
    "hedging_enabled": True,
    "hedging_targets": {},
    "leverage": "1",
    "target_source": "manual",
    "inventory.inventory_price_method": "accounting",
    "inventory.manual_inventory_price": None,
    "inventory.start_time": None,
    "inventory.coefficient_scale": "target",
    "inventory.opening_inventory": "venue",
    "inventory.opening_price": None,
    "tob_lines.0.quantity_currency": "base",
    "tob_lines.0.sides": "both",
    "tob_lines.0.spread_bps": "50",
    "tob_lines.0.min_price": None,
    "tob_lines.0.max_price": None,
    "tob_lines.0.spread_from_inventory": True,
    "tob_lines.0.inventory_gate": "clamp",
    "tob_lines.0.drift_bps": "30",
    "tob_lines.0.timeout_seconds": "30",
    "tob_lines.0.coefficient_method": "inventory",
    "tob_lines.0.min_coefficient": None,
    "tob_lines.0.max_coefficient": None,
    "tob_lines.0.mode": "two_sided",
    "tob_lines.0.enabled": {"bid": True, "offer": True},
    "tob_lines.0.scope": "venue",
    "tob_lines.0.max_order": None,
    "tob_lines.0.max_clamp_bps": "200",
    "tob_lines.0.min_requote_ticks": 1,
    "tob_lines.0.min_replace_interval_ms": 500,
    "tob_lines.0.volatility_response": "0",
    "tob_lines.0.drift_response": "0",
    "passive_lines.0.min_spread_bps": "10",
    "passive_lines.0.max_spread_bps": "200",
    "passive_lines.0.quantity_currency": "base",
    "passive_lines.0.sides": "both",
    "passive_lines.0.randomization_factor": "0.05",
    "passive_lines.0.timeout_seconds": "60",
    "passive_lines.0.drift_bps": "20",
    "passive_lines.0.drift_anchor": "reference",
    "passive_lines.0.spread_coefficient_method": "inventory",
    "passive_lines.0.quantity_coefficient_method": "volume",
    "passive_lines.0.volume_spread_response": "0",
    "passive_lines.0.allocation": "replicate",
    "passive_lines.0.levels": 1,
    "passive_lines.0.level_step_bps": "5",
    "passive_lines.0.level_size_factor": "1.0",
    "passive_lines.0.requote_bps": None,
    "passive_lines.0.enabled": {"bid": True, "offer": True},
    "passive_lines.0.min_replace_interval_ms": 500,
    "passive_lines.0.volatility_response": "0",
    "passive_lines.0.drift_response": "0",
    "pricing.venues": None,
    "pricing.venue": None,
    "pricing.quantity": None,
    "pricing.max_age_ms": 2000,
    "pricing.fallback": "none",
    "pricing.anchor": "usdt",
    "pricing.weight_depth_bps": "25",
    "pricing.weight_cap": "0.8",
    "pricing.weight_half_life_ms": 500,
    "hedging.band": "10",
    "hedging.cooldown": "1",
    "risk.max_order_value": "10000",
    "risk.max_open_orders": 50,
    "risk.collar_bps": "300",
    "risk.max_skew_bps": "100",
    "risk.messages_per_second": None,
    "risk.cancel_reserve": "0.2",
    "risk.max_loss": None,
    "risk.max_drawdown": None,
    "risk.stale_ms": 2000,
    "rules.folder": "rules",
    "rules.values": {},
}


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_default_is_the_published_one(document, path):
    value = json.loads(validate(document).to_json())
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    assert value == DEFAULTS[path]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_configuration_survives_json_pickle_and_copies(name):
    config = TEMPLATES[name]()
    again = loads(config.to_json())
    assert again == config
    assert again.digest() == config.digest()
    assert hash(again) == hash(config)
    assert pickle.loads(pickle.dumps(config)) == config
    assert copy.deepcopy(config) == config


def test_everything_survives_json(document):
    document |= {
        "exchanges": ["gateio", "bybit_perp"],
        "quote_currencies": ["USDT", "BTC"],
        "hedging_targets": {"BTC": "-0.50"},
        "venues": {"gate": {"enabled": False}},
        "rules": {"values": {"lean": {"strength": "12.0"}}},
    }
    document["inventory"] |= {"start_time": "2024-01-01T02:00:00.25+02:00", "opening_inventory": "5.0"}
    config = validate(document)
    read = json.loads(config.to_json())
    assert read["hedging_targets"] == {"BTC": "-0.50"}
    assert read["inventory"]["start_time"] == "2024-01-01T00:00:00.250000Z"
    assert read["inventory"]["opening_inventory"] == "5.0"
    assert loads(config.to_json(2)) == config


def test_nothing_in_a_configuration_can_be_changed(document):
    config = validate(document | {"venues": {"bybit": {}}, "rules": {"values": {"lean": {"strength": 1}}}})
    with pytest.raises(ValidationError, match="frozen"):
        config.leverage = 2
    with pytest.raises(ValidationError, match="frozen"):
        config.tob_lines[0].spread_bps = 2
    for mapping in (config.venues, config.rules.values, config.rules.values["lean"]):
        with pytest.raises(TypeError, match="never changes"):
            mapping["bybit"] = 1
        with pytest.raises(TypeError, match="never changes"):
            mapping.clear()


def test_the_document_that_was_read_is_not_kept(document):
    config = validate(document)
    document["exchanges"].append("okx")
    document["tob_lines"].clear()
    assert config.exchanges == ("binance", "bybit")
    assert len(config.tob_lines) == 1


def test_equal_configurations_have_one_digest_however_their_numbers_are_written(document):
    config = validate(document)
    document["tob_lines"][0]["hourly_quantity"] = "50.000"
    same = validate(document)
    document["tob_lines"][0]["hourly_quantity"] = "50.001"
    other = validate(document)
    assert same == config
    assert same.digest() == config.digest() != other.digest()


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_digest_is_the_same_in_every_process(seed):
    code = "from stackedmm.config import ConfigTemplates as T; print(T.aggressive_multi_currency().digest())"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == TEMPLATES["aggressive_multi_currency"]().digest()


def test_importing_the_configuration_loads_nothing_heavy():
    code = (
        "import sys, stackedmm.config; "
        "print([n for n in ('numpy', 'pandas', 'numba', 'panel', 'ccxt', 'rich') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_configuration_shows_only_what_differs_from_the_defaults(document):
    shown = repr(validate(document))
    assert "hourly_quantity=Decimal('50')" in shown
    assert "spread_bps" not in shown.replace("mid_spread_bps", "")
    assert "risk" not in shown


def test_exchanges_keep_their_spelling_and_know_what_they_mean(document):
    names = ["binance", "gateio", "binance_perp", "bybit_perp", "okx_spot", "hyperliquid_perp", "kraken_perp"]
    config = validate(document | {"exchanges": names})
    assert list(config.exchanges) == names
    assert list(config.venues_by_name.items()) == [
        ("binance", ("binance", "spot")),
        ("gateio", ("gate", "spot")),
        ("binance_perp", ("binanceusdm", "perp")),
        ("bybit_perp", ("bybit", "perp")),
        ("okx_spot", ("okx", "spot")),
        ("hyperliquid_perp", ("hyperliquid", "perp")),
        ("kraken_perp", ("krakenfutures", "perp")),
    ]


def test_settings_of_a_venue_are_found_under_each_of_its_names(document):
    config = validate(document | {"exchanges": ["gateio", "bybit"], "venues": {"gate_spot": {"size_factor": 2}}})
    assert config.settings_of("gateio") == config.settings_of("gate") == VenueSettings(size_factor=Decimal(2))
    assert config.settings_of("bybit") == VenueSettings()


def test_periods_are_given_in_seconds_shortest_first(document):
    config = validate(document | {"time_periods": ["4h", "30s", "1d", "5min"]})
    assert config.time_periods == ("4h", "30s", "1d", "5min")
    assert config.period_seconds == (30, 300, 14_400, 86_400)


def test_every_setting_is_declared_with_help_and_every_number_with_bounds():
    rows = list(declarations(StackedMarketMakingConfig))
    assert len(rows) == len({row.path for row in rows}) > 100
    for row in rows:
        assert row.help, row.path
        if row.type.startswith(("decimal", "integer", "list")) or " or decimal" in row.type:
            assert row.bounds or row.path == "inventory.opening_inventory", row.path


def test_every_group_of_settings_refuses_unknown_keys():
    groups = [group for group in Declared.__subclasses__() if group.__module__.startswith("stackedmm.config")]
    assert len(groups) == 11
    for group in groups:
        with pytest.raises((ValidationError, ConfigError), match="nonsense"):
            group(nonsense=1)
