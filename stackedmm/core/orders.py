"""The life of an order, from what is sent and what is heard. An order is dead only by proof.

free -> pending (create sent) -> live (acknowledged) -> [settling: the venue says it is over, fills are missing]
-> ghost (dead; its level may still show it) -> free. `unknown`: no answer came, or one that speaks against life; it is
queried by client id until it is proven live or dead. An order leaves the exposure only on a terminal answer with
its fills received, or on "not found" twice, a second apart, after the time in which the create could still arrive.
Answers are weighed by the time the venue gives them, not by the order in which they arrive.
"""

import numpy as np

from stackedmm.core import contracts, conversion, inventory, own, rows, seen
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
    """Slot of the order with this client id, be it long dead, -1 if it is not remembered."""
    slot = ref & (ORDERS - 1)
    return slot if s.orders[slot].ref == ref else -1


@part
def living(o):
    """Whether an order may still fill, as far as we know."""
    return o.life == PENDING or o.life == LIVE or o.life == UNKNOWN


@part
def left(o):
    """Lots that may still fill, as far as the venue has not said otherwise."""
    return max(o.lots - max(o.filled, o.claimed), 0) if living(o) else np.int64(0)


@part
def owed(o):
    """Lots the venue says are filled and whose fills have not come: counted as inventory, replaced by the fills."""
    return max(o.claimed - o.filled, 0) if o.life != FREE else np.int64(0)


@part
def unsettled(o):
    """Lots that wallet and bucket must still hold: each fill debits them when it comes."""
    return left(o) + owed(o)


@part
def count(s, o, sign):
    """Enter (+1) or take out (-1) an order's part in the exposure sums; call around every change of an order."""
    m = s.markets[o.market]
    side = o.side
    units = sign * contracts.units(m, o.px, left(o))
    open_lots = unsettled(o)
    m.open_lots[side] += sign * open_lots
    s.lines[o.line].held[side] += sign * contracts.units(m, o.px, open_lots)
    s.open_units[side] += units
    if o.canceling == 1:
        s.dying_units[side] += units
    if o.claimed > o.filled:
        s.ledger.provisional += sign * (1 - 2 * side) * contracts.units(m, o.px, owed(o))


@part
def turn(s, o, life):
    """Change an order's life, keeping the count of unknown ones."""
    if o.life == UNKNOWN:
        s.unknown_orders -= 1
    if life == UNKNOWN:
        s.unknown_orders += 1
    o.life = life


@part
def die(s, slot):
    """Proven dead: out of the exposure, its quote is free; a ghost while the book may still show it."""
    o = s.orders[slot]
    turn(s, o, GHOST)
    o.died_ns = s.now
    s.open_orders -= 1
    q = s.quotes[o.quote]
    if q.order == slot:
        q.order = -1
        q.changed_ns = s.now
    if o.shown == 0 or o.level_ns > o.venue_ns:
        own.forget(s, o.market, slot)


@part
def alive(s, o, when):
    """A sign of life: an order whose fate was open lives, unless a later answer gave reason to doubt it.

    A cancel that was asked of it then has failed, or will be answered: whether it must go is decided anew.
    """
    o.venue_ns = max(o.venue_ns, when)
    if o.life == PENDING or (o.life == UNKNOWN and when > o.doubt_ns):
        turn(s, o, LIVE)
        o.canceling = 0
        o.not_found = 0


@part
def doubt(s, o, when):
    """An answer that speaks against life, though it proves no death: the venue is asked. False if it is outdated."""
    if not living(o) or when < o.venue_ns:
        return False
    turn(s, o, UNKNOWN)
    o.doubt_ns = max(o.doubt_ns, when)
    return True


@part
def acknowledged(s, slot, o, row):
    """The order rests; its price and size are what the venue took."""
    alive(s, o, exchange_time(row))
    s.markets[o.market].rejects = 0
    if not living(o):
        return
    if row.qty > 0:
        o.lots = row.qty
    if row.px > 0 and row.px != o.px:
        o.px = row.px
        own.note_price(s, o.market, slot)
    if o.filled >= o.lots:
        die(s, slot)


@part
def refused(s, slot, o):
    """The order never lived. Creates of its market wait, longer with each refusal in a row."""
    if o.venue_ns > 0 or o.claimed > 0 or not living(o):
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
    if over:
        if o.filled >= o.claimed:
            die(s, slot)
        else:
            turn(s, o, SETTLING)


@part
def not_found(s, slot, o, when):
    """The venue knows no such order: proof of death only the second time, after the create's last possible moment.

    What counts is when the venue looked, not when we heard of it: an answer may be late, or come twice.
    """
    if not doubt(s, o, when) or when < o.deadline_ns + DEADLINE_MARGIN_NS:
        return
    if o.not_found == 0:
        o.not_found = 1
        o.not_found_ns = when
    elif abs(when - o.not_found_ns) >= NOT_FOUND_APART_NS:
        claim(s, slot, o, o.claimed, True)
    else:
        o.not_found_ns = min(o.not_found_ns, when)


@part
def answer(s, row):
    """Apply one answer about one of our orders. Late and doubled answers change nothing.

    True: an order that is dead or forgotten shows life, and must be cancelled.
    """
    slot = find(s, row.ref)
    o = s.orders[max(slot, 0)]
    when = exchange_time(row)
    if slot >= 0 and o.market != row.market:
        s.events[BAD_ROW] += 1
        return False
    if slot < 0 or o.life == FREE or o.life == GHOST:
        s.events[ORDER_AFTER_DEATH] += 1
        echo = slot >= 0 and when <= o.venue_ns
        return not echo and (row.kind == rows.ACK or row.kind == rows.LIVE)
    if as_sent(o, row):
        acknowledged(s, slot, o, row)
        return False
    provisional = s.ledger.provisional
    count(s, o, -1)
    hear(s, slot, o, row, when)
    count(s, o, 1)
    if s.ledger.provisional != provisional:
        inventory.refresh(s)
    return False


@part
def as_sent(o, row):
    """Whether the venue took a create as it was sent: its part in the exposure sums stays what it is."""
    same = row.qty == o.lots and (row.px == o.px or row.px == 0)
    return row.kind == rows.ACK and o.life == PENDING and same and o.filled == 0 and o.claimed == 0


@part
def hear(s, slot, o, row, when):
    """What one answer says of an order that is not proven dead. Called while it is out of the sums."""
    if row.kind == rows.ACK:
        acknowledged(s, slot, o, row)
    elif row.kind == rows.REJECT:
        refused(s, slot, o)
    elif row.kind == rows.CANCELED:
        o.venue_ns = max(o.venue_ns, when)
        claim(s, slot, o, row.qty, True)
    elif row.kind == rows.LIVE:
        alive(s, o, when)
        claim(s, slot, o, row.qty, False)
    elif row.kind == rows.NOT_FOUND:
        not_found(s, slot, o, when)
    elif row.kind == rows.CANCEL_REJECT:
        if doubt(s, o, when):
            o.asked_ns = 0
    elif row.kind == rows.UNANSWERED and o.life == PENDING:
        turn(s, o, UNKNOWN)
        o.asked_ns = 0


@part
def write_off(s, ref):
    """A person's word that nothing more will be heard of an order: it is over, with the fills that came."""
    slot = find(s, ref)
    if slot < 0 or (s.orders[slot].life != UNKNOWN and s.orders[slot].life != SETTLING):
        s.events[BAD_ROW] += 1
        return
    o = s.orders[slot]
    count(s, o, -1)
    o.claimed = o.filled
    die(s, slot)
    count(s, o, 1)


@part
def fill(s, A, row):
    """Book one fill exactly once, whatever is still known of its order; says whether it was booked.

    A fill without a trade id is refused: it would be booked again when it comes with one.
    """
    fee = s.fee
    currency = s.fee_currency
    ident = s.trade_id
    s.fee = 0
    s.fee_currency = 0
    s.trade_id = 0
    if row.qty <= 0 or row.px <= 0 or ident == 0:
        s.events[BAD_ROW] += 1
        return False
    if not seen.first_time(s, A, np.int64(row.market), ident):
        s.events[DUPLICATE_FILL] += 1
        return False
    m = s.markets[row.market]
    side = np.int64(row.marks & rows.ASK)
    sign = 1 - 2 * side
    units = contracts.units(m, row.px, row.qty)
    money = contracts.money(m, row.px, row.qty)
    slot = find(s, row.ref)
    if slot >= 0 and s.orders[slot].market == row.market and s.orders[slot].side == side:
        fill_order(s, slot, row)
    else:
        s.events[FOREIGN_FILL] += 1
    base_fee = fee if currency == rows.FEE_BASE else np.int64(0)
    quote_fee = fee if currency == rows.FEE_QUOTE else np.int64(0)
    if exchange_time(row) >= s.start_ns:
        count_fill(s, m, sign, units, money, quote_fee, base_fee)
    m.position += sign * units - base_fee
    m.net_lots += sign * row.qty
    if m.perp == 0 or m.inverse == 1:
        s.wallets[m.base_at].amount += sign * units - base_fee
    if m.inverse == 0:
        s.wallets[m.money_at].amount -= sign * money + quote_fee
    inventory.refresh(s)
    return True


@part
def count_fill(s, m, sign, units, money, fee, base_fee):
    """Enter a fill in its currency's flow, and in the ledger at the rate of now: `m.fill_rate` says which.

    Money and fee are cost units of the market's quote, units and base fee ledger units.
    """
    currency = s.currencies[m.currency]
    currency.flow += sign * money + fee
    currency.fees += fee
    currency.fills += 1
    rate = conversion.rate_of_fill(s, m, units, money)
    m.fill_rate = rate
    money = conversion.to_first(s, m.currency, money, rate)
    inventory.book_fill(s, sign, units, money, conversion.to_first(s, m.currency, fee, rate), base_fee)


@part
def fill_order(s, slot, row):
    """A fill of an order we remember: its remainder, its line's bucket, and its end when nothing is left."""
    o = s.orders[slot]
    count(s, o, -1)
    o.filled += row.qty
    alive(s, o, exchange_time(row))
    debit(s, o, row.px, row.qty)
    if o.life == GHOST or o.life == FREE:
        s.events[LATE_FILL] += 1
        o.claimed = max(o.claimed, o.filled)
    elif o.filled >= (o.claimed if o.life == SETTLING else o.lots):
        die(s, slot)
    count(s, o, 1)


@part
def debit(s, o, px, lots):
    """What fills is taken from the bucket that paid for it; a late fill may make it negative.

    The bucket is filled up to now first: what it could not hold while it was full must not come back afterwards.
    """
    m = s.markets[o.market]
    line = s.lines[o.line]
    q = s.quotes[o.quote]
    coins = contracts.coins(m, px, lots)
    line.fills += 1
    line.filled_units[o.side] += contracts.units(m, px, lots)
    line.fill_ns[o.side] = s.now
    decay_filled(s, q)
    q.filled_hour += coins
    if line.kind == TOB:
        if line.shared_bucket == 1:
            age = s.now - line.bucket_ns[o.side]
            full = max(line.bucket_cap[o.side], line.bucket[o.side])
            line.bucket[o.side] = min(line.bucket[o.side] + line.bucket_rate[o.side] * age, full) - coins
            line.bucket_ns[o.side] = s.now
        else:
            full = max(q.bucket_cap, q.bucket)
            q.bucket = min(q.bucket + q.bucket_rate * (s.now - q.bucket_ns), full) - coins
            q.bucket_ns = s.now


@part
def decay_filled(s, q):
    """Base coins filled in the last hour, as a leaking sum."""
    age = s.now - q.filled_ns
    q.filled_hour = max(q.filled_hour * (1.0 - age / 3.6e12), 0.0) if age < 3_600_000_000_000 else 0.0
    q.filled_ns = s.now
