"""Every order in which the messages of one order's life can arrive, played by the compiled core.

A small venue model writes consistent histories: what truly happened, and what the venue would answer at moments in
between. Each permutation of a history must leave the same ledger, exposure and life.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations_with_replacement, permutations
from typing import NamedTuple

import numpy as np

from stackedmm.config import validate
from stackedmm.config.fill import fill
from stackedmm.core import machine, orders, requote, rows
from stackedmm.core.check import check_orders
from stackedmm.core.machine import entry, part
from stackedmm.core.market import Market
from stackedmm.core.orders import turn
from stackedmm.core.own import FREE, GHOST, UNKNOWN

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
LOTS = 10
PRICE = 100_000
MESSAGES = 6
END = ("life", "filled", "open", "owed", "position", "wrong")
"""What is noted of each arrival: `wrong` is 1 + the place of the first message after which a sum was wrong."""


class Message(NamedTuple):
    """One row about the order; `at` is the venue's time in seconds after the create, `trade` marks a fill."""

    kind: int
    at: float
    qty: int = 0
    trade: int = 0


@entry
def play(S, A, out, row, history, arrivals, side, ends):
    """Place an order for each arrival (a permutation of the history's messages), let it arrive, and clear up."""
    s = S[0]
    r = row[0]
    for p in range(len(arrivals)):
        slot = place(s, side, out)
        before = s.ledger.position
        wrong = 0
        for i in range(arrivals.shape[1]):
            ok = hear(s, A, slot, r, history[arrivals[p, i]], 10 * SECOND + i * SECOND, p)
            if wrong == 0 and not (ok and sound(s, slot, history, arrivals[p], i)):
                wrong = i + 1
        o = s.orders[slot]
        dead = o.life == FREE or o.life == GHOST
        ends[p, 0] = FREE if dead else o.life
        ends[p, 1] = o.filled
        ends[p, 2] = s.open_units[side]
        ends[p, 3] = abs(s.ledger.provisional)
        ends[p, 4] = s.ledger.position - before
        ends[p, 5] = wrong
        if not dead:
            turn(s, o, UNKNOWN)
            orders.write_off(s, o.ref)


@part
def place(s, side, out):
    """Place an order of ten lots a long time after the last; returns its slot."""
    s.now = max(s.now + 1000 * SECOND, START)
    s.out_n = 0
    s.markets[0].tokens = 10.0
    s.want.px = PRICE
    s.want.lots = LOTS
    requote.place(s, side, out)
    s.out_n = 0
    return s.quotes[side].order


@part
def hear(s, A, slot, r, message, after, p):
    """One message arrives, so many ns after the create; false if it was taken for the life of a dead order."""
    o = s.orders[slot]
    s.now = o.sent_ns + after
    r.ts = s.now
    r.ref = o.ref
    r.market = 0
    r.kind = message[0]
    r.lag_us = (after - message[1]) // 1000
    r.px = PRICE
    r.qty = message[2]
    r.marks = rows.LAST | (rows.ASK * o.side)
    if message[0] != rows.FILL:
        return not orders.answer(s, r)
    s.trade_id = 8 * o.ref + message[3]
    orders.fill(s, A, r)
    return True


@part
def sound(s, slot, history, arrival, last):
    """After one message: no fill counted twice, and owed is what the venue claimed and has not delivered."""
    filled = 0
    claimed = 0
    had = 0
    for i in range(last + 1):
        m = history[arrival[i]]
        if m[0] == rows.FILL and (had >> m[3]) & 1 == 0:
            had |= 1 << m[3]
            filled += m[2]
        elif m[0] == rows.LIVE or m[0] == rows.CANCELED:
            claimed = max(claimed, m[2])
    o = s.orders[slot]
    dead = o.life == FREE or o.life == GHOST
    owed = 0 if dead else max(0, claimed - filled) * s.markets[0].lot_units
    return o.filled == filled and abs(s.ledger.provisional) == owed and s.open_orders == (0 if dead else 1)


class Desk:
    """An engine with one market and one passive line, in which orders are placed by hand."""

    def __init__(self) -> None:
        market = Market("binance", "BERA/USDT", "BERA", "USDT", Decimal("0.0001"), Decimal("0.1"))
        line = {"mid_spread_bps": "15", "quantity": "1"}
        held = {"target_inventory": "0", "max_inventory_deviation": "100000"}
        config = {"base_coin": "BERA", "exchanges": ["binance"], "inventory": held, "passive_lines": [line]}
        filled = fill(validate(config), [market], [10.0])
        self.state, self.arena, self.s = filled.state, filled.arena, filled.state[0]
        self.s["reference"] = self.s["markets"][0]["mid"] = 10.0
        self.s["opened"] = self.s["reconciled"] = 1
        self.out, self.row = np.zeros(64, rows.COMMAND), np.zeros(1, rows.ROW)

    def play(self, history: tuple[Message, ...], arrivals: list[tuple[int, ...]], side: int) -> np.ndarray:
        """What is believed after each arrival of a history."""
        ends = np.zeros((len(arrivals), len(END)), np.int64)
        told = np.array([(m.kind, round(m.at * SECOND), m.qty, m.trade) for m in history], np.int64)
        v = machine.view
        play(v(self.state), self.arena, v(self.out), v(self.row), told, np.array(arrivals), np.int64(side), ends)
        check_orders(self.s)
        return ends


def arrivals_of(history: tuple[Message, ...]) -> list[tuple[int, ...]]:
    """Every order of a history's messages; those that differ only in which of two equal ones comes first are one."""
    seen = {tuple(history[i] for i in order): order for order in permutations(range(len(history)))}
    return list(seen.values())


def histories() -> Iterator[tuple[Message, ...]]:
    """What a venue may say of one order, up to the longest history, without regard to the order of arrival."""
    for true, asked in fates():
        room = MESSAGES - len(true)
        pool = [*asked, *true, Message(rows.UNANSWERED, 1.0)]
        for count in range(max(room, 0) + 1):
            for extra in combinations_with_replacement(pool, count):
                history = true + extra
                if all(history.count(m) <= 2 for m in history) and len(history) > 1:
                    yield history


def fates() -> Iterator[tuple[tuple[Message, ...], tuple[Message, ...]]]:
    """What truly happens to an order, and what queries and cancels in between are answered."""
    ack, gone = Message(rows.ACK, 0.1, LOTS), Message(rows.CANCEL_REJECT, 9.0)
    early = (Message(rows.NOT_FOUND, 0.05), Message(rows.CANCEL_REJECT, 0.06))
    yield (Message(rows.REJECT, 0.1),), (Message(rows.NOT_FOUND, 2.0), Message(rows.CANCEL_REJECT, 3.0))
    yield (Message(rows.NOT_FOUND, 7.0), Message(rows.NOT_FOUND, 8.5)), (Message(rows.NOT_FOUND, 2.0), gone)
    some, rest = Message(rows.FILL, 2.0, 4, 1), Message(rows.FILL, 4.0, 6, 2)
    all_of_it, middle = Message(rows.FILL, 2.0, 10, 1), Message(rows.CANCEL_REJECT, 3.0)
    yield (ack,), (*early, Message(rows.LIVE, 1.0, 0), middle)
    yield (ack, Message(rows.CANCELED, 5.0, 0)), (*early, Message(rows.LIVE, 1.0, 0), gone)
    yield (ack, some), (*early, Message(rows.LIVE, 1.0, 0), Message(rows.LIVE, 3.5, 4), middle)
    yield (ack, some, Message(rows.CANCELED, 5.0, 4)), (early[0], Message(rows.LIVE, 1.0, 0), gone)
    yield (some, Message(rows.CANCELED, 5.0, 4)), (Message(rows.LIVE, 3.0, 4), gone)
    yield (ack, some, rest), (Message(rows.LIVE, 3.0, 4), Message(rows.CANCELED, 8.0, 10), gone)
    yield (some, rest), (Message(rows.CANCELED, 8.0, 10), gone)
    yield (ack, all_of_it), (early[0], Message(rows.CANCELED, 8.0, 10), gone)
    less, last = Message(rows.ACK, 0.1, 8), Message(rows.FILL, 4.0, 4, 2)
    yield (less, some, last), (Message(rows.CANCELED, 8.0, 8), gone)
    yield (less, some, Message(rows.CANCELED, 5.0, 4)), (Message(rows.LIVE, 3.0, 4),)
