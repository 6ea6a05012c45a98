"""A time series of what the engine knew, sampled between chunks of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stackedmm.core.market import Market

if TYPE_CHECKING:
    import pandas as pd

SECOND: Final = 1_000_000_000
SAMPLES: Final = 3600
"""Runs of an hour or more are sampled about this often, shorter ones once a second."""

WHOLE: Final = (
    "reference",
    "best_bid",
    "best_ask",
    "inventory",
    "inventory_coefficient",
    "inventory_price",
    "realised_pnl",
    "unrealised_pnl",
    "fees",
    "equity",
    "open_orders",
)
"""What is known of the whole, in the order of columns: coins, quote, or a number."""
EACH: Final = ("volume_coefficient", "mid", "basis_bps", "position")
"""What is known of each market; a column is called `mid binance BERA/USDT`."""


def sampling_ns(duration: int) -> int:
    """Row time between two samples: whole seconds."""
    return SECOND * max(1, -(-duration // (SAMPLES * SECOND)))


def known(s: Any, markets_n: int) -> list[float]:
    """One sample: the values of WHOLE, then those of EACH for each market."""
    ledger = s["ledger"]
    coin, money = float(s["unit_base"]), float(s["unit_cost"])
    reference = float(s["reference"]) or np.nan
    position = int(ledger["position"]) * coin
    realised = int(ledger["realised"]) * money
    unrealised = position * reference - int(ledger["cost"]) * money
    values = [
        reference,
        float(s["best_bid"]) or np.nan,
        float(s["best_ask"]) or np.nan,
        position,
        float(s["inventory"]),
        float(s["inventory_price"]),
        realised,
        unrealised,
        int(ledger["fees"]) * money,
        realised + unrealised - float(s["equity_open"]),
        float(s["open_orders"]),
    ]
    for m in s["markets"][:markets_n]:
        values += [float(m["volume"]), float(m["mid"]) or np.nan, float(m["basis"]) * 1e4, int(m["position"]) * coin]
    return values


def frame(times: Sequence[int], samples: Sequence[Sequence[float]], markets: Sequence[Market]) -> "pd.DataFrame":
    """Samples as a frame indexed by time."""
    import pandas as pd

    names = [*WHOLE, *(f"{name} {market.name}" for market in markets for name in EACH)]
    index = pd.DatetimeIndex(pd.to_datetime(np.array(times, np.int64), utc=True), name="time")
    table = pd.DataFrame(np.array(samples, float).reshape(len(times), len(names)), index, names)
    return table.astype({"open_orders": int})
