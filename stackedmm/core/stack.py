"""The stacked book: the chosen venues' books merged by price, uncrossed, and the reference price taken from it.

Real merged books are crossed much of the time. While the best bid is at or above the best ask the smaller size
leaves both; what is left prices the reference: the mean of buying and of selling a quantity, clamped to the best
prices left. A perp enters a spot stack minus its basis. Our own orders do not count.
"""

import math

import numpy as np

from stackedmm.core import book, contracts, conversion, own
from stackedmm.core.codes import AGGREGATED, COMPONENT_VENUES, LIQUIDITY_WEIGHTED, PARTIAL_REFERENCE, SINGLE_VENUE
from stackedmm.core.machine import leaf, part

BASIS_WARM_S = 60.0
LEVELS_READ = 20000
"""No walk reads more levels than this."""
DUST = 1e-9
"""What floats leave of a size that is gone."""
EMPTY = -math.inf
"""Price x sign of a cursor without a level."""
NEVER = 1 << 62
"""A key no level reaches."""


@part
def belongs(s, i, source, market):
    """Whether market i's book takes part: usable, not a cold perp, and asked for by the source."""
    m = s.markets[i]
    if source == SINGLE_VENUE and i != market:
        return False
    if source == COMPONENT_VENUES and m.in_reference == 0:
        return False
    if m.usable == 0 or m.enabled == 0 or m.convertible == 0:
        return False
    if s.native == 1 and m.currency != s.pricing:
        return False
    return m.in_spot_stack == 0 or m.basis_seconds >= BASIS_WARM_S


@part
def spotless(s):
    """Whether there is no spot market at all, so that perps stand for themselves."""
    for i in range(s.quoted_n):
        if s.markets[i].perp == 0:
            return False
    return True


@part
def load(s, A, i, side, key):
    """Put market i's cursor of one side on the first level of others at or below `key`."""
    m = s.markets[i]
    b = s.books[i, side]
    lots = np.int64(0)
    while key != book.NONE:
        lots = own.others_at(s, A, m, b, side, key)
        if lots > 0:
            break
        key = book.next_level(b, A, key)
    s.cursor[side, i] = key
    s.cursor_used[side, i] = 0
    if key == book.NONE:
        s.cursor_left[side, i] = 0.0
        s.cursor_price[side, i] = EMPTY * b.sign
        return
    s.cursor_left[side, i] = contracts.coins(m, key * b.sign, lots)
    price = key * b.sign * m.tick_size
    if m.currency != 0 and s.native == 0:
        price *= m.rate
    s.cursor_price[side, i] = price if m.basis == 0.0 else price / (1.0 + m.basis)


@part
def step_down(s, A, i, side):
    """Move market i's cursor to its next worse level."""
    b = s.books[i, side]
    load(s, A, i, side, book.next_level(b, A, s.cursor[side, i]))


@leaf
def best_cursor(s, side):
    """The market whose cursor shows the best price of one side, -1 if none is left; ties go to the earlier venue."""
    best = np.int64(-1)
    price = -math.inf
    for i in range(s.quoted_n):
        p = s.cursor_price[side, i] * (1 - 2 * side)
        if p > price:
            best = np.int64(i)
            price = p
    return best


@part
def begin(s, A, source, market):
    """Set all cursors on the best levels of the source's books; returns how many markets take part."""
    taking = 0
    for i in range(s.quoted_n):
        s.taking[i] = 1 if belongs(s, i, source, market) else 0
        if s.taking[i] == 1:
            taking += 1
            begin_market(s, A, i)
        else:
            leave(s, i, 0)
            leave(s, i, 1)
    return taking


@part
def leave(s, i, side):
    """Let market i show nothing on a side."""
    s.cursor[side, i] = book.NONE
    s.cursor_price[side, i] = EMPTY * (1 - 2 * side)


@part
def begin_market(s, A, i):
    """Set both cursors of a market on its best levels of others, as they were last time where nothing moved there."""
    m = s.markets[i]
    for side in range(2):
        sign = 1 - 2 * side
        if m.top_known == 1:
            s.cursor[side, i] = m.touch[side] * sign
            s.cursor_left[side, i] = m.top_left[side]
            s.cursor_price[side, i] = m.top_price[side]
            s.cursor_used[side, i] = 0
        else:
            # Where the best of others is known, our own orders before it are passed over.
            load(s, A, i, side, m.touch[side] * sign if m.touched == 0 else s.books[i, side].best)
            m.top_left[side] = s.cursor_left[side, i]
            m.top_price[side] = s.cursor_price[side, i]
    m.top_known = 1 - m.touched


@part
def uncross(s, A):
    """While the best bid is at or above the best ask the smaller size leaves both; returns base coins taken out.

    Which markets are best then stands in `s.lead`, -1 where a side is empty.
    """
    crossed = 0.0
    for _ in range(LEVELS_READ):
        bid = best_cursor(s, 0)
        ask = best_cursor(s, 1)
        s.lead[0] = bid
        s.lead[1] = ask
        if bid < 0 or ask < 0 or s.cursor_price[0, bid] < s.cursor_price[1, ask]:
            break
        taken = min(s.cursor_left[0, bid], s.cursor_left[1, ask])
        crossed += taken
        bid_gone = s.cursor_left[0, bid] - taken <= DUST * s.markets[bid].lot_base
        ask_gone = s.cursor_left[1, ask] - taken <= DUST * s.markets[ask].lot_base
        s.cursor_left[0, bid] -= taken
        s.cursor_left[1, ask] -= taken
        s.cursor_used[0, bid] = 1
        s.cursor_used[1, ask] = 1
        if bid_gone:
            step_down(s, A, bid, 0)
        if ask_gone:
            step_down(s, A, ask, 1)
    return crossed


@part
def walk(s, A, side, quantity):
    """Mean price of taking `quantity` base coins from one side that is not empty, going down the cursors from `s.lead`.

    A side too thin gives the mean of what there is and marks the reference partial.
    """
    left = quantity
    paid = 0.0
    i = s.lead[side]
    price = s.cursor_price[side, i]
    for _ in range(LEVELS_READ):
        price = s.cursor_price[side, i]
        s.cursor_used[side, i] = 1
        taken = min(left, s.cursor_left[side, i])
        paid += taken * price
        left -= taken
        if left <= 0.0:
            break
        step_down(s, A, i, side)
        i = best_cursor(s, side)
        if i < 0:
            break
    if left > 1e-9 * quantity:
        s.reference_partial = 1
    if left >= quantity:
        return price
    return paid / (quantity - left)


@part
def watch(s):
    """Remember how deep the walk took from each book: rows below, or at a level it left alone, change no reference."""
    for i in range(s.quoted_n):
        for side in range(2):
            if s.taking[i] == 1:
                s.markets[i].watch[side] = s.cursor[side, i] + 1 - s.cursor_used[side, i]
            elif s.source != LIQUIDITY_WEIGHTED and s.native == 0:  # which walk books one after the other
                s.markets[i].watch[side] = NEVER


@part
def merged_price(s, A, source, market, quantity):
    """Price at quantity from the merged, uncrossed books of a source; 0 if there is none."""
    s.reference_partial = 0
    if begin(s, A, source, market) == 0:
        watch(s)
        return 0.0
    s.crossed_base = uncross(s, A)
    bid = s.lead[0]
    ask = s.lead[1]
    if bid < 0 or ask < 0:
        watch(s)
        return 0.0
    best_bid = s.cursor_price[0, bid]
    best_ask = s.cursor_price[1, ask]
    buying = walk(s, A, 1, quantity)
    selling = walk(s, A, 0, quantity)
    watch(s)
    s.best_bid = best_bid
    s.best_ask = best_ask
    return min(max(0.5 * (buying + selling), best_bid), best_ask)


@part
def weighted_price(s, A):
    """Sum of w * price over venues, w the smoothed, capped share of depth; 0 if no venue can price."""
    total = 0.0
    price = 0.0
    partial = 0
    bid = 0.0
    ask = math.inf
    for i in range(s.quoted_n):
        if not belongs(s, i, COMPONENT_VENUES, -1):
            continue
        p = merged_price(s, A, SINGLE_VENUE, i, s.source_quantity)
        partial |= s.reference_partial
        if p > 0.0:
            w = max(s.markets[i].weight, 1e-9)
            price += w * p
            total += w
            bid = max(bid, s.best_bid)
            ask = min(ask, s.best_ask)
    s.reference_partial = partial
    s.best_bid = min(bid, ask)
    s.best_ask = max(bid, ask)
    return price / total if total > 0.0 else 0.0


@part
def price_of(s, A, source):
    """The price of one source as it stands now, 0 if it has none."""
    if source == LIQUIDITY_WEIGHTED:
        return weighted_price(s, A)
    only = s.source_market if s.pricing == 0 else s.currencies[s.pricing].source_market
    return merged_price(s, A, source, only, s.source_quantity)


@part
def asked_price(s, A):
    """Price and source: the configured one, or its fallback, (0, -1) where neither has a price."""
    used = s.source
    price = price_of(s, A, used)
    if not price > 0.0 and s.source_fallback == 1 and used != AGGREGATED:
        used = AGGREGATED
        price = price_of(s, A, used)
    if not price > 0.0 or not math.isfinite(price):
        return 0.0, -1
    return price, used


@part
def refresh(s, A):
    """Take the reference from the configured source, or from its fallback, and note which was used."""
    s.reference_dirty = 0
    was_partial = s.reference_partial
    price, used = asked_price(s, A)
    if s.native == 1:
        refresh_natives(s, A, price)
    if s.reference_partial == 1 and was_partial == 0:
        s.events[PARTIAL_REFERENCE] += 1
    if used != s.reference_used:
        s.reference_switches += 1
        s.reference_used = used
    s.reference = price


@part
def refresh_natives(s, A, price):
    """Every further currency's reference from its own books; what the first's walk found stays noted."""
    s.reference = price
    best_bid = s.best_bid
    best_ask = s.best_ask
    crossed = s.crossed_base
    partial = s.reference_partial
    for c in range(1, s.currencies_n):
        s.pricing = c
        own_price, _ = asked_price(s, A)
        conversion.set_native(s, c, own_price)
        partial |= s.reference_partial
    s.pricing = 0
    s.best_bid = best_bid
    s.best_ask = best_ask
    s.crossed_base = crossed
    s.reference_partial = partial
