"""The words a setting may take, and the other spellings that are understood for them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator


class InventoryPriceMethod(StrEnum):
    """How the inventory price is found; `fifo` and `lifo` cost the lots that are left."""

    ACCOUNTING = "accounting"
    MANUAL = "manual"
    MARK_TO_MARKET = "mark_to_market"
    FIFO = "fifo"
    LIFO = "lifo"


class SmartPricingSource(StrEnum):
    """Which books the reference price is taken from."""

    AGGREGATED = "aggregated"
    COMPONENT_VENUES = "component_venues"
    LIQUIDITY_WEIGHTED = "liquidity_weighted"
    SINGLE_VENUE = "single_venue"


SIDES: Final[Mapping[str, str]] = {"buy": "bid", "ask": "offer", "sell": "offer"}
SOURCES: Final[Mapping[str, str]] = {"component": "component_venues"}


def understood(aliases: Mapping[str, str]) -> Any:
    """A validator that puts the published word in place of an alias."""

    def replace(value: object) -> object:
        return aliases.get(value, value) if isinstance(value, str) else value

    return BeforeValidator(replace)


Sides = Annotated[Literal["both", "bid", "offer"], understood(SIDES)]
Source = Annotated[SmartPricingSource, understood(SOURCES)]
Currency = Literal["base", "quote"]
CoefficientMethod = Literal["inventory", "volume", "both", "none"]
