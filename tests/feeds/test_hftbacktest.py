"""hftbacktest's arrays, both ways."""

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from stackedmm.core.rows import BBO, GAP
from stackedmm.errors import ConfigError
from stackedmm.feeds.hftbacktest import EVENT, events, read_npz, write_npz
from stackedmm.feeds.recording import read

BTC = {"venues": ["binanceusdm"], "symbols": ["BTC/USDT:USDT"]}
DIGEST = "ec2f13510e04e8d341eb652d1ce3a2c2"
"""blake2b of what the converter beside the recordings gives for binanceusdm BTC/USDT:USDT."""
T = 1_700_000_000_000_000_000
SNAP = [("snapshot", "bid", 10.0, 1.0, 1, 5, 5), ("snapshot", "ask", 11.0, 1.0, 1, 5, 5)]


def converted(data: Path, name: str, venue: str, symbol: str) -> np.ndarray:
    """The array of the converter that stands beside the recordings."""
    pytest.importorskip("hftbacktest")
    spec = importlib.util.spec_from_file_location("converter", data / "neutral_to_hftbacktest.py")
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module.to_hbt(str(data / "books" / f"{name}.parquet"), venue, symbol)


@pytest.mark.slow
def test_what_is_written_is_hftbacktests_own_array_bit_for_bit(data, tmp_path):
    recording = read(data / "books" / "binance3_20240808.parquet", **BTC, synchronised=False)
    write_npz(recording, 0, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        array = file["data"]
    assert len(array) == 491_973
    assert hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest() == DIGEST


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_digest_is_that_of_hftbacktests_own_array(data):
    array = converted(data, "binance3_20240808", "binanceusdm", "BTC/USDT:USDT")
    assert hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest() == DIGEST


@pytest.mark.filterwarnings("ignore")
def test_a_small_array_is_equal_too(data):
    recording = read(data / "books" / "okx_20220513.parquet", symbols=["BTC/USDT"], synchronised=False)
    assert events(recording, 0).tobytes() == converted(data, "okx_20220513", "okx", "BTC/USDT").tobytes()


@pytest.mark.parametrize("synchronised", [False, True])
def test_rows_come_back_as_they_went(data, tmp_path, synchronised):
    recording = read(data / "books" / "binance_20210404.parquet", symbols=["BTC/USDT"], synchronised=synchronised)
    write_npz(recording, 0, tmp_path / "a.npz")
    again = read_npz(tmp_path / "a.npz", recording.markets[0])
    there = recording.local.copy()
    there["ref"] = 0  # the format has no place for update ids
    assert np.array_equal(again.local, there)
    assert again.markets == recording.markets


def test_events_come_back_as_they_went(data, tmp_path):
    recording = read(data / "books" / "bybit_20260809.parquet", symbols=["ETH/USDT"])
    write_npz(recording, 0, tmp_path / "a.npz")
    again = read_npz(tmp_path / "a.npz", recording.markets[0])
    assert events(again, 0).tobytes() == events(recording, 0).tobytes()


def test_a_gap_comes_back_and_quotes_stay_behind(neutral, tmp_path):
    quote = [("bbo", "bid", 10.0, 1.0, 2, 5, 5)]
    recording = read(neutral(*SNAP, *quote, ("delta", "bid", 9.0, 1.0, 3, 9, 9)))
    write_npz(recording, 0, tmp_path / "a.npz")
    again = read_npz(tmp_path / "a.npz", recording.markets[0])
    assert again.local["kind"].tolist() == [kind for kind in recording.local["kind"] if kind != BBO]
    assert again.local["kind"][-1] == GAP


def test_every_event_is_seen_once_by_each_side_in_its_order(data):
    array = events(read(data / "books" / "binance_20210404.parquet", symbols=["BTC/USDT"]), 0)
    there, here = array[array["ev"] & (1 << 31) != 0], array[array["ev"] & (1 << 30) != 0]
    assert len(there) == len(here) < len(array)
    assert (np.diff(there["exch_ts"]) >= 0).all()
    assert (np.diff(here["local_ts"]) >= 0).all()


def bad(**changes) -> np.ndarray:
    array = np.zeros(3, EVENT)
    array["ev"], array["px"], array["qty"] = (1 << 31) | (1 << 30) | (1 << 29) | 1, 10.0, 1.0
    array["exch_ts"] = array["local_ts"] = T
    for name, value in changes.items():
        array[name][1] = value
    return array


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"px": np.nan}, "row 1, column price: nan"),
        ({"qty": -1.0}, "row 1, column size"),
        ({"local_ts": T - 1}, "row 1, column ts_local_ns"),
        ({"exch_ts": 5}, "row 1, column ts_exchange_ns"),
        ({"ev": (1 << 30) | (1 << 29) | 10}, "row 1, ev: kind 10"),
        ({"ev": (1 << 30) | 1}, "row 1, ev: kind 1"),
    ],
)
def test_a_bad_event_is_named(neutral, tmp_path, changes, words):
    market = read(neutral(*SNAP)).markets[0]
    np.savez(tmp_path / "a.npz", data=bad(**changes))
    with pytest.raises(ConfigError, match=rf"a\.npz: local {words}"):
        read_npz(tmp_path / "a.npz", market)


def test_other_files_are_refused(neutral, tmp_path):
    market = read(neutral(*SNAP)).markets[0]
    np.savez(tmp_path / "other.npz", other=np.zeros(3))
    np.savez(tmp_path / "floats.npz", data=np.zeros(3))
    np.savez(tmp_path / "empty.npz", data=np.zeros(0, EVENT))
    (tmp_path / "text.npz").write_text("text")
    for name, words in (
        ("other", "'data' missing"),
        ("floats", "float64"),
        ("empty", "no row"),
        ("text", "not an npz"),
    ):
        with pytest.raises(ConfigError, match=rf"{name}\.npz: .*{words}"):
            read_npz(tmp_path / f"{name}.npz", market)
    with pytest.raises(ConfigError, match="not an npz file"):
        read_npz(tmp_path / "none.npz", market)
