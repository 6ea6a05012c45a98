"""What an unreliable gateway remembers: rows held back, troubles of a feed, how often and how long faults strike."""

from typing import Final

import numpy as np

from stackedmm.core import rows
from stackedmm.core.codes import ORDERS
from stackedmm.core.machine import part

NEVER: Final = 1 << 62
HELD: Final = 2048
STALLED: Final = 8192
LEVELS: Final = 2048
BOOKED: Final = 4096
ONE: Final = 1_000_000
CROSSED_LOTS: Final = 7_777_777
CROSSED_NS: Final = 400_000_000

STALL: Final = 1  # kinds of feed trouble: silence, then all at once
BREAK: Final = 2  # a gap is announced, then silence, then a snapshot

HELD_ROW: Final = np.dtype([("due", "i8"), ("fee", "i8"), ("currency", "i8"), ("trade", "i8"), ("row", rows.ROW)])

GATEWAY: Final = np.dtype(
    [
        ("seed", "u8"),
        ("faulty", "i8"),
        # How often and how long, in millionths and ns.
        ("missed_fill", "i8"),
        ("poll_ns", "i8"),  # a missed fill is found after this at the latest
        ("unanswered", "i8"),
        ("timeout_ns", "i8"),
        ("refused_cancel", "i8"),  # a cancel that the venue does not take, though the order lives
        ("false_not_found", "i8"),  # a query answered by a copy of the venue that has not heard of the order yet
        ("feed_trouble", "i8"),  # a timer row
        ("trouble_ns", "i8"),
        ("crossed", "i8"),  # a timer row
        # What is going on.
        ("due", "i8"),  # of the first held row
        ("held_n", "i8"),
        ("held", HELD_ROW, (HELD,)),
        ("trouble", "i8"),
        ("market", "i8"),
        ("since", "i8"),
        ("until", "i8"),
        ("stalled_n", "i8"),
        ("stalled", rows.ROW, (STALLED,)),
        ("levels", rows.ROW, (LEVELS,)),
        ("crossing", "i8"),  # market whose book is crossed by a false level, -1 none
        ("crossing_px", "i8"),
        ("crossing_until", "i8"),
        ("trade", rows.ROW),  # the FILL_ID row that came last
        ("lied", "i8", (ORDERS,)),  # client ids about which the venue was wrong once; it is not wrong twice
        ("sent_n", "i8"),
        ("traded_n", "i8"),
        ("booked_n", "i8"),
        ("booked", "i8", (BOOKED,)),  # trade ids in the order in which the engine booked them
        ("missed", "i8"),
        ("found", "i8"),
        ("troubles", "i8"),
        ("crossings", "i8"),
        ("unheard", "i8"),
        ("refused", "i8"),
        ("denied", "i8"),
        ("overflow", "i8"),  # fills lost for want of room here: never
    ],
    align=True,
)

SENT: Final = np.dtype(
    [
        ("ts", "i8"),
        ("ref", "i8"),
        ("px", "i8"),
        ("qty", "i8"),
        ("quote", "i4"),
        ("market", "u2"),
        ("kind", "u1"),
        ("side", "u1"),
    ]
)
"""A command as it left."""

TRADED: Final = np.dtype(
    [
        ("trade", "i8"),
        ("ref", "i8"),
        ("px", "i8"),
        ("lots", "i8"),
        ("fee", "i8"),
        ("at", "i8"),  # ns, the venue's time
        ("market", "i4"),
        ("side", "i4"),
    ]
)
"""A fill as the venue reported it, missed by the engine or not."""


@part
def draw(g, below):
    """The next number of the gateway's seeded stream, in 0 .. below - 1."""
    s = g.seed
    s ^= s << np.uint64(13)
    s ^= s >> np.uint64(7)
    s ^= s << np.uint64(17)
    g.seed = s
    return np.int64(s >> np.uint64(1)) % below


@part
def strikes(g, millionths):
    """Whether a fault of this probability strikes now."""
    return g.faulty == 1 and millionths > 0 and draw(g, np.int64(ONE)) < millionths


@part
def hold(g, due):
    """A place among the rows held back; the caller has seen that there is one."""
    h = g.held[g.held_n]
    g.held_n += 1
    h.due = due
    g.due = min(g.due, due)
    return h


@part
def copy(to, r):
    """Copy a row."""
    to.ts = r.ts
    to.px = r.px
    to.qty = r.qty
    to.ref = r.ref
    to.lag_us = r.lag_us
    to.market = r.market
    to.kind = r.kind
    to.marks = r.marks


@part
def say(g, now, kind, px, qty, marks):
    """Make a row of the troubled market in the first scratch row."""
    r = g.levels[0]
    r.ts = now
    r.px = px
    r.qty = qty
    r.ref = 0
    r.lag_us = 0
    r.market = g.market
    r.kind = kind
    r.marks = marks | rows.LAST
