"""Market data enters: levels, trades, snapshots and gaps move one venue's book and say what must be looked at again."""

import numpy as np

from stackedmm.core import book, own, rows, volume
from stackedmm.core.codes import BAD_ROW, BOOK_LOST_LEVELS
from stackedmm.core.machine import leaf, part


@leaf
def exchange_time(row):
    """When the exchange says it happened, ns."""
    return (row.ts // 1000 - row.lag_us) * 1000


@leaf
def depth(s, A, row):
    """One level's new quantity. Levels of a book without a snapshot are not believed. O(1) amortised."""
    m = s.markets[row.market]
    if row.marks & rows.OWN == 0:
        m.seen_ns = s.now
    if m.synced == 0:
        return
    side = np.int64(row.marks & rows.ASK)
    b = s.books[row.market, side]
    key = row.px * b.sign
    old = book.put(b, A, key, row.qty)
    if own.may_show(m, side, row.px):
        own_level(s, m, side, key, row, old)
    else:
        others_moved(s, m, side, key, row.qty, m.touch[side] * b.sign)


@leaf
def others_moved(s, m, side, key, lots, touch):
    """What others show at a level changed: does it move their best, or price the reference?"""
    if key >= m.watch[side]:
        s.reference_dirty = 1
    if key >= touch:
        m.top_known = 0
        if key > touch or lots == 0:
            m.touched = 1


@part
def own_level(s, m, side, key, row, old):
    """A level at which we may stand: only a change of what others show there moves the market."""
    change = own.level_moved(s, m, np.int64(row.market), side, row.px, old, row.qty, exchange_time(row))
    if change != 0:
        left = max(row.qty - own.shown_at(s, m, side, row.px), 0)
        others_moved(s, m, side, key, left, m.touch[side] * (1 - 2 * side))


@part
def snapshot(s, A, row):
    """A snapshot begins: what is believed of the book is what follows in this message."""
    m = s.markets[row.market]
    for side in range(2):
        b = s.books[row.market, side]
        book.clear(b, A)
        if b.lost > 0:
            s.events[BOOK_LOST_LEVELS] += b.lost
            b.lost = 0
    m.synced = 1
    m.seen_ns = s.now
    m.touched = 1
    s.reference_dirty = 1


@part
def gap(s, A, row):
    """The feed lost updates: the book is unusable until a snapshot.

    Where trades were lost too, no volume window over the gap counts; a book's stream alone says nothing of trades.
    """
    m = s.markets[row.market]
    m.synced = 0
    m.usable = 0
    m.gaps += 1
    m.touched = 1
    s.reference_dirty = 1
    if row.marks & rows.TRADES:
        volume.forget(s, A, m)


@part
def trade(s, A, row):
    """A public trade."""
    m = s.markets[row.market]
    m.seen_ns = s.now
    if row.qty <= 0 or row.px <= 0:
        s.events[BAD_ROW] += 1
        return
    volume.trade(s, A, m, np.int64(row.marks & rows.SELL), row.px, row.qty)


@part
def bbo(s, A, row):
    """The venue's own word on its best: proves the feed alive and checks the book, never moves it."""
    m = s.markets[row.market]
    m.seen_ns = s.now
    if m.synced == 0:
        return
    b = s.books[row.market, row.marks & rows.ASK]
    if b.best != row.px * b.sign:
        m.bbo_differences += 1


@part
def refresh(s, A, market):
    """After a message: is the book usable, and where is the best of others? Whether either changed. O(1)."""
    m = s.markets[market]
    bid_before = m.touch[0]
    ask_before = m.touch[1]
    bid = s.books[market, 0]
    ask = s.books[market, 1]
    m.touched = 0
    m.top_known = 0
    was = m.usable
    fresh = s.now - m.seen_ns <= s.max_age_ns
    usable = m.synced == 1 and fresh and bid.best != book.NONE and ask.best != book.NONE
    if usable and bid.best >= -ask.best:
        m.crossings += was
        usable = False
    if usable:
        best_bid = own.others_from(s, A, m, bid, 0, bid.best)
        best_ask = own.others_from(s, A, m, ask, 1, ask.best)
        usable = best_bid != book.NONE and best_ask != book.NONE
        if usable:
            m.touch[0] = best_bid
            m.touch[1] = -best_ask
            m.mid = 0.5 * (m.touch[0] + m.touch[1]) * m.tick_size
    m.usable = 1 if usable else 0
    if m.usable != was:
        s.reference_dirty = 1
        m.usable_since_ns = s.now
        if not usable:
            m.touch[0] = book.NONE
            m.touch[1] = -book.NONE
            m.mid = 0.0
    return m.usable != was or m.touch[0] != bid_before or m.touch[1] != ask_before
