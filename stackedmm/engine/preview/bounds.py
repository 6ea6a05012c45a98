"""How far a candidate's preview may differ from the rules in force and still be applied without being asked about."""

from math import isfinite
from typing import Final, NamedTuple

from stackedmm.engine.preview.measure import Place, Quoted, Total

FEW_MESSAGES: Final = 60
"""Below this many a span says nothing about the rate of messages."""
OFTEN: Final = 0.25
"""Quotes that stand less than this part of the time come and go by themselves."""


class Bounds(NamedTuple):
    """Each bound compares the candidate with the rules in force over the same span."""

    messages: float = 3.0
    """At most this many times the messages sent."""
    distance_bps: float = 50.0
    """No quotes may stand further than this, in the mean, from where they stood."""
    size: float = 4.0
    """No quotes may be, in the mean, more than this many times as large or as small."""
    quoting: float = 0.5
    """At least this part of the time quoted before must still be quoted: in all, and by each line, side and venue."""
    loss_bps: float = 25.0
    """Trading may come out worse by at most this part of the value of the inventory band."""
    failures: int = 0
    """How often rules may have no answer."""


NONE: Final = Bounds(*(float("inf"),) * 3, 0.0, float("inf"), 1 << 62)
"""No bounds: everything that passes its proofs is applied."""


def outside(
    bounds: Bounds,
    totals: tuple[Total, Total],
    quoted: tuple[dict[Place, Quoted], dict[Place, Quoted]],
    names: dict[Place, str],
    band_value: float,
) -> list[str]:
    """Every bound that the second of two spans breaks against the first, in words; `band_value` in quote currency."""
    before, after = totals
    found = []
    if after.failures > bounds.failures:
        found.append(f"rules had no answer {after.failures:,} times; at most {bounds.failures} are allowed")
    if after.messages > max(FEW_MESSAGES, bounds.messages * before.messages):
        found.append(f"{after.messages:,} messages against {before.messages:,}; at most {bounds.messages:g} times")
    if before.quoting > 0.0 and after.quoting < bounds.quoting * before.quoting:
        found.append(
            f"quotes {after.quoting:.0%} of the time against {before.quoting:.0%}; at least {bounds.quoting:g} of it"
        )
    worse = before.trading - after.trading
    if worse > bounds.loss_bps * 1e-4 * band_value:
        most = bounds.loss_bps * 1e-4 * band_value
        found.append(f"trading comes out worse by {worse:.4g}; at most {most:.4g}, {bounds.loss_bps:g} bps of the band")
    for place, then in quoted[0].items():
        now = quoted[1].get(place)
        if now is not None:
            found += _moved(bounds, names[place], then, now)
    return found


def _moved(bounds: Bounds, name: str, then: Quoted, now: Quoted) -> list[str]:
    found = []
    if isfinite(then.distance_bps) and isfinite(now.distance_bps):
        moved = now.distance_bps - then.distance_bps
        if abs(moved) > bounds.distance_bps:
            found.append(f"{name} moves by {moved:+.1f} bps; at most {bounds.distance_bps:g}")
    if then.quoting >= OFTEN and now.quoting < bounds.quoting * then.quoting:
        found.append(f"{name} quotes {now.quoting:.0%} of the time against {then.quoting:.0%}")
    if then.size > 0.0 and now.size > 0.0:
        ratio = now.size / then.size
        if not 1 / bounds.size <= ratio <= bounds.size:
            found.append(f"{name} is {ratio:.3g} times as large; at most {bounds.size:g}, at least 1/{bounds.size:g}")
    return found
