"""From what a line wants to what is sent: place, keep, cancel, ask again. A replacement waits for proof of death.

One order stands for a quote at a time, counting unknown and dying ones. Nothing is replaced that is good enough.
"""

import math

import numpy as np

from stackedmm.core import limits, own, quoting, rows, shape
from stackedmm.core.codes import NO_SLOT, ORDERS, RULES, TOB
from stackedmm.core.machine import part
from stackedmm.core.orders import count
from stackedmm.core.own import LIVE, PENDING, SETTLING, UNKNOWN

ASK_AGAIN_NS = 1_000_000_000
CANCEL_AGAIN_NS = 2_000_000_000


@part
def decide(s, A, links, market, out):
    """Price every quote of a market once and send what has to change."""
    m = s.markets[market]
    stop = limits.may_quote(s, m)
    if stop != rows.OK:
        for k in range(m.first_quote, m.end_quote):
            stand_down(s, k, stop, rows.STOPPED if stop <= rows.PAUSED else rows.STALE, out)
        return
    shape.ask_rules(s, A, links, market)
    for k in range(m.first_quote, m.end_quote):
        decide_quote(s, k, out)
    s.decisions += m.end_quote - m.first_quote


@part
def decide_quote(s, k, out):
    """Price one quote and let its order follow."""
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
    if s.ruling.failed == 1:
        want.reason = rows.RULE_FAILED
    elif s.ruling.stands == 0:
        want.reason = rows.GATE
    elif line.kind == TOB:
        quoting.want_tob(s, k)
    else:
        quoting.want_passive(s, k)
    q.target_px = want.px
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
        q.reason = reason
        s.refusals[reason] += 1


@part
def stand_down(s, k, reason, why, out):
    """No quote may stand here: cancel its order if it has one."""
    q = s.quotes[k]
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
        if why != rows.OK and ready(s, q):
            cancel(s, q.order, why, out)
        elif why == rows.OK:
            refuse(s, q, rows.OK)


@part
def ready(s, q):
    """Whether the replacement interval has passed."""
    return s.now - q.changed_ns >= s.lines[q.line].min_replace_ns


@part
def outdated(s, q, o):
    """Why an order should be replaced: its time is up, the market drifted, its target moved; OK if it is good."""
    line = s.lines[q.line]
    m = s.markets[q.market]
    if s.now - o.sent_ns >= line.timeout_ns:
        return rows.TIMEOUT
    then = o.local_mid if line.local_drift == 1 else o.reference
    now = m.mid if line.local_drift == 1 else s.reference
    if abs(now / then - 1.0) * 1e4 > line.drift_bps:
        return rows.DRIFT
    moved = abs(s.want.px - o.px)
    if moved == 0:
        return rows.OK
    if line.kind == TOB:
        return rows.REPLACE if moved >= line.min_requote_ticks else rows.OK
    tolerance = line.requote_bps
    if not tolerance >= 0.0:
        tolerance = 0.1 * s.want.steps[6]
    ticks = tolerance * 1e-4 * s.reference / m.tick_size
    return rows.REPLACE if moved > max(1.0, ticks) else rows.OK


@part
def try_place(s, k, out):
    """A quote has no order and wants one."""
    q = s.quotes[k]
    m = s.markets[q.market]
    want = s.want
    if not ready(s, q) and q.changed_ns > 0:
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
def room_for_command(s):
    """Whether `out` has a free place; a full one is counted, and the next timer tries again."""
    if s.out_n >= s.out_max:
        s.out_lost += 1
        return False
    return True


@part
def place(s, k, out):
    """Write a new order down and send it."""
    q = s.quotes[k]
    m = s.markets[q.market]
    line = s.lines[q.line]
    want = s.want
    if s.free_n == 0:
        s.events[NO_SLOT] += 1
        return
    if not room_for_command(s):
        return
    s.free_n -= 1
    slot = np.int64(s.free[s.free_n])
    o = s.orders[slot]
    s.counter += 1
    o.ref = s.counter * ORDERS + slot
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
    o.died_ns = 0
    o.canceling = 0
    o.cancel_reason = 0
    o.venue_ns = 0
    o.shown = 0
    o.local_mid = m.mid
    o.reference = s.reference
    count(s, o, 1)
    own.enter(s, q.market, slot)
    q.order = slot
    q.changed_ns = s.now
    q.jitter = draw(line)
    refuse(s, q, rows.OK)
    m.tokens -= 1.0
    line.placed += 1
    s.open_orders += 1
    emit(s, out, rows.PLACE, rows.NEW, slot)
    explain(s, out[s.out_n - 1], k)


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
def emit(s, out, kind, reason, slot):
    """Append one command about an order."""
    o = s.orders[slot]
    c = out[s.out_n]
    s.out_n += 1
    s.commands += 1
    c.ts = s.now
    c.ref = o.ref
    c.px = o.px
    c.qty = o.lots
    c.reference = s.reference
    c.inventory = s.inventory
    c.volume = s.markets[o.market].volume
    c.rules = s.rules_digest
    c.slot = slot
    c.quote = o.quote
    c.market = o.market
    c.kind = kind
    c.side = o.side
    c.reason = reason
    c.marks = rows.POST_ONLY if s.taker_check == 1 else 0
    c.line = o.line
    c.level = s.quotes[o.quote].level
    c.coefficient = 0.0
    c.half_spread_bps = 0.0


@part
def explain(s, c, k):
    """Write beside an order what it was computed from."""
    want = s.want
    q = s.quotes[k]
    c.coefficient = want.coefficient
    c.half_spread_bps = want.steps[6]
    for i in range(12):
        c.steps[i] = want.steps[i]
    v = s.views[q.side]
    c.saw[0] = v.sign
    c.saw[1] = v.inventory
    c.saw[2] = v.pressure
    c.saw[3] = v.cost_gap_bps
    c.saw[4] = v.volume
    c.saw[5] = v.volatility_bps
    c.saw[6] = v.volatility_ratio
    c.saw[7] = v.drift_bps
    c.saw[8] = v.local_gap_bps
    c.saw[9] = v.local_spread_bps
    c.saw[10] = v.imbalance
    c.saw[11] = v.share
    c.saw[12] = v.balance
    c.saw[13] = v.filled_ratio
    c.saw[14] = v.adverse_bps
    c.saw[15] = v.quiet_s
    c.saw[16] = v.hour
    for r in range(RULES):
        c.answers[r] = math.nan
    for r in range(s.rules_n):
        if shape.concerns(s, r, q.market, q.line, q.side):
            c.answers[r] = shape.answer(s, r, k, q.side, q.market)


@part
def cancel(s, slot, why, out):
    """Ask for an order's end, once; it counts until the end is proven."""
    o = s.orders[slot]
    if o.life != LIVE or o.canceling == 1:
        return
    m = s.markets[o.market]
    if not limits.may_cancel(s, m) or not room_for_command(s):
        return
    count(s, o, -1)
    o.canceling = 1
    count(s, o, 1)
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
        if o.life == PENDING and s.now > o.deadline_ns:
            o.life = UNKNOWN
            s.unknown_orders += 1
            o.asked_ns = 0
        if o.life == UNKNOWN or o.life == SETTLING:
            if s.now - o.asked_ns >= ASK_AGAIN_NS:
                repeat(s, slot, rows.QUERY, out)
        elif o.life == LIVE and o.canceling == 1 and s.now - o.asked_ns >= CANCEL_AGAIN_NS:
            repeat(s, slot, rows.CANCEL, out)


@part
def repeat(s, slot, kind, out):
    """Send a query, or a cancel again."""
    o = s.orders[slot]
    m = s.markets[o.market]
    if limits.may_cancel(s, m) and room_for_command(s):
        m.tokens -= 1.0
        o.asked_ns = s.now
        emit(s, out, kind, rows.UNKNOWN, slot)
