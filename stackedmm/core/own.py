"""Our own orders inside the local books: live venues show them, and they must never count as the market.

An order counts as shown only by evidence: a row of its level that is not older, in exchange time, than what last
happened to the order, or (before its acknowledgement) a level that grew by at least the order. So a feed that
never shows our orders needs no switch, and a feed that lags behind a cancel leaves a *ghost* that still counts.
"""

import numpy as np

from stackedmm.core import book
from stackedmm.core.codes import ORDERS
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
def shows(m, side, px):
    """Whether the book may show own lots at this price now; false is certain."""
    return (m.shows[side] >> (px & 63)) & 1 != 0


@part
def shown_at(s, m, side, px):
    """Lots of our own that the local book shows at a price."""
    lots = np.int64(0)
    key = px * (1 - 2 * side)
    for i in range(m.lives):
        if m.live_key[i] == key:
            lots += s.orders[m.live[i]].shown
    return lots


@part
def stands_at(m, side, px):
    """Whether an order of ours, living or dead, may be in the book at this price."""
    key = px * (1 - 2 * side)
    for i in range(m.lives):
        if m.live_key[i] == key:
            return True
    return False


@part
def others_at(s, A, m, b, side, key):
    """Lots at a level that are not ours."""
    lots = book.lots_at(b, A, key)
    px = key * b.sign
    if shows(m, side, px):
        lots = max(lots - shown_at(s, m, side, px), 0)
    return lots


@part
def others_from(s, A, m, b, side, key):
    """The first level at or below `key` that holds more than our own orders, or NONE."""
    while key != book.NONE and shows(m, side, key * b.sign) and others_at(s, A, m, b, side, key) == 0:
        key = book.next_level(b, A, key)
    return key


@part
def level_moved(s, m, market, side, px, grown, exchange_ns):
    """A row of a level where we may stand arrived: settle what it shows of ours, and let ghosts go."""
    i = 0
    key = px * (1 - 2 * side)
    while i < m.lives:
        slot = m.live[i]
        i += 1
        if m.live_key[i - 1] != key:
            continue
        o = s.orders[slot]
        # A row of the same microsecond is the later one where it shrank by the order.
        o.level_ns = exchange_ns + 1 if 0 < o.shown <= -grown else exchange_ns
        left = o.lots - o.filled
        known = o.life == LIVE or (o.life == UNKNOWN and o.venue_ns > 0) or o.life == GHOST
        if known and exchange_ns >= o.venue_ns:
            if o.life == GHOST:
                o.shown = 0
                forget(s, market, slot)
                i -= 1
            elif o.canceling == 0:
                o.shown = left
            elif grown <= -o.shown:
                o.shown = 0
        elif o.shown == 0 and grown >= left and o.life != GHOST and o.life != SETTLING:
            o.shown = left
    note_shown(s, m)


@part
def note_prices(m):
    """Note at which prices modulo 64 an own order may show in the book. O(own orders)."""
    bid = np.int64(0)
    ask = np.int64(0)
    for i in range(m.lives):
        key = m.live_key[i]
        if key > 0:
            bid |= np.int64(1) << (key & 63)
        else:
            ask |= np.int64(1) << (-key & 63)
    m.bloom[0] = bid
    m.bloom[1] = ask


@part
def note_shown(s, m):
    """Note at which prices modulo 64 one does show. O(own orders)."""
    m.shows[0] = 0
    m.shows[1] = 0
    for i in range(m.lives):
        o = s.orders[m.live[i]]
        if o.shown > 0:
            m.shows[o.side] |= np.int64(1) << (o.px & 63)


@part
def enter(s, market, slot):
    """List an order among those of its market that may show in the book."""
    m = s.markets[market]
    o = s.orders[slot]
    m.live[m.lives] = slot
    m.live_key[m.lives] = o.px * (1 - 2 * o.side)
    m.lives += 1
    m.bloom[o.side] |= np.int64(1) << (o.px & 63)


@part
def note_price(s, market, slot):
    """The venue took an order at another price than was asked."""
    m = s.markets[market]
    o = s.orders[slot]
    for i in range(m.lives):
        if m.live[i] == slot:
            m.live_key[i] = o.px * (1 - 2 * o.side)
    note_prices(m)
    note_shown(s, m)


@part
def forget(s, market, slot):
    """Take a dead order off the list and give its slot back."""
    m = s.markets[market]
    kept = 0
    for i in range(m.lives):
        if m.live[i] != slot:
            m.live[kept] = m.live[i]
            m.live_key[kept] = m.live_key[i]
            kept += 1
    m.lives = kept
    m.live[kept] = 0
    m.live_key[kept] = 0
    s.orders[slot].life = FREE
    if s.orders[slot].shown > 0:
        s.orders[slot].shown = 0
        note_shown(s, m)
        m.touched = 1
        s.reference_dirty = 1
    s.free[(s.free_at + s.free_n) & (ORDERS - 1)] = slot
    s.free_n += 1
    note_prices(m)


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
