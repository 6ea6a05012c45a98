"""Do more where more is going on: a busy venue gets more size and a closer quote.

The more often orders arrive, the sooner a position turns over and the less risk stays with each fill: in Guéant,
Lehalle and Fernandez-Tapia (2013) the part of the spread that pays for inventory falls with the root of the arrival
rate. The volume coefficient holds a venue against its own last half hour; what a rush adds in risk is for
`volatility.py`, and what silence means for `hours.py`.
"""

from stackedmm import Param, View, rule


@rule.size(unless="volume")
def keep_pace(
    q,
    power=Param(0.5, 0, 1, "", "0 takes no notice of volume, 1 follows it in proportion"),
    most=Param(1.5, 1, 3, "", "never more than this times the size, nor less than its inverse"),
):
    """Grow with this venue's volume against its usual, and shrink with it."""
    return min(most, max(1 / most, q.volume**power))


@rule.spread(line="passive", unless="volume")
def come_closer(
    q,
    power=Param(0.15, 0, 1, "", "0 stays, 0.5 is the theory's root"),
    least=Param(0.8, 0.2, 1, "", "never closer than this part of the half-spread"),
):
    """Quote closer while the venue is busier than usual; a quiet venue stays as it is."""
    return max(least, max(1.0, q.volume) ** -power)


assert keep_pace(View()) == 1.0
assert keep_pace(View(volume=1.44)) == 1.2
assert keep_pace(View(volume=100)) == 1.5
assert keep_pace(View(volume=0.01), most=2) == 0.5
assert come_closer(View()) == 1.0
assert come_closer(View(volume=4), power=0.5, least=0.2) == 0.5
assert come_closer(View(volume=0.01)) == 1.0
assert come_closer(View(volume=100)) == 0.8
