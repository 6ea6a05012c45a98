"""One sample for the charts, read from the engine's record in a few microseconds."""

from math import nan
from typing import Any, Final

import numpy as np

from stackedmm.core.own import LIVE

FIRST: Final = ("reference", "own_bid", "own_ask", "inventory", "coefficient", "pnl", "trading")


def columns(markets: int) -> list[str]:
    """Names of a sample's numbers: the common ones, then each market's volume coefficient."""
    return [*FIRST, *(f"volume_{i}" for i in range(markets))]


def take(s: Any, opening: float) -> list[float]:
    """The sample as things stand; `opening` is the reference at which paper opened."""
    bid, ask = own_best(s)
    reference = float(s["reference"]) or nan
    total = profit(s)
    return [
        reference,
        bid,
        ask,
        float(s["ledger"]["position"]) * float(s["unit_base"]),
        float(s["inventory"]),
        total,
        traded(s, total, opening),
        *map(float, s["markets"]["volume"][: int(s["quoted_n"])]),
    ]


def profit(s: Any) -> float:
    """Profit since the opening, realised and unrealised, in quote, fees taken out."""
    unit = float(s["unit_cost"])
    position = float(s["ledger"]["position"]) * float(s["unit_base"])
    unrealised = position * float(s["reference"]) - float(s["ledger"]["cost"]) * unit
    return float(s["ledger"]["realised"]) * unit + unrealised - float(s["equity_open"])


def opening(s: Any) -> float:
    """The reference at which paper opened, told from the profit so far; to be asked before anything was traded."""
    held = float(s["opening"]) * float(s["unit_base"])
    return float(s["reference"]) - (profit(s) / held if held else 0.0)


def traded(s: Any, total: float, opening: float) -> float:
    """The part of the profit that trading made: without what merely holding the opening inventory would have."""
    return round(total - float(s["opening"]) * float(s["unit_base"]) * (float(s["reference"]) - opening), 6)


def own_best(s: Any) -> tuple[float, float]:
    """Best prices of our own resting orders over all markets, NaN where there is none."""
    slots = own_slots(s)
    orders = s["orders"][slots]
    orders = orders[orders["life"] == LIVE]
    prices = orders["px"] * s["markets"]["tick_size"][orders["market"]]
    bids, asks = prices[orders["side"] == 0], prices[orders["side"] == 1]
    return (float(bids.max()) if len(bids) else nan, float(asks.min()) if len(asks) else nan)


def own_slots(s: Any) -> Any:
    """Slots of the orders that may be alive, market by market."""
    n = int(s["quoted_n"])
    return np.concatenate([s["markets"][i]["live"][: int(s["markets"][i]["lives"])] for i in range(n)])
