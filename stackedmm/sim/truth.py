"""What is true at the venues, for oracles: read from the exchange's side, never from what the client believes."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.sim.state import COUNTS, STATES, WORDS

RESTING_ORDER: Final = np.dtype(
    [("ref", "i8"), ("px", "i8"), ("lots", "i8"), ("filled", "i8"), ("front", "f8"), ("side", "i8")]
)


@dataclass(frozen=True, slots=True)
class Account:
    """Our account in one market as the venue knows it; units as in `Units`."""

    position: int
    cash: int
    fees: int
    fills: int
    lots_traded: int
    turnover: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the venue remembers of one client id."""

    ref: int
    market: int
    state: str
    filled: int


def account(X: Any, market: int) -> Account:
    """The account in one market."""
    m = X["markets"][0][market]
    return Account(*(int(m[name]) for name in Account.__slots__))


def resting(X: Any, market: int) -> NDArray[np.void]:
    """Our resting orders in one market, bids first, each side in order of arrival."""
    found = []
    m, orders = X["markets"][0][market], X["orders"][0]
    for side in range(2):
        slot = int(m["first"][side])
        while slot >= 0:
            o = orders[slot]
            px = int(o["key"]) * (1 - 2 * side)
            found.append((o["ref"], px, o["lots"], o["filled"], o["front"], side))
            slot = int(o["after"])
    return np.array(found, RESTING_ORDER)


def remembered(X: Any, XA: NDArray[np.int64]) -> list[Remembered]:
    """Every client id the venues have seen and not forgotten, oldest first."""
    at, mask, start = int(X["memory_at"][0]), int(X["memory_mask"][0]), int(X["memory"][0])
    words = XA[start : start + WORDS * (mask + 1)].reshape(-1, WORDS)
    found = (words[i & mask] for i in range(max(0, at - mask - 1), at))
    return [Remembered(int(w[0]), int(w[1]), STATES[int(w[2])], int(w[3])) for w in found if w[2] != 0]


def counts(X: Any) -> dict[str, int]:
    """Counted events by name, those that happened."""
    return {name: int(n) for name, n in zip(COUNTS, X["counts"][0], strict=True) if n}


def check(X: Any, XA: NDArray[np.int64]) -> None:
    """Assert what must hold of a simulation: lists, counts, blooms, free slots and published levels agree."""
    x = X[0]
    total = levels = 0
    for i in range(int(x["markets_n"])):
        m = x["markets"][i]
        orders = resting(X, i)
        total += len(orders)
        levels += int(m["levels"])
        assert len(orders) == m["resting"], f"market {i}: {len(orders)} orders listed, {m['resting']} counted"
        assert (orders["lots"] > orders["filled"]).all(), f"market {i}: a filled order rests"
        for side in range(2):
            keys = [int(o["px"]) * (1 - 2 * side) for o in orders if o["side"] == side]
            assert m["tops"][side] == max(keys, default=-(1 << 62)), f"market {i}: best own key of side {side}"
            assert all(int(m["bloom"][side]) >> (key & 63) & 1 for key in keys), f"market {i}: bloom of side {side}"
    assert total + int(x["free_n"]) == len(x["free"]), "order slots leak"
    assert levels + int(x["free_levels_n"]) == len(x["free_levels"]), "published levels leak"
    known = {r.ref: r for r in remembered(X, XA)}
    assert sum(r.state == "resting" for r in known.values()) == total, "memory and order lists disagree"
