"""`stackedmm data convert`: by the ends of names, whole or not at all, and with a word about what was left out."""

import gzip

import numpy as np
import pytest

from stackedmm.feeds.recording import read

HEAD = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
T = 1_700_000_000_000_000


@pytest.fixture
def convert(stackedmm):
    """Convert files."""
    return lambda *words: stackedmm("data", "convert", *words)


@pytest.fixture
def tardis_file(tmp_path):
    """A book of one level a side, that is lost once."""
    rows = [(0, "true", "bid", 99), (0, "true", "ask", 101), (5, "false", "bid", 98), (9, "true", "bid", 99)]
    lines = [f"binance,BTCUSDT,{T + at},{T + at},{snap},{side},{price},1.5" for at, snap, side, price in rows]
    path = tmp_path / "book.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEAD, *lines, ""]).encode()))
    return path


def test_tardis_becomes_parquet_that_reads(convert, tardis_file, tmp_path):
    code, out, err = convert(tardis_file, "--out", tmp_path / "o.parquet")
    assert (code, out) == (0, f"{tmp_path}/o.parquet: 4 rows in 3 messages of binance BTC/USDT\n")
    assert err == "note: book.csv.gz: the book begins anew 1 times: the recorder had lost the connection\n"
    assert [market.name for market in read(tmp_path / "o.parquet").markets] == ["binance BTC/USDT"]


def test_parquet_becomes_npz_and_comes_back(convert, recording_file, tmp_path):
    there = ("--venue", "bybit", "--symbol", "BERA/USDT")
    code, out, _ = convert(recording_file, "--out", tmp_path / "b.npz", *there)
    assert (code, out) == (0, f"{tmp_path}/b.npz: bybit BERA/USDT\n")
    steps = ("--tick", "0.001", "--lot", "0.1")
    code, out, _ = convert(tmp_path / "b.npz", "--out", tmp_path / "b.parquet", *there, *steps)
    assert code == 0
    assert out.endswith("rows of bybit BERA/USDT\n")
    mine, theirs = read(tmp_path / "b.parquet"), read(recording_file, venues=["bybit"])
    kept = theirs.local[theirs.local["kind"] <= 3]
    assert len(mine.local) >= len(kept) > 500
    for name in ("px", "qty"):
        assert np.array_equal(mine.local[name][mine.local["kind"] == 3], kept[name][kept["kind"] == 3])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{csv}", "--out", "o.npz"), "csv to npz: expected csv to parquet, npz to parquet or parquet to npz"),
        (("{csv}", "{parquet}", "--out", "o.parquet"), "mixed to parquet"),
        (("{csv}", "--out", "o.feather"), "o.feather: expected a name that ends in .csv, .csv.gz, .npz or .parquet"),
        (("{csv}", "--out", "none/o.parquet"), "no such folder"),
        (("{csv}", "--out", "o.parquet", "--symbol", "BTCUSDT"), "--symbol: 'BTCUSDT', expected OWN=BASE/QUOTE"),
        (("{csv}", "--out", "o.parquet", "--markets", "none.json"), "none.json"),
        (("{parquet}", "--out", "o.npz"), "choose one of binance BERA/USDT, bybit BERA/USDT, gate BERA/USDT"),
        (("{parquet}", "--out", "o.npz", "--venue", "okx"), "no venue 'okx'"),
        (("none.npz", "--out", "o.parquet"), "--venue, --symbol: expected one of each"),
        (("none.npz", "--out", "o.parquet", "--venue", "okx", "--symbol", "A/B"), "--tick, --lot: expected both"),
        (
            ("none.npz", "--out", "o.parquet", "--venue", "okx", "--symbol", "A/B", "--tick", "x", "--lot", "1"),
            "--tick: 'x', expected a number above 0",
        ),
        (
            ("none.npz", "--out", "o.parquet", "--venue", "okx", "--symbol", "A/B", "--tick", "1", "--lot", "1"),
            "none.npz: not an npz file",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused(convert, tardis_file, recording_file, tmp_path, monkeypatch, words, said):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    code, out, err = convert(*(word.format(csv=tardis_file, parquet=recording_file) for word in words))
    assert (code, out) == (2, "")
    assert said in err
    assert list(here.iterdir()) == []
