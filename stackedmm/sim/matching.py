"""The exchange side of one recorded row: the venue's book moves, and what it moves through is filled.

Market rows are the venue's history, so our orders never change them. A row that is not near an own order costs two
comparisons beyond the book.
"""

import numpy as np

from stackedmm.core import book
from stackedmm.core.machine import leaf, part
from stackedmm.core.rows import ASK, CLEAR, DEPTH, SELL, TRADE
from stackedmm.sim import queue, resting
from stackedmm.sim.cold import rare


@leaf
def market_row(x, XA, r, exchange_ns):
    """Apply one recorded row at its exchange time."""
    m = x.markets[r.market]
    if r.kind == DEPTH:
        side = np.int64(r.marks) & ASK
        b = m.books[side]
        key = r.px * (1 - 2 * side)
        best = b.best
        old = book.put(b, XA, key, r.qty)
        m.depth_rows += 1
        if m.resting > 0:
            if key <= m.tops[side] and (m.bloom[side] >> (key & 63)) & 1 != 0:
                level_changed(x, np.int64(r.market), side, key, old, r.qty)
            if b.best > best and m.tops[1 - side] + b.best >= 0:
                best_crossed(x, XA, np.int64(r.market), 1 - side, -b.best, exchange_ns)
    elif r.kind == TRADE:
        side = 1 - (np.int64(r.marks) & SELL)
        key = r.px * (1 - 2 * side)
        if m.tops[side] >= key:
            traded(x, XA, np.int64(r.market), side, key, r.qty, exchange_ns)
    elif r.kind == CLEAR:
        cleared(x, XA, np.int64(r.market))


@part
def cleared(x, XA, market):
    """A snapshot begins: the book is dropped, our orders stay."""
    rare()
    m = x.markets[market]
    m.depth_rows += 1
    book.clear(m.books[0], XA)
    book.clear(m.books[1], XA)


@part
def level_changed(x, market, side, key, old, new):
    """A level's quantity changed: own orders there move in the queue."""
    m = x.markets[market]
    slot = np.int64(m.first[side])
    while slot >= 0:
        o = x.orders[slot]
        if o.key == key:
            queue.change(m, o, old, new)
        slot = np.int64(o.after)


@part
def best_crossed(x, XA, market, side, key, exchange_ns):
    """The market's best on the other side moved to or through our orders of `side`: those up to `key` are filled."""
    slot = np.int64(x.markets[market].first[side])
    while slot >= 0:
        o = x.orders[slot]
        after = np.int64(o.after)
        if o.key >= key:
            resting.fill(x, XA, slot, o.lots - o.filled, exchange_ns)
        slot = after


@part
def traded(x, XA, market, side, key, lots, exchange_ns):
    """A public trade hit `side` at `key`: own orders it went through are filled, those at its price move forward."""
    m = x.markets[market]
    slot = np.int64(m.first[side])
    while slot >= 0:
        o = x.orders[slot]
        after = np.int64(o.after)
        left = o.lots - o.filled
        if o.key > key:
            resting.fill(x, XA, slot, left, exchange_ns)
        elif o.key == key:
            reach = queue.trade(o, lots)
            if reach > 0:
                resting.fill(x, XA, slot, min(reach, left) if m.partial_fills != 0 else left, exchange_ns)
        slot = after
