"""One process of hftbacktest: `python -m tests.bench.peer FOLDER TASK ROWS RUNS` prints one line of JSON.

The quoter is the same as ours, decision by decision. The 30 quotes are bare: no rules, no merged book, no volume
windows, no limits; they are priced where a mid moved, around the mean mid of the venues.
"""

import json
import sys
import time

BEGUN = time.perf_counter()

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from hftbacktest import (  # noqa: E402
    CANCELED,
    EXPIRED,
    FILLED,
    GTX,
    LIMIT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from numba import njit, uint64  # noqa: E402

TIMEOUT_NS = 30_000_000_000
ORDER_NS = 2_000_000
LINES = 5
WAIT_NS = 60_000_000_000


@njit
def gone(orders, ref):
    """Whether an order is no more."""
    if ref == 0 or ref not in orders:
        return True
    status = orders.get(ref).status
    return status in (FILLED, CANCELED, EXPIRED)


@njit
def follow(hbt, v, refs, at, since, k, side, px, tick, lots, open_side, tolerance, timeout, following):
    """Keep one order where it should be; returns 1 if one was sent."""
    orders = hbt.orders(v)
    now = hbt.current_timestamp
    if refs[v, k] != 0 and gone(orders, refs[v, k]):
        refs[v, k] = uint64(0)
    if refs[v, k] != 0:
        moved = abs(at[v, k] - px) > tolerance or now - since[v, k] > timeout or not open_side
        if moved and orders.get(refs[v, k]).cancellable:
            hbt.cancel(v, refs[v, k], False)
            refs[v, k] = uint64(0)
    if refs[v, k] != 0 or not open_side:
        return 0
    if side == 0:
        hbt.submit_buy_order(v, following, px * tick, lots, GTX, LIMIT, False)
    else:
        hbt.submit_sell_order(v, following, px * tick, lots, GTX, LIMIT, False)
    refs[v, k], at[v, k], since[v, k] = following, px, now
    return 1


@njit
def quoter(hbt, venues, every_ns, lots, most):
    """Two-sided quoting two ticks around the mid, leaning against the position."""
    decisions = submits = steps = 0
    tick = hbt.depth(0).tick_size
    full = most - 0.5 * lots  # the peer adds its position up in floats: ten tenths are less than one
    refs, at, since = np.zeros((venues, 2), np.uint64), np.zeros((venues, 2), np.int64), np.zeros((venues, 2), np.int64)
    while True:
        if every_ns == 0:
            if hbt.wait_next_feed(False, WAIT_NS) == 1:
                break
        elif hbt.elapse(every_ns) != 0:
            break
        steps += 1
        for v in range(venues):
            depth = hbt.depth(v)
            bid, ask = depth.best_bid_tick, depth.best_ask_tick
            if bid <= 0 or ask > 100_000_000 or ask <= bid:
                continue
            decisions += 1
            position = hbt.position(v)
            middle, c = 0.5 * (bid + ask), position / most
            buy = min(np.int64(np.floor(middle - 2.0 * (1.0 + max(c, -0.9)))), ask - 1)
            sell = max(np.int64(np.ceil(middle + 2.0 * (1.0 - min(c, 0.9)))), bid + 1)
            submits += follow(
                hbt, v, refs, at, since, 0, 0, buy, tick, lots, position < full, 0, TIMEOUT_NS, uint64(submits + 1)
            )
            submits += follow(
                hbt, v, refs, at, since, 1, 1, sell, tick, lots, position > -full, 0, TIMEOUT_NS, uint64(submits + 1)
            )
            if steps % 64 == 0:
                hbt.clear_inactive_orders(v)
    return decisions, submits


@njit
def bare(hbt, venues, lots, most):
    """Two lines at the top of each book and three passive ones, both sides, around the mean of the venues' mids."""
    decisions = submits = 0
    tick = hbt.depth(0).tick_size
    shape = (venues, 2 * LINES)
    refs, at, since = np.zeros(shape, np.uint64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    away, tolerance = np.array([1.0, 1.5, 2.5, 5.0, 9.0]), np.array([0, 0, 1, 1, 2])
    mids = np.zeros(venues)
    last = 0.0
    while hbt.wait_next_feed(False, WAIT_NS) != 1:
        reference, position, changed, whole = 0.0, 0.0, -1, True
        for v in range(venues):
            depth = hbt.depth(v)
            bid, ask = depth.best_bid_tick, depth.best_ask_tick
            whole = whole and bid > 0 and ask < 100_000_000 and ask > bid
            middle = 0.5 * (bid + ask)
            if middle != mids[v]:
                mids[v], changed = middle, v
            reference += middle / venues
            position += hbt.position(v)
        moved = abs(reference - last) > 0.5
        if not whole or not (moved or changed >= 0):
            continue
        last = reference if moved else last
        c = min(max(position / most, -1.0), 1.0)
        for v in range(venues):
            if not moved and v != changed:
                continue
            depth = hbt.depth(v)
            bid, ask = depth.best_bid_tick, depth.best_ask_tick
            for k in range(2 * LINES):
                line, side = k // 2, k % 2
                half = away[line] * (1.0 + 0.5 * c * (1 - 2 * side))
                buy, sell = np.int64(np.floor(reference - half)), np.int64(np.ceil(reference + half))
                if line < 2:
                    buy, sell = min(bid + 1, buy), max(ask - 1, sell)
                px = min(buy, ask - 1) if side == 0 else max(sell, bid + 1)
                decisions += 1
                submits += follow(
                    hbt, v, refs, at, since, k, side, px, tick, lots, c < 1.0 if side == 0 else c > -1.0,
                    tolerance[line], 4 * TIMEOUT_NS, uint64(submits + 1),
                )  # fmt: skip
            hbt.clear_inactive_orders(v)
    return decisions, submits


def build(paths: list[str], tick: float, lot: float, low: float, high: float) -> Any:
    """The peer's backtest over its own files."""
    assets = [
        BacktestAsset()
        .data(path)
        .linear_asset(1.0)
        .constant_order_latency(ORDER_NS, ORDER_NS)
        .power_prob_queue_model(3.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(-0.00005, 0.0005)
        .tick_size(tick)
        .lot_size(lot)
        .roi_lb(low)
        .roi_ub(high)
        .last_trades_capacity(0)
        for path in paths
    ]
    return ROIVectorMarketDepthBacktest(assets)


def main(folder: str, name: str, count: str, runs: str) -> None:
    """Run and report."""
    from tests.bench import tasks

    task = tasks.TASKS[name]
    where = Path(folder)
    venues = max(task.venues, 1)
    paths = [tasks.events_path(where, task, int(count), at) for at in range(venues)]
    tick = lot = 0.01
    low, high = 0.0, 400.0
    if not task.venues:
        tick, lot = (float(word) for word in (where / "recorded.txt").read_text().split())
        low, high = 40_000.0, 80_000.0
    loaded = [np.load(path)["data"] for path in paths]

    def once() -> dict[str, Any]:
        hbt = build(loaded, tick, lot, low, high)
        begun = time.perf_counter()
        if task.kind == "quoter":
            decisions, submits = quoter(hbt, venues, task.every_ms * 1_000_000, 100 * lot, 1000 * lot)
        else:
            decisions, submits = bare(hbt, venues, 0.6, 30.0)
        seconds = time.perf_counter() - begun
        fills = sum(hbt.state_values(v).num_trades for v in range(venues))
        hbt.close()
        return {"seconds": seconds, "decisions": decisions, "submits": submits, "fills": fills}

    first = once()
    ready = time.perf_counter() - BEGUN
    seconds = [once()["seconds"] for _ in range(int(runs))]
    print(json.dumps(first | {"runs": seconds, "first_s": ready, "rows": sum(len(each) for each in loaded)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
