"""hftbacktest's npz arrays, both ways: one market's book and trades."""

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from stackedmm.core.machine import entry, leaf, part, view
from stackedmm.core.market import Market
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ASK, BBO, CLEAR, DEPTH, GAP, SNAPSHOT, TRADE
from stackedmm.errors import ConfigError
from stackedmm.feeds.counted import Counted
from stackedmm.feeds.decimals import as_floats
from stackedmm.feeds.recording import recording as made
from stackedmm.feeds.recording import said
from stackedmm.feeds.staged import IN_BBO, IN_DELTA, IN_GAP, IN_SNAPSHOT, IN_TRADE, STAGED, first_fault

EVENT: Final = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ],
    align=True,
)
"""hftbacktest's event. `ev` is a kind in the low byte and flags above."""

EV_DEPTH: Final = 1
EV_TRADE: Final = 2
EV_CLEAR: Final = 3
EV_SNAPSHOT: Final = 4
EV_BBO: Final = 5
EV_EXCHANGE: Final = 1 << 31
EV_LOCAL: Final = 1 << 30
EV_BUY: Final = 1 << 29
EV_SELL: Final = 1 << 28


def write_npz(recording: Recording, market: int, path: str | Path) -> None:
    """Write one market as hftbacktest's event array; see `events`."""
    path = Path(path)
    try:
        with path.open("wb") as file:
            np.savez(file, data=events(recording, market))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error


def events(recording: Recording, market: int) -> np.ndarray[Any, Any]:
    """One market's book and trades as hftbacktest's events, in its order: rows out of exchange order stand twice.

    A snapshot clears each of its sides down to its last price, as hftbacktest's own converters do; a gap clears both
    sides whole. BBO rows are left out.
    """
    rows = recording.local
    kinds = rows["kind"]
    rows = rows[(rows["market"] == market) & (kinds <= GAP) & (kinds != BBO)]
    described = recording.markets[market]
    prices = as_floats(rows["px"], described.tick)
    quantities = as_floats(rows["qty"], described.lot)
    room = np.zeros(len(rows) + int((rows["kind"] == CLEAR).sum()), EVENT)
    plain = room[: to_events(view(rows), prices, quantities, view(room))]
    by_exchange = np.argsort(plain["exch_ts"], kind="stable")
    by_local = np.argsort(plain["local_ts"], kind="stable")
    count = interleave(view(plain), by_exchange, by_local, view(np.zeros(0, EVENT)), False)
    ordered = np.zeros(count, EVENT)
    interleave(view(plain), by_exchange, by_local, view(ordered), True)
    return ordered


def read_npz(path: str | Path, market: Market) -> Recording:
    """Read hftbacktest's event array as a recording of one market, whose steps are checked against the data.

    Rows learned of at one time are one message. Raises ConfigError naming file and row where it is not usable.
    """
    path = Path(path)
    found = _array(path)
    found = found[found["ev"] & EV_LOCAL != 0]
    room = np.zeros(len(found), STAGED)
    fault = np.zeros(1, np.int64)
    count = from_events(view(found), view(room), fault)
    if fault[0] > 0:
        row = int(fault[0]) - 1
        kind = int(found["ev"][row]) & 255
        raise ConfigError(f"{path}: local row {row}, ev: kind {kind}, expected 1 to 5 with a side for all but clears")
    rows = room[:count]
    if not count:
        raise ConfigError(f"{path}: no row carries the local flag; expected events of a feed")
    row = first_fault(view(rows), 0, 0, fault)
    if row >= 0:
        raise ConfigError(f"{path}: local row {row}, {said(rows[row], int(fault[0]))}")
    counted = Counted(
        rows,
        [(market.venue, market.symbol)],
        lambda row, code: ConfigError(f"{path}: local row {row}, {said(rows[row], code)}"),
    )
    markets = counted.describe({(market.venue, market.symbol): market})
    ordered = counted.order(markets, synchronised=False)
    return made(ordered, markets, shift=counted.shift, notes=tuple(counted.notes))


def _array(path: Path) -> np.ndarray[Any, Any]:
    """The file's event array."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = getattr(file, "files", None)
            found = file["data"] if names and "data" in names else None
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not an npz file: {error}") from error
    if found is None:
        raise ConfigError(f"{path}: array 'data' missing; found {', '.join(names or ()) or 'none'}")
    if found.dtype != EVENT or found.ndim != 1:
        raise ConfigError(f"{path}: array 'data' is {found.dtype}, expected hftbacktest's event, {EVENT}")
    return np.asarray(found)


@leaf
def event(e: Any, ev: Any, row: Any, px: Any, qty: Any) -> Any:
    """Fill one event with a row's times."""
    e.ev = ev
    e.exch_ts = (row.ts // 1000 - row.lag_us) * 1000
    e.local_ts = row.ts
    e.px = px
    e.qty = qty


@entry
def to_events(rows: Any, prices: Any, quantities: Any, out: Any) -> Any:
    """Rows of one market as events without order flags; a CLEAR becomes one clear a side."""
    n = 0
    bid_open = ask_open = -1
    for i in range(len(rows)):
        r = rows[i]
        side = EV_SELL if r["marks"] & ASK else EV_BUY
        if r.kind == CLEAR:
            bid_open, ask_open = last_of_sides(rows, i)
            if bid_open < 0 or ask_open < 0:
                event(out[n], EV_CLEAR, r, 0.0, 0.0)
                n += 1
                bid_open = ask_open = -1
            continue
        if r.kind == GAP:
            event(out[n], EV_CLEAR, r, 0.0, 0.0)
        elif r.kind == TRADE:
            event(out[n], EV_TRADE | side, r, prices[i], quantities[i])
        elif r["marks"] & SNAPSHOT:
            if r["marks"] & ASK and ask_open >= 0:
                event(out[n], EV_CLEAR | EV_SELL, r, prices[ask_open], 0.0)
                ask_open = -1
                n += 1
            elif r["marks"] & ASK == 0 and bid_open >= 0:
                event(out[n], EV_CLEAR | EV_BUY, r, prices[bid_open], 0.0)
                bid_open = -1
                n += 1
            event(out[n], EV_SNAPSHOT | side, r, prices[i], quantities[i])
        else:
            event(out[n], EV_DEPTH | side, r, prices[i], quantities[i])
        n += 1
    return n


@part
def last_of_sides(rows: Any, clear: Any) -> Any:
    """Index of the last bid and of the last ask of the snapshot that a CLEAR begins, -1 where a side is empty."""
    bid = ask = -1
    for i in range(clear + 1, len(rows)):
        if rows[i]["marks"] & SNAPSHOT == 0 or rows[i].kind != DEPTH:
            break
        if rows[i]["marks"] & ASK:
            ask = i
        else:
            bid = i
    return bid, ask


@entry
def interleave(rows: Any, by_exchange: Any, by_local: Any, out: Any, write: Any) -> Any:
    """One sequence in which both times rise: an event that cannot stand once for both stands twice, flagged."""
    n = e = k = 0
    while e < len(rows) or k < len(rows):
        flags = EV_LOCAL
        at = by_local[min(k, len(rows) - 1)]
        if e < len(rows):
            first = by_exchange[e]
            if k == len(rows):
                flags, at = EV_EXCHANGE, first
            elif rows[first].exch_ts == rows[at].exch_ts and rows[first].local_ts == rows[at].local_ts:
                flags = EV_EXCHANGE | EV_LOCAL
            elif rows[first].exch_ts < rows[at].exch_ts or (
                rows[first].exch_ts == rows[at].exch_ts and rows[first].local_ts < rows[at].local_ts
            ):
                flags, at = EV_EXCHANGE, first
        if write:
            out[n] = rows[at]
            out[n].ev |= np.uint64(flags)
        n += 1
        e += 1 if flags & EV_EXCHANGE else 0
        k += 1 if flags & EV_LOCAL else 0
    return n


@entry
def from_events(found: Any, rows: Any, fault: Any) -> Any:
    """Events in order of arrival as staged rows; returns how many. `fault[0]` is 1 + the row that is none."""
    n = 0
    message = np.int64(0)
    before = np.int64(-1)
    shape = -1
    for i in range(len(found)):
        kind = np.int64(found[i].ev & np.uint64(255))
        buys = found[i].ev & np.uint64(EV_BUY) != 0
        sells = found[i].ev & np.uint64(EV_SELL) != 0
        if kind < EV_DEPTH or kind > EV_BBO or (kind != EV_CLEAR and buys == sells):
            fault[0] = i + 1
            return n
        # A snapshot is its clears, its levels, and what was applied to it on arrival.
        now = IN_TRADE if kind == EV_TRADE else IN_BBO if kind == EV_BBO else IN_DELTA
        if now != shape or found[i].local_ts != before or now == IN_TRADE:
            message += 1
        shape = now
        before = found[i].local_ts
        r = rows[n]
        r.exchange = found[i].exch_ts
        r.local = found[i].local_ts
        r.price = found[i].px
        r.quantity = found[i].qty
        r.msg = message
        r.side = 1 if sells else 0
        if kind == EV_CLEAR:
            if buys or sells or opens(found, i):
                continue
            r.kind = IN_GAP
        else:
            r.kind = IN_SNAPSHOT if kind == EV_SNAPSHOT else now
        n += 1
    return n


@part
def opens(found: Any, i: Any) -> Any:
    """Whether a clear is followed by a snapshot's levels of the same time."""
    if i + 1 == len(found) or found[i + 1].local_ts != found[i].local_ts:
        return False
    return np.int64(found[i + 1].ev & np.uint64(255)) == EV_SNAPSHOT
