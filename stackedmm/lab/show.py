"""A result as people read it: rich tables for terminals, HTML for notebooks, from the same cells."""

from collections.abc import Sequence
from html import escape
from io import StringIO
from typing import Any, Final, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

WIDTH: Final = 110


class Grid(NamedTuple):
    """A small table: a title, names of columns, rows of text. The first columns `left` hold words, the rest numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: int = 1


def grids(found: dict[str, Any], config: Any) -> list[Grid]:
    """The tables of a summary."""
    quote, base = config.quote_currencies[0], config.base_coin
    held = config.inventory
    start, end = found["start"][:19].replace("T", " "), found["end"][:19].replace("T", " ")
    head = [
        ("from, to (UTC)", f"{start}   {end}"),
        ("profit", f"{money(total(found))} {quote}"),
        ("  realised, after fees", f"{money(found['realised_pnl'])} {quote}"),
        ("  unrealised", f"{money(found['unrealised_pnl'])} {quote}"),
        ("fees", f"{money(found['fees'])} {quote}"),
        ("largest drawdown", f"{money(found['max_drawdown'])} {quote}"),
        ("position", f"{grouped(found['position'])} {base}, target {held.target_inventory} ± "
                     f"{held.max_inventory_deviation}"),
        ("inventory coefficient", f"{found['inventory_coefficient']:+.4f}"),
        ("orders, fills", f"{found['orders']:,}, {found['fills']:,}"),
        ("rows", f"{found['rows']:,} in {found['seconds']:.2f} s, {found['rows_per_second'] / 1e6:.1f} million/s"),
        ("state", found["state_hash"]),
    ]  # fmt: skip
    lines = [
        (
            name_of(each), f"{each['orders']:,}", f"{each['fills']:,}", grouped(each["bought"]),
            grouped(each["sold"]), *(f"{n:,}" for n in each["canceled"].values()),
        )
        for each in found["lines"]
    ]  # fmt: skip
    venues = [
        (
            f"{each['venue']} {each['symbol']}", f"{each['orders']:,}", f"{each['fills']:,}", grouped(each["position"]),
            money(each["fees"]), f"{each['volume_coefficient']:.2f}", f"{each['basis_bps']:+.2f}",
        )
        for each in found["venues"]
    ]  # fmt: skip
    canceled = ("time", "drift", "moved", "other")
    return [
        Grid("Result", ("", ""), head, 2),
        Grid("Lines", ("line", "orders", "fills", f"bought {base}", f"sold {base}", *canceled), lines),
        Grid(
            "Venues",
            ("market", "orders", "fills", f"position {base}", f"fees {quote}", "volume", "basis bps"),
            venues,
        ),
        Grid(
            "Quotes that did not stand",
            ("reason", "times"),
            [(reason, f"{count:,}") for reason, count in found["refusals"].items()],
        ),
    ]  # fmt: skip


def name_of(line: dict[str, Any]) -> str:
    """A line's id, with its kind where the id does not say it."""
    return str(line["id"]) if line["kind"] in line["id"] else f"{line['id']}, {line['kind']}"


def total(found: dict[str, Any]) -> float:
    """Realised and unrealised profit."""
    return float(found["realised_pnl"]) + float(found["unrealised_pnl"])


def money(amount: str | float) -> str:
    """An amount to four significant decimals of small sums, two of large ones."""
    value = float(amount)
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:,.4f}"


def grouped(amount: str) -> str:
    """An exact amount with its thousands apart."""
    whole, point, rest = amount.partition(".")
    return f"{int(whole):,}{point}{rest}" if abs(int(whole)) else amount


def renderable(found: dict[str, Any], config: Any) -> Group:
    """The summary for a rich console."""
    parts: list[Any] = []
    for grid in grids(found, config):
        if not grid.rows:
            continue
        table = Table(
            title=grid.title, title_justify="left", title_style="bold", show_header=any(grid.columns), box=SIMPLE_HEAD,
            pad_edge=False, collapse_padding=True,
        )  # fmt: skip
        for i, name in enumerate(grid.columns):
            table.add_column(name, justify="left" if i < grid.left else "right", overflow="fold")
        for row in grid.rows:
            # Names that people chose are text, never markup.
            table.add_row(*map(Text, row))
        parts.append(table)
    parts += [Text(f"note: {note}", style="dim") for note in found["notes"]]
    return Group(*parts)


def text(found: dict[str, Any], config: Any) -> str:
    """The summary in plain text."""
    out = StringIO()
    Console(file=out, width=WIDTH, no_color=True).print(renderable(found, config))
    return out.getvalue().rstrip()


def html(found: dict[str, Any], config: Any) -> str:
    """The summary for a notebook: plain tables that take its colours."""
    parts = []
    for grid in grids(found, config):
        if not grid.rows:
            continue
        aligned = ["left" if i < grid.left else "right" for i in range(len(grid.columns))]
        cell = "padding:2px 12px 2px 0;text-align:{};white-space:nowrap"
        head = "".join(
            f'<th style="{cell.format(a)}">{escape(n)}</th>' for n, a in zip(grid.columns, aligned, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{cell.format(a)}">{escape(c)}</td>' for c, a in zip(row, aligned, strict=True))
            + "</tr>"
            for row in grid.rows
        )
        shown = f"<thead><tr>{head}</tr></thead>" if any(grid.columns) else ""
        parts.append(f"<h4>{escape(grid.title)}</h4><table>{shown}<tbody>{body}</tbody></table>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in found["notes"])
    parts.append(f"<details><summary>Notes</summary><ul>{notes}</ul></details>" if notes else "")
    return "".join(parts)


def cell(value: float, kind: str) -> str:
    """A number as it is shown; a dash where there is none.

    >>> cell(0.123, "share"), cell(-1234.5, "money"), cell(float("nan"), "bps")
    ('12.3%', '-1,234.50', '–')
    """
    if value != value:
        return "–"
    forms = {"count": "{:,.0f}", "share": "{:.1%}", "bps": "{:+.2f}", "ratio": "{:,.2f}", "coins": "{:,.6g}"}
    return money(value) if kind == "money" else forms[kind].format(value)
