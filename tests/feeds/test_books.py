"""Books of recordings equal books rebuilt by others, and the venue's own word."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from stackedmm.core.book import check
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ASK, BBO
from stackedmm.feeds.recording import read
from stackedmm.feeds.replay import Replay, book_at, tops


def differences(recording: Recording, oracle: Path) -> tuple[int, list]:
    """How many moments were compared, and those that differ."""
    replays: dict[int, Replay] = {}
    wrong, count = [], 0
    with gzip.open(oracle, "rt") as lines:
        for each in map(json.loads, lines):
            index = recording.index(each["venue"], each["symbol"])
            replay = replays.setdefault(index, Replay(recording, index))
            replay.to(each["ts_local_ns"])
            count += 1
            if seen(replay) != expected(each):
                wrong.append((each["venue"], each["symbol"], each["ts_local_ns"]))
    return count, wrong


def seen(replay: Replay) -> tuple:
    bids, asks = replay.levels()
    middle = (bids[0].price + asks[0].price) / 2
    near_bids = sum(level.quantity for level in bids if level.price >= middle * 995 / 1000)
    near_asks = sum(level.quantity for level in asks if level.price <= middle * 1005 / 1000)
    top = [[[float(price), float(quantity)] for price, quantity in side[:5]] for side in (bids, asks)]
    return (*top, len(bids), len(asks), round(float(near_bids), 6), round(float(near_asks), 6))


def expected(each: dict) -> tuple:
    near = (round(each["bid_qty_50bp"], 6), round(each["ask_qty_50bp"], 6))
    return (each["bids"], each["asks"], each["n_bids"], each["n_asks"], *near)


def against_quotes(recording: Recording) -> tuple[int, int]:
    """After how many updates the venue's own best price and size are known, and after how many ours differ."""
    checked = wrong = 0
    for market in range(len(recording.markets)):
        ours = tops(recording, market)
        quotes = recording.local[(recording.local["market"] == market) & (recording.local["kind"] == BBO)]
        bids, asks = quotes[quotes["marks"] & ASK == 0], quotes[quotes["marks"] & ASK == 1]
        at = np.searchsorted(bids["ref"], ours["ref"], "right") - 1
        ours, at = ours[at >= 0], at[at >= 0]
        same = (bids["px"][at] == ours["bid"]) & (bids["qty"][at] == ours["bid_lots"])
        same &= (asks["px"][at] == ours["ask"]) & (asks["qty"][at] == ours["ask_lots"])
        checked, wrong = checked + len(ours), wrong + int((~same).sum())
    return checked, wrong


def test_ten_books_of_binance_us_equal_the_rebuilt_ones_every_ten_seconds(data, binanceus):
    assert differences(binanceus, data / "oracles" / "book_every10s_binanceus_20210405.jsonl.gz") == (117, [])


@pytest.mark.slow
def test_six_books_of_three_venues_equal_the_rebuilt_ones_every_ten_seconds(data, binance3):
    assert differences(binance3, data / "oracles" / "book_every10s_binance3_20240808.jsonl.gz") == (204, [])


def test_the_best_of_binance_us_equals_the_venues_own_after_every_update(binanceus):
    checked, wrong = against_quotes(binanceus)
    assert wrong == 0
    assert checked >= 3133


@pytest.mark.slow
def test_the_best_of_three_venues_equals_the_venues_own_after_every_update(binance3):
    checked, wrong = against_quotes(binance3)
    assert wrong == 0
    assert checked >= 69_680


@pytest.mark.parametrize("name", ["bybit_20260809", "binance_20210404", "gate_20210422", "okx_20220513"])
def test_no_recorded_book_is_ever_crossed(data, name):
    recording = read(data / "books" / f"{name}.parquet")
    for market in range(len(recording.markets)):
        best = tops(recording, market)
        best = best[(best["bid_lots"] > 0) & (best["ask_lots"] > 0)]
        assert len(best) > 0
        assert (best["bid"] < best["ask"]).all()


def test_a_replay_keeps_a_sound_book_and_loses_nothing(binanceus):
    replay = Replay(binanceus, binanceus.index("binanceus", "BTC/USD"))
    for at in range(1_617_643_095, 1_617_643_200, 20):
        replay.to(at * 10**9)
        for side in replay._sides:
            check(side, replay._arena)
            assert side["lost"] == 0


def test_a_replay_does_not_go_back(binanceus):
    replay = Replay(binanceus, 0)
    replay.to(1_617_643_150_000_000_000)
    with pytest.raises(ValueError, match="begin another"):
        replay.to(1_617_643_140_000_000_000)


def test_before_the_snapshot_there_is_no_book(binanceus):
    assert book_at(binanceus, 0, 1_617_643_092_000_000_000) == ([], [])
