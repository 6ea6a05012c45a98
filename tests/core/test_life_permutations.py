"""However the messages of an order's life arrive, the ledger, the exposure and the life end alike."""

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.codes import DUPLICATE_FILL, FOREIGN_FILL, LATE_FILL
from stackedmm.core.own import FREE, LIVE, UNKNOWN
from tests.core.lives import END, Desk, Message, arrivals_of, histories

PARTS = 2


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_arrival_of_up_to_six_messages_ends_alike(part):
    desk = Desk()
    ends = {FREE: 0, LIVE: 0, UNKNOWN: 0}
    for number, history in enumerate(sorted(set(histories()))[part::PARTS]):
        arrivals = arrivals_of(history)
        found = desk.play(history, arrivals, number % 2)
        wrong = np.flatnonzero(found[:, END.index("wrong")])
        assert len(wrong) == 0, [history[i] for i in arrivals[wrong[0]]]
        odd = np.flatnonzero((found != found[0]).any(axis=1))
        assert len(odd) == 0, ([history[i] for i in arrivals[odd[0]]], found[odd[0]], [history[i] for i in arrivals[0]])
        ends[int(found[0, 0])] += len(arrivals)
    assert min(ends.values()) > 1000
    assert desk.s["events"][DUPLICATE_FILL] > 1000
    assert desk.s["events"][FOREIGN_FILL] == desk.s["events"][LATE_FILL] == 0


def test_histories_hold_every_kind_of_answer_and_both_lengths():
    known = sorted(set(histories()))
    assert {len(history) for history in known} == {2, 3, 4, 5, 6}
    kinds = {message.kind for history in known for message in history}
    assert kinds == {*range(rows.ACK, rows.UNANSWERED + 1)} - {rows.FILL_ID}


def test_two_ids_are_two_fills_and_one_id_is_one():
    desk = Desk()
    ack, fill = Message(rows.ACK, 0.1, 10), Message(rows.FILL, 2.0, 4, 1)
    again = Message(rows.FILL, 2.0, 4, 2)
    filled = END.index("filled")
    assert desk.play((ack, fill, fill), [(0, 1, 2)], 0)[0, filled] == 4
    assert desk.play((ack, fill, again), [(0, 1, 2)], 0)[0, filled] == 8
