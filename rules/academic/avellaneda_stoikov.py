"""The quotes of Avellaneda and Stoikov, "High-frequency trading in a limit order book" (2008), eqs. 29 and 30.

    reservation price   r  = s - q·γ·σ²·(T - t)
    bid-ask spread      2h = γ·σ²·(T - t) + (2/γ)·ln(1 + γ/k),  centred on r

In the paper s, σ and 1/k are dollars and q counts orders. A rule speaks in bps of the reference, so here
    σ   volatility_bps                   bps / sqrt(minute)
    T-t horizon                          minutes; a market without a close keeps it constant
    q   inventory · full                 orders; `full` of them make the inventory coefficient 1
    k   fills fall as exp(-k·distance)   1 / bps
    γ   risk aversion                    1 / bps, for one order: γ·σ²·(T - t) is bps an order
and both answers are bps. Of a price of 100 dollars one bps is a cent: the paper's γ = 0.1, k = 1.5, σ = 2, T = 1 are
γ = 0.001, k = 0.015, σ = 200, T = 1. The line's own half-spread stays below all this: give it the maker fee, which
the model does not know. Half a model is none, so both rules stay out of a line that leans by itself.
"""

from math import log1p

from stackedmm import Param, View, rule


@rule.skew(line="passive", unless="inventory")
def reservation(
    q,
    gamma=Param(0.01, 1e-5, 1, "1/bps", "risk aversion"),
    horizon=Param(5, 0, 1440, "min", "time that a position is held at risk, T - t"),
    full=Param(10, 1, 1000, "orders", "position at inventory coefficient 1"),
    weight=Param(0.5, 0, 1, "", "part of this model in the quote"),
):
    """Quote round the reservation price: what one more order is worth to whoever holds q."""
    return -weight * q.inventory * full * gamma * q.volatility_bps**2 * horizon


@rule.widen(line="passive", unless="inventory")
def optimal_spread(
    q,
    gamma=Param(0.01, 1e-5, 1, "1/bps", "risk aversion"),
    horizon=Param(5, 0, 1440, "min", "time that a position is held at risk, T - t"),
    k=Param(0.1, 0.001, 10, "1/bps", "how fast fills thin out with distance"),
    weight=Param(0.5, 0, 1, "", "part of this model in the quote"),
):
    """Add half the optimal spread: what risk costs over the horizon, and what the order flow lets one earn."""
    risk = gamma * q.volatility_bps**2 * horizon
    return weight * (risk / 2 + log1p(gamma / k) / gamma)


# γ = 0.01, σ² = 25, T - t = 5: an order moves the price by 1.25 bps; ln(1.1)/0.01 = 9.5310.
assert reservation(View()) == 0.0
assert reservation(View(inventory=0.5), weight=1) == -6.25
assert reservation(View(inventory=-0.5)) == 3.125
assert reservation(View(inventory=1), horizon=0) == 0.0
assert abs(optimal_spread(View(), weight=1) - (0.625 + 9.53102)) < 1e-5
assert abs(optimal_spread(View(), weight=1, horizon=0, gamma=1e-5) - 10) < 1e-3
# The paper's own numbers at t = 0 for one order long: 0.4 dollars down, and a spread of 0.4 + 1.2908 dollars.
assert abs(reservation(View(inventory=0.1, volatility_bps=200), gamma=0.001, horizon=1, weight=1) + 40) < 1e-9
assert abs(optimal_spread(View(volatility_bps=200), gamma=0.001, horizon=1, k=0.015, weight=1) - 84.5385) < 1e-4
