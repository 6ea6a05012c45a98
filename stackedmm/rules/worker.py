"""The process that checks, proves and compiles edits, so that the one with the engine does not: started by `Workshop`.

It reads questions and writes answers, each a length and JSON, until its input ends; it opens no connection and keeps
nothing but machine code, which it leaves in the cache on disk.
"""

import base64
import json
import os
import struct
import sys
from time import perf_counter
from typing import IO, Any, Final

from stackedmm.rules.candidate import consider
from stackedmm.rules.proofs import Proofs
from stackedmm.rules.refusal import Refusal

LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 256 << 20
NICE: Final = 5
"""The engine comes first where processors are few."""


def write(stream: IO[bytes], message: dict[str, Any]) -> None:
    """One message, whole."""
    data = json.dumps(message).encode()
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def read(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None where the other side has ended or does not speak like this."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = stream.read(length) if length <= LARGEST else b""
    if len(data) < length:
        return None
    found: dict[str, Any] = json.loads(data)
    return found


def pack(files: Any) -> dict[str, str]:
    """Bytes by name, as JSON takes them."""
    return {name: base64.b64encode(data).decode() for name, data in files.items()}


def unpack(files: Any) -> dict[str, bytes]:
    """What `pack` packed."""
    return {name: base64.b64decode(data) for name, data in files.items()}


def answer(question: dict[str, Any], proofs: Proofs) -> dict[str, Any]:
    """What comes of one edit."""
    begun = perf_counter()
    refused = [Refusal(*each) for each in question["refused"]]
    found = consider(unpack(question["present"]), refused, unpack(question["standing"]), question["retired"], proofs)
    return {
        "files": None if found.rules is None else pack(found.rules.files),
        "retired": [] if found.rules is None else sorted(found.rules.retired),
        "refusals": [list(each) for each in found.refusals],
        "notes": found.notes,
        "proofs": list(proofs),
        "seconds": perf_counter() - begun,
    }


def serve() -> None:
    """Answer until nobody asks any more."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library might print must not land among the answers.
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    proofs = Proofs()
    while (question := read(questions)) is not None:
        write(answers, answer(question, proofs))
    sys.exit(0)
