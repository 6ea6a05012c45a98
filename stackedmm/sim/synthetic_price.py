"""How a synthetic market's prices and rates move: one efficient price, and each venue's view of it."""

import math

from stackedmm.core.machine import part
from stackedmm.sim.synthetic_state import BASE_TRADES, BETWEEN, OWN, STEP_US, USUAL_TRADES, drift_back, normal, unit

BPS = 1e-4
STEP = STEP_US * 1e-6


@part
def advance(w, venues):
    """Move every price by one step; the slow things every tenth of a second."""
    if w.step % 5 == 0:
        advance_slow(w, venues)
    w.step += 1
    w.quick_heat *= 1.0 - STEP / 1.5
    w.slow_heat *= 1.0 - STEP / 40.0
    w.rate = min(w.quiet + w.quick_heat + w.slow_heat, 60.0)
    w.heat = min(w.rate / USUAL_TRADES, 12.0)
    # Volatility has a life of its own and rises with trading; 2.2 bps in a usual second is some 6.5 % a day.
    sigma = 2.2 * BPS * w.calm * math.sqrt(0.35 + 0.65 * w.heat)
    w.price += w.trend * STEP + sigma * math.sqrt(STEP) * normal(w) + (w.anchor - w.price) * STEP / 40000.0
    w.swing = drift_back(w, w.swing, STEP / 25.0, 1.6 * BPS)
    for c in range(w.crosses_n):
        pull = (w.cross_anchors[c] - w.crosses[c]) * STEP / 600.0
        w.crosses[c] += w.cross_bps[c] * BPS * math.sqrt(STEP) * normal(w) + pull
    known = w.price + w.swing
    for i in range(len(venues)):
        v = venues[i]
        v.fair += (worth(w, v, known) - v.fair) * v.follow
        v.noise = drift_back(w, v.noise, STEP / 9.0, v.noise_bps * BPS)
        v.level = math.exp(v.fair + v.noise)


@part
def worth(w, v, known):
    """Log price of a venue's pair when the coin's in the first quote currency is `known`."""
    if v.pair == OWN:
        return known
    return w.crosses[v.cross] if v.pair == BETWEEN else known - w.crosses[v.cross]


@part
def advance_slow(w, venues):
    """Move trend, volatility, mood and activity by a tenth of a second, and let the price jump now and then."""
    tenth = 5.0 * STEP
    w.volatility = drift_back(w, w.volatility, tenth / 260.0, 0.6)
    w.trend = drift_back(w, w.trend, tenth / 240.0, 0.05 * BPS)
    w.lean = drift_back(w, w.lean, tenth / 40.0, 0.5)
    w.slow = drift_back(w, w.slow, tenth / 1500.0, 0.45)
    w.medium = drift_back(w, w.medium, tenth / 220.0, 0.4)
    for i in range(len(venues)):
        venues[i].activity = drift_back(w, venues[i].activity, tenth / 420.0, 0.4)
    w.quiet = base_rate(w)
    w.calm = math.exp(w.volatility - 0.18)
    w.widen = min(1.0 + 0.45 * max(0.0, w.heat - 1.0) ** 0.7 + 0.8 * max(0.0, w.calm - 1.0), 7.0)
    if unit(w) < tenth / 420.0:
        move = 9.0 * BPS * math.exp(0.5 * normal(w))
        w.price += move if unit(w) < 0.5 + 0.3 * math.tanh(w.lean) else -move
        w.quick_heat += 6.0
        w.slow_heat += 2.0


@part
def base_rate(w):
    """Trades a second that nothing called forth: the hour of the day, and the regimes."""
    hour = (w.now // 1_000_000 % 86400) / 3600.0
    day = 1.0 + 0.3 * math.cos((hour - 15.0) * 0.2617993877991494)
    return BASE_TRADES * day * math.exp(w.slow + w.medium - 0.23)


@part
def excite(w, sign, weight):
    """What a trade leaves behind: more trades, a mood, and a little of the price."""
    w.quick_heat += 0.32 / 1.5
    w.slow_heat += 0.25 / 40.0
    # Less a trade where there are many, or buying would call forth buying without end.
    w.lean += 0.015 * sign / max(w.rate, 0.5)
    moved = BPS * sign * weight / math.sqrt(max(1.0, w.heat))
    w.price += 0.08 * moved
    w.swing += 0.2 * moved
