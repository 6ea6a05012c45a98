"""A run as one page: a single HTML file that needs nothing else, on any screen, in light and in dark."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stackedmm.errors import ConfigError
from stackedmm.lab import report_tables as tables
from stackedmm.lab.measures import MEASURES, measure
from stackedmm.lab.report_pictures import WINDOW_S, pictures
from stackedmm.lab.report_style import STYLE
from stackedmm.lab.show import Grid, cell

if TYPE_CHECKING:
    from stackedmm.lab.ran import Ran

TILES: Final = (
    "profit", "from trading", "fees", "max drawdown", "fills", "mark-out 10 s", "quoted, both sides", "band used, mean",
)  # fmt: skip
"""The measures that stand at the top."""


def report(result: "Ran", path: str | Path) -> Path:
    """Write the page, whole or not at all. Raises ConfigError where it cannot be written, or nothing was kept."""
    check_page(Path(path))
    return write(page(result), Path(path))


def write(text: str, path: Path) -> Path:
    """Write a page, whole or not at all."""
    check_page(path)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def check_page(path: Path) -> None:
    """Raises ConfigError where no page can get this name."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{path}: expected a name that ends in .html")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: cannot be written: no such folder")


def page(result: "Ran") -> str:
    """The page's text: equal results have equal pages."""
    if not len(result.series):
        raise ConfigError("report: the run kept nothing to show; run it with collect=True")
    drawn = pictures(result)
    measured = measure(result)
    parts = [
        header(result),
        tiles(result, measured),
        section("Profit", "After fees, and what of it is realised.", drawn["profit"]),
        section("Inventory", "In its hard band; on the right the coefficient.", drawn["inventory"]),
        quotes(drawn),
        section("Fills and mark-outs", MARKOUTS, drawn.get("markouts", ""), *map(grid, tables.fills(result))),
        section("Lines and venues", "", *map(grid, tables.places(result)), drawn["volume"]),
        section("Where orders stood", DISTANCES, grid(tables.waterfall(result))),
        section("Why not quoting", REFUSALS, grid(tables.refusals(result))),
        section("All measures", "", grid(tables.measures(result, measured))),
        section("Rules", "", grid(tables.rules(result))),
        section("What ran", "", grid(tables.origin(result)), configuration(result), notes(result)),
    ]
    return document(tables.title(result), parts)


def document(title: str, parts: Sequence[str]) -> str:
    """A whole page of these parts."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title><style>{STYLE}</style>'
    )
    body = "\n".join(["<body><main>", *parts, "</main></body>"])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n{body}</html>\n'


MARKOUTS: Final = (
    "What fills were worth some time later, against the mid of their own market: above 0 the market went our way. "
    "Whiskers are one standard error of the mean, as if fills were independent."
)
DISTANCES: Final = "Mean distance of orders from the reference, bps, and what put them there; the columns add up."
REFUSALS: Final = "How often a quote came not to stand. A reason that lasts counts once."


def header(result: "Ran") -> str:
    """What ran where and when."""
    found = result.summary
    venues = ", ".join(f"{market.venue} {market.symbol}" for market in result.markets)
    start, end = (found[name][:19].replace("T", " ") for name in ("start", "end"))
    return (
        f"<header><h1>{escape(tables.title(result))}</h1>"
        f"<p>{escape(venues)}<br>{start} to {end} UTC</p></header>"
    )  # fmt: skip


def tiles(result: "Ran", measured: dict[str, float]) -> str:
    """The few numbers to look at first."""
    found = []
    for each in MEASURES:
        if each.name in TILES:
            unit = {"money": result.config.quote_currencies[0], "bps": "bps"}.get(each.kind, "")
            value = cell(measured[each.name], each.kind)
            mood = " good" if value.startswith("+") else " bad" if value.startswith("-") and each.name != "fees" else ""
            found.append(
                f'<div class="tile" title="{escape(each.text)}"><span>{escape(each.name)}</span>'
                f'<strong class="{mood.strip()}">{escape(value)}</strong><small>{escape(unit)}</small></div>'
            )
    return f'<div class="tiles">{"".join(found)}</div>'


def quotes(drawn: dict[str, str]) -> str:
    """A stretch of quotes against the market, where there were any."""
    if "quotes" not in drawn:
        return section("Quotes against the market", "No order was placed; see why below.")
    text = f"The {WINDOW_S} s with the most fills: own orders as lines from placement to end, fills as triangles."
    return section("Quotes against the market", text, drawn["quotes"])


def section(title: str, text: str, *parts: str) -> str:
    """A heading, a sentence, and what it is about."""
    said = f"<p>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{said}{''.join(parts)}</section>"


def grid(table: Grid) -> str:
    """A small table that scrolls by itself where the screen is narrow; nothing where it has no rows."""
    if not table.rows:
        return ""
    sides = ["l" if i < table.left else "r" for i in range(len(table.columns))]
    head = "".join(f'<th class="{side}">{escape(name)}</th>' for name, side in zip(table.columns, sides, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{s}">{escape(text)}</td>' for text, s in zip(row, sides, strict=True)) + "</tr>"
        for row in table.rows
    )
    caption = f"<h3>{escape(table.title)}</h3>" if table.title else ""
    shown = f"<thead><tr>{head}</tr></thead>" if any(table.columns) else ""
    return f'{caption}<div class="table"><table>{shown}<tbody>{body}</tbody></table></div>'


def configuration(result: "Ran") -> str:
    """The whole configuration, folded."""
    text = json.dumps(json.loads(result.config.to_json()), indent=2)
    return f"<details><summary>Configuration</summary><pre>{escape(text)}</pre></details>"


def notes(result: "Ran") -> str:
    """What was inferred, assumed and went wrong."""
    found = "".join(f"<li>{escape(note)}</li>" for note in result.summary["notes"])
    return f"<h3>Notes on the data and the run</h3><ul>{found}</ul>" if found else ""
