"""Market rows that wait: the newest of each level leaves, and what waits stays bounded."""

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.rows import ASK, LAST, ROW, SNAPSHOT, TRADES
from stackedmm.engine.gateway.conflate import TRADES_MAX, Waiting
from stackedmm.engine.seat import Seat
from tests.engine.written import beginning, marks


def row(kind, px=0, qty=0, marks=0, ts=1_000_000, market=0, lag_us=10):
    made = np.zeros(1, ROW)
    made["kind"], made["px"], made["qty"], made["marks"], made["ts"] = kind, px, qty, marks, ts
    made["market"], made["lag_us"] = market, lag_us
    return made


def waiting(*given):
    made = Waiting()
    for each in given:
        made.add(each)
    return made


def test_the_newest_of_a_level_leaves_and_the_rest_is_counted():
    made = waiting(*(row(rows.DEPTH, px=5, qty=i, marks=LAST) for i in range(10)), row(rows.DEPTH, 5, 7, ASK | LAST))
    assert (len(made), made.conflated) == (2, 9)
    found = made.take(5_000_000)
    assert found["qty"].tolist() == [9, 7]
    assert (found["marks"] & LAST).tolist() == [0, LAST]
    assert len(made) == 0


def test_a_row_that_waited_keeps_its_exchange_time():
    early = row(rows.DEPTH, 1, 1, ts=7_000_000, lag_us=2000)
    found = waiting(early).take(90_000_000)
    for each in (early, found):
        assert each["ts"][0] // 1000 - each["lag_us"][0] == 5000


def test_trades_all_leave_before_the_levels_and_a_snapshot_drops_what_was_before_it():
    given = [row(rows.DEPTH, 1, 1), row(rows.TRADE, 1, 2), row(rows.CLEAR), row(rows.DEPTH, 9, 9, SNAPSHOT | LAST)]
    made = waiting(*given, row(rows.TRADE, 2, 3), row(rows.BBO, 9, 9))
    assert made.take(1)["kind"].tolist() == [rows.CLEAR, rows.TRADE, rows.TRADE, rows.BBO, rows.DEPTH]
    gap = waiting(*given, row(rows.GAP, marks=TRADES), row(rows.CLEAR), row(rows.DEPTH, 3, 3)).take(1)
    assert gap["kind"].tolist() == [rows.GAP, rows.CLEAR, rows.TRADE, rows.DEPTH]


def test_too_many_trades_become_a_gap_that_says_so():
    made = waiting(*(row(rows.TRADE, i, 1) for i in range(TRADES_MAX + 1)))
    assert len(made) == 1
    found = made.take(1)
    assert (found["kind"][0], found["marks"][0]) == (rows.GAP, LAST | TRADES)
    assert made.conflated == TRADES_MAX


@pytest.mark.parametrize("every", [1, 7, 400])
def test_a_book_from_what_is_left_is_the_book_of_everything(every):
    begun, market = beginning(20)
    whole, less = Seat(begun.assembled(), paper=False), Seat(begun.assembled(), paper=False)
    local, made = market.local, Waiting()
    for at in range(0, len(local), every):
        part = local[at : at + every]
        whole.take(part)
        made.add(part)
        less.take(made.take(int(part["ts"][-1])))
    end = marks(market.end)
    whole.take(end)
    less.take(end)
    ours, theirs = (each.built.filled.state[0] for each in (less, whole))
    for i in range(len(begun.markets)):
        for name in ("touch", "usable", "synced", "gaps", "bucket"):
            assert np.asarray(ours["markets"][i][name] == theirs["markets"][i][name]).all(), name
        sums = [each["markets"][i]["periods"]["sums"] for each in (ours, theirs)]
        assert every == 400 or (sums[0] == sums[1]).all()  # a trade that waited long enters the bucket it leaves in
    assert made.conflated > (0 if every > 1 else -1)
    assert ours["best_bid"] == theirs["best_bid"]
