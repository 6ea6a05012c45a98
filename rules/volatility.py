"""Stand wider when the market moves more.

A resting quote is an option given away, and its price grows with volatility: in Avellaneda and Stoikov (2008) and in
Guéant, Lehalle and Fernandez-Tapia (2013) the optimal half-spread rises with it.
"""

from stackedmm import Param, View, rule


@rule.widen(line="passive")
def breathe(q, share=Param(0.5, 0, 3, "", "how much of one minute's movement beyond the usual is added")):
    """Add a share of the movement that exceeds its hour's mean; a calm market adds nothing."""
    usual = q.volatility_bps / max(q.volatility_ratio, 0.01)
    return share * max(0.0, q.volatility_bps - usual)


@rule.gate
def shelter(q, limit=Param(12, 2, 100, "", "times the hour's mean volatility at which quoting stops")):
    """In a storm, quote nothing: no spread is wide enough for a market that jumps."""
    return q.volatility_ratio < limit


assert breathe(View()) == 0.0
assert breathe(View(volatility_bps=20, volatility_ratio=2)) == 5.0
assert breathe(View(volatility_bps=4, volatility_ratio=0.5)) == 0.0
assert shelter(View())
assert not shelter(View(volatility_ratio=12))
