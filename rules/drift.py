"""Step back on the side that a drifting market is coming for.

When the reference falls, resting bids are the ones hit, and their fills lose at once: the adverse selection of
Glosten and Milgrom (1985), seen short term as the momentum of Cartea, Jaimungal and Ricci, "Buy low, sell high" (2014).
"""

from stackedmm import Param, View, rule


@rule.widen(line="passive")
def step_back(
    q,
    response=Param(0.5, 0, 5, "", "bps added for each bps of drift a minute against this side"),
    most=Param(30, 0, 200, "bps", "never more than this"),
):
    """Widen a passive bid while the price falls and a passive ask while it rises; the other side stays.

    Top-of-book prices stand by their venue; moving with every return of the market would only churn them.
    """
    return min(most, response * max(0.0, -q.sign * q.drift_bps))


assert step_back(View()) == 0.0
assert step_back(View(sign=1, drift_bps=-10)) == 5.0
assert step_back(View(sign=-1, drift_bps=-10)) == 0.0
assert step_back(View(sign=-1, drift_bps=10), response=1) == 10.0
assert step_back(View(sign=1, drift_bps=-1000)) == 30.0
