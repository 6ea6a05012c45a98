"""The life of a session: it starts, is looked at, and ends; of one name only the newest goes on."""

import asyncio
import atexit
import getpass
import os
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.engine.host import Host, Look, SteppedClock, WallClock
from stackedmm.engine.host.clock import Clock
from stackedmm.errors import StaleError
from stackedmm.rules import RuleSet
from stackedmm.session.progress import Progress

FRESH_S: Final = 0.5
"""A look waits this long at most to include what was said before it."""
PATIENCE_S: Final = 600.0
"""Compiling the engine anew and the warm-up together take less."""
WARMING: Final = ("compiling", "warming up")

_running: dict[str, "Life"] = {}
_lock: Final = threading.Lock()


class Life:
    """A host, and what starting and ending it means to the people who use it."""

    def __init__(self, host: Host, *, name: str, mode: str, clock: Clock | None = None) -> None:
        self.host = host
        self.name, self.mode = name, mode
        self.who = _person()
        """Who is said to have said what this session says."""
        self.lock = threading.RLock()
        """Held from reading what is in force to saying what replaces it."""
        self._clock = clock or WallClock()
        self._said = 0
        self._changed = threading.Condition()
        self._progress: Progress | None = None
        host.listeners.append(self._published)

    @property
    def config(self) -> StackedMarketMakingConfig:
        """In force."""
        return self.host.config

    @property
    def rules(self) -> RuleSet | None:
        """In force."""
        return self.host.rules

    @property
    def filled(self) -> Filled:
        """Lines and markets by their numbers in the engine."""
        return self.host.filled

    @property
    def phase(self) -> str:
        """`compiling`, `warming up`, `live`, `ended` or `failed`."""
        return self.host.phase

    @property
    def speed(self) -> float:
        """Row seconds a second; 0 on a stepped clock."""
        return self._clock.speed

    @property
    def running(self) -> bool:
        """Whether it trades."""
        return self.phase == "live"

    def _forget(self) -> None:
        """It runs no longer."""
        with _lock:
            if _running.get(self.name) is self:
                del _running[self.name]

    def _published(self) -> None:
        """On the host's thread, after each publication."""
        if self.phase in ("ended", "failed"):
            self._forget()
        with self._changed:
            self._changed.notify_all()
        if self._progress is not None:
            self._progress.show(self.host.look())

    # Beginning.

    def begin(self) -> None:
        """Start and return at once; a session of the same name that still runs is ended first."""
        with _lock:
            before = _running.get(self.name)
            _running[self.name] = self
        if before is not None and before is not self:
            with suppress(StaleError):  # its venues are simulated, and end with it
                before.end()
        self._progress = Progress(f"{self.mode} {self.config.base_coin}")
        self.host.start()

    def wait_live(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until it trades. StaleError where that takes longer, or where it ended before."""
        with self._changed:
            self._changed.wait_for(lambda: self.phase not in WARMING, timeout_s)
        if self.phase in WARMING:
            raise StaleError(f"session {self.name}: still {self.phase} after {timeout_s:g} s; wait again, or stop it")
        if self.phase == "failed":
            raise StaleError(f"session {self.name}: {self.host.look().note}")

    async def start(self) -> Self:
        """Compile where needed, warm up, and return once it trades."""
        self.begin()
        await asyncio.to_thread(self.wait_live)
        return self

    # Ending.

    def end(self, timeout_s: float = 10.0) -> None:
        """Cancel every order, wait for the proof, end. StaleError where the proof did not come in time."""
        self._forget()
        self.host.stop(timeout_s)

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Cancel every order, wait for the proof, end; the notebook stays free meanwhile."""
        await asyncio.to_thread(self.end, timeout_s)

    def __enter__(self) -> Self:
        self.begin()
        self.wait_live()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    # Going on.

    def advance(self, seconds: float) -> None:
        """Let this much market time pass, as fast as the machine can: on a stepped clock only.

        StaleError where row time follows the wall clock: it passes by itself.
        """
        if not isinstance(self._clock, SteppedClock):
            raise StaleError("advance: time passes by itself here; make the session with clock='stepped' to say when")
        self._clock.advance(seconds)

    def look(self) -> Look:
        """What was last published, with all that this session has said so far; StaleError before there is anything."""
        with self._changed:
            self._changed.wait_for(lambda: self._included() or self.phase in ("ended", "failed"), FRESH_S)
        seen = self.host.look()
        if seen.state is None:
            raise StaleError(
                f"session {self.name}: nothing to show yet, it is {seen.phase}; await session.start() first"
            )
        return seen

    def _included(self) -> bool:
        seen = self.host.look()
        return seen.state is None or seen.heard >= self._said

    def say(self, rows: NDArray[np.void], text: str) -> int:
        """Say rows to the engine; returns the number of the last. Does not wait: the next look includes them."""
        return self.heard(self.host.say(rows, who=self.who, text=text))

    def heard(self, number: int) -> int:
        """Take note that the row of this number was said, so that the next look includes it."""
        self._said = max(self._said, number)
        return number


def _person() -> str:
    """The name of the login; none where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return os.environ.get("JUPYTERHUB_USER", "somebody")


def running() -> dict[str, Life]:
    """Every session of this process that was started and not ended, by name."""
    with _lock:
        return dict(_running)


@atexit.register
def _leave_nothing() -> None:
    """The process ends: so does what it trades."""
    for each in running().values():
        with suppress(StaleError):
            each.end(2.0)
