"""Everything a synthetic market remembers, as plain records, and its own stream of random numbers."""

import math
from typing import Final

import numpy as np

from stackedmm.core.machine import leaf, part

CROSSES: Final = 8
"""Further quote currencies."""

OWN: Final = 0  # a market of the coin in the first quote currency
CROSSED: Final = 1  # of the coin in a further one
BETWEEN: Final = 2  # of a further one in the first

WORLD: Final = np.dtype(
    [
        ("random", "u8"),  # xorshift64
        ("now", "i8"),  # us, end of the last step
        ("until", "i8"),  # us, where this chunk ends
        ("event", "i8"),  # us, the event being worked on
        ("count", "i8"),  # rows put out in this call
        ("opened", "i8"),  # row at which the open message began
        ("step", "i8"),  # steps so far
        ("spare", "f8"),  # second number of the last normal pair
        ("has_spare", "i8"),
        ("price", "f8"),  # log of the efficient price
        ("anchor", "f8"),  # log of the price it is weakly drawn to
        ("swing", "f8"),  # passing part of the price all venues share
        ("trend", "f8"),  # log price a second
        ("volatility", "f8"),  # log of volatility over its usual
        ("lean", "f8"),  # tendency of the aggressors, > 0 buys
        ("slow", "f8"),  # log activity, tens of minutes
        ("medium", "f8"),  # log activity, minutes
        ("quick_heat", "f8"),  # trades a second that recent trades call forth, fading in seconds
        ("slow_heat", "f8"),  # the same, fading within a minute
        ("quiet", "f8"),  # trades a second that nothing called forth
        ("rate", "f8"),  # trades a second over all venues
        ("heat", "f8"),  # the same over their usual number
        ("calm", "f8"),  # exp of volatility
        ("widen", "f8"),  # spreads over their usual
        ("crosses_n", "i8"),
        ("crosses", "f8", CROSSES),  # log of what further quote currencies are worth in the first
        ("cross_anchors", "f8", CROSSES),
        ("cross_bps", "f8", CROSSES),  # how far each moves in a second
    ],
    align=True,
)

VENUE: Final = np.dtype(
    [
        # What it is.
        ("pair", "i8"),  # OWN, CROSSED or BETWEEN
        ("cross", "i8"),  # which further currency
        ("tick", "f8"),  # quote; of the prices used
        ("pace", "i8"),  # ticks of the market that are one of these
        ("lot", "f8"),  # base; worth a dollar where the quote is
        ("share", "f8"),  # of all trades
        ("updates", "f8"),  # book messages a second in quiet times
        ("half_bps", "f8"),  # usual half spread
        ("follow", "f8"),  # share of the way to the efficient price made in a step
        ("noise_bps", "f8"),
        ("depth", "f8"),  # quote, usual size of a level near the best
        ("latency_us", "f8"),
        ("latency_spread", "f8"),  # sigma of its log
        ("gap_s", "f8"),  # mean seconds between feed gaps
        ("reach", "i8"),  # ticks from best to worst level shown
        # How it stands.
        ("fair", "f8"),  # log price as this venue knows it
        ("noise", "f8"),  # what is wrong with it
        ("level", "f8"),  # the two together as a price in quote
        ("updating", "f8"),  # book messages a second now
        ("taking", "f8"),  # trades a second now
        ("activity", "f8"),  # log
        ("best", "i8", 2),  # by side: sign x ticks, so that better is larger
        ("worst", "i8", 2),
        ("ring", "i8", 2),  # offsets in the arena: lots by key & RING - 1
        ("update", "i8"),
        ("trade", "i8"),
        ("local", "i8"),  # ns, its last message's arrival
        ("sent", "i8"),  # ns, arrival of the open message
        ("lag_us", "i8"),
        ("down", "i8"),  # us until which its feed is broken; 0 whole
        ("next_gap", "i8"),
        ("index", "i8"),  # market index of its rows
    ],
    align=True,
)

RING: Final = 1024
"""Ticks a side remembers; more than the reach and any move within one event."""

STEP_US: Final = 20_000
"""Prices move and rates change on this grid; trades and book updates fall between."""

BASE_TRADES: Final = 1.6
"""Trades a second, over all venues, that nothing called forth."""

USUAL_TRADES: Final = 5.0
"""Trades a second in the long run: BASE_TRADES over one minus what each trade calls forth."""


@leaf
def unit(w):
    """The next number, uniform in (0, 1)."""
    x = w.random
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    w.random = x
    return (np.float64(x >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@part
def normal(w):
    """The next standard normal number, by pairs (Box and Muller)."""
    if w.has_spare == 1:
        w.has_spare = 0
        return w.spare
    radius = math.sqrt(-2.0 * math.log(unit(w)))
    angle = 6.283185307179586 * unit(w)
    w.spare = radius * math.sin(angle)
    w.has_spare = 1
    return radius * math.cos(angle)


@part
def waiting(w, rate):
    """Seconds to the next event of a Poisson stream."""
    return -math.log(unit(w)) / rate


@part
def drift_back(w, value, per_step, spread):
    """One step of a mean-reverting number (Ornstein and Uhlenbeck) with the given share of return and spread."""
    keep = 1.0 - per_step
    return value * keep + spread * math.sqrt(1.0 - keep * keep) * normal(w)
