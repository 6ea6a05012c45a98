"""The bars of an order: they add up to the last bit, and each rule's bar is its own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackedmm.core.codes import PASSIVE, TOB
from stackedmm.core.rows import COMMAND
from stackedmm.core.views import GATE, SIZE, SKEW, SPREAD, WIDEN
from stackedmm.core.waterfall import logarithmic_mean, waterfall

bps = st.floats(0, 500)
ANSWERS = {
    SPREAD: st.floats(0.01, 100),
    WIDEN: st.floats(-50, 50),
    SKEW: st.floats(-60, 60),
    SIZE: st.floats(0, 3),
    GATE: st.just(1.0),
}
rule = st.sampled_from(sorted(ANSWERS)).flatmap(lambda verb: st.tuples(st.just(verb), ANSWERS[verb]))


def command(configured, answers, kind, side, ends):
    """A PLACE command as the engine fills it: steps by its formulas, then four free ones."""
    c = np.zeros(1, COMMAND)[0]
    sign = 1 - 2 * side
    spread = math.prod(a for verb, a in answers if verb == SPREAD)
    skew = min(max(sum(a for verb, a in answers if verb == SKEW), -100.0), 100.0)
    c["side"] = side
    c["answers"] = math.nan
    c["answers"][: len(answers)] = [a for _, a in answers]
    wide = configured[-1] * spread + sum(a for verb, a in answers if verb == WIDEN)
    half = min(max(wide, 1.0), 300.0)
    skewed = half - sign * skew
    if kind == PASSIVE:
        skewed = sign * (1.0 - (1.0 + skew * 1e-4) * (1.0 - sign * half * 1e-4)) * 1e4
    c["steps"] = [*configured, wide, half, skewed, *ends]
    return c


@st.composite
def commands(draw):
    configured = draw(st.lists(bps, min_size=5, max_size=5))
    answers = draw(st.lists(rule, max_size=6))
    ends = draw(
        st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 500), st.floats(-500, -1e-12)), min_size=4, max_size=4)
    )
    kind, side = draw(st.sampled_from([TOB, PASSIVE])), draw(st.sampled_from([0, 1]))
    return command(configured, answers, kind, side, ends), answers, kind


def named(answers):
    return [(f"rule{i}", verb) for i, (verb, _) in enumerate(answers)]


@given(commands())
def test_bars_add_up_to_the_order_s_distance_to_the_last_bit(made):
    order, answers, kind = made
    bars = waterfall(order, named(answers), kind)
    assert sum(bar.bps for bar in bars) == order["steps"][-1]
    assert math.fsum(bar.bps for bar in bars) == order["steps"][-1]


@given(commands())
def test_bps_that_rules_add_are_their_bars_and_coefficients_share_by_their_logarithms(made):
    order, answers, kind = made
    rules = named(answers)
    bars = {bar.owner: bar.bps for bar in waterfall(order, rules, kind)}
    base = order["steps"][4]
    factors = {name: a for (name, verb), (_, a) in zip(rules, answers, strict=True) if verb == SPREAD}
    mean = logarithmic_mean(base, base * math.prod(factors.values()))
    least = 2e-9 + 1e-15 * float(np.abs(order["steps"]).max())
    for (name, verb), (_, a) in zip(rules, answers, strict=True):
        if verb == WIDEN:
            assert bars.get(name, 0.0) == pytest.approx(a, abs=least)
        elif verb == SPREAD:
            assert bars.get(name, 0.0) == pytest.approx(mean * math.log(a), abs=least, rel=1e-9)
        elif verb in (SIZE, GATE):
            assert name not in bars
    assert sum(bars.get(name, 0.0) for name in factors) == pytest.approx(
        base * (math.prod(factors.values()) - 1.0), rel=1e-6, abs=1e-7
    )


@given(commands())
def test_a_rule_s_bar_does_not_depend_on_the_order_of_the_rules(made):
    order, answers, kind = made
    rules = named(answers)
    turned = order.copy()
    turned["answers"][: len(answers)] = order["answers"][: len(answers)][::-1]
    bars, again = (dict(waterfall(c, r, kind)) for c, r in ((order, rules), (turned, rules[::-1])))
    least = 2e-9 + 1e-15 * float(np.abs(order["steps"]).max())
    for name, _ in rules:
        assert bars.get(name, 0.0) == pytest.approx(again.get(name, 0.0), rel=1e-9, abs=least)


def test_coefficients_that_cancel_have_bars_that_cancel():
    order = command([10.0] * 5, [(SPREAD, 2.0), (SPREAD, 0.5)], PASSIVE, 0, [10.0] * 4)
    bars = dict(waterfall(order, [("twice", SPREAD), ("half", SPREAD)], PASSIVE))
    assert bars["twice"] == pytest.approx(10 * math.log(2))
    assert bars["half"] == pytest.approx(-10 * math.log(2))


def test_a_skew_moves_a_bid_and_an_ask_in_opposite_ways_and_its_limit_has_a_bar():
    answers = [(SKEW, 80.0), (SKEW, 40.0)]
    rules = [("up", SKEW), ("more", SKEW)]
    bid, ask = (dict(waterfall(command([20.0] * 5, answers, TOB, side, [0.0] * 4), rules, TOB)) for side in (0, 1))
    assert (bid["up"], bid["more"], bid["skew limit"]) == (-80.0, -40.0, 20.0)
    assert (ask["up"], ask["more"], ask["skew limit"]) == (80.0, 40.0, -20.0)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (1.0, 1.0 + 1e-12), (3.0, 40.0), (40.0, 3.0)])
def test_the_logarithmic_mean_lies_between_the_geometric_and_the_arithmetic(a, b):
    geometric, arithmetic = math.sqrt(a * b), (a + b) / 2
    found = logarithmic_mean(a, b)
    assert geometric * (1 - 1e-12) <= found <= arithmetic * (1 + 1e-12)
    assert found == pytest.approx(logarithmic_mean(b, a))


def test_the_bars_of_real_orders_lead_from_the_reference_to_their_prices(ruled):
    orders = ruled.orders.set_index("order")
    for number in orders.index[::37]:
        order = orders.loc[number]
        sign = 1 if order["side"] == "bid" else -1
        distance = sign * (order["reference"] - order["price"]) / order["reference"] * 1e4
        bars = ruled.bars(int(number))
        assert sum(bar.bps for bar in bars) == order["distance_bps"]
        assert order["distance_bps"] == pytest.approx(distance, abs=1e-8)
        assert ruled.why(int(number))["sum_bps"].iloc[-1] == order["distance_bps"]


def test_the_mean_waterfall_adds_up_to_the_mean_distance_of_each_line_and_side(ruled):
    means = ruled.orders.groupby(["line", "side"])["distance_bps"].mean()
    assert list(means.index) == list(ruled.waterfall.columns)
    for key, mean in means.items():
        assert ruled.waterfall[key].sum() == pytest.approx(mean)
