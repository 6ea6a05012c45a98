"""The order of time: merges recorded rows, our requests and the venue's answers into what the client sees next.

At equal times: exchange rows, then requests, then answers, then the timer, then local rows.
"""

import numpy as np

from stackedmm.core.machine import entry, leaf, part
from stackedmm.core.rows import DEPTH, LAST, TIMER
from stackedmm.sim import matching, publish, requests, wire
from stackedmm.sim.cold import rare
from stackedmm.sim.state import MASK, NEVER

send = wire.send


@leaf
def exchange_time(r):
    """When the exchange says it happened, ns. Written without signed division: this runs once a row."""
    return (np.int64(np.uint64(r.ts) // np.uint64(1000)) - r.lag_us) * 1000


@leaf
def next_row(x, XA, local_rows, exchange_rows, row):
    """Put the next thing the client sees into `row`; false when there is none (or none up to `x.until`)."""
    i = x.local_at
    if i < x.local_count:
        r = local_rows[i]
        due = r.ts + x.feed_ns
        if due < x.wake:
            hand_out(x, r, due, row)
            return True
    return merge(x, XA, local_rows, exchange_rows, row)


@leaf
def hand_out(x, r, due, row):
    """A recorded row arrives locally."""
    x.local_at += 1
    x.now = due
    row.ts = due
    row.px = r.px
    row.qty = r.qty
    row.ref = r.ref
    row.lag_us = r.lag_us + x.feed_us
    row.market = r.market
    row.kind = r.kind
    row.marks = r.marks
    if x.publish != 0:
        publish.overlay(x, row)


@part
def merge(x, XA, L, E, row):
    """`next_row` where something else than a local row may come first."""
    if x.reissue >= 0 and publish.reissue_next(x, row):
        return True
    local_due = L[x.local_at].ts + x.feed_ns if x.local_at < x.local_count else np.int64(NEVER)
    if x.exchange_due < 0:
        begin(x, E, local_due)
    while True:
        first = min(min(local_due, x.request_due), min(x.answer_due, x.timer_due))
        if x.more != 0 and (local_due == NEVER or x.exchange_due == NEVER):
            return False
        if x.exchange_due <= first:
            if x.exchange_due > x.until or x.exchange_due == NEVER:
                return False
            exchange_until(x, XA, E, min(first, x.until))
        elif first > x.until or (first == x.timer_due and nothing_else(x, local_due)):
            return False
        elif x.request_due <= first:
            requests.arrive(x, XA, x.requests[x.request_head & MASK])
            wire.pop_request(x)
        else:
            x.wake = min(min(x.exchange_due, x.request_due), min(min(x.answer_due, x.timer_due), x.until + 1))
            if x.answer_due <= first:
                if answer_arrives(x, L, row):
                    return True
            elif x.timer_due <= first:
                tick(x, row)
                return True
            else:
                hand_out(x, L[x.local_at], local_due, row)
                return True


@part
def begin(x, E, local_due):
    """The first look at new row arrays: when the exchange goes on, and where the timer's grid begins."""
    rare()
    x.exchange_due = exchange_time(E[x.exchange_at]) if x.exchange_at < x.exchange_count else np.int64(NEVER)
    start = min(local_due, x.exchange_due)
    if x.timer_due == 0 and start < NEVER:
        x.timer_due = (start // x.timer_ns + 1) * x.timer_ns


@part
def nothing_else(x, local_due):
    """Whether nothing but the timer is left."""
    rare()
    return min(min(local_due, x.exchange_due), min(x.request_due, x.answer_due)) == NEVER


@part
def exchange_until(x, XA, E, limit):
    """Apply exchange rows up to a time, or to the first answer they cause."""
    i = x.exchange_at
    count = x.exchange_count
    due = x.exchange_due
    while due <= limit and due <= x.answer_due:
        matching.market_row(x, XA, E[i], due)
        i += 1
        due = exchange_time(E[i]) if i < count else np.int64(NEVER)
    x.exchange_at = i
    x.exchange_due = due


@part
def answer_arrives(x, L, row):
    """The head of the answer ring arrives locally. False: it was a change of the feed that shows nothing."""
    a = x.answers[x.answer_head & MASK]
    due = a.due
    if a.kind == DEPTH:
        if not publish.arrive(x, L, row):
            return False
        x.now = due
        return True
    x.now = due
    row.ts = due
    row.px = a.px
    row.qty = a.lots
    row.ref = a.ref
    row.lag_us = due // 1000 - a.exchange_ns // 1000
    row.market = a.market
    row.kind = a.kind
    row.marks = a.marks
    wire.pop_answer(x)
    return True


@part
def tick(x, row):
    """The timer's grid."""
    rare()
    x.now = x.timer_due
    row.ts = x.timer_due
    row.px = 0
    row.qty = 0
    row.ref = 0
    row.lag_us = 0
    row.market = 0
    row.kind = TIMER
    row.marks = LAST
    x.timer_due += x.timer_ns


@entry
def collect(X, XA, local_rows, exchange_rows, out):
    """Hand out what the client sees next, up to the length of `out`; returns how many rows were written."""
    n = 0
    while n < out.shape[0] and next_row(X[0], XA, local_rows, exchange_rows, out[n]):
        n += 1
    return n


@entry
def send_all(X, XA, commands):
    """Put commands on the wire at the current local time; returns how many the ring took."""
    taken = 0
    for i in range(commands.shape[0]):
        if send(X[0], XA, commands[i]):
            taken += 1
    return taken
