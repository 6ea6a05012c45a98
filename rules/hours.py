"""Mind the clock: quote wider when nobody has traded for long, and smaller in the thin hours of the day.

Trading gathers in some hours and leaves others thin: Admati and Pfleiderer, "A theory of intraday patterns" (1988).
Between trades the price is unproved and a fill has to wait long for its way out, so silence is paid for. Easley and
O'Hara, "Time and the process of security price adjustment" (1992), read silence as the absence of news, which is safe:
whoever agrees sets `more` below 0.
"""

from math import exp

from stackedmm import Param, View, rule


@rule.spread(line="passive")
def hush(
    q,
    more=Param(0.3, -0.5, 2, "", "what a long silence adds to the half-spread, as a part of it"),
    patience=Param(120, 1, 3600, "s", "silence that means nothing yet; as much again brings most of the answer"),
):
    """Quote wider as the time since the last public trade outgrows patience."""
    return 1.0 + more * (1.0 - exp(-max(0.0, q.quiet_s - patience) / patience))


@rule.size
def night(
    q,
    begins=Param(22, 0, 24, "h UTC", "when the thin hours begin"),
    lasts=Param(6, 0, 24, "h", "how long they last, over midnight too"),
    part=Param(0.75, 0, 1, "", "part of the size shown then"),
):
    """Show less in the hours in which this coin trades least."""
    return part if (q.hour - begins) % 24 < lasts else 1.0


assert hush(View()) == 1.0
assert hush(View(quiet_s=120)) == 1.0
assert abs(hush(View(quiet_s=240)) - 1.18964) < 1e-5
assert hush(View(quiet_s=86400)) == 1.3
assert night(View()) == 1.0
assert night(View(hour=22)) == 0.75
assert night(View(hour=3.9)) == 0.75
assert night(View(hour=4)) == 1.0
assert night(View(hour=13), begins=12, lasts=2, part=0) == 0.0
