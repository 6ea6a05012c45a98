"""Mark-outs: the mid of the fill's own market, exactly when it is due, whatever the run is cut into."""

import doctest
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.core.rows import GAP
from stackedmm.feeds.replay import mids, tops
from stackedmm.lab import data as lab_data
from stackedmm.lab import market_for, marks
from stackedmm.lab.marks import HORIZONS_S


def test_a_mark_is_the_recorded_mid_at_its_moment(recorded, data, btc):
    config = mm.StackedMarketMakingConfig(**btc)
    recording = lab_data.recording_for(config, data / "books" / "binance3_20240808.parquet")
    checked = 0
    for i, market in enumerate(recording.markets):
        book = tops(recording, i)
        mids = (book["bid"] + book["ask"]) / 2 * float(market.tick)
        here = recorded.markouts[recorded.markouts["venue"] == market.venue]
        for seconds in HORIZONS_S:
            due = here["time"].astype("int64").to_numpy() + seconds * 1_000_000_000
            at = np.searchsorted(book["ts"], due) - 1
            known = here[f"mid_{seconds}s"].notna().to_numpy()
            assert (known == (due <= recording.end)).all()
            # The books of the recording do not hold our orders, the engine's mid leaves them out.
            assert here[f"mid_{seconds}s"].to_numpy()[known] == pytest.approx(mids[at][known], rel=1e-9)
            checked += known.sum()
    assert checked > 100


def test_the_recorded_mid_is_the_one_the_engine_saw_at_every_sample(recorded, data, btc):
    config = mm.StackedMarketMakingConfig(**btc)
    recording = lab_data.recording_for(config, data / "books" / "binance3_20240808.parquet")
    at = recorded.series.index.as_unit("ns").asi8
    for i, market in enumerate(recording.markets):
        seen = recorded.series[f"mid {market.name}"].to_numpy()
        known = np.isfinite(seen)
        assert known.sum() > 300
        assert mids(recording, i, at)[known] == pytest.approx(seen[known], rel=1e-9)


def test_no_book_is_no_mid(config):
    market = market_for(config, 30)
    first = market.local["ts"][0]
    found = mids(market, 0, np.array([first - 5, first, market.end, market.end + 10**9]))
    assert np.isnan(found).tolist() == [True, True, False, False]
    assert found[2] == found[3]
    gap = market.local[:400].copy()
    gap["kind"][-1], gap["market"][-1] = GAP, 0
    broken = replace(market, local=gap)
    assert np.isnan(mids(broken, 0, np.array([gap["ts"][-1] + 1])))
    assert len(mids(market, 0, np.zeros(0, np.int64))) == 0


def test_a_mark_out_is_good_where_the_price_went_our_way(recorded):
    found = recorded.markouts
    for seconds in HORIZONS_S:
        moved = (found[f"mid_{seconds}s"] - found["price"]) * found["side"].map({"bid": 1, "ask": -1})
        assert (np.sign(moved) == np.sign(found[f"markout_{seconds}s_bps"])).loc[moved.notna()].all()
        expected = 1e4 * moved / found["price"]
        assert found[f"markout_{seconds}s_bps"].to_numpy() == pytest.approx(expected.to_numpy(), nan_ok=True)


@pytest.mark.slow
def test_a_long_run_sampled_rarely_has_the_marks_of_its_first_hour(config):
    long = market_for(config, 3 * 3600, seed=2)
    whole = mm.backtest(config, long)
    short = mm.backtest(config, long, end=long.start + 1800 * 1_000_000_000)
    both = whole.markouts.iloc[: len(short.markouts)]
    assert len(both) > 5
    known = short.markouts.dropna()
    pd.testing.assert_frame_equal(both.loc[known.index], known)


def test_a_run_that_keeps_nothing_marks_nothing(config):
    result = mm.backtest(config, market_for(config, 20), collect=False)
    assert len(result.markouts) == 0
    assert "markout_60s_bps" in result.markouts


def test_examples_in_docstrings_hold():
    outcome = doctest.testmod(marks)
    assert (outcome.attempted > 0, outcome.failed) == (True, 0)
