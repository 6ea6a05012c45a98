"""Give each venue what it can carry: less size where its book is thin, and where its purse is.

The price is found where the depth is, and the quotes of a small venue are the ones that are late: Hasbrouck, "One
security, many markets" (1995), measures how little of the news such a venue brings. Free balance is practice: a purse
that runs low pays for a smaller quote for longer, where a full one would empty it and then show one side only.
"""

from stackedmm import Param, View, rule


@rule.size(line="tob")
def follow_depth(
    q,
    fair=Param(0.2, 0.01, 1, "", "share of the depth near the price from which on a venue gets its whole size"),
    least=Param(0.5, 0, 1, "", "part of the size that the thinnest venue keeps"),
):
    """Shrink where this venue shows less than a fair share of all depth within 25 bps."""
    return max(least, min(1.0, q.share / fair))


@rule.size
def afford(q, enough=Param(1.0, 0.1, 20, "", "free balance, as a multiple of the need, that pays for the whole size")):
    """Shrink in proportion where free balance falls below enough; an empty purse shows nothing."""
    return min(1.0, q.balance / enough)


assert follow_depth(View()) == 1.0
assert follow_depth(View(share=0.15)) == 0.15 / 0.2
assert follow_depth(View(share=0)) == 0.5
assert afford(View()) == 1.0
assert afford(View(balance=0.25)) == 0.25
assert afford(View(balance=2), enough=8) == 0.25
assert afford(View(balance=0)) == 0.0
