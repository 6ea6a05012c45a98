"""Our own orders inside the local books: live venues show them, and they must never count as the market.

An order counts as shown only by evidence: a row of its level that is not older, in exchange time, than what last
happened to the order, or (before its acknowledgement) a level that grew by at least the order. So a feed that
never shows our orders needs no switch, and a feed that lags behind a cancel leaves a *ghost* that still counts.
"""

import numpy as np

from stackedmm.core import book
from stackedmm.core.machine import leaf, part

# Lives of an order.
FREE = 0
PENDING = 1
LIVE = 2
UNKNOWN = 3
SETTLING = 4
GHOST = 5
LIVES = ("free", "pending", "live", "unknown", "settling", "ghost")

GHOST_NS = 1_000_000_000
"""A ghost is forgotten after this even if its level never moved."""


@leaf
def may_show(m, side, px):
    """Whether an own order may stand at this price; false is certain."""
    return (m.bloom[side] >> (px & 63)) & 1 != 0


@part
def shown_at(s, m, side, px):
    """Lots of our own that the local book shows at a price."""
    lots = np.int64(0)
    for i in range(m.lives):
        o = s.orders[m.live[i]]
        if o.px == px and o.side == side:
            lots += o.shown
    return lots


@part
def others_at(s, A, m, b, side, key):
    """Lots at a level that are not ours."""
    lots = book.lots_at(b, A, key)
    px = key * b.sign
    if may_show(m, side, px):
        lots = max(lots - shown_at(s, m, side, px), 0)
    return lots


@part
def others_from(s, A, m, b, side, key):
    """The first level at or below `key` that holds more than our own orders, or NONE."""
    while key != book.NONE:
        if not may_show(m, side, key * b.sign):
            break
        if book.lots_at(b, A, key) > shown_at(s, m, side, key * b.sign):
            break
        key = book.next_level(b, A, key)
    return key


@part
def level_moved(s, m, market, side, px, grown, exchange_ns):
    """A row of a level where we may stand arrived: settle what it shows of ours, and let ghosts go."""
    i = 0
    while i < m.lives:
        slot = m.live[i]
        o = s.orders[slot]
        i += 1
        if o.px != px or o.side != side:
            continue
        known = o.life == LIVE or (o.life == UNKNOWN and o.venue_ns > 0) or o.life == GHOST
        if known and exchange_ns >= o.venue_ns:
            o.shown = 0 if o.life == GHOST else o.lots - o.filled
            if o.life == GHOST:
                forget(s, market, slot)
                i -= 1
        elif o.shown == 0 and grown >= o.lots - o.filled and o.life != GHOST and o.life != SETTLING:
            o.shown = o.lots - o.filled


@part
def enter(s, market, slot):
    """List an order among those of its market that may show in the book."""
    m = s.markets[market]
    m.live[m.lives] = slot
    m.lives += 1
    o = s.orders[slot]
    m.bloom[o.side] |= np.int64(1) << (o.px & 63)


@part
def forget(s, market, slot):
    """Take a dead order off the list and give its slot back."""
    m = s.markets[market]
    m.bloom[0] = 0
    m.bloom[1] = 0
    kept = 0
    for i in range(m.lives):
        if m.live[i] != slot:
            m.live[kept] = m.live[i]
            o = s.orders[m.live[kept]]
            m.bloom[o.side] |= np.int64(1) << (o.px & 63)
            kept += 1
    m.lives = kept
    m.live[kept] = 0
    m.touched = 1
    s.reference_dirty = 1
    s.orders[slot].life = FREE
    s.orders[slot].shown = 0
    s.free[s.free_n] = slot
    s.free_n += 1


@part
def forget_old_ghosts(s, market):
    """Ghosts whose level never moved go after a second."""
    m = s.markets[market]
    i = 0
    while i < m.lives:
        slot = m.live[i]
        o = s.orders[slot]
        if o.life == GHOST and s.now - o.died_ns > GHOST_NS:
            forget(s, market, slot)
        else:
            i += 1
