"""What recorded rows do to our resting orders, case by case."""

import pytest

from stackedmm.core import rows


def kinds(found):
    return [int(kind) for kind in found["kind"]]


def filled(found):
    return [(int(r["px"]), int(r["qty"])) for r in found if r["kind"] == rows.FILL]


def test_a_create_inside_the_book_is_acknowledged_and_rests(play):
    p = play((20, "trade", "sell", 98, 1))
    p.until(1)
    p.place(7, "buy", 97, 5)
    found = p.answers(10)
    assert kinds(found) == [rows.ACK]
    assert (found["ref"][0], found["px"][0], found["qty"][0]) == (7, 97, 5)


@pytest.mark.parametrize(("side", "px"), [("buy", 101), ("buy", 103), ("sell", 99), ("sell", 97)])
def test_a_post_only_create_at_or_through_the_touch_is_refused(play, side, px):
    p = play()
    p.until(1)
    p.place(1, side, px, 5)
    found = p.answers()
    assert kinds(found) == [rows.REJECT]
    assert found["px"][0] == 1


@pytest.mark.parametrize(("side", "px"), [("buy", 100), ("sell", 100)])
def test_a_post_only_create_one_tick_inside_the_touch_rests(play, side, px):
    p = play()
    p.until(1)
    p.place(1, side, px, 5)
    assert kinds(p.answers()) == [rows.ACK]


def test_a_trade_through_our_price_fills_everything_at_our_price(play):
    p = play((20, "trade", "sell", 97, 1))
    p.until(1)
    p.place(1, "buy", 98, 500)
    assert filled(p.answers()) == [(98, 500)]


def test_a_trade_at_our_price_eats_the_queue_first(play):
    p = play((20, "trade", "sell", 99, 50), (30, "trade", "sell", 99, 1))
    p.until(1)
    p.place(1, "buy", 99, 5)
    assert filled(p.answers(25)) == []
    assert filled(p.answers()) == [(99, 5)]


def test_a_trade_of_the_other_aggressor_does_not_touch_us(play):
    p = play((20, "trade", "buy", 99, 500), (21, "trade", "buy", 97, 500))
    p.until(1)
    p.place(1, "buy", 99, 5)
    assert filled(p.answers()) == []


def test_the_opposite_best_at_our_price_fills_us(play):
    p = play((20, "depth", "ask", 99, 3))
    p.until(1)
    p.place(1, "buy", 99, 500)
    assert filled(p.answers()) == [(99, 500)]


def test_the_opposite_best_one_tick_away_does_not(play):
    p = play((20, "depth", "ask", 100, 3))
    p.until(1)
    p.place(1, "buy", 99, 500)
    assert filled(p.answers()) == []


def test_without_partial_fills_reaching_us_fills_all(play):
    p = play((20, "trade", "sell", 99, 51))
    p.until(1)
    p.place(1, "buy", 99, 30)
    assert filled(p.answers()) == [(99, 30)]


def test_with_partial_fills_only_what_reaches_past_the_queue_fills(play):
    events = [(20, "trade", "sell", 99, 57), (30, "trade", "sell", 99, 8), (40, "trade", "sell", 99, 90)]
    p = play(*events, partial_fills=True)
    p.until(1)
    p.place(1, "buy", 99, 30)
    assert filled(p.answers()) == [(99, 7), (99, 8), (99, 15)]


def test_a_taker_without_partial_fills_gets_all_at_the_best(play):
    p = play()
    p.until(1)
    p.place(1, "buy", 103, 200, take=True)
    found = p.answers()
    assert filled(found) == [(101, 200)]
    assert found["marks"][-1] & rows.MAKER == 0


def test_a_taker_with_partial_fills_sweeps_level_by_level_and_the_rest_at_its_price(play):
    p = play(partial_fills=True)
    p.until(1)
    p.place(1, "buy", 103, 200, take=True)
    assert filled(p.answers()) == [(101, 40), (102, 70), (103, 90)]


def test_a_sweep_stops_when_the_order_is_done(play):
    p = play(partial_fills=True)
    p.until(1)
    p.place(1, "sell", 90, 60, take=True)
    assert filled(p.answers()) == [(99, 50), (98, 10)]


def test_each_fill_comes_as_its_id_and_then_itself_and_ids_are_unique(play):
    p = play((20, "trade", "sell", 90, 1), partial_fills=True)
    p.until(1)
    p.place(1, "buy", 103, 200, take=True)
    p.place(2, "buy", 98, 5)
    found = p.answers()
    found = found[(found["kind"] == rows.FILL) | (found["kind"] == rows.FILL_ID)]
    assert kinds(found) == [rows.FILL_ID, rows.FILL] * 4
    assert len(set(found["ref"][::2])) == 4


def test_a_snapshot_keeps_our_orders(play):
    p = play((20, "clear", "bid", 0, 0), (20, "depth", "bid", 99, 10), (30, "trade", "sell", 98, 1))
    p.until(1)
    p.place(1, "buy", 99, 5)
    assert filled(p.answers(25)) == []
    assert filled(p.answers()) == [(99, 5)]
