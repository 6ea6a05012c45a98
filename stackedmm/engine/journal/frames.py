"""The journal's bytes: frames with a checksum, and what each kind of frame holds.

    mark u4 | crc u4 | size u4 | count u4 | kind u2 | 0 u2 | segment u4 | number i8 | wall i8 | payload

All little-endian. The checksum is zlib's CRC-32 over everything behind it, payload included.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import COMMAND, PLACE, ROW
from stackedmm.errors import JournalError

VERSION: Final = 1
HEAD: Final = struct.Struct("<IIIIHHIqq")
MARK: Final = int.from_bytes(b"smmj", "little")
PAYLOAD_MAX: Final = 1 << 28
"""Bytes; a frame that says more is damaged."""

HEADER: Final = 1  # JSON: who writes, and in which layout; the first frame of each segment
ROWS: Final = 2  # ROWs for the engine; `number` is the first one's, the others follow without a gap
COMMANDS: Final = 3  # what the engine asked for; `number` is of the last row it had stepped
ANSWERS: Final = 4  # ROWs from ACK to UNANSWERED, as a simulated venue gave them inside the loop; `number` likewise
BLOB: Final = 5  # a name and bytes: what does not fit a row, written before the row that refers to it
NOTE: Final = 6  # JSON: who said a row, an engine that fell silent, a mode
KEPT: Final = 7  # what is left of ROWs where market rows were dropped: numbers, then rows
END: Final = 8  # JSON: a clean end, and what the engine was then

KINDS: Final = range(HEADER, END + 1)
EXPLAINED: Final = ("steps", "saw", "answers")
"""Fields of a COMMAND that only a PLACE fills: written for it alone."""
BRIEF: Final = np.dtype([(name, COMMAND[name]) for name in COMMAND.names or () if name not in EXPLAINED])


class Frame(NamedTuple):
    """One frame, read and proven."""

    kind: int
    number: int
    wall_ns: int
    items: int
    """Rows or commands in it; 1 for what holds one thing."""
    payload: memoryview
    segment: int
    offset: int
    """Of the frame in its segment's file."""

    @property
    def json(self) -> dict[str, Any]:
        """What a HEADER, NOTE or END says."""
        found: dict[str, Any] = json.loads(bytes(self.payload))
        return found


def frame(kind: int, segment: int, number: int, wall_ns: int, count: int, payload: bytes) -> bytes:
    """The bytes of one frame."""
    head = HEAD.pack(MARK, 0, len(payload), count, kind, 0, segment, number, wall_ns)
    crc = zlib.crc32(payload, zlib.crc32(head[8:]))
    return b"".join((head[:4], crc.to_bytes(4, "little"), head[8:], payload))


def parse(data: memoryview, offset: int, segment: int) -> Frame | None:
    """The frame at an offset of a segment; None where there is no whole and sound one."""
    if offset + HEAD.size > len(data):
        return None
    mark, crc, size, count, kind, _, inside, number, wall_ns = HEAD.unpack_from(data, offset)
    start, end = offset + HEAD.size, offset + HEAD.size + size
    if mark != MARK or inside != segment or kind not in KINDS or size > PAYLOAD_MAX or end > len(data):
        return None
    if zlib.crc32(data[offset + 8 : end]) != crc:
        return None
    return Frame(kind, number, wall_ns, count, data[start:end], segment, offset)


def command_bytes(commands: NDArray[Any]) -> bytes:
    """COMMANDs as they are written: the brief fields of all, then what the orders among them were computed from."""
    brief = np.zeros(len(commands), BRIEF)
    for name in BRIEF.names or ():
        brief[name] = commands[name]
    placed = commands[commands["kind"] == PLACE]
    spoke = ~np.isnan(placed["answers"])
    rules = int(np.flatnonzero(spoke.any(axis=0)).max(initial=-1)) + 1
    why = [placed["steps"], placed["saw"], placed["answers"][:, :rules]]
    return b"".join(
        (struct.pack("<I", rules), brief.tobytes(), *(np.ascontiguousarray(each).tobytes() for each in why))
    )


def commands_in(found: Frame, layout: Mapping[str, Any]) -> NDArray[Any]:
    """The COMMANDs of a frame written in a header's layout; fields that were not known then are 0, answers NaN."""
    (rules,) = struct.unpack_from("<I", found.payload)
    brief = np.frombuffer(found.payload, described(layout["command"]), found.items, 4)
    commands = np.zeros(found.items, COMMAND)
    for name in set(brief.dtype.names or ()) & set(COMMAND.names or ()):
        commands[name] = brief[name]
    at = 4 + brief.nbytes
    placed = np.flatnonzero(commands["kind"] == PLACE)
    for name, wide in (("steps", layout["steps"]), ("saw", layout["saw"]), ("answers", rules)):
        values = np.frombuffer(found.payload, np.float64, len(placed) * wide, at).reshape(len(placed), wide)
        room = np.full((len(placed), COMMAND[name].shape[0]), np.nan if name == "answers" else 0.0)
        both = min(wide, room.shape[1])
        room[:, :both] = values[:, :both]
        commands[name][placed] = room
        at += values.nbytes
    return commands


def rows_in(found: Frame, layout: Mapping[str, Any]) -> NDArray[Any]:
    """The ROWs of a ROWS, KEPT or ANSWERS frame, with their numbers in `numbers_in`."""
    dtype = described(layout["row"])
    at = 8 * found.items if found.kind == KEPT else 0
    rows = np.frombuffer(found.payload, dtype, found.items, at)
    return rows if dtype == ROW else _as_rows(rows)


def numbers_in(found: Frame) -> NDArray[np.int64]:
    """The number of each row of a ROWS or KEPT frame."""
    if found.kind == KEPT:
        return np.frombuffer(found.payload, np.int64, found.items)
    return np.arange(found.number, found.number + found.items)


def _as_rows(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of another layout in ours, field by field."""
    same = np.zeros(len(rows), ROW)
    for name in set(rows.dtype.names or ()) & set(ROW.names or ()):
        same[name] = rows[name]
    return same


def blob_bytes(name: str, data: bytes) -> bytes:
    """A named blob as it is written."""
    words = name.encode()
    return struct.pack("<H", len(words)) + words + data


def blob_in(found: Frame) -> tuple[str, bytes]:
    """Name and bytes of a BLOB frame."""
    (length,) = struct.unpack_from("<H", found.payload)
    return bytes(found.payload[2 : 2 + length]).decode(), bytes(found.payload[2 + length :])


def layout() -> dict[str, Any]:
    """How this version writes rows and commands, for a header: a later one reads it by the names."""
    steps, saw = COMMAND["steps"].shape[0], COMMAND["saw"].shape[0]
    return {"version": VERSION, "row": ROW.descr, "command": BRIEF.descr, "steps": steps, "saw": saw}


def described(fields: Any) -> np.dtype[Any]:
    """The dtype that a header's layout spells out."""
    try:
        return np.dtype([(str(name), str(kind)) for name, kind in fields])
    except (TypeError, ValueError) as error:
        raise JournalError(f"journal header: found the layout {fields!r}, expected names and types: {error}") from None
