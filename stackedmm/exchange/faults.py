"""The fault switches: each is armed so many times under its name, and counted when it strikes."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from stackedmm.errors import ConfigError

SWITCHES: Final[dict[str, str]] = {
    "drop": "the request is swallowed: not applied, no answer",
    "lose": "the request is applied, its answer never leaves",
    "reset": "the request is applied, then the connection breaks",
    "timeout": "the request is applied, the answer is error -1007 under status 504",
    "truncate": "the request is applied, half of the answer leaves",
    "html": "the request is applied, the answer is a page under status 200",
    "unavailable": "status 503 before anything is looked at",
    "too_many": "status 429 with Retry-After before anything is looked at",
    "delay": "the answer leaves `seconds` late",
    "late": "the request is applied `seconds` late",
    "skip_depth": "a depth message is not sent",
    "repeat_depth": "a depth message is sent twice",
    "swap_depth": "a depth message is sent behind its successor",
    "skip_user": "an event of the user stream is not sent",
    "repeat_user": "an event of the user stream is sent twice",
    "delay_user": "an event of the user stream leaves `seconds` late",
}
"""Those that strike a request take a kind of request: place, cancel, query, account or market; without it any."""


@dataclass(slots=True)
class Armed:
    """One switch, ready to strike."""

    name: str
    times: int = 1
    kind: str = ""
    """Kind of request, of socket traffic, or "" for any."""
    seconds: float = 0.5


class Faults:
    """Switches armed, oldest first, and how often each has struck."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []
        self.struck: Counter[str] = Counter()

    def arm(self, name: str, times: int = 1, *, kind: str = "", seconds: float = 0.5) -> None:
        """Let a fault strike the next `times` occasions."""
        if name not in SWITCHES:
            raise ConfigError(f"fault {name!r}: expected one of {', '.join(SWITCHES)}")
        if not 1 <= times <= 1_000_000 or not 0 <= seconds <= 3600:
            raise ConfigError(f"fault {name}: {times} times, {seconds} s; expected 1 to 1000000, 0 to 3600")
        self.armed.append(Armed(name, times, kind, seconds))

    def clear(self) -> None:
        """Nothing strikes any more."""
        self.armed.clear()

    def take(self, names: tuple[str, ...], kind: str = "") -> Armed | None:
        """The first of these faults that strikes now, counted; None where none is armed."""
        for each in self.armed:
            if each.name in names and each.kind in ("", kind):
                each.times -= 1
                if each.times == 0:
                    self.armed.remove(each)
                self.struck[each.name] += 1
                return each
        return None
