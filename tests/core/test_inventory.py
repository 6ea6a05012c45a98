"""Inventory: the coefficient, exact accounting against a ledger of fractions, and the price of what is held."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.core.inventory import check
from tests.core.plain import core
from tests.core.world import SECOND, T0, World, document, market

inventory = core.inventory
CENT = 10**6
"""Ledger units of a lot of 0.01."""


def world_at(current: Any, target: Any = 1000, deviation: Any = 500, **held: Any) -> World:
    """An engine that holds `current`, without any market."""
    config = document(inventory={"target_inventory": target, "max_inventory_deviation": deviation} | held)
    world = World(config)
    world.hold(current)
    return world


# --- the coefficient ---


@pytest.mark.parametrize(
    ("target", "current", "expected"),
    [
        (1000, 1000, 0.0),
        (1000, 1500, 0.5),
        (1000, 500, -0.5),
        (1000, 3000, 1.0),
        (1000, -5000, -1.0),
        (-1000, -500, 0.5),
        (-1000, -1500, -0.5),
        (0, 250, 0.5),
        (0, -500, -1.0),
        (100, 350, 0.5),
    ],
)
def test_coefficient_is_the_excess_over_the_larger_of_target_and_deviation(
    target: int, current: int, expected: float
) -> None:
    assert world_at(current, target).s.inventory == expected


@pytest.mark.parametrize(("scale", "expected"), [("target", 0.25), ("max_deviation", 0.5)])
def test_coefficient_scale_may_be_the_deviation_alone(scale: str, expected: float) -> None:
    assert world_at(1250, coefficient_scale=scale).s.inventory == expected


def test_coefficient_is_continuous_through_a_target_of_zero() -> None:
    found = [float(world_at(100, target).s.inventory) for target in (-1, 0, 1)]
    assert found == pytest.approx([0.202, 0.2, 0.198])


@pytest.mark.parametrize(("current", "expected"), [(1500, 1.0), (500, -1.0), (1000, 0.0), (2000, 2.0)])
def test_band_used_is_the_excess_over_the_deviation(current: int, expected: float) -> None:
    assert world_at(current).s.band_used == expected


def test_what_a_venue_says_is_filled_counts_before_its_fill_arrives() -> None:
    world = world_at(1000)
    world.s.ledger.provisional = 250 * 100 * CENT
    inventory.refresh(world.s)
    assert world.s.inventory == 0.25


# --- the coefficient as a factor on sizes ---


@pytest.mark.parametrize(
    ("c", "bid", "ask"), [(-1, 2.0, 0.1), (-0.5, 1.5, 0.55), (0, 1.0, 1.0), (0.5, 0.55, 1.5), (1, 0.1, 2.0)]
)
def test_mapping_table(c: float, bid: float, ask: float) -> None:
    assert inventory.mapped(c, 1, 0.1, 2.0) == pytest.approx(bid)
    assert inventory.mapped(c, -1, 0.1, 2.0) == pytest.approx(ask)


@pytest.mark.parametrize(("low", "high", "neutral"), [(0.5, 3, 1), (1.5, 3, 1.5), (0.2, 0.8, 0.8)])
def test_mapping_is_neutral_at_one_as_far_as_its_bounds_allow(low: float, high: float, neutral: float) -> None:
    found = [inventory.mapped(c, 1, low, high) for c in (-1, 0, 1)]
    assert found == pytest.approx([high, neutral, low])


@given(st.floats(-1, 1), st.sampled_from([1, -1]), st.floats(0.01, 5), st.floats(0, 5))
def test_mapping_stays_within_its_bounds_and_falls_with_inventory(c: float, sign: int, low: float, more: float) -> None:
    high = low + more
    assert low - 1e-9 <= inventory.mapped(c, sign, low, high) <= high + 1e-9
    assert inventory.mapped(min(c + 0.1, 1), 1, low, high) <= inventory.mapped(c, 1, low, high) + 1e-9


# --- accounting ---


def fill(world: World, sign: int, coins: Any, price: Any, *, fee: Any = 0, base_fee: Any = 0) -> None:
    """One fill in coins and quote, with its fee in either."""
    units, money, paid, base_paid = (
        round(Fraction(amount) * 10**digits)
        for amount, digits in ((coins, 8), (Fraction(coins) * Fraction(price), 9), (fee, 9), (base_fee, 8))
    )
    inventory.book_fill(world.s, sign, units, money, paid, base_paid)
    check(world.filled.state[0])
    inventory.refresh(world.s)


def books(world: World) -> tuple[float, float, float]:
    """Coins held, their average price, and what was realised."""
    ledger = world.s.ledger
    coins, money = ledger.position * world.s.unit_base, ledger.realised * world.s.unit_cost
    return round(float(coins), 8), round(float(inventory.price(world.s)), 8), round(float(money), 8)


def accounting(**held: Any) -> World:
    return World(document(inventory={"inventory_price_method": "accounting"} | held))


def test_a_sale_realises_profit_and_leaves_the_average_alone() -> None:
    world = accounting()
    fill(world, 1, 100, 2)
    fill(world, -1, 99, 3)
    assert books(world) == (1, 2, 99)


def test_a_flip_starts_anew_at_its_own_price() -> None:
    world = accounting()
    fill(world, 1, 100, 2)
    fill(world, -1, 150, 3)
    assert books(world) == (-50, 3, 100)
    fill(world, -1, 50, 4)
    assert books(world) == (-100, 3.5, 100)
    fill(world, 1, 100, 3)
    assert math.isnan(inventory.price(world.s))
    assert world.s.ledger.realised * world.s.unit_cost == pytest.approx(150)


def test_a_fee_in_quote_is_part_of_the_cost_and_a_rebate_lowers_it() -> None:
    world = accounting()
    fill(world, 1, 100, 2, fee=1)
    assert books(world) == (100, 2.01, 0)
    fill(world, -1, 50, 3, fee="0.5")
    assert books(world) == (50, 2.01, 49)
    fill(world, 1, 50, 2, fee=-1)
    assert books(world) == (100, 1.995, 49)
    assert world.s.ledger.fees * world.s.unit_cost == pytest.approx(0.5)


def test_a_fee_in_base_changes_the_position() -> None:
    world = accounting()
    fill(world, 1, 100, 2, base_fee=1)
    assert books(world) == (99, round(200 / 99, 8), 0)
    assert world.s.ledger.base_fees == 10**8


def test_a_fee_in_base_on_a_sale_leaves_the_average_alone() -> None:
    world = accounting()
    fill(world, 1, 100, 2)
    fill(world, -1, 49, 3, base_fee=1)
    assert books(world) == (50, 2, 47)
    fill(world, -1, 49, 3, base_fee=1)
    assert world.s.ledger.position == world.s.ledger.cost == 0


def test_a_short_bought_back_less_a_fee_in_base_stays_short_at_its_average() -> None:
    world = accounting()
    fill(world, -1, 100, 2)
    fill(world, 1, 100, 1, base_fee=1)
    assert books(world) == (-1, 2, 98)


class Exact:
    """The same ledger in fractions: average cost as a textbook has it."""

    def __init__(self) -> None:
        self.position = self.cost = self.realised = Fraction(0)

    def fill(self, sign: int, units: int, money: int, fee: int, base_fee: int) -> None:
        moved, paid = sign * units - base_fee, Fraction(sign * money + fee)
        if self.position * sign >= 0:
            self.position, self.cost = self.position + moved, self.cost + paid
            return
        closing = min(abs(moved), abs(self.position))
        share, part = self.cost * closing / abs(self.position), paid * closing / abs(moved)
        self.realised += -share - part
        self.cost += paid - part - share
        if abs(moved) > abs(self.position):
            self.cost = paid - part
        self.position += moved


one_fill = st.tuples(
    st.sampled_from([1, -1]), st.integers(1_000, 10**11), st.integers(1, 10**13), st.integers(-(10**9), 10**9),
    st.integers(0, 500),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(one_fill, max_size=40))
def test_the_ledger_agrees_with_exact_fractions(fills: list[tuple[int, int, int, int, int]]) -> None:
    world, exact = accounting(), Exact()
    for n, (sign, units, money, fee, base_fee) in enumerate(fills, 1):
        inventory.book_fill(world.s, sign, units, money, fee, base_fee)
        exact.fill(sign, units, money, fee, base_fee)
        inventory.refresh(world.s)
        check(world.filled.state[0])
        ledger = world.s.ledger
        assert ledger.position == exact.position
        assert abs(int(ledger.cost) - exact.cost) <= 2 * n
        assert abs(int(ledger.realised) - exact.realised) <= 2 * n
    assert world.s.ledger.flow == sum(sign * money + fee for sign, _, money, fee, _ in fills)
    assert world.s.ledger.volume == sum(money for _, _, money, _, _ in fills)


# --- the price of what is held ---


@pytest.mark.parametrize(
    ("method", "more", "expected"),
    [
        ("accounting", {}, 2.0),
        ("manual", {"manual_inventory_price": "1.25"}, 1.25),
        ("mark_to_market", {}, 3.0),
    ],
)
def test_price_methods(method: str, more: dict[str, Any], expected: float) -> None:
    world = World(document(inventory={"inventory_price_method": method} | more))
    world.s.reference = 3.0
    fill(world, 1, 100, 2)
    assert world.s.inventory_price == pytest.approx(expected)


def test_nothing_held_has_no_accounting_price_and_no_reference_no_market_price() -> None:
    assert math.isnan(inventory.price(accounting().s))
    assert math.isnan(inventory.price(World().s))


# --- openings ---


def opened(price: Any = "1", **held: Any) -> World:
    world = World(document(inventory={"inventory_price_method": "accounting"} | held))
    world.open(f"{float(price) - 0.0002:.4f}", f"{float(price) + 0.0002:.4f}")
    return world


def test_paper_opens_at_target_at_the_first_reference() -> None:
    world = opened()
    assert books(world) == (1000, 1, 0)
    assert (world.s.inventory, world.s.reconciled) == (0, 1)


def test_an_opening_may_be_written_down() -> None:
    assert books(opened(opening_inventory="750", opening_price="0.9")) == (750, 0.9, 0)


def test_a_target_below_zero_opens_short_at_the_reference() -> None:
    world = World(document(inventory={"target_inventory": "-1000", "inventory_price_method": "accounting"}))
    world.open()
    assert books(world) == (-1000, 1, 0)


@pytest.mark.parametrize(("target", "base"), [(1000, 1500), (-1000, 500), (0, 500)])
def test_paper_wallets_hold_target_and_deviation_and_as_much_quote(target: int, base: int) -> None:
    pair = [market("binance"), market("bybit")]
    held = {"target_inventory": target}
    world = World(document(exchanges=["binance", "bybit"], inventory=held), pair)
    world.open()
    for at in (0, 1):
        assert world.wallet(at).amount * world.s.unit_base == pytest.approx(base / 2)
        assert world.wallet(at, "money").amount * world.s.unit_cost == pytest.approx(base / 2)


def test_what_opening_cost_beyond_the_reference_is_no_loss_of_the_run() -> None:
    world = opened(opening_price="1.5")
    assert inventory.equity(world.s, 1.0) == pytest.approx(world.s.equity_open) == pytest.approx(-500)


def test_a_live_opening_is_the_venues_word_and_a_later_difference_stops_quoting() -> None:
    world = World()
    world.s.paper = 0
    world.open()
    assert world.s.reconciled == 0
    world.tell(rows.RECONCILED, qty=700 * 100 * CENT)
    assert books(world) == (700, 1, 0)
    assert world.s.inventory == pytest.approx(-0.3)
    world.tell(rows.RECONCILED, qty=650 * 100 * CENT)
    assert (world.s.reconciled, int(world.s.ledger.position)) == (0, 700 * 100 * CENT)
    world.wait()
    assert world.s.reconciled == 0
    world.tell(rows.RECONCILED, qty=700 * 100 * CENT)
    assert world.s.reconciled == 1


def test_paper_never_opens_a_second_time() -> None:
    world = World(document(tob={}))
    bid = next(c for c in world.open() if c.side == 0)
    world.answer(rows.ACK, bid)
    world.filling(bid, 100)
    world.tell(rows.RECONCILED, qty=1)
    world.wait()
    assert (world.s.reconciled, books(world)[0]) == (0, 1001)


@pytest.mark.parametrize(("lag_s", "counted"), [(0, True), (2, False)])
def test_own_fills_from_before_the_start_time_do_not_count(lag_s: int, counted: bool) -> None:
    start = "2025-03-03T10:00:00.500Z"
    world = World(document(tob={}, inventory={"start_time": start}))
    bid = next(c for c in world.open() if c.side == 0)
    assert world.s.start_ns == T0 + SECOND // 2
    world.now = T0 + SECOND
    world.row[0].lag_us = lag_s * 1_000_000
    world.filling(bid, 100)
    assert books(world)[0] == (1001 if counted else 1000)


def test_a_position_too_costly_for_the_ledger_is_refused() -> None:
    from stackedmm.errors import ConfigError

    held = {"target_inventory": "1000000000", "max_inventory_deviation": "1"}
    with pytest.raises(ConfigError, match="cost more than the ledger can count"):
        World(document(inventory=held), price=5000.0)
