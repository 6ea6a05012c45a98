"""One edit of a rules folder, and how far it came."""

import time
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from stackedmm.rules.refusal import Refusal
from stackedmm.rules.ruleset import RuleSet
from stackedmm.rules.store import hex_of
from stackedmm.rules.versions import SHOWN

CHECKING: Final = "checking"
WAITING: Final = "waiting"
IN_FORCE: Final = "in force"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"
SUPERSEDED: Final = "superseded"
UNCHANGED: Final = "unchanged"
LOOKED_PAST: Final = "not taken up"
"""The policy was `off`."""


class Trial(Protocol):
    """What a preview has to say to the life of an edit."""

    @property
    def outside(self) -> list[str]:
        """Bounds that the candidate breaks, in words."""

    @property
    def words(self) -> str:
        """What would have changed, in one line."""


@dataclass
class Edit:
    """Written by the thread that lives it; read by anyone."""

    number: int
    files: tuple[str, ...]
    """Files that differ from those in force."""
    before: str
    """Digest of the set in force when it was saved."""
    t: int = field(default_factory=time.time_ns)
    """Wall time at which it was seen, ns."""
    stage: str = CHECKING
    refusals: list[Refusal] = field(default_factory=list)
    """Of all files that are not taken up."""
    notes: list[str] = field(default_factory=list)
    rules: RuleSet | None = None
    """The set that is to be."""
    trial: Trial | None = None
    """The preview; only the newest edits keep theirs."""
    why: list[str] = field(default_factory=list)
    """Why it waits."""
    said: str = ""
    """What the preview said, in one line."""
    row: int = 0
    """Number of the row by which the engine took it."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of `check`, `load`, `preview`, `apply`, and `all` from when it was seen."""

    @property
    def set(self) -> str:
        """Digest of the set that is to be, or nothing."""
        return hex_of(self.rules) if self.rules is not None else ""

    def __str__(self) -> str:
        head = f"edit {self.number}, {', '.join(self.files) or 'no file'}: {self.stage}"
        if self.stage == IN_FORCE:
            head += f" as {self.set[:SHOWN]}, {self.seconds.get('all', 0.0) * 1e3:.0f} ms after it was saved"
        lines = [head, *(f"  {each}" for each in (*self.refusals, *self.notes, *self.why))]
        return "\n".join(lines + ([f"  {self.said}"] if self.said else []))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        shown: Any = getattr(self.trial, "_repr_html_", None)
        return f"<pre>{escape(str(self))}</pre>" + (shown() if shown else "")
