"""Ways of conversion, found once: from a quote currency through spot books to the first quote currency.

A book A/B is a leg both ways. The traded coin is never an intermediate: a rate from its own books would price it by
itself. Where shorter ways exist, longer ones go through the given currencies only, not through any coin a venue lists.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from stackedmm.core.codes import LEGS, PATHS_EACH
from stackedmm.core.market import SPOT, Market

MUCH: Final = 100.0
"""A currency worth this many of the first is counted in finer units."""


class Leg(NamedTuple):
    """One step: through which market, and whether its mid multiplies (`up`) or divides."""

    market: int
    up: bool


Way = tuple[Leg, ...]
Steps = Mapping[str, Sequence[tuple[Leg, str]]]


def routes(
    markets: Sequence[Market], first: str, base: str, currencies: Collection[str], order: Sequence[int] | None = None
) -> dict[str, list[Way]]:
    """For each currency but the first its ways to it: fewest legs first, then the markets earlier in `order`.

    At most LEGS legs and PATHS_EACH ways each; a currency that nothing connects has none.
    """
    steps = _steps(markets, base, range(len(markets)) if order is None else order)
    found = {}
    for currency in currencies:
        if currency == first:
            continue
        near = {first, *currencies} - {base}
        ways = list(_ways(steps, currency, first, near))
        found[currency] = (ways or list(_ways(steps, currency, first, None)))[:PATHS_EACH]
    return found


def _steps(markets: Sequence[Market], base: str, order: Sequence[int]) -> Steps:
    """From each currency the legs that leave it, and where they lead."""
    steps: dict[str, list[tuple[Leg, str]]] = {}
    for i in order:
        market = markets[i]
        if market.kind == SPOT and base not in (market.base, market.quote):
            steps.setdefault(market.base, []).append((Leg(i, True), market.quote))
            steps.setdefault(market.quote, []).append((Leg(i, False), market.base))
    return steps


def _ways(steps: Steps, start: str, end: str, through: Collection[str] | None) -> Iterator[Way]:
    """Ways from start to end that pass no currency twice, shortest first; at most PATHS_EACH."""
    layer: list[tuple[Way, tuple[str, ...]]] = [((), (start,))]
    count = 0
    for length in range(1, LEGS + 1):
        following = []
        for way, seen in layer:
            for leg, reached in steps.get(seen[-1], ()):
                if reached == end:
                    yield (*way, leg)
                    count += 1
                    if count == PATHS_EACH:
                        return
                elif reached not in seen and length < LEGS and (through is None or reached in through):
                    following.append(((*way, leg), (*seen, reached)))
        layer = following


def worth(ways: Mapping[str, Sequence[Way]], prices: Sequence[float]) -> dict[str, float]:
    """About what a unit of each currency is in the first quote, by its first way; 1 where nothing says."""
    found = {}
    for currency, each in ways.items():
        rate = 1.0
        for leg in each[0] if each else ():
            rate = rate * prices[leg.market] if leg.up else rate / prices[leg.market]
        found[currency] = rate
    return found


def finer_digits(rate: float) -> int:
    """Decimal places more that a currency of this worth is counted in: a unit of its money is never worth much more."""
    return max(0, math.floor(math.log10(rate))) if rate >= MUCH else 0
