"""The engine's loop as it runs beside people: rows come from a socket or an array, and are stepped without the GIL.

A market row waits until row time reaches it; a TIMER row moves row time, and with it the simulated venues, whose
rows and timers are stepped on the way; any other row is stepped at once. Where there are no simulated venues inside,
every row is stepped at once.
"""

import numpy as np

from stackedmm.core import rows
from stackedmm.core.codes import PARAMS, RULES
from stackedmm.core.machine import entry, part
from stackedmm.core.shape import FIRST_RULE
from stackedmm.core.step import step
from stackedmm.engine import libc, page
from stackedmm.engine.instruments import (
    ANSWERS,
    BEAT,
    BROKEN,
    CLOSED,
    COMMANDS,
    DELAYS,
    ENDED,
    MISLED,
    OVERFLOWED,
    RUNNING,
    STOP,
    STOPPED,
    TAKE,
)
from stackedmm.sim import pump
from stackedmm.sim.state import NEVER

ROW_BYTES = rows.ROW.itemsize
COMMAND_BYTES = rows.COMMAND.itemsize
HEAD_BYTES = 16
BEAT_BYTES = 40
FAR = NEVER // 2
"""A time that no row time reaches: of the row that stands behind all others."""


@entry
def live(S, A, links, X, XA, D, local, exchange, given, row, out, tape, heard, armed, head, beat, P, levels):
    """Take the rows given, or all that the socket brings until it ends; returns how it ended (`ENDINGS`).

    `local`, `exchange`: rows to come, in both orders. `row`, `out`: scratch. `tape`, `heard`: rings of what was sent
    and of what was answered. `armed`: what RULE_SET rows put in force. `head`, `beat`: scratch for frames. `P`,
    `levels`: what is published. The rest as in `loop.run`.
    """
    d = D[0]
    if d.fd < 0:
        for i in range(d.given):
            take(S, A, links, X, XA, d, local, exchange, given[i], row, out, tape, heard, armed, head)
        return d.ending
    while d.ending == RUNNING:
        if not libc.read_all(d, d.head_at, np.int64(HEAD_BYTES)):
            d.ending = CLOSED if d.errno == 0 else BROKEN
        elif head[0].kind == STOP:
            d.ending = STOPPED
        elif head[0].kind != TAKE or head[0].number != d.number + 1 or head[0].length > d.given_max * ROW_BYTES:
            d.ending = MISLED
        elif not libc.read_all(d, d.given_at, np.int64(head[0].length)):
            d.ending = CLOSED if d.errno == 0 else BROKEN
        else:
            d.given = np.int64(head[0].length) // ROW_BYTES
            stamp = np.int64(0)
            for i in range(d.given):
                take(S, A, links, X, XA, d, local, exchange, given[i], row, out, tape, heard, armed, head)
                if given[i].kind == rows.TIMER:
                    stamp = given[i].ref
            finish(S, A, X, d, local, exchange, tape, heard, head, beat, stamp, P, levels)
    say_end(S, A, d, head, beat, P, levels)
    return d.ending


@part
def take(S, A, links, X, XA, d, local, exchange, r, row, out, tape, heard, armed, head):
    """One row of the sequence."""
    d.number += 1
    x = X[0]
    if rows.DEPTH <= r.kind <= rows.GAP:
        d.awaited += 1
    if d.paper == 1 and rows.DEPTH <= r.kind <= rows.GAP:
        await_row(x, d, local, exchange, r)
    elif d.paper == 1 and r.kind == rows.TIMER:
        run_to(S, A, links, X, XA, d, local, exchange, r.ts, row, out, tape, heard, head)
    else:
        if r.kind == rows.RULE_SET and r.px > 0:
            put_in_force(S, links, d, armed, r.px)
        if d.paper == 1:
            x.now = max(x.now, r.ts)
        d.row_ns = max(d.row_ns, r.ts)
        one(S, A, links, r, out)
        d.stepped += 1
        carry(S, X, XA, d, out, tape, heard, head)


@part
def one(S, A, links, r, out):
    """`step`, compiled once for all who call it here."""
    step(S, A, links, r, out)


@part
def await_row(x, d, local, exchange, r):
    """A market's row to come: it enters both orders. One that comes too late happens as soon as it still can."""
    if d.local_n + 1 >= local.shape[0] or d.exchange_n + 1 >= exchange.shape[0]:
        close_up(x, d, local, exchange)
        if d.local_n + 1 >= local.shape[0] or d.exchange_n + 1 >= exchange.shape[0]:
            d.ending = OVERFLOWED
            return
    i = d.local_n
    local[i] = r
    if local[i].ts <= d.row_ns:
        local[i].ts = d.row_ns + 1
        d.late += 1
    d.local_n += 1
    new = local[i]
    due = pump.exchange_time(new)
    lag_us = np.int64(new.lag_us)
    if due <= d.row_ns:
        lag_us = new.ts // 1000 - (d.row_ns // 1000 + 1)
        due = (d.row_ns // 1000 + 1) * 1000
        d.late_exchange += 1
    j = d.exchange_n
    while j > x.exchange_at and pump.exchange_time(exchange[j - 1]) > due:
        exchange[j] = exchange[j - 1]
        j -= 1
    exchange[j] = new
    exchange[j].lag_us = lag_us
    d.exchange_n += 1


@part
def close_up(x, d, local, exchange):
    """Drop what has been handed out."""
    n = d.local_n - x.local_at
    for i in range(n):
        local[i] = local[x.local_at + i]
    d.local_n = n
    x.local_at = 0
    n = d.exchange_n - x.exchange_at
    for i in range(n):
        exchange[i] = exchange[x.exchange_at + i]
    d.exchange_n = n
    x.exchange_at = 0


@part
def run_to(S, A, links, X, XA, d, local, exchange, until, row, out, tape, heard, head):
    """Row time reaches `until`: step everything that happens up to it."""
    s = S[0]
    x = X[0]
    if until <= d.row_ns or (d.local_n == 0 and x.timer_due == 0):
        return
    end_with(local, d.local_n)
    end_with(exchange, d.exchange_n)
    x.local_count = d.local_n + 1
    x.exchange_count = d.exchange_n + 1
    x.more = 0
    x.wake = 0
    x.exchange_due = -1
    x.until = until
    r = row[0]
    while pump.next_row(x, XA, local, exchange, r):
        one(S, A, links, r, out)
        d.stepped += 1
        if rows.ACK <= r.kind <= rows.UNANSWERED:
            heard[d.heard_n % heard.shape[0]] = r
            libc.fence()
            d.heard_n += 1
        if s.out_n > 0:
            carry(S, X, XA, d, out, tape, heard, head)
    d.row_ns = until


@part
def end_with(array, n):
    """Behind the last row there always is one more, which never happens: time goes on where no rows come."""
    r = array[n]
    r.ts = FAR
    r.px = 0
    r.qty = 0
    r.ref = 0
    r.lag_us = 0
    r.market = 0
    r.kind = rows.TIMER
    r.marks = rows.LAST


@part
def carry(S, X, XA, d, out, tape, heard, head):
    """Commands go to the simulated venues or to the socket, and on the tape."""
    s = S[0]
    for i in range(s.out_n):
        c = out[i]
        if d.paper == 1:
            pump.send(X[0], XA, c)
        tape[d.tape_n % tape.shape[0]] = c
        libc.fence()
        d.tape_n += 1
        for word in (c.ref, c.px, c.qty, c.ts, np.int64(c.market) << 16 | np.int64(c.kind) << 8 | np.int64(c.reason)):
            d.told = (d.told ^ word) * 0x100000001B3
            d.told ^= (d.told >> 29) & 0x7FFFFFFFF
    s.out_n = 0
    if d.fd >= 0 and (d.tape_n - d.tape_sent) * 2 > tape.shape[0]:
        hand_over(d, tape, heard, head)


@part
def put_in_force(S, links, d, armed, ticket):
    """What was prepared under a ticket takes effect, between two steps."""
    a = armed[ticket % armed.shape[0]]
    libc.fence()
    if a.ticket != ticket:
        d.unknown_tickets += 1
        return
    s = S[0]
    if a.arms == 1:
        for i in range(RULES):
            s.rules[i] = a.given.rules[i]
            links[FIRST_RULE + i] = a.given.addresses[i]
        for i in range(PARAMS):
            s.params[i] = a.given.params[i]
        s.rules_n = a.given.rules_n
        s.rules_digest = a.given.digest
        s.imbalance_unread = a.given.imbalance_unread
    at = a.bytes_at
    for i in range(a.stores_n):
        if a.store_once[i] == 0 or s.opened == 0:
            libc.copy(d.from_at[0] + a.store_at[i], at, a.store_size[i])
        at += a.store_size[i]
    d.ticket = ticket


@part
def finish(S, A, X, d, local, exchange, tape, heard, head, beat, stamp, P, levels):
    """A frame is done: what was decided goes out, then the heartbeat; then what others want to see."""
    hand_over(d, tape, heard, head)
    d.now = libc.monotonic(d)
    delay = np.int64(0)
    if stamp > 0:
        delay = d.now - stamp
        d.delays[d.delays_n % DELAYS] = delay
        d.delays_n += 1
    pulse(d, head, beat, np.int64(BEAT), delay)
    if d.publish_every > 0 and d.now >= d.publish_due:
        page.publish(S, A, d, P, levels)
        d.publish_due = d.now + d.publish_every
    if d.copy_asked > d.copy_taken:
        page.copy_all(X, d, local, exchange)


@part
def hand_over(d, tape, heard, head):
    """Send what stands in the rings and was not sent yet."""
    while d.tape_sent < d.tape_n and d.ending == RUNNING:
        first = d.tape_sent % tape.shape[0]
        n = min(d.tape_n - d.tape_sent, tape.shape[0] - first)
        post(d, head, np.int64(COMMANDS), d.tape_at + first * COMMAND_BYTES, n * COMMAND_BYTES)
        d.tape_sent += n
    while d.heard_sent < d.heard_n and d.ending == RUNNING:
        first = d.heard_sent % heard.shape[0]
        n = min(d.heard_n - d.heard_sent, heard.shape[0] - first)
        post(d, head, np.int64(ANSWERS), d.heard_at + first * ROW_BYTES, n * ROW_BYTES)
        d.heard_sent += n


@part
def pulse(d, head, beat, kind, delay):
    """The heartbeat: where the engine is."""
    b = beat[0]
    b.row_ns = d.row_ns
    b.stepped = d.stepped
    b.told = d.told
    b.delay_ns = delay
    b.ticket = d.ticket
    post(d, head, kind, d.beat_at, np.int64(BEAT_BYTES))


@part
def post(d, head, kind, address, size):
    """Send one frame."""
    h = head[0]
    h.length = size
    h.kind = kind
    h.spare = 0
    h.number = d.number
    if not libc.write_all(d, d.head_at, np.int64(HEAD_BYTES)) or not libc.write_all(d, address, size):
        d.ending = BROKEN


@part
def say_end(S, A, d, head, beat, P, levels):
    """The last publication and, where somebody listens, the last word."""
    if d.publish_every > 0:
        page.publish(S, A, d, P, levels)
    if d.ending == STOPPED:
        pulse(d, head, beat, np.int64(ENDED), np.int64(0))
