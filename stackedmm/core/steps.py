"""What an order's distance from the reference goes through, step by step: noted for each order that is placed.

Prices are made without it; here the same functions say how they came about.
"""

from stackedmm.core import conversion, quoting, shape
from stackedmm.core.codes import (
    ANCHORED,
    BOOKED,
    CHECKED,
    CLAMPED,
    CONFIGURED,
    DRIFT,
    INVENTORY,
    ROUNDED,
    RULED,
    SKEWED,
    TOB,
    VOLATILITY,
    VOLUME,
)
from stackedmm.core.machine import part


@part
def bps_from(reference, sign, price):
    """Distance of a price from the reference on its own side, in bps."""
    return sign * (reference - price) / reference * 1e4


@part
def write(s, k):
    """Note how quote k, just priced, came by its price: its distance from the reference in bps after each step."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    want = s.want
    steps = want.steps
    sign = 1 - 2 * q.side
    home = conversion.home(s, m)
    write_half(s, m, line, sign, steps)
    steps[VOLATILITY] = shape.stirred(s, line, steps[VOLUME])
    steps[DRIFT] = shape.respond(s, line, q.side, steps[VOLUME])
    steps[RULED] = steps[DRIFT] * s.ruling.spread + s.ruling.widen
    steps[CLAMPED] = want.half_bps
    if line.kind == TOB:
        bound = quoting.tob_bound(s, m, sign, quoting.tob_cost(s, m, line, sign, want.half_bps))
        top = quoting.improve_best(s, line, m, q.side) * m.tick_size
        steps[SKEWED] = want.half_bps - sign * s.ruling.skew
        steps[ANCHORED] = bps_from(home, sign, bound)
        steps[BOOKED] = bps_from(home, sign, min(top, bound) if sign > 0 else max(top, bound))
    else:
        steps[SKEWED] = bps_from(home, sign, quoting.passive_at(s, m, line, sign, want.half_bps, 0))
        steps[ANCHORED] = steps[SKEWED]
        steps[BOOKED] = bps_from(home, sign, quoting.passive_at(s, m, line, sign, want.half_bps, q.level))
    steps[ROUNDED] = bps_from(home, sign, want.px * m.tick_size)
    steps[CHECKED] = steps[BOOKED] if want.px == want.wished_px else steps[ROUNDED]


@part
def write_half(s, m, line, sign, steps):
    """The steps of the configured half-spread or distance."""
    steps[CONFIGURED] = line.bps
    if line.kind == TOB:
        steps[INVENTORY] = quoting.required_distance(s, line, sign)
        steps[VOLUME] = steps[INVENTORY]
    else:
        middle = quoting.middle_half(m, line)
        leaned = quoting.leaned_half(s, line, sign, middle)
        steps[INVENTORY] = line.bps + (leaned - middle)
        steps[VOLUME] = leaned
