"""Lean away from inventory: the heavy side steps back and shrinks.

A long position costs variance until it is sold, so both quotes move down by as much as the position is worth
moving: Avellaneda and Stoikov, "High-frequency trading in a limit order book" (2008), whose reservation price is
linear in inventory. The bending of sizes is Guéant, Lehalle and Fernandez-Tapia (2013).
"""

from math import exp

from stackedmm import Param, View, rule


@rule.skew(line="passive", unless="inventory")
def lean(q, strength=Param(8.0, 0, 40, "bps", "shift of both quotes at a full position")):
    """Long inventory shifts both quotes down, short shifts both up."""
    return -strength * q.inventory


@rule.size(unless="inventory")
def fade(q, steepness=Param(1.5, 0, 5, "", "how fast the adding side shrinks; 0.7 halves it at the edge")):
    """Shrink the side that would add to the position; the side that reduces it keeps its size."""
    return exp(-steepness * max(0.0, q.pressure))


assert lean(View()) == 0.0
assert lean(View(inventory=0.5)) == -4.0
assert lean(View(inventory=-1), strength=12) == 12.0
assert fade(View(pressure=-0.5)) == 1.0
assert abs(fade(View(pressure=1)) - 0.22313) < 1e-5
