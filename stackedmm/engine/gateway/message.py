"""Messages between the kernel and its gateway: a few words of JSON, and bytes that are none.

length u4 of all behind it | length u4 of the JSON | JSON | blobs, then rows
"""

import json
import socket
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import ROW

NO_ROWS: Final = np.zeros(0, ROW)
LIMIT: Final = 64 << 20
"""Bytes of one message."""


class Message(NamedTuple):
    """One message: what it says, blobs that belong to it, rows."""

    says: dict[str, Any]
    blobs: Sequence[tuple[str, bytes]] = ()
    rows: NDArray[Any] = NO_ROWS


def packed(message: Message) -> bytes:
    """The bytes of a message."""
    blobs = [(name, len(data)) for name, data in message.blobs]
    head = json.dumps({**message.says, "_blobs": blobs}).encode()
    parts = [head, *(data for _, data in message.blobs), np.ascontiguousarray(message.rows, ROW).tobytes()]
    size = 4 + sum(map(len, parts))
    return b"".join((size.to_bytes(4, "little"), len(head).to_bytes(4, "little"), *parts))


class Inbox:
    """Bytes as they come from a socket, given out as whole messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> list[Message]:
        """Enter bytes; the messages that they complete. ValueError where they are none."""
        self._data += data
        found = []
        while len(self._data) >= 4:
            size = int.from_bytes(self._data[:4], "little")
            if not 4 <= size <= LIMIT:
                raise ValueError(f"control socket: found a message of {size} bytes, expected 4 to {LIMIT}")
            if len(self._data) < 4 + size:
                break
            found.append(_unpacked(bytes(self._data[4 : 4 + size])))
            del self._data[: 4 + size]
        return found


def receive(sock: socket.socket, inbox: Inbox) -> list[Message] | None:
    """What a blocking socket brings next; None at its end."""
    while True:
        try:
            data = sock.recv(1 << 16)
        except OSError:
            return None
        if not data:
            return None
        found = inbox.add(data)
        if found:
            return found


def _unpacked(data: bytes) -> Message:
    at = 4 + int.from_bytes(data[:4], "little")
    says = json.loads(data[4:at])
    blobs = []
    for name, size in says.pop("_blobs"):
        blobs.append((str(name), data[at : at + size]))
        at += size
    return Message(says, blobs, np.frombuffer(data[at:], ROW))
