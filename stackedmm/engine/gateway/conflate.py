"""Market rows that have to wait, for sources that do not: newest level wins, so that what waits never grows.

Only rows of markets are merged. Answers about own orders and people's words never come here.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import ASK, BBO, CLEAR, DEPTH, GAP, LAST, ROW, TRADE, TRADES

TRADES_MAX: Final = 4096
"""Public trades that may wait for one market; when there are more, a gap takes their place."""


class Waiting:
    """What waits of each market: its levels, its trades, its last words on best prices."""

    def __init__(self) -> None:
        self.conflated = 0
        """Rows that were replaced by a later one before they left."""
        self._markets: dict[int, Market] = {}

    def __len__(self) -> int:
        return sum(map(len, self._markets.values()))

    def add(self, rows: NDArray[Any]) -> None:
        """Enter rows by local time."""
        for row in rows:
            market = int(row["market"])
            if market not in self._markets:
                self._markets[market] = Market()
            self.conflated += self._markets[market].add(row)

    def take(self, now: int) -> NDArray[Any]:
        """All that waits, a market as one message each, at the time at which it leaves, ns; nothing waits then."""
        parts = [found.take() for found in self._markets.values()]
        self._markets.clear()
        rows = np.concatenate(parts) if parts else np.zeros(0, ROW)
        # A row keeps its exchange time: what is later locally lags more.
        rows["lag_us"] += (now // 1000 - rows["ts"] // 1000).clip(0, 2**31 - 1 - rows["lag_us"].clip(0)).astype("i4")
        rows["ts"] = np.maximum(rows["ts"], now)
        return rows


class Market:
    """One market's waiting rows, in the order in which they must be stepped."""

    def __init__(self) -> None:
        self._first: list[Any] = []
        self._levels: dict[tuple[int, int], Any] = {}
        self._claims: dict[int, Any] = {}
        self._trades: list[Any] = []

    def __len__(self) -> int:
        return len(self._first) + len(self._levels) + len(self._claims) + len(self._trades)

    def add(self, row: Any) -> int:
        """Enter one row; how many rows it made superfluous."""
        row = row.copy()
        kind, side = int(row["kind"]), int(row["marks"]) & ASK
        if kind == DEPTH:
            return self._replace(self._levels, (side, int(row["px"])), row)
        if kind == BBO:
            return self._replace(self._claims, side, row)
        if kind == TRADE:
            self._trades.append(row)
            return self._forget_trades() if len(self._trades) > TRADES_MAX else 0
        before = len(self._first) + len(self._levels) + len(self._claims)
        if kind in (CLEAR, GAP):
            # Whatever the book was before is over; that trades were lost stays said.
            lost = [each for each in self._first if each["kind"] == GAP and each["marks"] & TRADES]
            self._levels.clear()
            self._claims.clear()
            self._first = [*lost[:1], row]
        return before - len(self._first) + 1

    def take(self) -> NDArray[Any]:
        """The rows as one message."""
        # The last row is a level's where there is one: there the engine decides.
        rows = [*self._first, *self._trades, *self._claims.values(), *self._levels.values()]
        if not rows:
            return np.zeros(0, ROW)
        made = np.array(rows, ROW)
        made["marks"] &= 255 - LAST
        made["marks"][-1] |= LAST
        return made

    def _forget_trades(self) -> int:
        """Too many trades wait: that some are missing is said, by a gap that only a snapshot ends."""
        gap = self._trades[-1].copy()
        gap["kind"], gap["marks"], gap["px"], gap["qty"] = GAP, LAST | TRADES, 0, 0
        gone = len(self) - 1
        self._trades.clear()
        self._levels.clear()
        self._claims.clear()
        self._first = [gap]
        return gone

    @staticmethod
    def _replace(kept: dict[Any, Any], key: Any, row: Any) -> int:
        known = kept.pop(key, None)
        kept[key] = row
        return int(known is not None)
