"""A small table that reads well as text and in a notebook, on light and on dark."""

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any, Final

CELL: Final = "padding:2px 14px 2px 0;white-space:nowrap;text-align:"
LONGEST: Final = 200
"""Rows shown; a longer sheet says how many are left."""


class Sheet:
    """A title, columns, rows, notes below. The columns `left`, or the first so many, hold words, the others numbers."""

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        left: int | Collection[int] = 1,
        notes: Sequence[str] = (),
    ) -> None:
        self.title, self.columns, self.notes = title, tuple(columns), tuple(notes)
        self.left = frozenset(range(left) if isinstance(left, int) else left)
        self.rows = [tuple(map(cell, row)) for row in rows]

    def __len__(self) -> int:
        return len(self.rows)

    def _left_out(self) -> tuple[str, ...]:
        hidden = len(self.rows) - LONGEST
        return (*self.notes, f"and {hidden} more rows") if hidden > 0 else self.notes

    def __repr__(self) -> str:
        shown = self.rows[:LONGEST]
        lines = [self.columns, *shown] if any(self.columns) else shown
        widths = [max((len(row[i]) for row in lines), default=0) for i in range(len(self.columns))]
        said = [
            "  ".join(
                text.ljust(width) if i in self.left else text.rjust(width)
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in lines
        ]
        return "\n".join([*filter(None, [self.title]), *(f"  {line}" for line in said), *self._left_out()])

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            made = (
                f'<{tag} style="{CELL}{"left" if i in self.left else "right"}">{escape(text)}</{tag}>'
                for i, text in enumerate(cells)
            )
            return f"<tr>{''.join(made)}</tr>"

        head = f"<thead>{row(self.columns, 'th')}</thead>" if any(self.columns) else ""
        body = "".join(row(each, "td") for each in self.rows[:LONGEST])
        title = f"<strong>{escape(self.title)}</strong>" if self.title else ""
        notes = "".join(f"<div><small>{escape(note)}</small></div>" for note in self._left_out())
        return f"{title}<table>{head}<tbody>{body}</tbody></table>{notes}"


class Page:
    """Sheets below each other."""

    def __init__(self, *sheets: Sheet) -> None:
        self.sheets = [each for each in sheets if len(each) or each.notes]

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.sheets))

    def _repr_html_(self) -> str:
        return "<br>".join(each._repr_html_() for each in self.sheets)


def cell(value: Any) -> str:
    """A value as a cell shows it: floats to what can be read, nothing as a dash.

    >>> cell(0.1 + 0.2), cell(None), cell(12345.678), cell(True)
    ('0.3', '–', '12,345.68', 'yes')
    """
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.6g}"
        return text.replace("-", "−") if text.startswith("-") else text
    return " ".join(str(value).split())
