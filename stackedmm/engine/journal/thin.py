"""Keeping a journal within its quota: market rows leave the oldest segments, everything else stays for ever."""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from stackedmm.core.rows import BBO, GAP, ROW
from stackedmm.engine.journal import frames
from stackedmm.engine.journal.read import SUFFIX, segments

MARKET: Final = GAP
"""Kinds up to this one are market rows."""
assert BBO < GAP


def within(folder: Path, quota_bytes: int, keep_after: int, writing: int) -> bool:
    """Thin closed segments, oldest first, until the folder is within its quota; False where that was not enough.

    A segment that holds rows with numbers above `keep_after` is left as it is, as is the one being written.
    """
    paths = segments(folder)
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        if total <= quota_bytes:
            return True
        if int(path.name.removesuffix(SUFFIX)) < writing and not _thin_already(path):
            before = path.stat().st_size
            total += thin(path, keep_after) - before
    return total <= quota_bytes


def thin(path: Path, keep_after: int) -> int:
    """Write a segment anew without its market rows, in its place; returns its size after that."""
    data = memoryview(path.read_bytes())
    segment, offset = int(path.name.removesuffix(SUFFIX)), 0
    parts: list[bytes] = []
    layout: dict[str, Any] = {}
    gap = Waiting(segment)
    while (found := frames.parse(data, offset, segment)) is not None:
        end = offset + frames.HEAD.size + len(found.payload)
        if found.kind == frames.HEADER:
            layout = found.json
        if found.kind == frames.ROWS and found.number + found.items - 1 > keep_after:
            return len(data)
        if found.kind in (frames.ROWS, frames.KEPT):
            gap.add(found, layout)
        else:
            parts += gap.taken()
            parts.append(bytes(data[offset:end]))
        offset = end
    parts += gap.taken()
    whole = b"".join(parts)
    _replace(path, whole)
    return len(whole)


class Waiting:
    """Neighbouring ROWS frames become one KEPT frame."""

    def __init__(self, segment: int) -> None:
        self.segment = segment
        self.numbers: list[Any] = []
        self.rows: list[Any] = []
        self.last = self.wall_ns = 0

    def add(self, found: frames.Frame, layout: dict[str, Any]) -> None:
        """Keep what is no market row of a frame, and that it was there."""
        rows, numbers = frames.rows_in(found, layout), frames.numbers_in(found)
        kept = rows["kind"] > MARKET
        self.numbers.append(numbers[kept])
        self.rows.append(rows[kept])
        self.last = found.number if found.kind == frames.KEPT else found.number + found.items - 1
        self.wall_ns = found.wall_ns

    def taken(self) -> list[bytes]:
        """The one frame for all that was added since the last time, if anything was."""
        if not self.rows:
            return []
        numbers, rows = np.concatenate(self.numbers).astype(np.int64), np.concatenate(self.rows).astype(ROW)
        self.numbers, self.rows = [], []
        payload = numbers.tobytes() + rows.tobytes()
        return [frames.frame(frames.KEPT, self.segment, self.last, self.wall_ns, len(rows), payload)]


def _thin_already(path: Path) -> bool:
    """Whether the first frame of rows has been thinned."""
    data = memoryview(np.memmap(path, np.uint8, "r"))  # type: ignore[arg-type]  # arrays are buffers
    segment, offset = int(path.name.removesuffix(SUFFIX)), 0
    while (found := frames.parse(data, offset, segment)) is not None:
        if found.kind in (frames.ROWS, frames.KEPT):
            return found.kind == frames.KEPT
        offset += frames.HEAD.size + len(found.payload)
    return True


def _replace(path: Path, whole: bytes) -> None:
    """All of the new file or all of the old one, whatever happens."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
