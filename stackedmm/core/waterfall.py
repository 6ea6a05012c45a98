"""Why an order stands where it stands: bars, each with an owner, that add up to its distance from the reference.

Plain Python: bars are made for orders that people ask about, never while quoting.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from stackedmm.core.codes import (
    BOOKED,
    CLAMPED,
    DRIFT,
    PASSIVE,
    ROUNDED,
    RULED,
    SKEWED,
    STEPS,
)
from stackedmm.core.shape import MAX_FACTOR, MIN_FACTOR
from stackedmm.core.views import SKEW, SPREAD, WIDEN

NOISE: Final = 1e-9
"""bps; what is smaller is a float's remainder and no bar of its own."""


class Bar(NamedTuple):
    """A part of an order's distance from the reference, and what put it there."""

    owner: str
    """A step of `STEPS`, `level`, or the name of a rule."""
    bps: float


def waterfall(command: Any, rules: Sequence[tuple[str, int]], kind: int) -> list[Bar]:
    """The bars of one PLACE command, in the order of the steps; those of nothing are left out.

    `rules` are name and verb of the rules in force, in the order of the command's answers; `kind` is that of the line.
    The bars' sum is `command["steps"][-1]` to the last bit: the last bar takes what floats leave over.
    """
    steps = [float(step) for step in command["steps"]]
    answers = [(name, verb, float(a)) for (name, verb), a in zip(rules, command["answers"], strict=False)]
    said = [each for each in answers if math.isfinite(each[2])]
    bars: list[Bar] = []
    before = 0.0
    for i, name in enumerate(STEPS[:ROUNDED]):
        step = steps[i] - before
        before = steps[i]
        if i == RULED:
            bars += spread_bars(steps[DRIFT], said)
        elif i == SKEWED:
            bars += skew_bars(step, said, 1 - 2 * int(command["side"]), steps[CLAMPED] if kind == PASSIVE else 0.0)
        else:
            bars.append(Bar("level" if i == BOOKED and kind == PASSIVE else name, step))
    return summing_to(steps[ROUNDED], [bar for bar in bars if abs(bar.bps) > NOISE])


def summing_to(distance: float, bars: Sequence[Bar]) -> list[Bar]:
    """The bars, and what is missing to the distance; a second bar takes what one float cannot hold.

    The bars become multiples of a unit of which all of them together are less than 2**53: so their sum is exact.
    """
    largest = max(abs(distance), sum(abs(bar.bps) for bar in bars))
    unit = math.ldexp(1.0, math.frexp(largest)[1] - 52)
    found = [Bar(owner, round(bps / unit) * unit) for owner, bps in bars]
    total = sum(bar.bps for bar in found)
    for _ in range(2):
        if total != distance:
            found.append(Bar(STEPS[ROUNDED], distance - total))
            total += found[-1].bps
    return found


def spread_bars(base: float, said: Sequence[tuple[str, int, float]]) -> list[Bar]:
    """Coefficients share what their product adds by the logarithmic mean, L(base, base * prod) * ln(c); bps add."""
    factors = [(name, min(max(a, MIN_FACTOR), MAX_FACTOR)) for name, verb, a in said if verb == SPREAD]
    mean = logarithmic_mean(base, base * math.prod(factor for _, factor in factors))
    bars = [Bar(name, mean * math.log(factor)) for name, factor in factors]
    return bars + [Bar(name, a) for name, verb, a in said if verb == WIDEN]


def skew_bars(step: float, said: Sequence[tuple[str, int, float]], sign: int, half_spread_bps: float) -> list[Bar]:
    """Each skew in its own right, and one bar for what the limit on their sum took back.

    A passive half-spread is a part of the skewed reference, so a skew moves its price by a little less or more.
    """
    factor = half_spread_bps * 1e-4 - sign
    bars = [Bar(name, factor * a) for name, verb, a in said if verb == SKEW]
    rest = step - sum(bar.bps for bar in bars)
    return bars if abs(rest) < NOISE else [*bars, Bar("skew limit", rest)]


def logarithmic_mean(a: float, b: float) -> float:
    """(b - a) / ln(b / a); L(a, a) = a. Both above 0, or 0 with 0."""
    if a == b or a == 0.0:
        return a
    growth = (b - a) / a
    return a * growth / math.log1p(growth)
