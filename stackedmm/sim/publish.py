"""Our own orders in the feed: live venues show them in their books, recordings never do.

Every change of our resting quantity at a level travels to the client as one more DEPTH row, in the order of the
venue's own stream: never before the rows of that market which the exchange sent earlier. Until it arrives, a
recorded row of that level which the exchange sent later brings the change along, as it would live. So the client's
level is, after every row, the recorded quantity plus what of ours has been published.
"""

import numpy as np

from stackedmm.core import book
from stackedmm.core.machine import leaf, part
from stackedmm.core.rows import ASK, BBO, CLEAR, DEPTH, LAST, OWN, SNAPSHOT
from stackedmm.sim import wire
from stackedmm.sim.cold import rare
from stackedmm.sim.state import LEVEL_UNPUBLISHED, MASK, PUBLISHED


@part
def changed(x, XA, market, side, key, lots, exchange_ns):
    """Our resting quantity at a level changed at the exchange: send the difference on its way."""
    m = x.markets[market]
    px = key * (1 - 2 * side)
    index = level_at(x, market, side, px)
    if index < 0:
        if x.free_levels_n == 0:
            x.counts[LEVEL_UNPUBLISHED] += 1
            return
        index = track(x, market, side, px, book.lots_at(m.books[side], XA, key))
    due = max(exchange_ns + m.lag_us * 1000, exchange_ns)
    i = wire.insert_answer(x, due)
    if i < 0:
        release(x, market, index)
        return
    a = x.answers[i]
    a.due = due
    a.px = px
    a.lots = lots
    a.ref = index
    a.exchange_ns = exchange_ns
    a.need = m.depth_rows
    a.market = market
    a.kind = DEPTH
    a.marks = side
    x.levels[index].changes += 1


@part
def level_at(x, market, side, px):
    """Index of a tracked level, -1 if it is not tracked."""
    m = x.markets[market]
    if (m.shown[side] >> (px & 63)) & 1 == 0:
        return -1
    index = m.first_level
    while index >= 0:
        v = x.levels[index]
        if v.px == px and v.side == side:
            return index
        index = np.int64(v.after)
    return -1


@part
def track(x, market, side, px, raw):
    """Begin to follow a level. `raw` is what the exchange holds there: rows still under way will correct it."""
    m = x.markets[market]
    x.free_levels_n -= 1
    index = np.int64(x.free_levels[x.free_levels_n])
    v = x.levels[index]
    v.px = px
    v.raw = raw
    v.own = 0
    v.changes = 0
    v.side = side
    v.after = m.first_level
    m.first_level = index
    m.levels += 1
    m.shown[side] |= np.int64(1) << (px & 63)
    return index


@part
def release(x, market, index):
    """Stop following a level at which nothing of ours is published or under way."""
    v = x.levels[index]
    if v.own != 0 or v.changes != 0:
        return
    m = x.markets[market]
    if m.first_level == index:
        m.first_level = np.int64(v.after)
    m.shown[0] = 0
    m.shown[1] = 0
    other = m.first_level
    while other >= 0:
        w = x.levels[other]
        if w.after == index:
            w.after = v.after
        m.shown[w.side] |= np.int64(1) << (w.px & 63)
        other = np.int64(w.after)
    m.levels -= 1
    v.px = 0
    v.raw = 0
    v.side = 0
    v.after = 0
    x.free_levels[x.free_levels_n] = index
    x.free_levels_n += 1


@leaf
def overlay(x, row):
    """A recorded row is about to arrive locally: add what of ours it must show. O(1) away from own levels."""
    m = x.markets[row.market]
    if row.kind == DEPTH:
        m.local_rows += 1
        m.lag_us = row.lag_us
        if m.levels > 0 and (m.shown[np.int64(row.marks) & ASK] >> (row.px & 63)) & 1 != 0:
            level_arrives(x, row)
    elif row.kind == CLEAR:
        m.local_rows += 1
        if m.levels > 0:
            clear_arrives(x, row)
    elif row.kind == BBO and m.levels > 0:
        bbo_arrives(x, row)


@part
def level_arrives(x, row):
    """A recorded level passes at which we may stand."""
    index = level_at(x, np.int64(row.market), np.int64(row.marks) & ASK, row.px)
    if index < 0:
        return
    v = x.levels[index]
    v.raw = row.qty
    if v.changes > 0:
        bring_along(x, index, row.ts // 1000 - np.int64(row.lag_us))
    row.qty = v.raw + v.own


@part
def bring_along(x, index, exchange_us):
    """Apply the level's changes under way that the exchange made no later than a row which arrives now."""
    rare()
    v = x.levels[index]
    for i in range(x.answer_head, x.answer_tail):
        a = x.answers[i & MASK]
        if a.kind == DEPTH and a.ref == index and a.exchange_ns // 1000 <= exchange_us:
            v.own += a.lots
            a.lots = 0


@part
def clear_arrives(x, row):
    """A snapshot begins: nothing of others is known, and our published levels are shown again right behind it."""
    rare()
    x.reissue_market = np.int64(row.market)
    x.reissue_marks = SNAPSHOT | (np.int64(row.marks) & LAST)
    x.reissue_us = row.ts // 1000 - np.int64(row.lag_us)
    x.reissue = x.markets[row.market].first_level
    x.wake = 0
    index = x.reissue
    while index >= 0:
        v = x.levels[index]
        v.raw = 0
        if v.changes > 0:
            bring_along(x, index, x.reissue_us)
        index = np.int64(v.after)


@part
def reissue_next(x, row):
    """The next published level behind a CLEAR, if there is one."""
    rare()
    while x.reissue >= 0:
        v = x.levels[x.reissue]
        x.reissue = np.int64(v.after)
        if v.own > 0:
            show(x, row, x.reissue_market, v, v.side | x.reissue_marks, x.now, x.reissue_us)
            return True
    return False


@part
def bbo_arrives(x, row):
    """The venue's best price and size of one side, as it would be with our published orders."""
    rare()
    side = np.int64(row.marks) & ASK
    sign = 1 - 2 * side
    px = row.px
    lots = row.qty
    index = x.markets[row.market].first_level
    while index >= 0:
        v = x.levels[index]
        if v.side == side and v.own > 0:
            if v.px == px:
                lots += v.own
            elif v.px * sign > px * sign:
                px = v.px
                lots = v.own
        index = np.int64(v.after)
    row.px = px
    row.qty = lots


@part
def arrive(x, L, row):
    """The head of the answer ring is a change of ours at a level: compose its row. False: nothing to show now."""
    a = x.answers[x.answer_head & MASK]
    market = np.int64(a.market)
    m = x.markets[market]
    if m.local_rows < a.need:
        due = after_rows(x, L, market, a.need - m.local_rows)
        if due > 0:
            postpone(x, due)
            return False
    index = a.ref
    lots = a.lots
    v = x.levels[index]
    bring_along(x, index, a.exchange_ns // 1000)
    v.changes -= 1
    if lots != 0:
        show(x, row, market, v, v.side | LAST, a.due, a.exchange_ns // 1000)
    wire.pop_answer(x)
    release(x, market, index)
    return lots != 0


@part
def after_rows(x, L, market, count):
    """1 ns after the arrival of the market's next `count` DEPTH and CLEAR rows; 0 if they do not come."""
    rare()
    i = x.local_at
    while i < x.local_count:
        r = L[i]
        if r.market == market and (r.kind == DEPTH or r.kind == CLEAR):
            count -= 1
            if count == 0:
                return r.ts + x.feed_ns + 1
        i += 1
    return 0


@part
def postpone(x, due):
    """Put the head of the answer ring back, to arrive later."""
    rare()
    a = x.answers[x.answer_head & MASK]
    px, lots, ref, exchange_ns, need = a.px, a.lots, a.ref, a.exchange_ns, a.need
    market, marks = np.int64(a.market), np.int64(a.marks)
    wire.pop_answer(x)
    i = wire.insert_answer(x, due)
    b = x.answers[i]
    b.due = due
    b.px = px
    b.lots = lots
    b.ref = ref
    b.exchange_ns = exchange_ns
    b.need = need
    b.market = market
    b.kind = DEPTH
    b.marks = marks


@part
def show(x, row, market, v, marks, ts, exchange_us):
    """Write the row of one own level."""
    x.counts[PUBLISHED] += 1
    row.ts = ts
    row.px = v.px
    row.qty = v.raw + v.own
    row.ref = 0
    row.lag_us = ts // 1000 - exchange_us
    row.market = market
    row.kind = DEPTH
    row.marks = marks | OWN
