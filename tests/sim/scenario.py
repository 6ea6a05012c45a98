"""A run that visits every path of the simulation; prints the digest of all it ended in. Run by test_modes.py."""

import hashlib
import sys
from decimal import Decimal

import numpy as np

from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.recording import by_exchange
from stackedmm.sim import build, feed, pump, truth


def random_rows(seed: int, count: int, markets: int) -> np.ndarray:
    """Books, trades, snapshots and claims of several markets, with lag that jitters."""
    rng = np.random.default_rng(seed)
    table = np.zeros(count, rows.ROW)
    exchange = 10**15 + np.cumsum(rng.integers(1, 2_000, count)) * 1000
    table["lag_us"] = rng.integers(0, 9_000, count)
    table["ts"] = exchange + table["lag_us"] * 1000
    table["market"] = rng.integers(0, markets, count)
    for m in range(markets):
        mine = table["market"] == m
        table["ts"][mine] = np.maximum.accumulate(table["ts"][mine])
    table["lag_us"] = (table["ts"] - exchange) // 1000
    table["kind"] = rng.choice([rows.DEPTH, rows.TRADE, rows.CLEAR, rows.BBO], count, p=[0.8, 0.15, 0.01, 0.04])
    side = rng.integers(0, 2, count)
    away = rng.geometric(0.2, count) + np.where(rng.random(count) < 0.02, 5000, 0)
    table["px"] = 10_000 + (2 * side - 1) * away + rng.integers(-2, 3, count)
    table["qty"] = rng.integers(0, 40, count)
    table["marks"] = side | rows.LAST
    return table[np.argsort(table["ts"], kind="stable")]


def run(seed: int, count: int) -> str:
    """Random orders on random rows under mild faults; the digest of what came out and of what is left."""
    linear = Market("a", "X/Y", "X", "Y", Decimal("0.1"), Decimal("0.01"), maker_fee=Decimal("-0.0001"))
    inverse = Market("b", "X/Y", "X", "Y", Decimal("0.1"), Decimal(1), "inverse", taker_fee=Decimal("0.0005"))
    rng = np.random.default_rng(seed)
    queue = ["power_prob", "log_prob_2", "power_prob_3"]
    options = {"latency_ns": [2_000_001, 0, 500], "queue": queue, "partial_fills": [True, False, True], "stp": "taker"}
    X, XA = build.build(
        [linear, inverse, linear], windows=4096, far=64, memory=1024, timer_ns=10**8, seed=seed, **options
    )
    X["faulty"] = 1
    for name in (
        "lost_request",
        "late_create",
        "lost_answer",
        "lost_fill",
        "duplicate_answer",
        "late_answer",
        "refused_create",
    ):
        X["faults"][name] = 30_000
    X["faults"]["late_create_ns"] = X["faults"]["late_answer_ns"] = X["faults"]["reorder_ns"] = 5_000_000
    X["faults"]["reordered_answer"] = 100_000
    local = random_rows(seed, count, 3)
    exchange = by_exchange(local)
    feed.attach(X, local, exchange)
    digest, ref, out = hashlib.blake2b(digest_size=16), 0, np.zeros(9, rows.ROW)
    while n := pump.collect(X, XA, view(local), view(exchange), view(out)):
        digest.update(out[:n].tobytes())
        commands = np.zeros(int(rng.integers(0, 4)), rows.COMMAND)
        for c in commands:
            ref += 1
            c["kind"], c["ref"], c["market"], c["side"] = rows.PLACE, ref, rng.integers(3), rng.integers(2)
            c["px"], c["qty"], c["marks"] = 10_000 + rng.integers(-9, 10), rng.integers(1, 20), rng.integers(2)
            if rng.random() < 0.5:
                c["kind"], c["ref"] = rng.choice([rows.CANCEL, rows.QUERY]), rng.integers(1, ref + 1)
        pump.send_all(X, XA, view(commands))
    truth.check(X, XA)
    digest.update(X.tobytes() + XA.tobytes())
    return f"{digest.hexdigest()} {int(X['markets']['fills'].sum())} {sorted(truth.counts(X))}"


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(sys.argv[2])))
