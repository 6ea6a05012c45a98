"""The one order of everything: a row gets its number, is written down, and only then goes to the engine."""

import socket
import struct
import time
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import COMMAND, ROW
from stackedmm.engine.instruments import ANSWERS, BEAT, BEAT_ROW, COMMANDS, ENDED, FRAME, STOP, TAKE
from stackedmm.engine.journal import Journal
from stackedmm.errors import VenueError

FRAME_ROWS: Final = 4096
"""Most rows of one frame."""
BUFFER_BYTES: Final = 1 << 20
HEAD: Final = struct.Struct("<IHHq")
"""A FRAME."""
assert HEAD.size == FRAME.itemsize


class Heard(NamedTuple):
    """One frame from the engine."""

    kind: int
    number: int
    records: NDArray[Any]
    """COMMANDs, ROWs or a BEAT_ROW."""


class Sequencer:
    """The journal and the engine's socket, as one: at most one frame is under way at a time."""

    def __init__(self, journal: Journal, engine: socket.socket) -> None:
        self.journal, self.engine = journal, engine
        engine.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            engine.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        self.answered = journal.number
        """Number of the last row whose heartbeat has come."""
        self.heard_ns = time.monotonic_ns()
        """When the engine was last heard, or first owed an answer, by the monotonic clock."""
        self.told = 0
        self.row_ns = 0
        self._held: list[tuple[int, bytes]] = []
        self._out = memoryview(b"")
        self._in = bytearray()

    @property
    def number(self) -> int:
        """Of the last row sequenced."""
        return self.journal.number

    @property
    def ready(self) -> bool:
        """Whether the next frame may be made: the last one is in the socket, and nothing is held back."""
        return not self._out and not self._held

    @property
    def holds(self) -> bool:
        """Whether rows are numbered that could not be written down yet."""
        return bool(self._held)

    @property
    def silent_s(self) -> float:
        """For how long the engine has owed an answer."""
        return (time.monotonic_ns() - self.heard_ns) / 1e9 if self.answered < self.number else 0.0

    def send(self, rows: bytes) -> int:
        """Number ROWs, given by their bytes, write them down, send them; at most `FRAME_ROWS`, only when `ready`.

        Returns the number of the last. Raises JournalError where they could not be written down: they keep their
        numbers and are held back until `release` has written them.
        """
        if self.answered == self.number:
            self.heard_ns = time.monotonic_ns()
        self._held.append((self.journal.row_bytes(rows), rows))
        self.release()
        return self.number

    def release(self) -> None:
        """Write down and send what was held back, if anything was. Raises JournalError where that fails again."""
        self.journal.flush()
        held, self._held = self._held, []
        for first, payload in held:
            self._put(TAKE, first, payload)

    def stop(self) -> None:
        """Tell the engine to end, behind everything that was sent."""
        self._put(STOP, self.number + 1, b"")

    def _put(self, kind: int, number: int, payload: bytes) -> None:
        data = HEAD.pack(len(payload), kind, 0, number) + payload
        self._out = memoryview(bytes(self._out) + data if self._out else data)
        self.push()

    def push(self) -> None:
        """Go on sending what did not fit the socket yet. Raises VenueError where the engine has gone."""
        while self._out:
            try:
                self._out = self._out[self.engine.send(self._out) :]
            except BlockingIOError:
                return
            except OSError as error:
                raise VenueError(f"engine: its socket has closed: {error.strerror}") from error

    def pull(self) -> list[Heard]:
        """What the engine has said, entered into the journal. Raises VenueError where it has gone."""
        found: list[Heard] = []
        try:
            while data := self.engine.recv(BUFFER_BYTES):
                self._in += data
            raise VenueError("engine: its socket has closed")
        except BlockingIOError:
            pass
        except OSError as error:
            raise VenueError(f"engine: its socket has closed: {error.strerror}") from error
        finally:
            found += self._frames()
        return found

    def _frames(self) -> list[Heard]:
        found, at = [], 0
        while len(self._in) - at >= FRAME.itemsize:
            head = np.frombuffer(self._in[at : at + FRAME.itemsize], FRAME)[0]
            end = at + FRAME.itemsize + int(head["length"])
            if end > len(self._in):
                break
            found.append(self._enter(head, bytes(self._in[at + FRAME.itemsize : end])))
            at = end
        del self._in[:at]
        return found

    def _enter(self, head: Any, data: bytes) -> Heard:
        kind, number = int(head["kind"]), int(head["number"])
        if kind == COMMANDS:
            records = np.frombuffer(data, COMMAND)
            self.journal.commands(records, number)
        elif kind == ANSWERS:
            records = np.frombuffer(data, ROW)
            self.journal.answers(records, number)
        elif kind in (BEAT, ENDED):
            records = np.frombuffer(data, BEAT_ROW)
            self.told, self.row_ns = int(records["told"][0]), int(records["row_ns"][0])
            self.answered, self.heard_ns = number, time.monotonic_ns()
        else:
            raise VenueError(f"engine: found a frame of kind {kind}, expected commands, answers or a heartbeat")
        return Heard(kind, number, records)
