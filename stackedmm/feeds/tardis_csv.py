"""A Tardis CSV file read a block at a time, every value checked, with the line of whatever is wrong."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as pc

from stackedmm.errors import ConfigError
from stackedmm.feeds.staged import EARLIEST, LATEST

Array = np.ndarray[Any, Any]
BLOCK: Final = 4 << 20
"""Bytes of text read at a time."""
NAMES: Final = pa.dictionary(pa.int32(), pa.string())
COMMON: Final = {
    "exchange": NAMES, "symbol": NAMES, "timestamp": pa.int64(), "local_timestamp": pa.int64(), "side": NAMES,
    "price": pa.float64(), "amount": pa.float64(),
}  # fmt: skip
TYPES: Final = {
    "incremental_book_L2": {**COMMON, "is_snapshot": pa.bool_()},
    "trades": {**COMMON, "id": pa.string()},
}
"""The columns of each type of file."""
SIDES: Final = {"incremental_book_L2": ("bid", "ask"), "trades": ("buy", "sell", "unknown")}
FIRST_LINE: Final = 2
"""The line of the first row: above it stands the header."""


class Chunk(NamedTuple):
    """Some rows of a file: plain arrays, texts as places in lists."""

    line: int
    """Of the first row."""
    names: list[tuple[str, str]]
    """Exchange and symbol by the number in `name`."""
    name: Array
    exchange_us: Array
    local_us: Array
    side: Array
    """Place in `SIDES` of the file's type."""
    price: Array
    amount: Array
    snapshot: Array
    id: Array
    """Trade ids as numbers, 0 where they are none."""


class Table:
    """One open file. Raises ConfigError where it is none of the two types."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = FIRST_LINE
        self._before = 0
        self._columns: list[str] = []
        try:
            self._size = max(1, path.stat().st_size)
            self._columns = header(path)
            self.type = self._type()
            self._raw = pa.OSFile(str(path))
            self._reader = pc.open_csv(
                pa.CompressedInputStream(self._raw, "gzip") if gzipped(path) else self._raw,
                pc.ReadOptions(use_threads=False, block_size=BLOCK),
                pc.ParseOptions(ignore_empty_lines=False),
                pc.ConvertOptions(column_types=TYPES[self.type], null_values=[""], strings_can_be_null=False),
            )
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (OSError, EOFError, UnicodeDecodeError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    @property
    def done(self) -> float:
        """Part of the file that was read, 0 to 1."""
        return 1.0 if self._raw.closed else min(1.0, self._raw.tell() / self._size)

    def _type(self) -> str:
        for name, columns in TYPES.items():
            if set(columns) <= set(self._columns):
                return name
        expected = " or ".join(f"{name} ({', '.join(columns)})" for name, columns in TYPES.items())
        found = ", ".join(self._columns)
        raise ConfigError(f"{self.path}:1: columns {found:.200}, expected those of {expected}")

    def chunks(self) -> Iterator[Chunk]:
        """The rows, block by block."""
        while True:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                self._raw.close()
                return
            except (OSError, pa.ArrowException) as error:
                raise self._unreadable(error) from error
            if batch.num_rows:
                yield self._chunk(batch)
                self.line += batch.num_rows

    def _unreadable(self, error: Exception) -> ConfigError:
        """What pyarrow says, with the line and the column's name where it knows them."""
        text = str(error)
        row = re.search(r"Row #(\d+): (.*)", text, re.DOTALL)
        column = re.search(r"In CSV column #(\d+)", text)
        where = f"{self.path}:{row[1]}" if row else str(self.path)
        if column:
            where += f": column {self._columns[int(column[1])]}"
        what = " ".join((row[2] if row else text).split())
        hint = "; the file is cut short" if "Truncated" in text else ""
        return ConfigError(f"{where}: {what:.300}{hint}")

    def _chunk(self, batch: Any) -> Chunk:
        for column in TYPES[self.type]:
            if batch.column(column).null_count:
                at = int(np.argmax(batch.column(column).is_null().to_numpy(zero_copy_only=False)))
                raise self.refuse(at, f"column {column}: empty, expected a value in every row")
        local, exchange = (batch.column(name).to_numpy() for name in ("local_timestamp", "timestamp"))
        price, amount = (batch.column(name).to_numpy() for name in ("price", "amount"))
        self._times(local, exchange)
        self._check(~((price > 0) & np.isfinite(price)), "price", price, "expected a price above 0")
        self._check(~((amount >= 0) & np.isfinite(amount)), "amount", amount, "expected 0 or more")
        names, name = self._names(batch)
        book = self.type == "incremental_book_L2"
        zeros = np.zeros(len(local), np.int64)
        snapshot = batch.column("is_snapshot").to_numpy(zero_copy_only=False) if book else zeros.astype(bool)
        ids = zeros if book else numbers_of(batch.column("id"))
        return Chunk(self.line, names, name, exchange, local, self._sides(batch), price, amount, snapshot, ids)

    def _times(self, local: Array, exchange: Array) -> None:
        """In order of arrival, and microseconds."""
        for name, values in (("local_timestamp", local), ("timestamp", exchange)):
            wrong = (values < EARLIEST // 1000) | (values > LATEST // 1000)
            self._check(wrong, name, values, "expected microseconds between 2009 and 2100")
        before = np.concatenate([[self._before], local[:-1]])
        self._check(
            local < before, "local_timestamp", local, "is earlier than the line before; expected order of arrival"
        )
        self._before = int(local[-1])

    def _sides(self, batch: Any) -> Array:
        column, allowed = batch.column("side"), SIDES[self.type]
        texts = column.dictionary.to_pylist()
        places = np.array([allowed.index(text) if text in allowed else -1 for text in texts], np.int8)
        sides: Array = places[column.indices.to_numpy()]
        if (sides < 0).any():
            at = int(np.argmax(sides < 0))
            found = texts[column.indices[at].as_py()]
            raise self.refuse(at, f"column side: {found!r}, expected {', '.join(allowed)}")
        return sides

    def _names(self, batch: Any) -> tuple[list[tuple[str, str]], Array]:
        """The different (exchange, symbol) of a batch, and which each row has."""
        first, second = batch.column("exchange"), batch.column("symbol")
        exchanges, symbols = first.dictionary.to_pylist(), second.dictionary.to_pylist()
        both = first.indices.to_numpy().astype(np.int64) * len(symbols) + second.indices.to_numpy()
        found, name = np.unique(both, return_inverse=True)
        return [(exchanges[code // len(symbols)], symbols[code % len(symbols)]) for code in found.tolist()], name

    def _check(self, wrong: Array, name: str, values: Array, expected: str) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            raise self.refuse(at, f"column {name}: {values[at]}, {expected}")

    def refuse(self, at: int, said: str) -> ConfigError:
        """What is wrong with a row of the block that is being read."""
        return ConfigError(f"{self.path}:{self.line + at}: {said}")


def gzipped(path: Path) -> bool:
    """Whether a file begins as gzip does, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def header(path: Path) -> list[str]:
    """The names of a file's columns."""
    with gzip.open(path, "rt", encoding="utf-8") if gzipped(path) else path.open(encoding="utf-8") as file:
        return file.readline(1 << 16).strip().split(",")


def numbers_of(column: Any) -> Array:
    """Trade ids that are whole numbers of at most 18 digits; 0 for others."""
    plain = compute.match_substring_regex(column, r"^\d{1,18}$")
    numbers = compute.if_else(plain, column, pa.scalar("0"))
    return np.asarray(numbers.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
