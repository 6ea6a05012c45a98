"""Looks after rules that came into force: what goes wrong soon after a swap takes them back by itself.

A rule that strikes out (three times without an answer within a minute, counted by the engine in row time) is taken back
whenever that happens. Losses and refusals count within the guard time after a swap only.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core import rows
from stackedmm.core.shape import STRIKES

SECOND: Final = 1_000_000_000
FEW_REJECTS: Final = 10
"""Below this many, rejects say nothing about a rate."""


class Guard(NamedTuple):
    """When rules are taken back."""

    seconds: float = 120.0
    """Row time after a swap within which losses and rejects count."""
    loss_bps: float = 20.0
    """Trading may lose at most this part of the value of the inventory band; what holding the position at the swap
    gains or loses is left out."""
    rejects: float = 0.5
    """At most this part of the orders may be rejected by the venues."""


class Verdict(NamedTuple):
    """Why rules are taken back."""

    why: str
    rule: str = ""
    """The rule that struck out."""


class Start(NamedTuple):
    """How things stood at the swap."""

    now: int
    equity: float
    position: float
    reference: float
    placed: int
    refused: int


class Probation:
    """Watches one set from its swap on, by the records that the engine publishes."""

    def __init__(self, names: tuple[str, ...], digest: int, guard: Guard) -> None:
        self._names, self._digest, self._guard = names, digest, guard
        self._start: Start | None = None

    def look(self, s: Any, rejects: int) -> Verdict | None:
        """Whether the rules are to be taken back; `s` is a published STATE record, `rejects` counts those so far.

        Records from before the swap was stepped are passed over.
        """
        if s is None or int(s["rules_digest"]) != self._digest:
            return None
        struck = np.flatnonzero(s["rules"]["strikes"][: len(self._names)] >= STRIKES)
        if len(struck):
            name = self._names[int(struck[0])]
            return Verdict(f"{name} gave no answer {STRIKES} times within a minute", name)
        now = _start(s, rejects)
        if self._start is None:
            self._start = now
            return None
        if now.now - self._start.now > self._guard.seconds * SECOND:
            return None
        return self._losing(s, now) or self._rejected(now)

    def _losing(self, s: Any, now: Start) -> Verdict | None:
        start = self._start
        assert start is not None
        lost = start.equity + start.position * (now.reference - start.reference) - now.equity
        band = float(s["deviation"]) * float(s["unit_base"]) * now.reference
        most = self._guard.loss_bps * 1e-4 * band
        if start.reference > 0.0 and lost > most:
            return Verdict(f"trading lost {lost:.4g} since the swap; at most {most:.4g} is allowed")
        return None

    def _rejected(self, now: Start) -> Verdict | None:
        start = self._start
        assert start is not None
        rejects, placed = now.refused - start.refused, now.placed - start.placed
        if rejects > max(FEW_REJECTS, self._guard.rejects * placed):
            return Verdict(f"venues rejected {rejects:,} of {placed:,} orders since the swap")
        return None


def _start(s: Any, rejects: int) -> Start:
    ledger, unit, reference = s["ledger"], float(s["unit_cost"]), float(s["reference"])
    position = float(ledger["position"]) * float(s["unit_base"])
    equity = (float(ledger["realised"]) - float(ledger["cost"])) * unit + position * reference
    placed = int(s["lines"]["placed"][: int(s["lines_n"])].sum())
    return Start(int(s["now"]), equity, position, reference, placed, rejects)


def count_rejects(answers: Any) -> int:
    """Rejects among ROWs of answers."""
    return int((answers["kind"] == rows.REJECT).sum())
