"""A comparison as one page: the table, and each strategy's profit and inventory on equal scales."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackedmm.errors import ConfigError
from stackedmm.lab import comparison_picture
from stackedmm.lab.measures import MEASURES
from stackedmm.lab.report import document, grid, notes, section, write
from stackedmm.lab.report_pictures import svg
from stackedmm.lab.show import Grid

if TYPE_CHECKING:
    from stackedmm.lab.ran import Compared

CARD: Final = (4.3, 2.1)
"""Inches of one small picture: as wide as a telephone, two or three beside each other on a screen."""
ALIKE: Final = (
    "Each strategy alone in the same market, on equal scales. Dashed: what the price made of the opening inventory."
)
MEANING: Final = "What each measure is."


def report(comparison: "Compared", path: str | Path) -> Path:
    """Write the page, whole or not at all. Raises ConfigError where it cannot be written."""
    return write(page(comparison), Path(path))


def page(comparison: "Compared") -> str:
    """The page's text: equal comparisons have equal pages."""
    results = comparison.results
    if not all(len(result.series) for result in results.values()):
        raise ConfigError("report: a run kept nothing to show")
    config, first = comparison.config, next(iter(results.values()))
    names, rows = comparison.cells()
    start, end = (first.summary[name][:19].replace("T", " ") for name in ("start", "end"))
    venues = ", ".join(f"{market.venue} {market.symbol}" for market in first.markets)
    title = f"{config.base_coin}/{config.quote_currencies[0]}: {len(results)} strategies in one market"
    meaning = [(each.name, each.text) for each in MEASURES]
    return document(title, [
        f"<header><h1>{escape(title)}</h1><p>{escape(venues)}<br>{start} to {end} UTC</p></header>",
        section("Comparison", "", grid(Grid("", ("", *names), [tuple(row) for row in rows]))),
        section("Profit and inventory", ALIKE, cards(comparison)),
        section("Measures", "", grid(Grid("", ("measure", "meaning"), meaning, 2))),
        section("What ran", "", grid(origin(comparison)), notes(first)),
    ])  # fmt: skip


def cards(comparison: "Compared") -> str:
    """A card a strategy: its profit above its inventory."""
    low, high = reach(comparison)
    found = []
    for i, name in enumerate(comparison.results):

        def profit(axes: Any, _: Any, name: str = name) -> None:
            comparison_picture.draw_profit(axes, comparison, name, first=True)
            axes.set_title("", loc="left")
            axes.set_ylim(low, high)

        def inventory(axes: Any, _: Any, name: str = name) -> None:
            comparison_picture.draw_inventory(axes, comparison, name, first=True)

        drawn = "".join(
            svg(f"{kind}{i}", *CARD, 2, draw, None, over_time=True)
            for kind, draw in (("profit", profit), ("inventory", inventory))
        )
        found.append(f'<div class="card"><h3>{escape(name)}</h3>{drawn}</div>')
    return f'<div class="cards">{"".join(found)}</div>'


def reach(comparison: "Compared") -> tuple[float, float]:
    """Lowest and highest profit that is drawn, with some room."""
    found = [0.0]
    for result in comparison.results.values():
        series, target = result.series, float(result.config.inventory.target_inventory)
        held = target * (series["reference"] - series["reference"].dropna().iloc[:1].sum())
        found += [float(x) for each in (series["equity"], held) for x in (each.min(), each.max()) if x == x]
    room = 0.06 * (max(found) - min(found)) or 1.0
    return min(found) - room, max(found) + room


def origin(comparison: "Compared") -> Grid:
    """What makes each run the one it is."""
    rows = [
        (name, found["config_digest"], found["rules_digest"] or "none", found["state_hash"])
        for name, found in ((name, result.summary) for name, result in comparison.results.items())
    ]
    return Grid("", ("strategy", "configuration", "rules", "state at the end"), rows, 4)
