"""Several quote currencies against a slow reading of the specification: ways, rates, references, fills, faults."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.config import validate
from stackedmm.config.traded import choose
from stackedmm.core import rows
from stackedmm.core.accounts import wallets
from stackedmm.core.codes import AGGREGATED, COMPONENT_VENUES, LIQUIDITY_WEIGHTED, OLD_RATE, SINGLE_VENUE
from stackedmm.core.inventory import check
from stackedmm.core.market import LINEAR, Market
from stackedmm.core.routes import routes
from tests.core.plain import core
from tests.core.test_stack import slow_price
from tests.core.world import SECOND, World, document, reason


def spot(venue: str, symbol: str, tick: str, lot: str, **more: Any) -> Market:
    base, quote = symbol.split("/")
    return Market(venue, symbol, base, quote, Decimal(tick), Decimal(lot), **more)


COIN_USDT = spot("binance", "COIN/USDT", "0.0001", "0.01", min_notional=Decimal(5))
BYBIT = spot("bybit", "COIN/USDT", "0.0001", "0.01", min_notional=Decimal(5))
COIN_BTC = spot("binance", "COIN/BTC", "0.000000001", "0.01", min_notional=Decimal("0.0001"))
BTC_USDT = spot("binance", "BTC/USDT", "0.5", "0.00001")
ALL = [COIN_USDT, BYBIT, COIN_BTC, BTC_USDT]


def two_quotes(**config: Any) -> World:
    """COIN against USDT on two venues and against BTC on one, with the BTC/USDT book that converts."""
    made = {"quote_currencies": ["USDT", "BTC"], "exchanges": ["binance", "bybit"]} | config
    return World(document(**made), ALL)


def show(world: World, at: int, bid: Any, ask: Any, size: Any = 1000) -> Any:
    return world.book({bid: size}, {ask: size}, at=at)


def opened(world: World, *, btc: tuple[str, str] = ("0.000019996", "0.000020004"), size: int = 1000) -> Any:
    """All books agree: COIN at 1, BTC at 50000."""
    show(world, 0, "0.9998", "1.0002", size)
    show(world, 1, "0.9998", "1.0002", size)
    show(world, 2, *btc, size)
    show(world, 3, "49999.5", "50000.5", 1)
    return world.wait()


# --- which markets ---


def chosen(quotes: list[str], markets: list[Market], **config: Any) -> list[str]:
    made = {"quote_currencies": quotes, "exchanges": ["binance", "bybit"]} | config
    return [markets[i].name for i in choose(validate(document(**made)), markets)]


def test_quoted_markets_come_first_and_then_what_converts() -> None:
    other = spot("binance", "DOGE/USDT", "0.1", "1")
    found = chosen(["USDT", "BTC"], [BTC_USDT, other, COIN_BTC, BYBIT, COIN_USDT])
    assert found == ["binance COIN/USDT", "bybit COIN/USDT", "binance COIN/BTC", "binance BTC/USDT"]


def test_one_quote_currency_needs_nothing_to_convert() -> None:
    assert chosen(["USDT"], ALL) == ["binance COIN/USDT", "bybit COIN/USDT"]


def test_a_venue_that_does_not_list_a_quote_is_quoted_in_the_others() -> None:
    assert chosen(["BTC"], ALL) == ["binance COIN/BTC"]


def test_books_of_the_coin_itself_and_of_perps_never_convert() -> None:
    perp = spot("binanceusdm", "BTC/USDT:USDT", "0.1", "0.001", kind=LINEAR, settle="USDT")
    assert chosen(["USDT", "BTC"], [COIN_USDT, COIN_BTC, perp])[2:] == []


def test_a_longer_way_goes_through_quote_currencies_where_it_can() -> None:
    strange = [spot("binance", "XRP/ETH", "0.1", "1"), spot("binance", "XRP/USDT", "0.1", "1")]
    good = [spot("binance", "ETH/BTC", "0.1", "1"), spot("binance", "BTC/USDT", "0.1", "1")]
    found = routes([*strange, *good], "USDT", "COIN", ["USDT", "BTC", "ETH"])
    assert [len(way) for way in found["ETH"]] == [2]
    assert found["ETH"][0][0].market == 2
    assert [len(way) for way in routes(strange, "USDT", "COIN", ["ETH"])["ETH"]] == [2]


# --- the graph, against all permutations of books ---

CURRENCIES = ["USDT", "BTC", "ETH", "USDC"]
BOOKS = st.lists(
    st.tuples(
        st.sampled_from(list(permutations(CURRENCIES, 2))), st.integers(900, 1100), st.integers(0, 3000), st.booleans()
    ),
    max_size=6,
    unique_by=lambda each: each[0],
)


@settings(deadline=None, max_examples=60)
@given(BOOKS)
def test_the_rate_is_that_of_the_live_way_with_fewest_legs_then_the_youngest(books: list[Any]) -> None:
    quotes = ["USDT", "BTC", "ETH", "USDC"]
    coins = [spot("binance", f"COIN/{quote}", "0.0001", "0.01") for quote in quotes]
    legs = [spot("binance", f"{base}/{quote}", "0.001", "0.01") for (base, quote), *_ in books]
    world = World(document(quote_currencies=quotes), [*coins, *legs])
    for i, (_, mid, age, crossed) in enumerate(books, len(coins)):
        world.now -= age * SECOND // 1000
        ask = Decimal(mid - 2 if crossed else mid + 1) / 1000
        world.book({Decimal(mid - 1) / 1000: 1}, {ask: 1}, at=i)
        world.now += age * SECOND // 1000
    for at in range(len(coins), len(world.markets)):
        world.s.now = world.now
        core.tape.refresh(world.s, world.A, at)
    core.conversion.refresh(world.s)
    for c, quote in enumerate(quotes[1:], 1):
        ways, currency = all_rates(books, quote), world.s.currencies[c]
        assert bool(currency.live) == bool(ways)
        if ways:
            best = min(way[:2] for way in ways)
            allowed = [float(rate) for *way, rate in ways if tuple(way) == best]
            assert any(rate == pytest.approx(float(currency.rate)) for rate in allowed)


def all_rates(books: list[Any], start: str) -> list[tuple[int, int, Fraction]]:
    """Legs, age and rate of every live way of a currency, by trying every sequence of books."""
    found = []

    def go(at: str, seen: set[str], legs: int, age: int, rate: Fraction) -> None:
        if at == "USDT":
            found.append((legs, age, rate))
        elif legs < 3:
            for (base, quote), mid, old, crossed in books:
                to = {base: quote, quote: base}.get(at)
                if to and to not in seen and not crossed and old <= 2000:
                    by = Fraction(mid, 1000) if at == base else Fraction(1000, mid)
                    go(to, seen | {to}, legs + 1, max(age, old), rate * by)

    go(start, {start}, 0, 0, Fraction(1))
    return found


# --- references ---

ticks = st.integers(-8, 8)
SOURCES = {"aggregated": AGGREGATED, "component_venues": COMPONENT_VENUES, "single_venue": SINGLE_VENUE}


@pytest.mark.parametrize("source", SOURCES)
@settings(deadline=None, max_examples=25)
@given(st.tuples(ticks, ticks, ticks), st.tuples(*[st.integers(1, 300)] * 3), st.integers(1, 900))
def test_the_reference_is_the_slow_readings_over_converted_books(
    source: str, shift: tuple[int, ...], size: tuple[int, ...], quantity: int
) -> None:
    world = two_quotes()
    world.s.out_max = 0
    # A rate at which no converted price falls on another: floats and fractions break ties differently.
    rate = Fraction("50000.75")
    books = [({9998 + s: n}, {10002 + s: n}) for s, n in zip(shift[:2], size[:2], strict=True)]
    native = ({19996 + shift[2]: size[2]}, {20004 + shift[2]: size[2]})
    for at, book in enumerate([*books, native]):
        show_ticks(world, at, book)
    show(world, 3, "50000.5", "50001", 1)
    world.s.source, world.s.source_quantity = SOURCES[source], quantity / 100
    world.s.source_market = 1
    core.stack.refresh(world.s, world.A)
    every = [*books, native]
    by = [Fraction(1), Fraction(1), 100_000 / rate]
    if source == "single_venue":
        every, by = [books[1]], [Fraction(1)]
    expected, partial = slow_price(every, Fraction(quantity, 100), by)
    assert float(world.s.reference) == pytest.approx(expected)
    assert bool(world.s.reference_partial) == partial
    m = world.s.markets[2]
    assert core.conversion.home(world.s, m) == pytest.approx(expected / float(rate))


def show_ticks(world: World, at: int, book: Any) -> None:
    world.tell(rows.CLEAR, at=at)
    levels = [(side, px, lots) for side in (0, 1) for px, lots in book[side].items()]
    for i, (side, px, lots) in enumerate(levels):
        last = rows.LAST if i == len(levels) - 1 else 0
        world.tell(rows.DEPTH, px=px, qty=lots, marks=side | last, at=at)


def test_liquidity_weighted_takes_each_converted_book_by_its_depth() -> None:
    world = two_quotes(smart_pricing_source="liquidity_weighted")
    world.s.out_max = 0
    opened(world, btc=("0.000020016", "0.000020024"))  # 10 bps above: 1.0010
    for _ in range(60):
        world.wait(0.5)
    weights = [float(world.s.markets[i].weight) for i in range(3)]
    assert weights == pytest.approx([1 / 3] * 3, abs=0.01)
    assert world.s.source == LIQUIDITY_WEIGHTED
    assert float(world.s.reference) == pytest.approx((1 + 1 + 1.001) / 3, abs=2e-5)


def test_native_prices_each_quote_by_its_own_books_and_usdt_does_not() -> None:
    for anchor, expected in (("usdt", None), ("native", 0.00002002)):
        world = two_quotes(pricing={"anchor": anchor}, passive={})
        opened(world, btc=("0.000020016", "0.000020024"))
        own = core.conversion.home(world.s, world.s.markets[2])
        assert own == pytest.approx(expected or float(world.s.reference) / 50_000)
        if anchor == "native":
            assert float(world.s.reference) == pytest.approx(1.0), "the first currency's books alone"


def test_a_native_reference_follows_its_own_book_and_leaves_the_others_alone() -> None:
    world = two_quotes(pricing={"anchor": "native"}, passive={})
    opened(world)
    before = float(world.s.reference)
    show(world, 2, "0.000020096", "0.000020104")
    assert core.conversion.home(world.s, world.s.markets[2]) == pytest.approx(0.0000201)
    assert float(world.s.reference) == before


# --- quotes ---


def test_passive_quotes_stand_around_the_converted_reference() -> None:
    world = two_quotes(passive={"spread_coefficient_method": "none"})
    opened(world)
    assert world.want(0, at=2)[:2] == (pytest.approx(0.00001997, abs=1e-12), 25.0)
    assert world.want(1, at=2)[:2] == (pytest.approx(0.00002003, abs=1e-12), 25.0)


def test_quantities_in_quote_are_in_the_first_currency() -> None:
    world = two_quotes(passive={"spread_coefficient_method": "none", "quantity_currency": "quote"})
    opened(world)
    assert world.want(0, at=2)[1] == pytest.approx(25 / (0.00001997 * 50_000), abs=0.01)


def test_top_of_book_stands_on_the_native_book_within_the_converted_bound() -> None:
    world = two_quotes(tob={"inventory_gate": "off"})
    opened(world)
    assert world.want(0, at=2)[0] == pytest.approx(0.000019997, abs=1e-12)
    bounded = two_quotes(
        tob={"spread_bps": "50"}, inventory={"inventory_price_method": "manual", "manual_inventory_price": "1.0"}
    )
    opened(bounded)
    assert bounded.want(0, at=2)[0] == pytest.approx(0.0000199, abs=1e-12), "P x (1 - 50 bps) / 50000"


def test_the_zone_and_the_order_value_are_in_the_first_currency() -> None:
    inside = two_quotes(tob={"inventory_gate": "off", "min_price": "0.9", "max_price": "1.1"})
    outside = two_quotes(tob={"inventory_gate": "off", "max_price": "0.9"})
    for world, expected in ((inside, "ok"), (outside, "outside price zone")):
        opened(world)
        assert world.want(0, at=2)[2] == expected
    worth = two_quotes(passive={}, risk={"max_order_value": "20"})
    opened(worth)
    worth.wait()
    assert reason(worth.s.quotes[worth.quote(0, at=2)].reason) == "order value limit"


def test_a_moved_conversion_moves_the_quotes_of_its_currency_and_no_other() -> None:
    world = two_quotes(passive={"spread_coefficient_method": "none"}, pricing={"venues": ["bybit"]},
                       smart_pricing_source="component_venues")  # fmt: skip
    opened(world)
    before = [world.s.quotes[world.quote(0, at=at)].target_px for at in (0, 2)]
    show(world, 3, "50499.5", "50500.5", 1)
    after = [world.s.quotes[world.quote(0, at=at)].target_px for at in (0, 2)]
    assert after[0] == before[0]
    assert after[1] == pytest.approx(before[1] / 1.01, abs=1)


def test_a_conversion_book_carries_no_quotes_and_is_not_stacked() -> None:
    world = two_quotes(passive={})
    opened(world)
    assert (world.s.markets_n, world.s.quoted_n) == (4, 3)
    assert world.s.markets[3].first_quote == world.s.markets[3].end_quote
    assert float(world.s.reference) == pytest.approx(1.0)


# --- faults ---


def test_a_stale_conversion_takes_its_quotes_away_and_says_why() -> None:
    world = two_quotes(passive={})
    opened(world)
    orders = [world.s.quotes[world.quote(0, at=at)].order for at in (0, 2)]
    assert min(orders) >= 0
    for at in (0, 2):
        world.tell(rows.ACK, ref=int(world.s.orders[world.s.quotes[world.quote(0, at=at)].order].ref), at=at)
    world.now += 3 * SECOND
    for m in world.s.markets[:3]:
        m.seen_ns = world.now
    commands = world.tell(rows.TIMER)
    assert {int(c.market) for c in commands if c.kind == rows.CANCEL} == {2}
    assert reason(world.s.quotes[world.quote(0, at=2)].reason) == "no live conversion into the first quote currency"
    assert reason(world.s.quotes[world.quote(0, at=0)].reason) != "no live conversion into the first quote currency"
    show(world, 3, "49999.5", "50000.5", 1)
    world.now += SECOND
    world.wait()
    assert world.s.markets[2].convertible == 1


def test_a_depeg_moves_the_quotes_in_usdc() -> None:
    markets = [COIN_USDT, spot("binance", "COIN/USDC", "0.0001", "0.01"), spot("binance", "USDC/USDT", "0.0001", "1")]
    world = World(document(quote_currencies=["USDT", "USDC"], passive={"spread_coefficient_method": "none"}), markets)
    show(world, 0, "0.9998", "1.0002")
    show(world, 1, "0.9998", "1.0002")
    show(world, 2, "0.9999", "1.0001")
    world.wait()
    assert world.want(0, at=1)[0] == pytest.approx(0.9985)
    show(world, 1, "1.0998", "1.1002")
    show(world, 2, "0.9089", "0.9091")
    assert world.want(0, at=1)[0] == pytest.approx(0.9985 / 0.909, abs=2e-4)
    assert world.want(0, at=0)[0] == pytest.approx(0.9985, abs=2e-4)


# --- fills ---


def test_a_fill_in_btc_is_converted_at_its_time_and_its_flow_kept() -> None:
    world = two_quotes(passive={"spread_coefficient_method": "none"})
    commands = [c.copy() for c in opened(world)]
    bid = next(c for c in commands if c.kind == rows.PLACE and c.market == 2 and c.side == 0)
    assert bid.rate == 50_000
    assert bid.reference == pytest.approx(0.00002)
    world.tell(rows.ACK, ref=int(bid.ref), at=2)
    fee = 7
    before = world.s.ledger.flow
    world.filling(bid, int(bid.qty), fee=fee)
    currency, ledger = world.s.currencies[1], world.s.ledger
    paid = int(bid.px) * int(bid.qty) * int(world.s.markets[2].cost_units) + fee
    assert currency.flow == paid
    assert currency.fees == fee
    assert currency.fills == 1
    unit = Fraction(repr(float(currency.unit)))
    assert Fraction(paid) * unit == Fraction("0.00001997") * 25 + fee * unit
    assert abs((ledger.flow - before) * world.s.unit_cost - 0.00001997 * 25 * 50_000) < 1e-5
    assert world.s.markets[2].fill_rate == 50_000
    check(world.filled.state[0])


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, -1]), st.integers(1, 50_000), st.integers(15_000, 25_000), st.integers(40_000, 60_000)
        ),
        max_size=12,
    )
)  # fmt: skip
def test_converted_fills_agree_with_fractions_to_a_unit_and_balance_exactly(fills: list[Any]) -> None:
    world = two_quotes()
    m = world.s.markets[2]
    unit = Fraction(repr(float(world.s.currencies[1].unit)))
    exact = Fraction(0)
    for sign, lots, px, rate in fills:
        m.rate, m.convertible = float(rate), 1
        money = px * lots * int(m.cost_units)
        assert money * unit == Fraction(px, 10**9) * Fraction(lots, 100)
        core.orders.count_fill(world.s, m, sign, lots * int(m.lot_units), money, 3, 0)
        exact += (sign * money + 3) * unit * rate
        check(world.filled.state[0])
    flow = int(world.s.ledger.flow) * Fraction(1, 10**9)
    assert abs(flow - exact) <= len(fills) * Fraction(1, 10**9)
    assert world.s.currencies[1].flow == sum(s * p * n * int(m.cost_units) + 3 for s, n, p, _ in fills)


def test_a_fill_while_the_conversion_is_dead_takes_the_last_rate_and_is_counted() -> None:
    world = two_quotes(passive={})
    commands = [c.copy() for c in opened(world)]
    bid = next(c for c in commands if c.kind == rows.PLACE and c.market == 2 and c.side == 0)
    world.s.markets[2].convertible = 0
    world.filling(bid, int(bid.qty))
    assert world.s.events[OLD_RATE] == 1
    assert world.s.markets[2].fill_rate == 50_000


# --- wallets ---


def test_markets_of_one_account_share_the_base_and_each_currency_has_its_own_wallet() -> None:
    usdc = spot("binance", "COIN/USDC", "0.0001", "0.01")
    perp = spot("binanceusdm", "COIN/USDT:USDT", "0.0001", "0.01", kind=LINEAR, settle="USDT")
    shared = wallets([COIN_USDT, BYBIT, COIN_BTC, usdc, perp])
    assert shared.base_at[0] == shared.base_at[2] == shared.base_at[3] != shared.base_at[1]
    assert len({*shared.money_at}) == 5
    assert (shared.base_peer[0], shared.base_peer[2], shared.base_peer[3]) == (2, 3, 0)
    assert shared.money_peer == [0, 1, 2, 3, 4]


def test_paper_splits_the_opening_over_accounts_and_pays_currencies_at_their_rate() -> None:
    world = two_quotes(passive={})
    opened(world)
    s = world.s
    assert [float(world.wallet(at).amount * s.unit_base) for at in (0, 1, 2)] == [750, 750, 750]
    assert float(world.wallet(0, "money").amount * s.unit_cost) == pytest.approx(500, abs=1e-3)
    assert float(world.wallet(2, "money").amount * s.currencies[1].unit) == pytest.approx(0.01, abs=1e-6)


def test_money_that_cannot_be_converted_at_the_opening_comes_when_it_can() -> None:
    world = two_quotes(passive={})
    show(world, 0, "0.9998", "1.0002")
    world.wait()
    assert world.wallet(2, "money").amount == 0
    assert world.s.unfunded == 1
    show(world, 3, "49999.5", "50000.5", 1)
    world.wait()
    assert world.wallet(2, "money").amount > 0
    assert world.s.unfunded == 0


def test_asks_of_two_quotes_never_offer_more_than_the_base_they_share() -> None:
    held = {"target_inventory": "5000", "max_inventory_deviation": "3000"}
    world = two_quotes(passive={"quantity": "600"}, inventory=held, risk={"max_order_value": "100000"})
    show(world, 0, "0.9998", "1.0002")
    show(world, 2, "0.000019996", "0.000020004")
    show(world, 3, "49999.5", "50000.5", 1)
    world.s.paper = 0
    world.s.opened = world.s.reconciled = 1
    world.hold(5000)
    world.tell(rows.BALANCE, px=800 * 10**8, qty=0, at=0)
    world.s.wallets[world.s.markets[2].money_at].amount = 0
    world.now += SECOND
    world.wait()
    asks = [o for o in world.s.orders if o.life and o.side == 1 and o.market in (0, 2)]
    assert 0 < sum(int(o.lots) for o in asks) <= 80_000
    assert {int(o.market) for o in asks} == {0, 2}
