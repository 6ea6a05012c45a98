"""Watches a simulation from the venue's side: what is true there is held against what the engine believes and does.

Every oracle counts how often it was reached and how often it was broken. None uses the engine's own sums.
"""

from typing import Final

import numpy as np

from stackedmm.core import book, rows
from stackedmm.core.book import NONE
from stackedmm.core.codes import MARKETS, ORDERS
from stackedmm.core.machine import part
from stackedmm.core.own import GHOST, LIVE, PENDING, UNKNOWN
from stackedmm.sim.state import MASK

QUOTES: Final = 256
REFS: Final = 1 << 16

BAND: Final = 0  # position, resting and in-flight orders stay within target +- deviation
COUNTED: Final = 1  # an order that rests or is under way is counted by the engine with at least what is left of it
ONE_A_QUOTE: Final = 2  # at most one order a quote, under way or resting
NOT_CROSSING: Final = 3  # a create is priced inside the local book, and post-only
AFTER_KILL: Final = 4  # no create leaves after a kill
FRESH: Final = 5  # no create for a market whose feed has stopped
NEW_ID: Final = 6  # each create has a client id of its own, higher than all before
NO_SELF_TRADE: Final = 7  # no own bid at or above an own ask of the same market
NAMES: Final = (
    "band",
    "counted",
    "one a quote",
    "not crossing",
    "after kill",
    "fresh",
    "new id",
    "no self-trade",
)

WITNESS: Final = np.dtype(
    [
        ("reached", "i8", (len(NAMES),)),
        ("broken", "i8", (len(NAMES),)),
        ("first_ns", "i8", (len(NAMES),)),  # when each was broken first
        ("about", "i8", (len(NAMES),)),  # client id, or units beyond the band
        ("killed_ns", "i8"),
        ("last_ref", "i8"),
        ("quote_of", "i2", (REFS,)),  # by client id
        ("standing", "i8", (QUOTES,)),
        ("tops", "i8", (MARKETS, 2)),  # best key of ours, resting or under way
    ],
    align=True,
)


@part
def judge(w, oracle, holds, now, about):
    """Enter one verdict."""
    w.reached[oracle] += 1
    if not holds:
        if w.broken[oracle] == 0:
            w.first_ns[oracle] = now
            w.about[oracle] = about
        w.broken[oracle] += 1


@part
def create_leaves(w, s, A, c, silent_ns):
    """A create is about to leave; `silent_ns` is for how long its market's feed has said nothing."""
    w.quote_of[c.ref & (REFS - 1)] = c.quote
    judge(w, NEW_ID, c.ref > w.last_ref, s.now, c.ref)
    w.last_ref = max(w.last_ref, c.ref)
    other = best_but_ghosts(s, A, np.int64(c.market), 1 - np.int64(c.side))
    key = c.px if c.side == 0 else -c.px
    inside = other != NONE and key + other < 0 and c.marks & rows.POST_ONLY != 0
    judge(w, NOT_CROSSING, inside, s.now, c.ref)
    if w.killed_ns > 0:
        judge(w, AFTER_KILL, False, s.now, c.ref)
    if silent_ns > 0:
        judge(w, FRESH, silent_ns <= s.stale_ns, s.now, c.ref)


@part
def best_but_ghosts(s, A, market, side):
    """Best key of a local book, without levels at which it shows no more than orders of ours proven dead."""
    m = s.markets[market]
    b = s.books[market, side]
    key = b.best
    while key != NONE:
        gone = np.int64(0)
        for i in range(m.lives):
            o = s.orders[m.live[i]]
            if o.life == GHOST and o.side == side and o.px == key * b.sign:
                gone += o.lots
        if book.lots_at(b, A, key) > gone:
            break
        key = book.next_level(b, A, key)
    return key


@part
def look(w, s, x):
    """Compare what rests and what is under way at the venues with the band and with what the engine counts."""
    for k in range(s.quotes_n):
        w.standing[k] = 0
    for i in range(x.markets_n):
        w.tops[i, 0] = NONE
        w.tops[i, 1] = NONE
    position = np.int64(s.opening) * s.opened
    bids = np.int64(0)
    asks = np.int64(0)
    for i in range(x.markets_n):
        m = x.markets[i]
        unit = s.markets[i].lot_units
        position += m.position * unit
        for side in range(2):
            slot = np.int64(m.first[side])
            while slot >= 0:
                o = x.orders[slot]
                left = o.lots - o.filled
                compare(w, s, o.ref, left)
                w.tops[i, side] = max(w.tops[i, side], o.key)
                if side == 0:
                    bids += left * unit
                else:
                    asks += left * unit
                slot = np.int64(o.after)
    for i in range(x.request_head, x.request_tail):
        q = x.requests[i & MASK]
        if q.kind == rows.PLACE:
            compare(w, s, q.ref, q.lots)
            w.tops[q.market, q.side] = max(w.tops[q.market, q.side], q.px * (1 - 2 * np.int64(q.side)))
            if q.side == 0:
                bids += q.lots * s.markets[q.market].lot_units
            else:
                asks += q.lots * s.markets[q.market].lot_units
    over = max(position + bids - s.target, s.target - position + asks) - s.deviation
    if over > -s.deviation // 10:
        judge(w, BAND, over <= 0, s.now, over)
    for i in range(x.markets_n):
        if w.tops[i, 0] != NONE and w.tops[i, 1] != NONE:
            judge(w, NO_SELF_TRADE, w.tops[i, 0] + w.tops[i, 1] < 0, s.now, i)
    if w.killed_ns > 0 and s.now > w.killed_ns:
        w.reached[AFTER_KILL] += 1


@part
def compare(w, s, ref, left):
    """One order that may still fill at the venue: the engine must count it, and no other for the same quote."""
    o = s.orders[ref & (ORDERS - 1)]
    counted = o.ref == ref and (o.life == PENDING or o.life == LIVE or o.life == UNKNOWN)
    judge(w, COUNTED, counted and o.lots - max(o.filled, o.claimed) >= left, s.now, ref)
    k = w.quote_of[ref & (REFS - 1)]
    w.standing[k] += 1
    judge(w, ONE_A_QUOTE, w.standing[k] == 1, s.now, ref)
