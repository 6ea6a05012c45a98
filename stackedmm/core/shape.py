"""Rules shape quotes: what they see, and how their numbers are combined. No rule sees another's answer.

reference' = reference * (1 + sum(skew) / 1e4); half_spread = clamp(base * prod(spread) + sum(widen), min, max);
size = clamp(base * prod(size), 0, 3 * base); any closed gate: no quote.
"""

import math
from typing import Any

import numpy as np

from stackedmm.core import conversion, inventory, own
from stackedmm.core.book import NONE, next_level
from stackedmm.core.codes import ANSWER_COLUMNS, RULE_STRUCK
from stackedmm.core.machine import COMPILED, call, leaf, part
from stackedmm.core.orders import decay_filled
from stackedmm.core.views import BY_NAME, GATE, SIZE, SKEW, SPREAD, VIEW, WIDEN

VIEWS = 0
"""Indices into `links`: addresses of the views, of the parameters and of the answers, then one a rule."""
PARAMS = 1
ANSWERS = 2
FIRST_RULE = 3
PYTHON_RULES: list[Any] = []  # without the compiler `links` holds indices into this
ANSWER_BYTES = 8 * ANSWER_COLUMNS
MIN_FACTOR, MAX_FACTOR = 0.01, 100.0
SIZE_CEILING = 3.0
"""Rules together may at most triple a size."""
STRIKES = 3
STRIKE_NS = 60_000_000_000


def _call_rule(links, s, r, n):
    """Let rule r answer for the first n views."""
    first = s.rules[r].first_param
    if COMPILED:
        call(links[FIRST_RULE + r], links[VIEWS], n, links[PARAMS] + 8 * first, links[ANSWERS] + ANSWER_BYTES * r)
    else:
        PYTHON_RULES[int(links[FIRST_RULE + r])](s.views, int(n), s.params[first:], s.answers[r])


call_rule = leaf(_call_rule)


def _limits(name):
    return BY_NAME[name].low, BY_NAME[name].high


GAP_LOW, GAP_HIGH = _limits("cost_gap_bps")
WIDE_LOW, WIDE_HIGH = _limits("volatility_bps")
RATIO_LOW, RATIO_HIGH = _limits("volatility_ratio")
VOLUME_LOW, VOLUME_HIGH = _limits("volume")
QUIET_LOW, QUIET_HIGH = _limits("quiet_s")
assert VIEW.names is not None and VIEW.names[0] == "sign"


@part
def clamp(x, low, high):
    """x within [low, high]; not-a-number becomes the lower bound."""
    if not x >= low:
        return low
    return min(x, high)


@part
def see(s, A, market):
    """Fill the two views of a market, bid and ask, from the state."""
    m = s.markets[market]
    gap = 0.0
    if s.inventory_price > 0.0 and s.inventory_price < math.inf:
        gap = (s.reference / s.inventory_price - 1.0) * 1e4
    local_gap = (m.mid / conversion.home(s, m) - 1.0) * 1e4
    local_spread = (m.touch[1] - m.touch[0]) * m.tick_size / m.mid * 1e4
    volatility = math.sqrt(s.variance * 60.0) * 1e4
    ratio = volatility_ratio(s)
    weight = 0.0 if s.imbalance_unread == 1 else imbalance(s, A, market)
    hour = (s.now % 86_400_000_000_000) / 3.6e12
    for side in range(2):
        q = s.views[side]
        sign = 1.0 - 2.0 * side
        q.sign = sign
        q.inventory = s.inventory
        q.pressure = clamp(s.band_used * sign, -1.0, 1.0)
        q.cost_gap_bps = clamp(gap, GAP_LOW, GAP_HIGH)
        q.volume = clamp(m.volume, VOLUME_LOW, VOLUME_HIGH)
        q.volatility_bps = clamp(volatility, WIDE_LOW, WIDE_HIGH)
        q.volatility_ratio = clamp(ratio, RATIO_LOW, RATIO_HIGH)
        q.drift_bps = clamp(s.drift * 60.0 * 1e4, GAP_LOW, GAP_HIGH)
        q.local_gap_bps = clamp(local_gap, GAP_LOW, GAP_HIGH)
        q.local_spread_bps = clamp(local_spread, WIDE_LOW, WIDE_HIGH)
        q.imbalance = weight
        q.share = m.share
        q.balance = 1.0
        q.filled_ratio = 0.0
        q.adverse_bps = clamp(m.adverse[side], GAP_LOW, GAP_HIGH)
        q.quiet_s = clamp((s.now - m.trade_ns) * 1e-9, QUIET_LOW, QUIET_HIGH)
        q.hour = hour


@part
def volatility_ratio(s):
    """Volatility now against its mean over the hour; 1 until both are known."""
    if s.variance_hour <= 0.0 or s.variance_s < 60.0:
        return 1.0
    return math.sqrt(s.variance / s.variance_hour)


@part
def imbalance(s, A, market):
    """(bid - ask) / (bid + ask) of the five best levels of others."""
    m = s.markets[market]
    bid = np.int64(0)
    ask = np.int64(0)
    for side in range(2):
        b = s.books[market, side]
        key = b.best
        lots = np.int64(0)
        for _ in range(5):
            if key == NONE:
                break
            lots += own.others_at(s, A, m, b, side, key)
            key = next_level(b, A, key)
        if side == 0:
            bid = lots
        else:
            ask = lots
    return (bid - ask) / (bid + ask) if bid + ask > 0 else 0.0


@part
def see_quote(s, k, row):
    """The view of one quote: its side's, and what only it knows."""
    q = s.quotes[k]
    line = s.lines[q.line]
    m = s.markets[q.market]
    s.views[row] = s.views[q.side]
    need = line.base_quantity
    if line.in_quote == 1:
        need = need / s.reference
    if line.kind == 0:
        decay_filled(s, q)
        s.views[row].filled_ratio = clamp(q.filled_hour / need, 0.0, 100.0)
        need = need * line.timeout_ns / 3.6e12
    free = s.wallets[m.base_at].amount * s.unit_base
    if m.perp == 1 or q.side == 0:
        money = s.wallets[m.money_at].amount * s.currencies[m.currency].unit / (s.reference * m.per)
        free = (free if m.inverse == 1 else money) * (s.leverage if m.perp == 1 else 1.0)
    s.views[row].balance = clamp(free / need, 0.0, 100.0)


@part
def ask_rules(s, A, links, market):
    """Let every rule that concerns this market answer: once a side, or once a quote where it must differ."""
    m = s.markets[market]
    see(s, A, market)
    each = False
    alike = True
    lines = (np.int64(1) << s.lines_n) - 1
    for r in range(s.rules_n):
        if (s.rules[r].markets >> market) & 1 != 0:
            each = each or s.rules[r].per_side == 0
            scope = s.rules[r].lines & lines
            alike = alike and (scope == lines or scope == 0)
    s.alike = 1 if alike and not each else 0
    n = 2
    if each:
        for k in range(m.first_quote, m.end_quote):
            see_quote(s, k, n)
            n += 1
    for r in range(s.rules_n):
        if (s.rules[r].markets >> market) & 1 != 0:
            call_rule(links, s, r, 2 if s.rules[r].per_side == 1 else n)
    if s.alike == 1:
        for side in range(2):
            weigh(s, s.rulings[side], m.first_quote + side, np.int64(0), np.int64(side), market)


@part
def concerns(s, r, market, line, side):
    """Whether rule r's scope holds this quote."""
    rule = s.rules[r]
    return (rule.lines >> line) & (rule.sides >> side) & (rule.markets >> market) & 1 != 0


@part
def answer(s, r, k, side, market):
    """What rule r said of quote k."""
    if s.rules[r].per_side == 1:
        return s.answers[r, side]
    return s.answers[r, 2 + k - s.markets[market].first_quote]


@part
def combine(s, k):
    """Combine the rules' numbers for quote k into `s.ruling`."""
    q = s.quotes[k]
    if s.alike == 0:
        weigh(s, s.ruling, k, q.line, q.side, q.market)
        return
    ruling = s.ruling
    same = s.rulings[q.side]
    ruling.skew = same.skew
    ruling.widen = same.widen
    ruling.spread = same.spread
    ruling.scale = same.scale
    ruling.stands = same.stands
    ruling.failed = same.failed


@part
def weigh(s, ruling, k, line, side, market):
    """Combine the answers of the rules that concern a line's quotes of one side of a market."""
    ruling.skew = 0.0
    ruling.widen = 0.0
    ruling.spread = 1.0
    ruling.scale = 1.0
    ruling.stands = 1
    ruling.failed = 0
    for r in range(s.rules_n):
        if not concerns(s, r, market, line, side):
            continue
        a = answer(s, r, k, side, market)
        verb = s.rules[r].verb
        if not math.isfinite(a):
            ruling.failed = 1
            strike(s, r)
        elif verb == SKEW:
            ruling.skew += a
        elif verb == WIDEN:
            ruling.widen += a
        elif verb == SPREAD:
            ruling.spread *= clamp(a, MIN_FACTOR, MAX_FACTOR)
        elif verb == SIZE:
            ruling.scale *= clamp(a, MIN_FACTOR, MAX_FACTOR) if a > 0.0 else 0.0
        elif verb == GATE and a == 0.0:
            ruling.stands = 0
    ruling.skew = clamp(ruling.skew, -s.max_skew_bps, s.max_skew_bps)
    ruling.scale = min(ruling.scale, SIZE_CEILING)


@part
def strike(s, r):
    """A rule gave no answer: counted once a row; three within a minute are an event that rolls it back."""
    rule = s.rules[r]
    if rule.failed_ns == s.now:
        return
    rule.failed_ns = s.now
    rule.failures += 1
    if s.now - rule.strike_ns > STRIKE_NS:
        rule.strikes = 0
        rule.strike_ns = s.now
    rule.strikes += 1
    if rule.strikes == STRIKES:
        s.events[RULE_STRUCK] += 1


@part
def coefficient(s, m, line, method, sign):
    """The configured coefficient of a line: inventory mapping, the venue's volume coefficient, their product, or 1."""
    if method == 1:
        return inventory.mapped(s.inventory, sign, line.map_min, line.map_max)
    if method == 2:
        return clamp(m.volume, line.clip_min, line.clip_max)
    if method == 3:
        product = inventory.mapped(s.inventory, sign, line.map_min, line.map_max) * m.volume
        return clamp(product, line.clip_min, line.clip_max)
    return 1.0


@part
def stirred(s, line, base):
    """Half-spread after the line's own answer to volatility: wider when the reference moves more than usual."""
    if line.volatility_response > 0.0:
        return base * (1.0 + line.volatility_response * volatility_ratio(s))
    return base


@part
def respond(s, line, side, base):
    """Half-spread after the line's own answers: to volatility, and on the side that the market leaves."""
    base = stirred(s, line, base)
    if line.drift_response > 0.0:
        gap = s.views[side].local_gap_bps
        if (gap < 0.0) == (side == 0):
            base += line.drift_response * abs(gap)
    return base


@part
def ruled(s, base, low, high):
    """Half-spread after the rules and the clamp."""
    return clamp(base * s.ruling.spread + s.ruling.widen, low, high)
