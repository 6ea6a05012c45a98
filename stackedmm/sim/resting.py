"""Our resting orders: a pool of records, one list a market and side in order of arrival."""

import numpy as np

from stackedmm.core.book import NONE
from stackedmm.core.machine import part
from stackedmm.sim import account, publish
from stackedmm.sim.state import FILLED, RESTING


@part
def rest(x, XA, market, side, key, lots, ref, memory, front, exchange_ns):
    """Enter an order behind those already there; the caller has checked that there is room."""
    m = x.markets[market]
    x.free_n -= 1
    slot = np.int64(x.free[x.free_n])
    o = x.orders[slot]
    o.key = key
    o.lots = lots
    o.filled = 0
    o.front = front
    o.traded = 0.0
    o.ref = ref
    o.memory = memory
    o.market = market
    o.side = side
    o.after = -1
    o.before = m.final[side]
    if o.before < 0:
        m.first[side] = slot
    else:
        x.orders[o.before].after = slot
    m.final[side] = slot
    m.resting += 1
    m.tops[side] = max(m.tops[side], key)
    m.bloom[side] |= np.int64(1) << (key & 63)
    XA[memory + 2] = RESTING
    XA[memory + 4] = slot
    if x.publish != 0:
        publish.changed(x, XA, market, side, key, lots, exchange_ns)


@part
def leave(x, XA, slot, state, exchange_ns):
    """Take an order off its list; `state` is what the venue remembers of it."""
    o = x.orders[slot]
    side = np.int64(o.side)
    market = np.int64(o.market)
    m = x.markets[market]
    if o.before < 0:
        m.first[side] = o.after
    else:
        x.orders[o.before].after = o.after
    if o.after < 0:
        m.final[side] = o.before
    else:
        x.orders[o.after].before = o.before
    m.resting -= 1
    XA[o.memory + 2] = state
    XA[o.memory + 4] = -1
    summarise(x, market, side)
    if x.publish != 0 and o.lots > o.filled:
        publish.changed(x, XA, market, side, o.key, o.filled - o.lots, exchange_ns)
    o.key = 0
    o.lots = 0
    o.filled = 0
    o.front = 0.0
    o.traded = 0.0
    o.ref = 0
    o.memory = 0
    o.before = 0
    o.after = 0
    o.market = 0
    o.side = 0
    x.free[x.free_n] = slot
    x.free_n += 1


@part
def summarise(x, market, side):
    """Best key and bloom of a side's orders, from the orders. O(orders of the side)."""
    m = x.markets[market]
    top = np.int64(NONE)
    bloom = np.int64(0)
    slot = np.int64(m.first[side])
    while slot >= 0:
        o = x.orders[slot]
        top = max(top, o.key)
        bloom |= np.int64(1) << (o.key & 63)
        slot = np.int64(o.after)
    m.tops[side] = top
    m.bloom[side] = bloom


@part
def fill(x, XA, slot, lots, exchange_ns):
    """A resting order trades, as maker and at its own price; it leaves when nothing is left of it."""
    o = x.orders[slot]
    side = np.int64(o.side)
    market = np.int64(o.market)
    o.filled += lots
    account.book_fill(x, XA, market, side, o.memory, o.ref, o.key * (1 - 2 * side), lots, np.int64(1), exchange_ns)
    if x.publish != 0:
        publish.changed(x, XA, market, side, o.key, -lots, exchange_ns)
    if o.filled == o.lots:
        leave(x, XA, slot, np.int64(FILLED), exchange_ns)
