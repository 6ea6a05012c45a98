"""What each line wants now: the price and size of a top-of-book quote and of a passive quote.

A bid's `sign` is +1, an ask's -1; prices in ticks round away from crossing: a bid down, an ask up.
"""

import math

import numpy as np

from stackedmm.core import contracts, conversion, inventory, orders, rows, shape
from stackedmm.core.codes import (
    BY_BOTH,
    BY_INVENTORY,
    BY_VOLUME,
    GATE_CLAMP,
    GATE_OFF,
    GATE_STRICT,
    MANUAL,
    TOB,
)
from stackedmm.core.machine import part
from stackedmm.core.shape import clamp

EXACT = 1e-12
"""Relative; float prices closer than this to a bound are on it."""


@part
def to_ticks(m, sign, price):
    """A price in ticks, rounded away from crossing; a float's noise does not cost a tick."""
    ticks = price / m.tick_size
    near = math.floor(ticks + 0.5)
    if abs(ticks - near) < 1e-6:
        return np.int64(near)
    return np.int64(math.floor(ticks)) if sign > 0 else np.int64(math.ceil(ticks))


@part
def in_first(m, px):
    """A price of the market in the first quote, in which quantities, zones and values are given."""
    return px * m.tick_size * m.rate


@part
def least_lots(m, px):
    """The venue's minimum order at a price, in lots, rounded up."""
    if m.min_notional == 0.0:
        return max(m.min_lots, 1)
    by_value = m.min_notional / contracts.value(m, px, 1)
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
    if gap == 2 and line.sides[1 - side] == 1 and side != improving_side(s, line):
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
def anchor(s, m, line):
    """What the distance is measured from, in the market's quote: inventory price or reference; 0 where unknown."""
    if line.from_inventory == 1 and s.price_method <= MANUAL:
        known = math.isfinite(s.inventory_price) and s.inventory_price > 0.0
        return s.inventory_price / m.rate if known else 0.0
    return s.reference * m.per


@part
def tob_half(s, line, side):
    """A TOB line's required distance after its own answers, the rules and the clamp, in bps."""
    base = required_distance(s, line, 1 - 2 * side)
    return shape.ruled(s, shape.respond(s, line, side, base), 0.0, line.max_clamp_bps)


@part
def tob_cost(s, m, line, sign, half):
    """The price that the required distance allows at most (bid) or at least (ask); 0 where there is no distance."""
    if line.gate == GATE_OFF:
        return 0.0
    return anchor(s, m, line) * (1.0 + s.ruling.skew * 1e-4) * (1.0 - sign * half * 1e-4) * (1.0 + m.basis)


@part
def tob_bound(s, m, sign, cost):
    """The price that cost and the reference allow at most (bid) or at least (ask)."""
    home = conversion.home(s, m)
    if not cost > 0.0:
        return home
    return min(home, cost) if sign > 0 else max(home, cost)


@part
def tob_price(s, m, line, side):
    """Price of a TOB quote in ticks; sets the reason where it stays out."""
    want = s.want
    sign = 1 - 2 * side
    want.half_bps = tob_half(s, line, side)
    cost = tob_cost(s, m, line, sign, want.half_bps)
    limit = to_ticks(m, sign, tob_bound(s, m, sign, cost))
    top = improve_best(s, line, m, side)
    px = min(top, limit) if sign > 0 else max(top, limit)
    if line.gate == GATE_STRICT:
        if cost > 0.0 and sign * (to_ticks(m, sign, cost) - top) < 0:
            want.reason = rows.STRICT_COST
    elif line.gate == GATE_CLAMP and sign * (m.touch[side] - px) * 1e4 > line.max_clamp_bps * m.touch[side]:
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
        hourly = hourly / in_first(m, px)
    least = least_lots(m, px)
    most = line.max_order
    if line.in_quote == 1:
        most = most / in_first(m, px)
    cap = max(contracts.coins(m, px, least), min(hourly * line.timeout_ns / 3.6e12, most))
    available = accrue(s, m, line, q, hourly / 3.6e12 * want.coefficient, cap)
    lots = contracts.lots_for(m, px, min(available, cap))
    if lots < least:
        want.reason = rows.NO_BUDGET
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
        line.bucket_rate[q.side] = per_ns
        line.bucket_cap[q.side] = cap
        line.bucket[q.side] = min(line.bucket[q.side] + per_ns * age, max(cap, line.bucket[q.side]))
        return line.bucket[q.side] - line.held[q.side] * s.unit_base
    if q.bucket_ns == 0:
        q.bucket_ns = s.now
        q.bucket = cap
    age = s.now - q.bucket_ns
    q.bucket_ns = s.now
    q.bucket_rate = per_ns
    q.bucket_cap = cap
    q.bucket = min(q.bucket + per_ns * age, cap)
    return q.bucket


@part
def venue_factor(s, m):
    """The venue's own factor on sizes, within its largest part of what all venues together would be given."""
    return m.size_factor * min(1.0, m.max_share * s.quoted_n)


@part
def price(s, k):
    """Where quote k should stand now, or why it should not."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    if line.kind == TOB:
        check_taker(s, m, q.side, tob_price(s, m, line, q.side))
        bar_tob(s, m, line, q)
    else:
        check_taker(s, m, q.side, passive_price(s, m, line, q.side, q.level))
    if s.want.reason == rows.OK and s.ruling.scale <= 0.0:
        s.want.reason = rows.ZERO_SIZE


@part
def bar_tob(s, m, line, q):
    """Keep a TOB quote out where its zone or its mode do; a side that is closed does not accrue."""
    want = s.want
    at = in_first(m, want.px)
    if at < line.min_price * (1.0 - EXACT) or at > line.max_price * (1.0 + EXACT):
        want.reason = rows.OUTSIDE_ZONE
    if want.reason == rows.OK and line.rebalance == 1 and toward_target(s, q, line, m, 1 - 2 * q.side) <= 0:
        want.reason = rows.REBALANCED
    if want.reason != rows.OK:
        close_bucket(s, line, q)


@part
def size(s, k):
    """How much quote k should show at the price it wants, or why nothing."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    want = s.want
    sign = 1 - 2 * q.side
    if line.kind == TOB:
        want.lots = tob_size(s, m, line, q, want.px, sign)
        if line.rebalance == 1:
            want.lots = min(want.lots, toward_target(s, q, line, m, sign))
    else:
        want.lots = passive_size(s, m, line, q, sign)
    if want.reason == rows.OK and want.lots < least_lots(m, want.px):
        want.reason = rows.BELOW_MINIMUM


@part
def close_bucket(s, line, q):
    """A side that is closed does not accrue; a bucket that venues share is closed where all of them are."""
    if line.shared_bucket == 0:
        if q.bucket_ns != 0:
            q.bucket_ns = s.now
            q.bucket_rate = 0.0
    elif line.bucket_ns[q.side] != 0:
        everywhere = s.killed == 1 or s.paused == 1 or s.halted != 0 or not s.reference > 0.0
        if everywhere or line.sides[q.side] == 0:
            line.bucket_ns[q.side] = s.now
            line.bucket_rate[q.side] = 0.0


@part
def toward_target(s, q, line, m, sign):
    """Lots a rebalancing quote may show: the distance to the target less what the line's other orders hold.

    0 where the quote's own order holds more than that: it goes, and comes back smaller.
    """
    units = sign * (s.target - inventory.current(s)) - line.held[q.side]
    if q.order < 0:
        return contracts.lots_in(m, s.want.px, units)
    o = s.orders[q.order]
    mine = contracts.units(m, o.px, orders.left(o))
    return contracts.lots_in(m, s.want.px, units + mine) if units >= 0 else np.int64(0)


@part
def check_taker(s, m, side, px):
    """Keep a price inside the local book."""
    want = s.want
    want.wished_px = px
    want.px = inside_book(s, m, side, px)
    if want.px <= 0:
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
def middle_half(m, line):
    """A passive line's mid half-spread in bps, as the venue's volume moves it."""
    if line.volume_spread_response == 0.0 or (line.spread_by != BY_VOLUME and line.spread_by != BY_BOTH):
        return line.bps
    return clamp(line.bps * math.pow(m.volume, line.volume_spread_response), line.min_bps, line.max_bps)


@part
def leaned_half(s, line, sign, middle):
    """The half-spread under inventory, where the line answers to it."""
    if line.spread_by == BY_INVENTORY or line.spread_by == BY_BOTH:
        return leaned(s.inventory, sign, middle, line.min_bps, line.max_bps)
    return middle


@part
def passive_half(s, m, line, side):
    """A passive line's half-spread after inventory, its own answers, the rules and the clamp, in bps."""
    base = leaned_half(s, line, 1 - 2 * side, middle_half(m, line))
    return shape.ruled(s, shape.respond(s, line, side, base), line.min_bps, line.max_bps)


@part
def passive_at(s, m, line, sign, half, level):
    """Price of a passive level."""
    skewed = conversion.home(s, m) * (1.0 + s.ruling.skew * 1e-4)
    return skewed * (1.0 - sign * (half + level * line.level_step_bps) * 1e-4)


@part
def passive_price(s, m, line, side, level):
    """Price of a passive quote in ticks."""
    sign = 1 - 2 * side
    s.want.half_bps = passive_half(s, m, line, side)
    return to_ticks(m, sign, passive_at(s, m, line, sign, s.want.half_bps, level))


@part
def passive_size(s, m, line, q, sign):
    """Lots of a passive quote: quantity x coefficients x the jitter drawn at placement."""
    want = s.want
    k = shape.coefficient(s, m, line, line.size_by, sign) * venue_factor(s, m)
    want.coefficient = k * s.ruling.scale
    coins = line.base_quantity
    if line.in_quote == 1:
        coins = coins / in_first(m, want.px)
    for _ in range(q.level):
        coins *= line.level_size_factor
    if line.by_shares == 1:
        coins *= m.share
    coins *= want.coefficient * (1.0 + line.randomization * q.jitter)
    return contracts.lots_for(m, want.px, coins)
