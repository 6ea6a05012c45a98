"""Mark-outs: where the market stood some seconds after each own fill."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stackedmm.core.rows import FILL
from stackedmm.feeds.replay import mids
from stackedmm.lab.running import Running

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
SECOND: Final = 1_000_000_000
HORIZONS_S: Final = (1, 10, 60)
"""Seconds between hearing of a fill and looking at the market again, shortest first."""


def marks(running: Running) -> Array:
    """For each fill of a finished run, in the order of arrival, the mid of its own market after each horizon.

    It is the mid of the recorded book, which our orders are not in, as we knew it then; NaN where the run had ended,
    or no book stood. O(rows) a market.
    """
    heard = [part[part["kind"] == FILL] for part in running.answers]
    fills: Array = np.concatenate(heard) if heard else np.zeros(0, running.heard.dtype)
    due = (fills["ts"][:, None] + np.array(HORIZONS_S) * SECOND).ravel()
    of = np.repeat(fills["market"], len(HORIZONS_S))
    late = int(running.X["feed_ns"][0])
    found = np.full(len(due), np.nan)
    for market in range(len(running.recording.markets)):
        at = np.flatnonzero((of == market) & (due <= running.recording.end))
        at = at[np.argsort(due[at], kind="stable")]
        found[at] = mids(running.recording, market, due[at] - late)
    return found.reshape(len(fills), len(HORIZONS_S))


def frame(fills: "pd.DataFrame", found: Array) -> "pd.DataFrame":
    """What each fill came to: sign * (mid then - price) / price in bps, above 0 where it was a good trade."""
    table = fills[["time", "order", "venue", "symbol", "side", "line", "price", "size"]].copy()
    sign = np.where(fills["side"] == "bid", 1.0, -1.0)
    for i, seconds in enumerate(HORIZONS_S):
        table[f"mid_{seconds}s"] = found[:, i]
        table[column(seconds)] = sign * (found[:, i] / fills["price"].to_numpy(float) - 1.0) * 1e4
    return table


def column(seconds: int) -> str:
    """The name of a horizon's column, bps.

    >>> column(10)
    'markout_10s_bps'
    """
    return f"markout_{seconds}s_bps"
