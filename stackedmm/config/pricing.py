"""Where the reference price comes from, and what is set per venue."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator

from stackedmm.config.fields import Declared, Integer, Number, Switch, declared, read_list
from stackedmm.config.lines import QUANTITY_MAX
from stackedmm.config.venues import VenueName


class Pricing(Declared):
    """How the reference is taken from the books."""

    venues: Annotated[
        Annotated[tuple[VenueName, ...], BeforeValidator(read_list)] | None,
        declared("the subset that component_venues uses", items=(1, 64)),
    ] = None
    venue: Annotated[VenueName | None, declared("the one that single_venue uses; null: the first exchange")] = None
    quantity: Annotated[
        Number | None,
        declared("size the price is asked for; null: the largest passive quantity", unit="base", gt=0, le=QUANTITY_MAX),
    ] = None
    max_age_ms: Annotated[
        Integer, declared("a book counts while its feed proved alive within this", unit="ms", ge=50, le=600_000)
    ] = 2000
    fallback: Annotated[Literal["none", "aggregated"], declared("what replaces a source that has no price")] = "none"
    anchor: Annotated[
        Literal["usdt", "native"], declared("the reference of other quotes: BASE/USDT converted, or their own books")
    ] = "usdt"
    weight_depth_bps: Annotated[
        Number, declared("depth within this counts in liquidity_weighted", unit="bps", gt=0, le=1000)
    ] = Decimal(25)
    weight_cap: Annotated[Number, declared("largest weight of one venue; never below 1/venues", gt=0, le=1)] = Decimal(
        "0.8"
    )
    weight_half_life_ms: Annotated[
        Integer, declared("half-life of the smoothed weights", unit="ms", ge=1, le=600_000)
    ] = 500


class VenueSettings(Declared):
    """What holds on one venue alone."""

    enabled: Annotated[Switch, declared("quote here")] = True
    max_share: Annotated[Number, declared("largest part of all resting size that may stand here", gt=0, le=1)] = (
        Decimal(1)
    )
    size_factor: Annotated[Number, declared("multiplies every size here", gt=0, le=100)] = Decimal(1)
    maker_fee_bps: Annotated[
        Number | None, declared("null: the account's, else the market's", unit="bps", ge=-100, le=1000)
    ] = None
    taker_fee_bps: Annotated[
        Number | None, declared("null: the account's, else the market's", unit="bps", ge=-100, le=1000)
    ] = None
