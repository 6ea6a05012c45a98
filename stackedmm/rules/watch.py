"""Watches a rules folder and hands out its content whenever that has changed and has come to rest.

Content decides, never a time: bytes are read once, through `reading`, and compared. What adds or changes is handed out
as soon as two looks agree; what takes something away (a file gone or emptied, a file with fewer functions) has to stand
for half a second, since a file that an editor or `git checkout` is just writing looks exactly like that.
"""

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from stackedmm.rules import reading
from stackedmm.rules.refusal import Refusal

QUIET_S: Final = 0.03
"""Between two looks that have to agree."""
PATIENCE_S: Final = 0.5
"""How long what takes something away has to stand."""
LONGEST_S: Final = 4.0
"""How long a folder that never rests is waited for; then it is taken as it is."""
LOOK_S: Final = 1.0
"""A look without a reason, for what the system's notices miss."""
POLL_S: Final = 0.1
"""Between looks where the system gives no notices."""
_FUNCTION: Final = re.compile(rb"^def\s+(\w+)", re.MULTILINE)


class Snapshot(NamedTuple):
    """The folder as it stood at one moment."""

    files: dict[str, bytes]
    refusals: list[Refusal]
    """Of what is named like a rule file and cannot be read."""


def look(folder: Path) -> Snapshot:
    """The folder now."""
    files, refusals = reading.read(folder)
    return Snapshot(files, refusals)


class Watcher:
    """A thread that watches one folder. `heard` is called on it with each new Snapshot, also of a folder that is gone.

    Notices of the system serve where there are any (`kind` is `events`), else it looks ten times a second (`polling`).
    """

    def __init__(self, folder: str | Path, heard: Callable[[Snapshot], None], *, poll: bool = False) -> None:
        self.folder = Path(folder)
        self.kind = "polling" if poll else "events"
        self.fault = ""
        """Why it looks instead of being told, where that was not asked for."""
        self._heard = heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rules watcher", daemon=True)
        self._last: Snapshot | None = None

    def start(self, known: Snapshot | None = None) -> None:
        """Begin; what differs from `known` is handed out at once."""
        self._last = known
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the thread has."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it watches."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self.kind == "events" and self._place() is not None:
                self._follow_events()
            else:
                self._look()
                self._stop.wait(POLL_S)

    def _follow_events(self) -> None:
        """Look at each notice, until told to stop or until the folder is another one."""
        # Imported here, so that importing stackedmm stays quick.
        from watchfiles import watch

        place = self._place()
        notices = watch(
            self.folder, watch_filter=None, debounce=20, step=10, stop_event=self._stop, recursive=False,
            rust_timeout=int(LOOK_S * 1000), yield_on_timeout=True, raise_interrupt=False,
            ignore_permission_denied=True,
        )  # fmt: skip
        try:
            self._look()
            for _ in notices:
                self._look()
                if self._place() != place:
                    return
        except (OSError, RuntimeError) as error:
            if self._place() == place:
                self.kind, self.fault = "polling", f"no notices of changes: {error}"

    def _place(self) -> tuple[int, int] | None:
        """Which folder stands under the name; None for none."""
        with suppress(OSError):
            found = os.stat(self.folder)
            return found.st_dev, found.st_ino
        return None

    def _look(self) -> None:
        """Hand out what is new, once it has come to rest."""
        now = look(self.folder)
        begun = since = monotonic()
        while now != self._last and not self._stop.wait(QUIET_S):
            before, now, at = now, look(self.folder), monotonic()
            if before != now or _unfinished(now):
                since = at
            enough = PATIENCE_S if _takes_away(self._last, now) else QUIET_S
            if at - since >= enough or at - begun >= LONGEST_S:
                self._last = now
                self._heard(now)


def _unfinished(snapshot: Snapshot) -> bool:
    return any(each.what == reading.CHANGED for each in snapshot.refusals)


def _takes_away(before: Snapshot | None, now: Snapshot) -> bool:
    """Whether a file is gone, empty, or has lost functions that it had; or a new one is still empty."""
    known = before.files if before else {}
    fresh = (data for name, data in now.files.items() if name not in known)
    return any(not data.strip() for data in fresh) or any(
        _less(data, now.files.get(name, b"")) for name, data in known.items()
    )


def _less(before: bytes, now: bytes) -> bool:
    lost = set(_FUNCTION.findall(before)) - set(_FUNCTION.findall(now))
    return bool(lost) or bool(before.strip()) > bool(now.strip())
