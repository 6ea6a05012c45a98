"""Who says what the inventory target is, and how fast it is followed."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from stackedmm.config.fields import Declared, Name, Number, Problem, declared, plain, refused
from stackedmm.config.inventory import INVENTORY_MAX


def _bounds_in_order(low: Decimal | None, high: Decimal | None) -> Iterator[Problem]:
    if low is not None and high is not None and low > high:
        yield Problem(("low",), low, f"at most high, {plain(high)}")


def _read_url(value: object) -> str:
    """An address whose user part or query could hold a password would end up in logs and journals."""
    expected = "an http or https address without user, password, query or fragment"
    if not isinstance(value, str) or len(value) > 500 or not value.isascii() or not value.isprintable() or " " in value:
        raise refused(expected)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise refused(expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise refused(expected)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise refused(expected)
    return value


class Target(Declared):
    """The source's details; each refresh moves the target by a fraction of the way to the accepted value."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = (_bounds_in_order,)

    fraction: Annotated[Number, declared("part of the way to the accepted value that one refresh goes", gt=0, le=1)] = (
        Decimal(1)
    )
    refresh_seconds: Annotated[Number, declared("time between refreshes", unit="s", ge=1, le=86_400)] = Decimal(60)
    url: Annotated[
        Annotated[str, BeforeValidator(_read_url)] | None, declared("where http asks; it answers with one number")
    ] = None
    signal: Annotated[Name | None, declared("the signal that is followed")] = None
    low: Annotated[
        Number | None,
        declared("a lower value is not accepted", unit="base", ge=-INVENTORY_MAX, le=INVENTORY_MAX),
    ] = None
    high: Annotated[
        Number | None,
        declared("a higher value is not accepted", unit="base", ge=-INVENTORY_MAX, le=INVENTORY_MAX),
    ] = None
