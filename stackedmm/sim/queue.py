"""Where our order stands in its level's queue: how trades and changes of the level move it forward.

The models and their names are those of hftbacktest. All quantities are lots; `front` is what stands ahead of us.
"""

import math

import numpy as np

from stackedmm.core.machine import leaf, part
from stackedmm.sim.state import LOG_PROB, LOG_PROB_2, POWER_PROB, POWER_PROB_2, RISK_AVERSE


@leaf
def trade(o, lots):
    """A trade at our price: it eats the queue ahead. Returns the lots that reach past us, 0 if none."""
    o.front -= lots
    o.traded += lots
    if o.front > -0.5:
        return 0
    reach = np.int64(math.floor(0.5 - o.front))
    o.front = 0.0
    return reach


@part
def change(m, o, old, new):
    """The level went from `old` to `new` lots; what trades explain already moved the queue."""
    if m.queue == RISK_AVERSE:
        o.front = min(o.front, float(new))
        return
    drop = old - new - o.traded
    o.traded = 0.0
    if drop < 0.0:
        o.front = min(o.front, float(new))
        return
    front = o.front
    back = max(old - front, 0.0)
    behind = probability_behind(m, front, back)
    o.front = min(front - (1.0 - behind) * drop + min(back - behind * drop, 0.0), float(new))


@part
def probability_behind(m, front, back):
    """Probability that a lot which left the level stood behind us."""
    if m.queue == POWER_PROB and m.power == 3.0:  # the usual one, without the library's power
        f = back * back * back
        whole = f + front * front * front
    elif m.queue == POWER_PROB:
        f = math.pow(back, m.power)
        whole = f + math.pow(front, m.power)
    elif m.queue == POWER_PROB_2:
        f = math.pow(back, m.power)
        whole = math.pow(front + back, m.power)
    elif m.queue == LOG_PROB:
        f = math.log(1.0 + back * m.lot_float)
        whole = f + math.log(1.0 + front * m.lot_float)
    elif m.queue == LOG_PROB_2:
        f = math.log(1.0 + back * m.lot_float)
        whole = math.log(1.0 + (front + back) * m.lot_float)
    else:
        if front + back == 0.0:
            return 1.0
        return 1.0 - math.pow(front / (front + back), m.power)
    return f / whole if whole != 0.0 else 1.0
