"""A run on one page: price with own quotes and fills, inventory in its band, volume coefficients, profit."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from matplotlib import dates
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.market import Market
from stackedmm.errors import ConfigError
from stackedmm.lab.show import money, total

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito's colours, told apart by all kinds of sight.
BID: Final = "#0072B2"
ASK: Final = "#D55E00"
INK: Final = "#222222"
FAINT: Final = "#8A8A8A"
GRID: Final = "#E6E6E6"
VENUES: Final = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: Final = ("-", "--", "-.", ":")
QUOTES: Final = 40_000
"""Most orders that are drawn; of more, every nth."""
FORMATS: Final = (".png", ".svg", ".pdf")
days: Any = dates
"""matplotlib's dates, which have no types."""
STYLE: Final[dict[str, Any]] = {"fontsize": 9, "color": INK}


class Drawn(NamedTuple):
    """What of a run is drawn."""

    config: StackedMarketMakingConfig
    summary: dict[str, Any]
    markets: Sequence[Market]
    series: "pd.DataFrame"
    orders: "pd.DataFrame"
    fills: "pd.DataFrame"


class Picture(Figure):
    """A figure that notebooks show without further ado."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        self.savefig(out, format="png", dpi=110)
        return out.getvalue()


def draw(run: Drawn, path: str | Path | None) -> Picture:
    """The picture of a run, written to `path` if one is given. Raises ConfigError where it cannot be written."""
    if not len(run.series):
        raise ConfigError("picture: the run kept nothing to draw; run it with collect=True")
    figure = Picture(figsize=(11, 10.5), layout="constrained", facecolor="white")
    price, inventory, volume, profit = figure.subplots(4, 1, sharex=True, height_ratios=(3.2, 1.3, 1.1, 1.5))
    draw_price(price, run)
    draw_inventory(inventory, run)
    draw_volume(volume, run)
    draw_profit(profit, run)
    for axes in (price, inventory, volume, profit):
        dress(axes)
    locator = days.AutoDateLocator(minticks=5, maxticks=10)
    profit.xaxis.set_major_locator(locator)
    profit.xaxis.set_major_formatter(days.ConciseDateFormatter(locator))
    profit.set_xlabel("time, UTC", **STYLE)
    profit.set_xlim(days.date2num(np.datetime64(run.summary["start"][:23])), float(times(run.series.index)[-1]))
    _title(figure, run)
    if path is not None:
        write(figure, Path(path))
    return figure


def draw_price(axes: Any, run: Drawn) -> None:
    """The reference between the stack's best, our orders as lines from placement to end, fills as triangles."""
    series, fills, at = run.series, run.fills, times(run.series.index)
    axes.fill_between(at, series["best_bid"], series["best_ask"], step="post", color=FAINT, alpha=0.25, linewidth=0)
    axes.plot(at, series["reference"], color=INK, linewidth=0.9, label="reference", drawstyle="steps-post")
    for side, colour in (("bid", BID), ("ask", ASK)):
        _quotes(axes, run.orders, side, colour, float(at[-1]))
    for side, colour, marker, word in (("bid", BID, "^", "bought"), ("ask", ASK, "v", "sold")):
        here = fills[fills["side"] == side]
        sizes = 22 + 70 * np.sqrt(here["size"] / fills["size"].max()) if len(here) else []
        label = f"{word}, {len(here):,} fills"
        axes.scatter(
            times(here["time"]), here["price"], sizes, marker=marker, label=label, zorder=5,
            facecolors=colour, edgecolors="white", linewidths=0.6,
        )  # fmt: skip
    shown = [series["reference"].min(), series["reference"].max(), *_reach(run.orders)]
    low, high = min(shown), max(shown)
    axes.set_ylim(low - 0.04 * (high - low), high + 0.12 * (high - low))
    axes.set_ylabel(f"price, {run.config.quote_currencies[0]}", **STYLE)
    axes.ticklabel_format(axis="y", useOffset=False)


def _quotes(axes: Any, orders: "pd.DataFrame", side: str, colour: str, until: float) -> None:
    """Orders of one side; the more there are, the fainter each."""
    here = orders[orders["side"] == side]
    here = here.iloc[:: max(1, len(here) // QUOTES)]
    if not len(here):
        return
    begin, end = times(here["placed"]), times(here["ended"])
    end = np.where(np.isnan(end), until, end)
    lines = np.stack([np.column_stack([begin, here["price"]]), np.column_stack([end, here["price"]])], axis=1)
    alpha = float(np.clip(25 / np.sqrt(len(here)), 0.25, 0.9))
    axes.add_collection(LineCollection(list(lines), colors=colour, linewidths=0.9, alpha=alpha))
    axes.plot([], [], color=colour, linewidth=1.4, label=f"own {side}s")


def _reach(orders: "pd.DataFrame") -> list[float]:
    """Prices between which nearly all orders stand."""
    return [float(x) for x in orders["price"].quantile([0.002, 0.998])] if len(orders) else []


def draw_inventory(axes: Any, run: Drawn) -> None:
    """Inventory, its target and the hard band; on the right what coefficient that is."""
    held, series = run.config.inventory, run.series
    target, deviation = float(held.target_inventory), float(held.max_inventory_deviation)
    axes.axhspan(target - deviation, target + deviation, color=VENUES[0], alpha=0.08, linewidth=0, label="band")
    axes.axhline(target, color=FAINT, linewidth=0.9, linestyle="--", label=f"target {target:g}")
    axes.plot(
        times(series.index), series["inventory"], color=BID, linewidth=1.3, drawstyle="steps-post", label="inventory"
    )
    axes.set_ylim(target - 1.15 * deviation, target + 1.3 * deviation)
    axes.set_ylabel(f"inventory, {run.config.base_coin}", **STYLE)
    scale = deviation if held.coefficient_scale == "max_deviation" else max(abs(target), deviation)
    right = axes.secondary_yaxis(
        "right", functions=(lambda x: (x - target) / scale, lambda c: c * scale + target)
    )  # fmt: skip
    right.set_ylabel("coefficient", **STYLE)
    right.tick_params(labelsize=8, colors=INK)


def draw_volume(axes: Any, run: Drawn) -> None:
    """Each market's volume coefficient within its bounds."""
    low, high = float(run.config.min_coefficient), float(run.config.max_coefficient)
    for i, market in enumerate(run.markets):
        values = run.series[f"volume_coefficient {market.name}"]
        axes.plot(
            times(run.series.index), values, color=VENUES[i % len(VENUES)], linestyle=DASHES[i % len(DASHES)],
            linewidth=1.3, drawstyle="steps-post", label=market.name,
        )  # fmt: skip
    for bound in (low, high):
        axes.axhline(bound, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylim(low / 1.15, high * 1.5)
    ticks = sorted({low, 1.0, high}) if low <= 1 <= high else [low, high]
    axes.set_yticks(ticks)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.minorticks_off()
    axes.set_ylabel("volume coefficient", **STYLE)


def draw_profit(axes: Any, run: Drawn) -> None:
    """Profit since the start, what of it is realised, and the fees paid on the way."""
    series, at = run.series, times(run.series.index)
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.plot(at, series["equity"], color=INK, linewidth=1.6, label="profit", zorder=3)
    axes.plot(at, series["realised_pnl"], color=VENUES[0], linewidth=1.2, linestyle="--", label="realised, after fees")
    axes.plot(at, series["unrealised_pnl"], color=VENUES[3], linewidth=1.0, linestyle="-.", label="unrealised")
    axes.plot(at, -series["fees"], color=ASK, linewidth=1.0, linestyle=":", label="fees")
    axes.margins(y=0.15)
    axes.set_ylabel(f"profit, {run.config.quote_currencies[0]}", **STYLE)


def dress(axes: Any, columns: int = 6, *, above: bool = False) -> None:
    """The same plain dress for every panel, its legend in so many columns, inside the panel or above it."""
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(labelsize=8, colors=INK)
    if axes.get_legend_handles_labels()[0]:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1)} if above else {"loc": "upper left"}
        axes.legend(ncols=columns, fontsize=8, frameon=False, handlelength=1.8, columnspacing=1.4, **place)


def _title(figure: Figure, run: Drawn) -> None:
    found, config = run.summary, run.config
    names = " + ".join(dict.fromkeys(market.venue for market in run.markets))
    start, end = found["start"][:16].replace("T", " "), found["end"][11:16]
    first = f"{config.base_coin}/{config.quote_currencies[0]} on {names}, {start} to {end} UTC"
    quote = config.quote_currencies[0]
    second = (
        f"profit {money(total(found))} {quote}, fees {money(found['fees'])}, "
        f"largest drawdown {money(found['max_drawdown'])}; {found['orders']:,} orders, {found['fills']:,} fills"
    )
    figure.suptitle(f"{first}\n{second}", fontsize=11, color=INK, x=0.01, ha="left")


def write(figure: Figure, path: Path) -> None:
    """Write the picture, whole or not at all."""
    check_name(path)
    draft = path.with_name(f".{path.name}.part")
    try:
        figure.savefig(draft, format=path.suffix[1:].lower(), dpi=150)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


def check_name(path: Path) -> None:
    """Raises ConfigError where no picture can get this name."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: cannot be written: no such folder")


def times(moments: Any) -> "np.ndarray[Any, Any]":
    """Times as matplotlib's day numbers; NaN for none."""
    naive = np.asarray(moments.dt.tz_convert(None) if hasattr(moments, "dt") else moments.tz_convert(None))
    return np.asarray(days.date2num(naive), float)
