"""Hard limits, and the hedging of what fills in other quote currencies leave behind."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from stackedmm.config.fields import Declared, Integer, Number, Problem, declared
from stackedmm.config.venues import VenueName, venue


class Risk(Declared):
    """The last word before the wire."""

    max_order_value: Annotated[Number, declared("largest value of one order", unit="USDT", gt=0, le=10**9)] = Decimal(
        10_000
    )
    max_open_orders: Annotated[Integer, declared("open and unknown orders per venue", ge=1, le=1000)] = 50
    collar_bps: Annotated[
        Number, declared("furthest an order may stand from the reference", unit="bps", gt=0, le=10_000)
    ] = Decimal(300)
    max_skew_bps: Annotated[Number, declared("bound on the sum of all rules' skews", unit="bps", ge=0, le=1000)] = (
        Decimal(100)
    )
    messages_per_second: Annotated[
        Number | None, declared("budget per venue; null: the venue's own", unit="1/s", gt=0, le=10_000)
    ] = None
    cancel_reserve: Annotated[
        Number, declared("part of the budget kept for cancels and hedges", ge=0, le=Decimal("0.9"))
    ] = Decimal("0.2")
    max_loss: Annotated[
        Number | None, declared("loss since start that stops quoting; null: none", unit="first quote", gt=0, le=10**12)
    ] = None
    max_drawdown: Annotated[
        Number | None, declared("fall from the best result that stops; null: none", unit="first quote", gt=0, le=10**12)
    ] = None
    stale_ms: Annotated[
        Integer, declared("a book whose feed has not proved alive for this stops quoting", unit="ms", ge=50, le=600_000)
    ] = 2000


def _base_hedge_needs_a_perp(base_ratio: Decimal, base_venue: str | None) -> Iterator[Problem]:
    if base_ratio > 0 and base_venue is None:
        yield Problem(("base_venue",), None, "a venue with perps, because base_ratio is above 0")
    if base_venue is not None and venue(base_venue).kind != "perp":
        yield Problem(("base_venue",), base_venue, "a venue's perps, such as bybit_perp")


class Hedging(Declared):
    """How exposure in a quote currency other than the first is worked off."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = (_base_hedge_needs_a_perp,)

    band: Annotated[
        Number, declared("exposure left alone; never below the venue's minimum", unit="USDT", ge=0, le=10**9)
    ] = Decimal(10)
    cooldown: Annotated[Number, declared("wait between two hedges of one currency", unit="s", ge=0, le=3600)] = Decimal(
        1
    )
    style: Annotated[
        Literal["limit_ioc", "post_only_then_take"], declared("take at once, or offer first and then take")
    ] = "limit_ioc"
    max_slippage_bps: Annotated[
        Number, declared("furthest a hedge's limit reaches through the mid", unit="bps", gt=0, le=1000)
    ] = Decimal(30)
    post_only_seconds: Annotated[
        Number, declared("how long post_only_then_take offers", unit="s", ge=Decimal("0.1"), le=3600)
    ] = Decimal(5)
    base_ratio: Annotated[
        Number, declared("part of the base inventory hedged on a perp; never counted as inventory", ge=0, le=1)
    ] = Decimal(0)
    base_venue: Annotated[VenueName | None, declared("whose perps hedge the base", live=False)] = None
