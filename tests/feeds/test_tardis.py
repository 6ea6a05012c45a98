"""Tardis' CSV files: real recordings written in their form come back as they were, and bad ones name their line."""

import doctest
import gzip
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from stackedmm.core.rows import ASK, CLEAR, DEPTH, SNAPSHOT, TRADE
from stackedmm.errors import ConfigError
from stackedmm.feeds import tardis, tardis_csv, tardis_names
from stackedmm.feeds.decimals import as_floats
from stackedmm.feeds.recording import read
from stackedmm.feeds.replay import book_at
from stackedmm.feeds.tardis import convert
from stackedmm.feeds.tardis_names import market_of

BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
T = 1_700_000_000_000_000
NAMES = {
    ("binance", "BTC/USDT"): ("binance", "BTCUSDT"),
    ("binanceusdm", "BTC/USDT:USDT"): ("binance-futures", "BTCUSDT"),
}


@pytest.fixture
def csv(tmp_path):
    """Write lines as a CSV file; `late` is added to a base time in both times."""

    def write(head, *lines, name="a.csv.gz"):
        text = "\n".join([head, *lines]) + "\n"
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    return write


def book(late, snapshot, side, price, amount, exchange="binance", symbol="BTCUSDT"):
    return f"{exchange},{symbol},{T + late - 10},{T + late},{str(snapshot).lower()},{side},{price},{amount}"


def trade(late, id_, side, price, amount):
    return f"binance,BTCUSDT,{T + late - 10},{T + late},{id_},{side},{price},{amount}"


def written(recording, market, folder):
    """A market of a recording as a service of that form would have stored it: book and trades, in us."""
    exchange, symbol = NAMES[recording.markets[market].venue, recording.markets[market].symbol]
    described = recording.markets[market]
    rows = recording.local[(recording.local["market"] == market) & (recording.local["kind"] <= TRADE)]
    price, size = as_floats(rows["px"], described.tick), as_floats(rows["qty"], described.lot)
    local = rows["ts"] // 1000
    happened = local - rows["lag_us"]
    files = []
    for head, name, chosen in ((BOOK, "book", rows["kind"] == DEPTH), (TRADES, "trades", rows["kind"] == TRADE)):
        path = folder / f"{exchange}-{name}.csv.gz"
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.write(head + "\n")
            for i in np.flatnonzero(chosen):
                r = rows[i]
                if name == "book":
                    words = (str(bool(r["marks"] & SNAPSHOT)).lower(), "ask" if r["marks"] & ASK else "bid")
                else:
                    words = (str(r["ref"]), "sell" if r["marks"] & ASK else "buy")
                line = (exchange, symbol, str(happened[i]), str(local[i]), *words, repr(float(price[i])))
                file.write(",".join((*line, repr(float(size[i])))) + "\n")
        files.append(path)
    return files


@pytest.mark.slow
def test_recorded_markets_written_in_that_form_come_back_book_by_book_and_trade_by_trade(data, tmp_path):
    venues, symbols = zip(*NAMES, strict=True)
    whole = read(data / "books" / "binance3_20240808.parquet", venues=venues, symbols=symbols)
    end = whole.start + 60_000_000_000
    files = [path for market in range(2) for path in written(cut(whole, end), market, tmp_path)]
    done = convert(files, tmp_path / "out.parquet")
    assert [market.name for market in done.markets] == [market.name for market in whole.markets]
    again = read(tmp_path / "out.parquet")
    assert again.shift == 0
    for market in range(2):
        mine, theirs = (each.local[(each.local["market"] == market)] for each in (again, cut(whole, end)))
        mine, theirs = (rows[rows["kind"] == TRADE] for rows in (mine, theirs))
        assert len(mine) > 1000
        for name in ("px", "qty", "ref", "marks"):
            step = {"px": "tick", "qty": "lot"}.get(name)
            factor = (getattr(again.markets[market], step) / getattr(whole.markets[market], step)) if step else 1
            assert (mine[name] * int(factor) == theirs[name]).all()
        for at in np.linspace(whole.start + 5_000_000_000, end, 40).astype(int) // 1000 * 1000:
            theirs_at = book_at(whole, market, int(at) - whole.shift)
            assert book_at(again, market, int(at)) == theirs_at
            assert len(theirs_at[0]) > 500


def cut(recording, end):
    from dataclasses import replace

    local = recording.local[recording.local["ts"] < end]
    return replace(recording, local=local, end=end)


def test_messages_snapshots_and_restarts_are_told_apart(csv, tmp_path):
    path = csv(
        BOOK,
        book(0, True, "bid", 100, 1), book(0, True, "ask", 101, 2), book(0, True, "ask", 102, 0),
        book(5, True, "ask", 103, 4),  # the same snapshot goes on
        book(9, False, "bid", 100, 0), book(9, False, "bid", 99.5, 3),
        book(20, True, "bid", 98, 7), book(20, True, "ask", 99, 7),
        book(30, False, "ask", 99, 5),
    )  # fmt: skip
    done = convert([path], tmp_path / "o.parquet")
    recording = read(tmp_path / "o.parquet")
    assert (done.rows, done.messages) == (8, 5)
    assert done.notes == ["a.csv.gz: the book begins anew 1 times: the recorder had lost the connection"]
    kinds = recording.local["kind"].tolist()
    assert kinds.count(CLEAR) == 2
    tops = {late: book_at(recording, 0, (T + late + 1) * 1000) for late in (0, 5, 9, 20, 30)}
    sizes = {late: [[(float(p), float(q)) for p, q in side] for side in sides] for late, sides in tops.items()}
    assert sizes[0] == [[(100, 1)], [(101, 2)]]
    assert sizes[5] == [[(100, 1)], [(101, 2), (103, 4)]]
    assert sizes[9] == [[(99.5, 3)], [(101, 2), (103, 4)]]
    assert sizes[20] == [[(98, 7)], [(99, 7)]]
    assert sizes[30] == [[(98, 7)], [(99, 5)]]


def test_files_are_merged_by_local_time_whatever_the_blocks(csv, tmp_path, monkeypatch):
    lines = [book(0, True, "bid", 100, 1), book(0, True, "ask", 101, 1)]
    lines += [book(10 * i, False, "bid", 100, 1 + i) for i in range(1, 400) for _ in range(3)]
    deals = [trade(10 * i + 3, i, "buy", 101, 0.5) for i in range(1, 400)]
    files = [csv(BOOK, *lines), csv(TRADES, *deals, name="t.csv")]
    convert(files, tmp_path / "one.parquet")
    monkeypatch.setattr(tardis_csv, "BLOCK", 1000)
    convert(files[::-1], tmp_path / "many.parquet")
    one, many = read(tmp_path / "one.parquet"), read(tmp_path / "many.parquet")
    assert (one.local == many.local).all()
    assert (np.diff(one.local["ts"]) >= 0).all()
    assert (one.local["kind"] == TRADE).sum() == 399
    assert one.local["ref"][one.local["kind"] == TRADE].tolist() == list(range(1, 400))


def test_memory_stays_bounded_however_long_the_file(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(tardis_csv, "BLOCK", 1 << 16)
    monkeypatch.setattr(tardis, "GROUP", 1 << 12)
    peaks = []
    for rows in (60_000, 180_000):
        path = csv(BOOK, *(book(i, i == 0, "bid", 100, 1 + i % 7) for i in range(rows)))
        held = []
        tracemalloc.start()
        convert([path], tmp_path / "o.parquet", progress=lambda _, held=held: held.append(pa.total_allocated_bytes()))
        peaks.append((tracemalloc.get_traced_memory()[1], max(held)))
        tracemalloc.stop()
    for short, long in zip(*peaks, strict=True):
        assert long < 1.3 * short


def test_trades_of_unknown_side_are_left_out_and_odd_ids_are_none(csv, tmp_path):
    path = csv(TRADES, trade(0, "282a-04", "buy", 100, 1), trade(1, "7", "unknown", 100, 1), trade(2, 8, "sell", 99, 2))
    done = convert([path], tmp_path / "o.parquet")
    assert done.notes == ["a.csv.gz: 1 trades of unknown side left out"]
    assert read(tmp_path / "o.parquet").local["ref"].tolist() == [0, 8]


def test_a_description_stands_in_the_file_and_steps_are_inferred_without_one(csv, tmp_path):
    path = csv(TRADES, trade(0, 1, "buy", 100.5, 1), trade(1, 2, "sell", 100, 2))
    record = {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "precision": {"price": "0.01", "amount": "0.001"}}
    (tmp_path / "ccxt_binance.json").write_text(json.dumps({"BTC/USDT": record}))
    convert([path], tmp_path / "o.parquet", markets=[tmp_path / "ccxt_binance.json"])
    market = read(tmp_path / "o.parquet").markets[0]
    assert (str(market.tick), str(market.lot), market.source) == ("0.01", "0.001", "ccxt")
    convert([path], tmp_path / "p.parquet")
    market = read(tmp_path / "p.parquet").markets[0]
    assert (str(market.tick), market.source) == ("0.5", "inferred")


GOOD = (book(0, True, "bid", 100, 1), book(0, True, "ask", 101, 1))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((*GOOD, book(-1, False, "bid", 1, 1)), ":4: column local_timestamp: 1699999999999999, is earlier than"),
        ((*GOOD, book(1, False, "buy", 1, 1)), ":4: column side: 'buy', expected bid, ask"),
        ((*GOOD, book(1, False, "bid", 0, 1)), ":4: column price: 0.0, expected a price above 0"),
        ((*GOOD, book(1, False, "bid", "nan", 1)), ":4: column price: nan"),
        ((*GOOD, book(1, False, "bid", 1, -1)), ":4: column amount: -1.0, expected 0 or more"),
        ((*GOOD, book(1, False, "bid", "", 1)), ":4: column price: empty, expected a value in every row"),
        ((*GOOD, book(1, "maybe", "bid", 1, 1)), ":4: column is_snapshot: CSV conversion error to bool"),
        ((*GOOD, book(1, False, "bid", "1,2", 1)), ":4: Expected 8 columns, got 9"),
        ((*GOOD, ""), ":4: column timestamp: empty"),
        ((GOOD[0].replace(str(T), str(T // 1000)),), ":2: column local_timestamp: 1700000000000, expected micro"),
        ((book(0, True, "bid", 1, 1, exchange="binnance"),), ":2: exchange 'binnance': not known here; nearest: bi"),
        ((book(0, True, "bid", 1, 1, symbol="XBTM24"),), ":2: symbol 'XBTM24' of binance: no base and quote follow"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_column(csv, tmp_path, lines, said):
    path = csv(BOOK, *lines)
    with pytest.raises(ConfigError) as refusal:
        convert([path], tmp_path / "o.parquet")
    assert str(refusal.value).startswith(f"{path}{said}")
    assert {each.name for each in tmp_path.iterdir()} == {"a.csv.gz"}


def test_files_that_are_none_are_refused(csv, tmp_path):
    out = tmp_path / "o.parquet"
    with pytest.raises(ConfigError, match="no such file"):
        convert([tmp_path / "none.csv"], out)
    with pytest.raises(ConfigError, match=r"a\.csv\.gz:1: columns a, b, expected those of incremental_book"):
        convert([csv("a,b", "1,2")], out)
    whole = csv(BOOK, *(book(i, i == 0, "bid", 100 + i % 50, 1.5) for i in range(5000))).read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="the file is cut short"):
        convert([tmp_path / "cut.csv.gz"], out)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"empty\.csv"):
        convert([tmp_path / "empty.csv"], out)
    with pytest.raises(ConfigError, match="nothing to write"):
        convert([csv(BOOK)], out)
    with pytest.raises(ConfigError, match="no file to convert"):
        convert([], out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("exchange", "symbol", "expected"),
    [
        ("binance", "BTCUSDT", "binance BTC/USDT"),
        ("binance", "ETHBTC", "binance ETH/BTC"),
        ("binance-delivery", "BTCUSD_PERP", "binancecoinm BTC/USD:BTC"),
        ("bybit", "1000PEPEUSDT", "bybit 1000PEPE/USDT:USDT"),
        ("bybit", "BTCUSD", "bybit BTC/USD:BTC"),
        ("bybit-spot", "BERAUSDT", "bybit BERA/USDT"),
        ("okex", "BTC-USDC", "okx BTC/USDC"),
        ("gate-io-futures", "BTC_USDT", "gate BTC/USDT:USDT"),
        ("coinbase", "ETH-USD", "coinbaseexchange ETH/USD"),
    ],
)
def test_names_become_those_of_ccxt(exchange, symbol, expected):
    assert " ".join(market_of(exchange, symbol)) == expected


def test_a_symbol_may_be_said(csv, tmp_path):
    assert market_of("kraken", "XBT/USD", "BTC/USD") == ("kraken", "BTC/USD")
    path = csv(BOOK, book(0, True, "bid", 1, 1, exchange="bybit", symbol="BTCUSDM24"))
    done = convert([path], tmp_path / "o.parquet", symbols={"BTCUSDM24": "BTC/USD:BTC-240628"})
    assert done.markets[0].name == "bybit BTC/USD:BTC-240628"


def test_examples_in_docstrings_hold():
    outcome = doctest.testmod(tardis_names)
    assert (outcome.attempted > 0, outcome.failed) == (True, 0)
