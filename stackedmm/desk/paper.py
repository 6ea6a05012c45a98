"""Paper trading against the wall clock: the engine, its simulated venues and the loop, on a thread of their own."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.core.codes import AGGREGATED
from stackedmm.core.machine import view
from stackedmm.core.merged import stacked_side, uncrossed
from stackedmm.core.recording import by_exchange
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.core.step import step_rows
from stackedmm.desk import sample, words
from stackedmm.desk.history import History
from stackedmm.desk.ledger import Ledger
from stackedmm.desk.source import SECOND, Source
from stackedmm.desk.words import Word
from stackedmm.engine import loop
from stackedmm.engine.assembly import assemble
from stackedmm.errors import RuleError
from stackedmm.rules import RuleSet
from stackedmm.sim import feed, pump

PUBLISH_S: Final = 0.25
SLICE_S: Final = 0.02
"""Wall time between two looks at the clock and at what people say."""
AHEAD_S: Final = 2.0
"""Rows are fed at least this far ahead of row time: the simulation must know what follows."""
DEPTH: Final = 4000
"""Levels of the stacked book in a picture, a side."""
WORDS_WAITING: Final = 256
VENUE: Final[dict[str, Any]] = {"latency_ns": 5_000_000, "queue": "power_prob_3", "partial_fills": True}
"""How the simulated venues behave, as in a backtest without further words."""


class Side(NamedTuple):
    """One side of the stacked book, best first: prices in quote, base coins a market."""

    prices: np.ndarray[Any, Any]
    shares: np.ndarray[Any, Any]


class Picture(NamedTuple):
    """One moment, whole: a copy of the engine's record, and what was measured of the loop. Nobody changes it."""

    phase: str
    """`compiling`, `warming up`, `live`, `ended`, `failed`."""
    progress: float
    number: int
    state: Any
    bids: Side | None
    asks: Side | None
    wall_ns: int
    rows_per_s: float
    lag_s: float
    """How far row time is behind the clock."""
    note: str = ""


class Paper:
    """A paper session. `start` returns at once; every method may be called from any thread and none waits."""

    def __init__(
        self,
        config: StackedMarketMakingConfig,
        source: Source,
        rules: RuleSet | None = None,
        *,
        values: Mapping[str, float] | None = None,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.config, self.source, self.rules, self.speed = config, source, rules, speed
        self._built = assemble(config, source.markets, source.ticks, rules, values, seed=seed, **VENUE)
        self.filled: Filled = self._built.filled
        self.slots = words.slots(rules)
        self.history = History(["t", *sample.columns(len(source.markets))])
        self.ledger = Ledger(self.filled)
        self.listeners: list[Callable[[], None]] = []
        """Called from the session's thread after each new picture; they must not wait."""
        self.picture = Picture("compiling", 0.0, 0, None, None, None, time.time_ns(), 0.0, 0.0)
        self._words: queue.Queue[Word] = queue.Queue(WORDS_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paper", daemon=True)
        self._rows: tuple[Any, Any] = (np.zeros(0, ROW), np.zeros(0, ROW))
        self._scratch = tuple(
            view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, COMMAND), (8192, COMMAND), (4096, ROW))
        )
        self._sides = tuple(
            (np.zeros(DEPTH), np.zeros(DEPTH), np.zeros((DEPTH, len(source.markets)))) for _ in range(2)
        )
        self._until = source.start
        self._over = False
        self._stepped = 0
        self._pace: deque[tuple[int, int]] = deque(maxlen=8)

    def start(self) -> None:
        """Begin: compile, warm up, then follow the clock."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the thread has."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    # What people say. Refused with RuleError where it makes no sense, with queue.Full where too much waits.

    def tune(self, name: str, value: float) -> None:
        """Set a rule's parameter, `rule.param`, within its bounds; the engine takes it at the next slice."""
        self._say(words.tune(self.slots, name, value))

    def side(self, line: str, side: str, on: bool) -> None:
        """Switch one side of a line."""
        self._say(words.side(self.filled, line, side, on))

    def control(self, name: str) -> None:
        """`pause`, `resume`, `kill` or `revive`."""
        self._say(words.control(name))

    def _say(self, word: Word) -> None:
        if self.picture.phase in ("ended", "failed"):
            raise RuleError(f"{word.text}: not heard, the session has {self.picture.phase}")
        self._words.put_nowait(word)

    # The thread.

    def _run(self) -> None:
        try:
            self._warm_up()
            self._follow()
        finally:
            if not self._stop.is_set():
                self._publish("ended" if self._over else "failed", note="" if self._over else "the engine has stopped")

    def _warm_up(self) -> None:
        """Full speed, in steps of a second, until every window is full."""
        self._publish("compiling")
        feed.attach(self._built.X, *self._rows, more=True)
        shown = time.monotonic()
        while (end := self.source.ready()) - self._until > SECOND // 4 and not self._stop.is_set():
            self._listen()
            self._advance(min(self._until + SECOND, end))
            if time.monotonic() - shown > PUBLISH_S:
                shown = time.monotonic()
                done = (self._until - self.source.start) / max(end - self.source.start, 1)
                self._publish("warming up", progress=done)

    def _follow(self) -> None:
        """Row time follows the clock; what fell behind is caught up, at most a second at a time."""
        begin, rows_then = time.monotonic_ns(), self._until
        shown = 0.0
        while not self._stop.is_set() and not (self._over and self._until >= self.source.fed):
            due = rows_then + int((time.monotonic_ns() - begin) * self.speed)
            self._listen()
            self._advance(min(due, self._until + SECOND))
            lag = (due - self._until) / SECOND / self.speed
            if time.monotonic() - shown >= PUBLISH_S:
                shown = time.monotonic()
                self._publish("live", progress=1.0, lag=lag)
            if lag <= 0.0:
                self._stop.wait(SLICE_S)

    def _advance(self, until: int) -> None:
        """Feed what is needed and let the engine run up to a row time."""
        built = self._built
        row, out, tape, heard = self._scratch
        self._feed(until)
        while True:
            stepped, written, listened = loop.run(
                view(built.filled.state), built.filled.arena, built.links, built.X, built.XA,
                *map(view, self._rows), row, out, tape, heard, until,
            )  # fmt: skip
            self._stepped += stepped
            self.ledger.commands(tape[:written])
            self.ledger.answers(built.filled.state[0], heard[:listened])
            if not loop.full(written, listened, len(out), len(tape), len(heard)):
                break
        self._until = until
        s = built.filled.state[0]
        if self.history.due(until) and s["reconciled"] == 1:
            if isnan(self.ledger.opening):
                self.ledger.opening = sample.opening(s)
            self.history.append(until, sample.take(s, self.ledger.opening))

    def _feed(self, until: int) -> None:
        """Keep the simulation supplied with rows beyond `until`."""
        while self.source.fed < until + int(AHEAD_S * SECOND) and not self._over:
            ahead = self.source.more(10.0 if self.picture.phase != "live" else 1.0)
            following = np.zeros(0, ROW) if ahead is None else ahead
            pair = (following, by_exchange(following))
            self._rows = feed.rebase(self._built.X, self._rows, pair, more=ahead is not None)
            self._over = ahead is None

    def _listen(self) -> None:
        """Let the engine hear what people said since the last slice."""
        built = self._built
        _, out, _, _ = self._scratch
        while not self._words.empty():
            word = self._words.get_nowait()
            word.row["ts"] = self._until
            count = step_rows(view(built.filled.state), built.filled.arena, built.links, view(word.row), out)
            pump.send_all(built.X, built.XA, out[:count])
            self.ledger.commands(out[:count])
            built.filled.state["out_n"] = 0
            self.ledger.said(self._until, word)

    def _publish(self, phase: str, *, progress: float = 0.0, lag: float = 0.0, note: str = "") -> None:
        """Hand out a copy of everything a page may want to know. 1.4 MB, four times a second."""
        now = time.monotonic_ns()
        self._pace.append((now, self._stepped))
        (then, before), seconds = self._pace[0], (now - self._pace[0][0]) / SECOND
        rate = (self._stepped - before) / seconds if now > then else 0.0
        bids = asks = state = None
        if phase in ("live", "ended"):
            copied = view(self._built.filled.state.copy())
            bids, asks = self._stacked(copied)
            state = copied[0]
        number = self.picture.number + 1
        self.picture = Picture(phase, progress, number, state, bids, asks, time.time_ns(), rate, max(lag, 0.0), note)
        for listener in self.listeners:
            listener()

    def _stacked(self, copied: Any) -> tuple[Side, Side]:
        """The stacked book, uncrossed, read with the copy's own cursors: the engine's are left where they stand."""
        merged = []
        for side, arrays in enumerate(self._sides):
            n = stacked_side(copied, self._built.filled.arena, AGGREGATED, -1, side, *arrays)
            merged.append([array[:n] for array in arrays])
        bid, ask, _ = uncrossed(*merged[0], *merged[1])
        (bids, _, bid_shares), (asks, _, ask_shares) = merged
        return Side(bids[bid:].copy(), bid_shares[bid:].copy()), Side(asks[ask:].copy(), ask_shares[ask:].copy())
