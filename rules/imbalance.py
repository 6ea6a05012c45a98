"""Lean toward where the book is about to go: the heavy side of a book pushes the price away from itself.

With sizes Qb and Qa at the touch, the mid weighted by the opposite sizes lies I·spread/2 beside the plain one, where
I = (Qb - Qa) / (Qb + Qa). Stoikov, "The micro-price: a high-frequency estimator of future prices" (2018), shows that
the price to expect goes the same way, and not as far. That order flow at the touch moves the price in proportion, and
less in a deeper book, is Cont, Kukanov and Stoikov, "The price impact of order book events" (2014).
"""

from stackedmm import Param, View, rule


@rule.skew(line="passive")
def tilt(
    q,
    part=Param(0.5, 0, 1, "", "0 is the mid, 1 the mid weighted by size; the micro-price lies between"),
    most=Param(5, 0, 50, "bps", "never further than this"),
):
    """Move both quotes toward the thin side of this venue's book, in proportion to its spread."""
    return max(-most, min(most, part * q.imbalance * q.local_spread_bps / 2))


assert tilt(View()) == 0.0
assert tilt(View(imbalance=0.6, local_spread_bps=8)) == 1.2
assert tilt(View(imbalance=-0.6, local_spread_bps=8)) == -1.2
assert tilt(View(imbalance=1, local_spread_bps=6), part=1) == 3.0
assert tilt(View(imbalance=-1, local_spread_bps=1000)) == -5.0
