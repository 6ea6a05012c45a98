"""Our side of the plain comparison: a two-sided quoter on the product's books against its simulated venue.

It decides for every venue on every message, or every 100 ms, and is written like the peer's: nothing of the engine but
`core.book` and `sim`. An order whose target moved, or that is older than 30 s, is cancelled and its replacement sent at
once.
"""

import math
import time
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from stackedmm.core import book, rows
from stackedmm.core.machine import entry, part, view
from stackedmm.core.recording import Recording
from stackedmm.sim import build, feed, pump

MARKETS = 10
HALF_TICKS = 2.0
TIMEOUT_NS = 30_000_000_000
ORDER_NS = 2_000_000
FEES = (Decimal("-0.00005"), Decimal("0.0005"))

NOTHING, SENT, LIVE, LEAVING = range(4)
ORDER = np.dtype([("ref", "i8"), ("px", "i8"), ("sent_ns", "i8"), ("life", "i8")], align=True)
QUOTER = np.dtype(
    [
        ("books", book.SIDE, (MARKETS, 2)),
        ("orders", ORDER, (MARKETS, 2)),
        ("position", "i8", (MARKETS,)),  # lots
        ("away", "f8", (MARKETS, 2)),  # ticks from the mid, a side
        ("markets_n", "i8"),
        ("lots", "i8"),  # of each order
        ("most", "i8"),  # position at which a side stops
        ("by_timer", "i8"),
        ("refs", "i8"),
        ("decisions", "i8"),
        ("submits", "i8"),
        ("fills", "i8"),
        ("refused", "i8"),
    ],
    align=True,
)


@part
def send(x, XA, c, kind, market, side, ref, px, lots):
    """Put one command on the wire."""
    c.kind = kind
    c.market = market
    c.side = side
    c.ref = ref
    c.px = px
    c.qty = lots
    c.marks = rows.POST_ONLY
    pump.send(x, XA, c)


@part
def follow(s, x, XA, c, market, side, px, open_side):
    """Keep the order of one side where it should be."""
    o = s.orders[market, side]
    if o.life == LIVE and (not open_side or o.px != px or x.now - o.sent_ns > TIMEOUT_NS):
        send(x, XA, c, rows.CANCEL, market, side, o.ref, o.px, s.lots)
        o.life = NOTHING
    if o.life == NOTHING and open_side:
        s.refs += 1
        o.ref = s.refs
        o.px = px
        o.sent_ns = x.now
        o.life = SENT
        s.submits += 1
        send(x, XA, c, rows.PLACE, market, side, o.ref, px, s.lots)


@part
def lean(s, market):
    """How far from the mid each side stands with the position of now."""
    c = s.position[market] / s.most
    s.away[market, 0] = HALF_TICKS * (1.0 + max(c, -0.9))
    s.away[market, 1] = HALF_TICKS * (1.0 - min(c, 0.9))


@part
def decide(s, x, XA, c, market):
    """Quote two ticks around the mid, leaning against the position."""
    bid = s.books[market, 0].best
    ask = -s.books[market, 1].best
    if bid <= 0 or ask > 1 << 60 or ask <= bid:
        return
    s.decisions += 1
    middle = 0.5 * (bid + ask)
    buy = np.int64(math.floor(middle - s.away[market, 0]))
    sell = np.int64(math.ceil(middle + s.away[market, 1]))
    follow(s, x, XA, c, market, 0, min(buy, ask - 1), s.position[market] < s.most)
    follow(s, x, XA, c, market, 1, max(sell, bid + 1), s.position[market] > -s.most)


@part
def answered(s, r):
    """The venue's word on an order: which one it is, and what it does to the position."""
    market = np.int64(r.market)
    if r.kind == rows.FILL:
        side = np.int64(r.marks & rows.ASK)
        s.position[market] += (1 - 2 * side) * r.qty
        s.fills += 1
        lean(s, market)
    elif r.kind == rows.REJECT:
        s.refused += 1
    for side in range(2):
        o = s.orders[market, side]
        if o.ref == r.ref and r.kind != rows.FILL_ID:
            if r.kind == rows.ACK:
                o.life = LIVE if o.life == SENT else o.life
            elif r.kind != rows.CANCEL_REJECT:
                o.life = NOTHING


@entry
def run(S, A, X, XA, local, exchange, row, command):
    """Follow the rows to their end; returns how many were handed out."""
    s = S[0]
    x = X[0]
    r = row[0]
    c = command[0]
    n = 0
    while pump.next_row(x, XA, local, exchange, r):
        n += 1
        if r.kind == rows.DEPTH:
            side = np.int64(r.marks & rows.ASK)
            book.put(s.books[r.market, side], A, r.px * (1 - 2 * side), r.qty)
        elif r.kind >= rows.ACK and r.kind <= rows.NOT_FOUND:
            answered(s, r)
            continue
        elif r.kind == rows.TIMER:
            for market in range(s.markets_n):
                decide(s, x, XA, c, np.int64(market))
            continue
        elif r.kind == rows.CLEAR:
            for side in range(2):
                book.clear(s.books[r.market, side], A)
        if r.marks & rows.LAST != 0 and s.by_timer == 0:
            for market in range(s.markets_n):
                decide(s, x, XA, c, np.int64(market))
    return n


class Counted(NamedTuple):
    """One run."""

    seconds: float
    decisions: int
    submits: int
    fills: int


def backtest(
    recording: Recording, *, every_ms: int = 0, publish: bool = False, lots: int = 100, most: int = 1000
) -> Counted:
    """Quote over a recording, deciding on each message or every so many milliseconds."""
    n = len(recording.markets)
    price = int(recording.local["px"][recording.local["kind"] == rows.DEPTH][0])
    S: Any = np.zeros(1, QUOTER)
    s = S[0]
    window = book.window_for(price)
    A = np.zeros(2 * n * book.words_for(window, 8192), np.int64)
    offset = 0
    for i in range(n):
        for side in range(2):
            offset = book.place_side(s["books"][i, side], 1 - 2 * side, offset, window, 8192)
    s["markets_n"], s["lots"], s["most"], s["by_timer"] = n, lots, most, int(every_ms > 0)
    s["away"] = HALF_TICKS
    X, XA = build.build(
        recording.markets,
        latency_ns=ORDER_NS,
        queue="power_prob",
        timer_ns=every_ms * 1_000_000,
        publish=publish,
        price_hints=[price] * n,
        fees=[FEES] * n,
    )
    feed.attach(X, recording.local, recording.exchange)
    row, command = np.zeros(1, rows.ROW), np.zeros(1, rows.COMMAND)
    given = [view(each) for each in (recording.local, recording.exchange, row, command)]
    begun = time.perf_counter()
    run(view(S), A, X, XA, *given)
    return Counted(time.perf_counter() - begun, int(s["decisions"]), int(s["submits"]), int(s["fills"]))
