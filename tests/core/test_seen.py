"""The memory of trade ids against a set: each id is new once, until the oldest must go."""

from collections import deque

import numpy as np
import pytest

from stackedmm.core import seen
from stackedmm.core.codes import SEEN_EVICTED
from stackedmm.core.machine import entry, view
from stackedmm.core.state import STATE

SIZE = 256


@entry
def ask(S, A, markets, idents, answers):
    """Whether each (market, trade id) was new."""
    for i in range(len(idents)):
        answers[i] = 1 if seen.first_time(S[0], A, markets[i], idents[i]) else 0


class Memory:
    """A small memory of trade ids, and what a set and a queue say it must answer."""

    def __init__(self) -> None:
        self.state = np.zeros(1, STATE)
        self.arena = np.zeros(SIZE + SIZE // 2, np.int64)
        self.state["seen_mask"], self.state["seen_ring"] = SIZE - 1, SIZE
        self.known: deque[tuple[int, int]] = deque(maxlen=SIZE // 2)

    def ask(self, pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
        markets, idents = (np.array([p[i] for p in pairs], np.int64) for i in range(2))
        answers, expected = np.zeros(len(pairs), np.int64), []
        ask(view(self.state), self.arena, markets, idents, answers)
        for pair in pairs:
            expected.append(int(pair not in self.known))
            if expected[-1]:
                self.known.append(pair)
        return answers.tolist(), expected


@pytest.mark.parametrize("seed", range(5))
def test_an_id_is_new_once_while_it_is_remembered(seed):
    rng = np.random.default_rng(seed)
    memory = Memory()
    spread = [200, 1000, 10**12, 60, 2**62][seed]
    pairs = [(int(m), int(i)) for m, i in zip(rng.integers(0, 4, 20_000), rng.integers(1, spread, 20_000), strict=True)]
    found, expected = memory.ask(pairs)
    assert found == expected
    assert int(memory.state["events"][0][SEEN_EVICTED]) == max(0, sum(expected) - SIZE // 2)


def test_the_same_id_on_two_markets_is_two_trades():
    assert Memory().ask([(0, 7), (1, 7), (0, 7), (1, 7)])[0] == [1, 1, 0, 0]


def test_consecutive_and_negative_ids_are_told_apart():
    pairs = [(2, i) for i in range(-50, 50)]
    memory = Memory()
    assert memory.ask(pairs)[0] == [1] * 100
    assert memory.ask(pairs)[0] == [0] * 100


def test_forgetting_leaves_no_other_id_behind():
    memory = Memory()
    for start in range(0, 4000, 64):
        assert memory.ask([(0, start + k + 1) for k in range(64)])[0] == [1] * 64
        assert memory.ask([(0, start + k + 1) for k in range(64)])[0] == [0] * 64
    table = memory.arena[:SIZE]
    assert int((table != 0).sum()) == SIZE // 2
