"""Volume coefficients on one page, over the volume they come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib import dates
from matplotlib.ticker import FuncFormatter

from stackedmm.errors import ConfigError
from stackedmm.lab.picture import DASHES, FAINT, STYLE, VENUES, Picture, dress, write

if TYPE_CHECKING:
    import pandas as pd

_days: Any = dates  # it has no types
BARS: Final = 240
"""About how many bars of volume are drawn."""


def draw(markets: Mapping[str, "pd.DataFrame"], bounds: tuple[float, float], path: str | Path | None = None) -> Picture:
    """The buckets of each market, drawn; ConfigError where there are none, or the file cannot be written."""
    markets = {name: buckets for name, buckets in markets.items() if len(buckets)}
    if not markets:
        raise ConfigError("picture: no bucket is closed yet, add trades first")
    figure = Picture(figsize=(11, 6), layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for i, (name, buckets) in enumerate(markets.items()):
        draw_coefficient(above, name, buckets, i)
        draw_volume(below, name, buckets, i)
    draw_bounds(above, bounds)
    below.set_ylabel("traded a minute, quote", **STYLE)
    below.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 10 else f"{x:g}"))
    locator = _days.AutoDateLocator(minticks=5, maxticks=12)
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(_days.ConciseDateFormatter(locator))
    below.set_xlabel("time, UTC", **STYLE)
    for axes in (above, below):
        dress(axes)
    if path is not None:
        write(figure, Path(path))
    return figure


def draw_coefficient(axes: Any, name: str, buckets: "pd.DataFrame", place: int) -> None:
    """One market's coefficient, broken where its buckets are."""
    at, values = _at(buckets.index), buckets["coefficient"].to_numpy()
    usual = np.diff(at).min() if len(at) > 1 else 1.0
    breaks = np.flatnonzero(np.diff(at) > 1.5 * usual) + 1
    axes.plot(
        np.insert(at, breaks, at[breaks]), np.insert(values, breaks, np.nan), color=VENUES[place % len(VENUES)],
        linestyle=DASHES[place % len(DASHES)], linewidth=1.1, drawstyle="steps-pre", label=name,
    )  # fmt: skip


def draw_volume(axes: Any, name: str, buckets: "pd.DataFrame", place: int) -> None:
    """What was traded, in bars of whole minutes."""
    minutes = max(1, round((buckets.index[-1] - buckets.index[0]).total_seconds() / 60 / BARS))
    traded = buckets["quote"].resample(f"{minutes}min", closed="right", label="left").sum() / minutes
    axes.bar(
        _at(traded.index), traded.to_numpy(), width=minutes / 1440, align="edge", alpha=0.6, linewidth=0,
        color=VENUES[place % len(VENUES)], label=name,
    )  # fmt: skip


def draw_bounds(axes: Any, bounds: tuple[float, float]) -> None:
    """The bounds and the usual 1, on a scale on which twice and half look alike."""
    low, high = bounds
    for bound in (low, 1.0, high):
        axes.axhline(bound, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylim(low / 1.15, high * 1.3)
    axes.set_yticks(sorted({low, *(t for t in (0.25, 0.5, 1.0, 2.0) if 1.1 * low < t < high / 1.1), high}))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.minorticks_off()
    axes.set_ylabel("volume coefficient", **STYLE)


def _at(times: Any) -> Any:
    return np.asarray(_days.date2num(times.tz_convert(None).to_numpy()), float)
