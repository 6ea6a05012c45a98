"""Pictures for a page: SVG that takes the page's colours and font, each in a wide and in a narrow form."""

import re
from collections.abc import Callable
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import matplotlib
import numpy as np

from stackedmm.lab import picture
from stackedmm.lab.marks import HORIZONS_S, column
from stackedmm.lab.picture import ASK, BID, FAINT, GRID, INK, STYLE, VENUES, Drawn, Picture, days, dress

if TYPE_CHECKING:
    import pandas as pd

    from stackedmm.lab.ran import Ran

WIDE: Final = (9.6, 5)
"""Inches, and columns of the legend, for a screen."""
NARROW: Final = (4.3, 2)
"""For a telephone."""
POINTS: Final = 800
"""About so many moments of a series are drawn."""
ORDERS: Final = 1500
"""Most orders that a page draws; of more, every nth."""
WINDOW_S: Final = 120
"""Length of the stretch whose quotes are drawn."""
COLOURS: Final = {
    INK: "ink", "#000000": "ink", FAINT: "faint", GRID: "grid", "#FFFFFF": "paper", BID: "bid", ASK: "ask",
    **{colour: f"venue{i}" for i, colour in enumerate(VENUES[:-1])},
}  # fmt: skip
"""What stands for each colour of a picture in the page's style."""
Draw = Callable[[Any, Drawn], None]
OVER_TIME: Final[tuple[Draw, ...]] = (
    picture.draw_profit, picture.draw_inventory, picture.draw_volume, picture.draw_price,
)  # fmt: skip
"""Pictures whose horizontal axis is time."""


def pictures(result: "Ran") -> dict[str, str]:
    """The pictures of a run as HTML, by name; those that have nothing to show are left out."""
    series = thinned(result.series)
    run = Drawn(result.config, result.summary, result.markets, series, result.orders, result.fills)
    found = {
        "profit": both("profit", 2.6, picture.draw_profit, run),
        "inventory": both("inventory", 2.4, picture.draw_inventory, run),
        "volume": both("volume", 2.0, picture.draw_volume, run),
    }
    if len(result.orders):
        found["quotes"] = both("quotes", 4.2, picture.draw_price, busiest(result))
    if result.markouts[column(HORIZONS_S[0])].notna().any():
        found["markouts"] = both("markouts", 2.6, markouts_of(result), run)
    return found


def thinned(series: "pd.DataFrame") -> "pd.DataFrame":
    """The series with about `POINTS` rows: of each stretch the lowest and the highest profit, and the ends."""
    if len(series) <= POINTS:
        return series
    edges = np.linspace(0, len(series), POINTS // 2 + 1).astype(int)
    equity = series["equity"].ffill().fillna(0.0).to_numpy()
    kept = {0, len(series) - 1}
    for a, b in pairwise(edges.tolist()):
        kept |= {a + int(equity[a:b].argmin()), a + int(equity[a:b].argmax())}
    return series.iloc[sorted(kept)]


def busiest(result: "Ran") -> Drawn:
    """The stretch of a run in which most was filled, else the last: its series, orders and fills."""
    import pandas as pd

    length = pd.Timedelta(seconds=WINDOW_S)
    times = pd.DatetimeIndex(result.fills["time"])
    last = result.series.index[-1]
    begin = last - length
    if len(times):
        inside = np.searchsorted(times, times + length) - np.arange(len(times))
        begin = min(times[int(inside.argmax())] - length / 10, begin)
    end = begin + length
    series = result.series.loc[begin:end]
    orders = result.orders[(result.orders["placed"] < end) & ~(result.orders["ended"] < begin)].copy()
    orders["placed"] = orders["placed"].clip(lower=begin)
    orders["ended"] = orders["ended"].fillna(end).clip(upper=end)
    fills = result.fills[(result.fills["time"] >= begin) & (result.fills["time"] < end)]
    orders = orders.iloc[:: max(1, len(orders) // ORDERS)]
    return Drawn(result.config, result.summary, result.markets, series, orders, fills)


def markouts_of(result: "Ran") -> Draw:
    """Draws the mean mark-out of each line's fills by horizon, with the mean's own uncertainty."""

    def draw(axes: Any, _: Drawn) -> None:
        lines = list(result.markouts.groupby("line"))
        width = 0.8 / max(1, len(lines))
        axes.axhline(0, color=FAINT, linewidth=0.8)
        for i, (name, fills) in enumerate(lines):
            found = [fills[column(seconds)].dropna() for seconds in HORIZONS_S]
            means = [each.mean() if len(each) else np.nan for each in found]
            errors = [each.std() / np.sqrt(len(each)) if len(each) > 1 else 0.0 for each in found]
            at = np.arange(len(HORIZONS_S)) + (i - (len(lines) - 1) / 2) * width
            colour = VENUES[i % (len(VENUES) - 1)]
            axes.bar(at, means, 0.9 * width, color=colour, label=str(name))
            axes.errorbar(at, means, errors, fmt="none", color=INK, elinewidth=0.8, capsize=2)
        axes.set_xticks(range(len(HORIZONS_S)), [f"{seconds} s" for seconds in HORIZONS_S])
        axes.set_ylabel("mark-out, bps", **STYLE)
        axes.margins(y=0.25)

    return draw


def both(name: str, height: float, draw: Draw, run: Drawn) -> str:
    """One picture in both forms; the page's style shows the one that fits."""
    forms = {"wide": WIDE, "narrow": NARROW}
    drawn = {
        form: svg(f"{name}-{form}", width, height, columns, draw, run, over_time=draw in OVER_TIME)
        for form, (width, columns) in forms.items()
    }
    return "".join(f'<div class="{form}">{element}</div>' for form, element in drawn.items())


def svg(
    name: str, width: float, height: float, columns: int, draw: Callable[[Any, Any], None], run: Any, *, over_time: bool
) -> str:
    """A picture as an element of a page. Its ids begin with `name`, so that pictures do not mix them up."""
    out = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "path.simplify_threshold": 0.3}):
        figure = Picture(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.subplots()
        axes.patch.set_alpha(0.0)
        draw(axes, run)
        dress(axes, columns, above=True)
        if over_time:
            locator = days.AutoDateLocator(minticks=3, maxticks=6 if width < WIDE[0] else 10)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(days.ConciseDateFormatter(locator, show_offset=False))
        figure.savefig(out, format="svg", metadata={"Date": None}, transparent=True)
    return element(out.getvalue(), name)


def element(text: str, name: str) -> str:
    """matplotlib's document as an element: colours by name, ids of its own, nothing that points outside."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", text, count=5)
    text = text.replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 var(--sans)", text)
    text = re.sub(r"font-family: [^;\"]*", "font-family: var(--sans)", text)
    for colour, meant in COLOURS.items():
        text = re.sub(re.escape(colour), f"var(--{meant})", text, flags=re.IGNORECASE)
    return re.sub(r"\n\s*", "\n", text).strip()
