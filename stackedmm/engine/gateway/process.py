"""The gateway's own process: it numbers every row, writes it down, paces row time and watches the engine's heart."""

import os
import selectors
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from stackedmm.core import rows
from stackedmm.core.codes import ALL
from stackedmm.core.rows import ROW
from stackedmm.engine.gateway.message import Inbox, Message, packed
from stackedmm.engine.gateway.sequencer import FRAME_ROWS, Heard, Sequencer
from stackedmm.engine.gateway.sources import SECOND, Supply, feed_of
from stackedmm.engine.gateway.table import Orders
from stackedmm.engine.instruments import ANSWERS, BEAT, COMMANDS, ENDED
from stackedmm.engine.journal import Journal
from stackedmm.errors import JournalError, StackedmmError, VenueError

AHEAD_NS: Final = 2 * SECOND
"""Market rows are sent at least this far ahead of row time: the simulated venues must know what follows."""
GRID_NS: Final = SECOND // 10
"""Longest time between two marks of row time."""
SLICE_NS: Final = 5_000_000
"""Shortest time between two marks, by the wall clock."""
CATCH_UP_NS: Final = SECOND
NOTE_S: Final = 1.0
WORDS: Final = 256
STOP_S: Final = 5.0
REFILL_S: Final = 1.0
PRIORITY: Final = 10
ROW_BYTES: Final = struct.Struct("<qqqqiHBB")
"""A ROW."""
assert ROW_BYTES.size == ROW.itemsize
GATEWAY: Final = "gateway"
OUTBOX_BYTES: Final = 1 << 20


class Gateway:
    """One life of the gateway, from the kernel's first message to a clean end or the loss of the kernel."""

    def __init__(self, engine: socket.socket, control: socket.socket, begin: Message, inbox: Inbox) -> None:
        said = begin.says
        self.control = control
        self._inbox, self._outbox = inbox, bytearray()
        self.journal = Journal(said["folder"], instance=said["instance"], quota_bytes=said["quota_bytes"])
        if self.journal.number != said["number"]:
            ends, expected = self.journal.number, said["number"]
            raise JournalError(f"{said['folder']}: the journal ends at row {ends}, the engine at {expected}")
        self.sequencer = Sequencer(self.journal, engine)
        self.supply = Supply(feed_of(said["source"]), taken=said["awaited"])
        self.speed: float = said["speed"]
        self._realtime: bool = said["realtime"]
        self._silent_s: float = said["silent_s"]
        """An engine that owes an answer for longer is silent: everything is cancelled."""
        self.orders = Orders()
        self.until: int = said["row_ns"]
        """Row time that the last mark gave."""
        self._start: int = said["start"]
        self._ready: int | None = said["ready"]
        """Row time up to which to run at full speed; None: the present."""
        self._phase = "warming up"
        self._words: deque[Message] = deque()
        self._begun = (0, 0)
        """Monotonic time and row time at which pacing began."""
        self._marked = self._noted = 0.0
        self._paused_for = ""
        """Why the gateway itself has paused quoting."""
        self._stop_at = float("inf")
        self._stopping = False
        self._full = self._told_quota = False
        self._refill_at = 0.0
        self._person_paused: bool = said["paused"]
        for name, data in begin.blobs:
            self.journal.blob(name, data)
        self.journal.note({"gateway": "begins", "engine": said["number"], "torn": self.journal.torn})
        self.journal.flush()
        self._selector = selectors.DefaultSelector()
        control.setblocking(False)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(engine, selectors.EVENT_READ)
        signal.signal(signal.SIGTERM, self._terminate)
        self._tell(phase="warming up")

    def run(self) -> int:
        """Until the end: 0 for a clean one, 3 where engine or kernel was lost, 1 where the gateway failed."""
        try:
            while not self._stopping:
                self._turn()
            return self._end()
        except VenueError as error:
            return self._lost(str(error))

    # One turn.

    def _turn(self) -> None:
        try:
            self._listen(self._patience())
            if self.sequencer.holds:
                self.sequencer.release()
            if self.sequencer.ready and not self._stopping:
                self._next()
                self._room_again()
        except JournalError as error:
            self._disk_full(error)
        self._watch()

    def _patience(self) -> float:
        """Seconds until something is due, 0 where something is."""
        if not self.sequencer.ready or self._phase == "warming up" or self._words:
            return 0.0 if self.sequencer.ready else 0.05
        if self._phase == "over":
            return GRID_NS / SECOND
        wait = (self._marked + SLICE_NS / SECOND) - time.monotonic()
        next_ns = self.supply.next_mark(self.until)
        due = min(self.until + GRID_NS, next_ns if next_ns is not None else self.until + GRID_NS)
        return min(max(wait, (due - self._due()) / SECOND / self.speed, 0.0), 0.1)

    def _listen(self, seconds: float) -> None:
        """Wait for engine, kernel or time, and take what came."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self.control:
                self._hear_kernel()
        self._push()
        self.sequencer.push()
        for heard in self.sequencer.pull():
            self._hear_engine(heard)

    def _next(self) -> None:
        """Send the next frame, if one is due: what people say first, then the market and a mark of row time."""
        if self._words:
            self._say(self._words.popleft())
        elif self._phase == "warming up":
            end = self._ready if self._ready is not None else time.time_ns()
            if end - self.until <= GRID_NS or self._until_the_end(self.until + 1) <= self.until:
                self._begin_live()
            else:
                self._advance(self._until_the_end(min(self.until + CATCH_UP_NS, end)), stamp=False)
                self._tell(progress=(self.until - self._start) / max(end - self._start, 1))
        elif time.monotonic() - self._marked >= SLICE_NS / SECOND:
            due = self._until_the_end(min(self._due(), self.until + CATCH_UP_NS))
            if due > self.until:
                self._advance(due, stamp=True)
            elif self.supply.over and self.until >= self.supply.end and self._phase == "live":
                self._phase = "over"
                self._tell(phase="over")

    def _until_the_end(self, until: int) -> int:
        """Row time goes no further than its market."""
        self.supply.know(until + AHEAD_NS)
        return min(until, self.supply.end) if self.supply.over else until

    def _advance(self, until: int, *, stamp: bool) -> None:
        """Market rows ahead of row time, then row time itself."""
        while not self._full:
            batch = self.supply.up_to(until + AHEAD_NS, FRAME_ROWS - 1).tobytes()
            if len(batch) < (FRAME_ROWS - 1) * ROW.itemsize:
                break
            self.sequencer.send(batch)
            while not self.sequencer.ready:
                self._listen(0.05)
                self._watch()
        else:
            batch = b""
        self._marked = time.monotonic()
        self.sequencer.send(batch + mark(until, time.monotonic_ns() if stamp else 0))
        self.until = until

    def _say(self, word: Message) -> None:
        """Sequence a person's rows at the row time reached."""
        for name, data in word.blobs:
            self.journal.blob(name, data)
        said = word.rows.copy()
        said["ts"] = self.until
        who = {"who": word.says["who"], "text": word.says["text"], "rows": len(said)}
        self.journal.note(who)
        for row in said[(said["kind"] == rows.CONTROL) & (said["market"] == ALL)]:
            if row["ref"] in (rows.PAUSE, rows.RESUME) and word.says["who"] != GATEWAY:
                self._person_paused = bool(row["ref"] == rows.PAUSE)
        self._tell(said=word.says["id"], number=self.sequencer.send(said.tobytes()))

    def _begin_live(self) -> None:
        self._phase = "live"
        if self._realtime:
            prefer(0)
        self._begun = (time.monotonic_ns(), self.until)
        self._tell(phase="live")

    def _due(self) -> int:
        wall, row = self._begun
        return row + int((time.monotonic_ns() - wall) * self.speed)

    # What is heard.

    def _hear_kernel(self) -> None:
        try:
            data = self.control.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError as error:
            raise VenueError(f"kernel: its socket has closed: {error.strerror}") from error
        if not data:
            raise VenueError("kernel: its socket has closed")
        self.take(self._inbox.add(data))

    def take(self, messages: Iterable[Message]) -> None:
        """Take the kernel's messages: words wait for the next turn, a bounded number of them."""
        for message in messages:
            if message.says["do"] == "say":
                self._words.append(message) if len(self._words) < WORDS else self._tell(refused=message.says["id"])
            elif message.says["do"] == "stop":
                self._stopping = True
            elif message.says["do"] == "kept":
                self.journal.keep_after = int(message.says["number"])

    def _hear_engine(self, heard: Heard) -> None:
        if heard.kind == COMMANDS:
            self.orders.sent(heard.records)
        elif heard.kind == ANSWERS:
            self.orders.heard(heard.records)
        elif heard.kind in (BEAT, ENDED) and time.monotonic() - self._noted > NOTE_S:
            self._noted = time.monotonic()
            beat = heard.records[0]
            self.journal.note({"number": heard.number, "told": int(beat["told"]), "row_ns": int(beat["row_ns"])})

    def _watch(self) -> None:
        """An engine that is silent finds a pause first when it comes back; one that answers again goes on."""
        silent = self.sequencer.silent_s
        if silent > self._silent_s and not self._paused_for:
            self._pause(f"the engine has been silent for {silent:.1f} s")
        elif self._paused_for.startswith("the engine") and silent < self._silent_s / 2 and self.sequencer.ready:
            self._resume()
        if self.journal.over_quota and not self._told_quota:
            self._told_quota = True
            self._tell(event="ALERT", text="the journal is above its quota, and only what must not be dropped is left")
        if self._stop_at < float("inf"):
            over = time.monotonic() > self._stop_at or not (self.orders.alive or self._words)
            self._stopping = self._stopping or over

    def _pause(self, why: str) -> None:
        self._paused_for = why
        self._words.appendleft(_word(rows.PAUSE, f"{why}: everything is cancelled"))
        self._tell(event="ALERT", text=f"{why}: everything is cancelled, {len(self.orders.alive)} orders")

    def _resume(self) -> None:
        why, self._paused_for = self._paused_for, ""
        if self._person_paused:
            self._tell(event="gateway", text=f"{why}: that is over; quoting stays paused, as somebody said before")
            return
        self._words.append(_word(rows.RESUME, f"{why}: that is over, quoting goes on"))
        self._tell(event="gateway", text=f"{why}: that is over, quoting goes on")

    # A full disk.

    def _disk_full(self, error: JournalError) -> None:
        """Cancel-only: no market row is sent, so nothing new is quoted; the reserve holds pause, cancels and marks."""
        if not self._full:
            self._full, self._refill_at = True, time.monotonic() + REFILL_S
            self.journal.give_up_reserve()
            self._pause(f"the journal cannot be written ({error})")
        else:
            time.sleep(0.05)  # not even the reserve is left: nothing is sent, and silence stands for itself

    def _room_again(self) -> None:
        if not self._full or time.monotonic() < self._refill_at:
            return
        self._refill_at = time.monotonic() + REFILL_S
        if self.journal.refill():
            self._full = False
            self._resume()

    # The end.

    def _terminate(self, *_: Any) -> None:
        """SIGTERM: everything is cancelled, then the end."""
        if self._stop_at == float("inf"):
            self._stop_at = time.monotonic() + STOP_S
            self._pause("the gateway was told to end")

    def _end(self) -> int:
        """The engine ends behind everything it was sent; the kernel says what it then is, and that is written last."""
        self._stopping = True
        deadline = time.monotonic() + STOP_S
        while not self.sequencer.ready and time.monotonic() < deadline:
            self._listen(0.05)
        self.sequencer.stop()
        ended = False
        while not ended and time.monotonic() < deadline:
            self._selector.select(0.05)
            ended = any(heard.kind == ENDED for heard in self.sequencer.pull())
        self._tell(phase="ended", number=self.sequencer.number)
        end = {"number": self.sequencer.number, "told": self.sequencer.told}
        self.control.settimeout(STOP_S)
        try:
            for message in self._inbox.add(self.control.recv(1 << 20)):
                end |= {"hash": message.says["hash"]} if message.says["do"] == "end" else {}
        except OSError:
            pass  # the kernel has gone: the end is written without its word
        self.journal.close(end)
        return 0

    def _lost(self, why: str) -> int:
        """Engine or kernel has gone: what was alive is named, and the journal closed where it stands."""
        left = sorted(self.orders.alive)
        # In paper the venues stand inside the engine, and its orders went with it.
        self.journal.note({"gateway": "ends", "why": why, "orders": left})
        self.journal.close()
        return 3

    def _tell(self, **says: Any) -> None:
        """Say something to the kernel; it is not waited for, but a bounded while."""
        self._outbox += packed(Message(says))
        if len(self._outbox) > OUTBOX_BYTES:
            raise VenueError(f"kernel: it has left {len(self._outbox)} bytes unread")
        self._push()

    def _push(self) -> None:
        try:
            while self._outbox:
                del self._outbox[: self.control.send(self._outbox)]
        except BlockingIOError:
            return
        except OSError as error:
            raise VenueError(f"kernel: its socket has closed: {error.strerror}") from error


def mark(until: int, stamp: int) -> bytes:
    """The row that takes row time to `until`; `stamp` is the monotonic time when it was made, 0 without one."""
    return ROW_BYTES.pack(until, 0, 0, stamp, 0, 0, rows.TIMER, rows.LAST)


def _word(code: int, text: str) -> Message:
    row = np.zeros(1, ROW)
    row["kind"], row["ref"], row["market"], row["marks"] = rows.CONTROL, code, ALL, rows.LAST
    return Message({"do": "say", "id": 0, "who": GATEWAY, "text": text}, rows=row)


def prefer(thread: int) -> bool:
    """Ask for real-time priority for a thread (0: this one); whether the system granted it."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True


def serve(engine: socket.socket, control: socket.socket) -> int:
    """Wait for the kernel's first message and run; the process's exit code."""
    inbox = Inbox()
    control.settimeout(60.0)
    begin: list[Message] = []
    while not begin:
        data = control.recv(1 << 20)
        if not data:
            return 3
        begin = inbox.add(data)
    try:
        gateway = Gateway(engine, control, begin[0], inbox)
        gateway.take(begin[1:])
    except StackedmmError as error:
        control.sendall(packed(Message({"phase": "failed", "text": str(error)})))
        return 1
    return gateway.run()
