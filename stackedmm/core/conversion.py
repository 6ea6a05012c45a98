"""Between quote currencies: which way of conversion is live, at what rate, and what follows for prices and fills.

A rate is first quote per unit. It is taken from live mids only, by the way with the fewest legs, then by the one whose
oldest book is youngest. USDC is worth what its book says. Where no way is live nothing is quoted in that currency; its
last rate is kept for what is still to be counted. The dollars of an index, in which only contracts are quoted and which
no book converts, are worth what those contracts' basis says.
"""

import math

import numpy as np

from stackedmm.core.codes import NO_RATE, OLD_RATE
from stackedmm.core.machine import muldiv, part

PARTS = 1 << 40
"""A rate between cost units is a whole number of these parts, so that converting is exact integer arithmetic."""
LARGEST = 1 << 22
"""Rates between cost units above it are counted in whole cost units."""


@part
def home(s, m):
    """The reference of a market in its own quote, a perp's basis included."""
    return s.reference * m.per * (1.0 + m.basis)


@part
def refresh(s):
    """Take every currency's rate anew; says whether one moved. Called when a conversion book moved."""
    moved = False
    for c in range(1, s.currencies_n):
        if s.currencies[c].index == 0:
            moved = take(s, c) or moved
    return moved


@part
def watch(s):
    """Look for another way where the one in use is no longer live; says whether a currency changed."""
    moved = False
    for c in range(1, s.currencies_n):
        path = s.currencies[c].path
        if s.currencies[c].index == 1:
            continue
        if path < 0 or oldest(s, s.paths[path]) == 0:
            moved = take(s, c) or moved
    return moved


@part
def take(s, c):
    """The live way of one currency and its rate; whether either differs from before."""
    currency = s.currencies[c]
    way = live_way(s, currency)
    rate = rate_by(s, s.paths[way]) if way >= 0 else currency.rate
    live = np.int64(way >= 0)
    if rate == currency.rate and live == currency.live:
        currency.path = way
        return False
    currency.switches += np.int64(way != currency.path)
    currency.path = way
    currency.rate = rate
    currency.live = live
    if live == 1:
        currency.rate_ns = s.now
    tell_markets(s, c)
    return True


@part
def live_way(s, currency):
    """The live way with the fewest legs, then the youngest; -1 if none is live."""
    best = np.int64(-1)
    youngest = np.int64(0)
    for p in range(currency.first_path, currency.end_path):
        path = s.paths[p]
        if best >= 0 and path.legs > s.paths[best].legs:
            break
        seen_ns = oldest(s, path)
        if seen_ns > youngest:
            best = np.int64(p)
            youngest = seen_ns
    return best


@part
def oldest(s, path):
    """When the oldest of a way's books last proved alive; 0 if one of them is not usable."""
    when = s.now
    for leg in range(path.legs):
        m = s.markets[path.market[leg]]
        if m.usable == 0 or s.now - m.seen_ns > s.max_age_ns:
            return np.int64(0)
        when = min(when, m.seen_ns)
    return when


@part
def rate_by(s, path):
    """First quote per unit by the mids of a way."""
    rate = 1.0
    for leg in range(path.legs):
        mid = s.markets[path.market[leg]].mid
        rate = rate * mid if path.up[leg] == 1 else rate / mid
    return rate


@part
def tell_markets(s, c):
    """What a currency's rate means for its markets: their books are converted anew, and so is their reference."""
    currency = s.currencies[c]
    if s.native == 0 and currency.rate > 0.0:
        currency.per = 1.0 / currency.rate
    for i in range(s.quoted_n):
        m = s.markets[i]
        if m.currency == c:
            m.rate = currency.rate
            m.per = currency.per
            m.convertible = currency.live
            m.top_known = 0
            s.reference_dirty = 1


@part
def set_native(s, c, reference):
    """A currency is priced by its own books: what their reference is over the first quote's. 0: it has none."""
    currency = s.currencies[c]
    currency.per = reference / s.reference if s.reference > 0.0 and reference > 0.0 else 0.0
    for i in range(s.quoted_n):
        if s.markets[i].currency == c:
            s.markets[i].per = currency.per


@part
def left_decided(s, c):
    """Whether a currency's quotes stand on a conversion that has moved by more than half its finest tick since."""
    currency = s.currencies[c]
    return abs(currency.per - currency.per_decided) * s.reference > currency.step


@part
def decided(s):
    """All quotes have just been priced."""
    for c in range(1, s.currencies_n):
        s.currencies[c].per_decided = s.currencies[c].per


@part
def to_first(s, c, amount, rate):
    """Cost units of a currency as cost units of the first quote at a rate, to the nearest; integer arithmetic."""
    if c == 0:
        return amount
    factor = rate * s.currencies[c].to_first
    if factor < LARGEST:
        whole = muldiv(abs(amount), np.int64(math.floor(factor * PARTS + 0.5)), np.int64(PARTS >> 1))
        whole = (whole + 1) >> 1
    else:
        whole = abs(amount) * np.int64(math.floor(factor + 0.5))
    return whole if amount >= 0 else -whole


@part
def rate_of_fill(s, m, units, money):
    """The rate at which a fill is converted: the live one, else the last known, else what the reference makes of it.

    The second and third are counted. Units are ledger units, money cost units of the market's quote.
    """
    if m.currency == 0:
        return 1.0
    if s.currencies[m.currency].index == 1:
        return 1.0 / (1.0 + m.basis)
    if m.convertible == 0:
        s.events[OLD_RATE if m.rate > 0.0 else NO_RATE] += 1
    if m.rate > 0.0:
        return m.rate
    value = units * s.unit_base * max(s.reference, 0.0)
    return value / (money * s.currencies[m.currency].unit)
