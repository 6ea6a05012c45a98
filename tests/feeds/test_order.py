"""Snapshots and deltas become the book a careful client would have had."""

import random

import numpy as np
import pytest

from stackedmm.core.recording import Recording, exchange_time
from stackedmm.core.rows import ASK, CLEAR, DEPTH, GAP, LAST, SNAPSHOT, TRADE
from stackedmm.feeds.recording import read
from stackedmm.feeds.replay import Replay, tops

SNAP = [("snapshot", "bid", 10.0, 1.0, 3, 5, 5), ("snapshot", "ask", 11.0, 1.0, 3, 5, 5)]


def shape(recording: Recording) -> list[tuple[int, int, int, int]]:
    return [(int(r["kind"]), int(r["px"]), int(r["qty"]), int(r["ref"])) for r in recording.local]


def told(recording: Recording, words: str) -> bool:
    return any(words in note for note in recording.notes)


def test_a_delta_held_for_the_snapshot_is_replayed_when_newer_and_dropped_when_older(neutral):
    path = neutral(("delta", "bid", 9.0, 7.0, 1, 4, 5), ("delta", "bid", 9.0, 3.0, 2, 6, 6), *SNAP)
    recording = read(path)
    assert shape(recording) == [(CLEAR, 0, 0, 5), (DEPTH, 10, 1, 5), (DEPTH, 11, 1, 5), (DEPTH, 9, 3, 6)]
    assert told(recording, "2 deltas came while no snapshot stood, 1 of them applied")
    assert told(recording, "1 deltas older than the book dropped")


def test_snapshot_and_what_is_replayed_on_it_are_one_message(neutral):
    recording = read(neutral(("delta", "bid", 9.0, 3.0, 2, 6, 6), *SNAP))
    assert [bool(f & LAST) for f in recording.local["marks"]] == [False, False, False, True]
    assert [bool(f & SNAPSHOT) for f in recording.local["marks"]] == [True, True, True, False]
    assert len(set(recording.local["ts"])) == 1


def test_sides_and_aggressors_are_flagged(neutral):
    recording = read(neutral(*SNAP, ("trade", "buy", 11.0, 1.0, 4, 1, 1), ("trade", "sell", 10.0, 1.0, 5, 2, 2)))
    assert [int(f & ASK) for f in recording.local["marks"]] == [0, 0, 1, 0, 1]


def test_every_message_ends_once(neutral):
    deltas = [
        ("delta", "bid", 9.0, 1.0, 4, 6, 6),
        ("delta", "ask", 12.0, 1.0, 4, 6, 6),
        ("delta", "bid", 8.0, 1.0, 5, 7, 7),
    ]
    recording = read(neutral(*SNAP, *deltas))
    assert [bool(f & LAST) for f in recording.local["marks"]] == [False, False, True, False, True, True]


def test_a_jump_in_chained_ids_is_a_gap_until_the_next_snapshot(neutral):
    later = [("snapshot", "bid", 20.0, 1.0, 6, 10, 10), ("snapshot", "ask", 21.0, 1.0, 6, 10, 10)]
    lost = [("delta", "bid", 9.0, 1.0, 4, 8, 8), ("delta", "bid", 19.0, 1.0, 5, 9, 11)]
    recording = read(neutral(*SNAP, *lost, *later))
    assert shape(recording)[3:] == [
        (GAP, 0, 0, 5),
        (CLEAR, 0, 0, 10),
        (DEPTH, 20, 1, 10),
        (DEPTH, 21, 1, 10),
        (DEPTH, 19, 1, 11),
    ]
    assert told(recording, "1 gaps in the update ids")


def test_derivatives_of_binance_share_their_ids_so_a_jump_is_none(neutral):
    path = neutral(*SNAP, ("delta", "bid", 9.0, 1.0, 4, 80, 85), venue="binanceusdm", symbol="AAA/USDT:USDT")
    assert shape(read(path))[3:] == [(DEPTH, 9, 1, 85)]


def test_numbering_may_start_anew_with_a_pushed_snapshot(neutral):
    anew = [
        ("snapshot", "bid", 20.0, 1.0, 4, 1, 1),
        ("snapshot", "ask", 21.0, 1.0, 4, 1, 1),
        ("delta", "bid", 19.0, 1.0, 5, 2, 2),
    ]
    recording = read(neutral(*SNAP, *anew, venue="bybit"))
    assert shape(recording)[3:] == [(CLEAR, 0, 0, 1), (DEPTH, 20, 1, 1), (DEPTH, 21, 1, 1), (DEPTH, 19, 1, 2)]


def test_a_requested_snapshot_older_than_the_book_is_dropped(neutral):
    old = [("snapshot", "bid", 20.0, 1.0, 5, 5, 5), ("snapshot", "ask", 21.0, 1.0, 5, 5, 5)]
    recording = read(neutral(*SNAP, ("delta", "bid", 9.0, 1.0, 4, 6, 6), *old))
    assert len(recording.local) == 4
    assert told(recording, "1 snapshots older than the book dropped")


def test_without_ids_deltas_count_in_order_of_arrival(neutral):
    snapshot = [(*row[:4], 3, 0, 0) for row in SNAP]
    deltas = [("delta", "bid", 9.0, 1.0, 4, 0, 0), ("delta", "bid", 9.0, 2.0, 5, 0, 0)]
    assert shape(read(neutral(*snapshot, *deltas, venue="okx")))[3:] == [(DEPTH, 9, 1, 0), (DEPTH, 9, 2, 0)]


def test_no_book_row_stands_before_a_snapshot(neutral):
    recording = read(neutral(("delta", "bid", 9.0, 1.0, 1, 1, 1), ("trade", "buy", 9.0, 1.0, 2, 1, 1)))
    assert [int(kind) for kind in recording.local["kind"]] == [TRADE]
    assert told(recording, "no snapshot, so no book")


def test_as_recorded_nothing_is_held_back(neutral):
    recording = read(neutral(("delta", "bid", 9.0, 7.0, 1, 4, 5), *SNAP), synchronised=False)
    assert [int(r["kind"]) for r in recording.local] == [DEPTH, CLEAR, DEPTH, DEPTH]


def test_a_snapshot_happened_before_the_first_delta_applied_to_it(neutral):
    snapshot = [(*row, row_time, 0) for row in SNAP for row_time in [1_700_000_000_003_000_000]]
    path = neutral(*snapshot, ("delta", "bid", 9.0, 1.0, 4, 6, 6, 1_700_000_000_004_000_000, 1_700_000_000_001_000_000))
    recording = read(path)
    assert [int(kind) for kind in recording.exchange["kind"]] == [CLEAR, DEPTH, DEPTH, DEPTH]
    assert int(recording.exchange["ref"][-1]) == 6
    assert set(exchange_time(recording.local).tolist()) == {1_700_000_000_001_000_000}


def test_a_delta_dated_before_the_one_it_follows_takes_its_time(neutral):
    times = 1_700_000_000_004_000_000, 1_700_000_000_003_400_000, 1_700_000_000_003_200_000
    path = neutral(
        *SNAP,
        ("delta", "bid", 9.0, 1.0, 4, 6, 6, times[0], times[1]),
        ("delta", "bid", 9.0, 2.0, 5, 7, 7, times[0], times[2]),
    )
    recording = read(path)
    assert exchange_time(recording.local)[-2:].tolist() == [times[1], times[1]]
    assert told(recording, "1 book rows whose exchange time ran backwards")


def test_a_latency_beyond_what_a_row_carries_is_cut_and_noted(neutral):
    recording = read(neutral(("trade", "buy", 9.0, 1.0, 1, 1, 1, 1_700_000_000_000_000_000, 1_600_000_000_000_000_000)))
    assert recording.local["lag_us"].tolist() == [2**31 - 1]
    assert told(recording, "1 rows with a latency beyond 35 minutes")


def lossy(seed: int) -> tuple[list[tuple], dict[int, dict[float, float]]]:
    """A chained stream with lost messages and late snapshots, and the true book by update id."""
    draw = random.Random(seed)
    truth, book, rows, msg = {}, {float(p): 1.0 for p in (*range(90, 100), *range(101, 111))}, [], 0
    late: list[tuple[int, int]] = [(0, 3)]
    truth[1] = dict(book)
    for update in range(2, 300):
        price, size = float(draw.choice([*range(90, 100), *range(101, 111)])), float(draw.randint(0, 5))
        book[price] = size
        truth[update] = {p: s for p, s in book.items() if s}
        if draw.random() > 0.03:
            rows.append(("delta", "bid" if price < 100 else "ask", price, size, msg := msg + 1, update, update))
        if draw.random() < 0.05:
            late.append((update, update + draw.randint(0, 6)))
        for taken, _ in [each for each in late if each[1] == update]:
            msg += 1
            levels = truth[max(taken, 1)]
            rows += [
                ("snapshot", "bid" if p < 100 else "ask", p, s, msg, taken or 1, taken or 1) for p, s in levels.items()
            ]
    return rows, truth


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_lost_or_late_a_book_that_stands_is_the_true_one(neutral, seed):
    rows, truth = lossy(seed)
    recording = read(neutral(*rows))
    replay, checked = Replay(recording, 0), 0
    tick, lot = recording.markets[0].tick, recording.markets[0].lot
    times = recording.local["ts"]
    for row in recording.local[np.append(times[1:] != times[:-1], True)]:
        replay.to(int(row["ts"]) + 1)
        levels = {float(p * tick): float(q * lot) for s in (0, 1) for p, q in zip(*replay.ticks(s), strict=True)}
        assert levels == ({} if row["kind"] == GAP else truth[int(row["ref"])])
        checked += 1
    assert checked > 100


def test_a_books_exchange_time_never_runs_backwards(binanceus):
    for market in range(len(binanceus.markets)):
        rows = binanceus.local[
            (binanceus.local["market"] == market) & np.isin(binanceus.local["kind"], (DEPTH, CLEAR, GAP))
        ]
        assert (np.diff(exchange_time(rows)) >= 0).all()


def test_books_end_the_same_in_the_venues_order(binanceus):
    there = Recording(binanceus.markets, binanceus.exchange, binanceus.exchange, 0, 0)
    for market in range(len(binanceus.markets)):
        here, elsewhere = tops(binanceus, market)[-1], tops(there, market)[-1]
        assert [here[name] for name in ("bid", "bid_lots", "ask", "ask_lots")] == [
            elsewhere[name] for name in ("bid", "bid_lots", "ask", "ask_lots")
        ]
