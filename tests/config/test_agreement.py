"""Settings that are valid one by one and contradict each other; and that every problem is reported at once."""

from decimal import Decimal

import pytest

from stackedmm.config import TobLine, validate
from stackedmm.errors import ConfigError

CONTRADICTIONS = {
    "exchange twice": ({"exchanges": ["binance", "binance"]}, "exchanges[1]: found \"binance\", expected each once"),
    "exchange twice by alias": ({"exchanges": ["gate", "gateio"]}, "it means the same as gate"),
    "exchange twice by suffix": ({"exchanges": ["binance", "binance_spot"]}, "it means the same as binance"),
    "exchange twice by perps": ({"exchanges": ["binanceusdm", "binance_perp"]}, "it means the same as binanceusdm"),
    "quote twice": ({"quote_currencies": ["USDT", "USDT"]}, "quote_currencies[1]: found \"USDT\", expected each once"),
    "base is a quote": ({"quote_currencies": ["USDT", "BERA"]}, "quote_currencies[1]: found \"BERA\", expected a"),
    "bounds of the coefficient": ({"min_coefficient": "3.1"}, "min_coefficient: found 3.1, expected at most"),
    "period twice": ({"time_periods": ["5min", "5min"]}, "time_periods[1]: found \"5min\", expected each once"),
    "period twice in other units": ({"time_periods": ["60s", "1min"]}, "it means the same as 60s"),
    "volume type twice": ({"volume_types": ["base", "base"]}, "volume_types[1]"),
    "average twice": ({"ma_types": ["sma", "sma"]}, "ma_types[1]"),
    "leverage on spot": ({"leverage": 2}, "leverage: found 2, expected 1, because of the spot venues binance, bybit"),
    "leverage below one on spot": ({"leverage": "0.5"}, "leverage: found 0.5, expected 1"),
    "leverage on one spot venue": ({"leverage": 2, "exchanges": ["binance_perp", "bybit"]}, "spot venues bybit"),
    "no lines": ({"tob_lines": [], "passive_lines": []}, "tob_lines: found \"no line\", expected at least one"),
    "settings of another venue": ({"venues": {"okx": {}}}, "venues.okx: found \"okx\", expected one"),
    "settings twice": ({"venues": {"bybit": {}, "bybit_spot": {}}}, "venues.bybit_spot: found \"bybit_spot\""),
    "all venues off": (
        {"venues": {"bybit": {"enabled": False}, "binance": {"enabled": False}}},
        "venues: found \"all venues disabled\", expected at least one enabled",
    ),
    "component venues unnamed": ({"smart_pricing_source": "component"}, "pricing.venues: found null, expected the"),
    "pricing from another venue": ({"pricing": {"venues": ["okx"]}}, "pricing.venues[0]: found \"okx\", expected one"),
    "pricing from one venue twice": ({"pricing": {"venues": ["bybit", "bybit_spot"]}}, "pricing.venues[1]"),
    "single venue elsewhere": ({"pricing": {"venue": "okx"}}, "pricing.venue: found \"okx\", expected one"),
    "hedging the first quote": ({"hedging_targets": {"USDT": 1}}, "hedging_targets.USDT: found \"USDT\", expected a"),
    "hedging what is not quoted": ({"hedging_targets": {"BTC": 1}}, "after the first: there is none"),
    "base hedge without a venue": ({"hedging": {"base_ratio": 1}}, "hedging.base_venue: found null, expected a venue"),
    "base hedge on spot": ({"hedging": {"base_venue": "bybit"}}, "hedging.base_venue: found \"bybit\", expected"),
    "http without an address": ({"target_source": "http"}, "target.url: found null, expected a value, because"),
    "signal without a name": ({"target_source": "signal"}, "target.signal: found null, expected a value, because"),
    "bounds of the target": ({"target": {"low": 2, "high": 1}}, "target.low: found 2, expected at most high, 1"),
}  # fmt: skip

LINES = {
    "mid below min": ("passive_lines", {"mid_spread_bps": 9}, "mid_spread_bps: found 9, expected within"),
    "mid above max": ("passive_lines", {"max_spread_bps": 14}, "mid_spread_bps: found 15, expected within"),
    "min above max": ("passive_lines", {"min_spread_bps": 300}, "min_spread_bps: found 300, expected at most"),
    "ladder to zero": (
        "passive_lines",
        {"max_spread_bps": 9990, "levels": 3},
        "max_spread_bps: found 10000, expected an outermost",
    ),
    "passive bounds": ("passive_lines", {"min_coefficient": 2, "max_coefficient": 1}, "min_coefficient: found 2"),
    "tob bounds": ("tob_lines", {"min_coefficient": 2, "max_coefficient": 1}, "min_coefficient: found 2, expected"),
    "zone": ("tob_lines", {"min_price": 2, "max_price": 1}, "min_price: found 2, expected at most max_price, 1"),
}


@pytest.mark.parametrize(("change", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_settings_that_contradict_each_other_are_refused(document, problems, change, said):
    lines = problems(document | change)
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize(("kind", "change", "said"), LINES.values(), ids=LINES)
def test_a_line_that_contradicts_itself_is_refused(document, problems, kind, change, said):
    document[kind][0] |= change
    (line,) = problems(document)
    assert line.startswith(f"{kind}[0].{said}")


def test_equal_bounds_are_accepted_and_pin_the_coefficient(document):
    config = validate(document | {"min_coefficient": "1", "max_coefficient": 1})
    assert config.min_coefficient == config.max_coefficient == 1


def test_leverage_is_accepted_where_every_venue_trades_perps(document):
    exchanges = ["binance_perp", "bybit_perp", "hyperliquid_perp", "krakenfutures"]
    config = validate(document | {"exchanges": exchanges, "leverage": "2.5"})
    assert config.leverage == Decimal("2.5")


def test_a_manual_price_is_needed_by_the_manual_method_alone(document, problems):
    document["inventory"]["inventory_price_method"] = "manual"
    assert problems(document) == [
        "inventory.manual_inventory_price: found null, expected a price, because inventory_price_method is manual"
    ]
    document["inventory"]["manual_inventory_price"] = "4.2"
    assert problems(document) == []


def test_lines_are_named_by_kind_and_place(document):
    document["tob_lines"] *= 2
    config = validate(document)
    assert [line.id for line in config.tob_lines] == ["tob-1", "tob-2"]
    assert [line.id for line in config.passive_lines] == ["passive-1"]


def test_a_default_name_steps_aside_for_a_written_one(document):
    document["tob_lines"] = [{"hourly_quantity": 1}, {"hourly_quantity": 2, "id": "tob-1"}, {"hourly_quantity": 3}]
    assert [line.id for line in validate(document).tob_lines] == ["tob-2", "tob-1", "tob-3"]


def test_lines_given_as_models_are_named_as_well(document):
    document["tob_lines"] = [TobLine(hourly_quantity=Decimal(1)), TobLine(hourly_quantity=Decimal(2), id="mine")]
    document["tob_lines"].append(TobLine(hourly_quantity=Decimal(3)))
    assert [line.id for line in validate(document).tob_lines] == ["tob-1", "mine", "tob-3"]


@pytest.mark.parametrize("name", ["same", "SAME"])
def test_two_lines_with_one_id_are_refused_across_kinds(document, problems, name):
    document["tob_lines"][0]["id"] = "same"
    document["passive_lines"][0]["id"] = name
    assert problems(document) == [f'passive_lines[0].id: found "{name}", expected an id that no other line has']


def test_own_lines_cannot_be_made_to_cross_because_every_half_spread_is_positive(document, problems):
    document["passive_lines"] = [{"mid_spread_bps": -1, "min_spread_bps": -5, "quantity": 1}]
    assert len(problems(document)) == 2


def test_all_problems_are_reported_at_once_with_the_contradictions_among_what_is_valid(document, problems):
    document |= {"leverage": 3, "nonsense": 1, "min_coefficient": 5, "time_periods": ["5mins"]}
    document["tob_lines"] = [{"hourly_qty": "5", "min_price": 3, "max_price": 2}]
    document["passive_lines"].append({"mid_spread_bps": 1, "quantity": 0})
    document["inventory"]["inventory_price_method"] = "manual"
    assert {line.partition(":")[0] for line in problems(document)} == {
        "tob_lines[0].hourly_quantity",
        "tob_lines[0].hourly_qty",
        "tob_lines[0].min_price",
        "passive_lines[1].quantity",
        "passive_lines[1].mid_spread_bps",
        "inventory.manual_inventory_price",
        "time_periods[0]",
        "nonsense",
        "min_coefficient",
        "leverage",
    }


def test_a_report_has_an_end(document, problems):
    document |= {f"unknown_{number}": 1 for number in range(1000)}
    lines = problems(document)
    assert len(lines) == 101
    assert lines[-1] == "... and 900 more"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("exchanges", [f"venue{number}" for number in range(5000)]),
        ("venues", {f"venue{number}": {} for number in range(5000)}),
        ("time_periods", ["5 min"] * 5000),
        ("tob_lines", [{"hourly_qty": 1}] * 5000),
    ],
)
def test_a_bottomless_collection_is_refused_before_its_entries_are_looked_at(document, problems, path, value):
    (line,) = problems(document | {path: value})
    assert line.startswith(f"{path}: found ")
    assert line.endswith("expected at most 1000 entries")


def test_the_constructor_refuses_like_every_other_way_in(document):
    from stackedmm.config import StackedMarketMakingConfig

    with pytest.raises(ConfigError, match="leverage: found 2"):
        StackedMarketMakingConfig(**document, leverage=2)
    with pytest.raises(ConfigError, match="leverage: found 2"):
        StackedMarketMakingConfig.model_validate(document | {"leverage": 2})
