"""The stacked book of a state, read beside the engine."""

from typing import Any, Final

import numpy as np

from stackedmm.core.codes import AGGREGATED
from stackedmm.core.merged import stacked_side, uncrossed
from stackedmm.engine.host.face import BookSide

DEPTH: Final = 4000
"""Levels a side."""


class Stacked:
    """Reads stacked books into arrays of its own."""

    def __init__(self, markets: int) -> None:
        self._sides = tuple((np.zeros(DEPTH), np.zeros(DEPTH), np.zeros((DEPTH, markets))) for _ in range(2))

    def read(self, copied: Any, arena: Any) -> tuple[BookSide, BookSide]:
        """Both sides, uncrossed; `copied` is a copy of the state, whose cursors the walk moves."""
        merged = []
        for side, arrays in enumerate(self._sides):
            n = stacked_side(copied, arena, AGGREGATED, -1, side, *arrays)
            merged.append([array[:n] for array in arrays])
        bid, ask, _ = uncrossed(*merged[0], *merged[1])
        (bids, _, bid_shares), (asks, _, ask_shares) = merged
        return (
            BookSide(bids[bid:].copy(), bid_shares[bid:].copy()),
            BookSide(asks[ask:].copy(), ask_shares[ask:].copy()),
        )
