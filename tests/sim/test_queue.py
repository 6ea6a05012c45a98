"""Queue position against a slow reference in exact fractions and plain floats."""

from fractions import Fraction
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.sim import truth

MODELS = ["risk_averse", "power_prob", "power_prob_2", "power_prob_3", "log_prob", "log_prob_2"]


def behind(model, front, back, n=3, lot=Fraction(1, 100)):
    """Probability that what left the level stood behind us."""
    if model == "power_prob":
        f, whole = back**n, back**n + front**n
    elif model == "power_prob_2":
        f, whole = back**n, (front + back) ** n
    elif model == "log_prob":
        f, whole = log(1 + back * lot), log(1 + back * lot) + log(1 + front * lot)
    elif model == "log_prob_2":
        f, whole = log(1 + back * lot), log(1 + (front + back) * lot)
    else:
        return 1 - (front / (front + back)) ** n if front + back else 1
    return Fraction(f) / Fraction(whole) if whole else 1


def reference(model, level, events):
    """Our queue position after the events at our level, None once it is our turn."""
    front, traded = Fraction(level), 0
    for kind, lots in events:
        if kind == "trade":
            front, traded = front - lots, traded + lots
            if front <= Fraction(-1, 2):
                return None
            continue
        drop = level - lots - traded
        level, old, traded = lots, level, 0
        if model == "risk_averse" or drop < 0:
            front = min(front, Fraction(level))
            continue
        back = max(old - front, 0)
        p = behind(model, front, back)
        front = min(front - (1 - p) * drop + min(back - p * drop, 0), Fraction(level))
    return front


def played(play, model, events):
    """The same events through the simulation."""
    timed = [(20 + i, k, "sell" if k == "trade" else "bid", 99, lots) for i, (k, lots) in enumerate(events)]
    p = play(*timed, queue=model)
    p.until(1)
    p.place(1, "buy", 99, 5)
    found = p.answers()
    if rows.FILL in found["kind"]:
        return None
    return float(truth.resting(p.X, 0)["front"][0])


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=60, deadline=None)
@given(events=st.lists(st.tuples(st.sampled_from(["trade", "depth"]), st.integers(1, 90)), max_size=8))
def test_a_queue_model_moves_us_as_its_reference_does(play_once, model, events):
    expected, found = reference(model, 50, events), played(play_once, model, events)
    if expected is None or found is None:
        assert found is None
        assert expected is None or expected < Fraction(-4999, 10000)
    else:
        assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("queue", "front"), [("risk_averse", 50.0), ("power_prob", 50 - 20 * 50**3 / (20**3 + 50**3))])
def test_only_probability_models_move_on_a_cancelled_level(play, queue, front):
    p = play((19, "depth", "bid", 99, 70), (20, "depth", "bid", 99, 50), queue=queue)
    p.until(1)
    p.place(1, "buy", 99, 5)
    p.until()
    assert truth.resting(p.X, 0)["front"][0] == pytest.approx(front, rel=1e-14)


def test_a_decrease_that_a_trade_explains_is_not_counted_twice(play):
    p = play((20, "trade", "sell", 99, 20), (21, "depth", "bid", 99, 30), queue="power_prob")
    p.until(1)
    p.place(1, "buy", 99, 5)
    p.until()
    assert truth.resting(p.X, 0)["front"][0] == 30.0


def test_own_orders_at_one_level_keep_their_own_places(play):
    p = play((20, "depth", "bid", 99, 90), (40, "trade", "sell", 99, 60))
    p.until(1)
    p.place(1, "buy", 99, 5)
    p.until(25)
    p.place(2, "buy", 99, 5)
    found = p.answers()
    assert list(found["ref"][found["kind"] == rows.FILL]) == [1]
    assert truth.resting(p.X, 0)["front"][0] == 30.0
