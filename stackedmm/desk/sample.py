"""One sample for the charts, read from the engine's record in a few microseconds."""

from math import nan
from typing import Any, Final

import numpy as np

from stackedmm.core.own import LIVE

FIRST: Final = ("reference", "own_bid", "own_ask", "inventory", "coefficient", "pnl", "realised")


def columns(markets: int) -> list[str]:
    """Names of a sample's numbers: the common ones, then each market's volume coefficient."""
    return [*FIRST, *(f"volume_{i}" for i in range(markets))]


def take(s: Any) -> list[float]:
    """The sample as things stand."""
    bid, ask = own_best(s)
    reference = float(s["reference"]) or nan
    held, _ = money(s)
    return [
        reference,
        bid,
        ask,
        float(s["ledger"]["position"]) * float(s["unit_base"]),
        float(s["inventory"]),
        held,
        float(s["ledger"]["realised"]) * float(s["unit_cost"]),
        *map(float, s["markets"]["volume"][: int(s["markets_n"])]),
    ]


def money(s: Any) -> tuple[float, float]:
    """Profit since the opening, and the unrealised part of it, in quote, fees taken out."""
    unit = float(s["unit_cost"])
    position = float(s["ledger"]["position"]) * float(s["unit_base"])
    unrealised = position * float(s["reference"]) - float(s["ledger"]["cost"]) * unit
    return float(s["ledger"]["realised"]) * unit + unrealised - float(s["equity_open"]), unrealised


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
    n = int(s["markets_n"])
    return np.concatenate([s["markets"][i]["live"][: int(s["markets"][i]["lives"])] for i in range(n)])
