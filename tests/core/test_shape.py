"""How the numbers of rules are combined and bounded, what rules see, and the lines' own answers to the market."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.config import validate
from stackedmm.core.codes import RULE_STRUCK
from stackedmm.core.views import GATE, SIZE, SKEW, SPREAD, WIDEN
from stackedmm.engine.arm import already
from tests.core.plain import core
from tests.core.world import SECOND, World, document, market

shape = core.shape
BID, ASK = 0, 1
Answer = Callable[[Any], float] | float


@pytest.fixture(autouse=True)
def _no_rules_left() -> Iterator[None]:
    yield
    shape.PYTHON_RULES.clear()


def rules(world: World, *said: tuple[int, Answer], **scope: int) -> World:
    """Put rules in force: verbs with a number, or a function of the view. Scopes are bits."""
    shape.PYTHON_RULES.clear()
    s = world.s
    s.rules_n = len(said)
    for r, (verb, answer) in enumerate(said):

        def fill(views: Any, n: int, params: Any, answers: Any, answer: Answer = answer) -> None:
            for i in range(n):
                answers[i] = answer(views[i]) if callable(answer) else answer

        shape.PYTHON_RULES.append(fill)
        world.links[shape.FIRST_RULE + r] = r
        rule = s.rules[r]
        rule.verb, rule.per_side = verb, scope.get("per_side", 1)
        rule.lines, rule.sides, rule.markets = (scope.get(name, -1) for name in ("lines", "sides", "markets"))
    return world


def passive(**line: Any) -> World:
    """15 bps [10, 200] that nothing else shapes, 25 coins, around 1."""
    plain = {"spread_coefficient_method": "none", "quantity_coefficient_method": "none"}
    return opened(World(document(passive=plain | line)))


def tob(**line: Any) -> World:
    """A TOB line of 30 bps, 600 an hour, around 1."""
    plain = {"spread_bps": "30", "hourly_quantity": "600", "coefficient_method": "none"}
    return opened(World(document(tob=plain | line)))


def opened(world: World) -> World:
    world.s.out_max = 0
    world.open()
    return world


def half(world: World, side: int = BID, **which: int) -> float:
    world.want(side, **which)
    return float(world.s.want.steps[6])


# --- combination ---


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], 15),
        ([(SPREAD, 2.0), (SPREAD, 3.0)], 90),
        ([(WIDEN, 5.0), (WIDEN, -2.0)], 18),
        ([(SPREAD, 2.0), (WIDEN, 5.0)], 35),
        ([(SPREAD, 0.1)], 10),
        ([(WIDEN, 1000.0)], 200),
        ([(SPREAD, 0.0)], 10),
        ([(SPREAD, 1e6)], 200),
        ([(SPREAD, 1e6), (SPREAD, 0.01), (WIDEN, 5.0)], 20),
    ],
)
def test_half_spread_is_the_base_by_all_spreads_plus_all_widenings_within_its_bounds(
    said: Any, expected: float
) -> None:
    assert half(rules(passive(), *said)) == pytest.approx(expected)


def test_skews_add_and_move_both_sides() -> None:
    world = rules(passive(), (SKEW, 10.0), (SKEW, -4.0))
    assert [world.want(side)[0] for side in (BID, ASK)] == [0.9990, 1.0022]
    assert world.s.want.steps[core.steps.SKEWED] == pytest.approx(6 + 15 + 6e-4 * 15, abs=1e-6)


@pytest.mark.parametrize(("skew", "limit", "expected"), [(500.0, "100", 100), (-500.0, "100", -100), (30.0, "20", 20)])
def test_the_sum_of_skews_is_bounded(skew: float, limit: str, expected: float) -> None:
    config = document(passive={"spread_coefficient_method": "none"}, risk={"max_skew_bps": limit})
    world = rules(opened(World(config)), (SKEW, skew), (SKEW, skew))
    world.want(BID)
    assert world.s.ruling.skew == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], 25),
        ([0.5, 0.5], 6.25),
        ([2.0], 50),
        ([2.0, 2.0], 75),
        ([1e9], 75),
        ([100.0, 0.02], 50),
        ([0.001, 100.0], 25),
    ],
)
def test_size_is_the_base_by_all_sizes_up_to_three_times_the_base(said: list[float], expected: float) -> None:
    assert rules(passive(), *[(SIZE, a) for a in said]).want(BID)[1] == pytest.approx(expected)


@pytest.mark.parametrize("said", [0.0, -1.0])
def test_a_size_of_zero_means_no_quote(said: float) -> None:
    for world in (passive(), tob()):
        assert rules(world, (SIZE, 50.0), (SIZE, said)).want(BID)[1:] == (0, "size coefficient is zero")


def test_any_closed_gate_means_no_quote() -> None:
    world = rules(opened(World(document(passive={}))), (GATE, 1.0), (GATE, 0.0))
    world.s.out_max = 4096
    assert len(world.wait()) == 0
    assert {int(q.reason) for q in world.s.quotes[:2]} == {29}
    assert len(rules(world, (GATE, 1.0), (GATE, 1.0)).wait()) == 2


@pytest.mark.parametrize("verb", [SKEW, WIDEN, SPREAD, SIZE, GATE])
@pytest.mark.parametrize("said", [math.nan, math.inf, -math.inf])
def test_a_rule_without_an_answer_takes_the_quote_off_and_three_times_a_minute_is_an_event(
    verb: int, said: float
) -> None:
    world = rules(opened(World(document(passive={"sides": "bid"}))), (verb, said))
    world.s.out_max = 4096
    for _ in range(2):
        assert len(world.wait()) == 0
    assert (int(world.s.quotes[0].reason), int(world.s.events[RULE_STRUCK])) == (30, 0)
    world.wait()
    assert (int(world.s.events[RULE_STRUCK]), int(world.s.rules[0].failures)) == (1, 3)


answers = st.floats(-1e6, 1e6)
verbs = st.sampled_from([SKEW, WIDEN, SPREAD, SIZE])
WORLDS: dict[str, World] = {}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(verbs, answers), max_size=6), st.randoms(use_true_random=False))
def test_rules_commute_and_stay_within_their_bounds(said: list[tuple[int, float]], random: Any) -> None:
    world = WORLDS.setdefault("passive", passive())
    found = []
    for _ in range(2):
        rules(world, *said)
        world.want(BID)
        ruling = world.s.ruling
        found.append([float(ruling[name]) for name in ("skew", "widen", "spread", "scale")])
        assert abs(ruling.skew) <= 100
        assert 0 <= ruling.scale <= 3
        assert 0 <= ruling.spread < math.inf
        assert 10 <= world.s.want.steps[6] <= 200
        random.shuffle(said)
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-6)


# --- on a TOB line ---


@pytest.mark.parametrize(
    ("said", "bid", "ask"),
    [
        ([(SPREAD, 2.0)], 0.9940, 1.0060),
        ([(WIDEN, 10.0)], 0.9960, 1.0040),
        ([(SKEW, 10.0)], 0.9979, 1.0041),
        ([(WIDEN, 1e6)], 0.9800, 1.0200),
        ([(WIDEN, -1e6)], 0.9999, 1.0001),
    ],
)
def test_rules_move_the_required_distance_and_its_anchor(said: Any, bid: float, ask: float) -> None:
    world = rules(tob(), *said)
    assert [world.want(side)[0] for side in (BID, ASK)] == [bid, ask]


def test_sizes_scale_the_accrual_and_never_pass_the_bucket() -> None:
    world = rules(tob(), (SIZE, 3.0))
    assert world.want(BID)[1] == pytest.approx(5.02, abs=0.01)
    q = world.s.quotes[world.quote()]
    q.bucket = 0.0
    world.s.now += 6 * SECOND
    world.want(BID)
    assert q.bucket == pytest.approx(3.0)


def test_a_gate_closes_the_bucket_too() -> None:
    world = rules(tob(), (GATE, 0.0))
    q = world.s.quotes[world.quote()]
    q.bucket = 0.0
    for _ in range(8):
        world.wait(60)
    assert q.bucket == 0.0


# --- scopes ---


def test_a_rule_stays_within_its_lines_sides_and_markets() -> None:
    config = document(
        passive={"spread_coefficient_method": "none"}, tob={"spread_bps": "15"}, exchanges=["binance", "bybit"]
    )
    world = opened(World(config, [market("binance"), market("bybit")]))
    rules(world, (WIDEN, 20.0), lines=2, sides=1, markets=2)
    found = {
        (line, side, at): half(world, side, line=line, at=at) for line in (0, 1) for side in (0, 1) for at in (0, 1)
    }
    assert {where for where, bps in found.items() if bps != 15} == {(1, BID, 1)}


def test_a_rule_that_reads_what_differs_between_quotes_answers_for_each() -> None:
    world = passive(levels=2, quantity_currency="quote")
    world.s.quotes[world.quote(level=1)].filled_hour = 1.0
    rules(world, (WIDEN, lambda q: 10 * q.balance), per_side=0)
    assert half(world, level=0) > 15
    rules(world, (WIDEN, lambda q: 10 * q.sign), per_side=1)
    assert [half(world, side) for side in (BID, ASK)] == [25, 10]


@pytest.mark.parametrize(
    ("line", "stays_out"),
    [
        ({"passive_lines": [{"spread_coefficient_method": "none", "quantity_coefficient_method": "none"}]}, set()),
        ({"passive_lines": [{"spread_coefficient_method": "inventory"}]}, {"inventory", "volume"}),
        ({"passive_lines": [{"spread_coefficient_method": "both"}]}, {"inventory", "volume"}),
        (
            {"passive_lines": [{"spread_coefficient_method": "none", "quantity_coefficient_method": "volume"}]},
            {"volume"},
        ),
        ({"tob_lines": [{"coefficient_method": "inventory"}]}, {"inventory"}),
        ({"tob_lines": [{"coefficient_method": "both"}]}, {"inventory", "volume"}),
        ({"tob_lines": [{"coefficient_method": "none"}]}, set()),
    ],
)
def test_a_rule_stays_out_of_lines_whose_own_methods_do_what_it_does(line: Any, stays_out: set[str]) -> None:
    config = document() | {"tob_lines": []} | line
    for each in config["tob_lines"]:
        each |= {"hourly_quantity": 50}
    for each in config.get("passive_lines", []):
        each |= {"mid_spread_bps": 15, "quantity": 25}
    made = validate(config)
    one = (*made.tob_lines, *made.passive_lines)[0]
    assert {word for word in ("inventory", "volume") if already(one, (word,))} == stays_out
    assert not already(one, ())


# --- what rules see ---


def test_the_view_of_a_bid_and_an_ask() -> None:
    world = passive()
    world.hold(1250)
    s, m = world.s, world.s.markets[0]
    s.reference, s.inventory_price = 1.01, 1.0
    s.variance, s.variance_hour, s.variance_s, s.drift = 4e-8 / 60, 1e-8 / 60, 600, -3e-4 / 60
    m.adverse[:] = 1.5, -2.5
    m.volume, m.share, m.trade_ns = 1.7, 0.6, s.now - 5 * SECOND
    shape.see(s, world.A, 0)
    bid, ask = s.views[0], s.views[1]
    assert (bid.sign, ask.sign) == (1, -1)
    assert bid.inventory == ask.inventory == 0.25
    assert (bid.pressure, ask.pressure) == (0.5, -0.5)
    assert bid.cost_gap_bps == pytest.approx(100)
    assert bid.volatility_bps == pytest.approx(2)
    assert bid.volatility_ratio == pytest.approx(2)
    assert bid.drift_bps == pytest.approx(-3)
    assert bid.local_gap_bps == pytest.approx((1.0 / 1.01 - 1) * 1e4)
    assert bid.local_spread_bps == pytest.approx(4)
    assert (bid.adverse_bps, ask.adverse_bps) == (1.5, -2.5)
    assert (bid.volume, bid.share, bid.quiet_s) == (1.7, 0.6, 5)
    assert bid.hour == pytest.approx(10, abs=1e-3)


def test_imbalance_is_of_the_five_best_levels() -> None:
    world = passive()
    world.book({f"0.99{i}": 30 for i in range(89, 99)}, {"1.0002": 50})
    shape.see(world.s, world.A, 0)
    assert world.s.views[0].imbalance == pytest.approx((150 - 50) / 200)


@pytest.mark.parametrize(
    ("field", "change", "seen"),
    [
        ("cost_gap_bps", {"inventory_price": 0.1}, 1000),
        ("volatility_bps", {"variance": 1.0}, 1000),
        ("drift_bps", {"drift": -1.0}, -1000),
        ("pressure", {"band_used": 7.0}, 1),
        ("cost_gap_bps", {"inventory_price": math.nan}, 0),
        ("drift_bps", {"drift": math.nan}, -1000),
    ],
)
def test_what_is_out_of_range_is_clamped_before_a_rule_sees_it(field: str, change: Any, seen: float) -> None:
    world = passive()
    for name, value in change.items():
        world.s[name] = value
    shape.see(world.s, world.A, 0)
    assert world.s.views[0][field] == seen


# --- the lines' own answers ---


def test_a_line_widens_with_volatility_against_its_hour() -> None:
    world = passive(volatility_response="0.5")
    world.s.variance, world.s.variance_hour, world.s.variance_s = 4.0, 1.0, 600
    assert half(world) == pytest.approx(15 * (1 + 0.5 * 2))


def test_a_line_steps_back_on_the_drifting_side() -> None:
    world = passive(drift_response="2")
    world.s.reference = 1.001
    gap = abs(1 / 1.001 - 1) * 1e4
    assert (half(world, BID), half(world, ASK)) == (pytest.approx(15 + 2 * gap), 15)
    world.s.reference = 0.999
    gap = abs(1 / 0.999 - 1) * 1e4
    assert (half(world, BID), half(world, ASK)) == (15, pytest.approx(15 + 2 * gap))
