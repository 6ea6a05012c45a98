"""Results as people look at them: frames, reasons, tables, pictures."""

import doctest
import pickle
import re

import numpy as np
import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError
from stackedmm.lab import market_for, summary, times
from stackedmm.lab.times import iso, nanoseconds

PNG = b"\x89PNG"


def test_frames_speak_in_names_units_and_utc(ruled):
    orders, fills, decisions = ruled.orders, ruled.fills, ruled.decisions
    assert set(orders["venue"]) == set(decisions["venue"]) == {"binance", "bybit", "gate"}
    assert set(orders["side"]) == {"bid", "ask"}
    assert set(orders["line"]) == {"tob-1", "passive-1"}
    assert set(decisions["command"]) <= {"place", "cancel", "query"}
    assert set(fills["fee_currency"]) == {"USDT"}
    for column in (orders["placed"], orders["ended"], fills["time"], decisions["time"], ruled.series.index):
        assert str(column.dtype).endswith("UTC]")
    ticks = {market.venue: float(market.tick) for market in ruled.markets}
    steps = orders["price"] / orders["venue"].map(ticks)
    assert np.allclose(steps, steps.round(), atol=1e-6)
    bids, asks = (orders[orders["side"] == side] for side in ("bid", "ask"))
    assert (bids["price"] < bids["reference"]).mean() > 0.95
    assert (asks["price"] > asks["reference"]).mean() > 0.95


def test_decisions_hold_what_each_order_was_computed_from(ruled):
    placed = ruled.decisions[ruled.decisions["command"] == "place"]
    assert placed["step rounding"].to_numpy() == pytest.approx(ruled.orders["distance_bps"].to_numpy())
    assert {"rule lean", "rule fade", "saw inventory", "saw hour"} <= set(placed.columns)
    assert placed["saw hour"].between(10, 10.2).all()
    assert placed["rule fade"].notna().sum() == 0
    others = ruled.decisions[ruled.decisions["command"] == "cancel"]
    assert others["step rounding"].isna().all()
    assert set(others["reason"]) >= {"replace"}


def test_the_series_is_even_and_agrees_with_the_summary(ruled, config):
    series, found = ruled.series, ruled.summary
    assert len(series) == 600
    assert (series.index.to_series().diff().dropna() == pd.Timedelta(seconds=1)).all()
    last = series.iloc[-1]
    assert last["inventory"] == pytest.approx(float(found["position"]))
    assert last["realised_pnl"] == pytest.approx(float(found["realised_pnl"]))
    assert last["fees"] == pytest.approx(float(found["fees"]))
    assert last["equity"] == pytest.approx(last["realised_pnl"] + last["unrealised_pnl"], abs=1e-6)
    assert series["equity"].cummax().sub(series["equity"]).max() <= float(found["max_drawdown"]) + 1e-9
    target = float(config.inventory.target_inventory)
    assert series["inventory_coefficient"].to_numpy() == pytest.approx((series["inventory"] / target - 1).to_numpy())
    assert (series["best_bid"] <= series["best_ask"]).all()
    assert len([c for c in series if c.startswith("mid ")]) == 3


@pytest.mark.slow
def test_long_runs_are_sampled_less_often(config):
    result = mm.backtest(config, market_for(config, 3 * 3600 + 60, seed=2))
    assert 2500 < len(result.series) < 3700
    assert result.series.index.to_series().diff().dropna().nunique() <= 2


def test_an_order_that_is_not_of_the_run_has_no_reasons(ruled):
    with pytest.raises(KeyError, match="order -7: not among"):
        ruled.why(-7)


def test_a_result_reads_well_in_a_terminal_and_in_a_notebook(ruled):
    text, html = repr(ruled), ruled._repr_html_()
    for word in ("tob-1", "passive-1", "binance", "gate", "largest drawdown", ruled.summary["state_hash"], "note:"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 110
    assert html.count("<table>") == html.count("</table>") == 4
    assert re.sub("<[^>]*>", "", html).count("<") == 0


@pytest.mark.slow
def test_pictures_are_drawn_into_files_and_notebooks(ruled, tmp_path):
    figure = ruled.picture(tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(PNG)
    assert figure._repr_png_().startswith(PNG)
    price, inventory, volume, profit = figure.axes[:4]
    assert [each.get_ylabel() for each in (price, inventory)] == ["price, USDT", "inventory, BERA"]
    low, high = inventory.get_ylim()
    assert low < 500 < 1500 < high
    assert len(volume.get_lines()) == 3 + 2
    assert profit.get_xlabel() == "time, UTC"
    ruled.picture(tmp_path / "run.svg")
    assert (tmp_path / "run.svg").read_text().startswith("<?xml")


def test_a_picture_that_cannot_be_written_says_why_and_leaves_nothing(ruled, tmp_path):
    with pytest.raises(ConfigError, match=r"expected a name that ends in \.png, \.svg, \.pdf"):
        ruled.picture(tmp_path / "run.txt")
    with pytest.raises(ConfigError, match="no such folder"):
        ruled.picture(tmp_path / "none" / "run.png")
    (tmp_path / "run.png").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        ruled.picture(tmp_path / "run.png")
    assert [each.name for each in tmp_path.iterdir()] == ["run.png"]


def test_a_run_without_orders_has_empty_frames_and_a_picture(config, market):
    off = config.model_copy(update={"tob_lines": (), "passive_lines": ()})
    zone = {"min_price": 1000, "hourly_quantity": 5}
    off = mm.StackedMarketMakingConfig(**{**off.model_dump(), "tob_lines": [zone]})
    result = mm.backtest(off, market_for(config, 5))
    assert len(result.orders) == len(result.fills) == len(result.decisions) == 0
    assert "distance_bps" in result.orders.columns
    assert result.waterfall.empty
    assert result.summary["refusals"]["outside price zone"] > 0
    assert result.picture()._repr_png_().startswith(PNG)
    assert "outside price zone" in repr(result)


def test_a_run_that_kept_nothing_has_nothing_to_draw(config, market):
    result = mm.backtest(config, market_for(config, 5), collect=False)
    with pytest.raises(ConfigError, match="collect=True"):
        result.picture()


def test_a_result_can_be_pickled_and_keeps_its_frames(ruled):
    again = pickle.loads(pickle.dumps(ruled))
    assert again.summary == ruled.summary
    pd.testing.assert_frame_equal(again.orders, ruled.orders)
    number = int(ruled.orders["order"].iloc[3])
    pd.testing.assert_frame_equal(again.why(number), ruled.why(number))


@pytest.mark.parametrize(
    "text",
    ["2024-08-08T00:00:01.5Z", "2024-08-08 00:00:01.500000000", "2024-08-08T02:00:01,5+02:00", "1723075201500000000"],
)
def test_a_time_is_read_in_any_of_its_forms(text):
    assert nanoseconds(text, "start") == 1_723_075_201_500_000_000
    assert iso(nanoseconds("2024-08-08T00:00:01.123456789Z", "start")) == "2024-08-08T00:00:01.123456789Z"


@pytest.mark.parametrize("time", ["", "soon", "2024-13-01", True, 1.5, None, -5, "99999999999999999999999"])
def test_what_is_no_time_is_refused(time):
    with pytest.raises(ConfigError, match=r"^start: "):
        nanoseconds(time, "start")


@pytest.mark.parametrize("module", [times, summary])
def test_examples_in_docstrings_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_the_owners_of_a_waterfall_stand_in_the_order_in_which_a_price_comes_about(ruled):
    owners = list(ruled.waterfall.index)
    assert owners[0] == "configured"
    assert owners[-1] == "rounding"
    assert owners.index("inventory") < owners.index("step_back") < owners.index("rounding")
