"""An engine with its simulated venues, in the arrays of the live loop: give it rows, or a socket that brings them."""

import sys
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.machine import COMPILED, view
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.core.state import STATE, state_hash
from stackedmm.engine import live as compiled
from stackedmm.engine import page as pages
from stackedmm.engine.arm import Armament
from stackedmm.engine.assembly import Assembly
from stackedmm.engine.host.revise import ONCE, Revision
from stackedmm.engine.instruments import (
    ARMED,
    BEAT_ROW,
    ENDINGS,
    FRAME,
    INSTRUMENTS,
    SLOTS,
    STORE_BYTES,
    STORES,
)
from stackedmm.errors import ConfigError, StaleError

AHEAD_ROWS: Final = 1 << 18
"""Market rows that may lie ahead of row time."""
FRAME_ROWS: Final = 4096
"""Most rows of one frame of the socket."""
TAPE: Final = 8192
HEARD: Final = 16384
OUT: Final = 4096


class Page(NamedTuple):
    """What the loop has published, unpacked: all copies."""

    head: Any
    """The PAGE record without its data."""
    state: NDArray[Any]
    """A STATE record: complete but for the scratch of rules and for orders that are dead."""
    sides: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    """Of bids and asks, best first: prices, and base coins a level and market."""


class Moment(NamedTuple):
    """Everything at one row: from here an engine goes on as if it had never stopped."""

    number: int
    row_ns: int
    told: int
    awaited: int
    """Market rows taken until then: how far their source has been read."""
    state: NDArray[Any]
    arena: NDArray[np.int64]
    X: NDArray[Any]
    XA: NDArray[np.int64]
    local: NDArray[Any]
    """Rows to come, in local order."""
    exchange: NDArray[Any]

    @property
    def hash(self) -> str:
        """Of the engine's state, as `state_hash`."""
        return state_hash(self.state, self.arena)


class Seat:
    """One engine. `take` steps rows here and now; `serve` steps what a socket brings, until it ends.

    `arm`, `page`, `moment` and the rings may be used from another thread while `serve` runs.
    """

    def __init__(self, built: Assembly, *, paper: bool = True, ahead_rows: int = AHEAD_ROWS) -> None:
        self.built = built
        self.local, self.exchange = np.zeros(ahead_rows, ROW), np.zeros(ahead_rows, ROW)
        self.tape, self.heard = np.zeros(TAPE, COMMAND), np.zeros(HEARD, ROW)
        self.dials = np.zeros(1, INSTRUMENTS)
        self._given = np.zeros(FRAME_ROWS, ROW)
        self._row, self._out = np.zeros(1, ROW), np.zeros(OUT, COMMAND)
        self._head, self._beat = np.zeros(1, FRAME), np.zeros(1, BEAT_ROW)
        self._armed = np.zeros(SLOTS, ARMED)
        self._page, self._levels = np.zeros(1, pages.PAGE), np.zeros(1, pages.LEVELS)
        self._ticket = 0
        self._copies: list[NDArray[Any]] = []
        self._point()
        self.dials["fd"], self.dials["paper"] = -1, paper
        built.X["local_at"] = built.X["exchange_at"] = 0

    # Rows.

    def take(self, rows: NDArray[Any]) -> None:
        """Step rows as the next of the sequence. Raises StaleError where too many lie ahead of row time."""
        rows = np.ascontiguousarray(rows, ROW)
        self.dials["fd"], self.dials["given"] = -1, len(rows)
        self._run(rows)
        self._refuse_what_failed()

    def compile(self) -> None:
        """Have everything that the loop needs compiled, before anybody has to wait for it."""
        self.take(np.zeros(0, ROW))
        pages.read_page(view(self._page), view(np.zeros(1, pages.PAGE)))

    def serve(self, fd: int) -> str:
        """Take what a stream socket brings until it ends; the reason, in words. Does not hold the GIL.

        Raises ConfigError where there is no compiled loop for a socket on this system.
        """
        if not COMPILED or sys.platform == "win32":
            raise ConfigError("live loop: found no compiled loop for sockets, expected Linux or macOS and the compiler")
        self.dials["fd"] = fd
        return ENDINGS[int(self._run(self._given))]

    def _run(self, given: NDArray[Any]) -> int:
        built = self.built
        ending: int = compiled.live(
            view(built.filled.state), built.filled.arena, built.links, built.X, built.XA, view(self.dials),
            view(self.local), view(self.exchange), view(given), view(self._row), view(self._out), view(self.tape),
            view(self.heard), view(self._armed), view(self._head), view(self._beat), view(self._page),
            view(self._levels),
        )  # fmt: skip
        return ending

    def _refuse_what_failed(self) -> None:
        if int(self.dials["ending"][0]):
            raise StaleError(f"engine: {ENDINGS[int(self.dials['ending'][0])]}, at row {self.number}")

    # What is put in force.

    def arm(self, armament: Armament | None, revision: Revision | None = None, *, ticket: int | None = None) -> int:
        """Lay rules and settings ready for a RULE_SET row that carries the ticket returned (in `px`).

        At most `SLOTS` may wait for their rows. Tickets count from 1; a replay gives those of the journal.
        """
        number = self._ticket + 1 if ticket is None else ticket
        if number - int(self.dials["ticket"][0]) > SLOTS:
            raise StaleError(f"rules: {SLOTS} changes wait for the engine, no more may; say it again later")
        a = self._armed[number % SLOTS : number % SLOTS + 1]
        a[0] = np.zeros((), ARMED)
        if armament is not None:
            a["arms"], a["given"] = 1, armament.record
        if revision is not None:
            _lay(a, revision)
        a["bytes_at"] = a.ctypes.data + offset_of(ARMED, "stored")
        a["ticket"] = number
        self._ticket = max(self._ticket, number)
        return number

    def tickets_from(self, ticket: int) -> None:
        """Go on counting tickets behind this one, which is in force."""
        self._ticket = ticket
        self.dials["ticket"] = ticket

    # What others see.

    @property
    def number(self) -> int:
        """Of the last row taken."""
        return int(self.dials["number"][0])

    @property
    def row_ns(self) -> int:
        """Row time reached."""
        return int(self.dials["row_ns"][0])

    @property
    def told(self) -> int:
        """A number that runs over all commands: engines that decided alike have the same."""
        return int(self.dials["told"][0])

    @property
    def awaited(self) -> int:
        """Market rows taken so far."""
        return int(self.dials["awaited"][0])

    @property
    def hash(self) -> str:
        """Of the engine's state; only while nothing runs."""
        return state_hash(self.built.filled.state, self.built.filled.arena)

    def page(self) -> Page | None:
        """What was last published; None before there is anything."""
        into = np.zeros(1, pages.PAGE)
        if not self._page["counter"][0] or not pages.read_page(view(self._page), view(into)):
            return None
        return _unpacked(into)

    def moment(self) -> Moment:
        """Everything now; only while nothing runs."""
        built, X = self.built, self.built.X
        local = self.local[int(X["local_at"][0]) : int(self.dials["local_n"][0])]
        exchange = self.exchange[int(X["exchange_at"][0]) : int(self.dials["exchange_n"][0])]
        arrays = (built.filled.state, built.filled.arena, built.X, built.XA, local, exchange)
        return Moment(
            self.number, self.row_ns, self.told, self.awaited, *(np.array(each, copy=True) for each in arrays)
        )

    def ask_moment(self) -> None:
        """Have the running loop copy everything at the end of its next frame; `taken_moment` answers it then."""
        if not self._copies:
            built = self.built
            arrays = (built.filled.state, built.filled.arena, built.X, built.XA, self.local, self.exchange)
            self._copies = [np.zeros_like(np.asarray(each)) for each in arrays]
            self.dials["to_at"][0] = [each.ctypes.data for each in self._copies]
        self.dials["copy_asked"] = self.dials["copy_taken"] + 1

    @property
    def asks(self) -> bool:
        """Whether a copy was asked for and is not there yet."""
        return bool(self.dials["copy_asked"][0] > self.dials["copy_taken"][0])

    def taken_moment(self) -> Moment | None:
        """The copy that was asked for, once it is there: valid until the next is asked for."""
        d = self.dials[0]
        if not self._copies or d["copy_taken"] < d["copy_asked"]:
            return None
        state, arena, X, XA, local, exchange = self._copies
        rows = local[: int(d["copy_local"])], exchange[: int(d["copy_exchange"])]
        number, row_ns, told, awaited = (int(d[f"copy_{name}"]) for name in ("number", "row_ns", "told", "awaited"))
        return Moment(number, row_ns, told, awaited, state, arena, X, XA, *rows)

    def go_on_from(self, moment: Moment) -> None:
        """Become the engine of a moment, which was one of the same core and sizes; its rules are armed separately."""
        built = self.built
        for ours, theirs in (
            (built.filled.state, moment.state), (built.filled.arena, moment.arena), (built.X, moment.X),
            (built.XA, moment.XA),
        ):  # fmt: skip
            np.asarray(ours).view(np.uint8)[...] = np.asarray(theirs).view(np.uint8)
        self.local[: len(moment.local)], self.exchange[: len(moment.exchange)] = moment.local, moment.exchange
        built.X["local_at"] = built.X["exchange_at"] = 0
        self.dials["local_n"], self.dials["exchange_n"] = len(moment.local), len(moment.exchange)
        for name in ("number", "row_ns", "told", "awaited"):
            self.dials[name] = getattr(moment, name)

    def _point(self) -> None:
        """Tell the loop where its arrays lie."""
        built, d = self.built, self.dials
        X = np.asarray(built.X)
        arrays = (built.filled.state, built.filled.arena, X, built.XA, self.local, self.exchange)
        d["from_at"][0] = [each.ctypes.data for each in arrays]
        d["sizes"][0] = [each.nbytes for each in arrays[:4]]
        for name, array in (
            ("head_at", self._head), ("given_at", self._given), ("beat_at", self._beat), ("tape_at", self.tape),
            ("heard_at", self.heard), ("page_at", self._page),
        ):  # fmt: skip
            d[name] = array.ctypes.data
        d["given_max"] = FRAME_ROWS
        d["clock_at"] = d.ctypes.data + offset_of(INSTRUMENTS, "clock")
        for side in range(2):
            for i, name in enumerate(("prices", "shares")):
                d["levels_at"][0, side, i] = self._levels[name][0, side].ctypes.data


def _lay(a: NDArray[Any], revision: Revision) -> None:
    """Enter a revision's settings as bytes and places in the state."""
    at = 0
    if len(revision.stores) > STORES:
        raise ConfigError(f"configuration: found {len(revision.stores)} settings that differ, at most {STORES} fit")
    for i, store in enumerate(revision.stores):
        offset, dtype = place(store.way)
        data = np.asarray(store.value).astype(dtype.base).tobytes()
        if at + len(data) > STORE_BYTES:
            raise ConfigError(f"configuration: the settings that differ do not fit into {STORE_BYTES} bytes")
        a["store_at"][0, i], a["store_size"][0, i] = offset, len(data)
        a["store_once"][0, i] = store.way[-1] in ONCE
        a["stored"][0, at : at + len(data)] = np.frombuffer(data, np.uint8)
        at += len(data)
    a["stores_n"] = len(revision.stores)


def place(way: tuple[str | int, ...]) -> tuple[int, np.dtype[Any]]:
    """Offset in the state of a field named by its way, records and arrays inside walked through, and its dtype."""
    offset, dtype = 0, np.dtype(STATE)
    for step in way:
        if isinstance(step, str):
            offset += offset_of(dtype, step)
            dtype = dtype[step]
        else:
            base, shape = dtype.base, dtype.shape
            stride = int(np.prod(shape[1:], dtype=np.int64)) * base.itemsize
            offset += int(step) * stride
            dtype = np.dtype((base, shape[1:])) if shape[1:] else base
    return offset, dtype


def offset_of(dtype: np.dtype[Any], name: str) -> int:
    """Where a field begins in its record."""
    assert dtype.fields is not None
    return int(dtype.fields[name][1])


def _unpacked(into: NDArray[Any]) -> Page:
    """A page as a state and the stacked book."""
    p, data = into[0], into["data"][0]
    state = np.zeros(1, STATE)
    state.view(np.uint8)[: int(p["prefix"])] = data[: int(p["prefix"])]
    quotes = state["quotes"].view(np.uint8).reshape(-1)
    size = int(p["quotes"]) * pages.QUOTE_BYTES
    quotes[:size] = data[int(p["at"][1]) : int(p["at"][1]) + size]
    orders = int(p["orders"])
    shown = data[int(p["at"][2]) : int(p["at"][2]) + orders * pages.ORDER_BYTES]
    state["orders"][0, p["slots"][:orders]] = shown.view(STATE["orders"].base)
    markets, sides = int(state["markets_n"][0]), []
    for side in range(2):
        n, at = int(p["levels"][side]), int(p["at"][3 + side])
        numbers = data[at : at + 8 * n * (1 + markets)].view(np.float64)
        sides.append((numbers[:n].copy(), numbers[n:].reshape(n, markets).copy()))
    return Page(p, state, tuple(sides))
