"""What a rule may see: the one declaration of the View's fields, their ranges and who they belong to."""

from typing import Final, NamedTuple

import numpy as np


class Field(NamedTuple):
    """One number of the View."""

    name: str
    low: float
    neutral: float
    high: float
    unit: str
    per: str
    """`side`: the same for every quote of one market and side; `quote`: each quote has its own."""
    text: str


FIELDS: Final[tuple[Field, ...]] = (
    Field("sign", -1, 1, 1, "+1 bid, -1 ask", "side", "the side being shaped"),
    Field("inventory", -1, 0, 1, "", "side", "inventory coefficient c"),
    Field("pressure", -1, 0, 1, "", "side", "band used times sign: above 0 when this side would add"),
    Field("cost_gap_bps", -1000, 0, 1000, "bps", "side", "reference against inventory price"),
    Field("volume", 0.01, 1, 100, "", "side", "this venue's volume coefficient"),
    Field(
        "volatility_bps",
        0,
        5,
        1000,
        "bps per sqrt(minute)",
        "side",
        "EWMA of squared reference returns, half-life 60 s",
    ),
    Field("volatility_ratio", 0, 1, 100, "", "side", "volatility against its hour's mean"),
    Field("drift_bps", -1000, 0, 1000, "bps per minute", "side", "EWMA, 60 s, of reference returns"),
    Field("local_gap_bps", -1000, 0, 1000, "bps", "side", "local mid minus reference"),
    Field("local_spread_bps", 0, 5, 1000, "bps", "side", "local best spread"),
    Field("imbalance", -1, 0, 1, "", "side", "top-5 size of this venue, bid against ask"),
    Field("share", 0, 0.5, 1, "", "side", "this venue's share of stacked depth within 25 bps"),
    Field("balance", 0, 1, 100, "", "quote", "free balance over what the line would need"),
    Field("filled_ratio", 0, 0, 100, "", "quote", "filled in the last hour over the hourly quantity"),
    Field("adverse_bps", -1000, 0, 1000, "bps", "side", "EWMA of the 10 s mark-out of own fills on this side"),
    Field("quiet_s", 0, 1, 86400, "s", "side", "seconds since the last public trade"),
    Field("hour", 0, 12, 24, "h UTC", "side", "hour of the day"),
)

VIEW: Final = np.dtype([(field.name, "f8") for field in FIELDS])
"""One row of floats; a rule's `q`."""

BY_NAME: Final = {field.name: field for field in FIELDS}

# The verbs, as the core combines them.
SKEW: Final = 0
WIDEN: Final = 1
SPREAD: Final = 2
SIZE: Final = 3
GATE: Final = 4
VERBS: Final = ("skew", "widen", "spread", "size", "gate")
