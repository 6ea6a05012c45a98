"""A small table of text: aligned in a terminal, a plain HTML table in a notebook."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Table(NamedTuple):
    """A title, names of columns, rows of text, and words below. The first columns `left` hold words, others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: int = 1
    note: str = ""

    def __str__(self) -> str:
        lines = [self.columns, *self.rows] if any(self.columns) else list(self.rows)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        parts = [self.title, *(self._line(cells, widths) for cells in lines), self.note]
        return "\n".join(part for part in parts if part)

    def _line(self, cells: tuple[str, ...], widths: Sequence[int]) -> str:
        sized = enumerate(zip(cells, widths, strict=True))
        return "  ".join(c.ljust(w) if i < self.left else c.rjust(w) for i, (c, w) in sized).rstrip()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html(self)


def html(*tables: Table) -> str:
    """Tables for a notebook, in its own colours."""
    return "".join(map(_html, tables))


def _html(table: Table) -> str:
    def row(tag: str, cells: tuple[str, ...]) -> str:
        style = "padding:2px 12px 2px 0;text-align:{};white-space:pre-wrap;vertical-align:top"
        aligned = [style.format("left" if i < table.left else "right") for i in range(len(cells))]
        return (
            "<tr>"
            + "".join(f'<{tag} style="{a}">{escape(c)}</{tag}>' for a, c in zip(aligned, cells, strict=True))
            + "</tr>"
        )

    title = f"<h4>{escape(table.title)}</h4>" if table.title else ""
    head = f"<thead>{row('th', table.columns)}</thead>" if any(table.columns) else ""
    body = "".join(row("td", cells) for cells in table.rows)
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return f"{title}<table>{head}<tbody>{body}</tbody></table>{note}"
