"""What is kept beside a running engine for people: orders and answers, fills with their lines, events, samples."""

from math import isnan, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.engine.host import sample
from stackedmm.engine.host.history import History
from stackedmm.engine.host.news import Event, Fill, News, Tape

PLACEMENTS: Final = 8192
"""Client ids whose line is remembered for a fill that may still come."""
KEPT: Final = 16_384
"""Commands, and answers, that are kept: about 12 MB together."""
SIDES: Final = ("bid", "ask")


class Record:
    """Written by the engine's side alone; read by anyone."""

    def __init__(self, filled: Filled) -> None:
        self.fills: News[Fill] = News()
        self.events: News[Event] = News()
        self.commands = Tape(rows.COMMAND, KEPT)
        self.answers = Tape(rows.ROW, KEPT)
        self.history = History(["t", *sample.columns(len(filled.quoted))])
        self.placed: dict[int, Any] = {}
        """By quote, its last placement: at most one a quote."""
        self.opening = nan
        """The reference at which paper opened."""
        self.adjustments = 0
        """Changes of any market's volume coefficient, each market counted."""
        self.adjusted_ns = 0
        """Row time of the last of them; 0 before."""
        self._volumes: NDArray[np.float64] = np.ones(len(filled.quoted))
        self._filled = filled
        self._lines: dict[int, int] = {}
        self._fee = 0.0

    def sent(self, commands: NDArray[Any]) -> None:
        """Enter commands that left, and note whose line each new order is."""
        if not len(commands):
            return
        self.commands.add(commands)
        for i in np.flatnonzero(commands["kind"] == rows.PLACE):
            command = commands[i].copy()
            self.placed[int(command["quote"])] = command
            self._lines[int(command["ref"])] = int(command["line"])
        while len(self._lines) > PLACEMENTS:
            del self._lines[next(iter(self._lines))]

    def heard(self, s: Any, answers: NDArray[Any]) -> None:
        """Enter what the venues answered, and note the fills among it; `s` is the record after them."""
        if not len(answers):
            return
        self.answers.add(answers)
        for row in answers[(answers["kind"] == rows.FILL) | (answers["kind"] == rows.FILL_ID)]:
            if row["kind"] == rows.FILL_ID:
                quote = row["qty"] == rows.FEE_QUOTE
                paid_in = s["currencies"][s["markets"][row["market"]]["currency"]]
                self._fee = float(row["px"]) * float(paid_in["unit"]) if quote else 0.0
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
        market = self._filled.quoted[fill.market]
        line = self._filled.lines[fill.line].id if fill.line >= 0 else "unknown line"
        verb = ("bought", "sold")[side]
        text = f"{line} {verb} {fill.size:g} {market.base} at {fill.price:.10g} on {market.venue}"
        self.events.add(Event(fill.t, f"fill {SIDES[side]}", text))

    def said(self, now_ns: int, text: str, who: str) -> None:
        """Note a person's word once the engine has heard it."""
        self.events.add(Event(now_ns / 1e6, "word", text, who))

    def look(self, now_ns: int, s: Any) -> None:
        """Take a sample for the charts where one is due; to be called at least once in 10 s of row time.

        Coefficients change at the ends of 10 s buckets only, so none is missed.
        """
        volumes = s["markets"]["volume"][: len(self._volumes)]
        changed = int((volumes != self._volumes).sum())
        if changed:
            self.adjustments += changed
            self.adjusted_ns = now_ns
            self._volumes = volumes.copy()
        if self.history.due(now_ns) and s["reconciled"] == 1:
            if isnan(self.opening):
                self.opening = sample.opening(s)
            self.history.append(now_ns, sample.take(s, self.opening))
