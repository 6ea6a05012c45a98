"""A backtest under way: the engine's state and the simulated venues over one recording, advanced in chunks of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import ref

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.core.machine import view
from stackedmm.core.recording import Recording
from stackedmm.core.rows import COMMAND, PLACE, REJECT, ROW
from stackedmm.engine.assembly import assemble
from stackedmm.engine.loop import full, run
from stackedmm.lab.data import first_prices
from stackedmm.rules import RuleSet
from stackedmm.sim import feed

Array = np.ndarray[Any, Any]
KEPT: Final = 16_384
"""Commands, and answers, that one call of the loop may hand over; more take another call."""


@dataclass(slots=True)
class Running:
    """Everything that moves. Rows already stepped are counted in the state."""

    recording: Recording
    filled: Filled
    links: Array
    X: Array
    XA: Array
    collect: bool
    out: Array
    placed: Array
    """Orders sent, a market."""
    rejected: Array
    tape: Array = field(default_factory=lambda: np.zeros(KEPT, COMMAND))
    heard: Array = field(default_factory=lambda: np.zeros(KEPT, ROW))
    row: Array = field(default_factory=lambda: np.zeros(1, ROW))
    commands: list[Array] = field(default_factory=list)
    answers: list[Array] = field(default_factory=list)

    @property
    def state(self) -> Any:
        """The engine's record."""
        return self.filled.state[0]

    def advance(self, until: int) -> None:
        """Step all rows up to a time, ns. Tells the same story in whatever chunks it is called."""
        rows = (self.recording.local, self.recording.exchange)
        rows = (view(rows[0]), view(rows[0]) if rows[1] is rows[0] else view(rows[1]))
        while True:
            _, written, listened = run(
                view(self.filled.state),
                self.filled.arena,
                self.links,
                self.X,
                self.XA,
                *rows,
                view(self.row),
                view(self.out),
                view(self.tape),
                view(self.heard),
                until,
            )
            self.keep(self.tape[:written], self.heard[:listened])
            if not full(written, listened, len(self.out), KEPT, KEPT):
                return

    def keep(self, commands: Array, answers: Array) -> None:
        """Count what was sent and heard, and keep it if it is wanted."""
        for counts, rows, kind in ((self.placed, commands, PLACE), (self.rejected, answers, REJECT)):
            if len(rows):
                counts += np.bincount(rows["market"][rows["kind"] == kind], minlength=len(counts))
        if self.collect and len(commands):
            self.commands.append(commands.copy())
        if self.collect and len(answers):
            self.answers.append(answers.copy())


def prepare(
    config: StackedMarketMakingConfig,
    recording: Recording,
    rules: RuleSet | None,
    values: Mapping[str, float],
    *,
    seed: int,
    collect: bool,
    **venue: Any,
) -> Running:
    """A backtest about to begin; `venue` are the options of `sim.build` that a run leaves open."""
    check_once(recording)
    ticks = first_prices(recording)
    markets = recording.markets
    filled, links, X, XA = assemble(config, markets, ticks, rules, values, seed=seed, **venue)
    s = filled.state[0]
    s["start_ns"] = 0  # a backtest's own fills all count: with a start in its future the band would not hold
    counts = np.zeros((2, len(markets)), np.int64)
    feed.attach(X, recording.local, recording.exchange)
    return Running(recording, filled, links, X, XA, collect, np.zeros(int(s["out_max"]), COMMAND), *counts)


_CHECKED: Final[dict[tuple[int, int], tuple[ref[Array], ref[Array]]]] = {}
"""Pairs of arrays that were found in order, as long as both live."""


def check_once(recording: Recording) -> None:
    """Check the order of a recording's rows the first time it is run: many runs of one market share its arrays."""
    arrays = recording.local, recording.exchange
    key = id(arrays[0]), id(arrays[1])
    known = _CHECKED.get(key)
    if known is not None and known[0]() is arrays[0] and known[1]() is arrays[1]:
        return
    feed.check_order(*arrays)
    for each, (local, exchange) in list(_CHECKED.items()):
        if local() is None or exchange() is None:
            _CHECKED.pop(each, None)
    _CHECKED[key] = ref(arrays[0]), ref(arrays[1])
