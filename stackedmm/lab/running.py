"""A backtest under way: the engine's state and the simulated venues over one recording, advanced in chunks of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled, fill
from stackedmm.core.machine import view
from stackedmm.core.recording import Recording
from stackedmm.core.rows import COMMAND, PLACE, REJECT, ROW
from stackedmm.engine.arm import arm
from stackedmm.engine.loop import full, run
from stackedmm.lab.data import first_prices
from stackedmm.rules import RuleSet
from stackedmm.sim import build, feed

Array = np.ndarray[Any, Any]
TIMER_NS: Final = 100_000_000
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
        placed = commands["market"][commands["kind"] == PLACE]
        self.placed += np.bincount(placed, minlength=len(self.placed))
        self.rejected += np.bincount(
            answers["market"][answers["kind"] == REJECT], minlength=len(self.rejected)
        )
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
    feed.check_order(recording.local, recording.exchange)
    ticks = first_prices(recording)
    markets = recording.markets
    filled = fill(
        config, markets, [tick * float(m.tick) for tick, m in zip(ticks, markets, strict=True)], seed=seed
    )
    s = filled.state[0]
    links = arm(filled, rules, values)
    units = [(int(m["lot_units"]), int(m["cost_units"])) for m in s["markets"][: len(markets)]]
    X, XA = build.build(markets, timer_ns=TIMER_NS, units=units, price_hints=ticks, seed=seed, **venue)
    counts = np.zeros((2, len(markets)), np.int64)
    feed.attach(X, recording.local, recording.exchange)
    return Running(recording, filled, links, X, XA, collect, np.zeros(int(s["out_max"]), COMMAND), *counts)
