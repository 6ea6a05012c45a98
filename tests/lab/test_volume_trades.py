"""Trades in frames of many forms: read, refused with row and column, stored, checked for gaps, played."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stackedmm.errors import ConfigError
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.stored import TradeDataManager
from stackedmm.lab.trades import read
from stackedmm.lab.volume import VolumeCoefficientEngine

S = 1_000_000_000
T0 = 1_700_000_000 * S


def frame(**changes) -> pd.DataFrame:
    """Four trades, with changed or further columns; None takes one away."""
    columns = {
        "ts": [T0, T0 + S, T0 + 2 * S, T0 + 2 * S],
        "price": [1.0, 2.0, 3.0, 4.0],
        "size": [0.1, 0.2, 0.3, 0.4],
        "side": ["buy", "sell", "buy", "sell"],
    } | changes
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None})


MOMENTS = pd.to_datetime(frame()["ts"], utc=True)
FORMS = {
    "ns": frame(),
    "datetimes of another zone": frame(ts=MOMENTS.dt.tz_convert("Asia/Tokyo")),
    "datetimes without a zone": frame(ts=None, time=MOMENTS.dt.tz_localize(None)),
    "datetimes in seconds": frame(ts=MOMENTS.dt.as_unit("s")),
    "text": frame(ts=None, datetime=MOMENTS.astype(str)),
    "a datetime index": frame(ts=None).set_index(pd.DatetimeIndex(MOMENTS)),
    "amount, and sides in capitals": frame(size=None, amount=[0.1, 0.2, 0.3, 0.4], side=["BUY", "Sell", "buy", "SELL"]),
    "decimals and categories": frame(
        price=[Decimal(1), Decimal(2), Decimal(3), Decimal(4)], side=pd.Categorical(["buy", "sell", "buy", "sell"])
    ),
    "text numbers": frame(size=["0.1", "0.2", "0.3", "0.4"]),
    "neutral": frame(ts=None, ts_local_ns=[0, T0 + S, 0, T0 + 2 * S], ts_exchange_ns=[T0, 1, T0 + 2 * S, 1]),
    "an index with repeats": frame().set_axis([7, 7, 7, 7]),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_many_forms_say_the_same(form):
    (found,) = read(FORMS[form])
    assert found.records["ts"].tolist() == [T0, T0 + S, T0 + 2 * S, T0 + 2 * S]
    assert found.records["price"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.records["size"].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert found.records["sold"].tolist() == [0, 1, 0, 1]


NAN = float("nan")
REFUSED = {
    "a missing price": (frame(price=[1, 2, NAN, 4]), "row 2, column price: found nan, expected a number above 0"),
    "a negative size": (frame(size=[1, -2, 3, 4]), "row 1, column size: found -2, expected"),
    "a price of nothing": (frame(price=[1, 2, 3, 0]), "row 3, column price: found 0"),
    "an infinite size": (frame(size=[np.inf, 2, 3, 4]), "row 0, column size: found inf"),
    "a size in words": (frame(size=["1", "2", "many", "4"]), "row 2, column size: found 'many'"),
    "an unknown side": (frame(side=["buy", "bid", "buy", "sell"]), "row 1, column side: found 'bid', expected buy or"),
    "no side": (frame(side=["buy", "sell", None, "sell"]), "row 2, column side: found"),
    "time that runs back": (frame(ts=[T0, T0 + 2, T0 + 1, T0 + 3]), "row 2, column time: .* sort the frame first"),
    "ms": (frame(ts=[T0 // 10**6] * 4), "row 0, column ts: found 1700000000000, .* this looks like ms: pd.to_datetime"),
    "s": (frame(ts=[T0, T0, T0 // S, T0]), "row 2, column ts: .* looks like s:"),
    "floating ns": (frame(ts=[float(T0)] * 4), "column ts: found float64, expected datetimes, or whole ns"),
    "no time": (frame(ts=[*MOMENTS[:3], pd.NaT]), "row 3, column ts: found NaT, expected a datetime"),
    "a time of another age": (frame(ts=["2023-11-14", "2023-11-14", "1903-01-01", "2023-11-14"]), "row 2, column ts"),
    "no time column": (frame(ts=None), "no column ts or timestamp or .*; found price, size, side"),
    "no size column": (frame(size=None), "no column size or amount or quantity or qty"),
    "no venue": (frame(venue=["a", None, "a", "a"]), "row 1, column venue"),
    "no frame": ([1, 2], "found list, expected a pandas frame"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_frame_is_refused_naming_row_and_column(what):
    trades, said = REFUSED[what]
    for reader in (VolumeCoefficientEngine(), MovingAverageCalculator(), TradeDataManager()):
        with pytest.raises(ConfigError, match=said):
            reader.add_frame(trades)


def test_rows_are_counted_in_the_frame_as_it_was_given():
    trades = frame(
        kind=["bbo", "trade", "trade", "trade"], price=[NAN, 2.0, 3.0, -4.0], side=["bid", "buy", "buy", "buy"]
    )
    with pytest.raises(ConfigError, match="row 3, column price: found -4"):
        read(trades)
    trades.loc[3, "price"] = 4.0
    assert len(read(trades)[0].records) == 3


def test_markets_may_interleave_but_each_keeps_its_order():
    trades = frame(ts=[T0 + 5, T0, T0 + 6, T0 + 1], symbol=["A/B", "C/D", "A/B", "C/D"])
    found = read(trades, venue="okx")
    assert [each.key for each in found] == [("okx", "A/B"), ("okx", "C/D")]
    assert found[1].rows.tolist() == [1, 3]
    with pytest.raises(ConfigError, match="symbol: found 'A/B' beside a column symbol"):
        read(trades, symbol="A/B")


def test_a_frame_without_rows_adds_nothing():
    engine = VolumeCoefficientEngine()
    assert engine.add_frame(frame().iloc[:0]) == 0
    assert engine.coefficients == {}


def numbered(ids, **more) -> pd.DataFrame:
    """A trade a second, with the venue's ids."""
    ids = np.array(ids)
    return pd.DataFrame({"ts": T0 + ids * S, "price": 2.0, "size": 1.0, "side": "buy", "id": ids, **more})


def test_gaps_are_found_where_ids_number_the_trades():
    stored = TradeDataManager()
    stored.add_frame(numbered([*range(1, 60), *range(63, 90)]), "a", "X/Y")
    (gap,) = stored.gaps().to_dict("records")
    assert gap == {
        "venue": "a", "symbol": "X/Y", "missing": 3,
        "after": pd.Timestamp(T0 + 59 * S, tz="UTC"), "before": pd.Timestamp(T0 + 63 * S, tz="UTC"),
    }  # fmt: skip


@pytest.mark.parametrize("ids", [range(1, 200, 2), [*range(1, 9)], [*range(1, 50), *range(10, 50)]])
def test_ids_that_do_not_number_the_trades_tell_of_no_gaps(ids):
    trades = numbered(ids).assign(ts=T0 + np.arange(len(ids)) * S)
    stored = TradeDataManager()
    stored.add_frame(trades)
    assert len(stored.gaps()) == 0


def test_the_newest_trades_are_kept_and_the_rest_counted():
    stored = TradeDataManager(max_trades=100)
    for first in range(1, 500, 50):
        stored.add_frame(numbered(range(first, first + 50)))
    assert stored.trades()["id"].tolist() == list(range(401, 501))
    assert stored.summary()[["trades", "dropped"]].iloc[0].tolist() == [100, 400]


def test_trades_that_are_here_already_are_passed_over():
    stored = TradeDataManager()
    assert stored.add_frame(numbered(range(1, 51))) == 50
    assert stored.add_frame(numbered(range(31, 71))) == 20
    assert (stored.trades()["id"].diff().dropna() == 1).all()
    assert stored.summary()["repeated"].tolist() == [20]


def test_without_ids_older_trades_are_refused():
    stored = TradeDataManager()
    stored.add_frame(frame(), "a", "X/Y")
    with pytest.raises(ConfigError, match=r"trades of a X/Y: begin at .*, expected none before the last one"):
        stored.add_frame(frame(), "a", "X/Y")


def test_a_stretch_of_trades_is_a_frame_that_can_be_added_again():
    stored, again = TradeDataManager(), TradeDataManager()
    stored.add_frame(numbered(range(1, 51)))
    part = stored.trades(start=T0 + 10 * S, end=pd.Timestamp(T0 + 20 * S, tz="UTC"))
    assert part["id"].tolist() == list(range(10, 20))
    again.add_frame(part)
    pd.testing.assert_frame_equal(again.trades(), part)


def test_back_filling_counts_no_window_over_a_gap_unless_it_is_small_enough():
    stored = TradeDataManager()
    stored.add_frame(numbered([*range(0 + 1, 100), *range(103, 130)]), "a", "X/Y")
    strict, lenient = (MovingAverageCalculator(("10s", "30s")) for _ in range(2))
    assert stored.back_fill(strict) == stored.back_fill(lenient, tolerate=3) == 126
    assert (strict.get_status()["gaps"], lenient.get_status()["gaps"]) == (1, 0)
    assert (strict.ready, lenient.ready) == (False, True)
    assert stored.back_fill(MovingAverageCalculator(), end=T0 + 50 * S) == 49


def test_back_filling_an_engine_takes_every_market_that_matches():
    stored = TradeDataManager()
    stored.add_frame(numbered(range(1, 50)), "a", "X/Y")
    stored.add_frame(numbered(range(1, 40)), "b", "X/Y")
    engine, one = VolumeCoefficientEngine(), VolumeCoefficientEngine()
    assert stored.back_fill(engine) == 88
    assert stored.back_fill(one, "b") == 39
    assert (list(engine.coefficients), list(one.coefficients)) == ([("a", "X/Y"), ("b", "X/Y")], [("b", "X/Y")])
    with pytest.raises(ConfigError, match="market c: 0 found, expected one of: a X/Y, b X/Y"):
        stored.back_fill(engine, "c")


def test_a_recording_is_read_with_its_gaps(data: Path):
    stored = TradeDataManager()
    path = data / "trades" / "trades_binance_ltcusdt_20250621.parquet"
    assert stored.read(path) == 53_325
    raw = pd.read_parquet(path)
    trades = stored.trades()
    assert trades["price"].tolist() == raw["price"].tolist()
    assert trades["size"].tolist() == raw["size"].tolist()
    assert trades["side"].tolist() == raw["side"].tolist()
    assert trades.index.astype(np.int64).tolist() == raw["ts_exchange_ns"].tolist()
    assert stored.gaps()["missing"].max() == 117
    assert stored.gaps()["missing"].sum() == raw["seq_first"].max() - raw["seq_first"].min() + 1 - len(raw)
    other = TradeDataManager()
    assert other.add_frame(raw) == 53_325
    pd.testing.assert_frame_equal(other.summary(), stored.summary())


def test_it_reads_well_in_a_notebook():
    stored = TradeDataManager()
    assert repr(stored) == "TradeDataManager: no trades yet"
    stored.add_frame(numbered(range(1, 51)), "a", "X/Y")
    assert repr(stored).splitlines()[0] == "TradeDataManager: 50 trades"
    assert "X/Y" in repr(stored)
    assert "<table" in stored._repr_html_()
    with pytest.raises(ConfigError, match="max_trades: found 0, expected a whole number from 1"):
        TradeDataManager(max_trades=0)
