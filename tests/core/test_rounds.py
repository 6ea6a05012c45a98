"""When quotes are looked at: what moved at once, what is due at its timer, everything every half second."""

from typing import Any

import pytest

from stackedmm.core import own, rows
from stackedmm.core.codes import ORDERS
from tests.core.plain import core
from tests.core.world import SECOND, World, document, market


def quoting(**line: Any) -> tuple[World, Any]:
    """One bid of a passive line, resting."""
    world = World(document(passive={"sides": "bid"} | line))
    placed = [c.copy() for c in world.open() if c.kind == rows.PLACE]
    world.answer(rows.ACK, placed[0], placed[0].qty)
    return world, placed[0]


def looked(world: World, seconds: float = 0.1) -> int:
    """How many quotes one timer priced."""
    before = int(world.s.decisions)
    world.tick(seconds)
    return int(world.s.decisions) - before


def test_in_a_market_that_stands_still_quotes_are_priced_every_half_second() -> None:
    world, _ = quoting()
    while (world.now + SECOND // 10) % (SECOND // 2) != 0:
        world.tick()
    assert [looked(world) for _ in range(10)] == [2, 0, 0, 0, 0, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("timeout", [1.1, 1.2, 1.3])
def test_an_order_whose_time_is_up_goes_at_that_timer(timeout: float) -> None:
    world, order = quoting(timeout_seconds=timeout)
    sent = {round(0.1 * n, 1): [(c.kind, c.reason) for c in world.tick()] for n in range(1, 14)}
    assert {when: what for when, what in sent.items() if what} == {timeout: [(rows.CANCEL, rows.TIMEOUT)]}
    assert order.ref == 1


def test_a_replacement_goes_out_at_the_timer_after_its_interval() -> None:
    world, order = quoting(min_replace_interval_ms=300)
    world.tick(5)
    world.tell(rows.CANCELED, ref=order.ref)
    assert world.s.quotes[world.quote()].reason == rows.WAIT_INTERVAL
    assert [len(world.tick()) for _ in range(3)] == [0, 0, 1]


def test_a_book_that_grows_stale_between_rounds_is_left_at_once() -> None:
    world, _ = quoting()
    world.s.markets[0].seen_ns = world.now
    sent = []
    for _ in range(24):
        world.now += SECOND // 10
        sent.append([c.kind for c in world.tell(rows.TIMER)])
    assert sent.index([rows.CANCEL]) == 20


def test_client_ids_count_up_and_pass_over_slots_in_use() -> None:
    world, order = quoting(timeout_seconds=2)
    world.s.counter = ORDERS - 1
    world.tick(2)
    world.answer(rows.CANCELED, order)
    world.s.orders[0].life = own.UNKNOWN  # the next id's slot is in use
    sent = [c for c in world.wait(1) if c.kind == rows.PLACE]
    assert [c.ref for c in sent] == [ORDERS + order.ref]
    assert world.s.orders[order.ref].ref == ORDERS + order.ref


def test_own_levels_sixty_four_ticks_apart_are_told_apart() -> None:
    world = World(document(passive={"sides": "bid", "levels": 2, "level_step_bps": "64"}), [market()])
    placed = [c.copy() for c in world.open() if c.kind == rows.PLACE]
    near, far = placed
    assert near.px - far.px == 64
    for c in placed:
        world.answer(rows.ACK, c, c.qty)
        world.level(0, c.px / 10_000, (c.qty + 300) / 100)
    m, b = world.s.markets[0], world.filled.state[0]["books"][0, 0]
    for c in placed:
        assert core.own.shown_at(world.s, m, 0, c.px) == c.qty
        assert core.own.others_at(world.s, world.A, m, world.s.books[0, 0], 0, c.px) == 300
    assert core.own.shown_at(world.s, m, 0, near.px - 128) == 0
    world.answer(rows.CANCELED, near)
    world.level(0, near.px / 10_000, 3)
    assert core.own.shown_at(world.s, m, 0, near.px) == 0
    assert core.own.shown_at(world.s, m, 0, far.px) == far.qty
    assert int(b["levels"]) == 3
