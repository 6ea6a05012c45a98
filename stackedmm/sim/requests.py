"""What the exchange does with our requests when they arrive: place, cancel, query."""

import numpy as np

from stackedmm.core import book
from stackedmm.core.machine import part
from stackedmm.core.rows import ACK, CANCEL, CANCEL_REJECT, CANCELED, LIVE, NOT_FOUND, PLACE, POST_ONLY, REJECT
from stackedmm.sim import account, memory, resting, wire
from stackedmm.sim.cold import rare
from stackedmm.sim.state import (
    BAD_PRICE,
    BAD_QUANTITY,
    DEAD,
    DUPLICATE_ID,
    FAULT_REFUSED,
    FILLED,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    NO_BALANCE,
    NO_ROOM,
    OVERLOADED,
    REFUSED,
    REJECTED,
    RESTING,
    SELF_TRADE,
    SELF_TRADES_PREVENTED,
    STP_MAKER,
    STP_NONE,
    WOULD_TAKE,
)


@part
def arrive(x, XA, q):
    """A request reaches the exchange."""
    if q.kind == PLACE:
        place(x, XA, q)
    elif q.kind == CANCEL:
        cancel(x, XA, q)
    else:
        query(x, XA, q)


@part
def place(x, XA, q):
    """A create: check it as a venue does, then take, rest or refuse it."""
    code = DUPLICATE_ID
    if memory.find(x, XA, q.ref) <= 0:
        at = memory.remember(x, XA, q.ref, np.int64(q.market))
        code = fault_with(x, q)
        if code == 0:
            code = enter(x, XA, q, at)
    if code > 0:
        x.counts[REJECTED] += 1
        wire.answer(x, np.int64(q.market), np.int64(REJECT), q.ref, np.int64(code), np.int64(0), q.due)


@part
def enter(x, XA, q, at):
    """A valid create meets the book and our own orders. Returns a reject code, 0 if it lived."""
    m = x.markets[q.market]
    side = np.int64(q.side)
    key = q.px * (1 - 2 * side)
    if x.stp != STP_NONE and key + m.tops[1 - side] >= 0:
        x.counts[SELF_TRADES_PREVENTED] += 1
        if x.stp == STP_MAKER:
            return SELF_TRADE
        expire_crossed(x, XA, q, 1 - side, -key)
    if key + m.books[1 - side].best >= 0:
        if q.marks & POST_ONLY != 0:
            return WOULD_TAKE
        take(x, XA, q, at, key)
        return 0
    if x.free_n == 0:
        return NO_ROOM
    front = float(book.lots_at(m.books[side], XA, key))
    resting.rest(x, XA, np.int64(q.market), side, key, q.lots, q.ref, at, front, q.due)
    wire.answer(x, np.int64(q.market), np.int64(ACK), q.ref, q.px, q.lots, q.due)
    return 0


@part
def fault_with(x, q):
    """Reject code of a create that breaks a rule of the venue, 0 if none does."""
    m = x.markets[q.market]
    if x.faulty != 0 and wire.happens(x, x.faults.refused_create, np.int64(FAULT_REFUSED)):
        return OVERLOADED
    if q.px <= 0 or (m.tick_step != 1 and q.px % m.tick_step != 0):
        return BAD_PRICE
    if q.lots <= 0 or (m.lot_step != 1 and q.lots % m.lot_step != 0):
        return BAD_QUANTITY
    if q.lots < m.min_lots:
        return MIN_QUANTITY
    cost = q.lots * m.cost_units if m.inverse != 0 else q.px * q.lots * m.cost_units
    if cost < m.min_cost:
        return MIN_NOTIONAL
    if m.checks_balance != 0 and not affordable(x, m, q, cost):
        return NO_BALANCE
    return 0


@part
def affordable(x, m, q, cost):
    """Whether the free balance covers a create, less what our resting orders of its side hold of it anywhere (spot)."""
    rare()
    if q.side == 0:
        return held(x, np.int64(q.market), 0) + cost <= x.balances[m.money_at]
    return held(x, np.int64(q.market), 1) + q.lots * m.lot_units <= x.balances[m.base_at]


@part
def held(x, market, side):
    """What resting orders of one side hold of the balance that a market pays from, in all markets that share it."""
    rare()
    total = np.int64(0)
    i = market
    while True:
        m = x.markets[i]
        slot = np.int64(m.first[side])
        while slot >= 0:
            o = x.orders[slot]
            left = o.lots - o.filled
            total += o.key * left * m.cost_units if side == 0 else left * m.lot_units
            slot = np.int64(o.after)
        i = m.money_peer if side == 0 else m.base_peer
        if i == market:
            return total


@part
def expire_crossed(x, XA, q, side, key):
    """Self-trade prevention: our resting orders that the incoming one would meet are cancelled."""
    rare()
    slot = np.int64(x.markets[q.market].first[side])
    while slot >= 0:
        o = x.orders[slot]
        after = np.int64(o.after)
        if o.key >= key:
            kill(x, XA, slot, q.due)
        slot = after


@part
def kill(x, XA, slot, exchange_ns):
    """Cancel a resting order and say so."""
    o = x.orders[slot]
    market, ref, px, filled = np.int64(o.market), o.ref, o.key * (1 - 2 * np.int64(o.side)), o.filled
    resting.leave(x, XA, slot, np.int64(DEAD), exchange_ns)
    wire.answer(x, market, np.int64(CANCELED), ref, px, filled, exchange_ns)


@part
def take(x, XA, q, at, key):
    """An order that crosses takes. Without partial fills: all of it at the best. With: level by level, and what the
    levels better than its price leave over at its own price, because a replayed book cannot hold a crossed rest."""
    rare()
    m = x.markets[q.market]
    side = np.int64(q.side)
    other = m.books[1 - side]
    left = q.lots
    level = other.best
    XA[at + 2] = FILLED
    while left > 0:
        lots = left
        if m.partial_fills != 0:
            if level == book.NONE or key + level <= 0:
                level = -key
            else:
                lots = min(left, book.lots_at(other, XA, level))
        px = level * (2 * side - 1)
        account.book_fill(x, XA, np.int64(q.market), side, at, q.ref, px, lots, np.int64(0), q.due)
        left -= lots
        if left > 0:
            level = book.next_level(other, XA, level)


@part
def cancel(x, XA, q):
    """A cancel: the order dies, or the venue says that it cannot."""
    at = memory.find(x, XA, q.ref)
    if at <= 0 or XA[at + 2] != RESTING:
        wire.answer(x, np.int64(q.market), np.int64(CANCEL_REJECT), q.ref, np.int64(0), np.int64(0), q.due)
    else:
        kill(x, XA, XA[at + 4], q.due)


@part
def query(x, XA, q):
    """A query by client id: resting, dead with what it filled, or unknown."""
    rare()
    at = memory.find(x, XA, q.ref)
    kind, px, filled = np.int64(NOT_FOUND), np.int64(0), np.int64(0)
    if at > 0 and XA[at + 2] != REFUSED:
        kind, filled = np.int64(CANCELED), XA[at + 3]
        if XA[at + 2] == RESTING:
            kind = np.int64(LIVE)
            px = x.orders[XA[at + 4]].key * (1 - 2 * np.int64(x.orders[XA[at + 4]].side))
    wire.answer(x, np.int64(q.market), kind, q.ref, px, filled, q.due)
