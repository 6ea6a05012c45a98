"""Pull back the side whose fills are regretted: it stands further out and shows less.

A mark-out asks where the mid stands ten seconds after a fill; above 0 the fill has lost more than its half-spread
earned. Where that goes on, the other side knows something: Glosten and Milgrom (1985), and as flow toxicity Easley,
López de Prado and O'Hara, "Flow toxicity and liquidity in a high-frequency world" (2012). `drift.py` looks at the
market, before a fill; this looks at our own fills, after it. Size never falls to nothing: only fills bring mark-outs,
and a side that stops being filled would never learn that the danger is over.
"""

from stackedmm import Param, View, rule


@rule.widen
def flinch(
    q,
    response=Param(0.5, 0, 3, "", "bps added for each bps that fills of this side have lost"),
    most=Param(20, 0, 200, "bps", "never more than this"),
):
    """Step back by a part of what fills of this side have lost; fills that pay change nothing."""
    return min(most, response * max(0.0, q.adverse_bps))


@rule.size
def thin_out(
    q,
    half=Param(10, 1, 100, "bps", "loss at which the size is halved"),
    least=Param(0.4, 0.05, 1, "", "part of the size that always stays"),
):
    """Show less on a side whose fills lose."""
    return max(least, half / (half + max(0.0, q.adverse_bps)))


assert flinch(View()) == 0.0
assert flinch(View(adverse_bps=8)) == 4.0
assert flinch(View(adverse_bps=-50)) == 0.0
assert flinch(View(adverse_bps=1000)) == 20.0
assert thin_out(View()) == 1.0
assert thin_out(View(adverse_bps=10)) == 0.5
assert thin_out(View(adverse_bps=-10)) == 1.0
assert thin_out(View(adverse_bps=1000)) == 0.4
