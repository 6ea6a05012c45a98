"""Recordings written and read again are equal."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from stackedmm.core.recording import Recording, by_exchange
from stackedmm.core.rows import DEPTH, ROW, TIMER
from stackedmm.errors import ConfigError
from stackedmm.feeds.parquet import COLUMNS
from stackedmm.feeds.recording import read
from stackedmm.feeds.write import write
from stackedmm.sim.synthetic import synthetic

NAMES = [
    "books/binanceus_20210405",
    "books/bybit_20260809",
    "books/gate_20210422",
    "books/okx_20220513",
    "books/binance_20210404",
    "trades/tardis_binanceusdm_btcusdt_20200222",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_comes_back_equal(data, tmp_path, name):
    recording = read(data / f"{name}.parquet")
    write(recording, tmp_path / "a.parquet")
    again = read(tmp_path / "a.parquet")
    assert np.array_equal(again.local, recording.local)
    assert np.array_equal(again.exchange, recording.exchange)
    assert again.markets == recording.markets


def test_a_synthetic_market_comes_back_with_its_gaps_and_steps(tmp_path):
    recording = synthetic(seconds=400)
    write(recording, tmp_path / "a.parquet")
    again = read(tmp_path / "a.parquet")
    assert np.array_equal(again.local, recording.local)
    assert again.markets == recording.markets


def test_what_is_written_is_neutral(neutral, tmp_path):
    snapshot = [("snapshot", "bid", 0.3, 1.0, 3, 5, 5), ("snapshot", "ask", 0.7, 2.5, 3, 5, 5)]
    path = neutral(*snapshot, ("delta", "bid", 0.1, 0.0, 4, 6, 6), ("trade", "sell", 0.3, 1.0, 5, 9, 9))
    write(read(path), tmp_path / "b.parquet")
    one, two = (pq.read_table(each, columns=list(COLUMNS)).to_pydict() for each in (path, tmp_path / "b.parquet"))
    one["msg"] = [0, 0, 1, 2]
    assert two == one


def test_nothing_is_left_behind_where_a_file_cannot_be_written(neutral, tmp_path):
    recording = read(neutral(("trade", "buy", 11.0, 1.0, 1, 1, 1)))
    with pytest.raises(ConfigError, match="cannot be written"):
        write(recording, tmp_path / "no such folder" / "a.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_only_market_rows_can_be_written(neutral, tmp_path):
    recording = read(neutral(("trade", "buy", 11.0, 1.0, 1, 1, 1)))
    rows = recording.local.copy()
    rows["kind"] = TIMER
    with pytest.raises(ConfigError, match="row 0 is of kind 30"):
        write(Recording(recording.markets, rows, by_exchange(rows), 0, 1), tmp_path / "b.parquet")


def test_quantities_beyond_exact_floats_come_back(neutral, tmp_path):
    rows = [("trade", "buy", 1.5, size, n, n, n) for n, size in enumerate((5075757.575, 1227.123456789, 1e-10), 1)]
    recording = read(neutral(*rows))
    write(recording, tmp_path / "b.parquet")
    assert np.array_equal(read(tmp_path / "b.parquet").local, recording.local)
    assert recording.local.dtype == ROW
    assert DEPTH not in recording.local["kind"]
