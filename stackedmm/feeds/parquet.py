"""Neutral market data in Parquet, column by column; the one file that knows pyarrow."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stackedmm.core.market import Market
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import from_json, to_json
from stackedmm.feeds.staged import IN_BBO, IN_DELTA, IN_GAP, IN_SNAPSHOT, IN_TRADE, STAGED

COLUMNS: Final = {
    "ts_exchange_ns": "int64",
    "ts_local_ns": "int64",
    "venue": "string",
    "symbol": "string",
    "kind": "string",
    "side": "string",
    "price": "double",
    "size": "double",
    "msg": "int32",
    "seq_first": "int64",
    "seq_last": "int64",
}
"""The neutral form: every column and its type."""

KINDS: Final = {"snapshot": IN_SNAPSHOT, "delta": IN_DELTA, "trade": IN_TRADE, "bbo": IN_BBO, "gap": IN_GAP}
SIDES: Final = {"bid": 0, "ask": 1, "buy": 2, "sell": 3}
MARKETS: Final = b"stackedmm.markets"
"""Key of the file's metadata under which we write the description of its markets."""

BATCH: Final = 65536
"""Rows read at a time: enough to be fast, few enough to be lean."""

_PLAIN: Final = {
    "ts_exchange_ns": "exchange",
    "ts_local_ns": "local",
    "price": "price",
    "size": "quantity",
    "msg": "msg",
    "seq_first": "first",
    "seq_last": "last",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a file; None asks for everything."""

    venues: frozenset[str] | None = None
    symbols: frozenset[str] | None = None
    end: int | None = None


@dataclass(slots=True)
class Names:
    """The (venue, symbol) pairs met so far, numbered in order of appearance, and the names that were passed over."""

    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    venues: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)


Numbers = Sequence[int] | np.ndarray[Any, Any]
"""For each row its number in the file."""


class Source:
    """One open file whose columns are those of the neutral form."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = _open(path)
        self.rows: int = self.file.metadata.num_rows
        self.done = 0
        """Rows read so far, wanted or not."""
        self.extra = _check_columns(path, self.file.schema_arrow)
        self.described = {
            (market.venue, market.symbol): market
            for market in from_json(path, (self.file.metadata.metadata or {}).get(MARKETS, b"[]"))
        }
        if self.rows == 0:
            raise ConfigError(f"{path}: no rows; a recording has at least one")

    def parts(self, wanted: Wanted, names: Names) -> Iterator[tuple[np.ndarray[Any, Any], Numbers]]:
        """Staged rows of the markets asked for, some ten thousand at a time, with each row's number in the file."""
        for group in range(self.file.num_row_groups):
            if self._begins_after(group, wanted.end):
                self.done += self.file.metadata.row_group(group).num_rows
                continue
            for batch in self._batches(group):
                first = self.done
                self.done += batch.num_rows
                yield _part(self.path, first, batch, wanted, names)

    def _batches(self, group: int) -> Iterator[Any]:
        try:
            yield from self.file.iter_batches(BATCH, row_groups=[group], columns=list(COLUMNS))
        except (pa.ArrowException, OSError) as error:
            raise ConfigError(f"{self.path}: row group {group} cannot be read, the file is damaged: {error}") from error

    def _begins_after(self, group: int, end: int | None) -> bool:
        """Whether the file's own statistics say that a row group holds nothing before `end`."""
        if end is None:
            return False
        position = self.file.schema_arrow.names.index("ts_local_ns")
        statistics = self.file.metadata.row_group(group).column(position).statistics
        return bool(statistics and statistics.has_min_max and statistics.min >= end)


def _open(path: Path) -> Any:
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: not a whole Parquet file: {error}") from error


def _check_columns(path: Path, schema: Any) -> tuple[str, ...]:
    """Names of the columns beyond the neutral form; raises where one of its own is missing or of another type."""
    missing = [name for name in COLUMNS if name not in schema.names]
    if missing:
        found = ", ".join(schema.names)
        raise ConfigError(f"{path}: column {', '.join(missing)} missing; found {found}; expected {', '.join(COLUMNS)}")
    for name, expected in COLUMNS.items():
        found = str(_text(schema.field(name).type))
        allowed = {expected, "int64"} if name == "msg" else {expected}
        if found not in allowed:
            raise ConfigError(f"{path}: column {name} is {found}, expected {expected}")
    return tuple(name for name in schema.names if name not in COLUMNS)


def _text(kind: Any) -> Any:
    """A column type with all ways of storing text made one."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _part(path: Path, first: int, batch: Any, wanted: Wanted, names: Names) -> tuple[np.ndarray[Any, Any], Numbers]:
    """Staged rows of a batch, whose first row is number `first` of its file."""
    market, chosen = _markets(path, first, batch, wanted, names)
    at = np.flatnonzero(chosen)
    rows = np.empty(len(at), STAGED)
    if not len(at):
        return rows, ()
    every = len(at) == len(chosen)
    rows["market"] = market if every else market[at]
    for column, name in _PLAIN.items():
        values = batch.column(column)
        if values.null_count:
            raise _null(path, first, column, values)
        values = values.to_numpy()
        rows[name] = values if every else values[at]
    _kinds(path, first, batch, rows, at)
    return rows, range(first, first + len(at)) if every else at + first


def _codes(path: Path, first: int, column: Any, name: str) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The different texts of a column, and for each row the place of its own among them."""
    if column.null_count:
        raise _null(path, first, name, column)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.dictionary.to_pylist(), column.indices.to_numpy()


def _null(path: Path, first: int, name: str, column: Any) -> ConfigError:
    row = first + int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
    return ConfigError(f"{path}: row {row}, column {name}: null, expected a value in every row")


def _markets(
    path: Path, first: int, batch: Any, wanted: Wanted, names: Names
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """For each row the number of its market, and whether it is asked for."""
    venues, venue = _codes(path, first, batch.column("venue"), "venue")
    symbols, symbol = _codes(path, first, batch.column("symbol"), "symbol")
    names.venues.update(venues)
    names.symbols.update(symbols)
    both = venue.astype(np.int64) * max(1, len(symbols)) + symbol
    present, place = np.unique(both, return_index=True)
    number = np.full(max(1, len(venues)) * max(1, len(symbols)), -1, np.int64)
    for code in present[np.argsort(place)]:
        pair = venues[code // len(symbols)], symbols[code % len(symbols)]
        if (wanted.venues is None or pair[0] in wanted.venues) and (
            wanted.symbols is None or pair[1] in wanted.symbols
        ):
            number[code] = names.pairs.setdefault(pair, len(names.pairs))
    if len(names.pairs) > 65535:
        raise ConfigError(f"{path}: more than 65535 markets")
    market = number[both]
    return market, market >= 0


def _kinds(path: Path, first: int, batch: Any, rows: np.ndarray[Any, Any], at: np.ndarray[Any, Any]) -> None:
    """Fill kind and side, which must suit each other."""
    kind = _known(path, first, batch.column("kind"), "kind", KINDS, at)
    side = _known(path, first, batch.column("side"), "side", SIDES, at)
    trade = kind == IN_TRADE
    wrong = np.flatnonzero(trade != (side >= 2))
    if len(wrong):
        row = int(wrong[0])
        found = next(name for name, code in SIDES.items() if code == side[row])
        expected = "buy or sell for a trade" if trade[row] else "bid or ask for a book"
        raise ConfigError(f"{path}: row {first + at[row]}, column side: {found!r}, expected {expected}")
    rows["kind"] = kind
    rows["side"] = side & 1


def _known(
    path: Path, first: int, column: Any, name: str, known: dict[str, int], at: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    texts, codes = _codes(path, first, column, name)
    codes = codes[at]
    table = np.array([known.get(text, -1) for text in texts], np.int64)
    values = table[codes]
    wrong = np.flatnonzero(values < 0)
    if len(wrong):
        row = int(wrong[0])
        expected = ", ".join(known)
        raise ConfigError(
            f"{path}: row {first + at[row]}, column {name}: {texts[codes[row]]!r}, expected one of {expected}"
        )
    return np.asarray(values)


def nearest(word: str, known: Sequence[str]) -> str:
    """The known names most like `word`, for an error message."""
    like = difflib.get_close_matches(word, known, n=3, cutoff=0.4)
    return ", ".join(like or sorted(known)[:8])


def save(
    path: Path,
    markets: Sequence[Market],
    parts: Iterable[Mapping[str, np.ndarray[Any, Any]]],
    described: Callable[[], Sequence[Market]] | None = None,
) -> None:
    """Write neutral columns, a row group a part; venue, symbol, kind and side are places in their tables of names.

    `markets` may grow while parts are made; `described` are asked at the end for those whose descriptions stand in
    the file, by default all. The file appears whole or not at all.
    """
    texts: dict[str, list[str]] = {"venue": [], "symbol": [], "kind": list(KINDS), "side": list(SIDES)}
    schema = pa.schema(
        [(name, pa.dictionary(pa.int32(), pa.string()) if name in texts else kind) for name, kind in COLUMNS.items()],
        metadata={MARKETS: to_json(markets)} if described is None else None,
    )
    draft = path.with_name(path.name + ".part")
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for part in parts:
                texts["venue"], texts["symbol"] = ([getattr(m, name) for m in markets] for name in ("venue", "symbol"))
                columns = [
                    pa.DictionaryArray.from_arrays(pa.array(part[name], pa.int32()), pa.array(texts[name], pa.string()))
                    if name in texts
                    else pa.array(part[name], schema.field(name).type)
                    for name in COLUMNS
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            if described is not None:
                writer.add_key_value_metadata({MARKETS: to_json(described())})
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
