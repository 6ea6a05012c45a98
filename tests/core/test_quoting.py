"""Every worked number of passive quotes: half-spreads, prices, sizes, jitter."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from tests.core.plain import core
from tests.core.world import SECOND, Document, World, document, market, seen

quoting = core.quoting
BID, ASK = 0, 1


def passive(**line: Any) -> World:
    """A passive line whose sizes nothing scales, on the book 0.9998 / 1.0002."""
    return seen(document(passive={"quantity_coefficient_method": "none"} | line))


def prices(world: World, **which: int) -> tuple[float, float]:
    return world.want(BID, **which)[0], world.want(ASK, **which)[0]


# --- passive: prices ---


@pytest.mark.parametrize(
    ("held", "bid_bps", "ask_bps"), [(1000, 15, 15), (500, 12.5, 107.5), (1500, 107.5, 12.5), (3000, 200, 10)]
)
def test_inventory_leans_the_half_spreads(held: int, bid_bps: float, ask_bps: float) -> None:
    world = passive()
    world.hold(held)
    world.want(BID)
    assert world.s.want.steps[core.steps.SKEWED] == pytest.approx(bid_bps)
    world.want(ASK)
    assert world.s.want.steps[core.steps.SKEWED] == pytest.approx(ask_bps)


def test_passive_prices_round_away_from_crossing() -> None:
    world = passive()
    world.hold(500)
    assert prices(world) == (0.9987, 1.0108)
    exact = passive(spread_coefficient_method="none", mid_spread_bps="20")
    assert prices(exact) == (0.9980, 1.0020)


@pytest.mark.parametrize(
    ("method", "response", "volume", "expected"),
    [
        ("volume", "1", 2.0, 30),
        ("volume", "-1", 2.0, 10),
        ("volume", "0", 2.0, 15),
        ("volume", "0.5", 4.0, 30),
        ("volume", "2", 10.0, 200),
        ("inventory", "1", 2.0, 15),
        ("none", "1", 2.0, 15),
        ("both", "1", 2.0, 115),
    ],
)
def test_volume_moves_the_middle_of_the_half_spread(method: str, response: str, volume: float, expected: float) -> None:
    world = passive(spread_coefficient_method=method, volume_spread_response=response)
    world.s.markets[0].volume = volume
    world.s.inventory = 0.5 if method == "both" else 0.0
    world.want(BID)
    assert world.s.want.steps[core.steps.SKEWED] == pytest.approx(expected)


def test_further_levels_stand_further_out_behind_the_clamp() -> None:
    world = passive(levels=3, level_step_bps="10", max_spread_bps="15")
    assert [world.want(BID, level=i)[0] for i in range(3)] == [0.9985, 0.9975, 0.9965]
    assert [world.want(ASK, level=i)[0] for i in range(3)] == [1.0015, 1.0025, 1.0035]


@pytest.mark.parametrize(("checked", "bid", "marks"), [(True, 1.0001, rows.POST_ONLY), (False, 1.0084, 0)])
def test_a_price_through_the_book_is_moved_one_tick_inside_unless_taking_is_meant(
    checked: bool, bid: float, marks: int
) -> None:
    world = World(document(passive={}, taker_check=checked))
    world.open()
    world.s.reference = 1.01
    assert world.want(BID)[0] == bid
    world.s.quotes[world.quote()].order = -1
    world.s.quotes[world.quote()].changed_ns = 0
    world.s.reference = 1.01
    core.requote.decide(world.s, world.A, world.links, 0, world.out)
    assert world.out[world.s.out_n - 1].marks == marks


@given(st.floats(0.5, 1.5), st.floats(0.5, 1.5), st.integers(5_000, 15_000), st.integers(1, 50))
@settings(deadline=None, max_examples=60)
def test_no_passive_price_ever_crosses(reference: float, drift: float, bid: int, gap: int) -> None:
    world = WORLDS.setdefault("passive", passive())
    m = world.s.markets[0]
    m.touch[:], m.mid = (bid, bid + gap), (bid + gap / 2) * 1e-4
    world.s.reference, world.s.inventory = reference, max(-1.0, min(1.0, drift - 1))
    low, high = prices(world)
    assert low < (bid + gap - 0.5) * 1e-4
    assert high > (bid + 0.5) * 1e-4
    assert low <= reference * (1 - 10e-4) + 1e-9 or low == pytest.approx((bid + gap - 1) * 1e-4)


WORLDS: dict[str, World] = {}


# --- passive: sizes ---


@pytest.mark.parametrize(
    ("line", "price", "sizes"),
    [
        ({}, "1", [25]),
        ({"quantity_currency": "quote"}, "4", [6.25]),
        ({"levels": 3, "level_size_factor": "2"}, "1", [25, 50, 100]),
        ({"levels": 2, "level_size_factor": "0.5"}, "1", [25, 12.5]),
        ({"quantity": "4"}, "1", [4]),
    ],
)
def test_passive_sizes(line: Document, price: str, sizes: list[float]) -> None:
    half = {"mid_spread_bps": "10", "min_spread_bps": "10", "level_step_bps": "0.001"}
    book = (f"{float(price) - 0.0001:.4f}", f"{float(price) + 0.0001:.4f}")
    world = seen(document(passive={"quantity_coefficient_method": "none"} | half | line), *book)
    found = [world.want(BID, level=i)[1] for i in range(len(sizes))]
    assert found == pytest.approx(sizes, rel=2e-3)


def test_a_size_is_never_enlarged_to_the_venues_minimum() -> None:
    assert passive(quantity="4").want(BID)[1:] == (4, "below the venue's minimum")


@pytest.mark.parametrize(("method", "expected"), [("none", 25), ("inventory", 37.5), ("volume", 50), ("both", 75)])
def test_the_coefficient_scales_the_size(method: str, expected: float) -> None:
    world = passive(quantity_coefficient_method=method)
    world.s.inventory, world.s.markets[0].volume = -0.5, 2.0
    assert world.want(BID)[1] == expected


def test_liquidity_shares_split_the_size_over_the_venues() -> None:
    line = {"allocation": "liquidity_shares", "quantity": "100", "quantity_coefficient_method": "none"}
    world = World(document(passive=line, exchanges=["binance", "bybit"]), [market("binance"), market("bybit")])
    world.s.out_max = 0
    world.book({"0.9998": 300}, {"1.0002": 300})
    world.book({"0.9998": 100}, {"1.0002": 100}, at=1)
    world.wait(1)
    assert [world.want(BID, at=i)[1] for i in range(2)] == [75, 25]


@pytest.mark.parametrize(
    ("settings_", "expected"), [({"size_factor": "2"}, 50), ({"max_share": "0.25"}, 12.5), ({"max_share": "0.5"}, 25)]
)
def test_a_venues_own_factor_and_share(settings_: Document, expected: float) -> None:
    config = document(
        passive={"quantity_coefficient_method": "none"}, exchanges=["binance", "bybit"], venues={"bybit": settings_}
    )
    world = World(config, [market("binance"), market("bybit")])
    world.s.out_max = 0
    world.open()
    assert [world.want(BID, at=i)[1] for i in range(2)] == [25, expected]


def jittered(seed: int, n: int = 12) -> list[float]:
    """Sizes of n placements of one bid."""
    from stackedmm.config import validate
    from stackedmm.config.fill import fill

    line = {"randomization_factor": "0.2", "quantity_coefficient_method": "none", "sides": "bid"}
    world = World(document(passive=line))
    again = fill(validate(document(passive=line)), world.markets, [1.0], seed=seed)
    world.s.lines[0].seed = again.state[0]["lines"][0]["seed"]
    found = []
    commands = world.open()
    for _ in range(n):
        order = commands[0].copy()
        found.append(float(order.qty * 0.01))
        assert len(world.wait()) == 0
        world.answer(rows.REJECT, order)
        world.s.markets[0].backoff_ns = 0
        world.s.markets[0].tokens = 10.0
        world.now += SECOND
        commands = world.wait()
    return found


def test_jitter_is_drawn_once_a_placement_from_a_stream_that_a_seed_repeats() -> None:
    found = jittered(1)
    assert found == jittered(1)
    assert found != jittered(2)
    assert all(20 <= size <= 30 for size in found)
    assert len({*found, 25.0}) == 13
    assert min(found) < 24
    assert max(found) > 26


def test_jitter_stays_while_an_order_waits() -> None:
    world = passive(randomization_factor="0.5")
    first = world.want(BID)[1]
    world.wait()
    second = world.want(BID)[1]
    for _ in range(5):
        world.wait()
        assert world.want(BID)[1] == second
    assert (first, second) != (25, 25)
