"""The fault switchboard: each fault does what its name says, repeats by seed, and costs nothing when off."""

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.sim import state, truth

MS = 1_000_000


def faulty(play, *events, seed=1, **faults):
    p = play(*events, seed=seed, latency_ns=MS, partial_fills=True)
    p.X["faulty"] = 1
    for name, value in faults.items():
        p.X["faults"][name] = value
    p.until(1)
    return p


def kinds(found):
    return list(found["kind"])


def test_a_lost_request_leaves_no_trace_at_the_venue(play):
    p = faulty(play, lost_request=state.ONE)
    p.place(1, "buy", 97, 5)
    assert len(p.answers()) == 0
    assert truth.remembered(p.X, p.XA) == []
    assert p.counts()["fault: lost request"] == 1


def test_a_late_create_is_not_found_first_and_lives_afterwards(play):
    p = faulty(play, late_create=state.ONE, late_create_ns=3000 * MS)
    p.place(1, "buy", 97, 5)
    p.send(rows.QUERY, 1)
    assert kinds(p.answers(1000)) == [rows.NOT_FOUND]
    assert kinds(p.answers()) == [rows.ACK]
    assert [r.state for r in truth.remembered(p.X, p.XA)] == ["resting"]


def test_a_lost_answer_is_found_by_a_query(play):
    p = faulty(play, lost_answer=state.ONE)
    p.place(1, "buy", 97, 5)
    assert len(p.answers(10)) == 0
    p.X["faulty"] = 0
    p.send(rows.QUERY, 1)
    assert kinds(p.answers()) == [rows.LIVE]


def test_a_lost_fill_shows_only_in_the_cumulative_quantity(play):
    p = faulty(play, (20, "trade", "sell", 99, 57), lost_fill=state.ONE)
    p.place(1, "buy", 99, 30)
    assert kinds(p.answers(30)) == [rows.ACK]
    p.send(rows.QUERY, 1)
    found = p.answers()
    assert (found["kind"][0], found["qty"][0]) == (rows.LIVE, 7)
    assert p.account().position == 7


def test_a_duplicate_comes_twice_with_one_trade_id(play):
    p = faulty(play, (20, "trade", "sell", 90, 1), duplicate_answer=state.ONE)
    p.place(1, "buy", 99, 5)
    found = p.answers()
    assert kinds(found) == [rows.ACK] * 2 + [rows.FILL_ID, rows.FILL] * 2
    assert len(set(found["ref"][found["kind"] == rows.FILL_ID])) == 1
    assert p.account().position == 5


def test_a_late_answer_comes_late(play):
    p = faulty(play, late_answer=state.ONE, late_answer_ns=500 * MS)
    p.place(1, "buy", 97, 5)
    assert len(p.answers(400)) == 0
    assert kinds(p.answers()) == [rows.ACK]


def test_reordered_answers_arrive_in_another_order_but_fills_keep_their_ids(play):
    p = faulty(play, (20, "trade", "sell", 1, 1), reordered_answer=state.ONE // 2, reorder_ns=50 * MS)
    for ref in range(1, 60):
        p.place(ref, "buy", 97, ref)
    found = p.answers()
    acks = found["ref"][found["kind"] == rows.ACK]
    assert sorted(acks) == list(range(1, 60))
    assert list(acks) != sorted(acks)
    fills = np.flatnonzero(found["kind"] == rows.FILL)
    assert (found["kind"][fills - 1] == rows.FILL_ID).all()
    assert len(fills) == 59


def test_a_reject_storm_refuses_creates_and_only_creates(play):
    p = faulty(play, refused_create=state.ONE)
    p.place(1, "buy", 97, 5)
    p.send(rows.CANCEL, 1)
    found = p.answers()
    assert kinds(found) == [rows.REJECT, rows.CANCEL_REJECT]
    assert found["px"][0] == state.OVERLOADED


def storm(play, seed):
    """Two hundred creates under every fault at once."""
    names = (
        "lost_request",
        "late_create",
        "lost_answer",
        "lost_fill",
        "duplicate_answer",
        "late_answer",
        "refused_create",
    )
    odds = dict.fromkeys(names, 200_000) | {"reordered_answer": 200_000}
    delays = {"late_create_ns": 7 * MS, "late_answer_ns": 9 * MS, "reorder_ns": 5 * MS}
    p = faulty(play, *[(5 + i, "trade", "sell", 96, 3) for i in range(40)], seed=seed, **odds, **delays)
    for ref in range(1, 201):
        p.place(ref, "buy", 97 + ref % 3, 4)
    return p, p.answers()


def test_the_same_seed_repeats_and_another_does_not(play):
    first, again, other = storm(play, 3), storm(play, 3), storm(play, 4)
    assert first[1].tobytes() == again[1].tobytes()
    assert first[0].X.tobytes() == again[0].X.tobytes()
    assert first[1].tobytes() != other[1].tobytes()


@pytest.mark.parametrize("seed", range(5))
def test_faults_come_about_as_often_as_they_should_and_money_stays_true(play, seed):
    p, found = storm(play, seed)
    counts = p.counts()
    assert 20 <= counts["fault: lost request"] <= 60
    assert counts["fault: lost fill"] > 0
    position = sum(r.filled for r in truth.remembered(p.X, p.XA))
    assert p.account().position == position
    ids = found["ref"][found["kind"] == rows.FILL_ID]
    lots = {int(i): int(q) for i, q in zip(ids, found["qty"][found["kind"] == rows.FILL], strict=True)}
    assert sum(lots.values()) < position


def test_no_fault_is_drawn_while_the_switch_is_off(play):
    p = play()
    p.X["faults"]["lost_request"] = state.ONE
    seed = int(p.X["seed"][0])
    p.until(1)
    p.place(1, "buy", 97, 5)
    assert kinds(p.answers()) == [rows.ACK]
    assert int(p.X["seed"][0]) == seed
