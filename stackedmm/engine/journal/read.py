"""Reading a journal: every frame proven, a torn end cut off and said, damage in the middle refused with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.engine.journal.frames import (
    ANSWERS,
    BLOB,
    COMMANDS,
    HEADER,
    KEPT,
    MARK,
    ROWS,
    VERSION,
    Frame,
    blob_in,
    numbers_in,
    parse,
    rows_in,
)
from stackedmm.errors import JournalError

SUFFIX: Final = ".journal"


class Torn(NamedTuple):
    """The end of the last segment was not written whole: what was lost with a crash."""

    path: Path
    offset: int
    """Where the sound part ends."""
    lost: int
    """Bytes behind it."""

    def __str__(self) -> str:
        return f"{self.path}: torn at byte {self.offset}, {self.lost} bytes behind it are left out"


@dataclass
class Contents:
    """A journal being read: iterate over it for the frames in order; what was learned on the way stands beside.

    A damaged or incomplete middle raises JournalError when the reading comes to it.
    """

    folder: Path
    headers: list[dict[str, Any]] = field(default_factory=list)
    """One a segment, so far."""
    torn: Torn | None = None
    number: int = 0
    """Of the last row so far; 0 before the first."""
    thinned: bool = False
    """Whether market rows were dropped: such a stretch can be read and not replayed."""
    after: int = 0
    """Segments whose rows all have numbers up to this one may be skipped; they are where a later header says so."""

    @property
    def layout(self) -> dict[str, Any]:
        """The layout of the segment being read."""
        return self.headers[-1]

    def __iter__(self) -> Iterator[Frame]:
        paths = segments(self.folder)
        if not paths:
            raise JournalError(f"{self.folder}: found no *{SUFFIX} file, expected a journal")
        skipped = self._start(paths)
        for place, path in enumerate(paths[skipped:], skipped):
            yield from self._segment(path, last=place == len(paths) - 1)

    def rows(self) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Numbers and ROWs, frame by frame."""
        for each in self:
            if each.kind in (ROWS, KEPT):
                yield numbers_in(each), rows_in(each, self.layout)

    def blobs(self) -> Iterator[tuple[int, str, bytes]]:
        """Number of the last row before it, name and bytes of each blob."""
        for each in self:
            if each.kind == BLOB:
                yield each.number, *blob_in(each)

    def _start(self, paths: list[Path]) -> int:
        """How many segments at the beginning hold nothing behind `after`."""
        skipped = 0
        while self.after and skipped + 1 < len(paths):
            first = parse(_bytes(paths[skipped + 1]), 0, _number_of(paths[skipped + 1]))
            if first is None or first.kind != HEADER or first.number > self.after:
                break
            skipped += 1
            self.number = first.number
        return skipped

    def _segment(self, path: Path, *, last: bool) -> Iterator[Frame]:
        data, segment, offset = _bytes(path), _number_of(path), 0
        while offset < len(data):
            found = parse(data, offset, segment)
            if found is None:
                self.torn = _torn(path, data, offset, segment, last)
                return
            self._enter(found, path)
            yield found
            offset = found.offset + len(found.payload) + _HEAD_SIZE

    def _enter(self, found: Frame, path: Path) -> None:
        """Follow headers and row numbers; refuse what does not continue what was read."""
        if (found.kind == HEADER) != (found.offset == 0):
            raise JournalError(f"{path}: byte {found.offset}: found frame {found.kind}, expected one header, first")
        if found.kind == HEADER:
            header = found.json
            if header.get("version") != VERSION:
                raise JournalError(f"{path}: found version {header.get('version')}, expected {VERSION}")
            self.headers.append(header)
        if found.kind in (COMMANDS, ANSWERS):
            return  # the engine's word on rows that were sent some time before
        if found.number < self.number or (found.kind == ROWS and found.number != self.number + 1):
            what = f"found row {found.number} after row {self.number}"
            raise JournalError(f"{path}: byte {found.offset}: {what}, expected {self.number + 1}: a part is missing")
        if found.kind == KEPT:
            self.thinned = True
            self.number = found.number
        elif found.kind == ROWS:
            self.number += found.items


def read(folder: str | Path, *, after: int = 0) -> Contents:
    """The journal in a folder; `after` leaves out whole segments whose rows all have numbers up to it."""
    return Contents(Path(folder), after=after)


def segments(folder: Path) -> list[Path]:
    """The segment files in order; JournalError where one is missing between others."""
    paths = sorted(folder.glob(f"[0-9]*{SUFFIX}"))
    found = [_number_of(path) for path in paths]
    if found and found != list(range(found[0], found[0] + len(found))):
        raise JournalError(f"{folder}: found segments {found}, expected every one in between: restore what is missing")
    return paths


_HEAD_SIZE: Final = 40


def _number_of(path: Path) -> int:
    name = path.name.removesuffix(SUFFIX)
    if not name.isdecimal():
        raise JournalError(f"{path}: found the name {path.name}, expected a number and {SUFFIX}")
    return int(name)


def _bytes(path: Path) -> memoryview:
    """The file's bytes, mapped; they may be cut or followed by more while they are read."""
    if path.stat().st_size == 0:
        return memoryview(b"")
    return memoryview(np.memmap(path, np.uint8, "r"))  # type: ignore[arg-type]  # arrays are buffers


def _torn(path: Path, data: memoryview, offset: int, segment: int, last: bool) -> Torn:
    """What kind of end this is: only at the end of the last segment, with nothing sound behind it, is it a torn one."""
    later = _sound_after(data, offset + 1, segment)
    if later is not None or not last or not _may_be_torn(data, offset):
        behind = f"; the next sound frame is at byte {later}" if later is not None else ""
        raise JournalError(
            f"{path}: damaged at byte {offset} of {len(data)}{behind}. Nothing behind it can be trusted: restore the "
            "file from a copy, or start anew and reconcile with the venues"
        )
    return Torn(path, offset, len(data) - offset)


def _sound_after(data: memoryview, start: int, segment: int) -> int | None:
    """Where the next sound frame begins, None where there is none."""
    rest = bytes(data[start:])
    mark = MARK.to_bytes(4, "little")
    at = rest.find(mark)
    while at >= 0:
        if parse(data, start + at, segment) is not None:
            return start + at
        at = rest.find(mark, at + 1)
    return None


def _may_be_torn(data: memoryview, offset: int) -> bool:
    """A write cut short ends with the file, or in zeros where the disk had given room and no data yet."""
    rest = bytes(data[offset:])
    if len(rest) < _HEAD_SIZE or rest[-1] == 0:
        return True
    size = int.from_bytes(rest[8:12], "little")
    return rest[:4] == MARK.to_bytes(4, "little") and _HEAD_SIZE + size > len(rest)
