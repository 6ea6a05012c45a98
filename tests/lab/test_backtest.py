"""One call runs a configuration: the same in whatever pieces, only what it trades, nothing before the start."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.core.rows import DEPTH
from stackedmm.errors import ConfigError, RuleError
from stackedmm.feeds.write import write
from stackedmm.lab import data as lab_data
from stackedmm.lab import market_for, running

SUMMARY = """rows seconds rows_per_second orders fills position realised_pnl unrealised_pnl fees max_drawdown
inventory_coefficient lines venues conversions refusals state_hash notes config_digest rules_digest start end""".split()


def hash_of(*args, **options):
    return mm.backtest(*args, **options).summary["state_hash"]


@pytest.fixture(scope="module")
def short(config):
    return market_for(config, 60)


def test_the_summary_is_json_and_says_what_was_run(ruled, market, config):
    found = json.loads(json.dumps(ruled.summary))
    assert list(found) == SUMMARY
    assert found["config_digest"] == config.digest()
    assert found["rules_digest"] == ruled.rules.hex
    assert (found["start"], found["end"]) == ("2025-03-03T10:00:00.000000000Z", "2025-03-03T10:10:00.000000000Z")
    assert found["orders"] == sum(line["orders"] for line in found["lines"]) == len(ruled.orders)
    assert found["orders"] == sum(venue["orders"] for venue in found["venues"])
    assert found["fills"] == sum(venue["fills"] for venue in found["venues"]) == len(ruled.fills)
    assert found["rows"] > len(market.local)


def test_equal_runs_have_equal_states_and_another_seed_or_latency_another(config, short):
    first = hash_of(config, short)
    assert first == hash_of(config, short)
    assert len({first, hash_of(config, short, seed=2), hash_of(config, short, latency_ms=40)}) == 3


def test_what_is_kept_and_who_watches_changes_nothing(config, short, monkeypatch):
    first = hash_of(config, short)
    told = []
    assert first == hash_of(config, short, collect=False, progress=lambda *each: told.append(each))
    assert told[-1][:2] == ("running", 1.0)
    monkeypatch.setattr(running, "KEPT", 4096 + 64)
    result = mm.backtest(config, short)
    assert result.summary["state_hash"] == first
    assert len(result.orders) == result.summary["orders"]


def test_a_run_with_arrays_that_overflow_keeps_every_command_and_answer(config, market, ruled, monkeypatch):
    made = mm.backtest(config, market)
    monkeypatch.setattr(running, "KEPT", 4097)
    again = mm.backtest(config, market)
    assert len(made.decisions) > 2 * 64
    pd.testing.assert_frame_equal(made.decisions, again.decisions)
    pd.testing.assert_frame_equal(made.orders, again.orders)
    pd.testing.assert_frame_equal(made.fills, again.fills)


def test_nothing_is_quoted_before_the_start_and_the_books_are_warm_at_it(config, short):
    start = short.start + 20_000_000_000
    result = mm.backtest(config, short, start=start)
    assert result.orders["placed"].min() >= pd.Timestamp(start, tz="UTC")
    assert result.orders["placed"].min() <= pd.Timestamp(start + 100_000_000, tz="UTC")
    assert result.series.index[0] == pd.Timestamp(start + 1_000_000_000, tz="UTC")
    assert result.summary["start"] == "2025-03-03T10:00:20.000000000Z"
    assert result.series["inventory_price"].iloc[0] == result.decisions["reference"].iloc[0]


def test_times_may_be_text_numbers_or_datetimes(config, short):
    first = hash_of(config, short, start="2025-03-03 10:00:20", end="2025-03-03T12:00:40+02:00")
    zone = datetime(2025, 3, 3, 10, 0, 20, tzinfo=UTC)
    assert first == hash_of(config, short, start=zone, end=zone + timedelta(seconds=20))
    assert first == hash_of(config, short, start=str(short.start + 20_000_000_000), end=short.start + 40_000_000_000)


def test_only_the_markets_of_the_configuration_are_read_in_its_order(config, tmp_path):
    made = market_for(mm.ConfigTemplates.aggressive_multi_currency(), 5)
    path = tmp_path / "four.parquet"
    write(made, path)
    assert lab_data.pairs_of(path) == {(m.venue, m.symbol) for m in made.markets}
    turned = config.model_copy(update={"exchanges": ("gateio", "binance")})
    for source in (made, path, [path]):
        found = lab_data.recording_for(turned, source)
        assert [m.venue for m in found.markets] == ["gate", "binance"]
        old = made.local[np.isin(made.local["market"], [2, 0])]
        assert (found.local["market"] == np.where(old["market"] == 2, 0, 1)).all()
        assert (found.local["px"] == old["px"]).all()
    result = mm.backtest(turned, path)
    assert [each["venue"] for each in result.summary["venues"]] == ["gate", "binance"]


def test_a_recording_in_two_orders_of_time_stays_one_when_markets_are_left_out(config, short):
    late = short.local.copy()
    late["lag_us"] = 500 + 100 * (np.arange(len(late)) % 7)
    exchange = late[np.argsort((late["ts"] // 1000 - late["lag_us"]), kind="stable")]
    one = config.model_copy(update={"exchanges": ("bybit",)})
    found = lab_data.recording_for(one, replace(short, local=late, exchange=exchange))
    assert sorted(found.local["ts"]) == sorted(found.exchange["ts"])
    assert (found.local["market"] == 0).all()
    assert (found.exchange["market"] == 0).all()


def test_exchanges_without_data_are_left_out_and_that_is_said(config, short):
    bybit = lab_data.only(short, [1])
    result = mm.backtest(config, bybit)
    assert [each["venue"] for each in result.summary["venues"]] == ["bybit"]
    assert "exchanges: not in the data, left out: binance, gateio" in result.summary["notes"]


def test_fees_are_those_of_the_run_then_the_configuration_s_then_the_market_s(config, short):
    def rates(settings, **options):
        each = mm.backtest(settings, short, collect=False, **options).summary["venues"][1]
        return each["maker_fee_bps"], each["taker_fee_bps"]

    own = mm.StackedMarketMakingConfig(**{**config.model_dump(), "venues": {"bybit": {"maker_fee_bps": "0.7"}}})
    assert rates(config) == (1.0, 6.0)
    assert rates(own) == (0.7, 6.0)
    assert rates(own, fees=("-0.5", 3)) == (-0.5, 3.0)


def test_rule_values_reach_the_rules_and_are_clamped_with_a_note(config, short, ruled):
    plain, strong = (
        mm.backtest(config, short, ruled.rules, values=values)
        for values in (None, {"fade.steepness": 4, "lean.strength": 100})
    )
    assert plain.summary["state_hash"] != strong.summary["state_hash"]
    assert "lean.strength=100 clamped to 40; it runs from 0 to 40" in strong.summary["notes"]


def test_a_start_time_in_the_future_of_the_data_counts_all_fills_and_says_so(config, market):
    late = mm.StackedMarketMakingConfig(
        **{**config.model_dump(), "inventory": {**config.inventory.model_dump(), "start_time": "2026-01-01T00:00:00Z"}}
    )
    result = mm.backtest(late, market)
    assert result.summary["fills"] == len(result.fills) > 0
    assert any(note.startswith("inventory.start_time:") for note in result.summary["notes"])


def test_an_interrupt_ends_the_run_between_two_chunks(config, short):
    def interrupt(stage, done, rows):
        if rows > 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mm.backtest(config, short, progress=interrupt)
    assert hash_of(config, short) == hash_of(config, short)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"latency_ms": -1}, "latency_ms: found -1, expected 0 to 60000 ms"),
        ({"latency_ms": float("nan")}, "latency_ms: found nan"),
        ({"feed_latency_ms": "5"}, "feed_latency_ms: found '5'"),
        ({"queue": "fifo"}, "queue model 'fifo' is none of risk_averse"),
        ({"stp": "both"}, "self-trade prevention 'both' is none of none"),
        ({"fees": "1,5"}, "fees: found '1,5', expected two numbers"),
        ({"fees": (1, "many")}, "fees: taker 'many', expected a number of bps"),
        ({"fees": (1, 1e9)}, "fees: taker 1000000000.0 bps, expected -1000 to 1000"),
        ({"fees": (1, "1e-9")}, "at most 5 decimals"),
        ({"seed": -1}, "seed: found -1"),
        ({"start": "yesterday"}, "start: found 'yesterday', expected an ISO time or ns"),
        ({"start": "2025-03-03", "end": "2025-03-02"}, "start: 2025-03-03 is not before end 2025-03-02"),
        ({"start": "2031-01-01"}, "start, end: no row lies between them"),
        ({"markets": "x.json"}, "markets: they describe files"),
        ({"values": {"lean.strength": 1}}, "values: lean.strength given, and no rules"),
        ({"data": 7}, "data: found 7, expected a recording, the path of a file"),
    ],
)
def test_bad_arguments_are_refused_by_name_and_value(config, short, options, said):
    with pytest.raises(ConfigError) as refusal:
        mm.backtest(**{"config": config, "data": short, **options})
    assert said in str(refusal.value)


def test_bad_configurations_and_rules_are_refused(short, tmp_path):
    with pytest.raises(ConfigError, match="found int, expected a configuration"):
        mm.backtest(7, short)
    other = mm.ConfigTemplates.high_frequency_single_venue().model_copy(
        update={"base_coin": "DOGE", "exchanges": ("okx",)}
    )
    with pytest.raises(ConfigError, match=r"markets found: binance BERA/USDT.*expected DOGE/USDT on okx"):
        mm.backtest(other, short)
    (tmp_path / "bad.py").write_text("import os\n")
    with pytest.raises(RuleError, match=r"bad\.py:1"):
        mm.backtest(mm.ConfigTemplates.conservative_bera_usdt(), short, tmp_path)


def test_a_configuration_may_be_a_mapping_a_path_or_text(config, short, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(config.to_json())
    first = hash_of(config, short)
    assert first == hash_of(config.model_dump(), short) == hash_of(path, short) == hash_of(config.to_json(2), short)


def test_the_synthetic_market_has_the_configuration_s_venues_and_prices():
    held = {"target_inventory": 0, "max_inventory_deviation": 5, "inventory_price_method": "manual"}
    config = mm.StackedMarketMakingConfig(
        base_coin="XYZ",
        exchanges=["bybit_perp", "bybit", "binance_perp"],
        inventory={**held, "manual_inventory_price": "0.02"},
        tob_lines=[{"hourly_quantity": 2000}],
    )
    made = lab_data.recording_for(config, market_for(config, 30))
    assert [m.name for m in made.markets] == ["bybit XYZ/USDT:USDT", "bybit XYZ/USDT", "binanceusdm XYZ/USDT:USDT"]
    assert [m.kind for m in made.markets] == ["linear", "spot", "linear"]
    level = made.local[made.local["kind"] == DEPTH][0]
    assert 0.015 < level["px"] * float(made.markets[level["market"]].tick) < 0.025


def test_every_template_runs_on_its_own_market():
    for name in ("conservative_bera_usdt", "aggressive_multi_currency", "high_frequency_single_venue"):
        config = getattr(mm.ConfigTemplates, name)()
        result = mm.backtest(config, market_for(config, 60), collect=False)
        assert result.summary["orders"] > 20
        assert len(result.series) == len(result.orders) == 0
