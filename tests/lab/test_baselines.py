"""Simpler strategies made from a configuration: valid, alike in size and band, and simple in what they do."""

from decimal import Decimal

import numpy as np
import pytest

import stackedmm as mm
from stackedmm.config import TEMPLATES
from stackedmm.errors import ConfigError
from stackedmm.lab import baselines, market_for

NAMES = ["market making", "passive quoting", "volume-weighted top of book"]


def of(config, **settings):
    return mm.StackedMarketMakingConfig(**{**config.model_dump(), **settings})


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_has_three_that_share_its_coin_band_venues_and_hedging(name):
    config = TEMPLATES[name]()
    made = baselines.baselines(config)
    assert list(made) == NAMES
    for each in made.values():
        assert each == mm.StackedMarketMakingConfig(**each.model_dump())
        assert (each.inventory, each.exchanges, each.venues) == (config.inventory, config.exchanges, config.venues)
        assert each.risk.model_copy(update={"max_order_value": config.risk.max_order_value}) == config.risk
        assert len(each.tob_lines) + len(each.passive_lines) == 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_shows_as_much_at_once_as_all_lines_of_the_configuration(name):
    config = TEMPLATES[name]()
    expected = sum(line.quantity for line in config.passive_lines)
    expected += sum(line.hourly_quantity * line.timeout_seconds / 3600 for line in config.tob_lines)
    for each in baselines.baselines(config).values():
        assert float(baselines.together(each).quantity) == pytest.approx(float(expected), rel=1e-6)


def test_a_ladder_counts_level_by_level_and_distances_are_means_by_size():
    config = mm.StackedMarketMakingConfig(
        base_coin="X",
        exchanges=["binance"],
        inventory={"target_inventory": 10, "max_inventory_deviation": 5},
        tob_lines=[{"hourly_quantity": 3600, "timeout_seconds": 10, "spread_bps": 30, "max_order": 2}],
        passive_lines=[
            {"mid_spread_bps": 20, "quantity": 4, "levels": 2, "level_step_bps": 10, "level_size_factor": "0.5"}
        ],
    )
    shown = baselines.together(config)
    assert shown.quantity == 4 + 2 + 2
    assert shown.half_spread_bps == Decimal(4 * 20 + 2 * 30 + 2 * 30) / 8
    assert shown.timeout_s == Decimal(6 * 60 + 2 * 10) / 8
    one = baselines.market_making(config)
    assert one.passive_lines[0].mid_spread_bps == one.passive_lines[0].max_spread_bps == 25
    assert one.risk.max_order_value == 3 * config.risk.max_order_value


def test_the_zone_of_top_of_book_is_the_widest_of_the_lines_and_open_where_one_is():
    config = mm.ConfigTemplates.conservative_bera_usdt()
    zones = [{"min_price": 5, "max_price": 6}, {"min_price": 4, "max_price": 7}, {"min_price": 3}]
    lines = [{"hourly_quantity": 5, **zone} for zone in zones]
    closed = baselines.top_of_book(of(config, tob_lines=lines[:2])).tob_lines[0]
    assert (closed.min_price, closed.max_price) == (4, 7)
    half = baselines.top_of_book(of(config, tob_lines=lines)).tob_lines[0]
    assert (half.min_price, half.max_price) == (3, None)
    bare = baselines.top_of_book(of(config, tob_lines=[])).tob_lines[0]
    assert (bare.min_price, bare.max_price) == (None, None)


def test_lines_that_count_in_different_currencies_are_refused_with_what_to_do():
    config = mm.ConfigTemplates.conservative_bera_usdt()
    mixed = of(config, tob_lines=[{"hourly_quantity": 300, "quantity_currency": "quote"}])
    with pytest.raises(ConfigError, match="write each quantity_currency alike"):
        baselines.baselines(mixed)
    both = [{"mid_spread_bps": 15, "quantity": 150, "quantity_currency": "quote"}]
    made = baselines.baselines(of(mixed, passive_lines=both))
    assert {line.quantity_currency for each in made.values() for line in (*each.tob_lines, *each.passive_lines)} == {
        "quote"
    }


def test_passive_quoting_stands_around_the_plain_average_of_mids(config, market):
    result = mm.backtest(baselines.passive_quoting(config), market)
    mids = result.series[[name for name in result.series if name.startswith("mid ")]]
    assert mids.shape[1] == 3
    gap = 1e4 * (result.series["reference"] / mids.mean(axis=1) - 1).abs()
    # The sample may fall between a mid's move and the next look at the reference.
    assert gap.median() < 1e-6
    weighted = mm.backtest(of(config, smart_pricing_source="liquidity_weighted"), market).series
    away = 1e4 * (weighted["reference"] / mids.mean(axis=1) - 1).abs()
    assert away.median() > 1e-3


def test_market_making_stands_around_the_mid_of_one_venue(config, market):
    bybit = of(config, pricing={"venue": "bybit"})
    series = mm.backtest(baselines.market_making(bybit), market).series
    assert np.median(1e4 * (series["reference"] / series["mid bybit BERA/USDT"] - 1).abs()) < 1e-6
    assert np.median(1e4 * (series["reference"] / series["mid binance BERA/USDT"] - 1).abs()) > 1e-3


@pytest.mark.parametrize("make", [baselines.market_making, baselines.passive_quoting])
def test_symmetric_quotes_stand_as_far_off_whatever_is_held(make, config, market):
    tight = make(of(config, passive_lines=[{"mid_spread_bps": 3, "min_spread_bps": 1, "quantity": 25}], tob_lines=[]))
    result = mm.backtest(tight, market)
    line = tight.passive_lines[0]
    orders = result.orders
    assert result.series["inventory"].std() > 0
    assert orders["half_spread_bps"].to_numpy() == pytest.approx(float(line.mid_spread_bps))
    assert set(orders["coefficient"]) == {1.0}
    assert set(orders["side"]) == {"bid", "ask"}


def test_top_of_book_accrues_only_while_its_price_is_in_the_zone(config):
    market = market_for(config, 600, seed=5)
    opened = baselines.top_of_book(config)
    prices = mm.backtest(opened, market).orders["price"]
    half = float(prices.median())
    zone = {**opened.tob_lines[0].model_dump(), "max_price": str(round(half, 3))}
    inside = mm.backtest(of(opened, tob_lines=[zone]), market)
    assert inside.orders["price"].max() <= round(half, 3) + 1e-9
    assert inside.summary["refusals"]["outside price zone"] > 0
    sizes = [float(each["bought"]) + float(each["sold"]) for each in inside.summary["lines"]]
    assert 0 < sum(sizes) <= mm.backtest(opened, market).fills["size"].sum()
