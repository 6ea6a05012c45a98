"""Every worked number of top-of-book quotes: price, self-lock, zone, required distance, budgets, rebalancing."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from tests.core.plain import core
from tests.core.world import HOUR, SECOND, Document, World, document, market, placed, seen

quoting = core.quoting
BID, ASK = 0, 1


def tob(**line: Any) -> World:
    """A TOB line that asks for no distance, on the book 0.9998 / 1.0002."""
    return seen(document(tob={"inventory_gate": "off"} | line))


def prices(world: World, **which: int) -> tuple[float, float]:
    return world.want(BID, **which)[0], world.want(ASK, **which)[0]


# --- top of book: price ---


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        ("0.9998", "1.0002", (0.9999, 1.0001)),
        ("0.9999", "1.0000", (0.9999, 1.0000)),
        ("0.9997", "1.0000", (0.9998, 0.9999)),
    ],
)
def test_the_best_of_others_is_improved_by_a_tick_and_joined_where_the_spread_is_one(
    bid: str, ask: str, expected: tuple[float, float]
) -> None:
    assert prices(seen(document(tob={"inventory_gate": "off"}), bid, ask)) == expected


def test_a_spread_of_one_tick_is_joined_even_where_taking_is_meant() -> None:
    world = seen(document(tob={"inventory_gate": "off"}, taker_check=False), "0.9999", "1.0000")
    world.s.reference = 1.01
    assert world.want(BID)[0] == 0.9999
    world.s.reference = 0.99
    assert world.want(ASK)[0] == 1.0


def test_own_orders_never_count_as_the_best() -> None:
    world = World(document(tob={"inventory_gate": "off"}))
    commands = [c.copy() for c in world.open()]
    assert placed(commands) == [("bid", 9999, 501), ("ask", 10001, 500)]
    for c in commands:
        world.answer(rows.ACK, c)
        world.now += 1_000_000
        assert len(world.level(c.side, Decimal(int(c.px)) / 10_000, 5)) == 0
    assert prices(world) == (0.9999, 1.0001)
    for _ in range(20):
        assert len(world.wait()) == 0


def test_a_quote_that_is_best_by_more_than_a_tick_steps_back() -> None:
    world = World(document(tob={"inventory_gate": "off"}))
    bid = world.open()[0].copy()
    world.answer(rows.ACK, bid)
    world.now += SECOND
    world.level(BID, "0.9990", 1000)
    canceled = world.level(BID, "0.9998", 0)
    assert [(c.kind, c.ref, c.reason) for c in canceled] == [(rows.CANCEL, bid.ref, rows.REPLACE)]
    world.answer(rows.CANCELED, bid)
    world.now += SECOND
    assert [(side, px) for side, px, _ in placed(world.wait())] == [("bid", 9991)]


@pytest.mark.parametrize(
    ("held", "expected"), [(1000, (0.9999, 1.0000)), (900, (0.9999, 1.0)), (1100, (0.9998, 0.9999))]
)
def test_in_a_spread_of_two_ticks_only_the_reducing_side_improves(held: int, expected: tuple[float, float]) -> None:
    world = seen(document(tob={"inventory_gate": "off"}), "0.9998", "1.0000")
    world.hold(held)
    assert prices(world) == expected


def test_in_a_spread_of_two_ticks_the_side_filled_less_recently_improves_at_target() -> None:
    world = seen(document(tob={"inventory_gate": "off"}), "0.9998", "1.0000")
    world.s.lines[0].fill_ns[:] = 5, 3
    assert prices(world) == (0.9998, 0.9999)
    world.s.lines[0].fill_ns[:] = 3, 5
    assert prices(world) == (0.9999, 1.0)


def test_a_line_of_one_side_has_nothing_to_lock_with() -> None:
    world = seen(document(tob={"inventory_gate": "off", "sides": "offer"}), "0.9998", "1.0000")
    assert world.want(ASK)[0] == 0.9999


@pytest.mark.parametrize(
    ("bounds", "bid", "ask"),
    [
        ({}, "ok", "ok"),
        ({"min_price": "0.9999", "max_price": "1.0001"}, "ok", "ok"),
        ({"min_price": "1"}, "outside price zone", "ok"),
        ({"max_price": "1"}, "ok", "outside price zone"),
        ({"max_price": "0.9"}, "outside price zone", "outside price zone"),
    ],
)
def test_both_bounds_of_the_zone_apply_to_either_side(bounds: Document, bid: str, ask: str) -> None:
    world = tob(**bounds)
    assert (world.want(BID)[2], world.want(ASK)[2]) == (bid, ask)


def test_a_price_on_the_zones_bound_is_inside_whatever_floats_say() -> None:
    world = seen(document(tob={"inventory_gate": "off", "max_price": "0.3"}), "0.2998", "0.3001")
    world.s.lines[0].max_price = 3000 * 0.0001 * (1 - 1e-15)
    assert world.want(ASK) == (0.3, 16.67, "ok")


# --- top of book: required distance ---


def anchored(gate: str, *, method: str = "manual", held: Any = 1000, book: Any = (), **line: Any) -> World:
    """P = R = 1.0000 by default, 30 bps."""
    inventory = {"inventory_price_method": method}
    if method == "manual":
        inventory["manual_inventory_price"] = "1"
    world = seen(document(tob={"inventory_gate": gate, "spread_bps": "30"} | line, inventory=inventory), *book)
    world.hold(held)
    return world


def test_clamp_moves_out_to_the_distance() -> None:
    assert prices(anchored("clamp")) == (0.9970, 1.0030)


def test_strict_is_silent_until_the_market_is_there() -> None:
    world = anchored("strict")
    silent = "strict: top of book is not beyond cost"
    assert (world.want(BID)[2], world.want(ASK)[2]) == (silent, silent)
    there = anchored("strict", book=("0.9968", "0.9972"))
    assert there.want(BID)[::2] == (0.9969, "ok")
    assert there.want(ASK)[2] == silent


def test_strict_is_open_where_the_top_is_on_the_bound() -> None:
    assert anchored("strict", book=("0.9969", "0.9990")).want(BID)[::2] == (0.9970, "ok")


def test_strict_asks_for_the_distance_from_cost_and_not_for_that_to_the_reference() -> None:
    world = anchored("strict", book=("0.9000", "0.9004"))
    world.s.reference = 0.8998
    assert world.want(BID)[::2] == (0.8998, "ok")


def test_off_asks_for_nothing() -> None:
    assert prices(anchored("off")) == (0.9999, 1.0001)


@pytest.mark.parametrize(
    ("held", "bid_bps", "ask_bps"), [(1000, 30, 30), (1500, 45, 22.5), (500, 22.5, 45), (2000, 60, 15)]
)
def test_the_side_that_would_grow_the_excess_needs_more_distance(held: int, bid_bps: float, ask_bps: float) -> None:
    world = anchored("clamp", held=held)
    line = world.s.lines[0]
    assert quoting.required_distance(world.s, line, 1) == pytest.approx(bid_bps)
    assert quoting.required_distance(world.s, line, -1) == pytest.approx(ask_bps)
    assert prices(world) == (round(1 - bid_bps / 1e4 - 1e-5, 4), round(1 + ask_bps / 1e4 + 1e-5 - 1e-9, 4))


def test_a_price_too_far_behind_the_local_best_stays_out() -> None:
    world = anchored("clamp", book=("1.0168", "1.0172"))
    assert world.want(BID)[2] == "ok"
    assert anchored("clamp", book=("1.0178", "1.0182")).want(BID)[2] == "too far behind the local best to respect cost"
    assert anchored("clamp", book=("1.0178", "1.0182"), max_clamp_bps="300").want(BID)[2] == "ok"


def test_accounting_measures_from_the_average_cost() -> None:
    inventory = {"inventory_price_method": "accounting", "opening_price": "0.9990"}
    world = seen(document(tob={"spread_bps": "30"}, inventory=inventory))
    assert prices(world) == (0.9960, 1.0020)


def test_an_unknown_cost_asks_for_no_distance() -> None:
    inventory = {"inventory_price_method": "accounting", "target_inventory": "0"}
    assert prices(seen(document(tob={"spread_bps": "30"}, inventory=inventory))) == (0.9999, 1.0001)


@pytest.mark.parametrize("line", [{"spread_from_inventory": False}, {}])
def test_mark_to_market_and_lines_not_tied_to_inventory_measure_from_the_reference(line: Document) -> None:
    method = "manual" if line else "mark_to_market"
    world = anchored("clamp", method=method, **line)
    world.s.manual_price = 0.5
    assert prices(world) == (0.9970, 1.0030)


@pytest.mark.parametrize("gate", ["clamp", "off"])
def test_a_bid_never_passes_the_reference_nor_an_ask(gate: str) -> None:
    world = anchored(gate, spread_bps="1")
    world.s.reference, world.s.manual_price = 0.9990, 2.0
    assert world.want(BID)[0] == 0.9990
    world.s.reference, world.s.manual_price = 1.0010, 0.5
    assert world.want(ASK)[0] == 1.0010


# --- top of book: budget ---


def bucket_world(**line: Any) -> World:
    """50 an hour, 30 s, a minimum of 5 USDT at a price of about 1."""
    return seen(document(tob={"inventory_gate": "off", "coefficient_method": "none"} | line))


def later(world: World, seconds: float) -> None:
    world.now += round(seconds * SECOND)
    world.s.now = world.now


def test_a_bucket_holds_the_venues_minimum_and_refills_in_six_minutes() -> None:
    world = bucket_world()
    assert world.want(BID) == (0.9999, 5.01, "ok")
    q = world.s.quotes[world.quote()]
    q.bucket -= 5.01
    later(world, 359)
    assert world.want(BID)[1:] == (0.0, "hourly bucket below the venue's minimum")
    later(world, 2)
    assert world.want(BID)[1:] == (5.01, "ok")
    later(world, 3600)
    assert world.want(BID)[1] == 5.01


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ({"hourly_quantity": "12000"}, 100),
        ({"hourly_quantity": "12000", "max_order": "20"}, 20),
        ({"hourly_quantity": "12000", "timeout_seconds": "60"}, 200),
        ({"hourly_quantity": "12000", "max_order": "1"}, 5.01),
        ({"hourly_quantity": "6000", "quantity_currency": "quote"}, 50.0),
        ({"hourly_quantity": "12000", "quantity_currency": "quote", "max_order": "20"}, 20.0),
    ],
)
def test_the_cap_is_what_a_timeout_accrues_within_the_largest_order(line: Document, size: float) -> None:
    assert bucket_world(**line).want(BID)[1] == pytest.approx(size, abs=0.011)


def test_a_quantity_in_quote_is_converted_at_the_orders_price() -> None:
    world = seen(
        document(tob={"inventory_gate": "off", "hourly_quantity": "12000", "quantity_currency": "quote"}),
        "3.9998",
        "4.0002",
    )
    assert world.want(BID)[:2] == (3.9999, 25.0)


def test_a_late_fill_makes_a_bucket_negative_and_is_paid_back_first() -> None:
    world = bucket_world()
    world.want(BID)
    world.s.quotes[world.quote()].bucket = -5.0
    later(world, 360)
    assert world.want(BID)[1] == 0
    later(world, 361)
    assert world.want(BID)[1] == 5.01


@pytest.mark.parametrize("closing", ["side", "zone", "pause", "kill", "stale"])
def test_a_closed_side_does_not_accrue(closing: str) -> None:
    world = bucket_world(max_price="1.5")
    q = world.s.quotes[world.quote()]
    q.bucket = 0.0
    if closing == "side":
        world.tell(rows.CONTROL, ref=rows.LINE_OFF, qty=0)
    elif closing == "zone":
        world.s.lines[0].max_price = 0.5
    elif closing == "pause":
        world.tell(rows.CONTROL, ref=rows.PAUSE, at=65535)
    elif closing == "kill":
        world.tell(rows.CONTROL, ref=rows.KILL, at=65535)
    before = float(q.bucket)
    for _ in range(8):
        world.now += 60 * SECOND
        if closing == "stale":
            world.tell(rows.TIMER)
        else:
            world.wait(0)
    assert float(q.bucket) == pytest.approx(before, abs=0.01)


def test_a_bucket_shared_by_venues_pays_for_all_of_them() -> None:
    line = {"inventory_gate": "off", "coefficient_method": "none", "scope": "line", "hourly_quantity": "1200"}
    world = World(document(tob=line, exchanges=["binance", "bybit"]), [market("binance"), market("bybit")])
    assert [lots for side, _, lots in placed(world.open()) if side == "bid"] == [1000]
    assert world.want(BID, at=1)[2] == "hourly bucket below the venue's minimum"
    later(world, 60)
    assert world.want(BID, at=1)[1] == 0.0


def test_a_shared_bucket_does_not_accrue_while_its_line_is_off() -> None:
    world = bucket_world(scope="line")
    line = world.s.lines[0]
    line.bucket[0] = 0.0
    world.tell(rows.CONTROL, ref=rows.LINE_OFF, qty=0)
    for _ in range(8):
        world.wait(60)
    world.tell(rows.CONTROL, ref=rows.LINE_ON, qty=0)
    assert line.bucket[0] < 1.0


pauses = st.sampled_from([0, 1, 600, 7200])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(pauses, st.floats(-1, 1), st.sampled_from([0.5, 1])), min_size=5, max_size=40))
def test_fills_of_any_sliding_hour_stay_within_the_rate_and_one_cap(story: list[tuple[float, float, float]]) -> None:
    """Time passes, the coefficient moves over its whole range, and any part of what is shown fills; the cap is 600."""
    world = tob(hourly_quantity="600", coefficient_method="inventory", timeout_seconds="3600")
    world.want(BID)
    q = world.s.quotes[world.quote()]
    fills: list[tuple[int, float]] = []
    for seconds, c, portion in story:
        later(world, seconds)
        world.s.inventory = c
        _, size, reason = world.want(BID)
        filled = size * portion if reason == "ok" else 0.0
        q.bucket -= filled
        fills.append((world.now, filled))
        hour = sum(size for then, size in fills if then > world.now - HOUR)
        assert hour <= 600 * 2.0 + 600 + 1e-6


@pytest.mark.parametrize(
    ("method", "c", "volume", "line", "expected"),
    [
        ("none", 0.5, 2.0, {}, 1.0),
        ("inventory", 0.5, 2.0, {}, 0.55),
        ("inventory", -1.0, 2.0, {}, 2.0),
        ("inventory", -1.0, 2.0, {"max_coefficient": "5", "min_coefficient": "0.5"}, 5.0),
        ("volume", 0.5, 2.0, {}, 2.0),
        ("volume", 0.5, 2.0, {"max_coefficient": "1.5"}, 1.5),
        ("both", 0.5, 2.0, {}, 1.1),
        ("both", -1.0, 2.0, {}, 3.0),
        ("both", 1.0, 0.3, {}, 0.2),
        ("both", -1.0, 2.0, {"max_coefficient": "3.5"}, 3.5),
    ],
)
def test_the_coefficient_of_a_bid(method: str, c: float, volume: float, line: Document, expected: float) -> None:
    world = tob(coefficient_method=method, **line)
    world.s.inventory, world.s.markets[0].volume = c, volume
    found = core.shape.coefficient(world.s, world.s.markets[0], world.s.lines[0], world.s.lines[0].size_by, 1)
    assert found == pytest.approx(expected)


def test_the_coefficient_scales_the_accrual() -> None:
    world = tob(hourly_quantity="50", coefficient_method="inventory")
    world.want(BID)
    q = world.s.quotes[world.quote()]
    q.bucket, world.s.inventory = 0.0, -1.0
    later(world, 90)
    world.want(BID)
    assert q.bucket == pytest.approx(2.5)


# --- rebalancing ---


@pytest.mark.parametrize(
    ("held", "bid", "ask"),
    [
        (990, (10.0, "ok"), (0, "rebalance: nothing left to do on this side")),
        (1010, (0, "rebalance: nothing left to do on this side"), (10.0, "ok")),
        (998, (2.0, "below the venue's minimum"), (0, "rebalance: nothing left to do on this side")),
        (700, (100.0, "ok"), (0, "rebalance: nothing left to do on this side")),
    ],
)
def test_rebalancing_goes_toward_the_target_and_no_further(held: int, bid: Any, ask: Any) -> None:
    world = tob(mode="rebalance", hourly_quantity="12000")
    world.hold(held)
    assert (world.want(BID)[1:], world.want(ASK)[1:]) == (bid, ask)


def test_rebalancing_orders_of_all_venues_together_stop_at_the_target() -> None:
    line = {"inventory_gate": "off", "mode": "rebalance", "hourly_quantity": "12000", "coefficient_method": "none"}
    world = World(document(tob=line, exchanges=["binance", "bybit"]), [market("binance"), market("bybit")])
    world.s.out_max = 0
    world.open()
    world.hold(970)
    world.s.out_max = 4096
    commands = [c.copy() for c in world.wait()]
    assert placed(commands) == [("bid", 9999, 3000)]
    world.answer(rows.ACK, commands[0])
    assert len(world.wait()) == 0
    world.hold(990)
    assert [(c.kind, c.ref) for c in world.wait()] == [(rows.CANCEL, commands[0].ref)]
