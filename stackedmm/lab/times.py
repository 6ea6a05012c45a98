"""Times as people write them, and as rows carry them: ns since 1970, UTC."""

import re
from datetime import UTC, datetime
from typing import Final

from stackedmm.errors import ConfigError

Time = int | str | datetime
"""ns since 1970, an ISO time (UTC where it names no zone), or a datetime (likewise)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_FRACTION: Final = re.compile(r"(\d\d:\d\d:\d\d)[.,](\d{1,9})(?!\d)")


def nanoseconds(time: object, name: str) -> int:
    """The time in ns; ConfigError says what was expected of the argument `name`.

    >>> nanoseconds("2024-08-08 00:00:01.5", "start"), nanoseconds("1723075201500000000", "start")
    (1723075201500000000, 1723075201500000000)
    """
    if isinstance(time, bool) or not isinstance(time, int | str | datetime):
        raise ConfigError(f"{name}: found {time!r}, expected an ISO time or ns since 1970")
    if isinstance(time, str) and re.fullmatch(r"\s*-?\d{9,}\s*", time):
        time = int(time)
    if isinstance(time, int):
        if not 0 < time < 1 << 62:
            raise ConfigError(f"{name}: {time} ns, expected a time after 1970")
        return time
    fraction = 0
    if isinstance(time, str):
        written = _FRACTION.search(time)
        if written:
            fraction = int(written[2].ljust(9, "0"))
        try:
            time = datetime.fromisoformat(_FRACTION.sub(r"\1", time).strip())
        except ValueError:
            raise ConfigError(f"{name}: found {time!r}, expected an ISO time or ns since 1970") from None
    since = time.replace(tzinfo=time.tzinfo or UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1000 + fraction


def iso(ns: int) -> str:
    """The time in ISO form with all its digits.

    >>> iso(1723075201500000000)
    '2024-08-08T00:00:01.500000000Z'
    """
    seconds, rest = divmod(ns, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
