"""An order is dead only by proof, and each fill is booked once."""

import pytest

from stackedmm.core import rows
from tests.core.by_hand import Bench, kinds

DEAD = ("free", "ghost", "forgotten")


@pytest.fixture
def desk() -> Bench:
    found = Bench()
    assert kinds(found.placed()) == [rows.PLACE, rows.PLACE]
    return found


def test_a_create_without_answer_is_asked_about_after_a_second_and_counts_meanwhile(desk):
    bid = desk.placed()[0]
    assert rows.QUERY not in kinds(desk.timer(0.8))
    assert kinds(desk.timer(0.3)).count(rows.QUERY) == 2
    assert (desk.life(bid), desk.open(0)) == ("unknown", 10)


def test_not_found_proves_death_only_twice_and_after_the_last_moment_of_the_create(desk):
    bid = desk.placed()[0]
    desk.timer(4)
    for _ in range(3):
        desk.tell(rows.NOT_FOUND, ref=bid["ref"])
        desk.timer(0.5)
    assert desk.life(bid) == "unknown"
    desk.timer(2)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"])
    desk.timer(0.5)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"])
    assert (desk.life(bid), desk.open(0)) == ("unknown", 10)
    desk.timer(1)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"])
    assert (desk.life(bid), desk.open(0)) == ("free", 0)


def test_a_not_found_that_is_late_or_comes_twice_is_one_reading_of_its_own_time(desk):
    bid = desk.placed()[0]
    desk.timer(9)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"], at=-5)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"], at=-3.5)
    assert desk.life(bid) == "unknown"
    desk.tell(rows.NOT_FOUND, ref=bid["ref"], at=-1.5)
    desk.timer(1.2)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"], at=-2.7)
    assert desk.life(bid) == "unknown"


def test_a_late_create_that_turns_up_lives(desk):
    bid = desk.placed()[0]
    desk.timer(4)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"])
    desk.tell(rows.LIVE, ref=bid["ref"], qty=0, at=0.01)
    assert (desk.life(bid), desk.open(0)) == ("live", 10)


def test_a_not_found_older_than_a_sign_of_life_is_ignored(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.tell(rows.NOT_FOUND, ref=bid["ref"], at=-0.01)
    assert desk.life(bid) == "live"


def test_a_refused_cancel_is_no_death_and_no_replacement_goes_out_beside_it(desk):
    bid, ask = desk.placed()
    desk.ack(bid, ask)
    cancel = desk.tell(rows.CONTROL, ref=rows.LINE_OFF, qty=0)
    assert kinds(cancel) == [rows.CANCEL]
    desk.tell(rows.CANCEL_REJECT, ref=bid["ref"], at=0.01)
    desk.tell(rows.CONTROL, ref=rows.LINE_ON, qty=0)
    assert (desk.life(bid), desk.open(0)) == ("unknown", 10)
    assert rows.QUERY in kinds(desk.timer(0.1))
    desk.timer(3)
    assert len(desk.placed()) == 2


def test_what_the_venue_claims_is_inventory_at_once_and_is_replaced_by_the_fill(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.tell(rows.CANCELED, ref=bid["ref"], qty=4)
    assert (desk.life(bid), desk.held(), desk.open(0)) == ("settling", (0, 4), 0)
    assert len(desk.placed()) == 2
    desk.fill(bid, 4)
    assert desk.life(bid) in DEAD
    assert desk.held() == (4, 0)


def test_a_claim_on_a_living_order_moves_from_open_to_inventory(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.tell(rows.LIVE, ref=bid["ref"], qty=3)
    assert (desk.held(), desk.open(0)) == ((0, 3), 7)
    desk.fill(bid, 3)
    assert (desk.held(), desk.open(0)) == ((3, 0), 7)


def test_a_fill_before_the_acknowledgement_is_booked_and_the_order_adopted(desk):
    bid = desk.placed()[0]
    desk.fill(bid, 4, at=-0.02)
    assert (desk.life(bid), desk.held(), desk.open(0)) == ("live", (4, 0), 6)
    desk.ack(bid)
    assert (desk.life(bid), desk.open(0)) == ("live", 6)


def test_one_trade_id_is_one_fill_and_two_equal_trades_are_two(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.fill(bid, 3, trade=77)
    desk.fill(bid, 3, trade=77)
    assert desk.held() == (3, 0)
    desk.fill(bid, 3, trade=78)
    assert desk.held() == (6, 0)
    assert desk.events()["duplicate fill"] == 1


@pytest.mark.parametrize(("lots", "px", "trade"), [(0, 9980, 5), (-3, 9980, 5), (3, 0, 5), (3, 9980, 0)])
def test_a_fill_without_quantity_price_or_id_is_refused_and_counted(desk, lots, px, trade):
    bid = desk.placed()[0].copy()
    desk.ack(bid)
    bid["px"] = px
    desk.fill(bid, lots, trade=trade)
    assert desk.held() == (0, 0)
    assert desk.events() == {"bad row": 1}


def test_a_fill_after_death_is_booked_and_reported(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.tell(rows.CANCELED, ref=bid["ref"], qty=0)
    assert desk.life(bid) in DEAD
    desk.fill(bid, 4)
    assert desk.held() == (4, 0)
    assert desk.events()["late fill"] == 1


def test_a_fill_of_an_order_nobody_remembers_is_booked_by_its_own_market_and_side(desk):
    ask = desk.placed()[1].copy()
    ask["ref"] = 123 * 4096 + 7
    desk.fill(ask, 4)
    assert desk.held() == (-4, 0)
    assert desk.events()["foreign fill"] == 1


def test_a_fill_that_contradicts_its_order_changes_the_ledger_and_not_the_order(desk):
    bid = desk.placed()[0].copy()
    desk.ack(bid)
    bid["side"] = 1
    desk.fill(bid, 4)
    assert (desk.held(), desk.open(0)) == ((-4, 0), 10)


def test_more_fills_than_the_order_has_are_all_booked(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.fill(bid, 7)
    desk.fill(bid, 7)
    assert desk.held() == (14, 0)
    assert desk.life(bid) in DEAD


def test_the_venue_s_price_and_size_are_adopted_in_whatever_order_they_come(desk):
    bid, ask = desk.placed()
    desk.tell(rows.ACK, ref=bid["ref"], px=int(bid["px"]) - 1, qty=6)
    desk.fill(ask, 6, at=0.01)
    desk.tell(rows.ACK, ref=ask["ref"], px=ask["px"], qty=6)
    assert desk.open(0) == 6
    assert desk.s["orders"][bid["slot"]]["px"] == bid["px"] - 1
    assert desk.life(ask) in DEAD


def test_refusals_in_a_row_wait_longer_each_time_up_to_twenty_seconds(desk):
    waits = []
    for _ in range(7):
        desk.tell(rows.REJECT, ref=desk.placed()[-1]["ref"], px=1)
        waits.append((int(desk.s["markets"][0]["backoff_ns"]) - desk.now) // 1_000_000_000)
        before = len(desk.placed())
        while len(desk.placed()) == before:
            desk.timer(0.5)
    assert waits == [1, 2, 4, 8, 16, 20, 20]


def test_a_refusal_after_a_sign_of_life_kills_nothing(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.tell(rows.REJECT, ref=bid["ref"], px=6)
    assert (desk.life(bid), desk.open(0)) == ("live", 10)


def test_an_order_that_was_thought_dead_and_shows_life_is_cancelled(desk):
    bid = desk.placed()[0]
    desk.tell(rows.REJECT, ref=bid["ref"], px=1)
    assert desk.life(bid) in DEAD
    sent = desk.ack(bid)
    assert [(c["kind"], c["ref"]) for c in sent if c["kind"] == rows.CANCEL] == [(rows.CANCEL, bid["ref"])]


def test_the_echo_of_a_dead_order_s_life_is_not_answered(desk):
    bid = desk.placed()[0]
    desk.ack(bid)
    desk.timer()
    desk.tell(rows.CANCELED, ref=bid["ref"], qty=0)
    sent = desk.tell(rows.ACK, ref=bid["ref"], px=bid["px"], qty=bid["qty"], at=-0.1)
    assert rows.CANCEL not in kinds(sent)


def test_an_order_nobody_remembers_is_cancelled_when_the_venue_lists_it(desk):
    sent = desk.tell(rows.LIVE, ref=555 * 4096 + 9)
    assert [(c["kind"], c["ref"]) for c in sent] == [(rows.CANCEL, 555 * 4096 + 9)]


def test_an_answer_about_another_market_s_order_is_a_bad_row():
    bench = Bench()
    bid = bench.placed()[0]
    bench.tell(rows.CANCELED, ref=bid["ref"], market=9)
    assert bench.life(bid) == "pending"
    assert bench.events() == {"bad row": 1}


def test_a_person_may_write_off_an_order_whose_fills_never_come(desk):
    bid = desk.placed()[0]
    desk.tell(rows.CONTROL, ref=rows.WRITE_OFF, qty=bid["ref"])
    assert desk.life(bid) == "pending"
    desk.ack(bid)
    desk.tell(rows.CANCELED, ref=bid["ref"], qty=10)
    desk.tell(rows.CONTROL, ref=rows.WRITE_OFF, qty=bid["ref"])
    assert desk.life(bid) in DEAD
    assert desk.held() == (0, 0)


def test_a_late_fill_debits_the_bucket_that_paid_for_its_order():
    tob = {"hourly_quantity": "600", "spread_bps": "1", "timeout_seconds": 60, "coefficient_method": "none"}
    bench = Bench(tob_lines=[tob])
    bid = bench.placed()[0]
    bench.ack(bid)
    bench.tell(rows.CANCELED, ref=bid["ref"], qty=0)
    before = float(bench.s["quotes"][bid["quote"]]["bucket"])
    bench.fill(bid, 4)
    assert before - float(bench.s["quotes"][bid["quote"]]["bucket"]) == 4.0


def test_a_shared_bucket_still_holds_what_is_owed():
    tob = {"hourly_quantity": "600", "spread_bps": "1", "timeout_seconds": 60, "scope": "line"}
    bench = Bench(tob_lines=[tob])
    bid = bench.placed()[0]
    bench.ack(bid)
    bench.tell(rows.CANCELED, ref=bid["ref"], qty=bid["qty"])
    assert bench.s["lines"][0]["held"][0] == bid["qty"] * bench.s["markets"][0]["lot_units"]
    bench.fill(bid, int(bid["qty"]))
    assert bench.s["lines"][0]["held"][0] == 0
