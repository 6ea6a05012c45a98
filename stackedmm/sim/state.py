"""What the simulated venues know: one flat record `X` and one int64 arena `XA`.

The record holds every market's exchange-side book, our resting orders, requests and answers under way, clocks,
ledgers and faults; the arena holds book rings and the memory of client ids. Both are plain bytes: a fork is a copy.
"""

from typing import Final

import numpy as np

from stackedmm.core.book import SIDE
from stackedmm.core.codes import WALLETS

MARKETS: Final = 64
ORDERS: Final = 512
"""Most orders that may rest at once, over all markets."""
LEVELS: Final = 1024
"""Most price levels at which our own orders may be published at once, over all markets."""
RING: Final = 4096
"""Most requests, and most answers, under way at once."""
MASK: Final = RING - 1
NEVER: Final = 1 << 62
"""A time that does not come."""
ONE: Final = 1_000_000
"""Probability 1 of a fault: probabilities are integers in millionths."""
NANO: Final = 1_000_000_000
"""Fee rate 1: rates are integers in 1e-9."""
WORDS: Final = 6
"""Arena words of a remembered client id: ref, market, state, lots filled, order slot, the next of its chain."""

# Queue position models.
RISK_AVERSE: Final = 0
POWER_PROB: Final = 1
POWER_PROB_2: Final = 2
POWER_PROB_3: Final = 3
LOG_PROB: Final = 4
LOG_PROB_2: Final = 5
QUEUES: Final = ("risk_averse", "power_prob", "power_prob_2", "power_prob_3", "log_prob", "log_prob_2")

# Self-trade prevention.
STP_NONE: Final = 0
STP_MAKER: Final = 1  # the incoming order expires, the resting one stays
STP_TAKER: Final = 2  # the resting order is cancelled, the incoming one goes on
STPS: Final = ("none", "maker", "taker")

# Reject codes: `px` of a REJECT row.
WOULD_TAKE: Final = 1
BAD_PRICE: Final = 2
BAD_QUANTITY: Final = 3
MIN_QUANTITY: Final = 4
MIN_NOTIONAL: Final = 5
DUPLICATE_ID: Final = 6
NO_BALANCE: Final = 7
SELF_TRADE: Final = 8
NO_ROOM: Final = 9
OVERLOADED: Final = 10
NO_LIQUIDITY: Final = 11
REJECTS: Final = {
    WOULD_TAKE: "post-only would take",
    BAD_PRICE: "price is no multiple of the tick, or not above 0",
    BAD_QUANTITY: "quantity is no multiple of the lot, or not above 0",
    MIN_QUANTITY: "below the minimum quantity",
    MIN_NOTIONAL: "below the minimum notional",
    DUPLICATE_ID: "client id was used before",
    NO_BALANCE: "insufficient balance",
    SELF_TRADE: "would trade with an own order",
    NO_ROOM: "too many open orders",
    OVERLOADED: "the venue is overloaded",
    NO_LIQUIDITY: "nothing to take",
}

# What a venue remembers of a client id.
RESTING: Final = 1
FILLED: Final = 2
DEAD: Final = 3  # cancelled by us or by self-trade prevention
REFUSED: Final = 4
STATES: Final = {RESTING: "resting", FILLED: "filled", DEAD: "canceled", REFUSED: "refused"}

# Counted events, index into `counts`.
REQUEST_LOST: Final = 0  # the request ring was full
ANSWER_LOST: Final = 1  # the answer ring was full
LEVEL_UNPUBLISHED: Final = 2  # no room for one more own level in the feed
ID_FORGOTTEN: Final = 3  # the memory of client ids was full, the oldest dead one went
REQUESTS: Final = 4
ANSWERS: Final = 5
FILLS: Final = 6
REJECTED: Final = 7
FAULT_LOST_REQUEST: Final = 8
FAULT_LATE_CREATE: Final = 9
FAULT_LOST_ANSWER: Final = 10
FAULT_LOST_FILL: Final = 11
FAULT_DUPLICATE: Final = 12
FAULT_LATE_ANSWER: Final = 13
FAULT_REORDERED: Final = 14
FAULT_REFUSED: Final = 15
PUBLISHED: Final = 16  # extra DEPTH rows for our own orders
SELF_TRADES_PREVENTED: Final = 17
COUNTS: Final = (
    "requests lost, ring full",
    "answers lost, ring full",
    "own levels not published, table full",
    "client ids forgotten",
    "requests",
    "answers",
    "fills",
    "rejected",
    "fault: lost request",
    "fault: late create",
    "fault: lost answer",
    "fault: lost fill",
    "fault: duplicate answer",
    "fault: late answer",
    "fault: reordered answer",
    "fault: refused create",
    "own depth rows",
    "self-trades prevented",
)

MARKET: Final = np.dtype(
    [
        ("resting", "i8"),  # our orders here
        ("tops", "i8", (2,)),  # key of our best order a side, NONE without
        ("bloom", "i8", (2,)),  # one bit a key modulo 64 where an own order rests
        ("depth_rows", "i8"),  # DEPTH and CLEAR rows the exchange has processed
        ("local_rows", "i8"),  # and those that have arrived locally
        ("levels", "i8"),  # published levels being tracked
        ("shown", "i8", (2,)),  # one bit a price modulo 64 where a tracked level is
        ("lag_us", "i8"),  # of the last DEPTH row that arrived locally, extra feed latency included
        ("first", "i4", (2,)),  # our oldest and newest resting order a side, -1 none
        ("final", "i4", (2,)),
        ("first_level", "i8"),
        ("books", SIDE, (2,)),
        ("entry_ns", "i8"),
        ("response_ns", "i8"),
        ("queue", "i8"),
        ("power", "f8"),
        ("lot_float", "f8"),  # the lot as a float: the log models are not scale free
        ("partial_fills", "i8"),
        ("inverse", "i8"),
        ("lot_units", "i8"),  # base ledger units a lot; inverse: of one lot at a price of one tick
        ("cost_units", "i8"),  # cost units a tick x lot; inverse: a lot
        ("maker_rate", "i8"),  # 1e-9, negative: rebate
        ("taker_rate", "i8"),
        ("min_lots", "i8"),
        ("min_cost", "i8"),  # cost units
        ("tick_step", "i8"),  # prices must be multiples of this many ticks
        ("lot_step", "i8"),
        ("checks_balance", "i8"),
        ("base_at", "i8"),  # which free balance its base comes from, and which its money
        ("money_at", "i8"),
        ("base_peer", "i8"),  # the next market of the same balance, in a ring; itself where it is alone
        ("money_peer", "i8"),
        # Our account here, as the venue knows it.
        ("position", "i8"),  # lots
        ("cash", "i8"),  # cost units received minus paid, fees apart; inverse: base ledger units
        ("fees", "i8"),  # cost units; inverse: base ledger units
        ("fills", "i8"),
        ("lots_traded", "i8"),
        ("turnover", "i8"),  # cost units
    ],
    align=True,
)

ORDER: Final = np.dtype(
    [
        ("key", "i8"),  # sign x price in ticks
        ("lots", "i8"),
        ("filled", "i8"),
        ("front", "f8"),  # lots ahead of it in the queue
        ("traded", "f8"),  # lots traded at its level since the level last changed
        ("ref", "i8"),  # client id
        ("memory", "i8"),  # its place in the memory of client ids
        ("before", "i4"),
        ("after", "i4"),
        ("market", "i4"),
        ("side", "i4"),
    ],
    align=True,
)

LEVEL: Final = np.dtype(
    [
        ("px", "i8"),
        ("raw", "i8"),  # the last quantity of others that arrived locally
        ("own", "i8"),  # what of ours has been published there
        ("changes", "i8"),  # of ours under way to the client
        ("side", "i4"),
        ("after", "i4"),
    ],
    align=True,
)

REQUEST: Final = np.dtype(
    [
        ("due", "i8"),  # ns, arrival at the exchange
        ("ref", "i8"),
        ("px", "i8"),
        ("lots", "i8"),
        ("market", "i4"),
        ("kind", "i2"),
        ("side", "i1"),
        ("marks", "i1"),  # marks of the command
    ],
    align=True,
)

ANSWER: Final = np.dtype(
    [
        ("due", "i8"),  # ns, arrival at the client
        ("px", "i8"),
        ("lots", "i8"),  # of an own DEPTH change: the difference
        ("ref", "i8"),  # of an own DEPTH change: the level's index
        ("exchange_ns", "i8"),
        ("need", "i8"),  # own DEPTH change: rows of the market that must have arrived before
        ("market", "i4"),
        ("kind", "i2"),
        ("marks", "i2"),  # marks of the row
    ],
    align=True,
)

FAULTS: Final = np.dtype(
    [
        ("lost_request", "i8"),  # millionths
        ("late_create", "i8"),  # a PLACE that arrives late_create_ns after it should
        ("late_create_ns", "i8"),
        ("lost_answer", "i8"),  # any answer but a fill
        ("lost_fill", "i8"),  # both rows of a fill
        ("duplicate_answer", "i8"),
        ("late_answer", "i8"),
        ("late_answer_ns", "i8"),
        ("reordered_answer", "i8"),  # delayed by up to reorder_ns, so that later ones overtake it
        ("reorder_ns", "i8"),
        ("refused_create", "i8"),
    ],
    align=True,
)

SIM: Final = np.dtype(
    [
        ("local_at", "i8"),  # cursors into the two row arrays
        ("local_count", "i8"),
        ("exchange_at", "i8"),
        ("exchange_count", "i8"),
        ("wake", "i8"),  # before this time only local rows can be next
        ("now", "i8"),  # local time of the last thing handed out
        ("exchange_due", "i8"),  # time of the next exchange row, NEVER at the end, negative: not looked at yet
        ("until", "i8"),  # nothing later than this is handed out
        ("more", "i8"),  # more rows will follow behind the arrays' end
        ("feed_ns", "i8"),  # extra feed latency
        ("feed_us", "i8"),
        ("publish", "i8"),  # our resting orders show in the feed
        ("request_due", "i8"),  # head of the ring, NEVER if empty
        ("answer_due", "i8"),
        ("timer_due", "i8"),
        ("timer_ns", "i8"),
        ("request_head", "i8"),
        ("request_tail", "i8"),
        ("answer_head", "i8"),
        ("answer_tail", "i8"),
        ("stp", "i8"),
        ("faulty", "i8"),
        ("seed", "u8"),
        ("trade_id", "i8"),
        ("markets_n", "i8"),
        ("reissue", "i8"),  # level whose own orders must be shown again after a CLEAR, -1 none
        ("reissue_market", "i8"),
        ("reissue_marks", "i8"),
        ("reissue_us", "i8"),  # exchange time of that CLEAR
        ("memory", "i8"),  # arena offset of the memory of client ids
        ("memory_mask", "i8"),
        ("memory_n", "i8"),  # ids ever seen
        ("memory_at", "i8"),  # where the next one is written
        ("table", "i8"),  # arena offset of the index into it
        ("table_mask", "i8"),
        ("free_n", "i8"),
        ("free_levels_n", "i8"),
        ("counts", "i8", (len(COUNTS),)),
        ("faults", FAULTS),
        ("balances", "i8", (WALLETS,)),  # free: ledger units of the base, cost units of money
        ("free", "i4", (ORDERS,)),
        ("free_levels", "i4", (LEVELS,)),
        ("orders", ORDER, (ORDERS,)),
        ("levels", LEVEL, (LEVELS,)),
        ("markets", MARKET, (MARKETS,)),
        ("requests", REQUEST, (RING,)),
        ("answers", ANSWER, (RING,)),
    ],
    align=True,
)
"""`counts` is indexed by the counted events above, `COUNTS` names them."""
