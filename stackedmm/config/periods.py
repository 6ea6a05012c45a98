"""Periods of the moving averages, written as 30s, 5min, 4h or 1d."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from stackedmm.config.fields import refused

BUCKET_SECONDS: Final = 10
"""Public trades fill buckets of this length; a period is a whole number of them."""

PERIOD_MAX: Final = 7 * 86_400
_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_WORDS: Final = {"sec": "s", "m": "min", "mins": "min", "minute": "min", "minutes": "min", "hour": "h", "hours": "h"}
_PERIOD = re.compile(r"([1-9]\d{0,6})(s|min|h|d)", re.ASCII)


def seconds(period: str) -> int:
    """Length of a period that has been read.

    >>> seconds("5min"), seconds("1d")
    (300, 86400)
    """
    match = _PERIOD.fullmatch(period)
    assert match, period
    return int(match[1]) * _UNITS[match[2]]


def _read_period(value: object) -> str:
    if not isinstance(value, str) or not _PERIOD.fullmatch(value):
        raise refused(f"a period such as 30s, 5min, 4h or 1d{_nearest(value)}")
    length = seconds(value)
    if length % BUCKET_SECONDS or length > PERIOD_MAX:
        raise refused(f"a multiple of {BUCKET_SECONDS} s, at most 7d")
    return value


def _nearest(value: object) -> str:
    """The hint for a period in other words."""
    match = re.fullmatch(r"\s*([1-9]\d{0,6})\s*([A-Za-z]+)\s*", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        return ""
    unit = match[2].lower()
    unit = _WORDS.get(unit, _WORDS.get(unit.rstrip("s"), unit[:1]))
    return f"; did you mean {match[1]}{unit}?" if unit in _UNITS else ""


Period = Annotated[str, BeforeValidator(_read_period)]
