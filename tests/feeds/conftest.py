"""Small neutral files, written as asked, and recordings read once."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stackedmm.core.recording import Recording
from stackedmm.feeds.parquet import COLUMNS
from stackedmm.feeds.recording import read

T = 1_700_000_000_000_000_000
Neutral = Callable[..., Path]


@pytest.fixture
def neutral(tmp_path: Path) -> Neutral:
    """Write rows (kind, side, price, size, msg, first, last[, ts_local, ts_exchange]) as a neutral file.

    Without times a message arrives a millisecond after the one before, 500 us after it happened. Keyword arguments
    replace whole columns; None leaves one out.
    """

    def write(
        *rows: tuple, venue: str | list = "binance", symbol: str = "AAA/USDT", name: str = "a.parquet", **columns
    ) -> Path:
        if isinstance(venue, list):
            columns["venue"], venue = venue, ""
        table: dict = {column: [] for column in COLUMNS}
        for kind, side, price, size, msg, first, last, *times in rows:
            local = times[0] if times else T + msg * 1_000_000
            exchange = times[1] if len(times) > 1 else local - 500_000
            values = (exchange, local, venue, symbol, kind, side, price, size, msg, first, last)
            for column, value in zip(COLUMNS, values, strict=True):
                table[column].append(value)
        arrays = {column: pa.array(values, COLUMNS[column]) for column, values in table.items()}
        arrays |= {column: pa.array(values) for column, values in columns.items() if values is not None}
        kept = {column: array for column, array in arrays.items() if columns.get(column, ()) is not None}
        path = tmp_path / name
        pq.write_table(pa.table(kept), path)
        return path

    return write


@pytest.fixture(scope="session")
def binance3(data: Path) -> Recording:
    """Three venues of 2024-08-08, two million rows."""
    return read(data / "books" / "binance3_20240808.parquet")


@pytest.fixture(scope="session")
def binanceus(data: Path) -> Recording:
    """Ten spot books of 2021-04-05."""
    return read(data / "books" / "binanceus_20210405.parquet")
