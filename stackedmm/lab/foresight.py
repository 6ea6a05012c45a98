"""What a check for lookahead found, as people and programs read it."""

from html import escape
from io import StringIO
from typing import Any, Final, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stackedmm.lab.show import WIDTH
from stackedmm.lab.times import iso

NAMES: Final = ("cut", "commands", "differs at", "order", "field", "all data | cut")
"""Columns of the table."""


class Difference(NamedTuple):
    """The first command that was another one where the future was hidden."""

    place: int
    """Its number among the commands of the run."""
    time: int
    """When it was given, ns of the rows' clock."""
    order: int
    """Client id of the order it is about."""
    field: str
    """The first of its fields that differs; `count` where a command is missing in one of the runs."""
    whole: str
    """The field's value with all the data."""
    cut: str
    """Its value with the data before the cut."""


class Cut(NamedTuple):
    """One time at which the data were cut off, ns of the rows' clock."""

    time: int
    commands: int
    """Commands before it, all compared."""
    difference: Difference | None


class Lookahead:
    """All cuts of one check, in order of time. True where a decision knew the future."""

    def __init__(self, cuts: tuple[Cut, ...], shift: int) -> None:
        self.cuts = cuts
        self._shift = shift

    def __bool__(self) -> bool:
        return self.first is not None

    @property
    def first(self) -> Difference | None:
        """The earliest difference found; None where there is none."""
        found = [cut.difference for cut in self.cuts if cut.difference is not None]
        return min(found, key=lambda each: each.time, default=None)

    @property
    def summary(self) -> dict[str, Any]:
        """Plain values that JSON takes; times are on the recorder's own clock."""
        return {
            "lookahead": bool(self),
            "cuts": [
                {
                    "time": self.when(cut.time),
                    "commands": cut.commands,
                    "difference": None
                    if cut.difference is None
                    else {**cut.difference._asdict(), "time": self.when(cut.difference.time)},
                }
                for cut in self.cuts
            ],
        }

    @property
    def verdict(self) -> str:
        """One sentence."""
        found = self.first
        compared = sum(cut.commands for cut in self.cuts)
        if found is None:
            return f"no lookahead: {compared:,} commands before {len(self.cuts)} cuts are the same without what follows"
        return (
            f"lookahead: at {self.when(found.time)} order {found.order} has {found.field} {found.whole} with all the "
            f"data and {found.cut} without those after the cut"
        )

    def when(self, ns: int) -> str:
        """A time of the rows' clock on the recorder's."""
        return iso(ns - self._shift)

    def cells(self) -> list[tuple[str, ...]]:
        """For each cut: when, how much was compared, and what differs first."""
        rows: list[tuple[str, ...]] = []
        for cut in self.cuts:
            each = cut.difference
            said = ("", "", "", "the same")
            if each is not None:
                said = (self.when(each.time)[11:], str(each.order), each.field, f"{each.whole} | {each.cut}")
            rows.append((self.when(cut.time), f"{cut.commands:,}", *said))
        return rows

    def renderable(self) -> Table:
        """The table for a rich console."""
        table = Table(title=Text(self.verdict), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name in NAMES:
            table.add_column(name, overflow="fold")
        for row in self.cells():
            table.add_row(*map(Text, row))
        return table

    def __repr__(self) -> str:
        out = StringIO()
        Console(file=out, width=WIDTH, no_color=True).print(self.renderable())
        return out.getvalue().rstrip()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in NAMES)
        body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in self.cells())
        return f"<p>{escape(self.verdict)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
