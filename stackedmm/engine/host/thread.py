"""A host on a thread of this process: engine, simulated venues and loop; the loop itself runs without the GIL."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.recording import by_exchange
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.core.step import step_rows
from stackedmm.engine import loop
from stackedmm.engine.arm import Armament, install, prepare
from stackedmm.engine.assembly import assemble
from stackedmm.engine.host import words
from stackedmm.engine.host.clock import Clock, SteppedClock, WallClock
from stackedmm.engine.host.face import Fork, Look
from stackedmm.engine.host.record import Record
from stackedmm.engine.host.revise import apply, revision
from stackedmm.engine.host.snapshots import Snapshots
from stackedmm.engine.host.source import SECOND, Source
from stackedmm.engine.host.stacked import Stacked
from stackedmm.engine.host.words import Word
from stackedmm.errors import StaleError
from stackedmm.rules import RuleSet
from stackedmm.sim import feed, pump

PUBLISH_S: Final = 0.25
SOON_S: Final = 0.05
"""After something was said the next publication comes this soon."""
AHEAD_S: Final = 2.0
"""Rows are fed at least this far ahead of row time: the simulation must know what follows."""
CANCEL_S: Final = 30
"""Row seconds within which a venue has answered a cancel, or never will."""
WAITING: Final = 256
"""Words that may wait for the engine."""
VENUE: Final[dict[str, Any]] = {"latency_ns": 5_000_000, "queue": "power_prob_3", "partial_fills": True}
"""How the simulated venues behave, as in a backtest without further words."""


class ThreadHost:
    """A paper engine on a daemon thread. See `Host` for what may be asked of it."""

    def __init__(
        self,
        config: StackedMarketMakingConfig,
        source: Source,
        rules: RuleSet | None = None,
        *,
        values: Mapping[str, float] | None = None,
        clock: Clock | None = None,
        seed: int = 1,
        venue: Mapping[str, Any] = VENUE,
    ) -> None:
        self.config, self.source, self.rules = config, source, rules
        self.clock = clock or WallClock()
        self.title = source.title
        self._built = assemble(config, source.markets, source.ticks, rules, values, seed=seed, **venue)
        self.filled: Filled = self._built.filled
        self.armament = prepare(self.filled, rules, values)
        self.prices = tuple(float(m.tick) * at for m, at in zip(source.markets, source.ticks, strict=True))
        self._seed = seed
        self._revision = revision(config, config, self.filled, self.prices, seed=seed)
        self.record = Record(self.filled)
        self.listeners: list[Callable[[], None]] = []
        self._look = Look("compiling", 0.0, 0, None, None, None, time.time_ns(), 0.0, 0.0)
        self._snapshots = Snapshots()
        self._stacked = Stacked(len(source.markets))
        self._words: deque[Word] = deque()
        self._change = threading.Condition()
        self._said = self._heard = 0
        self._wake = threading.Event()
        self._deadline = float("inf")
        """When to end at the latest, by the monotonic clock: a number once somebody asked for the end."""
        self._thread = threading.Thread(target=self._run, name="stackedmm engine", daemon=True)
        self._rows: tuple[Any, Any] = (np.zeros(0, ROW), np.zeros(0, ROW))
        self._scratch = tuple(
            view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, COMMAND), (8192, COMMAND), (4096, ROW))
        )
        self._until = source.start
        self._over = False
        self._stepped = 0
        self._pace: deque[tuple[int, int]] = deque(maxlen=8)

    @property
    def phase(self) -> str:
        """One of `PHASES`."""
        return self._look.phase

    def start(self) -> None:
        """Begin: compile, warm up, then follow the clock."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Pause, cancel everything, wait for the proof, end. Called again with less time it hurries."""
        with self._change:
            self._deadline = min(self._deadline, time.monotonic() + timeout_s)
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        if "not proven" in self._look.note:
            raise StaleError(f"stop: {self._look.note}")

    def say(self, rows: NDArray[Any], *, who: str, text: str) -> int:
        """Let the engine hear rows at its next slice; returns the number of the last."""
        return self._put(Word(0, rows.copy(), who, text))

    def swap(self, armament: Armament, *, rules: RuleSet | None, who: str, text: str = "") -> int:
        """Replace the rules in force between two steps; returns the number of the RULE_SET row."""
        names = ", ".join(each.name for each in rules.rules) if rules is not None else "none"
        said = text or f"rules in force: {names}"
        return self._put(Word(0, words.rule_set(armament.digest), who, said, armament, rules))

    def reconfigure(self, config: StackedMarketMakingConfig, *, who: str, text: str = "") -> int:
        """Put an edited configuration in force between two steps; returns the number of its row."""
        with self._change:
            fresh = self._revision.filled
            made = revision(self.config, config, fresh, self.prices, seed=self._seed, rules=self.rules)
            row = words.rule_set(self.armament.digest, int(config.digest()[:15], 16))
            said = text or "; ".join(f"{each.path}: {each.old} -> {each.new}" for each in made.changes)
            number = self._put(Word(0, row, who, said or "configuration unchanged", revision=made))
            self.config, self._revision = config, made
            self.filled = replace(self.filled, lines=made.filled.lines, notes=made.filled.notes)
            return number

    def _put(self, word: Word) -> int:
        with self._change:
            if self.phase in ("ended", "failed") or self._deadline < float("inf"):
                raise StaleError(f"{word.text}: not heard, the session has ended or is about to")
            if len(self._words) >= WAITING:
                raise StaleError(f"{word.text}: not heard, {WAITING} words are waiting; say it again later")
            self._said += len(word.rows)
            self._words.append(word._replace(number=self._said))
            if word.armament is not None:
                self.armament, self.rules = word.armament, word.rules
            self._wake.set()
            return self._said

    def wait(self, number: int, timeout_s: float = 10.0) -> None:
        """Wait until the row of that number has been stepped."""
        with self._change:
            self._change.wait_for(lambda: self._heard >= number or not self._running(), timeout_s)
            if self._heard < number:
                why = "the session has ended" if not self._running() else f"{timeout_s:g} s have passed"
                raise StaleError(f"row {number} was not stepped: {why}")

    def _running(self) -> bool:
        return self.phase not in ("ended", "failed")

    def look(self) -> Look:
        """What was last published."""
        return self._look

    def fork(self, seconds: float) -> Fork:
        """The engine as of about `seconds` of row time ago, and the rows since."""
        return self._snapshots.fork(seconds, self._until)

    # The thread.

    def _run(self) -> None:
        note = None
        try:
            self._warm_up()
            self._follow()
            note = self._cancel_all()
        finally:
            if note is None:
                error = sys.exc_info()[1]
                self._publish("failed", note=f"the engine has stopped: {type(error).__name__}: {error}")
            else:
                self._publish("ended", note=note)
            with self._change:
                self._change.notify_all()
            if isinstance(self.clock, SteppedClock):
                self.clock.end()

    @property
    def _ending(self) -> bool:
        return self._deadline < float("inf")

    def _warm_up(self) -> None:
        """Full speed, in steps of a second, until every window is full."""
        self._publish("compiling")
        self._compile()
        feed.attach(self._built.X, *self._rows, more=True)
        shown = time.monotonic()
        while (end := self.source.ready()) - self._until > SECOND // 4 and not self._ending:
            self._listen()
            self._advance(min(self._until + SECOND, end))
            if time.monotonic() - shown > PUBLISH_S:
                shown = time.monotonic()
                done = (self._until - self.source.start) / max(end - self.source.start, 1)
                self._publish("warming up", progress=done)

    def _compile(self) -> None:
        """What hears words and what shows the book is compiled before anybody has to wait for it."""
        built, nothing = self._built, view(np.zeros(0, ROW))
        count = step_rows(view(built.filled.state), built.filled.arena, built.links, nothing, self._scratch[1])
        pump.send_all(built.X, built.XA, self._scratch[1][:count])
        self._stacked.read(view(built.filled.state.copy()), built.filled.arena)

    def _follow(self) -> None:
        """Row time follows the clock; what fell behind is caught up, at most a second at a time."""
        self.clock.begin(self._until)
        shown = 0.0
        while not self._ending and not (self._over and self._until >= self.source.fed):
            self._wake.clear()
            due = self.clock.due()
            heard = self._listen()
            self._advance(max(self._until, min(due, self._until + SECOND)))
            lag = (due - self._until) / SECOND / (self.clock.speed or 1.0)
            idle = lag <= 0.0
            patience = SOON_S if heard else PUBLISH_S
            if time.monotonic() - shown >= patience or (idle and self.clock.speed == 0.0):
                shown = time.monotonic()
                self._publish("live", progress=1.0, lag=lag)
            if idle:
                self.clock.reached(self._until)
                self.clock.rest(self._wake)

    def _cancel_all(self) -> str:
        """No quote stands, and every order is proven dead before the engine ends; what is missing is said."""
        s = self._built.filled.state[0]
        if not self._ending or int(s["open_orders"]) == 0:
            return ""
        self._hear(Word(self._heard, words.control(rows.PAUSE), "", "stopping: every order is cancelled"))
        last = self._until + CANCEL_S * SECOND
        while int(s["open_orders"]) and self._until < last and time.monotonic() < self._deadline:
            self._advance(self._until + SECOND // 10)
        left = int(s["open_orders"])
        return f"{left} orders not proven dead: see the venues" if left else ""

    def _advance(self, until: int) -> None:
        """Feed what is needed and let the engine run up to a row time."""
        built, record = self._built, self.record
        row, out, tape, heard = self._scratch
        self._feed(until)
        while True:
            stepped, written, listened = loop.run(
                view(built.filled.state), built.filled.arena, built.links, built.X, built.XA,
                *map(view, self._rows), row, out, tape, heard, until,
            )  # fmt: skip
            self._stepped += stepped
            record.sent(tape[:written])
            record.heard(built.filled.state[0], heard[:listened])
            if not loop.full(written, listened, len(out), len(tape), len(heard)):
                break
        self._until = until
        record.look(until, built.filled.state[0])
        self._snapshots.take(until, built, self._rows)

    def _feed(self, until: int) -> None:
        """Keep the simulation supplied with rows beyond `until`."""
        while self.source.fed < until + int(AHEAD_S * SECOND) and not self._over:
            ahead = self.source.more(10.0 if self.phase != "live" else 1.0)
            following = np.zeros(0, ROW) if ahead is None else ahead
            pair = (following, by_exchange(following))
            self._rows = feed.rebase(self._built.X, self._rows, pair, more=ahead is not None)
            self._snapshots.fed(following)
            self._over = ahead is None

    def _listen(self) -> bool:
        """Let the engine hear what was said since the last slice; whether anything was."""
        heard = False
        while self._words:
            self._hear(self._words.popleft())
            heard = True
        return heard

    def _hear(self, word: Word) -> None:
        built = self._built
        _, out, _, _ = self._scratch
        word.rows["ts"] = self._until
        if word.armament is not None:
            install(built.filled.state, built.links, word.armament)
        if word.revision is not None:
            apply(built.filled.state, word.revision)
        count = step_rows(view(built.filled.state), built.filled.arena, built.links, view(word.rows), out)
        pump.send_all(built.X, built.XA, out[:count])
        self.record.sent(out[:count])
        built.filled.state["out_n"] = 0
        self.record.said(self._until, word.text, word.who)
        self._snapshots.said(word.rows)
        with self._change:
            self._heard = word.number
            self._change.notify_all()

    def _publish(self, phase: str, *, progress: float = 0.0, lag: float = 0.0, note: str = "") -> None:
        """Hand out a copy of everything people may want to know: 1.6 MB, four times a second."""
        now = time.monotonic_ns()
        self._pace.append((now, self._stepped))
        (then, before), seconds = self._pace[0], (now - self._pace[0][0]) / SECOND
        rate = (self._stepped - before) / seconds if now > then else 0.0
        bids = asks = state = None
        if phase in ("live", "ended"):
            copied = view(self._built.filled.state.copy())
            bids, asks = self._stacked.read(copied, self._built.filled.arena)
            state = copied[0]
        number, lag = self._look.number + 1, max(lag, 0.0)
        self._look = Look(
            phase, progress, number, state, bids, asks, time.time_ns(), rate, lag, heard=self._heard, note=note
        )
        for listener in list(self.listeners):
            listener()
