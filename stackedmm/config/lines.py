"""The two kinds of quoting line: TOB lines improve a venue's best price, passive lines keep a ladder."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from stackedmm.config.choices import SIDES, CoefficientMethod, Currency, Sides
from stackedmm.config.fields import Declared, Integer, Name, Number, Problem, Switch, declared, plain

QUANTITY_MAX = 10**11
BPS_MAX = 10_000


class Enabled(Declared):
    """Which sides of a line may quote right now; `true` or `false` alone means both."""

    bid: Annotated[Switch, declared("the bid side may quote")] = True
    offer: Annotated[Switch, declared("the offer side may quote")] = True


def _read_enabled(value: object) -> object:
    """A switch for both sides, or one per side under any of a side's names."""
    if isinstance(value, bool):
        return {"bid": value, "offer": value}
    if isinstance(value, dict):
        named = {SIDES.get(key, key) if isinstance(key, str) else key: flag for key, flag in value.items()}
        return named if len(named) == len(value) else value
    return value


BySide = Annotated[Enabled, BeforeValidator(_read_enabled)]


def _coefficients_in_order(min_coefficient: Decimal | None, max_coefficient: Decimal | None) -> Iterator[Problem]:
    if min_coefficient is not None and max_coefficient is not None and min_coefficient > max_coefficient:
        yield Problem(("min_coefficient",), min_coefficient, f"at most max_coefficient, {plain(max_coefficient)}")


def _zone_in_order(min_price: Decimal | None, max_price: Decimal | None) -> Iterator[Problem]:
    if min_price is not None and max_price is not None and min_price > max_price:
        yield Problem(("min_price",), min_price, f"at most max_price, {plain(max_price)}")


class TobLine(Declared):
    """Improves each venue's own best price by one tick and paces its size by an hourly rate."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = (_coefficients_in_order, _zone_in_order)

    id: Annotated[Name, declared("name of the line; by default tob- and its place", live=False)] = "tob-1"
    enabled: Annotated[BySide, declared("switch, per side")] = Enabled()
    hourly_quantity: Annotated[
        Number, declared("size accrued per hour and side at coefficient 1", unit="per hour", gt=0, le=QUANTITY_MAX)
    ]
    quantity_currency: Annotated[
        Currency, declared("what quantities count: the base coin, or the first quote currency at the order's price")
    ] = "base"
    sides: Annotated[Sides, declared("sides quoted; buy, ask and sell are understood")] = "both"
    spread_bps: Annotated[
        Number, declared("required distance from the inventory price", unit="bps", gt=0, le=BPS_MAX)
    ] = Decimal(50)
    min_price: Annotated[Number | None, declared("lowest price of the zone; null is open", gt=0, le=10**9)] = None
    max_price: Annotated[Number | None, declared("highest price of the zone; null is open", gt=0, le=10**9)] = None
    spread_from_inventory: Annotated[
        Switch, declared("measure the distance from the inventory price, not from the reference")
    ] = True
    inventory_gate: Annotated[
        Literal["clamp", "strict", "off"],
        declared("clamp moves a price out to the distance, strict waits until the market is there, off asks nothing"),
    ] = "clamp"
    max_clamp_bps: Annotated[
        Number, declared("a price further behind the local best stays out", unit="bps", gt=0, le=BPS_MAX)
    ] = Decimal(200)
    drift_bps: Annotated[
        Number, declared("the local mid moving further since placement cancels", unit="bps", gt=0, le=BPS_MAX)
    ] = Decimal(30)
    timeout_seconds: Annotated[
        Number, declared("an older order is cancelled", unit="s", ge=Decimal("0.1"), le=86_400)
    ] = Decimal(30)
    coefficient_method: Annotated[
        CoefficientMethod, declared("what scales the accrual: inventory, volume, their product, or nothing")
    ] = "inventory"
    min_coefficient: Annotated[
        Number | None, declared("lower bound; null: 0.1 for inventory, else the global", ge=Decimal("0.01"), le=100)
    ] = None
    max_coefficient: Annotated[
        Number | None, declared("upper bound; null: 2.0 for inventory, else the global", ge=Decimal("0.01"), le=100)
    ] = None
    mode: Annotated[
        Literal["two_sided", "rebalance"], declared("both sides inside the band, or only toward the target")
    ] = "two_sided"
    scope: Annotated[
        Literal["venue", "line"], declared("one bucket of size per venue, or one shared by all venues")
    ] = "venue"
    max_order: Annotated[
        Number | None, declared("largest single order; null: only the rate and timeout cap it", gt=0, le=QUANTITY_MAX)
    ] = None
    min_requote_ticks: Annotated[
        Integer, declared("the target price moving this far replaces the order", unit="ticks", ge=1, le=10_000)
    ] = 1
    min_replace_interval_ms: Annotated[
        Integer, declared("shortest time between replacements", unit="ms", ge=0, le=3_600_000)
    ] = 500
    volatility_response: Annotated[
        Number, declared("half-spread times 1 + this times volatility over its hour's", ge=0, le=10)
    ] = Decimal(0)
    drift_response: Annotated[
        Number, declared("bps added on the drifting side per bp between local and reference", ge=0, le=10)
    ] = Decimal(0)


def _spreads_in_order(min_spread_bps: Decimal, mid_spread_bps: Decimal, max_spread_bps: Decimal) -> Iterator[Problem]:
    if min_spread_bps > max_spread_bps:
        yield Problem(("min_spread_bps",), min_spread_bps, f"at most max_spread_bps, {plain(max_spread_bps)}")
    elif not min_spread_bps <= mid_spread_bps <= max_spread_bps:
        bounds = f"{plain(min_spread_bps)} to {plain(max_spread_bps)}"
        yield Problem(("mid_spread_bps",), mid_spread_bps, f"within min_spread_bps and max_spread_bps, {bounds}")


def _ladder_above_zero(max_spread_bps: Decimal, levels: int, level_step_bps: Decimal) -> Iterator[Problem]:
    """The outermost bid must still have a price."""
    outermost = max_spread_bps + (levels - 1) * level_step_bps
    if outermost >= BPS_MAX:
        expected = f"an outermost half-spread, max_spread_bps + (levels - 1) * level_step_bps, below {BPS_MAX}"
        yield Problem(("max_spread_bps",), outermost, expected)


class PassiveLine(Declared):
    """Keeps a ladder around one reference price taken from the books of all venues."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = (
        _coefficients_in_order,
        _spreads_in_order,
        _ladder_above_zero,
    )

    id: Annotated[Name, declared("name of the line; by default passive- and its place", live=False)] = "passive-1"
    enabled: Annotated[BySide, declared("switch, per side")] = Enabled()
    mid_spread_bps: Annotated[Number, declared("half-spread at inventory coefficient 0", unit="bps", gt=0, le=BPS_MAX)]
    min_spread_bps: Annotated[
        Number,
        declared("tightest half-spread; above 0, so our own sides never meet", unit="bps", gt=0, le=BPS_MAX),
    ] = Decimal(10)
    max_spread_bps: Annotated[Number, declared("widest half-spread", unit="bps", gt=0, le=BPS_MAX)] = Decimal(200)
    quantity: Annotated[Number, declared("size of the innermost level at coefficient 1", gt=0, le=QUANTITY_MAX)]
    quantity_currency: Annotated[
        Currency, declared("what quantities count: the base coin, or the first quote currency at the order's price")
    ] = "base"
    sides: Annotated[Sides, declared("sides quoted; buy, ask and sell are understood")] = "both"
    randomization_factor: Annotated[
        Number, declared("each placement's size varies by up to this part of itself", ge=0, lt=1)
    ] = Decimal("0.05")
    timeout_seconds: Annotated[
        Number, declared("an older order is re-quoted", unit="s", ge=Decimal("0.1"), le=86_400)
    ] = Decimal(60)
    drift_bps: Annotated[
        Number, declared("the anchor moving further since placement re-quotes", unit="bps", gt=0, le=BPS_MAX)
    ] = Decimal(20)
    drift_anchor: Annotated[
        Literal["reference", "local"], declared("whose move counts as drift: the reference's or the local mid's")
    ] = "reference"
    spread_coefficient_method: Annotated[
        CoefficientMethod, declared("what shapes the half-spread: inventory, volume, both, or nothing")
    ] = "inventory"
    quantity_coefficient_method: Annotated[
        CoefficientMethod, declared("what scales the size: inventory, volume, their product, or nothing")
    ] = "volume"
    min_coefficient: Annotated[
        Number | None, declared("lower bound; null: 0.1 for inventory, else the global", ge=Decimal("0.01"), le=100)
    ] = None
    max_coefficient: Annotated[
        Number | None, declared("upper bound; null: 2.0 for inventory, else the global", ge=Decimal("0.01"), le=100)
    ] = None
    volume_spread_response: Annotated[
        Number, declared("power of the volume coefficient on mid_spread_bps: above 0 widens when busy", ge=-10, le=10)
    ] = Decimal(0)
    allocation: Annotated[
        Literal["replicate", "liquidity_shares"], declared("the whole size on every venue, or by share of liquidity")
    ] = "replicate"
    levels: Annotated[Integer, declared("orders per side and venue", ge=1, le=20)] = 1
    level_step_bps: Annotated[
        Number, declared("each further level stands this much further out", unit="bps", gt=0, le=1000)
    ] = Decimal(5)
    level_size_factor: Annotated[
        Number, declared("each further level's size, as a multiple of the one before", gt=0, le=10)
    ] = Decimal("1.0")
    requote_bps: Annotated[
        Number | None,
        declared(
            "target price move that re-quotes; null: a tick or a tenth of the half-spread",
            unit="bps",
            gt=0,
            le=BPS_MAX,
        ),
    ] = None
    min_replace_interval_ms: Annotated[
        Integer, declared("shortest time between replacements", unit="ms", ge=0, le=3_600_000)
    ] = 500
    volatility_response: Annotated[
        Number, declared("half-spread times 1 + this times volatility over its hour's", ge=0, le=10)
    ] = Decimal(0)
    drift_response: Annotated[
        Number, declared("bps added on the drifting side per bp between local and reference", ge=0, le=10)
    ] = Decimal(0)
