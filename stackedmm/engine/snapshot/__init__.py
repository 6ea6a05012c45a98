"""Everything at one row, in a file: where a restart begins, and the ledger alone for any other version of the core."""

from stackedmm.engine.snapshot.file import Snapshot, newest, read, write
from stackedmm.engine.snapshot.ledger import Checkpoint, checkpoint, restore

__all__ = ["Checkpoint", "Snapshot", "checkpoint", "newest", "read", "restore", "write"]
