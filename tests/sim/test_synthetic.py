"""The synthetic market has the properties by which a trader knows a market."""

import os
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from stackedmm.core.recording import Recording, exchange_time
from stackedmm.core.rows import ASK, CLEAR, DEPTH, GAP, LAST, SELL, TRADE
from stackedmm.sim.synthetic import Stream, synthetic
from stackedmm.sim.synthetic_book import LEAST


@pytest.fixture(scope="module")
def hour() -> Recording:
    return synthetic(seconds=3600)


def books(recording: Recording, market: int):
    """After each message of a market, in the venue's own order: time, best bid, best ask, the row, the book's sides."""
    rows = recording.local[recording.local["market"] == market]
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for row in rows:
        kind, side = row["kind"], int(row["marks"] & ASK)
        if kind in (CLEAR, GAP):
            sides[0].clear()
            sides[1].clear()
        elif kind == DEPTH:
            sides[side][int(row["px"])] = int(row["qty"])
            if row["qty"] == 0:
                del sides[side][int(row["px"])]
        yield row, sides


def middles(recording: Recording, market: int, step_s: float) -> np.ndarray:
    """Log of the mid price on a grid."""
    times, values = [], []
    rows = recording.local[recording.local["market"] == market]
    best = {0: 0, 1: 0}
    for row, sides in books(recording, market):
        if row["marks"] & LAST and sides[0] and sides[1]:
            best = {0: max(sides[0]), 1: min(sides[1])}
            times.append(int(row["ts"]))
            values.append(best[0] + best[1])
    assert len(rows) > 0
    grid = np.arange(recording.start + 5 * 10**9, recording.end, int(step_s * 1e9))
    return np.log(np.array(values, float)[np.searchsorted(times, grid, "right") - 1])


@pytest.fixture(scope="module")
def returns(hour) -> list[np.ndarray]:
    """Returns of each venue's mid over one second, in bps."""
    return [np.diff(middles(hour, market, 1.0)) * 1e4 for market in range(3)]


def trades_of(recording: Recording, market: int) -> np.ndarray:
    rows = recording.local
    return rows[(rows["market"] == market) & (rows["kind"] == TRADE)]


@pytest.mark.parametrize("market", range(3))
def test_a_book_is_never_crossed_nor_empty_nor_beyond_its_reach(market):
    recording = synthetic(seconds=300)
    counts = []
    for _, sides in books(recording, market):
        bids, asks = sides
        if bids and asks:
            assert max(bids) < min(asks)
            assert min(*bids.values(), *asks.values()) > 0
            counts.append(len(bids))
    assert 20 <= np.percentile(counts, 5) <= np.percentile(counts, 95) <= 60


@pytest.mark.parametrize("market", range(3))
def test_a_trade_prints_at_the_best_or_through_it_and_the_level_loses_what_was_traded(market):
    recording = synthetic(seconds=300)
    taken: dict[int, int] = {}
    checked = 0
    before: dict[int, int] = {}
    for row, sides in books(recording, market):
        if row["kind"] == TRADE:
            side = 0 if row["marks"] & SELL else 1
            if not taken:
                before = dict(sides[side])
                assert row["px"] == (max(before) if side == 0 else min(before))
            taken[int(row["px"])] = int(row["qty"])
        elif taken and row["kind"] == DEPTH:
            price = int(row["px"])
            assert row["qty"] == before[price] - taken.pop(price)
            checked += 1
    assert checked > 20


def test_a_trade_is_followed_at_once_by_its_change_of_the_book():
    rows = synthetic(venues=["binance"], seconds=300).local
    last_trades = np.flatnonzero((rows["kind"] == TRADE) & (rows["marks"] & LAST > 0))
    assert len(last_trades) > 20
    assert (rows["kind"][last_trades + 1] == DEPTH).all()
    assert (exchange_time(rows[last_trades + 1]) == exchange_time(rows[last_trades])).all()


def test_venues_move_together_and_the_leader_leads(returns):
    minutes = [np.add.reduceat(each, np.arange(0, len(each), 30)) for each in returns]
    assert np.corrcoef(minutes)[0].min() > 0.9
    leads = np.corrcoef(returns[0][:-1], returns[2][1:])[0, 1]
    lags = np.corrcoef(returns[0][1:], returns[2][:-1])[0, 1]
    assert leads > 3 * abs(lags)
    assert np.corrcoef(returns)[0].min() > 0.3


def test_volatility_clusters_and_returns_do_not_repeat(returns):
    size = np.abs(returns[0])
    clustering = [np.corrcoef(size[:-lag], size[lag:])[0, 1] for lag in (1, 5, 20)]
    repeating = [np.corrcoef(returns[0][:-lag], returns[0][lag:])[0, 1] for lag in (2, 5, 20)]
    assert min(clustering) > 0.08
    assert max(map(abs, repeating)) < 0.1


def test_returns_have_fat_tails_of_a_sensible_width(returns):
    for each in returns:
        assert 0.8 < each.std() < 8
        assert ((each - each.mean()) ** 4).mean() / each.var() ** 2 > 4


def test_trades_come_in_bursts(hour):
    for market in range(3):
        counts = np.histogram(trades_of(hour, market)["ts"], bins=np.arange(hour.start, hour.end, 10 * 10**9))[0]
        assert counts.mean() > 1
        assert counts.var() > 4 * counts.mean()


def test_trade_sizes_spread_over_decades_and_respect_the_minimum(hour):
    for index, market in enumerate(hour.markets):
        trades = trades_of(hour, index)
        orders = np.add.reduceat(trades["qty"], np.r_[0, np.flatnonzero(trades["marks"] & LAST > 0)[:-1] + 1])
        value = orders * float(market.lot) * trades["px"].mean() * float(market.tick)
        assert 40 < np.median(value) < 300
        assert np.percentile(value, 99) > 6 * np.median(value)
        assert (value > 0.9 * LEAST).mean() > 0.99


def test_spreads_are_tight_and_widen_in_bursts(hour):
    for index, (tight, wide) in enumerate(((1, 8), (1, 8), (3, 16))):
        spreads = []
        for row, sides in books(hour, index):
            if row["marks"] & LAST and sides[0] and sides[1]:
                bid, ask = max(sides[0]), min(sides[1])
                spreads.append(2e4 * (ask - bid) / (ask + bid))
        assert tight < np.median(spreads) < wide
        assert np.percentile(spreads, 99.5) > 1.7 * np.median(spreads)


def test_depth_grows_away_from_the_best(hour):
    near, far = [], []
    for row, (_, asks) in books(hour, 0):
        if row["kind"] == TRADE and len(asks) > 20:
            levels = [asks[price] for price in sorted(asks)]
            near.append(np.mean(levels[:4]))
            far.append(np.mean(levels[15:20]))
    assert np.mean(far) > 1.5 * np.mean(near)


def test_volume_moves_slowly_enough_to_be_seen_by_its_averages(hour):
    trades = trades_of(hour, 0)
    volume = np.histogram(trades["ts"], bins=np.arange(hour.start, hour.end + 1, 10**10), weights=trades["qty"])[0]
    short, long = (np.convolve(volume, np.ones(n) / n, "valid")[-180:] for n in (30, 180))
    ratio = short / long
    assert ratio.max() > 1.3
    assert ratio.min() < 0.8


def test_each_venue_has_its_own_delay_and_its_messages_stay_in_order(hour):
    usual = []
    for market in range(3):
        rows = hour.local[hour.local["market"] == market]
        assert rows["lag_us"].min() > 0
        assert (np.diff(exchange_time(rows)) >= 0).all()
        usual.append(float(np.median(rows["lag_us"])))
    assert usual[0] < usual[1] < usual[2] < 100_000


def test_feeds_break_and_a_snapshot_mends_them(hour):
    for market in range(3):
        rows = hour.local[hour.local["market"] == market]
        gaps = np.flatnonzero(rows["kind"] == GAP)
        gaps = gaps[gaps < len(rows) - 1]
        assert len(gaps) > 0
        assert (rows["kind"][gaps + 1] == CLEAR).all()
        assert (np.diff(rows["ts"])[gaps] > 2 * 10**8).all()
        assert (rows["ref"][gaps + 1] > rows["ref"][gaps] + 1).all()


def test_every_message_ends_and_starts_within_one_time(hour):
    rows = hour.local[hour.local["market"] == 1]
    starts = np.r_[0, np.flatnonzero(rows["marks"] & LAST > 0) + 1][:-1]
    assert rows["marks"][-1] & LAST
    assert (rows["ts"][starts] == rows["ts"][np.flatnonzero(rows["marks"] & LAST > 0)]).all()


def test_the_same_seed_gives_the_same_market_in_another_process():
    code = "from stackedmm.sim.synthetic import synthetic; print(synthetic(seconds=60, seed=3).digest)"
    env = os.environ | {"PYTHONHASHSEED": "12345"}
    there = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert there == synthetic(seconds=60, seed=3).digest != synthetic(seconds=60, seed=4).digest


def test_a_stream_goes_on_the_same_in_any_chunks():
    whole, parts = Stream(seed=5), Stream(seed=5)
    rows = np.concatenate([parts.advance(seconds) for seconds in (0.02, 10, 3.5, 46.48)])
    assert np.array_equal(rows, whole.advance(60))
    assert parts.now == whole.now


def test_a_frozen_stream_goes_on_where_it_stood():
    one, two = Stream(seed=5), Stream(seed=5)
    one.advance(20)
    two.thaw(one.freeze())
    assert np.array_equal(one.advance(20), two.advance(20))


def test_a_recording_is_the_streams_first_seconds():
    recording = synthetic(seconds=30)
    assert np.array_equal(recording.local, Stream().advance(30))
    assert (np.diff(recording.local["ts"]) >= 0).all()
    assert (np.diff(exchange_time(recording.exchange)) >= 0).all()
    assert recording.local["ts"][-1] < recording.end == recording.start + 30 * 10**9


def test_venues_differ_in_ticks_and_lots_unless_told():
    steps = {market.venue: (market.tick, market.lot, market.min_notional) for market in Stream().markets}
    assert steps == {
        "binance": (Decimal("0.001"), Decimal("0.1"), 5),
        "bybit": (Decimal("0.0005"), Decimal("0.01"), 5),
        "gate": (Decimal("0.001"), Decimal(1), 5),
    }
    told = Stream(["x", "y"], tick={"y": "0.01"}, lot=2).markets
    assert [(market.tick, market.lot) for market in told] == [(Decimal("0.001"), 2), (Decimal("0.01"), 2)]


@pytest.mark.parametrize(
    ("symbol", "price", "tick"), [("BTC/USDT", 61000.0, "0.01"), ("ETH/BTC", 0.03, None), ("PEPE/USDT", 1e-5, None)]
)
def test_other_coins_trade_as_well(symbol, price, tick):
    recording = synthetic(symbol=symbol, price=price, tick=tick, seconds=120)
    middle = np.exp(middles(recording, 0, 1.0)) / 2 * float(recording.markets[0].tick)
    assert (recording.local["kind"] == TRADE).sum() > 5
    assert 0.97 * price < middle.min() < middle.max() < 1.03 * price


@pytest.mark.parametrize("bad", [{"venues": []}, {"venues": ["a", "a"]}, {"price": 0.0}, {"start": 1}])
def test_arguments_without_meaning_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        Stream(**bad)
    with pytest.raises(ValueError, match="expected at least"):
        Stream().advance(0)
