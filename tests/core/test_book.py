"""One side of a book against a plain dict, under seeded stress."""

from typing import Any

import numpy as np
import pytest

from stackedmm.config import validate
from stackedmm.core import rows
from stackedmm.core.book import NONE, SIDE, check, levels_of, place_side, window_for, words_for
from stackedmm.core.recording import Recording
from stackedmm.lab.running import prepare
from tests.core.plain import core
from tests.core.world import T0, document, market

book = core.book


class Side:
    """A side of a book and the dict it must agree with."""

    def __init__(self, sign: int = 1, window: int = 4096, far: int = 1024) -> None:
        self.record = np.zeros(1, SIDE)
        self.arena: Any = np.zeros(words_for(window, far), np.int64)
        assert place_side(self.record[0], sign, 0, window, far) == len(self.arena)
        self.b = core.machine.view(self.record)[0]
        self.expected: dict[int, int] = {}

    def put(self, key: int, lots: int) -> int:
        return int(book.put(self.b, self.arena, key, lots))

    def put_both(self, key: int, lots: int) -> None:
        assert self.put(key, lots) == self.expected.get(key, 0)
        if lots:
            self.expected[key] = lots
        else:
            self.expected.pop(key, None)

    def agree(self) -> None:
        check(self.record[0], self.arena)
        prices, lots = levels_of(self.record[0], self.arena)
        assert dict(zip((prices * self.b.sign).tolist(), lots.tolist(), strict=True)) == self.expected

    def walk(self) -> list[int]:
        found, key = [], self.b.best
        while key != NONE:
            found.append(int(key))
            key = book.next_level(self.b, self.arena, key)
        return found


def wandering(seed: int, n: int, spread: float) -> tuple[list[int], list[int]]:
    """Keys around a moving mid, some far below it, with a jump in the middle; half of the lots are 0."""
    rng = np.random.default_rng(seed)
    mid = np.cumsum(rng.normal(0, 3, n)).astype(int) + 50_000
    mid[n // 2 :] += 9_000 * (seed % 3 - 1)
    keys = mid - np.minimum(rng.exponential(spread, n), 40_000).astype(int)
    lots = rng.integers(1, 100, n) * (rng.random(n) < 0.5)
    return keys.tolist(), lots.tolist()


@pytest.mark.parametrize("spread", [5, 900, 3000])
@pytest.mark.parametrize("seed", range(6))
def test_a_side_holds_what_a_dict_holds(seed: int, spread: float) -> None:
    side = Side(sign=1 - 2 * (seed % 2))
    keys, lots = wandering(seed, 1200, spread)
    for i, (key, size) in enumerate(zip(keys, lots, strict=True)):
        side.put_both(key, size)
        if i % 200 == 0:
            side.agree()
        if i == 900:
            book.clear(side.b, side.arena)
            side.expected.clear()
            assert not side.arena.any()
    side.agree()
    assert side.walk() == sorted(side.expected, reverse=True)
    assert all(book.lots_at(side.b, side.arena, key) == size for key, size in side.expected.items())
    assert book.lots_at(side.b, side.arena, max(keys) + 1) == 0


@pytest.mark.parametrize("seed", range(3))
def test_machine_code_holds_what_a_dict_holds(seed: int) -> None:
    """The compiled loop over rows of one market; asks mirror the bids far above them."""
    keys, lots = wandering(seed, 30_000, [5, 900, 3000][seed])
    told = np.zeros(2 * len(keys) + 1, rows.ROW)
    told["kind"], told["kind"][0] = rows.DEPTH, rows.CLEAR
    told["marks"][1::2], told["marks"][2::2] = rows.LAST, rows.LAST | rows.ASK
    told["px"][1::2], told["px"][2::2] = keys, 200_000 - np.array(keys)
    told["qty"][1::2] = told["qty"][2::2] = lots
    told["ts"] = T0 + 1000 * np.arange(len(told))
    recording = Recording((market(),), told, told, T0, T0 + 10**9)
    running = prepare(validate(document()), recording, None, {}, seed=1, collect=False)
    running.state["paper"] = 0
    running.advance(recording.end)
    expected: dict[int, int] = {}
    for key, size in zip(keys, lots, strict=True):
        expected.pop(key, None)
        expected |= {key: size} if size else {}
    for side in running.state["books"][0]:
        check(side, running.filled.arena)
        prices, found = levels_of(side, running.filled.arena)
        found_keys = prices if side["sign"] > 0 else 200_000 - prices
        assert side["lost"] == 0
        assert dict(zip(found_keys.tolist(), found.tolist(), strict=True)) == expected


def test_levels_leave_the_window_and_come_back_with_it() -> None:
    side = Side()
    for key in (50_000, 49_000, 47_000, 46_000, 45_000):
        side.put_both(key, key)
    assert side.b.far_levels == 2
    side.put_both(56_000, 7)
    assert (side.b.best, side.b.far_levels) == (56_000, 5)
    for key in (56_000, 50_000, 49_000):
        side.put_both(key, 0)
        side.agree()
    assert side.b.best == 47_000
    assert side.b.far_levels == 0


def test_a_full_far_table_refuses_levels_and_counts_them() -> None:
    side = Side(far=16)
    side.put_both(50_000, 1)
    for i in range(12):
        side.put_both(40_000 + i, 1)
    assert side.put(30_000, 1) == 0
    assert (side.b.lost, side.b.levels, side.b.far_levels) == (1, 13, 12)
    assert book.lots_at(side.b, side.arena, 30_000) == 0
    side.agree()
    side.put_both(40_000, 0)
    side.put_both(30_000, 1)
    side.agree()


def test_levels_pushed_out_of_a_moving_window_are_counted_when_lost() -> None:
    side = Side(far=16)
    for i in range(20):
        side.put(50_000 + i, 1)
    side.put(90_000, 1)
    check(side.record[0], side.arena)
    assert (side.b.lost, side.b.levels) == (8, 13)


class Counted:
    """An arena that counts how often it is touched."""

    def __init__(self, words: np.ndarray) -> None:  # type: ignore[type-arg]
        self.words, self.touched = words, 0

    def __getitem__(self, at: int) -> Any:
        self.touched += 1
        return self.words[at]

    def __setitem__(self, at: int, value: int) -> None:
        self.touched += 1
        self.words[at] = value


@pytest.mark.parametrize("levels", [10, 300, 3000])
def test_a_level_near_the_best_costs_the_same_however_many_levels_stand(levels: int) -> None:
    side = Side()
    for i in range(levels):
        side.put(50_000 - i, 1)
    side.arena = Counted(side.arena)
    costs = []
    for key in range(49_998, 50_004):
        side.arena.touched = 0
        side.put(key, 5)
        side.put(key, 0)
        side.put(key, 5)
        costs.append(side.arena.touched)
    assert max(costs) <= 32


def test_a_market_that_trends_moves_its_window_rarely() -> None:
    side = Side()
    for key in range(50_000, 60_000):
        side.put(key, 1)
        side.put(key - 10, 0)
    assert side.b.moves <= 11
    assert side.b.levels == 10


@pytest.mark.parametrize(("ticks", "size"), [(1, 4096), (100_000, 4096), (102_401, 8192), (600_000, 32768)])
def test_the_window_spans_about_four_percent_of_the_price(ticks: int, size: int) -> None:
    assert window_for(ticks) == size
    assert window_for(10**12) == 65536
