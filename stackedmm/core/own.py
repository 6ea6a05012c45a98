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

SHARED = -1
"""No price: more than one price has the same place in a table of 64."""
GHOST_NS = 1_000_000_000
"""A ghost is forgotten after this even if its level never moved."""


@leaf
def may_show(m, side, px):
    """Whether an own order may stand at this price; false is certain. O(1)."""
    if (m.bloom[side] >> (px & 63)) & 1 == 0:
        return False
    near = m.near_px[side, px & 63]
    return near == px or near == SHARED


@leaf
def shows(m, side, px):
    """Whether the book may show own lots at this price now; false is certain."""
    return (m.shows[side] >> (px & 63)) & 1 != 0


@leaf
def shown_at(s, m, side, px):
    """Lots of our own that the local book shows at a price. O(1) but where two prices share a place."""
    if not shows(m, side, px):
        return np.int64(0)
    near = m.shown_px[side, px & 63]
    if near == SHARED:
        return shown_by_orders(s, m, side, px)
    return m.shown_lots[side, px & 63] if near == px else np.int64(0)


@part
def shown_by_orders(s, m, side, px):
    """The same from the orders themselves."""
    lots = np.int64(0)
    key = px * (1 - 2 * side)
    for i in range(m.lives):
        if m.live_key[i] == key:
            lots += s.orders[m.live[i]].shown
    return lots


@leaf
def others_at(s, A, m, b, side, key):
    """Lots at a level that are not ours."""
    return max(book.lots_at(b, A, key) - shown_at(s, m, side, key * b.sign), 0)


@part
def others_from(s, A, m, b, side, key):
    """The first level at or below `key` that holds more than our own orders, or NONE."""
    while key != book.NONE and shows(m, side, key * b.sign) and others_at(s, A, m, b, side, key) == 0:
        key = book.next_level(b, A, key)
    return key


@part
def level_moved(s, m, market, side, px, old, lots, exchange_ns):
    """A row of a level where we may stand arrived: settle what it shows of ours, and let ghosts go.

    Returns by how much what others show there changed.
    """
    key = px * (1 - 2 * side)
    before = np.int64(0)
    after = np.int64(0)
    i = 0
    while i < m.lives:
        slot = m.live[i]
        i += 1
        if m.live_key[i - 1] != key:
            continue
        o = s.orders[slot]
        before += o.shown
        settle(o, lots - old, exchange_ns)
        after += o.shown
        if o.life == GHOST and o.shown == 0:
            forget(s, market, slot)
            i -= 1
    if after != before:
        note_level(s, m, side, px, before, after)
    return max(lots - after, 0) - max(old - before, 0)


@part
def settle(o, grown, exchange_ns):
    """What a row of its level, which grew by so many lots, says of one order: how much of it the book shows."""
    # A row of the same microsecond is the later one where it shrank by the order.
    o.level_ns = exchange_ns + 1 if 0 < o.shown <= -grown else exchange_ns
    left = o.lots - o.filled
    known = o.life == LIVE or (o.life == UNKNOWN and o.venue_ns > 0) or o.life == GHOST
    if known and exchange_ns >= o.venue_ns:
        if o.life == GHOST:
            o.shown = 0
        elif o.canceling == 0:
            o.shown = left
        elif grown <= -o.shown:
            o.shown = 0
    elif o.shown == 0 and grown >= left and o.life != GHOST and o.life != SETTLING:
        o.shown = left


@part
def note_near(m, side, px):
    """Note that an own order may show in the book at a price."""
    at = px & 63
    if (m.bloom[side] >> at) & 1 == 0:
        m.near_px[side, at] = px
    elif m.near_px[side, at] != px:
        m.near_px[side, at] = SHARED
    m.bloom[side] |= np.int64(1) << at


@part
def note_prices(m):
    """Note at which prices own orders may show in the book. O(own orders)."""
    m.bloom[0] = 0
    m.bloom[1] = 0
    for i in range(m.lives):
        key = m.live_key[i]
        note_near(m, 0 if key > 0 else 1, abs(key))


@part
def note_level(s, m, side, px, before, after):
    """Note how much of ours a level shows now. O(1) but where two prices share a place."""
    at = px & 63
    if before == 0 and not shows(m, side, px):
        m.shown_px[side, at] = px
        m.shown_lots[side, at] = after
        m.shows[side] |= np.int64(1) << at
    elif m.shown_px[side, at] == px:
        m.shown_lots[side, at] = after
        if after == 0:
            m.shows[side] &= ~(np.int64(1) << at)
    else:
        note_shown(s, m)


@part
def note_shown(s, m):
    """Note at which prices how much of ours does show. O(own orders)."""
    m.shows[0] = 0
    m.shows[1] = 0
    for i in range(m.lives):
        o = s.orders[m.live[i]]
        at = o.px & 63
        if o.shown == 0:
            continue
        if not shows(m, o.side, o.px):
            m.shown_px[o.side, at] = o.px
            m.shown_lots[o.side, at] = o.shown
        elif m.shown_px[o.side, at] == o.px:
            m.shown_lots[o.side, at] += o.shown
        else:
            m.shown_px[o.side, at] = SHARED
        m.shows[o.side] |= np.int64(1) << at


@part
def enter(s, market, slot):
    """List an order among those of its market that may show in the book."""
    m = s.markets[market]
    o = s.orders[slot]
    m.live[m.lives] = slot
    m.live_key[m.lives] = o.px * (1 - 2 * o.side)
    m.lives += 1
    note_near(m, o.side, o.px)


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
