"""What slowly follows from the stacked books: each market's share of their depth, its weight, a perp's basis."""

import math

from stackedmm.core import book, contracts, own
from stackedmm.core.codes import AGGREGATED, COMPONENT_VENUES, LIQUIDITY_WEIGHTED
from stackedmm.core.machine import part
from stackedmm.core.stack import LEVELS_READ, belongs, spotless


@part
def depth_near(s, A, i, centre):
    """Base coins market i shows on both sides within `depth_bps` of a price."""
    m = s.markets[i]
    total = 0.0
    for side in range(2):
        b = s.books[i, side]
        edge = centre * m.per * (1.0 + m.basis) * (1.0 - b.sign * s.depth_bps * 1e-4) / m.tick_size * b.sign
        key = b.best
        for _ in range(LEVELS_READ):
            if key == book.NONE or key < edge:
                break
            total += contracts.coins(m, key * b.sign, own.others_at(s, A, m, b, side, key))
            key = book.next_level(b, A, key)
    return total


@part
def refresh_shares(s, A, seconds):
    """Every market's share of the stacked depth, and its smoothed weight in the liquidity-weighted reference."""
    total = 0.0
    n = 0
    for i in range(s.quoted_n):
        m = s.markets[i]
        m.share = 0.0
        s.pricing = m.currency
        if belongs(s, i, AGGREGATED, -1) and s.reference > 0.0:
            m.share = depth_near(s, A, i, s.reference)
            total += m.share
        if belongs(s, i, COMPONENT_VENUES, -1):
            n += 1
    s.pricing = 0
    for i in range(s.quoted_n):
        s.markets[i].share = s.markets[i].share / total if total > 0.0 else 0.0
    cap = max(s.weight_cap, 1.0 / max(n, 1))
    factor = weight_factor(s, cap)
    keep = math.exp(-math.log(2.0) * seconds / s.weight_half_life_s)
    for i in range(s.quoted_n):
        m = s.markets[i]
        part_of_all = min(m.share * factor, cap) if m.in_reference == 1 else 0.0
        m.weight = keep * m.weight + (1.0 - keep) * part_of_all
    if s.source == LIQUIDITY_WEIGHTED:
        s.reference_dirty = 1


@part
def weight_factor(s, cap):
    """What shares are multiplied by so that, with those above the cap cut to it, the weights sum to 1."""
    factor = 1.0
    for _ in range(s.quoted_n + 1):
        left = 1.0
        rest = 0.0
        for i in range(s.quoted_n):
            m = s.markets[i]
            if m.in_reference == 1 and m.share * factor >= cap:
                left -= cap
            elif m.in_reference == 1:
                rest += m.share
        if rest <= 0.0 or left <= 0.0:
            break
        factor = left / rest
    return factor


@part
def refresh_basis(s, A, seconds):
    """Perps' distance from the merged spot books, averaged over ten minutes of both being usable."""
    if spotless(s):
        return
    spot = spot_mid(s)
    if spot <= 0.0:
        return
    for i in range(s.quoted_n):
        m = s.markets[i]
        if m.perp == 0 or m.usable == 0 or m.convertible == 0:
            continue
        now = m.mid * m.rate / spot - 1.0
        m.basis_seconds += seconds
        keep = math.exp(-seconds / min(max(m.basis_seconds, seconds), 600.0))
        m.basis = keep * m.basis + (1.0 - keep) * now
        if m.basis_seconds <= seconds:
            m.basis = now
        m.top_known = 0
    s.reference_dirty = 1


@part
def spot_mid(s):
    """Middle of the usable spot markets' touches, each weighing alike."""
    total = 0.0
    n = 0
    for i in range(s.quoted_n):
        m = s.markets[i]
        if m.perp == 0 and m.usable == 1 and m.convertible == 1:
            total += m.mid * m.rate
            n += 1
    return total / n if n > 0 else 0.0
