"""What a venue remembers of client ids: a ring of entries in the arena, chained from a hash table that finds them.

When the ring is full the oldest entry that is not resting is forgotten, and counted. Ids are mostly counters: their
low bits are the hash, so that neighbours in time are neighbours in memory.
"""

from stackedmm.core.machine import leaf, part
from stackedmm.sim.state import ID_FORGOTTEN, REFUSED, RESTING, WORDS


@leaf
def home(x, ref):
    """Arena offset of the head of the chain in which a client id stands."""
    return x.table + (ref & x.table_mask)


@part
def find(x, XA, ref):
    """Arena offset of what is remembered of a client id, 0 or less if nothing."""
    at = XA[home(x, ref)]
    while at > 0 and XA[at] != ref:
        at = XA[at + 5]
    return at


@part
def remember(x, XA, ref, market):
    """Enter a client id not seen before, as refused until more is known; returns its arena offset."""
    at = x.memory + WORDS * (x.memory_at & x.memory_mask)
    while XA[at + 2] == RESTING:
        x.memory_at += 1
        at = x.memory + WORDS * (x.memory_at & x.memory_mask)
    if XA[at + 2] != 0:
        forget(x, XA, at)
        x.counts[ID_FORGOTTEN] += 1
    x.memory_at += 1
    x.memory_n += 1
    chain = home(x, ref)
    XA[at] = ref
    XA[at + 1] = market
    XA[at + 2] = REFUSED
    XA[at + 3] = 0
    XA[at + 4] = -1
    XA[at + 5] = XA[chain]
    XA[chain] = at
    return at


@part
def forget(x, XA, at):
    """Take an entry out of its chain."""
    link = home(x, XA[at])
    while XA[link] != at:
        link = XA[link] + 5
    XA[link] = XA[at + 5]
