"""Running a journal again: the same rows into the same engine, and what it then is held against what was written."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.shape import FIRST_RULE
from stackedmm.engine.host.revise import Revision, revision
from stackedmm.engine.journal import BLOB, END, KEPT, NOTE, ROWS, Contents, Frame, read
from stackedmm.engine.journal.frames import blob_in, rows_in
from stackedmm.engine.replay import beginning as blobs
from stackedmm.engine.replay.beginning import Beginning, Change
from stackedmm.engine.seat import Moment, Seat
from stackedmm.errors import JournalError


class Difference(NamedTuple):
    """Where the replayed engine is not what the journal says."""

    number: int
    what: str
    written: object
    found: object

    def __str__(self) -> str:
        return f"row {self.number}: {self.what}: the journal says {self.written}, replayed it is {self.found}"


class Start(NamedTuple):
    """Where a replay begins other than at the first row: everything at one row, and what was in force there."""

    moment: Moment
    blobs: Mapping[str, bytes]
    """The beginning, and the newest armament and configuration, where there was one."""


class Replay:
    """An engine in this process that follows a journal from its beginning, or from a snapshot.

    `run` takes rows; `seat` is then that engine. A journal whose market rows were dropped is refused.
    """

    def __init__(self, folder: str | Path, start: Start | None = None) -> None:
        self.folder = Path(folder)
        self.contents: Contents = read(folder, after=start.moment.number if start is not None else 0)
        self.seat: Seat
        self.begun: Beginning
        self.force: Change
        """What is in force: of rules and configuration each the newest."""
        self.blobs: dict[str, bytes] = {}
        self.checked = 0
        """Heartbeats and ends that were compared."""
        self.revision: Revision
        """Of the configuration in force: the next edit is told from it."""
        self._told: dict[int, int] = {}
        self._frames: Iterator[Frame] = iter(self.contents)
        self._waiting: Frame | None = None
        self._take_start(start)

    def run(self, until: int | None = None, progress: Callable[[int], None] | None = None) -> list[Difference]:
        """Take all rows, or those with numbers up to `until`; the differences found on the way."""
        found: list[Difference] = []
        while (frame := self._next()) is not None:
            if until is not None and frame.kind == ROWS and frame.number > until:
                self._waiting = frame
                break
            self._take(frame, until, found)
            if progress is not None and frame.kind == ROWS:
                progress(self.seat.number)
        return found

    def _next(self) -> Frame | None:
        frame, self._waiting = self._waiting, None
        return frame if frame is not None else next(self._frames, None)

    def _take(self, frame: Frame, until: int | None, found: list[Difference]) -> None:
        if frame.kind == KEPT and frame.number > self.seat.number:
            raise JournalError(f"{self.folder}: market rows up to {frame.number} were dropped, they cannot be replayed")
        if frame.kind == ROWS:
            self._step(frame, until)
        elif frame.kind == BLOB and frame.number >= self.seat.number:
            self._blob(frame)
        elif frame.kind in (NOTE, END):
            self._compare(frame, found)

    def _step(self, frame: Frame, until: int | None) -> None:
        skipped = max(0, self.seat.number + 1 - frame.number)
        wanted = frame.items if until is None else min(frame.items, until - frame.number + 1)
        rows = rows_in(frame, self.contents.layout)[skipped:wanted]
        if not len(rows):
            return
        self.seat.take(rows)
        self._told[self.seat.number] = self.seat.told
        while len(self._told) > 4096:
            del self._told[next(iter(self._told))]

    def _blob(self, frame: Frame) -> None:
        name, data = blob_in(frame)
        if name in (blobs.ARMED, blobs.CONFIGURED):
            self.put(name, data)

    def put(self, name: str, data: bytes) -> None:
        """Lay ready what a blob says, for the row that carries its ticket."""
        made = blobs.change(name, data)
        self.blobs[name] = data
        if made.config is not None:
            before = self.force.config or self.begun.config
            self.revision = self._revised(before, made.config)
            self.seat.arm(None, self.revision, ticket=made.ticket)
            self.force = self.force._replace(config=made.config, ticket=made.ticket)
        else:
            self.seat.arm(made.armament, ticket=made.ticket)
            self.force = self.force._replace(armament=made.armament, rules=made.rules, ticket=made.ticket)

    def _revised(self, before: StackedMarketMakingConfig, config: StackedMarketMakingConfig) -> Revision:
        prices, seed = self.begun.prices, self.begun.seed
        return revision(before, config, self.revision.filled, prices, seed=seed, rules=self.force.rules)

    def _compare(self, frame: Frame, found: list[Difference]) -> None:
        """Hold what the engine said then against what it says now."""
        said: dict[str, Any] = frame.json
        number = int(said.get("number", -1))
        if "told" in said and number in self._told:
            self.checked += 1
            if said["told"] != self._told[number]:
                found.append(Difference(number, "commands", said["told"], self._told[number]))
        if "hash" in said and number == self.seat.number and said["hash"] != self.seat.hash:
            found.append(Difference(number, "state", said["hash"], self.seat.hash))

    def _take_start(self, start: Start | None) -> None:
        """Make the engine that the journal, or the snapshot, begins with."""
        if start is None:
            first = next((f for f in self._frames if f.kind == BLOB and blob_in(f)[0] == blobs.BEGINNING), None)
            if first is None:
                raise JournalError(f"{self.folder}: found no beginning of an engine in the journal")
            self.blobs[blobs.BEGINNING] = blob_in(first)[1]
        else:
            self.blobs |= start.blobs
        self.begun = blobs.beginning(self.blobs[blobs.BEGINNING])
        built = self.begun.assembled()
        self.seat = Seat(built, paper=self.begun.paper)
        self.force = blobs.first_change(self.begun, built)
        config = self.begun.config
        self.revision = revision(config, config, built.filled, self.begun.prices, seed=self.begun.seed)
        if start is not None:
            for name in (blobs.CONFIGURED, blobs.ARMED):
                if name in start.blobs:
                    self._put_now(name, start.blobs[name])
            self.seat.go_on_from(start.moment)

    def _put_now(self, name: str, data: bytes) -> None:
        """Put in force what a snapshot was under: its settings and rule records stand in the state already."""
        made = blobs.change(name, data)
        if made.armament is not None:
            self.seat.built.links[FIRST_RULE:] = made.armament.record["addresses"][0]
            self.force = self.force._replace(
                armament=made.armament, rules=made.rules, ticket=max(made.ticket, self.force.ticket)
            )
        if made.config is not None:
            before = self.force.config or self.begun.config
            self.revision = self._revised(before, made.config)
            self.force = self.force._replace(config=made.config, ticket=max(made.ticket, self.force.ticket))
        self.seat.tickets_from(self.force.ticket)
