"""The comparison's market: several venues follow one latent mid; one row is one level's change or one trade.

50 levels a side as a snapshot, then a quarter of the messages are trades with the change they cause, the others one to
eight level changes around the touch. Quotes on the wrong side of the mid are pulled, wide gaps are filled. Made once
for each size and kept.
"""

# ruff: noqa: NPY002  (compiled code has the legacy generators only)

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from stackedmm.core import rows
from stackedmm.core.market import Market
from stackedmm.core.recording import Recording

TICK, LOT = Decimal("0.01"), Decimal("0.01")
BASE = 10_000
"""Ticks at which all venues begin."""
START = 1_700_000_000_000_000_000
FEED_NS = 1_000_000
"""What a row needs from the exchange to us."""
LEVELS = 50
VENUES = """
    binanceusdm bybit gate bitget okx htx bingx mexc bitmart phemex
    woo xt lbank coinex bitfinex bitmex deribit digifinex hyperliquid ascendex
""".split()
MESSAGE_NS = 20_000_000
"""Mean time between two messages of a venue."""


def recording(count: int, venues: int, folder: Path) -> Recording:
    """About `count` rows of `venues` venues, read from `folder` or made and kept there."""
    path = folder / f"market_{venues}_{count}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        made = make(count, venues)
        fresh = path.with_suffix(".new.npy")
        np.save(fresh, made)
        fresh.replace(path)
    found = np.load(path, mmap_mode="r").view(np.ndarray)
    return Recording(described(venues), found, found, int(found["ts"][0]), int(found["ts"][-1]) + 1)


def described(venues: int) -> tuple[Market, ...]:
    """The markets' description."""
    return tuple(
        Market(name, "COIN/USDT:USDT", "COIN", "USDT", TICK, LOT, kind="linear", source="synthetic")
        for name in VENUES[:venues]
    )


def make(count: int, venues: int) -> np.ndarray[Any, Any]:
    """The rows, in arrival order; exchange order is the same."""
    out = np.zeros(count, rows.ROW)
    written = generate(out, venues, 7 + venues, MESSAGE_NS / venues)
    out["lag_us"] = FEED_NS // 1000
    out["ts"] += FEED_NS
    return out[:written].copy()


@njit(error_model="numpy")
def write(out, i, ts, venue, kind, side, px, lots):
    r = out[i]
    r.ts, r.market, r.kind, r.marks, r.px, r.qty = ts, venue, kind, side, px, lots
    return i + 1


@njit(error_model="numpy")
def snapshots(out, books, best, ts):
    """Every venue's first book: a CLEAR and fifty levels a side in one message."""
    i = 0
    for v in range(best.shape[0]):
        i = write(out, i, ts, v, rows.CLEAR, rows.SNAPSHOT, 0, 0)
        for d in range(LEVELS):
            for side in range(2):
                px = BASE - 1 - d if side == 0 else BASE + 1 + d
                lots = np.random.randint(1, 200)
                books[v, side, px] = lots
                i = write(out, i, ts, v, rows.DEPTH, side | rows.SNAPSHOT, px, lots)
        out[i - 1].marks |= rows.LAST
        best[v, 0], best[v, 1] = BASE - 1, BASE + 1
    return i


@njit(error_model="numpy")
def trade(out, i, books, best, ts, v, mid):
    """A trade and, a microsecond later, what is left of its level."""
    up = mid - 0.5 * (best[v, 0] + best[v, 1])
    side = 1 if np.random.random() < 0.5 + 0.2 * np.tanh(up) else 0
    px = best[v, side]
    lots = min(np.random.randint(1, 120), books[v, side, px])
    i = write(out, i, ts, v, rows.TRADE, (1 - side) * rows.SELL | rows.LAST, px, lots)
    books[v, side, px] -= lots
    return write(out, i, ts + 1000, v, rows.DEPTH, side, px, books[v, side, px])


@njit(error_model="numpy")
def change(out, i, books, best, ts, v):
    """One level's new quantity, near the touch with exponential depth, sometimes a new best or nothing."""
    away = np.int64(np.random.exponential(6.0))
    side = np.random.randint(2)
    better = 1 - 2 * side
    px = best[v, side] - better * away
    gap = best[v, 1] - best[v, 0]
    if away == 0 and np.random.random() < 0.4 and gap > 1:
        px += better
    lots = 0 if np.random.random() < 0.12 else np.random.randint(0, 200)
    books[v, side, px] = lots
    if lots > 0 and px * better > best[v, side] * better:
        best[v, side] = px
    while books[v, side, best[v, side]] <= 0:
        best[v, side] -= better
    return write(out, i, ts, v, rows.DEPTH, side, px, lots)


@njit(error_model="numpy")
def settle(out, i, books, best, ts, v, mid):
    """Pull quotes beyond the latent mid, and fill a gap wider than three ticks from it."""
    for side in range(2):
        better = 1 - 2 * side
        while (best[v, side] - mid) * better > 0.5 or books[v, side, best[v, side]] <= 0:
            px = best[v, side]
            if books[v, side, px] > 0:
                books[v, side, px] = 0
                i = write(out, i, ts, v, rows.DEPTH, side, px, 0)
            best[v, side] -= better
    for side in range(2):
        better = 1 - 2 * side
        while (mid - best[v, side]) * better > 3.0 and best[v, 1] - best[v, 0] > 1:
            best[v, side] += better
            lots = np.random.randint(1, 200)
            books[v, side, best[v, side]] = lots
            i = write(out, i, ts, v, rows.DEPTH, side, best[v, side], lots)
    return i


@njit(error_model="numpy")
def generate(out, venues, seed, mean_ns):
    """Fill `out` but for its last few places; returns how many rows were written."""
    np.random.seed(seed)
    books = np.zeros((venues, 2, 4 * BASE), np.int64)
    best = np.zeros((venues, 2), np.int64)
    i = snapshots(out, books, best, START)
    mid = float(BASE)
    us = START // 1000
    while i < len(out) - 64:
        us += np.int64(np.random.exponential(mean_ns) / 1000.0) + 1
        mid += np.random.normal() * 0.12 + 0.0005 * (BASE - mid)
        v = np.random.randint(venues)
        before = i
        if np.random.random() < 0.25:
            i = trade(out, i, books, best, us * 1000, v, mid)
            us += 1
        else:
            for _ in range(np.random.randint(1, 9)):
                i = change(out, i, books, best, us * 1000, v)
        i = settle(out, i, books, best, us * 1000, v, mid)
        if i > before:
            out[i - 1].marks |= rows.LAST
    return i
