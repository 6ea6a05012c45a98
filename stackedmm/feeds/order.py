"""Snapshots and deltas of each market put together: what a careful client would have known, and when."""

from typing import Any, Final

import numpy as np

from stackedmm.core.machine import entry, leaf, part
from stackedmm.core.rows import ASK, BBO, CLEAR, DEPTH, GAP, LAST, SNAPSHOT, TRADE
from stackedmm.feeds.staged import IN_BBO, IN_DELTA, IN_GAP, IN_SNAPSHOT, IN_TRADE

# How a venue numbers its updates.
UNNUMBERED: Final = 0  # no chain known: in order of arrival, only what a snapshot already holds is dropped
CHAINED: Final = 1  # first id of the next = last id + 1; snapshots are asked for and may be older than the stream
PUSHED: Final = 2  # chained too, but snapshots come with the stream, and numbering may start anew with one

STREAM: Final = np.dtype(
    [
        ("rule", "i8"),  # one of the three above
        ("live", "i8"),  # 1 while deltas are applied, 0 while they wait for a snapshot
        ("last", "i8"),  # last update id applied
        ("held", "i8"),  # staged row from which deltas wait, -1
        ("msg", "i8"),  # message, kind and id being taken, so that each is judged once
        ("kind", "i8"),
        ("id", "i8"),
        ("taken", "i8"),
        ("group", "i8"),  # message whose end is still open
        ("open", "i8"),  # its last row put out, -1
        ("floor", "i8"),  # exchange time of the book so far, us: never runs backwards
        ("below", "i8"),  # the same before the latest snapshot
        ("clear", "i8"),  # rows put out for that snapshot, -1 once a delta followed
        ("clear_end", "i8"),
        ("snapshots", "i8"),  # messages counted for the notes
        ("old_snapshots", "i8"),
        ("stale", "i8"),
        ("replayed", "i8"),
        ("waiting", "i8"),
        ("gaps", "i8"),
        ("clipped", "i8"),  # rows whose latency does not fit
        ("reversed", "i8"),  # book rows whose exchange time ran backwards
    ],
    align=True,
)
"""What is known of one market's stream while its rows are put in order."""

REACH: Final = 2147483647
"""Largest latency a row carries, us."""


def streams(rules: list[int]) -> np.ndarray[Any, Any]:
    """Fresh state for each market, by the rule of its venue."""
    state = np.zeros(len(rules), STREAM)
    state["rule"] = rules
    for name in ("held", "msg", "kind", "id", "group", "open", "clear"):
        state[name] = -1
    return state


@entry
def synchronise(rows: Any, state: Any, out: Any, shift: Any, write: Any) -> Any:
    """Put counted rows out as engine rows, each market's deltas joined to its snapshots; returns how many.

    With `write` false only the number is found. `state` must be fresh each time.
    """
    n = 0
    for i in range(len(rows)):
        r = rows[i]
        s = state[r.market]
        if r.msg != s.msg or r.kind != s.kind or r.last != s.id:
            s.msg, s.kind, s.id = r.msg, r.kind, r.last
            n = judge(rows, state, out, shift, write, n, i)
        if s.taken == 1:
            n = emit(rows, state, out, shift, write, n, i, r.local)
            if r.kind == IN_SNAPSHOT and ends(rows, i):
                s.clear_end = n
                n = replay(rows, state, out, shift, write, n, i)
    for m in range(len(state)):
        close(state, out, write, m)
    return n


@entry
def as_recorded(rows: Any, state: Any, out: Any, shift: Any, write: Any) -> Any:
    """Put counted rows out as engine rows in the order they stand, with nothing held back or dropped."""
    n = 0
    for i in range(len(rows)):
        r = rows[i]
        s = state[r.market]
        if r.msg != s.msg or r.kind != s.kind:
            s.msg, s.kind = r.msg, r.kind
            s.snapshots += r.kind == IN_SNAPSHOT
            if r.kind == IN_SNAPSHOT:
                n = put_mark(rows, state, out, shift, write, n, i, CLEAR, r.last, r.local)
        if r.kind == IN_GAP:
            s.gaps += 1
            n = put_mark(rows, state, out, shift, write, n, i, GAP, r.last, r.local)
        else:
            n = emit(rows, state, out, shift, write, n, i, r.local)
        s.floor = 0
    for m in range(len(state)):
        close(state, out, write, m)
    return n


@part
def judge(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any) -> Any:
    """Decide whether a message's rows are taken, and put out what must stand before them."""
    r = rows[i]
    s = state[r.market]
    s.taken = 1
    if r.kind == IN_GAP:
        n = lose(rows, state, out, shift, write, n, i, r.last, r.local)
        s.held = -1
        s.taken = 0
    elif r.kind == IN_SNAPSHOT:
        if s.rule != PUSHED and s.live == 1 and r.last > 0 and r.last < s.last:
            s.old_snapshots += 1
            s.taken = 0
            return n
        s.snapshots += 1
        s.live = 1
        s.last = r.last
        s.below = s.floor
        s.clear = n
        n = put_mark(rows, state, out, shift, write, n, i, CLEAR, r.last, r.local)
    elif r.kind == IN_DELTA:
        n = judge_delta(rows, state, out, shift, write, n, i, r.local)
        if s.live == 0:
            s.waiting += 1
    return n


@part
def judge_delta(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any, local: Any) -> Any:
    """Decide whether a delta is applied now, is held until a snapshot comes, or is old."""
    r = rows[i]
    s = state[r.market]
    s.taken = 0
    if s.live == 1 and r.last > 0:
        if r.last <= s.last:
            s.stale += 1
            return n
        if s.rule != UNNUMBERED and s.last > 0 and r.first > s.last + 1:
            return lose(rows, state, out, shift, write, n, i, s.last, local)
    if s.live == 0:
        if s.held < 0:
            s.held = i
        return n
    s.taken = 1
    s.last = max(s.last, r.last)
    if s.clear >= 0:
        backdate(rows, state, out, shift, write, i)
    return n


@part
def replay(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any) -> Any:
    """Apply the deltas held for a snapshot that ends with staged row i, as part of its message."""
    s = state[rows[i].market]
    start = s.held
    s.held = -1
    if start < 0:
        return n
    msg, kind, last = s.msg, s.kind, s.id
    s.msg = -1
    for j in range(start, i):
        r = rows[j]
        if r.market != rows[i].market or r.kind != IN_DELTA:
            continue
        if r.msg != s.msg or r.last != s.id:
            s.msg, s.id = r.msg, r.last
            # Without ids nothing tells whether the snapshot holds it already: it was asked for later, so it does.
            if r.last == 0:
                s.taken = 0
                s.stale += 1
            else:
                n = judge_delta(rows, state, out, shift, write, n, j, rows[i].local)
                s.replayed += s.taken
            if s.live == 0:
                break
        if s.taken == 1:
            n = emit_in(rows, state, out, shift, write, n, j, rows[i].local, msg)
    s.msg, s.kind, s.id = msg, kind, last
    s.taken = 1
    return n


@part
def lose(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any, last: Any, local: Any) -> Any:
    """The stream broke before staged row i: say so, and hold deltas from here on."""
    s = state[rows[i].market]
    s.gaps += 1
    s.live = 0
    s.held = i
    s.clear = -1
    return put_mark(rows, state, out, shift, write, n, i, GAP, last, local)


@part
def backdate(rows: Any, state: Any, out: Any, shift: Any, write: Any, i: Any) -> Any:
    """A snapshot stands, in the venue's time, before the first delta applied to it: move it there."""
    r = rows[i]
    s = state[r.market]
    when = max(s.below, r.exchange // 1000 if r.exchange > 0 else (r.local + shift) // 1000)
    if when < s.floor:
        s.floor = when
        if write:
            for k in range(s.clear, s.clear_end):
                out[k].lag_us = reach(out[k].ts // 1000 - when)
    s.clear = -1


@part
def emit(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any, local: Any) -> Any:
    """Put out one staged row as part of its own message."""
    return emit_in(rows, state, out, shift, write, n, i, local, rows[i].msg)


@part
def emit_in(rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any, local: Any, group: Any) -> Any:
    """Put out one staged row, learned of at `local`, as part of message `group`."""
    r = rows[i]
    s = state[r.market]
    if s.group != group:
        close(state, out, write, r.market)
        s.group = group
    s.open = n
    book = r.kind == IN_DELTA or r.kind == IN_SNAPSHOT
    when = exchange_us(state, r.market, r.exchange, local + shift, book)
    if write:
        o = out[n]
        fill(o, local + shift, when, r.market)
        o.px = r.price
        o.qty = r.quantity
        o.ref = r.last
        o["marks"] = ASK if r.side == 1 else 0  # SELL is the same bit
        if r.kind == IN_TRADE:
            o.kind = TRADE
        elif r.kind == IN_BBO:
            o.kind = BBO
        else:
            o.kind = DEPTH
        if r.kind == IN_SNAPSHOT:
            o["marks"] |= SNAPSHOT
    return n + 1


@part
def put_mark(
    rows: Any, state: Any, out: Any, shift: Any, write: Any, n: Any, i: Any, kind: Any, ref: Any, local: Any
) -> Any:
    """Put out a CLEAR, which opens its message, or a GAP, which is a message of its own."""
    r = rows[i]
    s = state[r.market]
    if kind == GAP or s.group != r.msg:
        close(state, out, write, r.market)
    when = exchange_us(state, r.market, r.exchange, local + shift, True)
    if write:
        o = out[n]
        fill(o, local + shift, when, r.market)
        o.px = 0
        o.qty = 0
        o.ref = ref
        o.kind = kind
        o["marks"] = LAST if kind == GAP else SNAPSHOT
    if kind == CLEAR:
        s.group = r.msg
        s.open = n
    return n + 1


@leaf
def fill(o: Any, ts: Any, when: Any, market: Any) -> Any:
    """The parts of a row that do not depend on its kind."""
    o.ts = ts
    o.lag_us = reach(ts // 1000 - when)
    o.market = market


@leaf
def reach(lag: Any) -> Any:
    """A latency as far as a row can carry it."""
    return min(max(lag, -REACH), REACH)


@part
def exchange_us(state: Any, m: Any, exchange: Any, ts: Any, book: Any) -> Any:
    """Exchange time in us; the local one where the venue gives none. A book's never runs backwards."""
    s = state[m]
    when = exchange // 1000 if exchange > 0 else ts // 1000
    lag = ts // 1000 - when
    if lag > REACH or lag < -REACH:
        s.clipped += 1
        when = ts // 1000 - reach(lag)
    if book:
        if when < s.floor:
            s.reversed += 1
            when = s.floor
        s.floor = when
    return when


@part
def close(state: Any, out: Any, write: Any, m: Any) -> Any:
    """The open message of a market ends with the row last put out for it."""
    s = state[m]
    if s.open >= 0 and write:
        out[s.open]["marks"] |= LAST
    s.open = -1


@leaf
def ends(rows: Any, i: Any) -> Any:
    """Whether row i is the last of its message, market and kind."""
    if i + 1 == len(rows):
        return True
    return rows[i + 1].msg != rows[i].msg or rows[i + 1].market != rows[i].market or rows[i + 1].kind != rows[i].kind
