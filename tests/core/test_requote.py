"""What is sent, and when: cancels until they are proven, questions that never stop a cancel, nothing after a kill."""

import pytest

from stackedmm.core import rows
from stackedmm.core.codes import ALL
from tests.core.by_hand import Bench, kinds


@pytest.fixture
def desk() -> Bench:
    return Bench()


def kill(bench: Bench) -> list:
    return bench.tell(rows.CONTROL, ref=rows.KILL, market=ALL)


def test_a_kill_cancels_living_and_unknown_orders_at_once_and_pending_ones_when_they_are_known(desk):
    bid, ask = desk.placed()
    desk.ack(bid)
    assert [(c["kind"], c["ref"]) for c in kill(desk)] == [(rows.CANCEL, bid["ref"])]
    desk.tell(rows.UNANSWERED, ref=ask["ref"])
    assert [(c["kind"], c["ref"]) for c in desk.sent[-1:]] == [(rows.CANCEL, ask["ref"])]
    assert kinds(desk.ack(ask)) == [rows.CANCEL]


def test_nothing_is_created_after_a_kill_until_a_person_lifts_it(desk):
    for order in desk.placed():
        desk.ack(order)
    kill(desk)
    for order in desk.placed():
        desk.tell(rows.CANCELED, ref=order["ref"])
    desk.timer(5)
    assert len(desk.placed()) == 2
    desk.tell(rows.CONTROL, ref=rows.RESUME, market=ALL)
    desk.timer(1)
    assert len(desk.placed()) == 2
    desk.tell(rows.CONTROL, ref=rows.UNKILL, market=ALL)
    desk.timer(1)
    assert len(desk.placed()) == 4


def test_a_cancel_without_answer_is_sent_again_every_second(desk):
    bid, ask = desk.placed()
    desk.ack(bid, ask)
    kill(desk)
    assert kinds(desk.timer(0.9)) == []
    assert kinds(desk.timer(3)) == [rows.CANCEL] * 6
    assert desk.open(0) == 10


def test_a_cancel_on_its_way_is_not_sent_again_by_the_next_decision(desk):
    bid, ask = desk.placed()
    desk.ack(bid, ask)
    assert kinds(kill(desk)) == [rows.CANCEL] * 2
    assert kinds(kill(desk)) == []


def test_questions_leave_tokens_for_cancels():
    line = {"mid_spread_bps": "20", "min_spread_bps": "1", "quantity": "10", "levels": 8, "level_step_bps": "2"}
    bench = Bench(passive_lines=[line], risk={"messages_per_second": 5})
    first = bench.placed()[0]
    bench.ack(first)
    asked = bench.timer(20)
    assert kinds(asked).count(rows.QUERY) > 50
    assert bench.s["markets"][0]["tokens"] >= 1.0
    assert kinds(bench.tell(rows.CONTROL, ref=rows.LINE_OFF, qty=0))[0] == rows.CANCEL


def test_one_order_stands_for_a_quote_while_it_dies(desk):
    bid, ask = desk.placed()
    desk.ack(bid, ask)
    desk.tell(rows.CONTROL, ref=rows.PAUSE, market=ALL)
    desk.tell(rows.CONTROL, ref=rows.RESUME, market=ALL)
    desk.timer(5)
    assert len(desk.placed()) == 2
    desk.tell(rows.CANCELED, ref=bid["ref"])
    desk.timer(1)
    assert [c["side"] for c in desk.placed()] == [0, 1, 0]


def test_a_pause_of_one_market_cancels_there_and_a_resume_brings_quotes_back(desk):
    bid, ask = desk.placed()
    desk.ack(bid, ask)
    assert kinds(desk.tell(rows.CONTROL, ref=rows.PAUSE, market=0)) == [rows.CANCEL] * 2
    for order in (bid, ask):
        desk.tell(rows.CANCELED, ref=order["ref"])
    desk.tell(rows.CONTROL, ref=rows.RESUME, market=0)
    desk.timer(1)
    assert len(desk.placed()) == 4


def test_a_silent_feed_cancels_after_two_seconds(desk):
    desk.ack(*desk.placed())
    sent = []
    for _ in range(23):
        desk.now += 100_000_000
        sent += desk.tell(rows.TIMER)
    assert kinds(sent).count(rows.CANCEL) >= 2
    assert sent[0]["reason"] == rows.STALE


@pytest.mark.parametrize("word", [0, 8, 99, -1])
def test_a_word_nobody_knows_changes_nothing(desk, word):
    desk.tell(rows.CONTROL, ref=rows.PAUSE, market=ALL)
    desk.tell(rows.CONTROL, ref=word, market=ALL)
    assert desk.s["paused"] == 1
    assert desk.events() == {"bad row": 1}


@pytest.mark.parametrize("qty", [-2, 2, 1 << 40])
def test_a_word_about_a_line_that_is_not_there_changes_nothing(desk, qty):
    before = desk.s["lines"].copy()
    desk.tell(rows.CONTROL, ref=rows.LINE_OFF, qty=qty)
    assert (desk.s["lines"]["sides"] == before["sides"]).all()
    assert desk.events() == {"bad row": 1}


@pytest.mark.parametrize("kind", [rows.CLEAR, rows.BBO, rows.GAP, rows.ACK, rows.FILL, rows.CANCELED, rows.BALANCE])
@pytest.mark.parametrize("market", [1, 64, 4000, ALL])
def test_a_row_of_a_market_that_is_not_there_changes_nothing(desk, kind, market):
    desk.tell(rows.FILL_ID, ref=5)
    desk.tell(kind, ref=int(desk.placed()[0]["ref"]), px=9990, qty=10, market=market)
    assert desk.events() == {"bad row": 1}
    assert desk.held() == (0, 0)


def test_the_first_reconciliation_opens_the_ledger_with_what_the_venues_hold():
    bench = Bench(opened=False)
    assert bench.placed() == []
    units = 1200 * 10**8
    bench.tell(rows.BALANCE, px=units, qty=1000 * 10**9)
    bench.tell(rows.RECONCILED, qty=units)
    assert bench.s["ledger"]["position"] == units
    assert bench.s["ledger"]["cost"] == 1200 * 10**9
    bench.timer(1)
    assert len(bench.placed()) == 2


def test_a_position_that_differs_stops_quoting_until_one_agrees(desk):
    desk.ack(*desk.placed())
    held = int(desk.s["ledger"]["position"])
    assert kinds(desk.tell(rows.RECONCILED, qty=held + 1)) == [rows.CANCEL] * 2
    assert desk.events() == {"position mismatch": 1}
    for order in desk.placed():
        desk.tell(rows.CANCELED, ref=order["ref"])
    desk.tell(rows.RECONCILED, qty=held - 1)
    desk.timer(2)
    assert len(desk.placed()) == 2
    assert desk.s["ledger"]["position"] == held
    desk.tell(rows.RECONCILED, qty=held)
    desk.timer(1)
    assert len(desk.placed()) == 4
