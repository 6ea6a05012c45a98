"""From what a line wants to what is sent: place, keep, cancel, ask again. A replacement waits for proof of death.

One order stands for a quote at a time, counting unknown and dying ones. Nothing is replaced that is good enough.
"""

import numpy as np

from stackedmm.core import contracts, limits, own, quoting, rows, shape
from stackedmm.core.codes import NO_SLOT, ORDERS, TOB
from stackedmm.core.commands import emit, explain, room_for_command
from stackedmm.core.machine import part
from stackedmm.core.orders import count, left, turn
from stackedmm.core.own import FREE, LIVE, PENDING, SETTLING, UNKNOWN

NEVER = 1 << 62
ASK_AGAIN_NS = 1_000_000_000
"""What was not answered is asked about after a second: creates and queries by a query, cancels by a cancel."""


@part
def decide(s, A, links, market, out):
    """Price every quote of a market once and send what has to change."""
    m = s.markets[market]
    stop = limits.may_quote(s, m)
    if stop != rows.OK:
        stop_market(s, m, stop, out)
        return
    shape.ask_rules(s, A, links, market)
    m.due_ns = NEVER
    for k in range(m.first_quote, m.end_quote):
        decide_quote(s, k, out)
    s.decisions += m.end_quote - m.first_quote


@part
def decide_top(s, A, links, market, out):
    """Price a market's TOB quotes, whose prices alone follow its own best."""
    m = s.markets[market]
    stop = limits.may_quote(s, m)
    if stop != rows.OK:
        stop_market(s, m, stop, out)
        return
    shape.ask_rules(s, A, links, market)
    for k in range(m.first_quote, m.end_quote):
        if s.lines[s.quotes[k].line].kind == TOB:
            decide_quote(s, k, out)
            s.decisions += 1


@part
def stands(s, k):
    """Whether a quote's order rests where it was last wanted."""
    q = s.quotes[k]
    if q.order < 0:
        return False
    o = s.orders[q.order]
    return o.life == LIVE and o.canceling == 0 and o.px == q.target_px


@part
def decide_one(s, A, links, k, out):
    """Price one quote whose order was answered: nothing else of its market has changed."""
    market = s.quotes[k].market
    stop = limits.may_quote(s, s.markets[market])
    if stop != rows.OK:
        stop_quote(s, k, stop, out)
        return
    shape.ask_rules(s, A, links, market)
    decide_quote(s, k, out)
    s.decisions += 1


@part
def stop_market(s, m, stop, out):
    """Nothing may be quoted on a market: its orders go, its buckets do not accrue."""
    for k in range(m.first_quote, m.end_quote):
        stop_quote(s, k, stop, out)


@part
def stop_quote(s, k, stop, out):
    """The same for one quote."""
    halted = stop <= rows.PAUSED or stop == rows.LOSS_LIMIT
    quoting.close_bucket(s, s.lines[s.quotes[k].line], s.quotes[k])
    s.quotes[k].target_px = 0
    stand_down(s, k, stop, rows.STOPPED if halted else rows.STALE, out)


@part
def decide_quote(s, k, out):
    """Price one quote and let its order follow. A size is asked for where an order may go out, and every 100 ms."""
    q = s.quotes[k]
    line = s.lines[q.line]
    want = s.want
    want.reason = rows.OK
    want.lots = 0
    if line.sides[q.side] == 0:
        quoting.close_bucket(s, line, q)
        stand_down(s, k, rows.LINE_DISABLED, rows.SIDE_OFF, out)
        return
    shape.combine(s, k)
    if s.ruling.failed == 1 or s.ruling.stands == 0:
        want.reason = rows.RULE_FAILED if s.ruling.failed == 1 else rows.GATE
        quoting.close_bucket(s, line, q)
    else:
        quoting.price(s, k)
    q.target_px = want.px if want.reason == rows.OK else 0
    if want.reason == rows.OK and (q.order < 0 or s.full_round == 1):
        if q.jitter == 0.0:
            q.jitter = draw(line)
        quoting.size(s, k)
        q.target_lots = want.lots
    if q.order >= 0:
        follow(s, k, out)
    elif want.reason != rows.OK:
        refuse(s, q, want.reason)
    else:
        try_place(s, k, out)


@part
def refuse(s, q, reason):
    """Note why a quote does not stand; counted when the reason changes, not at every look."""
    if q.reason != reason:
        s.waiting[q.side] += np.int64(reason == rows.WAIT_INTERVAL) - np.int64(q.reason == rows.WAIT_INTERVAL)
        q.reason = reason
        s.refusals[reason] += 1


@part
def stand_down(s, k, reason, why, out):
    """No quote may stand here: cancel its order if it has one."""
    q = s.quotes[k]
    q.target_px = 0
    if q.order >= 0:
        cancel(s, q.order, why, out)
    refuse(s, q, reason)


@part
def follow(s, k, out):
    """A quote has an order: keep it, or cancel it with the reason that comes first."""
    q = s.quotes[k]
    o = s.orders[q.order]
    want = s.want
    if o.life == SETTLING:
        refuse(s, q, rows.WAIT_DEATH)
        return
    if o.life != LIVE or o.canceling == 1:
        if o.canceling == 1:
            refuse(s, q, rows.WAIT_DEATH)
        return
    blocked = want.reason != rows.OK and want.reason != rows.NO_BUDGET and want.reason != rows.BELOW_MINIMUM
    if blocked:
        cancel(s, q.order, rows.SIDE_OFF, out)
        refuse(s, q, want.reason)
    elif limits.too_much(s, q) or q.rank > s.starved[q.side]:
        cancel(s, q.order, rows.OVERSIZE, out)
        refuse(s, q, rows.BAND)
    else:
        why = outdated(s, q, o)
        if why == rows.OK:
            look_at(s, q, o.sent_ns + s.lines[q.line].timeout_ns)
            refuse(s, q, rows.OK)
        elif ready(s, q):
            cancel(s, q.order, why, out)


@part
def look_at(s, q, when):
    """Note when a quote has to be looked at even if nothing moves."""
    m = s.markets[q.market]
    m.due_ns = min(m.due_ns, when)


@part
def ready(s, q):
    """Whether the replacement interval has passed; if not, the quote is looked at when it has."""
    when = q.changed_ns + s.lines[q.line].min_replace_ns
    if s.now >= when:
        return True
    look_at(s, q, when)
    return False


@part
def outdated(s, q, o):
    """Why an order should be replaced: its time is up, the market drifted, its target moved; OK if it is good."""
    line = s.lines[q.line]
    m = s.markets[q.market]
    if s.now - o.sent_ns >= line.timeout_ns:
        return rows.TIMEOUT
    then = o.local_mid if line.local_drift == 1 else o.reference
    now = m.mid if line.local_drift == 1 else s.reference * m.per
    if abs(now - then) * 1e4 > line.drift_bps * then:
        return rows.DRIFT
    moved = abs(s.want.px - o.px)
    if moved == 0:
        return rows.OK
    if line.kind == TOB:
        return rows.REPLACE if moved >= line.min_requote_ticks else rows.OK
    tolerance = line.requote_bps
    if not tolerance >= 0.0:
        tolerance = 0.1 * s.want.half_bps
    ticks = tolerance * 1e-4 * s.reference * m.per / m.tick_size
    return rows.REPLACE if moved > max(1.0, ticks) else rows.OK


@part
def try_place(s, k, out):
    """A quote has no order and wants one."""
    q = s.quotes[k]
    m = s.markets[q.market]
    want = s.want
    if q.changed_ns > 0 and not ready(s, q):
        refuse(s, q, rows.WAIT_INTERVAL)
        return
    limits.judge(s, k)
    if want.reason != rows.OK:
        refuse(s, q, want.reason)
    elif not limits.may_create(s, m):
        refuse(s, q, rows.MESSAGE_BUDGET)
    else:
        place(s, k, out)


@part
def place(s, k, out):
    """Write a new order down and send it."""
    q = s.quotes[k]
    m = s.markets[q.market]
    line = s.lines[q.line]
    if s.free_n == 0:
        s.events[NO_SLOT] += 1
        return
    if not room_for_command(s):
        return
    slot = next_slot(s)
    o = write_down(s, k, slot)
    count(s, o, 1)
    own.enter(s, q.market, slot)
    q.order = slot
    q.changed_ns = s.now
    look_at(s, q, s.now + line.timeout_ns)
    q.jitter = draw(line)
    refuse(s, q, rows.OK)
    m.tokens -= 1.0
    line.placed += 1
    s.open_orders += 1
    emit(s, out, rows.PLACE, rows.NEW, slot)
    explain(s, out[s.out_n - 1], k)


@part
def next_slot(s):
    """Take the slot of the next client id. Ids count up and pass over slots in use, so the dead are long remembered."""
    s.counter += 1
    while s.orders[s.counter & (ORDERS - 1)].life != FREE:
        s.counter += 1
    s.free_n -= 1
    return s.counter & (ORDERS - 1)


@part
def write_down(s, k, slot):
    """The record of an order about to be sent."""
    o = s.orders[slot]
    q = s.quotes[k]
    want = s.want
    o.ref = s.counter
    o.px = want.px
    o.lots = want.lots
    o.filled = 0
    o.claimed = 0
    o.life = PENDING
    o.market = q.market
    o.side = q.side
    o.quote = k
    o.line = q.line
    o.sent_ns = s.now
    o.deadline_ns = s.now + s.validity_ns
    o.asked_ns = s.now
    o.not_found = 0
    o.not_found_ns = 0
    o.doubt_ns = 0
    o.died_ns = 0
    o.canceling = 0
    o.cancel_reason = 0
    o.venue_ns = 0
    o.shown = 0
    o.level_ns = 0
    o.local_mid = s.markets[q.market].mid
    o.reference = s.reference * s.markets[q.market].per
    return o


@part
def draw(line):
    """The line's next number, uniform in [-1, 1): one stream a line, so a replay jitters alike."""
    line.seed = line.seed + np.uint64(0x9E3779B97F4A7C15)
    z = line.seed
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(z >> np.uint64(11)) * (2.0 / 9007199254740992.0) - 1.0


@part
def cancel(s, slot, why, out):
    """Ask for an order's end, once; it counts until the end is proven. An unknown one is asked to end as well."""
    o = s.orders[slot]
    if (o.life != LIVE and o.life != UNKNOWN) or o.canceling == 1:
        return
    m = s.markets[o.market]
    if not limits.may_cancel(s, m) or not room_for_command(s):
        return
    o.canceling = 1
    s.dying_units[o.side] += contracts.units(m, o.px, left(o))
    o.asked_ns = s.now
    o.cancel_reason = why
    m.tokens -= 1.0
    tally(s.lines[o.line], why)
    emit(s, out, rows.CANCEL, why, slot)


@part
def tally(line, why):
    """Count a cancel under its reason."""
    if why == rows.TIMEOUT:
        line.canceled_timeout += 1
    elif why == rows.DRIFT:
        line.canceled_drift += 1
    elif why == rows.REPLACE:
        line.canceled_replace += 1
    else:
        line.canceled_other += 1


@part
def tend(s, market, out):
    """Ask again about orders whose fate is open: unanswered creates and cancels, and fills that are owed."""
    m = s.markets[market]
    own.forget_old_ghosts(s, market)
    for i in range(m.lives):
        slot = np.int64(m.live[i])
        o = s.orders[slot]
        if s.now - o.asked_ns < ASK_AGAIN_NS:
            continue
        if o.life == PENDING:
            turn(s, o, UNKNOWN)
        if o.life == UNKNOWN or o.life == SETTLING:
            if limits.may_ask(s, m):
                repeat(s, m, slot, rows.QUERY, out)
        elif o.life == LIVE and o.canceling == 1 and limits.may_cancel(s, m):
            repeat(s, m, slot, rows.CANCEL, out)


@part
def repeat(s, m, slot, kind, out):
    """Send a query, or a cancel again."""
    if room_for_command(s):
        m.tokens -= 1.0
        s.orders[slot].asked_ns = s.now
        emit(s, out, kind, rows.UNKNOWN, slot)


@part
def cancel_stray(s, row, out):
    """An order that should be dead, or that nobody remembers, shows life: it is cancelled, whatever it is."""
    m = s.markets[row.market]
    if not limits.may_cancel(s, m) or not room_for_command(s):
        return
    m.tokens -= 1.0
    c = out[s.out_n]
    s.out_n += 1
    s.commands += 1
    c.ts = s.now
    c.ref = row.ref
    c.px = row.px
    c.qty = row.qty
    c.slot = -1
    c.quote = -1
    c.market = row.market
    c.kind = rows.CANCEL
    c.reason = rows.UNKNOWN
