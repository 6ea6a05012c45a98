"""The live loop's own record: where its arrays lie, how far it has come, what is asked of it and how it ended."""

from typing import Final

import numpy as np

from stackedmm.engine.arm import ARMAMENT

FRAME: Final = np.dtype([("length", "u4"), ("kind", "u2"), ("spare", "u2"), ("number", "i8")])
"""What precedes every payload on the engine's socket. `length` is the payload's, in bytes."""

# Kinds of frames. To the engine:
TAKE: Final = 1  # ROWs; `number` is the first one's
STOP: Final = 2
# From the engine; `number` is of the last row stepped:
COMMANDS: Final = 3
ANSWERS: Final = 4
BEAT: Final = 5
ENDED: Final = 6  # like BEAT; the last

BEAT_ROW: Final = np.dtype(
    [
        ("row_ns", "i8"),  # row time reached
        ("stepped", "i8"),  # rows stepped, those of the simulated venues included
        ("told", "i8"),  # `INSTRUMENTS.told`
        ("delay_ns", "i8"),  # from the sender's stamp to the decision
        ("ticket", "i8"),  # of what was last put in force
    ]
)

# How the loop ended.
RUNNING: Final = 0
STOPPED: Final = 1
CLOSED: Final = 2
BROKEN: Final = 3  # an error of the socket, `errno` says which
MISLED: Final = 4  # a frame that is none, or not the next
OVERFLOWED: Final = 5  # more rows ahead of row time than there is room for
ENDINGS: Final = {
    RUNNING: "running",
    STOPPED: "stopped",
    CLOSED: "the gateway has gone",
    BROKEN: "the socket failed",
    MISLED: "the gateway sent what was not the next frame",
    OVERFLOWED: "the market ran too far ahead of row time",
}

SLOTS: Final = 32
"""Prepared sets and revisions that may wait for their rows."""
STORES: Final = 2048
STORE_BYTES: Final = 1 << 15
DELAYS: Final = 4096

ARMED: Final = np.dtype(
    [
        ("ticket", "i8"),
        ("arms", "i8"),  # 1: `given` is put in force
        ("given", ARMAMENT),
        ("stores_n", "i8"),  # settings stored into the state: offset, bytes, and whether only before the opening
        ("store_at", "i8", (STORES,)),
        ("store_size", "i8", (STORES,)),
        ("store_once", "i8", (STORES,)),
        ("bytes_at", "i8"),  # address of `stored`
        ("stored", "u1", (STORE_BYTES,)),
    ],
    align=True,
)
"""What a RULE_SET row with this ticket puts in force."""

INSTRUMENTS: Final = np.dtype(
    [
        ("fd", "i8"),  # -1: no socket, one call takes the rows given
        ("paper", "i8"),  # the simulated venues run inside; else rows are stepped as they come
        ("given", "i8"),  # rows in the array of rows given
        ("number", "i8"),  # of the last row taken
        ("row_ns", "i8"),  # row time reached
        ("stepped", "i8"),
        ("local_n", "i8"),  # rows in the two arrays of what is to come
        ("exchange_n", "i8"),
        ("awaited", "i8"),  # market rows taken: how far their source has been read
        ("late", "i8"),  # rows that came behind row time
        ("late_exchange", "i8"),  # rows whose exchange time lay behind row time
        ("told", "i8"),  # runs over every command: equal decisions, equal number
        ("ticket", "i8"),
        ("unknown_tickets", "i8"),
        ("ending", "i8"),
        ("errno", "i8"),
        # Rings that somebody else reads: counts of all ever written.
        ("tape_n", "i8"),
        ("tape_sent", "i8"),
        ("heard_n", "i8"),
        ("heard_sent", "i8"),
        ("delays_n", "i8"),
        ("delays", "i8", (DELAYS,)),  # ns from the stamp of a TIMER row to the decision on it
        # Publication.
        ("now", "i8"),  # monotonic ns at the end of the last frame
        ("publish_due", "i8"),
        ("publish_every", "i8"),  # ns; 0: never
        ("published", "i8"),
        # A copy of everything, where one is asked for.
        ("copy_asked", "i8"),
        ("copy_taken", "i8"),
        ("copy_number", "i8"),
        ("copy_row_ns", "i8"),
        ("copy_local", "i8"),
        ("copy_exchange", "i8"),
        ("copy_told", "i8"),
        ("copy_awaited", "i8"),
        # Addresses and sizes.
        ("clock", "i8", (2,)),
        ("clock_at", "i8"),
        ("head_at", "i8"),
        ("given_at", "i8"),
        ("given_max", "i8"),
        ("beat_at", "i8"),
        ("tape_at", "i8"),
        ("heard_at", "i8"),
        ("from_at", "i8", (6,)),  # state, arena, X, XA, rows to come in local and in exchange order
        ("to_at", "i8", (6,)),
        ("sizes", "i8", (4,)),
        ("page_at", "i8"),
        ("levels_at", "i8", (2, 2)),
    ],
    align=True,
)
"""All in one record, written by the loop alone but for `copy_asked`, `publish_every` and the addresses."""
