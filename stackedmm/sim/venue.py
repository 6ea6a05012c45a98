"""Simulated venues driven by hand: time goes on as you say, orders go in, fills come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stackedmm.core import book, rows
from stackedmm.core.machine import entry, view
from stackedmm.core.market import INVERSE, Market
from stackedmm.errors import VenueError
from stackedmm.sim import feed, pump, state, truth
from stackedmm.sim.build import Units, build, units_from, units_of

FILL: Final = np.dtype(
    [
        ("ts", "i8"),  # ns, when we learned of it
        ("ref", "i8"),  # client id
        ("trade", "i8"),
        ("market", "i8"),
        ("side", "i8"),  # 0 we bought, 1 we sold
        ("px", "i8"),  # ticks
        ("lots", "i8"),
        ("fee", "i8"),  # cost units; inverse: base ledger units; negative: rebate
        ("maker", "?"),
    ]
)


class Rows(Protocol):
    """What a simulation runs on; `core.recording.Recording` is one."""

    @property
    def markets(self) -> Sequence[Market]:
        """The markets that rows index."""

    @property
    def local(self) -> NDArray[np.void]:
        """Rows in the order they arrive locally."""

    @property
    def exchange(self) -> NDArray[np.void]:
        """The same rows in the order of exchange time."""


@dataclass
class Order:
    """One of our orders as the client knows it."""

    ref: int
    market: int
    side: int
    px: int
    lots: int
    post_only: bool
    status: str = "sent"
    """sent, open, filled, canceled or rejected."""
    filled: int = 0
    reason: str = ""

    @property
    def is_live(self) -> bool:
        """It may still fill."""
        return self.status in ("sent", "open")


@entry
def run_until(X, XA, local_rows, exchange_rows, out, row, books, A):
    """Market rows up to `x.until` move the local books; answers are written to `out`, as many as it holds."""
    x = X[0]
    n = 0
    while n < out.shape[0] and pump.next_row(x, XA, local_rows, exchange_rows, row[0]):
        r = row[0]
        if r.kind == rows.DEPTH:
            side = np.int64(r.marks) & rows.ASK
            b = books[r.market, side]
            book.put(b, A, r.px * b.sign, r.qty)
        elif r.kind == rows.CLEAR:
            book.clear(books[r.market, 0], A)
            book.clear(books[r.market, 1], A)
        elif r.kind >= rows.ACK:
            out[n] = r
            n += 1
    return n


class SimulatedVenue:
    """The venues of a recording, driven by hand.

    Options are those of `stackedmm.sim.build.build`. Markets are named by their index. Prices and quantities are
    exact: Decimal, str or int, or floats that are meant as the nearest multiple of tick and lot.
    """

    def __init__(self, recording: Rows, *, start: int | None = None, **options: Any) -> None:
        self.recording = recording
        self.markets = tuple(recording.markets)
        if "price_hints" not in options and "windows" not in options:
            options["price_hints"] = [_last_price(recording.local, i) for i in range(len(self.markets))]
        if options.get("publish", True):
            feed.check_order(recording.local, recording.exchange)
        self.X, self.XA = build(self.markets, **options)
        given = options.get("units")
        self.units: tuple[Units, ...] = tuple(
            units_of(market) if given is None else units_from(market, *given[i])
            for i, market in enumerate(self.markets)
        )
        self._local, self._exchange = view(recording.local), view(recording.exchange)
        feed.attach(self.X, recording.local, recording.exchange)
        self.orders: dict[int, Order] = {}
        self._fills: list[tuple[Any, ...]] = []
        self._next_ref = 1
        self._fill_id = (0, 0)
        self._row, self._out = view(np.zeros(1, rows.ROW)), view(np.zeros(256, rows.ROW))
        sizes = [int(self.X["markets"][0][i]["books"][0]["mask"]) + 1 for i in range(len(self.markets))]
        far = int(self.X["markets"][0][0]["books"][0]["far_mask"]) + 1
        sides = np.zeros((len(self.markets), 2), book.SIDE)
        self._arena = np.zeros(sum(2 * book.words_for(size, far) for size in sizes), np.int64)
        offset = 0
        for i, size in enumerate(sizes):
            for side in range(2):
                offset = book.place_side(sides[i, side], 1 - 2 * side, offset, size, far)
        self._books = view(sides)
        self.now: int = feed.first_time(recording.local, recording.exchange) if start is None else start
        """Local time, ns."""

    def elapse(self, ns: int) -> bool:
        """Let time go on; false when the recording has ended and nothing is under way any more."""
        self.now += ns
        self.X["until"] = self.now
        while True:
            n = run_until(self.X, self.XA, self._local, self._exchange, self._out, self._row, self._books, self._arena)
            for i in range(n):
                self._answered(self._out[i])
            if n < len(self._out):
                break
        self.X["now"] = self.now
        self.X["wake"] = 0
        x = self.X[0]
        idle = x["request_head"] == x["request_tail"] and x["answer_head"] == x["answer_tail"]
        return not (idle and x["local_at"] == x["local_count"])

    def submit(self, market: int, side: str, price: Any, quantity: Any, post_only: bool = True) -> int:
        """Send a limit order, `side` buy or sell; returns its client id."""
        m = self.markets[market]
        px, lots = _multiple(price, m.tick), _multiple(quantity, m.lot)
        order = Order(self._next_ref, market, {"buy": 0, "sell": 1}[side], px, lots, post_only)
        self._next_ref += 1
        self._send(order, rows.PLACE)
        self.orders[order.ref] = order
        return order.ref

    def cancel(self, ref: int) -> None:
        """Ask the venue to cancel an order."""
        self._send(self.orders[ref], rows.CANCEL)

    def query(self, ref: int) -> None:
        """Ask the venue what became of an order; the answer sets its status."""
        self._send(self.orders[ref], rows.QUERY)

    def _send(self, order: Order, kind: int) -> None:
        command = np.zeros(1, rows.COMMAND)
        command["ts"], command["ref"], command["market"], command["kind"] = self.now, order.ref, order.market, kind
        command["px"], command["qty"], command["side"] = order.px, order.lots, order.side
        command["marks"] = rows.POST_ONLY if order.post_only else 0
        if pump.send_all(self.X, self.XA, view(command)) == 0:
            raise VenueError("simulated venue: too many requests under way")

    def _answered(self, row: Any) -> None:
        """Move an order as its answer says."""
        kind, ref = int(row["kind"]), int(row["ref"])
        if kind == rows.FILL_ID:
            self._fill_id = (ref, int(row["px"]))
            return
        order = self.orders.get(ref)
        if order is None:
            return
        if kind == rows.FILL:
            order.filled += int(row["qty"])
            maker = bool(int(row["marks"]) & rows.MAKER)
            trade, fee = self._fill_id
            fill = (row["ts"], ref, trade, order.market, order.side, row["px"], row["qty"], fee, maker)
            self._fills.append(fill)
            if order.filled >= order.lots:
                order.status = "filled"
        elif not order.is_live:
            return
        elif kind in (rows.ACK, rows.LIVE):
            order.status = "open"
        elif kind == rows.REJECT:
            order.status, order.reason = "rejected", state.REJECTS[int(row["px"])]
        elif kind == rows.CANCELED:
            order.status = "canceled"

    @property
    def fills(self) -> NDArray[np.void]:
        """All fills we have learned of, a structured array of `FILL`."""
        return np.array(self._fills, FILL)

    def position(self, market: int) -> Decimal:
        """Signed quantity by the fills we have learned of, in the venue's quantity."""
        return self._lots(market) * self.markets[market].lot

    def _lots(self, market: int) -> int:
        return sum(int(f[6]) * (1 - 2 * int(f[4])) for f in self._fills if f[3] == market)

    def balance(self, market: int) -> Decimal:
        """Quote received minus paid, fees apart (inverse: base coins), by the fills we have learned of."""
        m, unit = self.markets[market], self.units[market]
        if m.kind == INVERSE:
            K = unit.lot_units
            amounts = (
                (1 - 2 * int(f[4])) * ((4 * int(f[6]) * K // int(f[5]) + 2) // 4) for f in self._fills if f[3] == market
            )
            return sum(amounts) * unit.base
        paid = sum((1 - 2 * int(f[4])) * int(f[5]) * int(f[6]) for f in self._fills if f[3] == market)
        return -paid * unit.cost_units * unit.cost

    def fees(self, market: int) -> Decimal:
        """Fees paid less rebates, quote (inverse: base coins)."""
        unit = self.units[market].base if self.markets[market].kind == INVERSE else self.units[market].cost
        return sum(int(f[7]) for f in self._fills if f[3] == market) * unit

    def best_bid(self, market: int) -> Decimal | None:
        """Best bid of the local book, None if that side is empty."""
        return self._best(market, 0)

    def best_ask(self, market: int) -> Decimal | None:
        """Best ask of the local book, None if that side is empty."""
        return self._best(market, 1)

    def _best(self, market: int, side: int) -> Decimal | None:
        key = int(self._books[market, side]["best"])
        return None if key == book.NONE else key * (1 - 2 * side) * self.markets[market].tick

    def depth(self, market: int, side: str) -> list[tuple[Decimal, Decimal]]:
        """All levels of one side of the local book, best first."""
        b = self._books[market, {"bid": 0, "ask": 1}[side]]
        prices, lots = book.levels_of(b, self._arena)
        m = self.markets[market]
        return [(int(p) * m.tick, int(q) * m.lot) for p, q in zip(prices, lots, strict=True)]

    def account(self, market: int) -> truth.Account:
        """The account as the venue knows it, which may be ahead of what we have learned."""
        return truth.account(self.X, market)


def _last_price(local: NDArray[np.void], market: int) -> int:
    """A price in ticks that tells how wide the market's book window must be."""
    px = local["px"][(local["market"] == market) & (local["kind"] == rows.DEPTH)]
    return int(np.median(px)) if len(px) else 1


def _multiple(value: Any, step: Decimal) -> int:
    """How many steps a value is; exact values must be a multiple, floats are rounded to the nearest."""
    if isinstance(value, float | np.floating):
        return round(float(value) / float(step))
    steps = Decimal(value) / step
    if steps != steps.to_integral_value():
        raise VenueError(f"simulated venue: {value} is no multiple of {step}")
    return int(steps)
