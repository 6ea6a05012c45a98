"""The three rules of the comparison: lean away from inventory, step back when busy, stand wider when it moves."""

from stackedmm import Param, View, rule


@rule.skew
def lean(q, strength=Param(0.5, 0, 40, "bps", "shift of both quotes at a full position")):
    """Long inventory shifts both quotes down, short shifts both up."""
    return -strength * q.inventory


@rule.spread
def busy(q, response=Param(0.2, 0, 0.3, "", "how much tighter where more is traded than usual")):
    """Tighter in a busy market, wider in a quiet one."""
    return max(0.1, 1.0 + response * (1.0 - q.volume))


@rule.widen
def calm(q, share=Param(0.05, 0, 3, "", "how much of one minute's movement is added")):
    """Wider when the reference moves more."""
    return share * q.volatility_bps


assert lean(View(inventory=1)) == -0.5
assert busy(View(volume=2)) == 0.8
assert calm(View(volatility_bps=10)) == 0.5
