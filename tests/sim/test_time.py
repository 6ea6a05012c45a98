"""Latency, the order of equal times, timers, chunks and full rings."""

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.recording import by_exchange
from stackedmm.errors import ConfigError
from stackedmm.sim import feed, pump, state

MS = 1_000_000
T0 = 1_700_000_000_000_000_000


def at(found):
    return [(int(r["kind"]), (int(r["ts"]) - T0) / MS) for r in found]


def test_an_answer_takes_the_way_there_and_the_way_back(play):
    p = play((20, "depth", "bid", 90, 1), latency_ns=3 * MS, response_ns=4 * MS)
    p.until(1)
    p.place(1, "buy", 97, 5)
    found = p.answers()
    assert at(found) == [(rows.ACK, 8.0)]
    assert (found["ts"][0] // 1000 - found["lag_us"][0]) * 1000 == T0 + 4 * MS


def test_each_market_has_its_own_latency(play, a_market):
    p = play(markets=[a_market(), a_market()], latency_ns=[9 * MS, 1 * MS], response_ns=[1, 2])
    p.until(1)
    p.place(1, "buy", 97, 5, market=0)
    p.place(2, "buy", 97, 5, market=1)
    found = p.answers()
    assert list(found["ref"]) == [2, 1]
    assert list(found["ts"] - T0) == [2 * MS + 2, 10 * MS + 1]


def test_extra_feed_latency_delays_market_rows_and_shows_in_their_lag(play):
    p = play((20, "depth", "bid", 90, 1), feed_ns=5 * MS, lag_us=100)
    last = p.until()[-1]
    assert last["ts"] == T0 + 25 * MS
    assert last["lag_us"] == 5100


def test_a_cancel_that_arrives_just_after_the_trade_is_too_late_and_just_before_is_not(play):
    for cancel_ms, kind in ((15, rows.CANCELED), (15.000001, rows.FILL)):
        p = play((20, "trade", "sell", 90, 1), latency_ns=int(4.999999 * MS), response_ns=0)
        p.until(1)
        p.place(1, "buy", 99, 5)
        p.until(cancel_ms)
        p.send(rows.CANCEL, 1)
        assert kind in p.answers()["kind"]


def test_the_client_cannot_see_what_has_not_arrived(play):
    p = play((20, "depth", "ask", 97, 1), lag_us=10_000, latency_ns=0)
    seen = p.until(15)
    assert (seen["ts"] <= T0 + 15 * MS).all()
    p.place(1, "buy", 98, 5)
    assert list(p.answers()["px"]) == [state.WOULD_TAKE]


def test_at_equal_times_exchange_rows_go_before_requests(play):
    p = play((20, "depth", "ask", 97, 1), latency_ns=5 * MS)
    p.until(15)
    p.place(1, "buy", 98, 5)
    assert list(p.answers()["px"]) == [state.WOULD_TAKE]


def test_at_equal_times_answers_go_before_the_timer_and_the_timer_before_market_rows(play):
    p = play((20, "depth", "bid", 90, 1), latency_ns=5 * MS, response_ns=5 * MS, timer_ns=20 * MS)
    p.until(10)
    p.place(1, "buy", 97, 5)
    assert [kind for kind, ms in at(p.until()) if ms == 20] == [rows.ACK, rows.TIMER, rows.DEPTH]


def test_the_timer_ticks_on_its_grid_while_anything_is_to_come(play):
    p = play((35, "depth", "bid", 90, 1), timer_ns=10 * MS)
    found = p.until()
    assert [ms for kind, ms in at(found) if kind == rows.TIMER] == [10.0, 20.0, 30.0]


def test_requests_with_one_arrival_time_are_taken_in_the_order_sent(play):
    p = play()
    p.until(1)
    for ref in range(1, 9):
        p.place(ref, "buy", 97, 5)
    assert list(p.answers()["ref"]) == list(range(1, 9))


def test_answers_still_come_when_the_rows_have_ended(play):
    p = play(latency_ns=50 * MS)
    p.until(1)
    p.place(1, "buy", 97, 5)
    assert at(p.answers()) == [(rows.ACK, 101.0)]
    assert len(p.until()) == 0


def test_a_full_request_ring_refuses_and_counts(play):
    p = play(latency_ns=MS)
    p.until(1)
    taken = [p.place(ref, "buy", 0, 1) for ref in range(1, state.RING + 4)]
    assert sum(taken) == state.RING
    assert p.counts()["requests lost, ring full"] == 3


def test_a_full_answer_ring_loses_whole_fills_and_counts(play):
    p = play((50, "trade", "sell", 1, 1), response_ns=1000 * MS, latency_ns=0)
    p.until(1)
    for ref in range(1, state.RING):
        p.place(ref, "buy", 0, 1)
    p.until(2)
    p.place(state.RING, "buy", 97, 1)
    p.until(3)
    p.place(state.RING + 1, "buy", 97, 1)
    found = p.answers()
    assert p.counts()["answers lost, ring full"] == 3
    assert p.account().fills == 2
    assert rows.FILL not in found["kind"]
    assert len(found) == state.RING


def drained(p, local, exchange):
    """Everything that comes out of these arrays."""
    out = view(np.zeros(200, rows.ROW))
    n = pump.collect(p.X, p.XA, view(local), view(exchange), out)
    return np.asarray(out).view(rows.ROW)[:n]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_run_in_chunks_is_the_run_in_one_piece(play_rows, rows_of, size):
    lots = np.random.default_rng(size).integers(1, 50, 40)
    events = [(0, "depth", "bid", 99, 50), (0, "depth", "ask", 101, 50)]
    local = rows_of(events + [(i, "depth", "bid", 90 + i % 9, int(n)) for i, n in enumerate(lots)], lag_us=3000)
    found = []
    for step in (size, len(local)):
        p = play_rows(local[:0], latency_ns=2 * MS, publish=True)
        p.X["now"] = T0
        p.place(1, "buy", 97, 5)
        p.place(2, "buy", 95, 5)
        now, parts = (p.local, p.exchange), []
        for start in range(0, len(local), step):
            chunk = local[start : start + step]
            now = feed.rebase(p.X, now, (chunk, by_exchange(chunk)), more=start + step < len(local))
            parts.append(drained(p, *now))
        found.append(np.concatenate(parts))
    assert (found[0]["kind"] == rows.ACK).sum() == 2
    assert (found[0] == found[1]).all()


def test_book_rows_that_overtake_each_other_are_refused_for_publishing(rows_of):
    local = rows_of([(1, "depth", "bid", 9, 1), (2, "depth", "bid", 8, 1)])
    local["lag_us"] = [0, 5000]
    with pytest.raises(ConfigError, match="overtake"):
        feed.check_order(local, by_exchange(local))
