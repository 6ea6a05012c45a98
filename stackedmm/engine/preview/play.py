"""One span under one set of rules: a copy of the fork is run to its end, and what happened is kept."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core import build
from stackedmm.core.machine import view
from stackedmm.core.own import LIVE
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.core.state import state_hash
from stackedmm.engine import loop
from stackedmm.engine.arm import Armament, install
from stackedmm.engine.host.face import Fork

SECOND: Final = 1_000_000_000
SAMPLES: Final = 180
"""Moments of a span at which the quotes are looked at; at most one a second."""
KEPT: Final = 8192
"""Commands, and answers, of one call of the loop; more take another call."""


class Samples(NamedTuple):
    """What stood at some moments: a row a moment, a column a quote where it says so."""

    times: NDArray[np.int64]
    """Row time, ns."""
    reference: NDArray[np.float64]
    """Quote currency; 0 where it was not known."""
    equity: NDArray[np.float64]
    """Realised and unrealised, quote currency."""
    position: NDArray[np.float64]
    """Base coins."""
    distance_bps: NDArray[np.float64]
    """A column a quote: from the market's reference outwards; NaN where no order rested."""
    size: NDArray[np.float64]
    """A column a quote: base coins that rested; NaN likewise."""


@dataclass(frozen=True)
class Played:
    """What came of a span."""

    commands: NDArray[Any]
    """COMMANDs, in order."""
    answers: NDArray[Any]
    """ROWs of what the venues said of our orders, in order."""
    samples: Samples
    state: NDArray[Any]
    """STATE at the end."""
    arena: NDArray[np.int64]
    """Its arena."""

    @cached_property
    def hash(self) -> str:
        """`state_hash` at the end: equal rules give equal ones."""
        return state_hash(self.state, self.arena)


def play(fork: Fork, armament: Armament) -> Played:
    """Run the fork's rows under these rules, against its simulated venues. The fork is left as it is.

    Pauses and kills of its beginning are lifted: what matters is how the rules would have quoted.
    """
    state, arena, XA, X = fork.state.copy(), fork.arena.copy(), fork.XA.copy(), view(fork.X.copy())
    links = build.links_for(state)
    install(state, links, armament)
    for name in ("paused", "killed", "halted"):
        state[name] = 0
    s = state[0]
    step = max(SECOND, -(-(fork.end - fork.start) // (SAMPLES * SECOND)) * SECOND)
    times = [*range(fork.start + step, fork.end, step), fork.end]
    kept = _Kept(len(times), int(s["quotes_n"]))
    arrays = (view(state), arena, links, X, XA, view(fork.local), view(fork.exchange))
    for i, until in enumerate(times):
        kept.run(arrays, until)
        kept.sample(i, until, s)
    return Played(kept.commands(), kept.answers(), kept.samples, state, arena)


class _Kept:
    """What is noted during a run."""

    def __init__(self, times: int, quotes: int) -> None:
        self._scratch = tuple(view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, COMMAND)))
        self._tape, self._heard = np.zeros(KEPT, COMMAND), np.zeros(KEPT, ROW)
        self._commands: list[NDArray[Any]] = []
        self._answers: list[NDArray[Any]] = []
        wide = (np.full((times, quotes), np.nan) for _ in range(2))
        self.samples = Samples(np.zeros(times, np.int64), *(np.zeros(times) for _ in range(3)), *wide)

    def run(self, arrays: tuple[Any, ...], until: int) -> None:
        """Step all rows up to a time."""
        row, out = self._scratch
        while True:
            _, written, heard = loop.run(*arrays, row, out, view(self._tape), view(self._heard), until)
            if written:
                self._commands.append(self._tape[:written].copy())
            if heard:
                self._answers.append(self._heard[:heard].copy())
            if not loop.full(written, heard, len(out), KEPT, KEPT):
                return

    def sample(self, i: int, now: int, s: Any) -> None:
        """Look at every quote once."""
        reference, ledger, unit = float(s["reference"]), s["ledger"], float(s["unit_cost"])
        position = float(ledger["position"]) * float(s["unit_base"])
        equity = (float(ledger["realised"]) - float(ledger["cost"])) * unit + position * reference
        for column, value in zip(self.samples[:4], (now, reference, equity, position), strict=True):
            column[i] = value
        quotes = s["quotes"][: int(s["quotes_n"])]
        standing = np.flatnonzero(quotes["order"] >= 0)
        slots = quotes["order"][standing]
        rests = s["orders"]["life"][slots] == LIVE
        standing, slots = standing[rests], slots[rests]
        market, sign = quotes["market"][standing], 1 - 2 * quotes["side"][standing]
        home = reference * (1.0 + s["markets"]["basis"][market])
        price = s["orders"]["px"][slots] * s["markets"]["tick_size"][market]
        if reference > 0.0:
            self.samples.distance_bps[i, standing] = sign * (home - price) / home * 1e4
        lots = s["orders"]["lots"][slots] - s["orders"]["filled"][slots]
        self.samples.size[i, standing] = lots * s["markets"]["lot_base"][market]

    def commands(self) -> NDArray[Any]:
        """All commands."""
        return np.concatenate(self._commands) if self._commands else np.zeros(0, COMMAND)

    def answers(self) -> NDArray[Any]:
        """All answers."""
        return np.concatenate(self._answers) if self._answers else np.zeros(0, ROW)
