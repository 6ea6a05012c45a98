"""The session behind the page: it hears people, keeps its pictures whole, and grows by nothing."""

import time

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.engine.host import sample
from stackedmm.engine.host.history import SPANS
from stackedmm.errors import RuleError
from stackedmm.sim import truth
from tests.desk.waiting import until

pytestmark = pytest.mark.slow


def resting(traded):
    """Own orders that rest at the venues, by the venues' own word."""
    return sum(len(truth.resting(traded.host._built.X, i)) for i in range(len(traded.filled.markets)))


def side_of(look, line, side):
    """The quotes of one side of a line."""
    quotes = look.state["quotes"][: int(look.state["quotes_n"])]
    return quotes[(quotes["line"] == line) & (quotes["side"] == side)]


def test_a_changed_parameter_shapes_the_orders_placed_after_it(traded):
    traded.tune("lean.strength", 40)
    slot = traded.slots["lean.strength"].place
    changed = until(traded, lambda look: look.state["params"][slot] == 40).state["now"]
    place = [rule.name for rule in traded.rules.rules].index("lean")

    def later(_):
        placed = list(traded.host.record.placed.values())
        return [c for c in placed if c["ts"] > changed and np.isfinite(c["answers"][place])]

    until(traded, later)
    for command in later(None):
        inventory = command["saw"][1]
        assert command["answers"][place] == -40 * inventory


def test_a_parameter_stays_within_its_bounds_and_an_unknown_one_is_refused(traded):
    traded.tune("lean.strength", 1e9)
    slot = traded.slots["lean.strength"]
    until(traded, lambda look: look.state["params"][slot.place] == slot.param.high)
    for name, value in (("lean.strenght", 1), ("lean.strength", float("nan"))):
        with pytest.raises(RuleError):
            traded.tune(name, value)


def test_a_side_that_is_switched_off_is_cancelled_and_only_it(traded):
    passive = [line.id for line in traded.filled.lines].index("passive-1")
    until(traded, lambda look: (side_of(look, passive, 0)["order"] >= 0).any())
    traded.side("passive-1", "bid", False)
    off = until(traded, lambda look: (side_of(look, passive, 0)["order"] < 0).all())
    assert set(side_of(off, passive, 0)["reason"]) == {rows.LINE_DISABLED}
    until(traded, lambda look: (side_of(look, passive, 1)["order"] >= 0).any())
    traded.side("passive-1", "bid", True)
    until(traded, lambda look: (side_of(look, passive, 0)["order"] >= 0).any())
    with pytest.raises(RuleError, match="passive-2"):
        traded.side("passive-2", "bid", True)


def test_a_kill_leaves_no_order_and_holds_until_a_person_clears_it(traded):
    until(traded, lambda look: look.state["open_orders"] > 0)
    traded.control("kill")
    killed = until(traded, lambda look: look.state["killed"] and look.state["open_orders"] == 0)
    assert resting(traded) == 0
    traded.control("resume")
    later = until(traded, lambda look: look.number > killed.number + 8)
    assert later.state["killed"]
    assert later.state["open_orders"] == resting(traded) == 0
    traded.control("revive")
    until(traded, lambda look: look.state["open_orders"] > 0)


def test_a_pause_takes_every_quote_out_and_a_resume_brings_them_back(traded):
    traded.control("pause")
    until(traded, lambda look: look.state["paused"] and look.state["open_orders"] == 0)
    traded.control("resume")
    until(traded, lambda look: look.state["open_orders"] > 0)


def test_every_picture_is_one_moment_and_nobody_changes_it(traded):
    for _ in range(6):
        last = traded.host.look().number
        look = until(traded, lambda look, last=last: look.number > last)
        s = look.state
        before = s.tobytes()
        slots = sample.own_slots(s)
        alive = s["orders"]["life"][slots]
        assert np.isin(alive, (1, 2, 3, 4)).sum() == s["open_orders"]
        assert (np.diff(look.bids.prices) < 0).all()
        assert (np.diff(look.asks.prices) > 0).all()
        assert look.bids.prices[0] < look.asks.prices[0]
        until(traded, lambda later, last=look.number: later.number > last)
        assert s.tobytes() == before


def test_memory_is_bounded_however_long_it_runs(session):
    traded = session(speed=2000.0)
    then = traded.host.look().state["now"]
    until(traded, lambda look: look.state["now"] - then > 1800 * 1_000_000_000)
    seconds = (len(each) for each in traded.host._rows)
    assert max(seconds) < 20_000, "rows that were stepped are still held"
    assert len(traded.host.record.placed) <= traded.host.look().state["quotes_n"]
    for ring, span in enumerate(SPANS):
        total, table = traded.host.record.history.since(ring, 0)
        assert len(table) == min(total, span.points)
    assert traded.host.record.history.counts()[0] > SPANS[0].points


def test_a_listener_that_wants_nothing_of_it_does_not_hold_the_session_up(traded):
    seen = []
    traded.host.listeners.append(lambda: seen.append(traded.host.look().number))
    last = until(traded, lambda look: len(seen) > 4).number
    held = traded.host.look()  # a reader that keeps an old picture for as long as it likes
    time.sleep(1.5)
    assert traded.host.look().number > last
    assert held.state["now"] < traded.host.look().state["now"]
    assert seen == sorted(set(seen))


def test_a_fill_is_told_with_its_line_and_adds_up_to_the_inventory(session):
    traded = session(speed=60.0)
    until(traded, lambda look: traded.host.record.fills.count >= 5, 120)
    traded.control("kill")
    done = until(traded, lambda look: look.state["killed"] and look.state["open_orders"] == 0)
    count, fills = traded.host.record.fills.since(0)
    assert count == done.state["ledger"]["fills"] == len(fills)
    assert all(fill.line >= 0 for fill in fills)
    bought = sum(fill.size if fill.side == 0 else -fill.size for fill in fills)
    unit = float(done.state["unit_base"])
    assert float(done.state["opening"]) * unit + bought == pytest.approx(float(done.state["ledger"]["position"]) * unit)
