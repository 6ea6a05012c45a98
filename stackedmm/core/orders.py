"""The life of an order, from what is sent and what is heard. An order is dead only by proof.

free -> pending (create sent) -> live (acknowledged) -> [settling: the venue says it is over, fills are missing]
-> ghost (dead; its level may still show it) -> free. `unknown`: no answer came, or a cancel was refused; it is
queried by client id until it is proven live or dead. An order leaves the exposure only on a terminal answer with
its fills received, or on "not found" twice, a second apart, after the time in which the create could still arrive.
"""

import numpy as np

from stackedmm.core import inventory, own, rows, seen
from stackedmm.core.codes import (
    BAD_ROW,
    DUPLICATE_FILL,
    FOREIGN_FILL,
    LATE_FILL,
    ORDER_AFTER_DEATH,
    ORDERS,
    TOB,
)
from stackedmm.core.machine import part
from stackedmm.core.own import FREE, GHOST, LIVE, PENDING, SETTLING, UNKNOWN
from stackedmm.core.tape import exchange_time

NOT_FOUND_APART_NS = 1_000_000_000
DEADLINE_MARGIN_NS = 1_000_000_000
BACKOFF_NS = 1_000_000_000
BACKOFF_MAX = 20
"""Rejects in a row wait 1, 2, 4 ... up to this many seconds, so a reject storm stays at three a minute."""


@part
def find(s, ref):
    """Slot of the order with this client id, -1 if it is not remembered."""
    slot = ref & (ORDERS - 1)
    if slot < 0 or s.orders[slot].ref != ref or s.orders[slot].life == FREE:
        return -1
    return slot


@part
def left(o):
    """Lots that may still fill, as far as the venue has not said otherwise."""
    if o.life == PENDING or o.life == LIVE or o.life == UNKNOWN:
        return max(o.lots - max(o.filled, o.claimed), 0)
    return np.int64(0)


@part
def owed(o):
    """Lots the venue says are filled and whose fills have not come: counted as inventory, replaced by the fills."""
    return max(o.claimed - o.filled, 0) if o.life != FREE else np.int64(0)


@part
def count(s, o, sign):
    """Enter (+1) or take out (-1) an order's part in the exposure sums; call around every change of an order."""
    m = s.markets[o.market]
    lots = sign * left(o)
    units = lots * m.lot_units
    m.open_lots[o.side] += lots
    s.open_units[o.side] += units
    s.lines[o.line].held[o.side] += units
    if o.canceling == 1:
        s.dying_units[o.side] += units
    direction = 1 - 2 * o.side
    s.ledger.provisional += sign * direction * owed(o) * m.lot_units


@part
def die(s, slot):
    """Proven dead: out of the exposure, its quote is free; a ghost while the book may still show it."""
    o = s.orders[slot]
    was_unknown = o.life == UNKNOWN
    o.life = GHOST
    o.died_ns = s.now
    s.open_orders -= 1
    if was_unknown:
        s.unknown_orders -= 1
    q = s.quotes[o.quote]
    if q.order == slot:
        q.order = -1
        q.changed_ns = s.now
    m = s.markets[o.market]
    m.touched = 1
    if o.shown == 0:
        own.forget(s, o.market, slot)


@part
def turn(s, o, life):
    """Change a living order's life, keeping the count of unknown ones."""
    if o.life == UNKNOWN and life != UNKNOWN:
        s.unknown_orders -= 1
    if o.life != UNKNOWN and life == UNKNOWN:
        s.unknown_orders += 1
    o.life = life


@part
def acknowledged(s, o, row):
    """The order rests; its price and size are what the venue took."""
    if o.life != PENDING and o.life != UNKNOWN:
        if o.life == GHOST or o.life == SETTLING:
            s.events[ORDER_AFTER_DEATH] += 1
        return
    turn(s, o, LIVE)
    o.not_found = 0
    o.venue_ns = max(o.venue_ns, exchange_time(row))
    if row.qty > 0 and row.qty < o.lots:
        o.lots = row.qty
    s.markets[o.market].rejects = 0


@part
def refused(s, slot, o, row):
    """The order never lived. Creates of its market wait, longer with each refusal in a row."""
    if (o.life != PENDING and o.life != UNKNOWN) or o.filled > 0:
        s.events[ORDER_AFTER_DEATH] += 1
        return
    m = s.markets[o.market]
    m.rejects += 1
    wait = np.int64(1) << min(m.rejects - 1, 10)
    m.backoff_ns = s.now + BACKOFF_NS * min(wait, BACKOFF_MAX)
    die(s, slot)


@part
def claim(s, slot, o, lots, over):
    """The venue's word on how much is filled in total, and whether the order is over; it never shrinks."""
    o.claimed = max(o.claimed, min(lots, o.lots))
    if not over:
        return
    if o.filled >= o.claimed:
        die(s, slot)
    else:
        if o.life == UNKNOWN:
            s.unknown_orders -= 1
        o.life = SETTLING


@part
def not_found(s, slot, o):
    """The venue knows no such order: proof of death only the second time, after the create's last possible moment."""
    if o.life == SETTLING or o.life == GHOST:
        return
    if s.now < o.deadline_ns + DEADLINE_MARGIN_NS:
        return
    if o.not_found == 0:
        o.not_found = 1
        o.not_found_ns = s.now
    elif s.now - o.not_found_ns >= NOT_FOUND_APART_NS:
        claim(s, slot, o, o.claimed, True)


@part
def unanswered(s, o):
    """No answer came in time: a create's fate is unknown, a cancel is asked again."""
    if o.life == PENDING:
        turn(s, o, UNKNOWN)
    o.asked_ns = 0


@part
def answer(s, row):
    """Apply one answer about one of our orders. Late and doubled answers change nothing."""
    slot = find(s, row.ref)
    if slot < 0:
        s.events[ORDER_AFTER_DEATH] += 1
        return
    o = s.orders[slot]
    if o.life == GHOST:
        s.events[ORDER_AFTER_DEATH] += 1
        return
    market = o.market
    count(s, o, -1)
    if row.kind == rows.ACK:
        acknowledged(s, o, row)
    elif row.kind == rows.REJECT:
        refused(s, slot, o, row)
    elif row.kind == rows.CANCELED:
        o.venue_ns = max(o.venue_ns, exchange_time(row))
        claim(s, slot, o, row.qty, True)
    elif row.kind == rows.LIVE:
        if o.life == UNKNOWN or o.life == PENDING:
            turn(s, o, LIVE)
            o.venue_ns = max(o.venue_ns, exchange_time(row))
        o.not_found = 0
        claim(s, slot, o, row.qty, False)
    elif row.kind == rows.NOT_FOUND:
        not_found(s, slot, o)
    elif row.kind == rows.CANCEL_REJECT:
        if o.life == LIVE or o.life == PENDING:
            turn(s, o, UNKNOWN)
        o.asked_ns = 0
        uncancel(s, o)
    elif row.kind == rows.UNANSWERED:
        unanswered(s, o)
    count(s, o, 1)
    s.markets[market].touched = 1


@part
def uncancel(s, o):
    """The cancel did not take: it is asked anew once the order is proven live. Called while out of the sums."""
    o.canceling = 0


@part
def fill(s, A, row):
    """Book one fill exactly once, whatever is still known of its order."""
    fee = s.fee
    currency = s.fee_currency
    ident = s.trade_id
    s.fee = 0
    s.fee_currency = 0
    s.trade_id = 0
    if row.qty <= 0 or row.px <= 0:
        s.events[BAD_ROW] += 1
        return
    if ident != 0 and not seen.first_time(s, A, np.int64(row.market), ident):
        s.events[DUPLICATE_FILL] += 1
        return
    m = s.markets[row.market]
    side = np.int64(row.marks & rows.ASK)
    sign = 1 - 2 * side
    units = row.qty * m.lot_units
    money = row.px * row.qty * m.cost_units
    slot = find(s, row.ref)
    if slot >= 0:
        fill_order(s, slot, row)
    else:
        s.events[FOREIGN_FILL] += 1
    if s.now >= s.start_ns:
        inventory.book_fill(s, sign, units, money, fee if currency == rows.FEE_QUOTE else 0)
        if currency == rows.FEE_BASE:
            inventory.pay_in_base(s, fee)
    base_fee = fee if currency == rows.FEE_BASE else 0
    m.position += sign * units - base_fee
    if m.perp == 0:
        m.base_wallet += sign * units - base_fee
    m.quote_wallet -= sign * money + (fee if currency == rows.FEE_QUOTE else 0)
    inventory.refresh(s)
    m.touched = 1


@part
def fill_order(s, slot, row):
    """A fill of an order we know: its remainder, its line's bucket, and its end when nothing is left."""
    o = s.orders[slot]
    count(s, o, -1)
    o.filled += row.qty
    o.venue_ns = max(o.venue_ns, exchange_time(row))
    if o.life == GHOST:
        s.events[LATE_FILL] += 1
        o.claimed = max(o.claimed, o.filled)
    elif o.life == PENDING or o.life == UNKNOWN:
        turn(s, o, LIVE)
    debit(s, o, row.qty)
    over = (o.life == LIVE and o.filled >= o.lots) or (o.life == SETTLING and o.filled >= o.claimed)
    if over:
        die(s, slot)
    count(s, o, 1)


@part
def debit(s, o, lots):
    """What fills is taken from the bucket that paid for it; a late fill may make it negative."""
    m = s.markets[o.market]
    line = s.lines[o.line]
    q = s.quotes[o.quote]
    coins = lots * m.lot_base
    line.fills += 1
    line.filled_units[o.side] += lots * m.lot_units
    line.fill_ns[o.side] = s.now
    decay_filled(s, q)
    q.filled_hour += coins
    if line.kind == TOB:
        if line.shared_bucket == 1:
            line.bucket[o.side] -= coins
        else:
            q.bucket -= coins


@part
def decay_filled(s, q):
    """Base coins filled in the last hour, as a leaking sum."""
    age = s.now - q.filled_ns
    q.filled_hour = max(q.filled_hour * (1.0 - age / 3.6e12), 0.0) if age < 3_600_000_000_000 else 0.0
    q.filled_ns = s.now


@part
def notional(m, px, lots):
    """Quote value of an order."""
    return px * m.tick_size * lots * m.lot_base
