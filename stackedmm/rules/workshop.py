"""Checks, proves and compiles edits in a process of their own, which is always there, and replaced when it dies."""

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from stackedmm.rules import worker
from stackedmm.rules.refusal import Refusal

LIMIT_S: Final = 30.0
"""For one edit: a rule compiles in a tenth of a second, a folder of fifty in five."""
STARTING_S: Final = 60.0
"""More for the first edit of a process, which imports the compiler, on a slow disk."""
EDITS_MAX: Final = 300
"""Of one process: machine code is never forgotten, so a fresh one takes over."""
_SAID: Final = 400

_PROGRAM: Final = "import sys; sys.path.insert(0, sys.argv[1]); from stackedmm.rules.worker import serve; serve()"


class Answer(NamedTuple):
    """What came of an edit."""

    files: dict[str, bytes] | None
    """The set that is to be; None where nothing of the edit stands."""
    retired: tuple[str, ...]
    refusals: list[Refusal]
    notes: list[str]
    proofs: list[str]
    """What was proved, for `folder.rebuild` here."""
    seconds: float


class _Process:
    """One worker, and a thread that listens to it."""

    def __init__(self) -> None:
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        root = str(Path(__file__).parents[2])
        # A session of its own: what interrupts a notebook's cell does not reach it. No working directory on its path.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, root],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True,
        )  # fmt: skip
        self.answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.edits = 0
        self._listener = threading.Thread(target=self._listen, name="rules workshop", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while True:
            try:
                found = worker.read(self.process.stdout)
            except (OSError, ValueError):
                found = None
            self.answers.put(found)
            if found is None:
                return

    def ask(self, question: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
        """The answer; None where the process has ended. queue.Empty where it took too long."""
        assert self.process.stdin is not None
        self.edits += 1
        try:
            worker.write(self.process.stdin, question)
        except OSError:
            return None
        return self.answers.get(timeout=timeout_s)

    def end(self) -> str:
        """End it at once; what it said last."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()  # type: ignore[union-attr]
            except OSError:
                continue
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()[-_SAID:]
        self.errors.close()
        return said


class Workshop:
    """Asks the process. May be used from any thread; one edit at a time."""

    def __init__(self, *, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._closed = False
        self.restarts = 0
        """How often a process died or was ended for taking too long."""

    def open(self) -> None:
        """Start the process, so that the first edit does not wait for it; does not wait itself."""
        with self._lock:
            self._closed = False
            self._begin()

    def close(self) -> None:
        """End the process, also in the middle of an edit, which is then refused."""
        self._closed = True
        process = self._process
        if process:
            process.process.kill()
        with self._lock:
            self._finish()

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        process = self._process
        return process.process.pid if process else None

    def consider(
        self,
        present: Mapping[str, bytes],
        refused: Iterable[Refusal] = (),
        standing: Mapping[str, bytes] | None = None,
        retired: Iterable[str] = (),
    ) -> Answer:
        """As `candidate.consider`, checked elsewhere. A process that dies is replaced and asked once more."""
        question = {
            "present": worker.pack(present),
            "refused": [list(each) for each in refused],
            "standing": worker.pack(standing or {}),
            "retired": list(retired),
        }
        with self._lock:
            said = ""
            for _ in range(2):
                if self._closed:
                    break
                process = self._begin()
                try:
                    found = process.ask(question, self._limit_s + (STARTING_S if process.edits == 0 else 0.0))
                except queue.Empty:
                    self._lost()
                    what = f"took longer than {self._limit_s:g} s to check and compile"
                    return self._failed(present, standing or {}, what, "write it in fewer or smaller rules")
                if found is not None:
                    if process.edits >= EDITS_MAX:
                        self._finish()
                        self._begin()
                    return _answer(found)
                said = self._lost()
            what = f"the process that checks it ended twice: {said or 'without a word'}"
            return self._failed(present, standing or {}, what, "save it again; if it stays, report it")

    def _begin(self) -> _Process:
        if self._process is None:
            self._process = _Process()
        return self._process

    def _finish(self) -> str:
        process, self._process = self._process, None
        return process.end() if process else ""

    def _lost(self) -> str:
        self.restarts += 1
        return self._finish()

    def _failed(self, present: Mapping[str, bytes], standing: Mapping[str, bytes], what: str, remedy: str) -> Answer:
        changed = [name for name in sorted(present) if present[name] != standing.get(name)]
        refusals = [Refusal(name, 1, what, remedy) for name in changed or sorted(present)[:1]]
        return Answer(None, (), refusals, [], [], 0.0)


def _answer(found: dict[str, Any]) -> Answer:
    return Answer(
        None if found["files"] is None else worker.unpack(found["files"]),
        tuple(found["retired"]),
        [Refusal(*each) for each in found["refusals"]],
        found["notes"],
        found["proofs"],
        found["seconds"],
    )
