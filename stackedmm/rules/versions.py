"""What the store tells people: acts, versions and differences, as values that print well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import unified_diff
from html import escape
from typing import Any, Final, NamedTuple

from stackedmm.rules.table import Table

SHOWN: Final = 8
"""Digits of a digest in a table: enough to name it to `rollback` and `diff`."""


class Act(NamedTuple):
    """One thing that was done with rules, or refused."""

    what: str
    """`started`, `applied`, `retired`, `restored`, `rolled back`, `reverted`, `refused`, `waiting`, `withdrawn`,
    `tuned`."""
    who: str
    why: str = ""
    set: str = ""
    """Digest of the set that was in force after it; of a refused one nothing."""
    before: str = ""
    """Digest of the set in force until then."""
    files: Mapping[str, str] = {}
    """SHA-256 of the files that the edit changed, by name."""
    values: Mapping[str, float] = {}
    """Values of all parameters, `rule.parameter`, as they were put in force."""
    said: Sequence[str] = ()
    """Refusals, or what the preview found."""
    row: int = 0
    """Number of the row by which the engine took it."""
    t: int = 0
    """Wall time, ns."""
    number: int = 0
    """Its place in the record, from 1."""


class Version(NamedTuple):
    """One version of one file."""

    digest: str
    t: int
    """When it was first seen, ns."""
    fate: str
    """`in force` where it ever was, else what became of it."""


@dataclass(frozen=True)
class Versions:
    """Versions of one file, oldest first; a table when printed."""

    file: str
    found: Sequence[Version]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Version]:
        return iter(self.found)

    def __getitem__(self, place: int) -> Version:
        return self.found[place]

    @property
    def table(self) -> Table:
        """As people read it."""
        rows = [(each.digest[:SHOWN], moment(each.t), each.fate) for each in self.found]
        return Table(self.file, ("version", "first seen (UTC)", "last"), rows, left=3)

    def __repr__(self) -> str:
        return str(self.table) if self.found else f"{self.file}: no version was seen"

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


@dataclass(frozen=True)
class History:
    """Acts, newest first; a table when printed."""

    acts: Sequence[Act]

    def __len__(self) -> int:
        return len(self.acts)

    def __iter__(self) -> Iterator[Act]:
        return iter(self.acts)

    def __getitem__(self, place: int) -> Act:
        return self.acts[place]

    @property
    def table(self) -> Table:
        """As people read it."""
        rows = [
            (
                str(act.number), moment(act.t), act.what, act.set[:SHOWN] or "-", act.who,
                " ".join(sorted(act.files)) or "-", "; ".join(filter(None, (act.why, *list(act.said)[:1]))),
            )
            for act in self.acts
        ]  # fmt: skip
        return Table("", ("no", "when (UTC)", "what", "set", "who", "files", "why"), rows, left=7)

    def __repr__(self) -> str:
        return str(self.table) if self.acts else "nothing has happened to the rules yet"

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


@dataclass(frozen=True)
class Diff:
    """What changed between two sets; a unified diff when printed."""

    before: str
    after: str
    lines: Sequence[str] = field(default_factory=tuple)

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __repr__(self) -> str:
        head = f"{self.before[:SHOWN]} -> {self.after[:SHOWN]}"
        return "\n".join((head, *self.lines)) if self.lines else f"{head}: no difference"

    def _repr_html_(self) -> str:
        colours = {"+": "color:#1a7f37", "-": "color:#cf222e"}
        lines = (f'<span style="{colours.get(line[:1], "")}">{escape(line)}</span>' for line in repr(self).split("\n"))
        return f"<pre>{'<br>'.join(lines)}</pre>"


def moment(t: int) -> str:
    """A wall time in UTC, to the second."""
    return datetime.fromtimestamp(t // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


class State(NamedTuple):
    """One side of a difference."""

    name: str
    files: Mapping[str, bytes]
    values: Mapping[str, float]

    def head(self, file: str) -> str:
        """What a diff calls the file on this side."""
        return f"{file}@{self.name[:SHOWN]}" if file in self.files else "nothing"


def difference(before: State, after: State) -> Diff:
    """The lines that differ, file by file, and the values that differ."""
    lines: list[str] = []
    for name in sorted({*before.files, *after.files}):
        old, new = (each.files.get(name, b"").decode("utf-8", "replace").splitlines() for each in (before, after))
        lines += unified_diff(old, new, before.head(name), after.head(name), lineterm="")
    was, now = before.values, after.values
    lines += [
        f"{name}: {_said(was.get(name))} -> {_said(now.get(name))}"
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    ]
    return Diff(before.name, after.name, tuple(lines))


def _said(value: Any) -> str:
    return "none" if value is None else f"{value:g}"
