"""The fixed-size records that enter the engine (rows) and leave it (commands), and the codes inside them."""

from typing import Final

import numpy as np

from stackedmm.core.codes import RULES
from stackedmm.core.views import FIELDS

ROW: Final = np.dtype(
    [
        ("ts", "i8"),  # ns, local clock: when we learned of it
        ("px", "i8"),  # ticks of the market
        ("qty", "i8"),  # lots of the market; a DEPTH row's quantity is absolute, 0 deletes the level
        ("ref", "i8"),  # update id, trade id or client order id
        ("lag_us", "i4"),  # local minus exchange time in microseconds
        ("market", "u2"),  # index of the (venue, symbol) book
        ("kind", "u1"),
        ("marks", "u1"),
    ]
)
"""One thing that happened. Exchange time = (ts // 1000 - lag_us) * 1000 ns."""

# What a row says. Market data first, then answers to our own commands, then time and people.
DEPTH: Final = 1  # one level of a book; ASK in marks says the side
CLEAR: Final = 2  # both sides of the book are dropped; a snapshot's levels follow in the same message
TRADE: Final = 3  # a public trade; SELL in marks says the aggressor
BBO: Final = 4  # best price and size of one side as the venue claims it: checks, never moves the book
GAP: Final = 5  # the feed lost updates of this market: unusable until the next CLEAR
ACK: Final = 10  # our order rests; ref = client id, px and qty as the venue took them
REJECT: Final = 11  # our order never lived; ref = client id, px = reject code
FILL_ID: Final = 12  # precedes a FILL: ref = trade id, px = fee in fee units (negative: rebate), qty = fee currency
FILL: Final = 13  # ref = client id, px, qty of this fill; MAKER and, for our ask, ASK in marks
CANCELED: Final = 14  # our order is dead; ref = client id, qty = cumulative quantity filled as the venue says
CANCEL_REJECT: Final = 15  # the venue did not cancel; ref = client id; proves nothing about the order's life
LIVE: Final = 16  # answer to a query: the order rests; ref = client id, qty = cumulative quantity filled
NOT_FOUND: Final = 17  # answer to a query: no such order when the venue looked (the exchange time); ref = client id
UNANSWERED: Final = 18  # no answer to a create or cancel came in time; ref = client id
BALANCE: Final = 20  # px = free base in ledger units, qty = free quote in cost units
RECONCILED: Final = 21  # qty = position the venues report, in ledger units, once every own fill in it was handed over
TIMER: Final = 30  # time passes: one every 100 ms
PARAM: Final = 31  # ref = slot of a rule parameter, qty = the float64's bits
RULE_SET: Final = 32  # the rule table in `links` was replaced; ref = digest of the set
CONTROL: Final = 33  # a person's word; ref = one of the control codes, qty = its argument

ASK: Final = 1  # marks of market rows: the ask side
SELL: Final = 1  # marks of TRADE: the aggressor sold
LAST: Final = 2  # the message ends here: decide
SNAPSHOT: Final = 4  # the row is part of a snapshot
MAKER: Final = 8  # marks of FILL
OWN: Final = 32  # marks of DEPTH: made by the simulated venue for a change of ours; it says nothing of the feed's life
TRADES: Final = 16  # marks of GAP: public trades were lost with the book's updates

# Control codes (ref of a CONTROL row; market 65535 means all).
RESUME: Final = 1
PAUSE: Final = 2
KILL: Final = 3
UNKILL: Final = 4
LINE_ON: Final = 5  # qty = line index * 2 + side
LINE_OFF: Final = 6
WRITE_OFF: Final = 7  # qty = client id of an order whose fate nobody will ever tell: taken as over, as filled

FEE_QUOTE: Final = 0  # fee currencies of FILL_ID
FEE_BASE: Final = 1

COMMAND: Final = np.dtype(
    [
        ("ts", "i8"),  # ns, the row's local time at which it was decided
        ("ref", "i8"),  # client id of the order it is about
        ("px", "i8"),  # ticks
        ("qty", "i8"),  # lots
        ("reference", "f8"),  # the reference price then, in the quote of its market, a perp's basis apart
        ("rate", "f8"),  # first quote a unit of that quote then
        ("half_spread_bps", "f8"),  # after rules and clamp
        ("coefficient", "f8"),  # size coefficient applied, all factors
        ("inventory", "f8"),  # inventory coefficient then
        ("volume", "f8"),  # volume coefficient of the venue then
        ("rules", "i8"),  # digest of the rule set in force
        ("slot", "i4"),  # order slot
        ("quote", "i4"),  # index of the quote (market x line x side x level)
        ("market", "u2"),
        ("kind", "u1"),
        ("side", "u1"),  # 0 bid, 1 ask
        ("reason", "u1"),
        ("marks", "u1"),
        ("line", "u1"),
        ("level", "u1"),
        ("steps", "f8", (12,)),  # distance from the reference in bps after each step of the waterfall
        ("saw", "f8", (len(FIELDS),)),  # what the rules saw
        ("answers", "f8", (RULES,)),  # what each rule said, NaN where it does not apply
    ],
    align=True,
)
"""One thing the engine asks for, with its reason and what it was computed from."""

PLACE: Final = 1  # commands
CANCEL: Final = 2
QUERY: Final = 3

POST_ONLY: Final = 1  # marks of PLACE

# Why a command was given. Names are what people read; `REASONS` maps codes to them.
NEW: Final = 1
REPLACE: Final = 2
TIMEOUT: Final = 3
DRIFT: Final = 4
SIDE_OFF: Final = 5
STALE: Final = 6
UNKNOWN: Final = 7
STOPPED: Final = 8
OVERSIZE: Final = 9

# Why a quote does not stand. The first that applies is the one reported.
OK: Final = 0
NOT_RECONCILED: Final = 20
KILLED: Final = 21
PAUSED: Final = 22
LINE_DISABLED: Final = 23
NO_BOOK: Final = 24
STALE_BOOK: Final = 25
NO_REFERENCE: Final = 26
OUTSIDE_ZONE: Final = 27
COST: Final = 28
GATE: Final = 29
RULE_FAILED: Final = 30
NO_BUDGET: Final = 31
BAND: Final = 32
BALANCE_SHORT: Final = 33
BELOW_MINIMUM: Final = 34
WOULD_CROSS: Final = 35
COLLAR: Final = 36
ORDER_VALUE: Final = 37
OPEN_ORDERS: Final = 38
MESSAGE_BUDGET: Final = 39
SELF_TRADE: Final = 40
WAIT_DEATH: Final = 41
WAIT_INTERVAL: Final = 42
ZERO_SIZE: Final = 43
REJECT_BACKOFF: Final = 44
LOSS_LIMIT: Final = 45
STRICT_COST: Final = 46
REBALANCED: Final = 47
NO_CONVERSION: Final = 48

REASONS: Final[dict[int, str]] = {
    OK: "ok",
    NEW: "new",
    REPLACE: "replace",
    TIMEOUT: "timeout",
    DRIFT: "drift",
    SIDE_OFF: "side off",
    STALE: "stale",
    UNKNOWN: "fate unknown",
    STOPPED: "stopped",
    OVERSIZE: "too large now",
    NOT_RECONCILED: "inventory not reconciled yet",
    KILLED: "killed",
    PAUSED: "paused",
    LINE_DISABLED: "line or side disabled",
    NO_BOOK: "no usable local book",
    STALE_BOOK: "local book stale",
    NO_REFERENCE: "no reference price",
    OUTSIDE_ZONE: "outside price zone",
    COST: "too far behind the local best to respect cost",
    GATE: "closed by a rule's gate",
    RULE_FAILED: "a rule gave no answer",
    NO_BUDGET: "hourly bucket below the venue's minimum",
    BAND: "inventory band",
    BALANCE_SHORT: "free balance",
    BELOW_MINIMUM: "below the venue's minimum",
    WOULD_CROSS: "would cross the local book",
    COLLAR: "outside the price collar",
    ORDER_VALUE: "order value limit",
    OPEN_ORDERS: "open orders limit",
    MESSAGE_BUDGET: "message budget",
    SELF_TRADE: "would trade with ourselves",
    WAIT_DEATH: "waiting for proof that the old order is dead",
    WAIT_INTERVAL: "waiting for the replacement interval",
    ZERO_SIZE: "size coefficient is zero",
    REJECT_BACKOFF: "backing off after rejects",
    LOSS_LIMIT: "loss limit",
    STRICT_COST: "strict: top of book is not beyond cost",
    REBALANCED: "rebalance: nothing left to do on this side",
    NO_CONVERSION: "no live conversion into the first quote currency",
}
