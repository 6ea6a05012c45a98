"""The two wires between client and venue: bounded rings in order of arrival, with latency and seeded faults."""

import numpy as np

from stackedmm.core.machine import part
from stackedmm.core.rows import ASK, FILL, FILL_ID, LAST, MAKER, PLACE
from stackedmm.sim.cold import rare
from stackedmm.sim.state import (
    ANSWER_LOST,
    ANSWERS,
    FAULT_DUPLICATE,
    FAULT_LATE_ANSWER,
    FAULT_LATE_CREATE,
    FAULT_LOST_ANSWER,
    FAULT_LOST_FILL,
    FAULT_LOST_REQUEST,
    FAULT_REORDERED,
    MASK,
    NEVER,
    ONE,
    REQUEST_LOST,
    REQUESTS,
    RING,
)


@part
def draw(x, below):
    """The next number of the seeded stream (xorshift64), in 0 .. below - 1."""
    rare()
    s = x.seed
    s ^= s << np.uint64(13)
    s ^= s >> np.uint64(7)
    s ^= s << np.uint64(17)
    x.seed = s
    return np.int64(s >> np.uint64(1)) % below


@part
def happens(x, millionths, count):
    """Whether a fault of this probability strikes now; counted. Draws nothing where the fault is off."""
    rare()
    if millionths <= 0 or draw(x, np.int64(ONE)) >= millionths:
        return False
    x.counts[count] += 1
    return True


@part
def send(x, XA, command):
    """Put a command on the wire at the current local time; false if the ring was full (counted)."""
    x.counts[REQUESTS] += 1
    due = x.now + x.markets[command.market].entry_ns
    if x.faulty != 0:
        if happens(x, x.faults.lost_request, np.int64(FAULT_LOST_REQUEST)):
            return True
        if command.kind == PLACE and happens(x, x.faults.late_create, np.int64(FAULT_LATE_CREATE)):
            due += x.faults.late_create_ns
    if x.request_tail - x.request_head >= RING:
        x.counts[REQUEST_LOST] += 1
        return False
    i = x.request_tail
    while i > x.request_head and x.requests[(i - 1) & MASK].due > due:
        x.requests[i & MASK] = x.requests[(i - 1) & MASK]
        i -= 1
    q = x.requests[i & MASK]
    q.due = due
    q.ref = command.ref
    q.px = command.px
    q.lots = command.qty
    q.market = command.market
    q.kind = command.kind
    q.side = command.side
    q.marks = command.marks
    x.request_tail += 1
    x.request_due = x.requests[x.request_head & MASK].due
    x.wake = min(x.wake, due)
    return True


@part
def insert_answer(x, due):
    """Make room in the answer ring, in order of arrival; -1 if it is full (counted), else the place."""
    if x.answer_tail - x.answer_head >= RING:
        x.counts[ANSWER_LOST] += 1
        return -1
    i = x.answer_tail
    while i > x.answer_head and x.answers[(i - 1) & MASK].due > due:
        x.answers[i & MASK] = x.answers[(i - 1) & MASK]
        i -= 1
    x.answer_tail += 1
    if i == x.answer_head:
        x.answer_due = due
    return i & MASK


@part
def push_answer(x, due, kind, market, ref, px, lots, marks, exchange_ns):
    """Enter one answer row; the caller has drawn its faults."""
    i = insert_answer(x, due)
    if i < 0:
        return
    x.counts[ANSWERS] += 1
    a = x.answers[i]
    a.due = due
    a.px = px
    a.lots = lots
    a.ref = ref
    a.exchange_ns = exchange_ns
    a.need = 0
    a.market = market
    a.kind = kind
    a.marks = marks


@part
def pop_answer(x):
    """Take the head of the answer ring off."""
    x.answer_head += 1
    if x.answer_head == x.answer_tail:  # empty: begin again where memory is warm
        x.answer_head = 0
        x.answer_tail = 0
    x.answer_due = x.answers[x.answer_head & MASK].due if x.answer_head < x.answer_tail else np.int64(NEVER)


@part
def pop_request(x):
    """Take the head of the request ring off."""
    x.request_head += 1
    if x.request_head == x.request_tail:
        x.request_head = 0
        x.request_tail = 0
    x.request_due = x.requests[x.request_head & MASK].due if x.request_head < x.request_tail else np.int64(NEVER)


@part
def copies_sent(x, lost, count):
    """How many copies of an answer leave after faults: 1, and 0 or 2 where one strikes."""
    if x.faulty == 0:
        return 1
    if happens(x, lost, count):
        return 0
    return 2 if happens(x, x.faults.duplicate_answer, np.int64(FAULT_DUPLICATE)) else 1


@part
def arrival(x, market, exchange_ns):
    """When an answer of now arrives, after the faults that delay it."""
    due = exchange_ns + x.markets[market].response_ns
    if x.faulty != 0:
        if happens(x, x.faults.late_answer, np.int64(FAULT_LATE_ANSWER)):
            due += x.faults.late_answer_ns
        if x.faults.reorder_ns > 0 and happens(x, x.faults.reordered_answer, np.int64(FAULT_REORDERED)):
            due += 1 + draw(x, x.faults.reorder_ns)
    return due


@part
def answer(x, market, kind, ref, px, lots, exchange_ns):
    """Answer a request: the row arrives after the market's response latency, if no fault takes it."""
    for _ in range(copies_sent(x, x.faults.lost_answer, np.int64(FAULT_LOST_ANSWER))):
        push_answer(x, arrival(x, market, exchange_ns), kind, market, ref, px, lots, np.int64(LAST), exchange_ns)


@part
def answer_fill(x, market, side, ref, px, lots, maker, fee, currency, exchange_ns):
    """Report a fill, two rows that stay together: its id and fee, then what was filled. Both or neither."""
    rare()
    x.trade_id += 1
    for _ in range(copies_sent(x, x.faults.lost_fill, np.int64(FAULT_LOST_FILL))):
        if x.answer_tail - x.answer_head + 2 > RING:
            x.counts[ANSWER_LOST] += 1
            return
        due = arrival(x, market, exchange_ns)
        push_answer(x, due, np.int64(FILL_ID), market, x.trade_id, fee, currency, np.int64(0), exchange_ns)
        push_answer(x, due, np.int64(FILL), market, ref, px, lots, LAST | MAKER * maker | ASK * side, exchange_ns)
