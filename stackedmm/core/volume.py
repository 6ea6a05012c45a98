"""The volume coefficient of one market: public trades in 10 s buckets, averages over periods, pooled ratios.

Cost is O(1) a trade and O(periods) a bucket.
"""

import math

import numpy as np

from stackedmm.core.codes import (
    EWMA,
    METHOD_MAX,
    METHOD_MIN,
    VOLUME_BASE,
    VOLUME_BOTH,
    VOLUME_IMBALANCE,
    VOLUME_QUOTE,
    VOLUME_TYPES,
)
from stackedmm.core.machine import part

BUCKET_NS = 10_000_000_000
EWMA_BUCKETS = 360
"""Exponential averages are kept for periods of up to an hour."""
SILENCE = 65_536
"""Buckets in a row that nobody closed, more than the longest period has: beyond it counting starts anew."""


@part
def trade(s, A, m, sold, px, lots):
    """Enter a public trade in the open bucket."""
    number = s.now // BUCKET_NS
    if number != m.bucket:
        advance(s, A, m, number)
    m.trade_ns = s.now
    m.open_volume[sold] += lots
    m.open_volume[2 + sold] += px * lots


@part
def advance(s, A, m, number):
    """Close buckets up to `number`, empty ones too, and recompute the coefficient after each; never back in time."""
    if m.bucket == 0 or number - m.bucket > SILENCE:
        begin(s, A, m, number)
    if number <= m.bucket:
        return
    for _ in range(number - m.bucket):
        close(s, A, m)
        m.volume = coefficient(s, m)


@part
def begin(s, A, m, number):
    """Start counting; a bucket that is not seen from its first moment does not count."""
    forget(s, A, m)
    m.bucket = number
    m.clean = 0 if s.now % BUCKET_NS == 0 else -1


@part
def close(s, A, m):
    """Close the open bucket: enter it in every period's window and let the oldest one go."""
    index = m.bucket & m.volume_mask
    cell = m.volume_ring + 4 * index
    m.clean += 1
    if m.clean > 0:
        for p in range(s.periods_n):
            slide(A, m, m.periods[p])
    for k in range(4):
        A[cell + k] = m.open_volume[k]
        m.open_volume[k] = 0
    m.bucket += 1


@part
def slide(A, m, period):
    """Move one period's window on by the bucket that closes."""
    oldest = m.volume_ring + 4 * ((m.bucket - period.buckets) & m.volume_mask)
    for k in range(4):
        leaving = A[oldest + k] if m.clean > period.buckets else 0
        period.sums[k] += m.open_volume[k] - leaving
    if period.buckets <= EWMA_BUCKETS:
        weigh(m, period)


@part
def weigh(m, period):
    """Exponential average of one period, alpha = 2 / (n + 1), seeded by the plain average of its first full window."""
    if m.clean < period.buckets:
        return
    alpha = 2.0 / (period.buckets + 1.0)
    for k in range(4):
        if period.seeded == 0:
            period.ewma[k] = period.sums[k] / period.buckets
        else:
            period.ewma[k] += alpha * (m.open_volume[k] - period.ewma[k])
    period.seeded = 1


@part
def forget(s, A, m):
    """The feed has a gap: no window that holds it counts, so all start anew with the next trade or timer."""
    m.bucket = 0
    m.clean = 0
    for word in range(len(m.compared)):
        m.compared[word] = 0
    for p in range(s.periods_n):
        period = m.periods[p]
        period.seeded = 0
        for k in range(4):
            period.sums[k] = 0
            period.ewma[k] = 0.0
    for k in range(4):
        m.open_volume[k] = 0
    m.volume = 1.0


@part
def average(m, period, average_type, volume_type):
    """One average of one volume type, a bucket; ratio and imbalance are those of the averages."""
    n = float(min(m.clean, period.buckets))
    if average_type == EWMA:
        bought, sold = period.ewma[0], period.ewma[1]
        bought_quote, sold_quote = period.ewma[2], period.ewma[3]
    else:
        bought, sold = period.sums[0] / n, period.sums[1] / n
        bought_quote, sold_quote = period.sums[2] / n, period.sums[3] / n
    if volume_type == VOLUME_BASE:
        return bought + sold
    if volume_type == VOLUME_QUOTE:
        return bought_quote + sold_quote
    if volume_type == VOLUME_IMBALANCE:
        return 1.0 + abs(bought - sold) / (bought + sold) if bought + sold > 0.0 else 1.0
    if sold > 0.0:
        return min(max(bought / sold, 0.1), 10.0)
    return 10.0 if bought > 0.0 else 1.0


@part
def full(s, m, period, average_type):
    """Whether a period's window may be used."""
    if average_type == EWMA:
        return period.seeded == 1
    return m.clean >= s.min_fill * period.buckets and m.clean > 0


@part
def coefficient(s, m):
    """min, max or mid of all ratios MA(shorter) / MA(longer) of full windows, within the bounds; 1 if there is none."""
    low = math.inf
    high = -math.inf
    bit = 0
    for average_type in range(2):
        if s.ma_types[average_type] == 0:
            continue
        for volume_type in range(VOLUME_TYPES):
            kinds = 1
            if s.volume_types[volume_type] == 0:
                continue
            if volume_type == VOLUME_BOTH:
                kinds = 2
            for kind in range(kinds):
                one = kind if volume_type == VOLUME_BOTH else volume_type
                for i in range(s.periods_n):
                    for j in range(i + 1, s.periods_n):
                        ratio = pair(s, m, m.periods[i], m.periods[j], average_type, one, bit)
                        bit += 1
                        if ratio >= 0.0:
                            low = min(low, ratio)
                            high = max(high, ratio)
    if high < low:
        return 1.0
    if s.method == METHOD_MIN:
        pooled = low
    elif s.method == METHOD_MAX:
        pooled = high
    else:
        pooled = 0.5 * (low + high)
    return min(max(pooled, s.min_coefficient), s.max_coefficient)


@part
def pair(s, m, shorter, longer, average_type, volume_type, bit):
    """MA(shorter) / MA(longer), or -1 where it does not count; notes which of them stands above."""
    if average_type == EWMA and longer.buckets > EWMA_BUCKETS:
        return -1.0
    if not (full(s, m, longer, average_type) and full(s, m, shorter, average_type)):
        return -1.0
    base = average(m, longer, average_type, volume_type)
    if base <= 0.0:
        return -1.0
    ratio = average(m, shorter, average_type, volume_type) / base
    if ratio != 1.0:
        note(m, bit, ratio > 1.0)
    return ratio


@part
def note(m, bit, above):
    """Remember which of a pair stands above; where that changed the averages have crossed."""
    word = bit >> 6
    mask = np.int64(1) << (bit & 63)
    was = m.above[word] & mask != 0
    if above != was:
        m.above[word] ^= mask
        if m.compared[word] & mask != 0:
            m.crossovers += 1
    m.compared[word] |= mask
