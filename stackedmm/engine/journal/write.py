"""Writing a journal: append in order, put into the file before anything is sent, to the disk beside the path."""

import errno
import fcntl
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from llvmlite import binding
from numpy.typing import NDArray

from stackedmm.core.machine import DIGEST
from stackedmm.core.rows import ROW
from stackedmm.engine.journal import frames, thin
from stackedmm.engine.journal.read import SUFFIX, read, segments
from stackedmm.errors import JournalError

SEGMENT_BYTES: Final = 64 << 20
RESERVE_BYTES: Final = 1 << 20
"""Kept on disk to be given up when it is full: room for cancels and what people say, not for market rows."""
SYNC_S: Final = 0.2
"""Longest time between a write and the order to the disk to keep it."""
WAITING_BYTES: Final = 64 << 20
"""Most that may be appended before a flush."""


class Journal:
    """One writer's journal in a folder. Opening it anew cuts a torn end, and begins a segment of the next epoch.

    `rows` and the like append; `flush` writes all of it in one call, and only then may it be sent. Every method
    raises JournalError where the disk does not take it; nothing of that flush then stands in the file, what was
    appended still waits, and a later flush tries it again.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        instance: str = "paper",
        segment_bytes: int | None = None,
        quota_bytes: int | None = None,
    ) -> None:
        """`quota_bytes`: above it market rows are dropped from the oldest segments, never anything else.

        A segment is closed above `segment_bytes`, without a word of it 64 MB, and an eighth of the quota at most.
        """
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.folder)
        self.torn, self.number, last, self.epoch = _end(self.folder)
        usual = SEGMENT_BYTES if quota_bytes is None else min(SEGMENT_BYTES, quota_bytes // 8)
        self.instance, self.quota_bytes = instance, quota_bytes
        self.segment_bytes = usual if segment_bytes is None else segment_bytes
        self.keep_after = 0
        """Market rows with numbers above it are never dropped: the newest snapshot needs them."""
        self.over_quota = False
        """Nothing is left to drop, and the folder is still above its quota."""
        self._segment = last
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._fd = -1
        self._written = 0
        self._dirty = threading.Event()
        self._closing = False
        self._sync_error = ""
        self._reserve = self.folder / "reserve"
        self.refill()
        self._begin()
        self._syncing = threading.Thread(target=self._sync, name="journal", daemon=True)
        self._syncing.start()

    def rows(self, rows: NDArray[Any]) -> int:
        """Append rows for the engine; returns the number of the first, counted from 1 for ever."""
        return self.row_bytes(np.ascontiguousarray(rows, ROW).tobytes())

    def row_bytes(self, rows: bytes) -> int:
        """`rows` for whoever has their bytes at hand."""
        first, count = self.number + 1, len(rows) // ROW.itemsize
        self._append(frames.ROWS, first, count, rows)
        self.number += count
        return first

    def commands(self, commands: NDArray[Any], number: int) -> None:
        """Append what the engine asked for when it had stepped the row of that number."""
        self._append(frames.COMMANDS, number, len(commands), frames.command_bytes(commands))

    def answers(self, rows: NDArray[Any], number: int) -> None:
        """Append answers that a simulated venue gave inside the loop up to the row of that number."""
        self._append(frames.ANSWERS, number, len(rows), np.ascontiguousarray(rows, ROW).tobytes())

    def blob(self, name: str, data: bytes) -> None:
        """Append named bytes: they belong to the next row that refers to them."""
        self._append(frames.BLOB, self.number, 1, frames.blob_bytes(name, data))

    def note(self, what: Mapping[str, Any], kind: int = frames.NOTE) -> None:
        """Append something worth knowing that is no row."""
        self._append(kind, self.number, 1, json.dumps(what).encode())

    def flush(self) -> None:
        """Put all that waits into the file."""
        if self._sync_error:
            raise JournalError(self._sync_error)
        if self._waiting:
            self._write(self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting))
            self._waiting.clear()
            self._waiting_bytes = 0
            if self._written >= self.segment_bytes:
                self._rotate()

    def close(self, end: Mapping[str, Any] | None = None) -> None:
        """Write what waits, and `end` as the word of a clean end; on disk when it returns."""
        try:
            if end is not None:
                self.note(end, frames.END)
            self.flush()
        finally:
            self._closing = True
            self._dirty.set()
            self._syncing.join()
            os.close(self._fd)
            os.close(self._lock)

    def give_up_reserve(self) -> None:
        """Make room on a full disk for the little that must still be written."""
        self._reserve.unlink(missing_ok=True)

    def refill(self) -> bool:
        """Lay the reserve aside (again); False where the disk is too full for it."""
        if self._reserve.exists() and self._reserve.stat().st_size >= RESERVE_BYTES:
            return True
        try:
            self._reserve.write_bytes(os.urandom(RESERVE_BYTES))
        except OSError:
            self._reserve.unlink(missing_ok=True)
            return False
        return True

    # The file.

    def _append(self, kind: int, number: int, count: int, payload: bytes) -> None:
        data = frames.frame(kind, self._segment, number, time.time_ns(), count, payload)
        if self._waiting_bytes + len(data) > WAITING_BYTES:
            raise JournalError(f"{self.folder}: {self._waiting_bytes} bytes wait to be written, no more than that may")
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def _begin(self) -> None:
        """Open the next segment, its header first."""
        self._segment += 1
        path = self.folder / f"{self._segment:08}{SUFFIX}"
        machine = {"cpu": binding.get_host_cpu_name(), "libm": " ".join(platform.libc_ver())}
        mine = {"instance": self.instance, "epoch": self.epoch, "python": sys.version.split()[0]}
        header = {**frames.layout(), "core": DIGEST, **machine, **mine}
        data = frames.frame(frames.HEADER, self._segment, self.number, time.time_ns(), 1, json.dumps(header).encode())
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            self._segment -= 1
            raise JournalError(f"{path}: cannot be made: {error.strerror}") from error
        before, self._fd, self._written = self._fd, fd, 0
        try:
            self._write(data)
        except JournalError:
            os.close(fd)
            path.unlink()
            self._fd, self._segment = before, self._segment - 1
            raise
        if before >= 0:
            os.fdatasync(before)
            os.close(before)
        _sync_folder(self.folder)

    def _rotate(self) -> None:
        """Go on in a new segment; a disk too full for it lets the old one grow."""
        try:
            self._begin()
        except JournalError:
            return
        self._dirty.set()

    def _write(self, data: bytes) -> None:
        """All of it or nothing."""
        done = 0
        try:
            while done < len(data):
                done += os.write(self._fd, memoryview(data)[done:])
        except OSError as error:
            os.ftruncate(self._fd, self._written)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            what = "the disk is full" if full else str(error.strerror)
            raise JournalError(f"{self.folder}: {len(data)} bytes could not be written: {what}") from error
        self._written += done
        self._dirty.set()

    # Beside the path.

    def _sync(self) -> None:
        """Order the disk to keep what was written, and keep the folder within its quota."""
        kept = self._segment
        while not self._closing:
            self._dirty.wait()
            self._dirty.clear()
            try:
                os.fdatasync(self._fd)
                if self.quota_bytes is not None and self._segment != kept:
                    kept = self._segment
                    self.over_quota = not thin.within(self.folder, self.quota_bytes, self.keep_after, self._segment)
            except OSError as error:
                if error.errno != errno.EBADF:  # the segment has just been followed by the next, which is synced
                    self._sync_error = f"{self.folder}: the disk did not keep what was written: {error.strerror}"
            if not self._closing:
                time.sleep(SYNC_S)
        os.fdatasync(self._fd)


def _lock(folder: Path) -> int:
    """Only one writer: the lock ends with its process."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise JournalError(f"{folder}: another process writes this journal; stop it, or use another folder") from None
    return fd


def _end(folder: Path) -> tuple[str, int, int, int]:
    """How the journal ends: what was cut off, the last row's number, the last segment's, and the epoch to begin."""
    paths = segments(folder)
    if not paths:
        return "", 0, 0, 1
    contents = read(folder)
    for _ in contents:
        pass
    torn = contents.torn
    if torn is not None:
        os.truncate(torn.path, torn.offset)
        if torn.offset == 0:
            torn.path.unlink()
    left = segments(folder)
    epoch = max((int(header["epoch"]) for header in contents.headers), default=0) + 1
    last = int(left[-1].name.removesuffix(SUFFIX)) if left else 0
    return str(torn) if torn is not None else "", contents.number, last, epoch


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
