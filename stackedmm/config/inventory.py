"""How much of the coin to hold, how far from it to stray, and what the position cost."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from stackedmm.config.choices import InventoryPriceMethod
from stackedmm.config.fields import Declared, Number, Problem, Time, declared, read_number

INVENTORY_MAX = 10**12


def _manual_needs_its_price(
    inventory_price_method: InventoryPriceMethod, manual_inventory_price: Decimal | None
) -> Iterator[Problem]:
    if inventory_price_method is InventoryPriceMethod.MANUAL and manual_inventory_price is None:
        yield Problem(("manual_inventory_price",), None, "a price, because inventory_price_method is manual")


def _read_opening(value: object) -> object:
    return value if value == "venue" else read_number(value)


class Inventory(Declared):
    """The one inventory under which all lines quote."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = (_manual_needs_its_price,)

    target_inventory: Annotated[
        Number, declared("the level to return to; negative is short", unit="base", ge=-INVENTORY_MAX, le=INVENTORY_MAX)
    ]
    max_inventory_deviation: Annotated[
        Number, declared("hard band: target plus or minus this", unit="base", gt=0, le=INVENTORY_MAX)
    ]
    inventory_price_method: Annotated[InventoryPriceMethod, declared("how the inventory price is found")] = (
        InventoryPriceMethod.ACCOUNTING
    )
    manual_inventory_price: Annotated[
        Number | None, declared("the inventory price of the manual method", unit="quote", gt=0, le=10**9)
    ] = None
    start_time: Annotated[
        Time | None, declared("own trades before it do not count; without a zone it is UTC", live=False)
    ] = None
    coefficient_scale: Annotated[
        Literal["target", "max_deviation"],
        declared("what the inventory coefficient divides by: the larger of target and band, or the band"),
    ] = "target"
    opening_inventory: Annotated[
        Literal["venue"] | Number,
        BeforeValidator(_read_opening),
        declared("venue: all that the venues hold; a number: how much is this strategy's", unit="base", live=False),
    ] = "venue"
    opening_price: Annotated[
        Number | None,
        declared("cost of the opening inventory; null: the reference then", unit="quote", live=False, gt=0, le=10**9),
    ] = None
