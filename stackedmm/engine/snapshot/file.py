"""Snapshots in a folder: bytes of the state, the arena and the simulated venues, under the digest of their core.

"smmsnap1" | length of the head u8 | head, JSON | parts, deflated | BLAKE2b-16 of all before it
"""

import base64
import json
import os
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core.machine import DIGEST
from stackedmm.core.rows import ROW
from stackedmm.core.state import STATE
from stackedmm.engine.seat import Moment
from stackedmm.engine.snapshot.ledger import Checkpoint, checkpoint
from stackedmm.errors import JournalError
from stackedmm.sim.state import SIM

MAGIC: Final = b"smmsnap1"
SUFFIX: Final = ".snapshot"
SEAL: Final = 16
PARTS: Final = {"state": STATE, "arena": np.dtype("i8"), "X": SIM, "XA": np.dtype("i8"), "local": ROW, "exchange": ROW}
KEEP: Final = 3
"""Files kept; older ones go when a new one is written."""


class Snapshot(NamedTuple):
    """One file, read and proven."""

    core: str
    number: int
    """Of the last row in it."""
    moment: Moment | None
    """None where another core wrote it: its bytes mean nothing here."""
    blobs: dict[str, bytes]
    """What was in force, as the journal's blobs."""
    ledger: Checkpoint


def write(folder: Path, moment: Moment, blobs: Mapping[str, bytes]) -> Path:
    """Write a snapshot, whole or not at all, and drop all but the newest few. On disk when it returns."""
    parts = [zlib.compress(np.ascontiguousarray(getattr(moment, name)).tobytes(), 1) for name in PARTS]
    head = {
        "core": DIGEST,
        "number": moment.number,
        "row_ns": moment.row_ns,
        "told": moment.told,
        "awaited": moment.awaited,
        "hash": moment.hash,
        "sizes": [len(part) for part in parts],
        "blobs": {name: base64.b64encode(data).decode() for name, data in blobs.items()},
        "ledger": checkpoint(moment.state[0], moment.X[0]),
    }
    text = json.dumps(head).encode()
    whole = b"".join((MAGIC, len(text).to_bytes(8, "little"), text, *parts))
    path = folder / f"{moment.number:015}{SUFFIX}"
    fresh = path.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(whole + blake2b(whole, digest_size=SEAL).digest())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise JournalError(f"{path}: cannot be written: {error.strerror}") from error
    for old in sorted(folder.glob(f"*{SUFFIX}"))[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def read(path: Path) -> Snapshot:
    """The snapshot in a file; JournalError where it is damaged, or is not what its hash says."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
    body, seal = data[:-SEAL], data[-SEAL:]
    if not body.startswith(MAGIC) or blake2b(body, digest_size=SEAL).digest() != seal:
        raise JournalError(f"{path}: damaged or cut short; the journal alone, or an older snapshot, can take its place")
    at = len(MAGIC) + 8
    length = int.from_bytes(body[len(MAGIC) : at], "little")
    head = json.loads(body[at : at + length])
    blobs = {name: base64.b64decode(text) for name, text in head["blobs"].items()}
    moment = _moment(head, body[at + length :]) if head["core"] == DIGEST else None
    if moment is not None and moment.hash != head["hash"]:
        raise JournalError(f"{path}: found the hash {moment.hash}, expected {head['hash']}")
    return Snapshot(head["core"], head["number"], moment, blobs, head["ledger"])


def newest(folder: Path, number: int) -> tuple[Snapshot | None, list[str]]:
    """The newest sound snapshot that holds no row behind `number`, and why newer ones were passed over.

    A state that is ahead of the journal has seen rows that are lost: it is no state to start from.
    """
    passed = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            found = read(path)
        except JournalError as error:
            passed.append(str(error))
            continue
        if found.number <= number:
            return found, passed
        passed.append(f"{path}: holds row {found.number}, the journal ends at {number}")
    return None, passed


def _moment(head: Mapping[str, Any], parts: bytes) -> Moment:
    arrays, at = [], 0
    for size, dtype in zip(head["sizes"], PARTS.values(), strict=True):
        arrays.append(np.frombuffer(bytearray(zlib.decompress(parts[at : at + size])), dtype))
        at += size
    return Moment(head["number"], head["row_ns"], head["told"], head["awaited"], *arrays)
