"""Finding what people name: a line, a side, a venue, as the configuration or the venue itself spells it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.engine.host.record import SIDES
from stackedmm.errors import ConfigError

SPELLED: Final = {"buy": "bid", "bids": "bid", "sell": "ask", "offer": "ask", "asks": "ask"}


class Place(NamedTuple):
    """One quote of a session."""

    quote: int
    line: int
    market: int
    side: int
    level: int


def find(
    config: StackedMarketMakingConfig, filled: Filled, s: Any, line: str, side: str, venue: str, level: int
) -> Place:
    """The quote meant. ConfigError where something is not known, with what is."""
    i = one_of("line", line, [each.id for each in filled.lines])
    j = one_of("side", SPELLED.get(side, side), SIDES)
    market = market_of(config, filled, venue)
    n = int(s["quotes_n"])
    for k, q in enumerate(s["quotes"][:n]):
        if (q["line"], q["side"], q["market"], q["level"]) == (i, j, market, level):
            return Place(k, i, market, j, level)
    raise ConfigError(f"level: found {level}, expected 0 to {int(s['lines'][i]['levels']) - 1} on line {line}")


def market_of(config: StackedMarketMakingConfig, filled: Filled, name: str) -> int:
    """The market of a venue, by its id or by the name that the configuration gives it."""
    named: dict[str, int] = {}
    for i, market in enumerate(filled.quoted):
        named.setdefault(market.venue, i)
        kind = "spot" if market.kind == "spot" else "perp"
        named[f"{market.venue}_{kind}"] = i
        for said, venue in config.venues_by_name.items():
            if (venue.id, venue.kind) == (market.venue, kind):
                named[said] = i
    names = list(named)
    return named[names[one_of("venue", name, names)]]


def spelled(config: StackedMarketMakingConfig, filled: Filled, i: int) -> str:
    """The name of a market's venue as the configuration spells it."""
    market = filled.quoted[i]
    kind = "spot" if market.kind == "spot" else "perp"
    found = (said for said, v in config.venues_by_name.items() if (v.id, v.kind) == (market.venue, kind))
    return next(found, market.venue)


def one_of(what: str, name: object, known: Iterable[str]) -> int:
    """Where the name stands among those known; ConfigError names the nearest, and all."""
    names = list(known)
    if name in names:
        return names.index(str(name))
    near = get_close_matches(str(name), names, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(f"{what}: found {name!r}; {hint}expected one of {', '.join(names)}")
