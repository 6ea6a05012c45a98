"""Statistics that move with time: volatility and drift of the reference, mark-outs of own fills, shares, basis."""

import math

import numpy as np

from stackedmm.core import rows, shares
from stackedmm.core.machine import part

SECOND = 1_000_000_000
HALF_LIFE_S = 60.0
HOUR_S = 3600.0
MARKOUT_NS = 10 * SECOND
MARKOUT_WEIGHT = 0.1


@part
def tick(s, A):
    """Once a second of row time: returns, shares, basis, mark-outs."""
    seconds = (s.now - s.last_return_ns) * 1e-9
    if seconds < 1.0:
        return
    first = s.last_return_ns == 0
    s.last_return_ns = s.now
    if first:
        seconds = 1.0
    shares.refresh_basis(s, A, min(seconds, 10.0))
    shares.refresh_shares(s, A, seconds)
    mark_out(s, A)
    if s.reference > 0.0 and s.last_reference > 0.0 and seconds < 60.0:
        returned(s, math.log(s.reference / s.last_reference), seconds)
    s.last_reference = s.reference


@part
def returned(s, change, seconds):
    """Enter one reference return: EWMA of its square and of itself, 60 s half-life; the hour's mean of the square."""
    s.variance_s += seconds
    square = change * change / seconds
    short = math.exp(-math.log(2.0) * seconds / min(HALF_LIFE_S, max(s.variance_s, seconds)))
    long = math.exp(-seconds / min(HOUR_S, max(s.variance_s, seconds)))
    s.variance = short * s.variance + (1.0 - short) * square
    s.variance_hour = long * s.variance_hour + (1.0 - long) * square
    s.drift = short * s.drift + (1.0 - short) * change / seconds


@part
def remember_fill(s, A, row):
    """Keep a fill for its mark-out ten seconds later; a full memory forgets the oldest."""
    if s.marks_tail - s.marks_head > s.marks_mask:
        s.marks_head += 1
    cell = s.marks_ring + 4 * (s.marks_tail & s.marks_mask)
    A[cell] = s.now
    A[cell + 1] = np.int64(row.market)
    A[cell + 2] = np.int64(row.marks & rows.ASK)
    A[cell + 3] = row.px
    s.marks_tail += 1


@part
def mark_out(s, A):
    """Fills ten seconds old: how far the mid moved against us since, averaged a side."""
    while s.marks_head < s.marks_tail:
        cell = s.marks_ring + 4 * (s.marks_head & s.marks_mask)
        if s.now - A[cell] < MARKOUT_NS:
            break
        s.marks_head += 1
        m = s.markets[A[cell + 1]]
        side = A[cell + 2]
        if m.usable == 1:
            price = A[cell + 3] * m.tick_size
            against = (1 - 2 * side) * (price - m.mid) / price * 1e4
            m.adverse[side] += MARKOUT_WEIGHT * (against - m.adverse[side])
