"""Our own orders in the feed: what the client sees is the recorded book plus ours as of the exchange's time."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.sim import truth

MS = 1_000_000
T0 = 1_700_000_000_000_000_000
START = 1_000 * MS


def depth(found):
    return [(int(r["px"]), int(r["qty"])) for r in found if r["kind"] == rows.DEPTH]


def test_a_resting_order_shows_with_the_feeds_lag_as_a_message_of_its_own(play):
    p = play((30, "depth", "bid", 90, 1), lag_us=2000, latency_ns=5 * MS, publish=True)
    p.until(1)
    p.place(1, "buy", 99, 7)
    p.place(2, "buy", 97, 4)
    found = p.until(20)
    shown = found[found["kind"] == rows.DEPTH]
    assert depth(shown) == [(99, 57), (97, 4)]
    assert (shown["marks"] == rows.LAST | rows.OWN).all()
    assert (shown["lag_us"] == 2000).all()
    assert (shown["ts"][0] - p.local["ts"][0]) / MS == 8


def test_a_recorded_row_of_our_level_carries_our_order(play):
    p = play((30, "depth", "bid", 99, 20), (31, "depth", "bid", 99, 0), publish=True)
    p.until(1)
    p.place(1, "buy", 99, 7)
    p.until(25)
    assert depth(p.until()) == [(99, 27), (99, 7)]


def test_a_cancel_and_a_fill_take_it_out_again(play):
    p = play((30, "trade", "sell", 98, 1), publish=True)
    p.until(1)
    p.place(1, "buy", 99, 7)
    p.place(2, "sell", 101, 9)
    p.until(20)
    p.send(rows.CANCEL, 2)
    assert depth(p.until()) == [(101, 40), (99, 50)]


def test_nothing_of_ours_shows_when_publishing_is_off(play):
    p = play((30, "depth", "bid", 99, 20), publish=False)
    p.until(1)
    p.place(1, "buy", 99, 7)
    assert depth(p.until()) == [(99, 20)]


def test_after_a_snapshot_our_levels_show_again_at_once(play):
    p = play((30, "clear", "bid", 0, 0), (30, "depth", "bid", 98, 5), publish=True)
    p.until(1)
    p.place(1, "buy", 99, 7)
    p.until(25)
    found = p.until()
    assert list(found["kind"]) == [rows.CLEAR, rows.DEPTH, rows.DEPTH]
    assert depth(found) == [(99, 7), (98, 5)]


@pytest.mark.parametrize(
    ("px", "claimed", "seen"), [(99, (99, 50), (99, 57)), (100, (99, 50), (100, 7)), (98, (99, 50), (99, 50))]
)
def test_the_claimed_best_is_as_it_would_be_with_our_order(play, px, claimed, seen):
    p = play((30, "bbo", "bid", *claimed), publish=True)
    p.until(1)
    p.place(1, "buy", px, 7)
    p.until(25)
    last = p.until()[-1]
    assert (last["px"], last["qty"]) == seen


def test_our_order_never_shows_before_rows_the_exchange_sent_earlier(play_rows, rows_of):
    events = [
        (0, "depth", "bid", 99, 50),
        (0, "depth", "ask", 101, 50),
        (40, "depth", "bid", 98, 30),
        (60, "depth", "bid", 90, 1),
    ]
    local = rows_of(events)
    local["lag_us"] = [0, 0, 30_000, 30_000]  # the row of 98 left at 10 ms, the lag before it was 0
    p = play_rows(local, latency_ns=MS, publish=True)
    p.until(19)
    p.place(1, "buy", 98, 7)
    found = p.until()
    assert depth(found) == [(98, 30), (98, 37), (90, 1)]
    assert found["ts"][2] == local["ts"][2] + 1


def random_rows(seed):
    """Two markets' books wandering around, with jittering lag but books in sequence, trades and snapshots."""
    rng = np.random.default_rng(seed)
    out, when, arrived = [], 0, [0, 0]
    for m in (0, 1):
        out += [(1, rows.CLEAR, m, 0, 0, 0, 0)]
    for _ in range(150):
        when += int(rng.integers(1, 3000))
        m = int(rng.integers(2))
        arrives = max(arrived[m], when + int(rng.integers(0, 20_000)))
        kind = rng.choice([rows.DEPTH, rows.TRADE, rows.CLEAR], p=[0.8, 0.17, 0.03])
        side = int(rng.integers(2))
        px = 100 + int(rng.integers(0, 6)) if side else 99 - int(rng.integers(0, 6))
        if kind == rows.TRADE:
            px = int(rng.integers(94, 106))
        else:
            arrived[m] = arrives
        lots = 0 if kind == rows.CLEAR else int(rng.integers(0 if kind == rows.DEPTH else 1, 40))
        out.append((arrives, kind, m, side, px, lots, arrives - when))
    table = np.zeros(len(out), rows.ROW)
    for i, (us, kind, m, side, px, lots, lag) in enumerate(out):
        table[i] = (T0 + START + us * 1000, px, lots, 0, lag, m, kind, rows.LAST | side)
    table = table[np.argsort(table["ts"], kind="stable")]
    table["ref"] = np.arange(len(table)) + 1
    return table


def random_run(play_rows, a_market, seed):
    """Orders come and go at random. Returns the simulation, all that the client saw, and the orders by id."""
    rng = np.random.default_rng(seed + 1)
    options = {"latency_ns": [2_345_678, 1_000_001], "response_ns": [1_000_500, 0], "partial_fills": bool(seed % 2)}
    p = play_rows(random_rows(seed), [a_market(), a_market()], publish=True, **options)
    seen, orders = [], {}
    for ms in range(0, 250, 4):
        seen.append(p.until(ms + START / MS))
        for _ in range(int(rng.integers(0, 3))):
            side, m = int(rng.integers(2)), int(rng.integers(2))
            px = int(rng.integers(94, 101)) if side == 0 else int(rng.integers(99, 106))
            orders[len(orders) + 1] = (m, side, px, int(rng.integers(1, 20)))
            p.place(
                len(orders), ("buy", "sell")[side], px, orders[len(orders)][3], market=m, take=bool(rng.integers(2))
            )
            old = int(rng.integers(1, len(orders) + 1))
            p.send(rows.CANCEL, old, market=orders[old][0])
    seen.append(p.until())
    return p, np.concatenate(seen), orders


def exchange_us(row):
    return int(row["ts"]) // 1000 - int(row["lag_us"])


def resting_history(seen, orders):
    """(exchange time, market, side, price, change of our resting quantity), as the venue's own answers tell it."""
    history, rested = [], defaultdict(int)
    for row in seen:
        ref, kind = int(row["ref"]), int(row["kind"])
        if kind == rows.ACK:
            rested[ref] = int(row["qty"])
        elif kind not in (rows.FILL, rows.CANCELED) or ref not in rested:
            continue
        change = {rows.ACK: rested[ref], rows.FILL: -int(row["qty"]), rows.CANCELED: -rested[ref]}[kind]
        if kind != rows.ACK:
            rested[ref] += change
        history.append((exchange_us(row), *orders[ref][:3], change))
    return history


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_level_the_client_sees_is_the_recorded_one_plus_ours_as_of_its_exchange_time(play_rows, a_market, seed):
    p, seen, orders = random_run(play_rows, a_market, seed)
    history = resting_history(seen, orders)
    raw, client = defaultdict(int), defaultdict(int)
    for row in seen[seen["kind"] <= rows.CLEAR]:
        m, side, px = int(row["market"]), int(row["marks"]) & rows.ASK, int(row["px"])
        if row["kind"] == rows.CLEAR:
            for book in (raw, client):
                for level in [level for level in book if level[0] == m]:
                    del book[level]
            continue
        if row["ref"] > 0:
            raw[m, side, px] = int(p.local["qty"][int(row["ref"]) - 1])
        client[m, side, px] = int(row["qty"])
        own = sum(n for us, *level, n in history if level == [m, side, px] and us <= exchange_us(row))
        assert client[m, side, px] == raw[m, side, px] + own
    for m in (0, 1):
        for order in truth.resting(p.X, m):
            raw[m, int(order["side"]), int(order["px"])] += int(order["lots"] - order["filled"])
    assert {level: n for level, n in client.items() if n} == {level: n for level, n in raw.items() if n}
