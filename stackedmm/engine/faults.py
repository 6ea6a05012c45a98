"""The loop of fault simulations: between simulated venues and engine stands a gateway that loses, delays and repeats.

The venues' own faults (stackedmm.sim) act on requests and answers. Here fills are missed until a poll or a query
finds them, requests go unanswered, and feeds stall, break off or cross. All of it is drawn from one seed.
"""

import numpy as np

from stackedmm.core import book, rows
from stackedmm.core.codes import ORDERS
from stackedmm.core.machine import entry, part
from stackedmm.core.step import step
from stackedmm.engine import witness
from stackedmm.engine.fault_state import (
    BOOKED,
    BREAK,
    CROSSED_LOTS,
    CROSSED_NS,
    HELD,
    LEVELS,
    NEVER,
    STALLED,
    copy,
    draw,
    hold,
    say,
    strikes,
)
from stackedmm.sim import pump


@entry
def drive(S, A, links, X, XA, G, W, local, exchange, row, out, sent, traded, until):
    """Run until row time `until`; a CONTROL row in `row` is told first. Returns the rows told.

    `sent` gets every command, `traded` every fill the venue reports; the run stops early where one of them is full.
    """
    g = G[0]
    x = X[0]
    r = row[0]
    x.until = until
    told = S[0].rows
    if r.kind == rows.CONTROL:
        r.ts = max(S[0].now, x.now)
        if r.ref == rows.KILL:
            W[0].killed_ns = r.ts
        tell(S, A, links, x, XA, g, W[0], r, out, sent)
    room = len(sent) - len(out)
    while g.sent_n < room and g.traded_n < len(traded) and pump.next_row(x, XA, local, exchange, r):
        if r.kind == rows.LIVE and g.lied[r.ref & (ORDERS - 1)] != r.ref and strikes(g, g.false_not_found):
            g.lied[r.ref & (ORDERS - 1)] = r.ref
            r.kind = rows.NOT_FOUND
            g.denied += 1
        if not kept_back(g, r, traded):
            tell(S, A, links, x, XA, g, W[0], r, out, sent)
            if r.kind == rows.LIVE or r.kind == rows.CANCELED:
                query_found(g, r)
        if g.due <= r.ts:
            release(S, A, links, x, XA, g, W[0], out, sent, np.int64(r.ts))
        if r.kind == rows.TIMER:
            disturb(S, A, links, x, XA, g, W[0], out, sent, np.int64(r.ts))
            witness.look(W[0], S[0], x)
    return S[0].rows - told


@part
def tell(S, A, links, x, XA, g, w, r, out, sent):
    """A row reaches the engine, and its commands leave."""
    s = S[0]
    step(S, A, links, r, out)
    for i in range(s.out_n):
        c = out[i]
        if c.kind == rows.PLACE:
            silent = s.now - g.since if g.trouble != 0 and g.market == c.market else np.int64(0)
            witness.create_leaves(w, s, A, c, silent)
        t = sent[g.sent_n]
        g.sent_n += 1
        t.ts = c.ts
        t.ref = c.ref
        t.px = c.px
        t.qty = c.qty
        t.quote = c.quote
        t.market = c.market
        t.kind = c.kind
        t.side = c.side
        if c.kind == rows.CANCEL and strikes(g, g.refused_cancel):
            answer_later(g, c, rows.CANCEL_REJECT, s.now, x.markets[c.market].entry_ns)
            g.refused += 1
            continue
        pump.send(x, XA, c)
        if c.kind != rows.QUERY and strikes(g, g.unanswered):
            answer_later(g, c, rows.UNANSWERED, s.now, g.timeout_ns)
            g.unheard += 1
    if s.out_n > 0:
        s.out_n = 0
        witness.look(w, s, x)


# --- fills that are missed, requests that go unanswered ---


@part
def answer_later(g, c, kind, now, wait):
    """The gateway itself will say something of a request, for instance that it gave up waiting."""
    if g.held_n >= HELD // 2:
        return
    h = hold(g, now + wait)
    h.trade = 0
    h.row.ts = now + wait
    h.row.px = 0
    h.row.qty = 0
    h.row.ref = c.ref
    h.row.lag_us = 0
    h.row.market = c.market
    h.row.kind = kind
    h.row.marks = rows.LAST


@part
def kept_back(g, r, traded):
    """Whether a row does not reach the engine now: a fill that is missed, or a market's rows while its feed stands."""
    if r.kind == rows.FILL_ID:
        copy(g.trade, r)
        return True
    if r.kind == rows.FILL:
        t = traded[g.traded_n]
        g.traded_n += 1
        t.trade = g.trade.ref
        t.ref = r.ref
        t.px = r.px
        t.lots = r.qty
        t.fee = g.trade.px
        t.at = (r.ts // 1000 - r.lag_us) * 1000
        t.market = r.market
        t.side = r.marks & rows.ASK
        missed = strikes(g, g.missed_fill)
        wait = g.poll_ns if missed else np.int64(0)
        g.missed += missed
        if g.held_n < HELD:
            h = hold(g, r.ts + wait)
            h.fee = g.trade.px
            h.currency = g.trade.qty
            h.trade = g.trade.ref
            copy(h.row, r)
        else:
            g.overflow += 1
        return True
    if g.trouble != 0 and g.market == r.market and r.kind <= rows.GAP and g.stalled_n < STALLED:
        copy(g.stalled[g.stalled_n], r)
        g.stalled_n += 1
        return True
    return False


@part
def query_found(g, r):
    """A query's answer: the gateway has looked for the order's trades too, and hands over what was missed soon."""
    for i in range(g.held_n):
        h = g.held[i]
        if h.trade != 0 and h.row.ref == r.ref and h.due > r.ts:
            h.due = min(h.due, r.ts + draw(g, np.int64(300_000_000)))
            g.due = min(g.due, h.due)
            g.found += 1


@part
def release(S, A, links, x, XA, g, w, out, sent, now):
    """Hand over the rows whose time has come, in the order in which they were held back."""
    s = S[0]
    kept = np.int64(0)
    g.due = NEVER
    count = g.held_n
    for i in range(count):
        h = g.held[i]
        if h.due > now:
            g.due = min(g.due, h.due)
            g.held[kept] = h
            kept += 1
            continue
        r = h.row
        r.lag_us += max(now - r.ts, 0) // 1000
        r.ts = max(now, s.now)
        if h.trade != 0:
            s.trade_id = h.trade
            s.fee = h.fee
            s.fee_currency = h.currency
        before = g.held_n
        booked = s.ledger.fills
        tell(S, A, links, x, XA, g, w, r, out, sent)
        if s.ledger.fills > booked:
            g.booked[g.booked_n & (BOOKED - 1)] = h.trade
            g.booked_n += 1
        for k in range(before, g.held_n):
            g.due = min(g.due, g.held[k].due)
    for k in range(count, g.held_n):
        g.held[kept] = g.held[k]
        kept += 1
    g.held_n = kept


# --- feeds ---


@part
def disturb(S, A, links, x, XA, g, w, out, sent, now):
    """At each timer row: troubles of the feed begin and end."""
    s = S[0]
    if g.crossing >= 0 and now >= g.crossing_until:
        uncross(S, A, links, x, XA, g, w, out, sent, now)
    if g.trouble != 0 and (now >= g.until or g.stalled_n == STALLED):
        resume(S, A, links, x, XA, g, w, out, sent, now)
    if g.trouble == 0 and g.crossing < 0 and strikes(g, g.feed_trouble):
        g.market = draw(g, s.markets_n)
        g.trouble = 1 + draw(g, np.int64(2))
        g.since = now
        g.until = now + g.trouble_ns // 4 + draw(g, g.trouble_ns)
        g.troubles += 1
        if g.trouble == BREAK:
            say(g, now, rows.GAP, 0, 0, 0)
            tell(S, A, links, x, XA, g, w, g.levels[0], out, sent)
    if g.trouble == 0 and g.crossing < 0 and strikes(g, g.crossed):
        market = draw(g, s.markets_n)
        other = s.books[market, 1].best
        if other != book.NONE:
            g.crossing = market
            g.crossing_px = -other
            g.crossing_until = now + CROSSED_NS
            g.crossings += 1
            g.market = market
            say(g, now, rows.DEPTH, -other, CROSSED_LOTS, 0)
            tell(S, A, links, x, XA, g, w, g.levels[0], out, sent)


@part
def uncross(S, A, links, x, XA, g, w, out, sent, now):
    """The false level goes, if it is still there."""
    b = S[0].books[g.crossing, 0]
    if book.lots_at(b, A, g.crossing_px) == CROSSED_LOTS:
        market = g.market
        g.market = g.crossing
        say(g, now, rows.DEPTH, g.crossing_px, 0, 0)
        g.market = market
        tell(S, A, links, x, XA, g, w, g.levels[0], out, sent)
    g.crossing = -1


@part
def resume(S, A, links, x, XA, g, w, out, sent, now):
    """A feed comes back: after a break a snapshot of what was last known, then everything held back, all at once."""
    trouble = g.trouble
    g.trouble = 0
    if trouble == BREAK:
        n = picture(S[0], A, g, now)
        for i in range(n):
            tell(S, A, links, x, XA, g, w, g.levels[i], out, sent)
    for i in range(g.stalled_n):
        r = g.stalled[i]
        r.lag_us += (now - r.ts) // 1000
        r.ts = now
        tell(S, A, links, x, XA, g, w, r, out, sent)
    g.stalled_n = 0


@part
def picture(s, A, g, now):
    """The engine's book of the troubled market as snapshot rows, CLEAR first; returns how many."""
    say(g, now, rows.CLEAR, 0, 0, 0)
    g.levels[0].marks = rows.SNAPSHOT
    n = 1
    for side in range(2):
        b = s.books[g.market, side]
        key = b.best
        while key != book.NONE and n < LEVELS:
            copy(g.levels[n], g.levels[0])
            g.levels[n].kind = rows.DEPTH
            g.levels[n].px = key * b.sign
            g.levels[n].qty = book.lots_at(b, A, key)
            g.levels[n].marks = rows.SNAPSHOT | side
            n += 1
            key = book.next_level(b, A, key)
    g.levels[n - 1].marks |= rows.LAST
    return n
