"""The memory of trade ids: each fill is booked once, however often and by whatever way it arrives."""

import numpy as np

from stackedmm.core.codes import SEEN_EVICTED
from stackedmm.core.machine import part

MIX = -7046029254386353131
MIX_MARKET = -4417276706812531889


@part
def key_of(market, ident):
    """One number for (market, trade id), never 0."""
    key = ident ^ ((market + 1) * np.int64(MIX_MARKET))
    return key if key != 0 else np.int64(1)


@part
def home(s, key):
    """Where the search for a key begins."""
    return ((key * np.int64(MIX)) >> 20) & s.seen_mask


@part
def first_time(s, A, market, ident):
    """Remember a trade id; False if it is known. The oldest is forgotten when half the table is used, and counted."""
    key = key_of(market, ident)
    i = home(s, key)
    while A[s.seen_table + i] != 0:
        if A[s.seen_table + i] == key:
            return False
        i = (i + 1) & s.seen_mask
    half = (s.seen_mask + 1) >> 1
    cell = s.seen_ring + (s.seen_n & (half - 1))
    if s.seen_n >= half:
        forget(s, A, A[cell])
        s.events[SEEN_EVICTED] += 1
        i = home(s, key)
        while A[s.seen_table + i] != 0:
            i = (i + 1) & s.seen_mask
    A[s.seen_table + i] = key
    A[cell] = key
    s.seen_n += 1
    return True


@part
def forget(s, A, key):
    """Take a key out of the table, closing the gap."""
    i = home(s, key)
    while A[s.seen_table + i] != key:
        i = (i + 1) & s.seen_mask
    j = i
    while True:
        j = (j + 1) & s.seen_mask
        if A[s.seen_table + j] == 0:
            break
        if ((j - home(s, A[s.seen_table + j])) & s.seen_mask) >= ((j - i) & s.seen_mask):
            A[s.seen_table + i] = A[s.seen_table + j]
            i = j
    A[s.seen_table + i] = 0
