"""A comparison on one page: for each strategy its profit and its inventory, small, on equal scales."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackedmm.errors import ConfigError
from stackedmm.lab.picture import ASK, BID, FAINT, INK, STYLE, VENUES, Picture, days, dress, times, write
from stackedmm.lab.show import money, total

if TYPE_CHECKING:
    from stackedmm.lab.ran import Compared

WIDTH: Final = 3.1
"""Inches of one strategy's column."""


def draw(comparison: "Compared", path: Path | None) -> Picture:
    """The picture, written to `path` if one is given. Raises ConfigError where it cannot be written."""
    results = comparison.results
    if not all(len(result.series) for result in results.values()):
        raise ConfigError("picture: a run kept nothing to draw")
    figure = Picture(figsize=(1.0 + WIDTH * len(results), 5.6), layout="constrained", facecolor="white")
    panels = figure.subplots(2, len(results), sharex=True, sharey="row", squeeze=False, height_ratios=(1.4, 1))
    for i, name in enumerate(results):
        draw_profit(panels[0][i], comparison, name, first=i == 0)
        draw_inventory(panels[1][i], comparison, name, first=i == 0)
    config = comparison.config
    first = next(iter(results.values())).summary
    start, end = first["start"][:16].replace("T", " "), first["end"][11:16]
    title = f"{config.base_coin}/{config.quote_currencies[0]}, {start} to {end} UTC"
    figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left")
    if path is not None:
        write(figure, path)
    return figure


def draw_profit(axes: Any, comparison: "Compared", name: str, *, first: bool) -> None:
    """Profit, and what of it the price's move gave to the opening inventory: the part no strategy has earned."""
    result = comparison.results[name]
    series, target = result.series, float(result.config.inventory.target_inventory)
    at = times(series.index)
    known = series["reference"].dropna()
    if target and len(known):
        kept = target * (series["reference"] - known.iloc[0])
        axes.plot(at, kept, color=FAINT, linewidth=1.0, linestyle="--", label="opening inventory")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.plot(at, series["equity"], color=INK, linewidth=1.5, label="profit")
    axes.set_title(f"{name}\n{money(total(result.summary))}", fontsize=9, color=INK, loc="left")
    axes.margins(y=0.1)
    finish(axes, f"profit, {result.config.quote_currencies[0]}", first)


def draw_inventory(axes: Any, comparison: "Compared", name: str, *, first: bool) -> None:
    """Inventory in its band, with the fills that made it."""
    result = comparison.results[name]
    series, held = result.series, result.config.inventory
    target, deviation = float(held.target_inventory), float(held.max_inventory_deviation)
    axes.axhspan(target - deviation, target + deviation, color=VENUES[0], alpha=0.08, linewidth=0)
    axes.axhline(target, color=FAINT, linewidth=0.8, linestyle="--")
    axes.plot(times(series.index), series["inventory"], color=BID, linewidth=1.2, drawstyle="steps-post")
    for side, colour in (("bid", BID), ("ask", ASK)):
        here = result.fills[result.fills["side"] == side]
        low = target - 1.1 * deviation
        axes.plot(times(here["time"]), [low] * len(here), "|", color=colour, markersize=5, alpha=0.5)
    axes.set_ylim(target - 1.2 * deviation, target + 1.2 * deviation)
    locator = days.AutoDateLocator(minticks=3, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(days.ConciseDateFormatter(locator))
    finish(axes, f"inventory, {result.config.base_coin}", first)


def finish(axes: Any, label: str, first: bool) -> None:
    """The plain dress; only the first column says what is measured."""
    dress(axes)
    if first:
        axes.set_ylabel(label, **STYLE)
    elif axes.get_legend() is not None:
        axes.get_legend().remove()
