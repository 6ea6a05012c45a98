"""The simulated venue as a matching engine: market rows move it, orders of many clients rest in it and take from it.

What a client takes is gone from the published book until the market itself writes that level again: a row that says
so is put into the market's own stream. Rows carry no latency here; the wire has its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core import book as core_book
from stackedmm.core import rows
from stackedmm.core.machine import entry, view
from stackedmm.core.market import Market
from stackedmm.exchange.book import Book
from stackedmm.sim import feed, memory, pump, resting, state, truth
from stackedmm.sim.build import build

CHUNK: Final = 4096
FIRST_ID: Final = 1_000_000_000
"""Update ids of market i begin at (i + 1) times this."""


class Part(NamedTuple):
    """What an incoming order would meet: lots at a price, of the market itself or of a client's order."""

    px: int
    lots: int
    ref: int
    """0: the market's own."""


class Trade(NamedTuple):
    """A public trade of the market's own history."""

    market: int
    px: int
    lots: int
    aggressor: int


class Answer(NamedTuple):
    """What became of an order in the simulated venue."""

    kind: int
    ref: int
    px: int
    lots: int
    is_maker: bool


@entry
def fill_resting(X: Any, XA: Any, ref: Any, lots: Any, ns: Any) -> Any:
    """Another client takes `lots` of a resting order at its price."""
    at = memory.find(X[0], XA, ref)
    resting.fill(X[0], XA, XA[at + 4], lots, ns)


class Matching:
    """Books and resting orders of all markets, at one moment of row time."""

    def __init__(self, markets: Sequence[Market], ticks: Sequence[int], *, seed: int = 1) -> None:
        """`ticks` is about where each market trades."""
        loose = [replace(m, min_quantity=m.lot, min_notional=Decimal(0)) for m in markets]  # minimums: the venue's own
        self.X, self.XA = build(
            loose, partial_fills=True, queue="power_prob_3", price_hints=list(ticks), seed=seed, memory=16384
        )
        self.books = [Book(FIRST_ID * (i + 1), told=FIRST_ID * (i + 1)) for i in range(len(markets))]
        self.now = 0
        """Row time, ns."""
        self._out = view(np.zeros(CHUNK, rows.ROW))
        self._nothing = view(np.zeros(0, rows.ROW))
        self._last_ref = 0

    @property
    def is_full(self) -> bool:
        """No further order can rest."""
        return int(self.X["free_n"][0]) == 0

    def play(self, given: np.ndarray[Any, Any], until: int) -> tuple[list[Trade], list[Answer]]:
        """Let market rows up to row time `until` happen; returns their trades, and what they did to resting orders."""
        local = given.copy()
        local["lag_us"] = 0
        self.now = max(self.now, until)
        return self._run(view(local))

    def place(self, market: int, side: int, px: int, lots: int) -> tuple[int, list[Answer]]:
        """Send an order; returns its name in the simulated venue, and what came of it at once."""
        self._last_ref += 1
        return self._last_ref, self._send(rows.PLACE, self._last_ref, market, side, px, lots)

    def cancel(self, market: int, ref: int) -> list[Answer]:
        """Take a resting order out."""
        return self._send(rows.CANCEL, ref, market, 0, 0, 0)

    def take(self, ref: int, lots: int) -> list[Answer]:
        """Another client trades with a resting order."""
        fill_resting(self.X, self.XA, ref, lots, self.now)
        return self._run(self._nothing)[1]

    def thin(self, market: int, side: int, px: int, lots: int) -> None:
        """The market's own level holds only this much from now on."""
        row = np.zeros(1, rows.ROW)
        row["ts"], row["px"], row["qty"], row["market"] = self.now, px, lots, market
        row["kind"], row["marks"] = rows.DEPTH, side | rows.LAST
        self._run(view(row))

    def meets(self, market: int, side: int, px: int | None) -> list[Part]:
        """What an order of `side` would trade with down to its price (None: any), in that order.

        At one price the market's own comes before clients' orders, and these in order of arrival.
        """
        other = 1 - side
        sign = 1 - 2 * other
        if px is not None and not self._reaches(market, other, px * sign):
            return []
        found = [Part(int(o["px"]), int(o["lots"] - o["filled"]), int(o["ref"])) for o in self._resting(market, other)]
        found += self._levels(market, other)
        limit = None if px is None else px * sign
        within = [part for part in found if limit is None or part.px * sign >= limit]
        return sorted(within, key=lambda part: (-part.px * sign, part.ref != 0))

    def _reaches(self, market: int, side: int, key: int) -> bool:
        m = self.X[0]["markets"][market]
        return max(int(m["books"][side]["best"]), int(m["tops"][side])) >= key

    def _resting(self, market: int, side: int) -> Any:
        if int(self.X[0]["markets"][market]["resting"]) == 0:
            return []
        return [o for o in truth.resting(self.X, market) if o["side"] == side]

    def _levels(self, market: int, side: int) -> list[Part]:
        prices, lots = core_book.levels_of(self.X[0]["markets"][market]["books"][side], self.XA)
        return [Part(int(p), int(q), 0) for p, q in zip(prices, lots, strict=True)]

    def _send(self, kind: int, ref: int, market: int, side: int, px: int, lots: int) -> list[Answer]:
        command = np.zeros(1, rows.COMMAND)
        command["ts"], command["ref"], command["market"], command["kind"] = self.now, ref, market, kind
        command["px"], command["qty"], command["side"] = px, lots, side
        self.X["now"] = self.now
        pump.send_all(self.X, self.XA, view(command))
        return self._run(self._nothing)[1]

    def _run(self, given: Any) -> tuple[list[Trade], list[Answer]]:
        trades: list[Trade] = []
        answers: list[Answer] = []
        feed.attach(self.X, given, given)
        while True:
            n = int(pump.collect(self.X, self.XA, given, given, self._out))
            for row in self._out[:n].tolist():
                self._happened(row, trades, answers)
            if n < CHUNK:
                return trades, answers

    def _happened(self, row: tuple[int, ...], trades: list[Trade], answers: list[Answer]) -> None:
        _, px, lots, ref, _, market, kind, marks = row
        if kind == rows.DEPTH:
            self.books[market].put(marks & rows.ASK, px, lots)
        elif kind == rows.TRADE:
            trades.append(Trade(market, px, lots, marks & rows.SELL))
        elif kind == rows.CLEAR:
            self.books[market].clear()
        elif kind == rows.FILL:
            answers.append(Answer(kind, ref, px, lots, marks & rows.MAKER != 0))
        elif kind in (rows.ACK, rows.REJECT, rows.CANCELED, rows.CANCEL_REJECT):
            answers.append(Answer(kind, ref, px, lots, False))

    def reason(self, answer: Answer) -> str:
        """Why the simulated venue rejected an order."""
        return state.REJECTS[answer.px]
