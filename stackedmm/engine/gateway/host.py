"""A host whose engine runs in this process without the GIL, fed by a gateway in a process of its own.

What the gateway sends is written down first, so that a session can be run again, or go on after a crash.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core import rows as kinds
from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.engine import snapshot
from stackedmm.engine.arm import Armament, prepare
from stackedmm.engine.gateway.child import Child
from stackedmm.engine.gateway.message import Message
from stackedmm.engine.gateway.past import Past
from stackedmm.engine.gateway.process import prefer
from stackedmm.engine.host import words
from stackedmm.engine.host.face import BookSide, Fork, Look
from stackedmm.engine.host.news import Event
from stackedmm.engine.host.record import Record
from stackedmm.engine.host.revise import revision
from stackedmm.engine.replay import Beginning, Replay, armament_blob, configuration_blob
from stackedmm.engine.replay.beginning import ARMED, BEGINNING, CONFIGURED
from stackedmm.engine.replay.replay import Start
from stackedmm.engine.seat import Page, Seat
from stackedmm.errors import JournalError, StaleError
from stackedmm.rules import RuleSet

SECOND: Final = 1_000_000_000
PUBLISH_NS: Final = 50_000_000
LOOK_S: Final = 0.05
VENUE: Final[dict[str, Any]] = {"latency_ns": 5_000_000, "queue": "power_prob_3", "partial_fills": True}


class Described(NamedTuple):
    """A market for a gateway: what is traded, and how its rows are made again in another process."""

    markets: tuple[Market, ...]
    ticks: list[int]
    start: int
    ready: int | None
    """Row time up to which to run at full speed, ns; None: the present."""
    title: str
    source: Mapping[str, Any]
    """As `sources.feed_of` takes it."""


class GatewayHost:
    """A paper engine beside a gateway. See `Host` for what may be asked of it.

    `folder` holds the journal and the snapshots. Where there is one of an earlier life, `resume` goes on with it, from
    the newest snapshot and the rows behind it; else a folder that is not empty is refused.
    """

    def __init__(
        self,
        config: StackedMarketMakingConfig,
        source: Described,
        rules: RuleSet | None = None,
        *,
        folder: str | Path,
        values: Mapping[str, float] | None = None,
        speed: float = 1.0,
        seed: int = 1,
        venue: Mapping[str, Any] = VENUE,
        resume: bool = False,
        quota_bytes: int | None = None,
        moment_s: float = 30.0,
        silent_s: float = 1.0,
        realtime: bool = False,
    ) -> None:
        """`speed` is row time against the wall clock; `moment_s` row time between two snapshots.

        `quota_bytes` bounds the journal, see there. An engine that owes an answer for more than `silent_s` is paused
        first when it comes back. `realtime` asks the system to prefer gateway and engine to all else once the session
        is live; where that is not permitted it is said.
        """
        self.folder, self.source, self.title = Path(folder), source, source.title
        self._speed, self._quota, self._silent, self._realtime = speed, quota_bytes, silent_s, realtime
        self._begun = Beginning(config, source.markets, source.ticks, seed, venue, rules, values)
        self.notes: list[str] = []
        self._filed: list[tuple[int, str, bytes]] = []
        """What was put in force: the row's number, the blob's name, the blob."""
        if resume:
            self._go_on()
        else:
            self._begin()
        named = self._revision.filled
        self.filled = replace(self.seat.built.filled, lines=named.lines, notes=named.notes)
        self.prices = self._begun.prices
        self.record = Record(self.filled)
        self.listeners: list[Callable[[], None]] = []
        self._past = Past(self.folder)
        self._look = Look("compiling", 0.0, 0, None, None, None, time.time_ns(), 0.0, 0.0)
        self._child: Child | None = None
        self._progress, self._phase, self._note = 0.0, "compiling", ""
        self._ending, self._over = False, False
        self._change, self._saying = threading.Condition(), threading.Lock()
        self._seen = (0, 0)
        self._moment_due, self._moment_ns = 0, int(moment_s * SECOND)
        self._thread = threading.Thread(target=self._run, name="stackedmm host", daemon=True)
        self._engine = threading.Thread(target=self._serve, name="stackedmm engine", daemon=True)
        self._pace: list[tuple[int, int]] = []
        self._stop = threading.Event()

    # Beginnings.

    def _begin(self) -> None:
        if any(self.folder.glob("*.journal")):
            raise JournalError(f"{self.folder}: found an earlier journal; resume it, or name an empty folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        built = self._begun.assembled()
        self.seat = Seat(built)
        self.config, self.rules = self._begun.config, self._begun.rules
        self.armament = prepare(built.filled, self.rules, self._begun.values)
        self._revision = revision(self.config, self.config, built.filled, self._begun.prices, seed=self._begun.seed)
        self._filed = [(0, BEGINNING, self._begun.data())]

    def _go_on(self) -> None:
        """The engine as its journal left it: the newest sound snapshot, and the rows behind it."""
        found, passed = snapshot.newest(self.folder / "snapshots", 1 << 62)
        start = Start(found.moment, found.blobs) if found is not None and found.moment is not None else None
        again = Replay(self.folder, start)
        differences = again.run()
        if differences:
            raise JournalError(f"{self.folder}: cannot be resumed: {differences[0]}")
        self.notes = passed + ([str(again.contents.torn)] if again.contents.torn else [])
        self._begun, self.seat = again.begun, again.seat
        self.config = again.force.config or again.begun.config
        self.rules = again.force.rules
        assert again.force.armament is not None
        self.armament, self._revision = again.force.armament, again.revision
        self._filed = [(0, name, data) for name, data in again.blobs.items()]

    # The face.

    @property
    def phase(self) -> str:
        """One of `PHASES`."""
        return self._look.phase

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def say(self, rows: NDArray[Any], *, who: str, text: str) -> int:
        """Let the engine hear rows; the number of the last."""
        return self._say(rows, who, text, ())

    def swap(self, armament: Armament, *, rules: RuleSet | None, who: str, text: str = "") -> int:
        """Replace the rules in force at one row, whose number is returned."""
        with self._saying:
            names = ", ".join(each.name for each in rules.rules) if rules is not None else "none"
            row = words.rule_set(armament.digest)
            ticket = self.seat.arm(armament)
            row["px"] = ticket
            blob = armament_blob(ticket, armament, rules)
            number = self._say(row, who, text or f"rules in force: {names}", ((ARMED, blob),))
            self.armament, self.rules = armament, rules
            self._filed.append((number, ARMED, blob))
            return number

    def reconfigure(self, config: StackedMarketMakingConfig, *, who: str, text: str = "") -> int:
        """Put an edited configuration in force at one row, whose number is returned."""
        with self._saying:
            fresh = self._revision.filled
            made = revision(self.config, config, fresh, self.prices, seed=self._begun.seed, rules=self.rules)
            row = words.rule_set(self.armament.digest, int(config.digest()[:15], 16))
            ticket = self.seat.arm(None, made)
            row["px"] = ticket
            said = text or "; ".join(f"{each.path}: {each.old} -> {each.new}" for each in made.changes)
            blob = configuration_blob(ticket, config)
            number = self._say(row, who, said or "configuration unchanged", ((CONFIGURED, blob),))
            self.config, self._revision = config, made
            self.filled = replace(self.filled, lines=made.filled.lines, notes=made.filled.notes)
            self._filed.append((number, CONFIGURED, blob))
            return number

    def _say(self, rows: NDArray[Any], who: str, text: str, blobs: Any) -> int:
        child = self._child
        if child is None or self._ending or self._phase in ("compiling", "ended", "failed"):
            raise StaleError(f"{text}: not heard, the session is {self._phase}")
        number = child.say(rows, who=who, text=text, blobs=blobs)
        self.record.said(self.seat.row_ns, text, who)
        return number

    def wait(self, number: int, timeout_s: float = 10.0) -> None:
        """Wait until the row of that number has been stepped and can be seen."""
        with self._change:
            self._change.wait_for(lambda: self._look.heard >= number or not self._running, timeout_s)
        if self._look.heard < number:
            why = f"{timeout_s:g} s have passed" if self._running else "the session has ended"
            raise StaleError(f"row {number} was not stepped: {why}")

    @property
    def _running(self) -> bool:
        return self._phase not in ("ended", "failed")

    def look(self) -> Look:
        """What was last published."""
        return self._look

    def fork(self, seconds: float) -> Fork:
        """The engine as of about `seconds` of row time ago, and the rows since."""
        page = self.seat.page()
        if page is None:
            raise StaleError("fork: the engine has not run yet; wait until it is live")
        return self._past.fork(seconds, int(page.head["number"]), int(page.head["row_ns"]))

    def stop(self, timeout_s: float = 10.0) -> None:
        """Pause, cancel everything, wait for the proof that no order lives, and end."""
        if self._child is None or not self._thread.is_alive():
            self._stop.set()
            return
        deadline = time.monotonic() + timeout_s
        if self._running and not self._ending:
            with suppress(StaleError):  # where the gateway has gone there is nobody left to cancel with
                self.say(words.control(kinds.PAUSE), who="", text="stopping: every order is cancelled")
        self._ending = True
        with self._change:
            self._change.wait_for(lambda: self._open() == 0 or not self._running, max(0.0, timeout_s))
        left = self._open() if self._running else 0
        self._finish(max(1.0, deadline - time.monotonic()))
        if left:
            self._note = f"{left} orders not proven dead: see the venues"
            raise StaleError(f"stop: {self._note}")

    def _open(self) -> int:
        state = self._look.state
        return 0 if state is None else int(state["open_orders"])

    def _finish(self, seconds: float) -> None:
        """The gateway ends the engine, and then itself."""
        child = self._child
        assert child is not None
        child.tell(do="stop")
        self._engine.join(seconds + 5.0)
        child.tell(do="end", hash=self.seat.hash)
        child.end(seconds + 5.0)
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(10.0)

    # The threads.

    def _serve(self) -> None:
        """The engine's thread: inside compiled code for all of its life."""
        self._ended_for = self.seat.serve(self._socket.fileno())
        self._socket.close()
        self._stop.set()

    def _run(self) -> None:
        """The host's thread: the gateway is started, and what the engine shows is handed on."""
        self._publish()
        self.seat.compile()
        self.seat.dials["publish_every"] = PUBLISH_NS
        self._seen = (int(self.seat.dials["tape_n"][0]), int(self.seat.dials["heard_n"][0]))
        self._socket, theirs = socket.socketpair()
        self._child = Child(self._first(), theirs, self.folder / "gateway.log", self._hear)
        self._engine.start()
        while not self._stop.wait(LOOK_S):
            self._observe()
            if self._over and not self._ending:
                self._ending = True
                self._finish(5.0)
        self._engine.join(10.0)
        if not self._ending:
            self._child.tell(do="end", hash=self.seat.hash)
        self._child.end(5.0)
        self._observe()
        why = getattr(self, "_ended_for", "the engine did not end")
        failed = why != "stopped" or bool(self._note)
        self._phase, self._note = ("failed" if failed and why != "stopped" else "ended"), self._note or why * failed
        self._publish()
        with self._change:
            self._change.notify_all()

    def _first(self) -> Message:
        s = self.seat.built.filled.state[0]
        says = {
            "folder": str(self.folder), "instance": "paper", "quota_bytes": self._quota, "number": self.seat.number,
            "awaited": self.seat.awaited, "source": dict(self.source.source), "speed": self._speed,
            "row_ns": max(self.seat.row_ns, self.source.start), "start": self.source.start,
            "ready": self.source.ready, "paused": bool(s["paused"]), "realtime": self._realtime,
            "silent_s": self._silent,
        }  # fmt: skip
        return Message(says, [] if self.seat.number else [(name, data) for _, name, data in self._filed])

    def _hear(self, message: Message | None) -> None:
        """What the gateway says, on its own thread."""
        if message is None:
            if self._running and not self._ending:
                self._note = "the gateway has gone"
            return
        says = message.says
        self._progress = float(says.get("progress", self._progress))
        if says.get("phase") in ("warming up", "live"):
            self._phase = says["phase"]
            self._prefer()
        elif says.get("phase") == "over":
            self._over = True
        elif says.get("phase") == "failed":
            self._note = str(says["text"])
        if "event" in says:
            self.record.events.add(Event(self.seat.row_ns / 1e6, says["event"], says["text"], "gateway"))

    def _prefer(self) -> None:
        thread = self._engine.native_id
        if self._realtime and self._phase == "live" and thread is not None and not prefer(thread):
            text = "real-time priority is not permitted here: the session runs without"
            self.record.events.add(Event(self.seat.row_ns / 1e6, "host", text))

    def _observe(self) -> None:
        """Hand on what the engine sent, heard and shows."""
        page = self.seat.page()
        tape_n, heard_n = int(self.seat.dials["tape_n"][0]), int(self.seat.dials["heard_n"][0])
        self.record.sent(_ring(self.seat.tape, self._seen[0], tape_n))
        if page is not None:
            self.record.heard(page.state[0], _ring(self.seat.heard, self._seen[1], heard_n))
            self._seen = (tape_n, heard_n)
            self.record.look(int(page.head["row_ns"]), page.state[0])
        self._keep_moment()
        self._publish(page)

    def _keep_moment(self) -> None:
        """A copy of everything now and then, in memory for forks and on disk for the next start."""
        moment = self.seat.taken_moment()
        if moment is not None and moment.row_ns >= self._moment_due:
            self._moment_due = (moment.row_ns // self._moment_ns + 1) * self._moment_ns
            self._past.keep(moment)
            snapshot.write(self.folder / "snapshots", moment, self._in_force(moment.number))
            assert self._child is not None
            self._child.tell(do="kept", number=self._past.oldest)
        elif self._phase == "live" and self.seat.row_ns >= self._moment_due and not self.seat.asks:
            self.seat.ask_moment()

    def _in_force(self, number: int) -> dict[str, bytes]:
        """What was in force after the row of that number; older things are forgotten, as no moment needs them."""
        with self._saying:  # whatever is just being said has its number when we are let in
            found = {name: (at, name, data) for at, name, data in self._filed if at <= number}
            self._filed = [*found.values(), *(each for each in self._filed if each[0] > number)]
        return {name: data for name, (_, _, data) in found.items()}

    def _publish(self, page: Page | None = None) -> None:
        number, bids, asks, state, heard, lag = self._look.number + 1, None, None, None, 0, 0.0
        if page is not None and self._phase != "warming up":
            bids, asks = (BookSide(*side) for side in page.sides)
            state, heard = view(page.state)[0], int(page.head["number"])
            lag = max(0.0, (time.monotonic_ns() - int(page.head["now"])) / SECOND)
        elif self._look.state is not None:
            state, bids, asks, heard = self._look.state, self._look.bids, self._look.asks, self._look.heard
        rate = self._rate()
        self._look = Look(
            self._phase, 1.0 if state is not None else self._progress, number, state, bids, asks, time.time_ns(), rate,
            lag, heard=heard, note=self._note,
        )  # fmt: skip
        with self._change:
            self._change.notify_all()
        for listener in list(self.listeners):
            listener()

    def _rate(self) -> float:
        now, stepped = time.monotonic_ns(), int(self.seat.dials["stepped"][0])
        self._pace = [*self._pace[-40:], (now, stepped)]
        (then, before), seconds = self._pace[0], (now - self._pace[0][0]) / SECOND
        return (stepped - before) / seconds if now > then else 0.0


def _ring(ring: NDArray[Any], seen: int, count: int) -> NDArray[Any]:
    """What was entered since; where the ring has gone round, its newest half."""
    first = seen if count - seen <= len(ring) * 3 // 4 else count - len(ring) // 2
    return ring[np.arange(first, count) % len(ring)]
