"""What goes out: one command about an order, and beside a new order what it was computed from."""

import math

from stackedmm.core import rows, shape, steps
from stackedmm.core.codes import RULES
from stackedmm.core.machine import part


@part
def room_for_command(s):
    """Whether `out` has a free place; a full one is counted, and the next timer tries again."""
    if s.out_n >= s.out_max:
        s.out_lost += 1
        return False
    return True


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
    c.reference = s.reference * s.markets[o.market].per
    c.rate = s.markets[o.market].rate
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
    steps.write(s, k)
    c.half_spread_bps = want.half_bps
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
