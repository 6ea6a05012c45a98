"""The asymptotic quotes of Guéant, Lehalle and Fernandez-Tapia, "Dealing with the inventory risk" (2013).

Far from the end of trading the optimal distances of bid and ask from the mid no longer depend on time, and
    bid   (1/γ)·ln(1 + γ/k) + (2q + 1)/2·S
    ask   (1/γ)·ln(1 + γ/k) - (2q - 1)/2·S,     S = sqrt(σ²γ / (2kA)·(1 + γ/k)^(1 + k/γ))
comes near them, best around q = 0. Both are one half-spread, (1/γ)·ln(1 + γ/k) + S/2, round a centre moved by -q·S,
which is a widen and a skew. Avellaneda and Stoikov need a horizon; here the arrival rate A takes its place.

    σ   volatility_bps                     bps / sqrt(minute)
    q   inventory · full                   orders; `full` of them make the inventory coefficient 1
    A   fills a minute at distance 0, of orders of one size; A·exp(-k·distance) a minute elsewhere
    k   how fast fills thin out            1 / bps
    γ   risk aversion                      1 / bps, for one order
S is bps an order. The line's own half-spread stays below all this: give it the maker fee, which the model does not
know. Half a model is none, so both rules stay out of a line that leans by itself.
"""

from math import exp, log1p, sqrt

from stackedmm import Param, View, rule


def step(sigma, gamma, k, arrivals):
    """S, how far one order moves the quotes; the power is taken by its logarithm, which small γ do not harm."""
    grown = exp((1 + k / gamma) * log1p(gamma / k))
    return sigma * sqrt(gamma / (2 * k * arrivals) * grown)


@rule.skew(line="passive", unless="inventory")
def asymptotic_skew(
    q,
    gamma=Param(0.01, 1e-5, 1, "1/bps", "risk aversion"),
    k=Param(0.1, 0.001, 10, "1/bps", "how fast fills thin out with distance"),
    arrivals=Param(1, 0.01, 1000, "1/min", "fills a minute at distance 0, A"),
    full=Param(10, 1, 1000, "orders", "position at inventory coefficient 1"),
    weight=Param(0.5, 0, 1, "", "part of this model in the quote"),
):
    """Move both quotes by S for each order held, away from holding more."""
    return -weight * q.inventory * full * step(q.volatility_bps, gamma, k, arrivals)


@rule.widen(line="passive", unless="inventory")
def asymptotic_spread(
    q,
    gamma=Param(0.01, 1e-5, 1, "1/bps", "risk aversion"),
    k=Param(0.1, 0.001, 10, "1/bps", "how fast fills thin out with distance"),
    arrivals=Param(1, 0.01, 1000, "1/min", "fills a minute at distance 0, A"),
    weight=Param(0.5, 0, 1, "", "part of this model in the quote"),
):
    """Add half the asymptotic spread: what the order flow lets one earn, and half of S for the risk of one order."""
    return weight * (log1p(gamma / k) / gamma + step(q.volatility_bps, gamma, k, arrivals) / 2)


# γ/k = 0.1 and 1.1^11 = 2.85312, so S = 5·sqrt(0.05·2.85312) = 1.88849; ln(1.1)/0.01 = 9.53102.
assert asymptotic_skew(View()) == 0.0
assert abs(asymptotic_skew(View(inventory=0.5), weight=1) + 9.44245) < 1e-4
assert abs(asymptotic_skew(View(inventory=-0.5)) - 4.72122) < 1e-4
assert abs(asymptotic_spread(View(), weight=1) - (9.53102 + 0.94424)) < 1e-4
assert abs(asymptotic_spread(View(volatility_bps=0), weight=1) - 9.53102) < 1e-5
