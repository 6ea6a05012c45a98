"""What the live loop lets others see: a bounded record under a counter, and now and then a copy of everything.

The counter is odd while the record is written. Whoever reads copies it between two equal even values.
"""

from typing import Final

import numpy as np

from stackedmm.core import merged
from stackedmm.core.codes import AGGREGATED, MARKETS, OPEN
from stackedmm.core.machine import entry, part
from stackedmm.core.records import MARKET, ORDER, QUOTE
from stackedmm.core.state import STATE
from stackedmm.engine import libc

DEPTH: Final = 512
"""Levels of the stacked book a side."""
QUOTES_SHOWN: Final = 512
ORDERS_SHOWN: Final = 384
BYTES: Final = 1 << 18

assert STATE.fields is not None
PREFIX = int(STATE.fields["markets"][1])
"""Bytes of the state before its markets: settings, sums, ledger, parameters, rules, lines, books."""
QUOTES_AT = int(STATE.fields["quotes"][1])
ORDERS_AT = int(STATE.fields["orders"][1])
MARKET_BYTES = MARKET.itemsize
QUOTE_BYTES = QUOTE.itemsize
ORDER_BYTES = ORDER.itemsize

PAGE: Final = np.dtype(
    [
        ("counter", "i8"),  # odd while being written
        ("number", "i8"),  # of the last row taken
        ("row_ns", "i8"),
        ("stepped", "i8"),
        ("now", "i8"),  # monotonic ns
        ("delay_ns", "i8"),  # the last delay from a stamp to a decision
        ("ticket", "i8"),
        ("late", "i8"),
        ("ending", "i8"),
        ("prefix", "i8"),  # bytes of the state's beginning
        ("quotes", "i8"),
        ("orders", "i8"),
        ("cut", "i8"),  # quotes and orders for which there was no room
        ("levels", "i8", (2,)),
        ("slots", "i4", (ORDERS_SHOWN,)),
        ("at", "i8", (6,)),  # offsets in `data`: state, quotes, orders, then of each side prices and shares
        ("data", "u1", (BYTES - 2048,)),
    ],
    align=True,
)
"""Published at most every so often; not above 256 kB."""
DATA = int(PAGE.fields["data"][1])  # type: ignore[index]  # a structured dtype has fields
assert PAGE.itemsize <= BYTES


@part
def publish(S, A, d, P, levels):
    """Write the record anew."""
    s = S[0]
    p = P[0]
    p.counter += 1
    libc.fence()
    to = d.page_at + DATA
    end = d.page_at + DATA + p.data.shape[0]
    p.number = d.number
    p.row_ns = d.row_ns
    p.stepped = d.stepped
    p.now = d.now
    p.ticket = d.ticket
    p.late = d.late + d.late_exchange
    p.ending = d.ending
    p.cut = 0
    p.prefix = PREFIX + s.markets_n * MARKET_BYTES
    to = libc.copy(to, d.from_at[0], p.prefix)
    p.at[1] = to - d.page_at - DATA
    p.quotes = min(s.quotes_n, np.int64(QUOTES_SHOWN))
    p.cut += s.quotes_n - p.quotes
    if p.quotes > 0:
        to = libc.copy(to, d.from_at[0] + QUOTES_AT, p.quotes * QUOTE_BYTES)
    p.at[2] = to - d.page_at - DATA
    to = show_orders(s, d, p, to, end)
    show_book(S, A, d, p, to, end, levels)
    libc.fence()
    p.counter += 1
    d.published += 1


@part
def show_orders(s, d, p, to, end):
    """The orders that may be alive."""
    n = np.int64(0)
    for i in range(s.markets_n):
        m = s.markets[i]
        for j in range(m.lives):
            if n < ORDERS_SHOWN and to + ORDER_BYTES <= end:
                slot = np.int64(m.live[j])
                p.slots[n] = slot
                to = libc.copy(to, d.from_at[0] + ORDERS_AT + slot * ORDER_BYTES, np.int64(ORDER_BYTES))
                n += 1
            else:
                p.cut += 1
    p.orders = n
    return to


@part
def show_book(S, A, d, p, to, end, levels):
    """The stacked book, uncrossed, best first; the engine's cursors are put back where they stood."""
    s = S[0]
    v = levels[0]
    keep_cursors(s, v)
    room = min(np.int64(DEPTH), (end - to) // (2 * 8 * (1 + s.markets_n)))
    n0 = merged.merge(s, A, np.int64(AGGREGATED), np.int64(-1), np.int64(0), v.prices[0], v.sizes[0], v.shares[0])
    n1 = merged.merge(s, A, np.int64(AGGREGATED), np.int64(-1), np.int64(1), v.prices[1], v.sizes[1], v.shares[1])
    put_cursors(s, v)
    bid, ask, _ = merged.uncross_merged(
        v.prices[0][:n0], v.sizes[0][:n0], v.shares[0][:n0], v.prices[1][:n1], v.sizes[1][:n1], v.shares[1][:n1]
    )
    for side in range(2):
        first = bid if side == 0 else ask
        n = min((n0 if side == 0 else n1) - first, room)
        p.levels[side] = n
        p.at[3 + side] = to - d.page_at - DATA
        to = libc.copy(to, d.levels_at[side, 0] + first * 8, n * 8)
        for i in range(n):
            start = d.levels_at[side, 1] + (first + i) * 8 * MARKETS
            to = libc.copy(to, start, s.markets_n * 8)


@part
def keep_cursors(s, v):
    """Remember the cursors of the reference's walk."""
    for i in range(s.markets_n):
        for side in range(2):
            v.cursor[side, i] = s.cursor[side, i]
            v.cursor_left[side, i] = s.cursor_left[side, i]
            v.cursor_used[side, i] = s.cursor_used[side, i]
            v.cursor_price[side, i] = s.cursor_price[side, i]


@part
def put_cursors(s, v):
    """Put it back."""
    for i in range(s.markets_n):
        for side in range(2):
            s.cursor[side, i] = v.cursor[side, i]
            s.cursor_left[side, i] = v.cursor_left[side, i]
            s.cursor_used[side, i] = v.cursor_used[side, i]
            s.cursor_price[side, i] = v.cursor_price[side, i]


LEVELS: Final = np.dtype(
    [
        ("prices", "f8", (2, DEPTH)),
        ("sizes", "f8", (2, DEPTH)),
        ("shares", "f8", (2, DEPTH, MARKETS)),
        ("cursor", "i8", (2, MARKETS)),
        ("cursor_left", "f8", (2, MARKETS)),
        ("cursor_used", "i8", (2, MARKETS)),
        ("cursor_price", "f8", (2, MARKETS)),
    ],
    align=True,
)
"""Scratch of a publication."""
assert OPEN * MARKETS * ORDER_BYTES > ORDERS_SHOWN


@part
def copy_all(X, d, local, exchange):
    """Copy state, arena, simulated venues and the rows to come to where somebody asked for it."""
    x = X[0]
    for i in range(4):
        libc.copy(d.to_at[i], d.from_at[i], d.sizes[i])
    row = 40
    d.copy_local = d.local_n - x.local_at
    d.copy_exchange = d.exchange_n - x.exchange_at
    libc.copy(d.to_at[4], d.from_at[4] + x.local_at * row, d.copy_local * row)
    libc.copy(d.to_at[5], d.from_at[5] + x.exchange_at * row, d.copy_exchange * row)
    d.copy_number = d.number
    d.copy_row_ns = d.row_ns
    d.copy_told = d.told
    d.copy_awaited = d.awaited
    libc.fence()
    d.copy_taken = d.copy_asked


@entry
def read_page(P, into):
    """Copy what is published; false where it was being written all the while."""
    p = P[0]
    for _ in range(1000):
        before = p.counter
        libc.fence()
        into[0] = p
        libc.fence()
        if before & 1 == 0 and p.counter == before:
            return True
    return False
