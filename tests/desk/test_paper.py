"""The session behind the page: it hears people, keeps its pictures whole, and grows by nothing."""

import time

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.desk import sample
from stackedmm.desk.history import SPANS
from stackedmm.errors import RuleError
from stackedmm.sim import truth
from tests.desk.waiting import until

pytestmark = pytest.mark.slow


def resting(paper):
    """Own orders that rest at the venues, by the venues' own word."""
    return sum(len(truth.resting(paper._built.X, i)) for i in range(len(paper.filled.markets)))


def side_of(paper, picture, line, side):
    """The quotes of one side of a line."""
    quotes = picture.state["quotes"][: int(picture.state["quotes_n"])]
    return quotes[(quotes["line"] == line) & (quotes["side"] == side)]


def test_a_changed_parameter_shapes_the_orders_placed_after_it(paper):
    paper.tune("lean.strength", 40)
    slot = paper.slots["lean.strength"].place
    changed = until(paper, lambda picture: picture.state["params"][slot] == 40).state["now"]
    place = [rule.name for rule in paper.rules.rules].index("lean")

    def later(_):
        placed = list(paper.ledger.placed.values())
        return [c for c in placed if c["ts"] > changed and np.isfinite(c["answers"][place])]

    until(paper, later)
    for command in later(None):
        inventory = command["saw"][1]
        assert command["answers"][place] == -40 * inventory


def test_a_parameter_stays_within_its_bounds_and_an_unknown_one_is_refused(paper):
    paper.tune("lean.strength", 1e9)
    slot = paper.slots["lean.strength"]
    until(paper, lambda picture: picture.state["params"][slot.place] == slot.param.high)
    for name, value in (("lean.strenght", 1), ("lean.strength", float("nan"))):
        with pytest.raises(RuleError):
            paper.tune(name, value)


def test_a_side_that_is_switched_off_is_cancelled_and_only_it(paper):
    passive = [line.id for line in paper.filled.lines].index("passive-1")
    until(paper, lambda picture: (side_of(paper, picture, passive, 0)["order"] >= 0).any())
    paper.side("passive-1", "bid", False)
    off = until(paper, lambda picture: (side_of(paper, picture, passive, 0)["order"] < 0).all())
    assert set(side_of(paper, off, passive, 0)["reason"]) == {rows.LINE_DISABLED}
    until(paper, lambda picture: (side_of(paper, picture, passive, 1)["order"] >= 0).any())
    paper.side("passive-1", "bid", True)
    until(paper, lambda picture: (side_of(paper, picture, passive, 0)["order"] >= 0).any())
    with pytest.raises(RuleError, match="passive-2"):
        paper.side("passive-2", "bid", True)


def test_a_kill_leaves_no_order_and_holds_until_a_person_clears_it(paper):
    until(paper, lambda picture: picture.state["open_orders"] > 0)
    paper.control("kill")
    killed = until(paper, lambda picture: picture.state["killed"] and picture.state["open_orders"] == 0)
    assert resting(paper) == 0
    paper.control("resume")
    later = until(paper, lambda picture: picture.number > killed.number + 8)
    assert later.state["killed"]
    assert later.state["open_orders"] == resting(paper) == 0
    paper.control("revive")
    until(paper, lambda picture: picture.state["open_orders"] > 0)


def test_a_pause_takes_every_quote_out_and_a_resume_brings_them_back(paper):
    paper.control("pause")
    until(paper, lambda picture: picture.state["paused"] and picture.state["open_orders"] == 0)
    paper.control("resume")
    until(paper, lambda picture: picture.state["open_orders"] > 0)


def test_every_picture_is_one_moment_and_nobody_changes_it(paper):
    for _ in range(6):
        last = paper.picture.number
        picture = until(paper, lambda picture, last=last: picture.number > last)
        s = picture.state
        before = s.tobytes()
        slots = sample.own_slots(s)
        alive = s["orders"]["life"][slots]
        assert np.isin(alive, (1, 2, 3, 4)).sum() == s["open_orders"]
        assert (np.diff(picture.bids.prices) < 0).all()
        assert (np.diff(picture.asks.prices) > 0).all()
        assert picture.bids.prices[0] < picture.asks.prices[0]
        until(paper, lambda later, last=picture.number: later.number > last)
        assert s.tobytes() == before


def test_memory_is_bounded_however_long_it_runs(session):
    paper = session(speed=2000.0)
    then = paper.picture.state["now"]
    until(paper, lambda picture: picture.state["now"] - then > 1800 * 1_000_000_000)
    seconds = (len(each) for each in paper._rows)
    assert max(seconds) < 20_000, "rows that were stepped are still held"
    assert len(paper.ledger.placed) <= paper.picture.state["quotes_n"]
    for ring, span in enumerate(SPANS):
        total, table = paper.history.since(ring, 0)
        assert len(table) == min(total, span.points)
    assert paper.history.counts()[0] > SPANS[0].points


def test_a_listener_that_wants_nothing_of_it_does_not_hold_the_session_up(paper):
    seen = []
    paper.listeners.append(lambda: seen.append(paper.picture.number))
    last = until(paper, lambda picture: len(seen) > 4).number
    held = paper.picture  # a reader that keeps an old picture for as long as it likes
    time.sleep(1.5)
    assert paper.picture.number > last
    assert held.state["now"] < paper.picture.state["now"]
    assert seen == sorted(set(seen))


def test_a_fill_is_told_with_its_line_and_adds_up_to_the_inventory(session):
    paper = session(speed=60.0)
    until(paper, lambda picture: paper.ledger.fills.count >= 5, 120)
    paper.control("kill")
    done = until(paper, lambda picture: picture.state["killed"] and picture.state["open_orders"] == 0)
    count, fills = paper.ledger.fills.since(0)
    assert count == done.state["ledger"]["fills"] == len(fills)
    assert all(fill.line >= 0 for fill in fills)
    bought = sum(fill.size if fill.side == 0 else -fill.size for fill in fills)
    unit = float(done.state["unit_base"])
    assert float(done.state["opening"]) * unit + bought == pytest.approx(float(done.state["ledger"]["position"]) * unit)
