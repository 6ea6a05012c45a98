"""Recordings: what is read, cut, corrected and noted."""

import json
from decimal import Decimal

import numpy as np
import pytest

from stackedmm.core.recording import exchange_time
from stackedmm.core.rows import BBO, LAST, ROW, TRADE
from stackedmm.errors import ConfigError
from stackedmm.feeds.recording import read

T = 1_700_000_000_000_000_000
SNAP = [("snapshot", "bid", 10.0, 1.0, 1, 5, 5), ("snapshot", "ask", 11.0, 1.0, 1, 5, 5)]
TRADES = [("trade", "buy", 11.0, 1.0, n, n, n) for n in range(2, 8)]
QUOTE = [("bbo", "bid", 10.0, 1.0, 2, 5, 5), ("bbo", "ask", 11.0, 1.0, 2, 5, 5)]


def test_a_recording_is_rows_by_arrival_and_by_venue_time(binance3):
    assert binance3.local.dtype == ROW
    assert (np.diff(binance3.local["ts"]) >= 0).all()
    assert (np.diff(exchange_time(binance3.exchange)) >= 0).all()
    assert len(binance3.local) == len(binance3.exchange) == 2_073_481


def test_rows_in_one_order_are_held_once(neutral):
    recording = read(neutral(*SNAP, *TRADES))
    assert recording.exchange is recording.local


def test_markets_are_numbered_by_venue_and_symbol(binance3):
    assert [market.name for market in binance3.markets] == sorted(market.name for market in binance3.markets)
    assert binance3.index("binanceusdm", "ETH/USDT:USDT") == 5


def test_venue_time_is_kept_to_the_microsecond(neutral):
    local, exchange = T + 1_234_567, T - 987_654_000
    recording = read(neutral(("trade", "buy", 1.0, 1.0, 1, 1, 1, local, exchange)))
    assert int(exchange_time(recording.local)[0]) == exchange
    assert int(recording.local["ts"][0]) == local


def test_a_recorder_clock_behind_the_venues_is_shifted_for_all_markets(binance3):
    assert binance3.shift == 1_274_761_454
    book = binance3.local[binance3.local["kind"] != BBO]
    assert int(book["lag_us"].min()) == 0
    assert any("1274761454 ns added to all local times" in note for note in binance3.notes)


def test_quotes_do_not_count_for_the_shift(neutral):
    quote = [(*row, T + 2_000_000, T + 9_000_000) for row in QUOTE]
    trade = ("trade", "buy", 11.0, 1.0, 3, 1, 1, T + 3_000_000, T + 3_400_000)
    assert read(neutral(*SNAP, *quote, trade)).shift == 400_000


def test_a_row_without_venue_time_takes_the_local(neutral):
    recording = read(neutral(*[(*row, T + 5_000_000, 0) for row in QUOTE]))
    assert exchange_time(recording.local).tolist() == [T + 5_000_000] * 2


def test_a_recording_without_local_time_takes_the_venues(data):
    recording = read(data / "trades" / "trades_binance_xrpeth_20191011.parquet")
    assert int(recording.local["ts"][0]) == 1_570_752_011_620_000_000
    assert any("12477 rows without local time" in note for note in recording.notes)


def test_rows_from_the_end_on_are_left_out(neutral):
    recording = read(neutral(*SNAP, *TRADES), end=T + 4_000_000)
    assert (len(recording.local), recording.end) == (5, T + 4_000_000)


def test_rows_before_the_start_are_warm_up_without_quotes(neutral):
    recording = read(neutral(*SNAP, *QUOTE, *TRADES), start=T + 5_000_000)
    assert recording.start == T + 5_000_000
    assert int(recording.local["ts"][0]) == T + 1_000_000
    assert BBO not in recording.local["kind"]


def test_start_and_end_are_on_the_recorders_clock(data):
    path = data / "books" / "binanceus_20210405.parquet"
    recording = read(path, start=1_617_643_100_000_000_000, end=1_617_643_110_000_000_000)
    assert recording.start - recording.shift == 1_617_643_100_000_000_000
    assert int(recording.local["ts"][-1]) < recording.end == 1_617_643_110_000_000_000 + recording.shift


def test_files_are_merged_by_local_time(neutral):
    one = neutral(*SNAP, *TRADES[::2])
    two = neutral(*TRADES[1::2], venue="gate", name="b.parquet")
    recording = read([one, two])
    assert recording.local["market"].tolist() == [0, 0, 0, 0, 1, 0, 1, 0, 1]
    assert all(flags & LAST for flags in recording.local["marks"][3:])


def test_filters_choose_markets_and_venue_names_have_aliases(neutral):
    one, two = neutral(*TRADES), neutral(*TRADES, venue="gate", name="b.parquet")
    recording = read([one, two], venues=["gateio_spot"], symbols=["AAA/USDT"])
    assert [market.venue for market in recording.markets] == ["gate"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"venues": ["binanc"]}, "no venue 'binanc'; nearest: binance"), ({"symbols": ["AA/USDT"]}, "nearest: AAA/USDT")],
)
def test_an_unknown_name_is_answered_with_the_nearest(neutral, asked, words):
    with pytest.raises(ConfigError, match=words):
        read(neutral(*TRADES), **asked)


def test_nothing_in_the_time_asked_for_is_an_error(neutral):
    with pytest.raises(ConfigError, match="before the end"):
        read(neutral(*TRADES), end=T)
    with pytest.raises(ConfigError, match="after the start"):
        read(neutral(*TRADES), start=T + 10**12)


def test_progress_is_told_to_the_end(data):
    told = []
    read(data / "trades" / "trades_binance_ltcusdt_20250621.parquet", progress=lambda *done: told.append(done))
    assert told[-1] == (53325, 53325)


def test_equal_recordings_have_equal_digests(neutral):
    path = neutral(*SNAP, *TRADES)
    assert read(path).digest == read(path).digest != read(path, end=T + 4_000_000).digest


def test_trades_files_give_the_volumes_of_the_windows_before_a_time(data):
    recording = read(data / "trades" / "trades_binance_ltcusdt_20250621.parquet")
    rows, market = recording.local, recording.markets[0]
    assert set(rows["kind"]) == {TRADE}
    for each in json.loads((data / "oracles" / "volume_windows_ltc_20250621.json").read_text()):
        for minutes in (5, 15, 30):
            inside = (rows["ts"] > each["t_ns"] - minutes * 60 * 10**9) & (rows["ts"] <= each["t_ns"])
            lots, prices = rows["qty"][inside].tolist(), rows["px"][inside].tolist()
            expected = each[f"{minutes}m"]
            assert len(lots) == expected["n"]
            assert float(sum(lots) * market.lot) == pytest.approx(expected["base"], abs=1e-9)
            quote = sum(lot * price for lot, price in zip(lots, prices, strict=True)) * market.lot * market.tick
            assert float(quote) == pytest.approx(expected["quote"], abs=1e-4)
            signs = np.where(rows["marks"][inside] & 1, -1, 1).tolist()
            signed = sum(lot * sign for lot, sign in zip(lots, signs, strict=True))
            assert float(signed * market.lot) == pytest.approx(expected["imbalance"], abs=1e-9)


def test_prices_are_exact(neutral):
    recording = read(neutral(("trade", "buy", 0.1 + 0.2, 1e-8, 1, 1, 1), ("trade", "buy", 61829.76, 123456.0, 2, 2, 2)))
    market = recording.markets[0]
    assert [int(px) * market.tick for px in recording.local["px"]] == [Decimal("0.3"), Decimal("61829.76")]
    assert [int(qty) * market.lot for qty in recording.local["qty"]] == [Decimal("0.00000001"), Decimal(123456)]
