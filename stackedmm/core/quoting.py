"""What each line wants now: the price and size of a top-of-book quote and of a passive quote.

A bid's `sign` is +1, an ask's -1; prices in ticks round away from crossing: a bid down, an ask up.
"""

import math

import numpy as np

from stackedmm.core import rows, shape
from stackedmm.core.codes import (
    ANCHORED,
    BOOKED,
    BY_BOTH,
    BY_INVENTORY,
    BY_VOLUME,
    CHECKED,
    CONFIGURED,
    GATE_CLAMP,
    GATE_OFF,
    GATE_STRICT,
    INVENTORY,
    MANUAL,
    ROUNDED,
    SKEWED,
    VOLUME,
)
from stackedmm.core.machine import part
from stackedmm.core.shape import clamp


@part
def bps_from(reference, sign, price):
    """Distance of a price from the reference on its own side, in bps."""
    return sign * (reference - price) / reference * 1e4


@part
def to_ticks(m, sign, price):
    """A price in ticks, rounded away from crossing; a float's noise does not cost a tick."""
    ticks = price / m.tick_size
    near = math.floor(ticks + 0.5)
    if abs(ticks - near) < 1e-6:
        return np.int64(near)
    return np.int64(math.floor(ticks)) if sign > 0 else np.int64(math.ceil(ticks))


@part
def least_lots(m, px):
    """The venue's minimum order at a price, in lots, rounded up."""
    by_value = m.min_notional / (px * m.tick_size * m.lot_base)
    return max(m.min_lots, np.int64(math.ceil(by_value - 1e-9)), 1)


@part
def inside_book(s, m, side, px):
    """The price itself, or one tick inside the local book where it would cross. O8 of every passive order."""
    if s.taker_check == 0:
        return px
    if side == 0:
        return min(px, m.touch[1] - 1)
    return max(px, m.touch[0] + 1)


# --- top of book ---


@part
def improve_best(s, line, m, side):
    """Local best of others improved by a tick; joined where the spread is a tick wide or both sides would meet."""
    bid = m.touch[0]
    ask = m.touch[1]
    gap = ask - bid
    if gap <= 1:
        return m.touch[side]
    if gap == 2 and side != improving_side(s, line):
        return m.touch[side]
    return bid + 1 if side == 0 else ask - 1


@part
def improving_side(s, line):
    """In a two-tick spread only the reducing side improves; flat: the one filled less recently, then the bid."""
    if s.inventory > 0.0:
        return 1
    if s.inventory < 0.0:
        return 0
    return 1 if line.fill_ns[1] < line.fill_ns[0] else 0


@part
def required_distance(s, line, sign):
    """The line's distance in bps: s(1 + |c|) on the side that would grow the excess, s(1 - |c|/2) on the other."""
    c = s.inventory
    if c * sign > 0.0:
        return line.bps * (1.0 + abs(c))
    if c * sign < 0.0:
        return line.bps * (1.0 - 0.5 * abs(c))
    return line.bps


@part
def anchor(s, line):
    """What the distance is measured from: the inventory price, or the reference; 0 where the price is unknown."""
    if line.from_inventory == 1 and s.price_method <= MANUAL:
        return s.inventory_price if math.isfinite(s.inventory_price) and s.inventory_price > 0.0 else 0.0
    return s.reference


@part
def tob_price(s, m, line, side):
    """Price of a TOB quote in ticks, with its waterfall; sets the reason where it stays out."""
    want = s.want
    sign = 1 - 2 * side
    steps = want.steps
    steps[CONFIGURED] = line.bps
    base = required_distance(s, line, sign)
    steps[INVENTORY] = base
    steps[VOLUME] = base
    base = shape.respond(s, line, side, steps, base)
    half = shape.ruled(s, steps, base, 0.0, line.max_clamp_bps)
    home = s.reference * (1.0 + m.basis)
    from_price = anchor(s, line)
    steps[SKEWED] = half - sign * s.ruling.skew
    top = improve_best(s, line, m, side)
    bound = home
    if from_price > 0.0 and line.gate != GATE_OFF:
        at = from_price * (1.0 + s.ruling.skew * 1e-4) * (1.0 - sign * half * 1e-4) * (1.0 + m.basis)
        bound = min(home, at) if sign > 0 else max(home, at)
    steps[ANCHORED] = bps_from(home, sign, bound)
    limit = to_ticks(m, sign, bound)
    px = min(top, limit) if sign > 0 else max(top, limit)
    steps[BOOKED] = bps_from(home, sign, min(top * m.tick_size, bound) if sign > 0 else max(top * m.tick_size, bound))
    behind = sign * (m.touch[side] - px) / m.touch[side] * 1e4
    if line.gate == GATE_STRICT and from_price > 0.0 and px != top:
        want.reason = rows.STRICT_COST
    elif line.gate == GATE_CLAMP and behind > line.max_clamp_bps:
        want.reason = rows.COST
    return px


@part
def tob_size(s, m, line, q, px, sign):
    """Lots a TOB quote may show: what its bucket holds, at most one cap."""
    want = s.want
    k = shape.coefficient(s, m, line, line.size_by, sign) * venue_factor(s, m)
    want.coefficient = k * s.ruling.scale
    hourly = line.base_quantity
    if line.in_quote == 1:
        hourly = hourly / (px * m.tick_size)
    least = least_lots(m, px)
    cap = max(least * m.lot_base, min(hourly * line.timeout_ns / 3.6e12, line.max_order))
    available = accrue(s, m, line, q, hourly / 3.6e12 * want.coefficient, cap)
    lots = np.int64(math.floor(min(available, cap) / m.lot_base + 1e-9))
    if lots < least:
        want.reason = rows.NO_BUDGET if want.coefficient > 0.0 else rows.ZERO_SIZE
        return np.int64(0)
    return lots


@part
def accrue(s, m, line, q, per_ns, cap):
    """Let the bucket fill for the time since it was last looked at; returns base coins free to show. Full at first.

    What living and unknown orders of a shared bucket still hold is not free.
    """
    if line.shared_bucket == 1:
        if line.bucket_ns[q.side] == 0:
            line.bucket_ns[q.side] = s.now
            line.bucket[q.side] = cap
        age = s.now - line.bucket_ns[q.side]
        line.bucket_ns[q.side] = s.now
        line.bucket[q.side] = min(line.bucket[q.side] + per_ns * age, max(cap, line.bucket[q.side]))
        return line.bucket[q.side] - line.held[q.side] * s.unit_base
    if q.bucket_ns == 0:
        q.bucket_ns = s.now
        q.bucket = cap
    age = s.now - q.bucket_ns
    q.bucket_ns = s.now
    q.bucket = min(q.bucket + per_ns * age, cap)
    return q.bucket


@part
def venue_factor(s, m):
    """The venue's own factor on sizes, within its largest part of what all venues together would be given."""
    return m.size_factor * min(1.0, m.max_share * s.markets_n)


@part
def want_tob(s, k):
    """What TOB quote k should be."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    want = s.want
    sign = 1 - 2 * q.side
    px = tob_price(s, m, line, q.side)
    finish_price(s, m, q.side, px)
    price = want.px * m.tick_size
    if price < line.min_price or price > line.max_price:
        want.reason = rows.OUTSIDE_ZONE
    if want.reason == rows.OK:
        want.lots = tob_size(s, m, line, q, want.px, sign)
        if line.rebalance == 1:
            rebalance(s, m, sign)
    else:
        close_bucket(s, line, q)


@part
def close_bucket(s, line, q):
    """A side that is closed does not accrue."""
    if line.shared_bucket == 0 and q.bucket_ns != 0:
        q.bucket_ns = s.now


@part
def rebalance(s, m, sign):
    """Only toward the target, and no further than the distance to it."""
    distance = (s.target - s.ledger.position - s.ledger.provisional) * sign
    if distance <= 0:
        s.want.reason = rows.REBALANCED
    else:
        s.want.lots = min(s.want.lots, distance // m.lot_units)


@part
def finish_price(s, m, side, px):
    """Taker check and rounding, with their bars."""
    want = s.want
    home = s.reference * (1.0 + m.basis)
    sign = 1 - 2 * side
    inside = inside_book(s, m, side, px)
    want.steps[CHECKED] = want.steps[BOOKED]
    if inside != px:
        want.steps[CHECKED] = bps_from(home, sign, inside * m.tick_size)
    want.px = inside
    want.steps[ROUNDED] = bps_from(home, sign, inside * m.tick_size)
    if inside <= 0:
        want.reason = rows.WOULD_CROSS


# --- passive ---


@part
def leaned(c, sign, middle, low, high):
    """Half-spread under inventory: the heavy side goes from `middle` toward `high`, the other toward `low`.

    Worked, 15 in [10, 200] at c = -0.5: bid 12.5, ask 107.5.
    """
    if c * sign > 0.0:
        return middle + (high - middle) * abs(c)
    return middle - (middle - low) * abs(c)


@part
def passive_price(s, m, line, side, level):
    """Price of a passive quote in ticks, with its waterfall."""
    want = s.want
    sign = 1 - 2 * side
    steps = want.steps
    middle = line.bps
    steps[CONFIGURED] = middle
    by = line.spread_by
    if (by == BY_VOLUME or by == BY_BOTH) and line.volume_spread_response != 0.0:
        middle = clamp(middle * math.pow(m.volume, line.volume_spread_response), line.min_bps, line.max_bps)
    base = middle
    if by == BY_INVENTORY or by == BY_BOTH:
        base = leaned(s.inventory, sign, middle, line.min_bps, line.max_bps)
    steps[INVENTORY] = steps[CONFIGURED] + (base - middle)
    steps[VOLUME] = base
    base = shape.respond(s, line, side, steps, base)
    half = shape.ruled(s, steps, base, line.min_bps, line.max_bps)
    home = s.reference * (1.0 + m.basis)
    skewed = home * (1.0 + s.ruling.skew * 1e-4)
    steps[SKEWED] = bps_from(home, sign, skewed * (1.0 - sign * half * 1e-4))
    steps[ANCHORED] = steps[SKEWED]
    price = skewed * (1.0 - sign * (half + level * line.level_step_bps) * 1e-4)
    steps[BOOKED] = bps_from(home, sign, price)
    return to_ticks(m, sign, price)


@part
def passive_size(s, m, line, q, sign):
    """Lots of a passive quote: quantity x coefficients x the jitter drawn at placement."""
    want = s.want
    k = shape.coefficient(s, m, line, line.size_by, sign) * venue_factor(s, m)
    want.coefficient = k * s.ruling.scale
    coins = line.base_quantity
    if line.in_quote == 1:
        coins = coins / (want.px * m.tick_size)
    for _ in range(q.level):
        coins *= line.level_size_factor
    if line.by_shares == 1:
        coins *= m.share
    coins *= want.coefficient * (1.0 + line.randomization * q.jitter)
    return np.int64(math.floor(coins / m.lot_base + 1e-9))


@part
def want_passive(s, k):
    """What passive quote k should be."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    want = s.want
    px = passive_price(s, m, line, q.side, q.level)
    finish_price(s, m, q.side, px)
    want.lots = passive_size(s, m, line, q, 1 - 2 * q.side)
    if want.reason == rows.OK:
        if want.lots <= 0 and want.coefficient <= 0.0:
            want.reason = rows.ZERO_SIZE
        elif want.lots < least_lots(m, want.px):
            want.reason = rows.BELOW_MINIMUM
