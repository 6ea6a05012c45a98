"""Tardis' CSV files of order books and trades, plain or gzipped, made one neutral recording in bounded memory.

The form is that of Tardis' documentation: times in microseconds; rows with one `local_timestamp` are one message; a
row of amount 0 removes its level; the first snapshot row after others begins the book anew. Files are merged by local
time, each read a few megabytes at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from stackedmm.core.market import Market
from stackedmm.errors import ConfigError
from stackedmm.feeds import parquet
from stackedmm.feeds.markets import inferred, load
from stackedmm.feeds.staged import IN_DELTA, IN_SNAPSHOT, IN_TRADE
from stackedmm.feeds.tardis_csv import Chunk, Table
from stackedmm.feeds.tardis_names import market_of

ROW: Final = np.dtype(
    [
        ("local", "i8"),  # us
        ("exchange", "i8"),  # us
        ("price", "f8"),
        ("size", "f8"),
        ("id", "i8"),  # of the trade, 0 where it is no number
        ("message", "i8"),  # of its market in its file
        ("stream", "i4"),  # number of the file
        ("market", "i4"),
        ("kind", "i1"),
        ("side", "i1"),  # places in parquet.SIDES
    ]
)
"""One CSV row on its way; merged by local time, then file, then market."""
ONE: Final = Decimal(1)
"""A step that nobody knows yet."""
GROUP: Final = 1 << 19
"""About so many rows of one row group."""
Array = np.ndarray[Any, Any]
Progress = Callable[[float], None]


@dataclass(slots=True)
class Converted:
    """What a conversion wrote, and what was left out or changed on the way."""

    path: Path
    markets: list[Market] = field(default_factory=list)
    rows: int = 0
    messages: int = 0
    notes: list[str] = field(default_factory=list)


def convert(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    symbols: Mapping[str, str] | None = None,
    markets: Sequence[str | Path] = (),
    progress: Progress | None = None,
) -> Converted:
    """Write `incremental_book_L2` and `trades` files as one neutral Parquet file, whole or not at all.

    `symbols` are unified symbols by the venue's own, where they do not follow from it; `markets` files describe
    markets, whose ticks and lots then stand in the file (else they are inferred when it is read). Raises ConfigError
    naming file, line and column.
    """
    out = Path(out)
    if not files:
        raise ConfigError("data: no file to convert")
    done = Converted(out)
    known: dict[tuple[str, str], Market] = {}
    numbers: dict[tuple[str, str], int] = {}

    def number(exchange: str, symbol: str) -> int:
        if (exchange, symbol) not in numbers:
            pair = market_of(exchange, symbol, (symbols or {}).get(symbol))
            for path in markets if not known else ():
                known.update(load(path, [pair[0]]))
            numbers[exchange, symbol] = len(done.markets)
            done.markets.append(known.get(pair) or inferred(*pair, ONE, ONE)[0])
        return numbers[exchange, symbol]

    streams = [Stream(i, Path(path), number) for i, path in enumerate(files)]
    told = None if progress is None else lambda: progress(sum(each.table.done for each in streams) / len(streams))
    parts = neutral(merged(streams, told), done)
    parquet.save(out, done.markets, parts, lambda: [each for each in done.markets if each.source != "inferred"])
    done.notes += [note for each in streams for note in each.notes()]
    return done


class Stream:
    """One file as rows, in chunks that end between two local times: a message is never torn."""

    def __init__(self, place: int, path: Path, number: Callable[[str, str], int]) -> None:
        self.table = Table(path)
        self._place = place
        self._number = number
        self._states: dict[int, Before] = {}
        self._unknown = self._restarts = 0

    def chunks(self) -> Iterator[Array]:
        """Rows of whole messages, in order of local time."""
        kept = np.zeros(0, ROW)
        for chunk in self.table.chunks():
            rows = np.concatenate([kept, self._rows(chunk)])
            if not len(rows):
                continue
            whole = int(np.searchsorted(rows["local"], rows["local"][-1]))
            kept = rows[whole:]
            if whole:
                yield rows[:whole]
        if len(kept):
            yield kept

    def notes(self) -> list[str]:
        """What was left out, and where the book began anew."""
        name, said = self.table.path.name, []
        if self._unknown:
            said.append(f"{name}: {self._unknown} trades of unknown side left out")
        if self._restarts:
            said.append(f"{name}: the book begins anew {self._restarts} times: the recorder had lost the connection")
        return said

    def _rows(self, chunk: Chunk) -> Array:
        rows = np.zeros(len(chunk.local_us), ROW)
        try:
            number = np.array([self._number(*pair) for pair in chunk.names], np.int32)
        except ConfigError as error:
            raise ConfigError(f"{self.table.path}:{chunk.line}: {error}") from None
        rows["local"], rows["exchange"] = chunk.local_us, chunk.exchange_us
        rows["price"], rows["size"], rows["id"] = chunk.price, chunk.amount, chunk.id
        rows["stream"], rows["market"] = self._place, number[chunk.name]
        if self.table.type == "trades":
            known = chunk.side < 2
            self._unknown += int((~known).sum())
            rows["kind"], rows["side"] = IN_TRADE, chunk.side + 2
            rows["message"] = chunk.line + np.arange(len(rows))
            return rows[known]
        rows["side"] = chunk.side
        for market in np.unique(number).tolist():
            self._book(rows, np.flatnonzero(rows["market"] == market), chunk.snapshot, market)
        kept: Array = rows[(rows["kind"] != IN_SNAPSHOT) | (rows["size"] > 0)]
        return kept

    def _book(self, rows: Array, at: Array, snapshot: Array, market: int) -> None:
        """Tell snapshots from deltas, and one message from the next, in one market's book rows."""
        before = self._states.setdefault(market, Before())
        flag, local = snapshot[at], rows["local"][at]
        flags = np.concatenate([[before.snapshot], flag])
        locals_ = np.concatenate([[before.local], local])
        begins = flags[1:] & ~flags[:-1]
        # What goes on with a later time is part of the same snapshot: its levels are added to the book that stands.
        origin = np.maximum.accumulate(np.where(begins, local, 0))
        origin = np.where(origin == 0, before.origin, origin)
        rows["kind"][at] = np.where(flag & (local == origin), IN_SNAPSHOT, IN_DELTA)
        fresh = begins | (flags[1:] != flags[:-1]) | (locals_[1:] != locals_[:-1])
        rows["message"][at] = before.message + np.cumsum(fresh)
        self._restarts += int(begins.sum()) - (before.message == 0 and bool(begins.any()))
        before.snapshot, before.local = bool(flag[-1]), int(local[-1])
        before.message, before.origin = int(rows["message"][at[-1]]), int(origin[-1])


@dataclass(slots=True)
class Before:
    """How the last row of a market's book was."""

    snapshot: bool = False
    local: int = 0
    message: int = 0
    origin: int = 0
    """Local time at which the latest snapshot began, us."""


def merged(streams: Sequence[Stream], told: Callable[[], None] | None) -> Iterator[Array]:
    """Rows of all files by local time; each file's next chunk is held until the others have come as far."""
    sources = [each.chunks() for each in streams]
    heads = [next(source, None) for source in sources]
    while True:
        standing = [head for head in heads if head is not None]
        if not standing:
            return
        bound = min(int(head["local"][-1]) for head in standing)
        ready = []
        for i, head in enumerate(heads):
            if head is None:
                continue
            whole = int(np.searchsorted(head["local"], bound, "right"))
            ready.append(head[:whole])
            heads[i] = head[whole:] if whole < len(head) else next(sources[i], None)
        rows = np.concatenate(ready)
        if told is not None:
            told()
        yield rows[np.lexsort((rows["market"], rows["stream"], rows["local"]))]


def neutral(parts: Iterator[Array], done: Converted) -> Iterator[dict[str, Array]]:
    """Neutral columns of merged rows, about a row group at a time."""
    held: list[Array] = []
    for part in parts:
        held.append(part)
        if sum(map(len, held)) >= GROUP:
            yield columns(np.concatenate(held), done)
            held = []
    if held:
        yield columns(np.concatenate(held), done)
    if not done.rows:
        raise ConfigError(f"{done.path}: nothing to write, the files hold no row that counts")


def columns(rows: Array, done: Converted) -> dict[str, Array]:
    """Neutral columns. Messages are numbered on from those of earlier parts, which end where messages do."""
    key = rows[["stream", "market", "message", "kind"]]
    fresh = np.concatenate([[True], key[1:] != key[:-1]])
    messages = done.messages + np.cumsum(fresh)
    done.rows += len(rows)
    done.messages = int(messages[-1])
    return {
        "ts_exchange_ns": rows["exchange"] * 1000,
        "ts_local_ns": rows["local"] * 1000,
        "venue": rows["market"],
        "symbol": rows["market"],
        "kind": rows["kind"],
        "side": rows["side"],
        "price": rows["price"],
        "size": rows["size"],
        "msg": messages.astype(np.int32),
        "seq_first": rows["id"],
        "seq_last": rows["id"],
    }
