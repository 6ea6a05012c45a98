"""The venue: accounts, orders and what they do to each other. Everything happens at once and in order; nobody waits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from stackedmm.core import rows
from stackedmm.core.market import Market
from stackedmm.exchange import orders as o
from stackedmm.exchange.ledger import Account, fee_of
from stackedmm.exchange.matching import Answer, Matching, Part, Trade
from stackedmm.exchange.orders import BUY, SELL, Fill, Order, Refused, Status, Ticket
from stackedmm.exchange.source import Rows

OPEN_ORDERS: Final = 200
"""Most open orders of an account in one market."""
TIMES: Final = 5
"""How far from the best price of its side an order may stand: up to so many times, down to that part of it."""
LARGEST: Final = Decimal(9_000_000)
"""Largest quantity of an order, in base coins."""
KEPT: Final = 100_000
"""Most orders, and most public trades of a market, that the venue remembers."""


class Report(NamedTuple):
    """Something happened to an order: NEW, TRADE, CANCELED or EXPIRED."""

    order: Order
    what: str
    fill: Fill | None = None
    cancel_id: str = ""
    """Client id of the cancel that ended it."""


class Changed(NamedTuple):
    """Balances of an account changed."""

    account: Account
    assets: tuple[str, ...]


class PublicTrade(NamedTuple):
    """A trade that everybody sees."""

    market: int
    id: int
    px: int
    lots: int
    aggressor: int
    at_ms: int


Event = Report | Changed | PublicTrade


class Venue:
    """All markets and clients of one venue. Listeners hear each event while it happens, before its request is answered.

    `now_ms` tells the venue's clock.
    """

    def __init__(
        self, markets: Sequence[Market], ticks: Sequence[int], now_ms: Callable[[], int], *, seed: int = 1
    ) -> None:
        self.markets, self.now_ms = tuple(markets), now_ms
        self.matching = Matching(markets, ticks, seed=seed)
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, Order] = {}
        self.trades: list[list[PublicTrade]] = [[] for _ in markets]
        self.listeners: list[Callable[[Event], None]] = []
        self.is_open = True
        self.coarser = [1] * len(markets)
        """Prices of new orders must be multiples of this many ticks."""
        self._resting: dict[int, Order] = {}
        self._by_client: dict[tuple[str, str], Order] = {}
        self._trade_id = self._order_id = 0

    def add_account(self, name: str, balances: Mapping[str, Decimal]) -> Account:
        """A client with keys `name-key` and `name-secret`."""
        account = Account(name, balances)
        self.accounts[account.key] = account
        return account

    # Time goes on.

    def play(self, given: Rows, until: int) -> None:
        """Market rows up to a row time happen."""
        trades, answers = self.matching.play(given, until)
        for trade in trades:
            self._publish(trade)
        self._settle(answers)

    def _publish(self, trade: Trade) -> int:
        kept = self.trades[trade.market]
        public = PublicTrade(trade.market, self._next_trade(), trade.px, trade.lots, trade.aggressor, self.now_ms())
        kept.append(public)
        if len(kept) > KEPT:
            del kept[: KEPT // 10]
        self._tell(public)
        return public.id

    def _next_trade(self) -> int:
        self._trade_id += 1
        return self._trade_id

    def _settle(self, answers: Iterable[Answer]) -> None:
        """What the market did to resting orders."""
        for answer in answers:
            order = self._resting.get(answer.ref)
            if order is not None and answer.kind == rows.FILL:
                self._fill(order, self._next_trade(), answer.px, answer.lots, is_maker=True)
                self._tell_balances(order.account, order.ticket.market)

    # Requests.

    def place(self, account: Account, ticket: Ticket) -> Order:
        """A create: refused, or accepted and matched at once; what is left of it rests or expires."""
        self._check(account, ticket)
        parts = self._parts(account, ticket)
        others = [part for part in parts if ticket.stp == o.STP_NONE or not self._is_of(account, part)]
        lots = self._lots_of(ticket, others)
        now = self.now_ms()
        order = Order(self._order_id + 1, account, replace(ticket, lots=lots), lots, now, now)
        self._lock(order, others)
        self._keep(order)
        self._tell(Report(order, "NEW"))
        if ticket.tif != "FOK" or sum(part.lots for part in others) >= lots:
            self._match(order, parts)
        self._rest_or_expire(order)
        self._tell_balances(account, ticket.market)
        return order

    def cancel(self, order: Order, cancel_id: str = "") -> None:
        """Take an open order out; Refused where it is not open any more."""
        if not order.is_open:
            raise Refused(o.NOT_OPEN, f"order {order.id} is {order.status}")
        self._end(order, Status.CANCELED, "CANCELED", cancel_id)
        self._tell_balances(order.account, order.ticket.market)

    def order_of(self, account: Account, order_id: int = 0, client_id: str = "") -> Order | None:
        """An account's order by the venue's id, or the last one under a client id."""
        found = self.orders.get(order_id) if order_id else self._by_client.get((account.key, client_id))
        return found if found is not None and found.account is account else None

    def orders_of(self, account: Account, market: int | None = None) -> list[Order]:
        """An account's orders, oldest first."""
        mine = (each for each in self.orders.values() if each.account is account)
        return [each for each in mine if market is None or each.ticket.market == market]

    def open_orders(self, account: Account, market: int | None = None) -> list[Order]:
        """Those that may still trade, oldest first."""
        found = (each for each in self._resting.values() if each.account is account)
        return sorted((e for e in found if market is None or e.ticket.market == market), key=lambda e: e.id)

    # What an order goes through.

    def _check(self, account: Account, t: Ticket) -> None:
        m = self.markets[t.market]
        if not self.is_open:
            raise Refused(o.CLOSED, f"{m.symbol}: the venue is under maintenance")
        if t.px % self.coarser[t.market] or t.px < 0:
            raise Refused(o.PRICE_GRID, f"{m.symbol}: price of {t.px} ticks")
        best = self.matching.books[t.market].best(t.side)
        if t.px and best is not None and not best[0] <= t.px * TIMES <= best[0] * TIMES**2:
            raise Refused(o.PRICE_RANGE, f"{m.symbol}: price of {t.px} ticks, best {best[0]}")
        if t.quote is None and not max(m.min_quantity, m.lot) <= t.lots * m.lot <= LARGEST:
            raise Refused(o.LOT_GRID, f"{m.symbol}: {t.lots} lots")
        if t.px and t.px * t.lots * m.tick * m.lot < m.min_notional:
            raise Refused(o.NOTIONAL, f"{m.symbol}: {t.px * t.lots * m.tick * m.lot}, minimum {m.min_notional}")
        if self.matching.is_full or len(self.open_orders(account, t.market)) >= OPEN_ORDERS:
            raise Refused(o.TOO_MANY, f"{account.name}: too many open orders")
        named = self.order_of(account, client_id=t.client_id)
        if t.client_id and named is not None and named.is_open:
            raise Refused(o.DUPLICATE, f"{t.client_id} is open already")

    def _parts(self, account: Account, t: Ticket) -> list[Part]:
        """What the order meets; Refused where that is against its own terms."""
        parts = self.matching.meets(t.market, t.side, t.px or None)
        if t.post_only and parts:
            raise Refused(o.WOULD_TAKE, f"{self.markets[t.market].symbol}: would take at {parts[0].px} ticks")
        if not t.px and not parts:
            raise Refused(o.NO_LIQUIDITY, f"{self.markets[t.market].symbol}: nothing to take")
        return parts

    def _lots_of(self, t: Ticket, parts: Sequence[Part]) -> int:
        """Lots asked for; of a market order by money, what that buys."""
        if t.quote is None:
            return t.lots
        m = self.markets[t.market]
        left, lots = t.quote, 0
        for part in parts:
            price = part.px * m.tick * m.lot
            taken = min(part.lots, int(left / price))
            lots, left = lots + taken, left - taken * price
            if taken < part.lots:
                break
        if lots * m.lot < m.min_quantity or not lots:
            raise Refused(o.LOT_GRID, f"{m.symbol}: {t.quote} buy {lots} lots")
        return lots

    def _lock(self, order: Order, parts: Sequence[Part]) -> None:
        """Set aside all that the order may cost."""
        t, m = order.ticket, self.markets[order.ticket.market]
        needed = order.lots * m.lot
        if t.side == BUY:
            needed = t.px * order.lots * m.tick * m.lot if t.px else self._cost(order.lots, parts, m)
        if not order.account.lock(self._pays(order), needed):
            raise Refused(o.FUNDS, f"{order.account.name}: {needed} {self._pays(order)} needed")
        order.held = needed

    @staticmethod
    def _cost(lots: int, parts: Sequence[Part], m: Market) -> Decimal:
        cost = Decimal(0)
        for part in parts:
            taken = min(part.lots, lots)
            cost, lots = cost + part.px * taken * m.tick * m.lot, lots - taken
        return cost

    def _pays(self, order: Order) -> str:
        m = self.markets[order.ticket.market]
        return m.quote if order.ticket.side == BUY else m.base

    def _is_of(self, account: Account, part: Part) -> bool:
        other = self._resting.get(part.ref)
        return other is not None and other.account is account

    def _keep(self, order: Order) -> None:
        self._order_id = order.id
        self.orders[order.id] = order
        if order.ticket.client_id:
            self._by_client[order.account.key, order.ticket.client_id] = order
        if len(self.orders) > KEPT:
            first = next(iter(self.orders.values()))
            if not first.is_open:
                del self.orders[first.id]
                key = (first.account.key, first.ticket.client_id)
                if self._by_client.get(key) is first:
                    del self._by_client[key]

    def _match(self, order: Order, parts: Sequence[Part]) -> None:
        """Trade with what it meets, best first."""
        for part in parts:
            lots = min(part.lots, order.left)
            if lots == 0 or not order.is_open:
                return
            other = self._resting.get(part.ref)
            if other is None:
                self._take_market(order, part, lots)
            elif other.account is not order.account or order.ticket.stp == o.STP_NONE:
                self._take_client(order, other, part, lots)
            else:
                self._prevent(order, other)

    def _take_market(self, order: Order, part: Part, lots: int) -> None:
        """Trade with the market itself, which holds that much less from now on."""
        t = order.ticket
        _, answers = self.matching.place(t.market, t.side, part.px, lots)
        for answer in answers:
            if answer.kind == rows.FILL:
                id = self._publish(Trade(t.market, answer.px, answer.lots, t.side))
                self._fill(order, id, answer.px, answer.lots, is_maker=False)
        self.matching.thin(t.market, 1 - t.side, part.px, part.lots - lots)

    def _take_client(self, order: Order, other: Order, part: Part, lots: int) -> None:
        """Trade with another client's order."""
        self.matching.take(part.ref, lots)
        id = self._publish(Trade(order.ticket.market, part.px, lots, order.ticket.side))
        self._fill(other, id, part.px, lots, is_maker=True)
        self._fill(order, id, part.px, lots, is_maker=False)
        self._tell_balances(other.account, order.ticket.market)

    def _prevent(self, order: Order, other: Order) -> None:
        """Two orders of one account meet: one or both end."""
        if order.ticket.stp in (o.STP_MAKER, o.STP_BOTH):
            self._end(other, Status.SELF_TRADE, "EXPIRED")
        if order.ticket.stp in (o.STP_TAKER, o.STP_BOTH):
            self._end(order, Status.SELF_TRADE, "EXPIRED")

    def _rest_or_expire(self, order: Order) -> None:
        t = order.ticket
        if not order.is_open:
            return
        if not t.px or t.tif != "GTC":
            self._end(order, Status.EXPIRED, "EXPIRED")
            return
        order.ref, answers = self.matching.place(t.market, t.side, t.px, order.left)
        self._resting[order.ref] = order
        for answer in answers:
            if answer.kind == rows.REJECT:
                raise AssertionError(f"order {order.id}: {self.matching.reason(answer)}")
        self._settle(answers)

    def _fill(self, order: Order, trade: int, px: int, lots: int, *, is_maker: bool) -> None:
        """One trade of an order: its money moves, exactly."""
        t, m = order.ticket, self.markets[order.ticket.market]
        base, cost = lots * m.lot, px * lots * m.tick * m.lot
        paid, got = (cost, base) if t.side == BUY else (base, cost)
        asset = m.base if t.side == BUY else m.quote
        fee = fee_of(got, m.maker_fee if is_maker else m.taker_fee)
        order.account.trade(self._pays(order), paid, asset, got - fee)
        order.held -= paid
        order.filled += lots
        order.cost += cost
        order.updated_ms = self.now_ms()
        order.status = Status.PARTIAL if order.left else Status.FILLED
        if t.side == BUY and t.px > px:
            self._release(order, (t.px - px) * lots * m.tick * m.lot)
        fill = Fill(trade, px, lots, cost, fee, asset, is_maker, order.updated_ms)
        order.fills.append(fill)
        if not order.left:
            self._forget(order)
        self._tell(Report(order, "TRADE", fill))

    def _release(self, order: Order, amount: Decimal) -> None:
        order.account.unlock(self._pays(order), amount)
        order.held -= amount

    def _forget(self, order: Order) -> None:
        """An order rests no more: nothing stays locked for it."""
        self._release(order, order.held)
        self._resting.pop(order.ref, None)

    def _end(self, order: Order, status: Status, what: str, cancel_id: str = "") -> None:
        if order.ref:
            self.matching.cancel(order.ticket.market, order.ref)
        order.status, order.updated_ms = status, self.now_ms()
        self._forget(order)
        self._tell(Report(order, what, cancel_id=cancel_id))

    def _tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    def _tell_balances(self, account: Account, market: int) -> None:
        m = self.markets[market]
        self._tell(Changed(account, (m.base, m.quote)))


__all__ = ["BUY", "SELL", "Changed", "Event", "PublicTrade", "Report", "Venue"]
