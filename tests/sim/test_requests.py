"""What the venue answers to creates, cancels and queries."""

from decimal import Decimal

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.sim import state, truth


def said(found):
    return [(int(r["kind"]), int(r["ref"]), int(r["px"]), int(r["qty"])) for r in found]


@pytest.mark.parametrize(
    ("px", "lots", "code"),
    [
        (0, 10, state.BAD_PRICE),
        (-5, 10, state.BAD_PRICE),
        (97, 0, state.BAD_QUANTITY),
        (97, -3, state.BAD_QUANTITY),
        (97, 1, state.MIN_QUANTITY),
        (97, 2, state.MIN_NOTIONAL),
    ],
)
def test_a_create_outside_the_venues_rules_is_refused_with_its_reason(play, a_market, px, lots, code):
    limits = a_market(min_quantity=Decimal("0.02"), min_notional=Decimal("0.2"))
    p = play(markets=[limits])
    p.until(1)
    p.place(1, "buy", px, lots)
    assert said(p.answers()) == [(rows.REJECT, 1, code, 0)]


def test_the_minimum_notional_is_met_exactly_at_its_value(play, a_market):
    p = play(markets=[a_market(min_notional=Decimal("0.291"))])
    p.until(1)
    p.place(1, "buy", 97, 3)
    assert p.answers()["kind"][0] == rows.ACK


def test_a_coarser_tick_and_lot_than_ours_is_enforced(play):
    p = play()
    p.X["markets"][0][0]["tick_step"], p.X["markets"][0][0]["lot_step"] = 2, 5
    p.until(1)
    for ref, px, lots in ((1, 97, 5), (2, 96, 4), (3, 96, 5)):
        p.place(ref, "buy", px, lots)
    assert list(p.answers()["px"]) == [state.BAD_PRICE, state.BAD_QUANTITY, 96]


def test_a_client_id_is_taken_only_once_even_after_its_order_died(play):
    p = play()
    p.until(1)
    p.place(1, "buy", 97, 5)
    p.place(1, "buy", 96, 5)
    p.send(rows.CANCEL, 1)
    p.place(1, "buy", 95, 5)
    assert list(p.answers()["kind"]) == [rows.ACK, rows.REJECT, rows.CANCELED, rows.REJECT]
    assert p.account().position == 0


def test_a_cancel_says_what_was_filled_before_it(play):
    p = play((20, "trade", "sell", 99, 57), partial_fills=True)
    p.until(1)
    p.place(1, "buy", 99, 30)
    p.until(25)
    p.send(rows.CANCEL, 1)
    assert said(p.answers())[-1] == (rows.CANCELED, 1, 99, 7)


@pytest.mark.parametrize("before", ["nothing", "a fill", "a cancel"])
def test_a_cancel_of_what_does_not_rest_is_refused(play, before):
    p = play((20, "trade", "sell", 90, 1))
    p.until(1)
    if before != "nothing":
        p.place(1, "buy", 99, 5)
    p.until(25 if before == "a fill" else 10)
    if before == "a cancel":
        p.send(rows.CANCEL, 1)
    p.send(rows.CANCEL, 1)
    assert said(p.answers())[-1] == (rows.CANCEL_REJECT, 1, 0, 0)


def test_a_query_tells_live_dead_and_unknown_apart(play):
    p = play((20, "trade", "sell", 99, 57), partial_fills=True)
    p.until(1)
    p.place(1, "buy", 99, 30)
    p.place(2, "buy", 97, 30)
    p.place(3, "buy", 101, 30)
    p.send(rows.CANCEL, 2)
    p.until(25)
    for ref in (1, 2, 3, 4):
        p.send(rows.QUERY, ref)
    expected = [(rows.LIVE, 1, 99, 7), (rows.CANCELED, 2, 0, 0), (rows.NOT_FOUND, 3, 0, 0), (rows.NOT_FOUND, 4, 0, 0)]
    assert said(p.answers()) == expected


def test_a_query_finds_a_filled_order_with_all_it_filled(play):
    p = play((20, "trade", "sell", 90, 1))
    p.until(1)
    p.place(1, "buy", 99, 30)
    p.until(25)
    p.send(rows.QUERY, 1)
    assert said(p.answers()) == [(rows.CANCELED, 1, 0, 30)]


@pytest.mark.parametrize(
    ("stp", "expected"),
    [
        ("none", [rows.ACK, rows.ACK]),
        ("maker", [rows.ACK, rows.REJECT]),
        ("taker", [rows.ACK, rows.CANCELED, rows.ACK]),
    ],
)
def test_self_trade_prevention_expires_the_one_its_mode_names(play, stp, expected):
    p = play(stp=stp)
    p.until(1)
    p.place(1, "sell", 100, 5)
    p.place(2, "buy", 100, 5)
    assert list(p.answers()["kind"]) == expected


def test_self_trade_prevention_leaves_orders_that_do_not_meet_alone(play):
    p = play(stp="taker")
    p.until(1)
    p.place(1, "sell", 101, 5)
    p.place(2, "buy", 100, 5)
    assert list(p.answers()["kind"]) == [rows.ACK, rows.ACK]


def test_a_balance_that_does_not_cover_all_bids_refuses_the_last(play):
    p = play()
    m = p.X["markets"][0][0]
    m["checks_balance"] = 1
    p.X["balances"][0][m["money_at"]] = 97 * 10 * int(m["cost_units"])
    p.until(1)
    p.place(1, "buy", 97, 6)
    p.place(2, "buy", 97, 4)
    p.place(3, "buy", 1, 1)
    assert list(p.answers()["px"]) == [97, 97, state.NO_BALANCE]


def test_more_resting_orders_than_there_is_room_for_are_refused(play):
    p = play()
    p.until(1)
    for ref in range(1, state.ORDERS + 2):
        p.place(ref, "buy", 97, 5)
    found = p.answers()
    assert (found["kind"][:-1] == rows.ACK).all()
    assert said(found)[-1][::2] == (rows.REJECT, state.NO_ROOM)


def test_the_memory_of_client_ids_forgets_the_oldest_dead_and_counts_it(play):
    p = play()
    p.until(1)
    p.place(1, "buy", 97, 5)
    for ref in range(2, 1027):
        p.place(ref, "buy", 0, 5)
    p.answers(2)
    p.send(rows.QUERY, 1)
    assert p.answers()["kind"][0] == rows.LIVE
    assert p.counts()["client ids forgotten"] == 2
    known = truth.remembered(p.X, p.XA)
    assert 1 in [r.ref for r in known]
    assert not {2, 3} & {r.ref for r in known}


def test_ids_scattered_over_all_of_int64_are_all_found_again(play):
    p = play()
    p.until(1)
    refs = np.random.default_rng(5).integers(-(1 << 62), 1 << 62, 300)
    for ref in refs:
        p.place(int(ref), "buy", 97, 5)
    assert (p.answers()["kind"] == rows.ACK).all()
    for ref in refs[::-1]:
        p.send(rows.CANCEL, int(ref))
    found = p.answers()
    assert list(found["ref"]) == list(refs[::-1])
    assert (found["kind"] == rows.CANCELED).all()


def test_forgetting_an_id_keeps_a_resting_one_that_hashes_alike(play):
    p = play()
    p.until(1)
    p.place(1, "buy", 97, 5)
    p.place(1 + 2048, "buy", 0, 5)
    for ref in range(2, 1027):
        p.place(ref, "buy", 0, 5)
    p.answers(2)
    p.send(rows.QUERY, 1)
    p.send(rows.QUERY, 1 + 2048)
    assert list(p.answers()["kind"]) == [rows.LIVE, rows.NOT_FOUND]
    assert 1 + 2048 not in [r.ref for r in truth.remembered(p.X, p.XA)]
