"""The stacked book and the reference price against a slow reading of the specification in fractions."""

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.core.codes import AGGREGATED, COMPONENT_VENUES, LIQUIDITY_WEIGHTED, PARTIAL_REFERENCE, SINGLE_VENUE
from stackedmm.core.market import LINEAR
from tests.core.plain import core
from tests.core.world import SECOND, Document, World, document, market

stack = core.stack
VENUES = ("binance", "bybit", "gate")
Levels = dict[int, int]  # ticks: lots
Book = tuple[Levels, Levels]


# --- a slow reading of section 8 ---


def slow_merge(books: list[Book], side: int, divisors: list[Fraction]) -> list[tuple[Fraction, dict[int, Fraction]]]:
    """Price levels of one side, best first, each with its venues' sizes in coins."""
    levels: dict[Fraction, dict[int, Fraction]] = {}
    for i, book in enumerate(books):
        for ticks, lots in book[side].items():
            price = Fraction(ticks, 10_000) / divisors[i]
            levels.setdefault(price, {})[i] = Fraction(lots, 100)
    return sorted(levels.items(), reverse=side == 0)


def slow_uncross(bids: list[Any], asks: list[Any]) -> tuple[list[Any], list[Any], Fraction]:
    """While the best bid is at or above the best ask the smaller size leaves both, in proportion across venues."""
    bids, asks, crossed = list(bids), list(asks), Fraction(0)
    while bids and asks and bids[0][0] >= asks[0][0]:
        sizes = [sum(level[0][1].values()) for level in (bids, asks)]
        taken = min(sizes)
        crossed += taken
        for level, size in zip((bids, asks), sizes, strict=True):
            price, shares = level.pop(0)
            if size > taken:
                level.insert(0, (price, {i: share * (size - taken) / size for i, share in shares.items()}))
    return bids, asks, crossed


def slow_walk(levels: list[Any], quantity: Fraction) -> tuple[Fraction, bool]:
    """Mean price of a quantity, and whether there was too little."""
    left, paid = quantity, Fraction(0)
    for price, shares in levels:
        taken = min(left, sum(shares.values()))
        paid, left = paid + taken * price, left - taken
    return paid / (quantity - left), left > 0


def slow_price(books: list[Book], quantity: Fraction, divisors: list[Fraction] | None = None) -> tuple[float, bool]:
    """Mean of buying and selling a quantity, clamped to the best bid and ask left; 0 where a side is empty."""
    by = divisors or [Fraction(1)] * len(books)
    bids, asks, _ = slow_uncross(*(slow_merge(books, side, by) for side in (0, 1)))
    if not bids or not asks:
        return 0.0, False
    (buying, thin), (selling, thin_too) = slow_walk(asks, quantity), slow_walk(bids, quantity)
    return float(min(max((buying + selling) / 2, bids[0][0]), asks[0][0])), thin or thin_too


# --- worlds ---


def stacked(books: list[Book], **config: Any) -> World:
    """Venues with these books; nothing is quoted."""
    venues = VENUES[: len(books)]
    world = World(document(exchanges=list(venues), **config), [market(venue) for venue in venues])
    world.s.out_max = 0
    for at, book in enumerate(books):
        show(world, book, at)
    core.stack.refresh(world.s, world.A)
    return world


def show(world: World, book: Book, at: int) -> None:
    world.tell(rows.CLEAR, at=at, marks=0 if any(book) else rows.LAST)
    levels = [(side, px, lots) for side in (0, 1) for px, lots in book[side].items()]
    for i, (side, px, lots) in enumerate(levels):
        last = rows.LAST if i == len(levels) - 1 else 0
        world.tell(rows.DEPTH, px=px, qty=lots, marks=side | last, at=at)


def priced(world: World, source: int = AGGREGATED, quantity: float = 1.0) -> float:
    world.s.source, world.s.source_quantity = source, quantity
    stack.refresh(world.s, world.A)
    return float(world.s.reference)


sizes = st.integers(1, 400)
bid_side = st.dictionaries(st.integers(9_990, 10_000), sizes, min_size=1, max_size=5)
ask_side = st.dictionaries(st.integers(10_001, 10_010), sizes, min_size=1, max_size=5)
one_book = st.tuples(st.integers(-8, 8), bid_side, ask_side).map(
    lambda drawn: tuple({px + drawn[0]: lots for px, lots in side.items()} for side in drawn[1:])
)
some_books = st.lists(one_book, min_size=1, max_size=3)
quantities = st.integers(1, 3000).map(lambda n: Fraction(n, 100))


# --- the merged book ---


def merged(world: World, side: int, source: int = AGGREGATED, at: int = -1) -> tuple[Any, Any, Any]:
    """Prices, sizes and shares of one side before uncrossing."""
    prices, sizes, shares = np.zeros(64), np.zeros(64), np.zeros((64, len(world.markets)))
    n = core.merged.merge(world.s, world.A, source, at, side, prices, sizes, shares)
    return prices[:n], sizes[:n], shares[:n]


@settings(deadline=None, max_examples=30)
@given(some_books)
def test_the_merged_book_carries_each_venues_share_and_uncrosses_in_proportion(books: list[Book]) -> None:
    world = stacked(books)
    slow = [slow_merge(books, side, [Fraction(1)] * len(books)) for side in (0, 1)]
    sides = [merged(world, side) for side in (0, 1)]
    for (prices, sizes, shares), levels in zip(sides, slow, strict=True):
        assert prices == pytest.approx([float(price) for price, _ in levels])
        assert sizes == pytest.approx([float(sum(found.values())) for _, found in levels])
        assert shares == pytest.approx(np.array([[float(f.get(i, 0)) for i in range(len(books))] for _, f in levels]))
    first_bid, first_ask, crossed = core.merged.uncross_merged(*sides[0], *sides[1])
    *left, taken = slow_uncross(*slow)
    assert crossed == pytest.approx(float(taken))
    for first, (_, _, shares), levels in zip((first_bid, first_ask), sides, left, strict=True):
        wanted = [[float(found.get(i, 0)) for i in range(len(books))] for _, found in levels]
        assert shares[first:] == pytest.approx(np.array(wanted).reshape(-1, len(books)), abs=1e-9)


def test_a_level_crossed_in_part_leaves_its_venues_in_proportion() -> None:
    world = stacked([({10_002: 300}, {10_010: 1}), ({10_002: 100}, {10_010: 1}), ({9_990: 1}, {10_001: 200})])
    bids, asks = merged(world, 0), merged(world, 1)
    assert core.merged.uncross_merged(*bids, *asks) == (0, 1, 2.0)
    assert bids[2][0].tolist() == pytest.approx([1.5, 0.5, 0])


# --- price at quantity ---


@settings(deadline=None, max_examples=50)
@given(some_books, quantities)
def test_aggregated_price_is_that_of_the_slow_reading(books: list[Book], quantity: Fraction) -> None:
    world = stacked(books)
    expected, partial = slow_price(books, quantity)
    assert priced(world, AGGREGATED, float(quantity)) == pytest.approx(expected, rel=1e-12)
    if expected:
        assert bool(world.s.reference_partial) == partial
        crossed = slow_uncross(*(slow_merge(books, side, [Fraction(1)] * len(books)) for side in (0, 1)))[2]
        assert world.s.crossed_base == pytest.approx(float(crossed))


@settings(deadline=None, max_examples=30)
@given(st.lists(one_book, min_size=3, max_size=3), quantities)
def test_single_and_component_venues_price_from_their_own_books(books: list[Book], quantity: Fraction) -> None:
    world = stacked(books, pricing={"venues": ["binance", "gate"], "venue": "bybit"})
    expected = slow_price([books[1]], quantity)[0]
    assert priced(world, SINGLE_VENUE, float(quantity)) == pytest.approx(expected, rel=1e-12)
    expected = slow_price([books[0], books[2]], quantity)[0]
    assert priced(world, COMPONENT_VENUES, float(quantity)) == pytest.approx(expected, rel=1e-12)


def test_the_price_is_clamped_to_the_best_prices() -> None:
    world = stacked([({10_000: 100, 5_000: 10_000}, {10_001: 100_000})])
    assert priced(world, quantity=50) == 1.0
    world = stacked([({10_000: 100_000}, {10_001: 100, 15_000: 10_000})])
    assert priced(world, quantity=50) == 1.0001


def test_too_little_depth_is_marked_and_counted() -> None:
    world = stacked([({9_999: 100}, {10_001: 100})])
    before = int(world.s.events[PARTIAL_REFERENCE])
    assert priced(world, quantity=1.0) == 1.0
    assert world.s.reference_partial == 0
    for _ in range(3):
        assert priced(world, quantity=1.5) == 1.0
    assert (world.s.reference_partial, int(world.s.events[PARTIAL_REFERENCE])) == (1, before + 1)


def test_sizes_that_add_up_to_the_quantity_are_enough_whatever_floats_say() -> None:
    world = stacked([({9_999 - i: 10 for i in range(3)}, {10_001 + i: 10 for i in range(3)})])
    priced(world, quantity=0.3)
    assert world.s.reference_partial == 0


# --- who takes part ---


SPLIT: list[Book] = [({9_900: 100}, {9_902: 100}), ({10_000: 100}, {10_002: 100})]


def test_sources_differ_where_venues_do() -> None:
    world = stacked(SPLIT, pricing={"venues": ["bybit"], "venue": "binance"})
    found = [priced(world, source) for source in (SINGLE_VENUE, COMPONENT_VENUES)]
    assert found == pytest.approx([0.9901, 1.0001])


def test_a_book_with_a_gap_is_left_out_until_its_next_snapshot() -> None:
    world = stacked(SPLIT)
    world.tell(rows.GAP, at=1)
    assert world.s.reference == pytest.approx(0.9901)
    world.tell(rows.DEPTH, px=10_001, qty=5, marks=rows.LAST, at=1)
    assert world.s.reference == pytest.approx(0.9901)
    show(world, ({9_900: 300}, {9_902: 300}), 1)
    assert world.s.reference == pytest.approx(0.9901)
    world.tell(rows.GAP, at=0)
    show(world, SPLIT[1], 1)
    assert world.s.reference == pytest.approx(1.0001)


@pytest.mark.parametrize(("proof", "alive"), [(None, False), (rows.BBO, True), (rows.TRADE, True)])
def test_a_book_counts_while_its_feed_proves_alive(proof: int | None, alive: bool) -> None:
    world = stacked(SPLIT, pricing={"max_age_ms": 2000})
    world.s.markets[0].synced = 0
    world.now += 2 * SECOND
    world.tell(rows.TIMER)
    assert world.s.reference > 0
    if proof is not None:
        world.tell(proof, px=10_000, qty=1, at=1)
    world.now += 100_000_000
    world.tell(rows.TIMER)
    assert (world.s.reference > 0) == alive


def test_a_book_crossed_in_itself_is_left_out_and_counted() -> None:
    world = stacked(SPLIT)
    world.tell(rows.DEPTH, px=10_000, qty=5, marks=rows.ASK | rows.LAST, at=1)
    assert (world.s.reference, int(world.s.markets[1].crossings)) == (pytest.approx(0.9901), 1)
    world.tell(rows.DEPTH, px=10_000, qty=0, marks=rows.ASK | rows.LAST, at=1)
    assert world.s.markets[1].usable == 1


@pytest.mark.parametrize(("fallback", "expected"), [("none", 0.0), ("aggregated", 1.0001)])
def test_a_source_without_a_price_has_a_fallback_only_where_one_is_set(fallback: str, expected: float) -> None:
    world = stacked(SPLIT, smart_pricing_source="single_venue", pricing={"venue": "binance", "fallback": fallback})
    assert world.s.reference == pytest.approx(0.9901)
    world.tell(rows.GAP, at=0)
    assert (world.s.reference, int(world.s.reference_used)) == (pytest.approx(expected), 0 if expected else -1)


def test_own_orders_are_taken_out_of_the_stack() -> None:
    world = World(document(passive={"mid_spread_bps": "10", "quantity": "50"}, pricing={"quantity": "100"}))
    commands = [c.copy() for c in world.open("0.9980", "1.0020", 100)]
    assert world.s.reference == 1.0
    for c in commands:
        world.answer(rows.ACK, c)
        world.level(c.side, Decimal(int(c.px)) / 10_000, Decimal(int(c.qty)) / 100)
    assert world.s.reference == 1.0
    assert (world.s.best_bid, world.s.best_ask) == (0.9980, 1.0020)
    world.level(0, Decimal(int(commands[0].px)) / 10_000, 60)
    assert world.s.best_bid == pytest.approx(0.9990)


# --- perps ---


def with_perp(**config: Any) -> World:
    markets = [market("binance"), market("bybit", kind=LINEAR, settle="USDT")]
    world = World(document(exchanges=["binance", "bybit_perp"], **config), markets)
    world.s.out_max = 0
    world.book({"0.9999": 10}, {"1.0001": 10})
    world.book({"1.0099": 1000}, {"1.0101": 1000}, at=1)
    return world


def test_a_perp_enters_a_spot_stack_without_its_basis_once_that_is_warm() -> None:
    world = with_perp(pricing={"quantity": "100"})
    for _ in range(59):
        world.wait(1)
    assert world.s.reference_partial == 1
    reason = core.limits.may_quote(world.s, world.s.markets[1])
    assert rows.REASONS[int(reason)] == "no reference price"
    for _ in range(2):
        world.wait(1)
    assert world.s.markets[1].basis == pytest.approx(0.01)
    assert (world.s.reference, world.s.reference_partial) == (pytest.approx(1.0), 0)
    assert core.limits.may_quote(world.s, world.s.markets[1]) == rows.OK


def test_a_basis_is_averaged_over_ten_minutes() -> None:
    world = with_perp()
    for _ in range(1200):
        world.s.now += SECOND
        core.shares.refresh_basis(world.s, world.A, 1.0)
    world.s.markets[1].mid = 1.02
    for _ in range(600):
        core.shares.refresh_basis(world.s, world.A, 1.0)
    assert world.s.markets[1].basis == pytest.approx(0.02 - 0.01 * math.exp(-1), rel=1e-6)


def test_a_basis_warms_up_only_while_both_books_are_usable() -> None:
    world = with_perp()
    world.tell(rows.GAP, at=0)
    for _ in range(70):
        world.wait(1)
    assert world.s.markets[1].basis_seconds == 0


def test_quotes_on_a_perp_stand_around_the_reference_and_its_basis() -> None:
    line = {"mid_spread_bps": "20", "quantity_coefficient_method": "none"}
    world = with_perp(passive=line)
    for _ in range(62):
        world.wait(1)
    assert world.want(0, at=1)[0] == pytest.approx(1.01 * (1 - 0.002), abs=1e-4)
    assert world.want(1, at=1)[0] == pytest.approx(1.01 * (1 + 0.002), abs=1e-4)


def test_perps_alone_stand_for_themselves() -> None:
    markets = [market(venue, kind=LINEAR, settle="USDT") for venue in ("bybit", "gate")]
    world = World(document(exchanges=["bybit_perp", "gate_perp"]), markets)
    world.s.out_max = 0
    world.open()
    assert world.s.reference == 1.0


@settings(deadline=None, max_examples=30)
@given(st.lists(one_book, min_size=2, max_size=2), quantities, st.integers(-50, 50))
@example([({9990: 1, 9991: 1, 9992: 1}, {10001: 1}), ({9990: 1}, {10001: 3})], Fraction(1, 100), 12)
def test_a_warm_perp_prices_as_in_the_slow_reading(books: list[Book], quantity: Fraction, basis_bps: int) -> None:
    markets = [market("binance"), market("bybit", kind=LINEAR, settle="USDT")]
    world = World(document(exchanges=["binance", "bybit_perp"]), markets)
    world.s.out_max = 0
    for at, book in enumerate(books):
        show(world, book, at)
    world.s.markets[1].basis, world.s.markets[1].basis_seconds = basis_bps * 1e-4, 60.0
    divisors = [Fraction(1), Fraction(1.0 + basis_bps * 1e-4)]
    expected = slow_price(books, quantity, divisors)[0]
    assert priced(world, AGGREGATED, float(quantity)) == pytest.approx(expected, rel=1e-9)


# --- liquidity weighted ---


@settings(deadline=None, max_examples=30)
@given(st.lists(one_book, min_size=2, max_size=3), quantities, st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_the_weighted_price_is_the_mean_of_the_venues_prices(
    books: list[Book], quantity: Fraction, weights: list[float]
) -> None:
    world = stacked(books)
    for m, weight in zip(world.s.markets, weights, strict=False):
        m.weight = weight
    prices = [slow_price([book], quantity)[0] for book in books]
    used = weights[: len(books)]
    expected = sum(w * p for w, p in zip(used, prices, strict=True)) / sum(used)
    assert priced(world, LIQUIDITY_WEIGHTED, float(quantity)) == pytest.approx(expected, rel=1e-9)


def weights_after(depths: list[int], seconds: float = 60, **pricing: Any) -> list[float]:
    books: list[Book] = [({9_999: n}, {10_001: n}) for n in depths]
    world = stacked(books, smart_pricing_source="liquidity_weighted", pricing=pricing)
    world.wait(1)
    core.shares.refresh_shares(world.s, world.A, seconds)
    return [float(m.weight) for m in world.s.markets[: len(depths)]]


@pytest.mark.parametrize(
    ("depths", "pricing", "expected"),
    [
        ([100, 300], {}, [0.25, 0.75]),
        ([100, 900], {}, [0.2, 0.8]),
        ([100, 900], {"weight_cap": "0.1"}, [0.5, 0.5]),
        ([900, 50, 50], {}, [0.8, 0.1, 0.1]),
        ([600, 300, 100], {"weight_cap": "0.4"}, [0.4, 0.4, 0.2]),
        ([700, 200, 100], {"weight_cap": "0.5"}, [0.5, 1 / 3, 1 / 6]),
        ([100], {}, [1.0]),
    ],
)
def test_weights_are_shares_of_depth_capped_and_sum_to_one(
    depths: list[int], pricing: Document, expected: list[float]
) -> None:
    assert weights_after(depths, **pricing) == pytest.approx(expected, rel=1e-9)


def test_weights_follow_with_their_half_life() -> None:
    world = stacked(
        [({9_999: 100}, {10_001: 100}), ({9_999: 300}, {10_001: 300})], pricing={"weight_half_life_ms": 500}
    )
    for m in world.s.markets[:2]:
        m.weight = 0.5
    core.shares.refresh_shares(world.s, world.A, 0.5)
    assert [float(m.weight) for m in world.s.markets[:2]] == pytest.approx([0.375, 0.625])


def test_only_depth_near_the_reference_counts() -> None:
    books: list[Book] = [({9_999: 100, 9_000: 10**6}, {10_001: 100}), ({9_999: 100}, {10_001: 100})]
    world = stacked(books)
    world.wait(1)
    assert [float(m.share) for m in world.s.markets[:2]] == pytest.approx([0.5, 0.5])
    world = stacked(books, pricing={"weight_depth_bps": "1000"})
    world.wait(1)
    assert world.s.markets[0].share > 0.99


def test_venues_that_do_not_price_take_no_weight_from_those_that_do() -> None:
    books: list[Book] = [({9_999: n}, {10_001: n}) for n in (8000, 100, 100)]
    world = stacked(books, pricing={"venues": ["bybit", "gate"]})
    world.wait(1)
    core.shares.refresh_shares(world.s, world.A, 60.0)
    assert [float(m.weight) for m in world.s.markets[:3]] == pytest.approx([0, 0.5, 0.5])


# --- the hot path ---


def recomputed(world: World) -> tuple[float, ...]:
    """The reference of a copy that looks at every book anew and prices from scratch."""
    state, arena = world.filled.state.copy(), world.A.copy()
    s = core.machine.view(state)[0]
    for at in range(len(world.markets)):
        core.tape.refresh(s, arena, at)
    stack.refresh(s, arena)
    touches = [int(px) for m in s.markets[: len(world.markets)] for px in m.touch if m.usable]
    return float(s.reference), int(s.reference_partial), *touches


def known(world: World) -> tuple[float, ...]:
    s = world.s
    touches = [int(px) for m in s.markets[: len(world.markets)] for px in m.touch if m.usable]
    return float(s.reference), int(s.reference_partial), *touches


def story(world: World, seed: int, n: int) -> Iterator[None]:
    """Seeded rows of every kind, near the best and deep; our orders are acknowledged, shown and sometimes filled."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        at, side = int(rng.integers(len(world.markets))), int(rng.integers(2))
        world.now += int(rng.integers(1, 60_000_000))
        what = rng.random()
        if what < 0.8:
            depth = int(rng.integers(-2, 4) if rng.random() < 0.6 else rng.integers(4, 60))
            px = 10_000 + 3 * at - 3 - depth if side == 0 else 10_001 + 3 * at - 3 + depth
            lots = int(rng.integers(1, 4000)) * int(rng.random() < 0.6)
            commands = world.tell(rows.DEPTH, px=px, qty=lots, marks=side | rows.LAST, at=at)
        elif what < 0.97:
            commands = world.tell(rows.TIMER)
        elif what < 0.985:
            commands = world.tell(rows.GAP, at=at)
        else:
            show(world, ({9_990: 500, 9_980: 900}, {10_010: 500, 10_030: 900}), at)
            commands = world.out[:0]
        yield
        for c in [c.copy() for c in commands]:
            world.answer({rows.PLACE: rows.ACK, rows.CANCEL: rows.CANCELED}.get(int(c.kind), rows.LIVE), c)
            if c.kind == rows.PLACE and rng.random() < 0.7:
                world.now += 1_000_000
                world.tell(rows.DEPTH, px=c.px, qty=c.qty, marks=c.side | rows.LAST, at=c.market)
            if c.kind == rows.PLACE and rng.random() < 0.1:
                world.filling(c, int(c.qty) // 2 + 1)
            yield


@pytest.mark.parametrize("source", ["aggregated", "component_venues", "single_venue", "liquidity_weighted"])
@pytest.mark.parametrize("seed", range(2))
def test_the_hot_path_equals_pricing_anew_at_every_row(source: str, seed: int) -> None:
    pricing = {"venues": ["binance", "gate"], "fallback": "aggregated", "quantity": "30", "max_age_ms": 600_000}
    config = document(
        tob={"inventory_gate": "off"}, passive={}, exchanges=list(VENUES), smart_pricing_source=source, pricing=pricing,
        risk={"stale_ms": 600_000},
    )  # fmt: skip
    world = World(config, [market(venue) for venue in VENUES])
    for at in range(3):
        show(world, ({9_990: 500, 9_980: 900}, {10_010: 500, 10_030: 900}), at)
    world.wait()
    placed = 0
    for _ in story(world, seed, 100):
        assert known(world) == recomputed(world)
        placed = int(world.s.lines[0].placed)
    assert placed > 5
