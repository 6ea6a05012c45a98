"""Recordings read from neutral Parquet: files in, rows out, with every correction written down."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.errors import ConfigError
from stackedmm.feeds.counted import Counted
from stackedmm.feeds.markets import load, venue_name
from stackedmm.feeds.parquet import Names, Numbers, Source, Wanted, nearest
from stackedmm.feeds.staged import (
    BAD_EXCHANGE,
    BAD_ID,
    BAD_LOCAL,
    BAD_MSG,
    BAD_ORDER,
    BAD_PRICE,
    BAD_QUANTITY,
    EARLIEST,
    IN_BBO,
    STAGED,
    first_fault,
)

DAY: Final = 86_400 * 10**9
SILENCE_MAX: Final = 7 * DAY
"""Longest time, ns, in which a recording may have no row at all."""

Path_ = str | Path
Described = Market | Path_
Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


def read(
    paths: Path_ | Sequence[Path_],
    *,
    venues: Iterable[str] | None = None,
    symbols: Iterable[str] | None = None,
    start: int | None = None,
    end: int | None = None,
    markets: Described | Iterable[Described] | None = None,
    progress: Progress | None = None,
    synchronised: bool = True,
) -> Recording:
    """Read one or several neutral Parquet files as one recording, merged by local time.

    `venues` and `symbols` choose markets. Trading time runs from `start` to before `end`, in ns of the recorder's
    clock; rows before `start` are kept as warm-up, without bbo. `markets` describes markets: `Market`s, or JSON files
    of ccxt or of the venues; steps it does not give are inferred from the data. With `synchronised` false rows stand
    as recorded: deltas before their snapshot stay where they are and old ones are applied.

    Raises ConfigError naming file, row and column where a file is not usable.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise ConfigError("no file to read")
    if start is not None and end is not None and start >= end:
        raise ConfigError(f"start {start} is not before end {end}")
    wanted = Wanted(_chosen(venues, venue_name), _chosen(symbols, str), end)
    staging = _stage(files, wanted, start, progress)
    _check_silence(files, staging.rows["local"])
    counted = Counted(staging.rows, staging.sort(), staging.fault)
    described = counted.describe(_known(markets, staging))
    rows = counted.order(described, synchronised)
    notes, shift = (*staging.notes, *counted.notes), counted.shift
    del staging, counted  # their rows are the larger part of the memory, and no longer needed
    return recording(rows, described, start=start, end=end, shift=shift, notes=notes)


@dataclass(slots=True)
class _Staging:
    """Rows of all files, before they are counted in ticks and lots."""

    rows: np.ndarray[Any, Any]
    parts: list[tuple[int, Path, Numbers]] = field(default_factory=list)
    """Where the rows came from: first row of the part, file, row numbers in the file."""
    names: Names = field(default_factory=Names)
    notes: list[str] = field(default_factory=list)
    described: dict[tuple[str, str], Market] = field(default_factory=dict)
    """Markets as the files themselves describe them."""

    def sort(self) -> list[tuple[str, str]]:
        """Number the markets anew, by venue and symbol, and answer them so."""
        pairs = sorted(self.names.pairs)
        place = np.zeros(len(pairs), np.uint16)
        for i, pair in enumerate(pairs):
            place[self.names.pairs[pair]] = i
        self.rows["market"] = place[self.rows["market"]]
        return pairs

    def fault(self, row: int, code: int) -> ConfigError:
        """What is wrong with a staged row, in the words of its file."""
        first, path, at = next(part for part in reversed(self.parts) if part[0] <= row)
        return ConfigError(f"{path}: row {at[row - first]}, {said(self.rows[row], code)}")


def _stage(files: list[Path], wanted: Wanted, start: int | None, progress: Progress | None) -> _Staging:
    """Read and check the rows asked for, file after file."""
    sources = [Source(path) for path in files]
    total = sum(source.rows for source in sources)
    staging = _Staging(np.empty(total, STAGED))
    fault = np.zeros(1, np.int64)
    count = done = offset = 0
    for source in sources:
        before = floor_msg = timeless = 0
        for part, at in source.parts(wanted, staging.names):
            timeless += _without_local(part)
            row = first_fault(view(part), before, floor_msg, fault)
            if row >= 0:
                raise ConfigError(f"{source.path}: row {at[row]}, {said(part[row], fault[0])}")
            if len(part):
                before, floor_msg = int(part["local"][-1]), int(part["msg"][-1])
            part, at = _cut(part, at, start, wanted.end)
            part["msg"] += offset
            staging.rows[count : count + len(part)] = part
            staging.parts.append((count, source.path, at))
            count += len(part)
            if progress:
                progress(done + source.done, total)
        done += source.rows
        offset += floor_msg + 1
        staging.described.update(source.described)
        if timeless:
            staging.notes.append(f"{source.path.name}: {timeless} rows without local time take the venue's")
        if source.extra:
            staging.notes.append(f"{source.path.name}: columns not used: {', '.join(source.extra)}")
    staging.rows = staging.rows[:count]
    _check_wanted(files, wanted, staging)
    return staging


def _without_local(part: np.ndarray[Any, Any]) -> int:
    """Where the recorder noted no time, the venue's stands for it; returns in how many rows."""
    missing = (part["local"] == 0) & (part["exchange"] != 0)
    count = int(missing.sum())
    if count:
        part["local"][missing] = part["exchange"][missing]
    return count


def _cut(
    part: np.ndarray[Any, Any], at: Numbers, start: int | None, end: int | None
) -> tuple[np.ndarray[Any, Any], Numbers]:
    """The rows before `end`; before `start` without bbo, which no later state depends on."""
    keep = np.ones(len(part), bool)
    if end is not None:
        keep &= part["local"] < end
    if start is not None:
        keep &= (part["local"] >= start) | (part["kind"] != IN_BBO)
    return (part, at) if keep.all() else (part[keep], np.asarray(at)[keep])


def _check_silence(files: list[Path], local: np.ndarray[Any, Any]) -> None:
    """Recordings of different times are not one: an engine would walk through all the time between, doing nothing."""
    times = np.sort(local)
    steps = np.diff(times)
    if not len(steps) or steps.max() <= SILENCE_MAX:
        return
    after = int(steps.argmax())
    last, first = (datetime.fromtimestamp(int(t) // 10**9, UTC).isoformat(" ")[:19] for t in times[after : after + 2])
    where = ", ".join(str(path) for path in files)
    raise ConfigError(
        f"{where}: no row from {last} to {first} UTC, expected no silence above {SILENCE_MAX // DAY} days; "
        "read recordings of different times one by one, or choose a part by start and end"
    )


def _check_wanted(files: list[Path], wanted: Wanted, staging: _Staging) -> None:
    """Every name asked for was met, and something is left."""
    where = ", ".join(str(path) for path in files)
    names = staging.names
    if not names.venues:
        raise ConfigError(f"{where}: no row lies before the end asked for")
    for asked, met, what in (
        (wanted.venues, names.venues, "venue"),
        (wanted.symbols, names.symbols, "symbol"),
    ):
        for name in sorted((asked or frozenset()) - met):
            raise ConfigError(f"{where}: no {what} {name!r}; nearest: {nearest(name, sorted(met))}")
    if not names.pairs:
        raise ConfigError(f"{where}: no market is of the venues and symbols asked for together")
    if not len(staging.rows):
        raise ConfigError(f"{where}: no row of the markets asked for lies before the end asked for")


def said(row: np.void, code: int) -> str:
    """Column, value found and value expected, for one kind of fault."""
    between = "expected ns between 2009 and 2100"
    found = {
        BAD_LOCAL: ("ts_local_ns", row["local"], between + _unit(int(row["local"]))),
        BAD_EXCHANGE: ("ts_exchange_ns", row["exchange"], between + _unit(int(row["exchange"]))),
        BAD_ORDER: ("ts_local_ns", row["local"], "is earlier than the row before; expected order of arrival"),
        BAD_MSG: ("msg", row["msg"], "is lower than in the row before; expected the rows of a message together"),
        BAD_ID: ("seq_first, seq_last", (int(row["first"]), int(row["last"])), "expected ids of 0 or more"),
        BAD_PRICE: ("price", float(row["price"]), "expected a price above 0, a decimal of at most 15 digits"),
        BAD_QUANTITY: ("size", float(row["quantity"]), "expected 0 or more, a decimal of at most 15 digits"),
    }
    column, value, expected = found[int(code)]
    return f"column {column}: {value}, {expected}"


def _unit(value: int) -> str:
    for factor, name in ((10**9, "seconds"), (10**6, "milliseconds"), (10**3, "microseconds")):
        if EARLIEST <= value * factor < 4 * EARLIEST:
            return f"; this looks like {name}"
    return ""


def _known(given: Described | Iterable[Described] | None, staging: _Staging) -> dict[tuple[str, str], Market]:
    """Descriptions by venue and symbol: the files' own, replaced by those given, of which later ones win."""
    known = dict(staging.described)
    venues = sorted({venue for venue, _ in staging.names.pairs})
    for each in () if given is None else (given,) if isinstance(given, Market | str | Path) else given:
        if isinstance(each, Market):
            known[each.venue, each.symbol] = each
        else:
            known.update(load(each, venues))
    return known


def recording(
    rows: np.ndarray[Any, Any],
    markets: tuple[Market, ...],
    *,
    start: int | None = None,
    end: int | None = None,
    shift: int = 0,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Rows in order of arrival made a recording; `start` and `end` are on the recorder's clock."""
    first, last = (int(rows["ts"][0]), int(rows["ts"][-1])) if len(rows) else (shift, shift)
    begin = first if start is None else start + shift
    stop = last + 1 if end is None else end + shift
    if begin > last:
        raise ConfigError(f"no row lies at or after the start asked for; the last is at {last - shift} ns")
    return Recording(markets, rows, by_exchange(rows), begin, stop, notes, shift)


def _chosen(names: Iterable[str] | None, meant: Callable[[str], str]) -> frozenset[str] | None:
    return None if names is None else frozenset(meant(name) for name in ([names] if isinstance(names, str) else names))
