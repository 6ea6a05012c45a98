"""The journal: everything that can change the engine, in one order, on disk before it takes effect."""

from stackedmm.engine.journal.frames import (
    ANSWERS,
    BLOB,
    COMMANDS,
    END,
    HEADER,
    KEPT,
    NOTE,
    ROWS,
    Frame,
)
from stackedmm.engine.journal.read import Contents, Torn, read, segments
from stackedmm.engine.journal.write import Journal

__all__ = [
    "ANSWERS",
    "BLOB",
    "COMMANDS",
    "END",
    "HEADER",
    "KEPT",
    "NOTE",
    "ROWS",
    "Contents",
    "Frame",
    "Journal",
    "Torn",
    "read",
    "segments",
]
