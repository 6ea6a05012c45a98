"""The volume windows of one market by themselves: trades in, a line for each bucket that closes.

The state's first market is driven with the engine's own functions. Buckets may have another length: time is then
told in buckets of the engine's length with the same numbers.
"""

from typing import Final

import numpy as np

from stackedmm.core import volume
from stackedmm.core.codes import EWMA, MA_TYPES, VOLUME_TYPES
from stackedmm.core.machine import entry, part

BUCKET: Final = np.dtype(
    [
        ("number", "i8"),  # its start over its length
        ("coins", "f8"),  # traded in it
        ("money", "f8"),  # paid for them, quote
        ("coefficient", "f8"),  # at its end
        ("compared", "i8", (3,)),  # pairs whose order was known before it closed
        ("was", "i8", (3,)),  # which shorter averages stood above then
        ("above", "i8", (3,)),  # which do at its end
    ],
    align=True,
)
"""One closed bucket; `compared`, `was` and `above` have a bit a pair, in the order of `volume.coefficient`."""


@entry
def enter(S, A, bucket_ns, ts, px, lots, sold, log):
    """Enter trades in order of arrival. Returns (trades entered, lines written); fewer trades where `log` is full."""
    s = S[0]
    written = 0
    for i in range(len(ts)):
        reached, written = close_until(s, A, ts[i], bucket_ns, log, written)
        if not reached:
            return i, written
        volume.trade(s, A, s.markets[0], sold[i], px[i], lots[i])
    return len(ts), written


@entry
def watch(S, A, bucket_ns, ts, log):
    """Time passes. Returns (whether `ts` is reached, lines written); it is not where `log` is full."""
    return close_until(S[0], A, ts, bucket_ns, log, 0)


@entry
def lose(S, A):
    """The feed has a gap."""
    volume.forget(S[0], A, S[0].markets[0])


@entry
def averages(S, found, usable):
    """Every average of every period by kind and volume type, NaN where nothing is known, and whether it counts."""
    s = S[0]
    m = s.markets[0]
    for p in range(s.periods_n):
        period = m.periods[p]
        for kind in range(MA_TYPES):
            usable[p, kind] = volume.full(s, m, period, kind)
            known = period.seeded == 1 if kind == EWMA else m.clean > 0
            for volume_type in range(VOLUME_TYPES):
                found[p, kind, volume_type] = volume.average(m, period, kind, volume_type) if known else np.nan


@part
def close_until(s, A, ts, bucket_ns, log, written):
    """Close and note the buckets before the one of `ts`, as long as there is room for their lines."""
    m = s.markets[0]
    number = ts // bucket_ns
    if m.bucket == 0 or number - m.bucket > volume.SILENCE:
        s.now = number * volume.BUCKET_NS + (1 if ts % bucket_ns != 0 else 0)
        volume.advance(s, A, m, number)
    while m.bucket < number:
        if written == len(log):
            return False, written
        s.now = (m.bucket + 1) * volume.BUCKET_NS
        close(s, A, m, log[written])
        written += 1
    return True, written


@part
def close(s, A, m, line):
    """Close the open bucket and note it."""
    line.number = m.bucket
    line.coins = (m.open_volume[0] + m.open_volume[1]) * m.lot_base
    line.money = (m.open_volume[2] + m.open_volume[3]) * m.lot_base * m.tick_size
    for word in range(len(m.above)):
        line.compared[word] = m.compared[word]
        line.was[word] = m.above[word]
    volume.advance(s, A, m, m.bucket + 1)
    for word in range(len(m.above)):
        line.above[word] = m.above[word]
    line.coefficient = m.volume
