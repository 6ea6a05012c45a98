"""The venue without a wire: what orders do to each other, and what must hold whatever they do."""

import contextlib
import random
from decimal import Decimal
from typing import Any

import pytest

from stackedmm.exchange import orders as o
from stackedmm.exchange.ledger import fee_of
from stackedmm.exchange.orders import BUY, SELL, Order, Refused, Status, Ticket
from stackedmm.exchange.source import SECOND, synthetic
from stackedmm.exchange.venue import Changed, PublicTrade, Report, Venue
from stackedmm.sim import truth


class Floor:
    """A venue on a synthetic market that goes on when told, with two clients, and all that is heard there."""

    def __init__(self, seed: int = 7) -> None:
        self.source = synthetic(seed=seed)
        self.venue = Venue(self.source.markets, self.source.ticks, lambda: 0, seed=seed)
        money = {"USDT": Decimal(100_000), "BERA": Decimal(16_000)}
        self.a, self.b = (self.venue.add_account(name, money) for name in "ab")
        self.now = self.source.start
        self.venue.play(self.source.more(self.now), self.now)
        self.heard: list[Any] = []
        self.venue.listeners.append(self.heard.append)

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.venue.play(self.source.more(self.now), self.now)

    def best(self, side: int) -> int:
        return int(self.venue.matching.books[0].best(side)[0])  # type: ignore[index]

    def inside(self) -> int:
        """A bid that is alone at its price."""
        while self.best(SELL) - self.best(BUY) < 2:
            self.advance(0.1)
        return self.best(BUY) + 1


def test_price_then_the_markets_own_then_time() -> None:
    floor = Floor()
    ask = floor.best(SELL)
    first = floor.venue.place(floor.a, Ticket(0, SELL, ask, 100))
    second = floor.venue.place(floor.a, Ticket(0, SELL, ask, 100))
    market = next(part.lots for part in floor.venue.matching.meets(0, BUY, ask) if part.ref == 0)
    taken = floor.venue.place(floor.b, Ticket(0, BUY, ask, market + 150))
    assert [fill.lots for fill in taken.fills] == [market, 100, 50]
    assert (first.status, second.status, second.left) == (Status.FILLED, Status.PARTIAL, 50)
    assert floor.best(SELL) == ask
    assert floor.venue.matching.books[0].best(SELL) == (ask, 50)
    trades = [event for event in floor.heard if isinstance(event, PublicTrade)]
    assert [(t.lots, t.aggressor) for t in trades] == [(market, BUY), (100, BUY), (50, BUY)]


@pytest.mark.parametrize(
    ("stp", "resting", "incoming", "filled"),
    [
        (o.STP_MAKER, Status.SELF_TRADE, Status.NEW, 0),
        (o.STP_TAKER, Status.NEW, Status.SELF_TRADE, 0),
        (o.STP_BOTH, Status.SELF_TRADE, Status.SELF_TRADE, 0),
        (o.STP_NONE, Status.FILLED, Status.FILLED, 100),
    ],
)
def test_self_trades_are_prevented(stp: str, resting: Status, incoming: Status, filled: int) -> None:
    floor = Floor()
    px = floor.inside()
    mine = floor.venue.place(floor.a, Ticket(0, BUY, px, 100))
    again = floor.venue.place(floor.a, Ticket(0, SELL, px, 100, stp=stp))
    assert (mine.status, again.status, again.filled) == (resting, incoming, filled)


def test_what_is_taken_is_gone_until_the_market_writes_the_level_again() -> None:
    floor = Floor()
    ask = floor.best(SELL)
    lots = floor.venue.matching.books[0].sides[SELL][ask]
    floor.venue.place(floor.a, Ticket(0, BUY, ask, lots - 5, tif="IOC"))
    assert floor.venue.matching.books[0].sides[SELL][ask] == 5
    rest = floor.venue.place(floor.a, Ticket(0, BUY, ask, 50))
    assert (rest.filled, rest.left, floor.best(BUY)) == (5, 45, ask)


@pytest.mark.parametrize(
    ("ticket", "reason"),
    [
        (Ticket(0, BUY, 6000, 0), o.LOT_GRID),
        (Ticket(0, BUY, 6000, 1), o.NOTIONAL),
        (Ticket(0, BUY, 6000, 10**7), o.FUNDS),
        (Ticket(0, BUY, 9000, 100, post_only=True), o.WOULD_TAKE),
        (Ticket(0, BUY, quote=Decimal("0.5")), o.LOT_GRID),
    ],
)
def test_refused_and_nothing_moved(ticket: Ticket, reason: str) -> None:
    floor = Floor()
    before = repr(floor.a)
    with pytest.raises(Refused) as refused:
        floor.venue.place(floor.a, ticket)
    assert (refused.value.reason, repr(floor.a), floor.heard, floor.venue.orders) == (reason, before, [], {})


def test_only_so_many_orders() -> None:
    floor = Floor()
    for i in range(200):
        floor.venue.place(floor.a, Ticket(0, BUY, 5000 + i, 10))
    with pytest.raises(Refused) as refused:
        floor.venue.place(floor.a, Ticket(0, BUY, 5300, 10))
    assert refused.value.reason == o.TOO_MANY
    floor.venue.place(floor.b, Ticket(0, BUY, 5300, 10))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_they_do(seed: int) -> None:
    """Random orders of two clients: money is conserved but for fees and the market's side, locks equal what rests,
    the simulated venue agrees with itself, events tell the whole story."""
    floor, draw = Floor(seed), random.Random(seed)
    for _ in range(300):
        step(floor, draw)
        check(floor)
    told: dict[Order, int] = {}
    for event in floor.heard:
        if isinstance(event, Report) and event.fill:
            told[event.order] = told.get(event.order, 0) + event.fill.lots
    assert all(told.get(each, 0) == each.filled for each in floor.venue.orders.values())
    assert any(isinstance(event, Changed) for event in floor.heard)
    assert sum(each.filled > 0 for each in floor.venue.orders.values()) > 50


def step(floor: Floor, draw: random.Random) -> None:
    """One random thing."""
    account, side = draw.choice((floor.a, floor.b)), draw.randrange(2)
    kind = draw.random()
    if kind < 0.3:
        floor.advance(draw.choice((0.02, 0.1, 1.0)))
    elif kind < 0.45 and (found := floor.venue.open_orders(account)):
        floor.venue.cancel(draw.choice(found))
    else:
        px = floor.best(side) + draw.randrange(-4, 5) if draw.random() < 0.85 else 0
        tif = draw.choice(("GTC", "GTC", "IOC", "FOK")) if px else "IOC"
        ticket = Ticket(0, side, px, draw.randrange(10, 3000), tif=tif, stp=draw.choice(o.STPS))
        with contextlib.suppress(Refused):
            floor.venue.place(account, ticket)


def check(floor: Floor) -> None:
    """What must hold at any moment."""
    market, matching = floor.venue.markets[0], floor.venue.matching
    truth.check(matching.X, matching.XA)
    rests = {int(each["ref"]): int(each["lots"] - each["filled"]) for each in truth.resting(matching.X, 0)}
    opened = [each for account in (floor.a, floor.b) for each in floor.venue.open_orders(account)]
    assert rests == {each.ref: each.left for each in opened}
    for account in (floor.a, floor.b):
        mine = [each for each in opened if each.account is account]
        quote = sum(e.left * e.ticket.px * market.tick * market.lot for e in mine if e.ticket.side == BUY)
        base = sum(e.left * market.lot for e in mine if e.ticket.side == SELL)
        assert (account.locked["USDT"], account.locked["BERA"]) == (quote, base)
        assert min(account.free.values()) >= 0
        done = [(e, fill) for e in floor.venue.orders_of(account) for fill in e.fills]
        got = sum((1 - 2 * e.ticket.side) * fill.lots * market.lot for e, fill in done)
        fees = sum(fill.fee for _, fill in done if fill.fee_asset == "BERA")
        assert account.free["BERA"] + account.locked["BERA"] == 16_000 + got - fees
    bids, asks = matching.books[0].sides
    assert max(bids) < min(asks), "the published book is crossed"


def test_a_market_order_may_cost_what_it_takes_beyond_own_orders() -> None:
    """The own order gives way, so the next price counts: money for the own one alone is not enough."""
    floor = Floor()
    px = floor.inside()
    floor.venue.place(floor.a, Ticket(0, SELL, px, 1000))
    floor.a.free["USDT"] = px * 1000 * floor.venue.markets[0].tick * floor.venue.markets[0].lot
    with pytest.raises(Refused) as refused:
        floor.venue.place(floor.a, Ticket(0, BUY, lots=1000, tif="IOC"))
    assert refused.value.reason == o.FUNDS


def test_fees_are_cut_at_the_eighth_decimal() -> None:
    assert fee_of(Decimal("0.12345678"), Decimal("0.0002")) == Decimal("0.00002469")
    assert fee_of(Decimal("0.12345678"), Decimal("-0.0002")) == Decimal("-0.00002469")
