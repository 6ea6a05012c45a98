"""What is kept beside the engine for people: fills with their lines, events, and the last placement of each quote."""

from math import nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.desk.news import Event, Fill, News
from stackedmm.desk.words import SIDES, Word

PLACEMENTS: Final = 8192
"""Client ids whose line is remembered for a fill that may still come."""


class Ledger:
    """Written by the session's thread alone; read through `News` by anyone."""

    def __init__(self, filled: Filled) -> None:
        self.fills: News[Fill] = News()
        self.events: News[Event] = News()
        self.placed: dict[int, Any] = {}
        """By quote, its last placement: at most one a quote."""
        self.opening = nan
        """The reference at which paper opened."""
        self._filled = filled
        self._lines: dict[int, int] = {}
        self._fee = 0.0

    def commands(self, tape: NDArray[Any]) -> None:
        """Note whose line each new order is."""
        for i in np.flatnonzero(tape["kind"] == rows.PLACE):
            command = tape[i].copy()
            self.placed[int(command["quote"])] = command
            self._lines[int(command["ref"])] = int(command["line"])
        while len(self._lines) > PLACEMENTS:
            del self._lines[next(iter(self._lines))]

    def answers(self, s: Any, heard: NDArray[Any]) -> None:
        """Note fills among what the venues answered."""
        for row in heard[(heard["kind"] == rows.FILL) | (heard["kind"] == rows.FILL_ID)]:
            if row["kind"] == rows.FILL_ID:
                quote = row["qty"] == rows.FEE_QUOTE
                self._fee = float(row["px"]) * float(s["unit_cost"]) if quote else 0.0
            else:
                self._fill(s, row)
                self._fee = 0.0

    def _fill(self, s: Any, row: Any) -> None:
        m = s["markets"][row["market"]]
        side = int(row["marks"]) & rows.ASK
        fill = Fill(
            t=int(row["ts"]) / 1e6,
            line=self._lines.get(int(row["ref"]), -1),
            market=int(row["market"]),
            side=side,
            price=float(row["px"]) * float(m["tick_size"]),
            size=float(row["qty"]) * float(m["lot_base"]),
            fee=self._fee,
            maker=bool(int(row["marks"]) & rows.MAKER),
            inventory=float(s["ledger"]["position"]) * float(s["unit_base"]),
        )
        self.fills.add(fill)
        market = self._filled.markets[fill.market]
        line = self._filled.lines[fill.line].id if fill.line >= 0 else "unknown line"
        verb = ("bought", "sold")[side]
        text = f"{line} {verb} {fill.size:g} {market.base} at {fill.price:.10g} on {market.venue}"
        self.events.add(Event(fill.t, f"fill {SIDES[side]}", text))

    def said(self, now_ns: int, word: Word) -> None:
        """Note a person's word once the engine has heard it."""
        self.events.add(Event(now_ns / 1e6, "word", word.text))
