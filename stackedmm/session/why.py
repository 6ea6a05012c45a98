"""Why an order stands where it stands: every basis point between the reference and its price, and who owns it."""

from typing import Any, Final

from stackedmm.core.codes import STEPS
from stackedmm.core.views import FIELDS
from stackedmm.core.waterfall import Bar
from stackedmm.rules import RuleSet
from stackedmm.session.sheet import Sheet

OWNERS: Final = {
    "configured": "the line's own distance",
    "inventory": "the line's coefficient for the inventory",
    "volume": "the line's coefficient for the venue's volume",
    "volatility": "the line's response to volatility",
    "drift": "the line's response to drift",
    "clamp": "the line's least and largest distance",
    "skew": "all rules that lean the reference",
    "skew limit": "risk.max_skew_bps took this back",
    "anchor": "from the inventory's price to the reference",
    "book": "the venue's own best price",
    "level": "the ladder's step at this level",
    "taker check": "kept from crossing the local book",
    "rounding": "to the venue's tick",
}
"""What each owner is that is no rule."""
assert set(STEPS) - {"rules"} <= set(OWNERS)


class Why(Sheet):
    """A waterfall: the bars, their sum so far, and below what the order was computed from."""

    def __init__(self, order: int, what: str, command: Any, bars: list[Bar], rules: RuleSet | None) -> None:
        self.order = order
        self.bars = tuple(bars)
        self.reference = float(command["reference"])
        self.distance_bps = float(command["steps"][-1])
        self.saw = {each.name: float(x) for each, x in zip(FIELDS, command["saw"], strict=True)}
        """What the rules saw."""
        docs = {each.name: each.doc.partition("\n")[0] for each in (rules.rules if rules is not None else ())}
        total, rows = 0.0, []
        for owner, bps in bars:
            total += bps
            rows.append((owner, f"{bps:+.3f}", f"{total:.3f}", OWNERS.get(owner) or docs.get(owner, "")))
        notes = (
            f"reference {self.reference:.8g}, distance {self.distance_bps:.3f} bps, "
            f"size coefficient {float(command['coefficient']):.4g}, "
            f"inventory {float(command['inventory']):+.4f}, volume {float(command['volume']):.4g}",
        )
        super().__init__(f"order {order}: {what}", ("owner", "bps", "sum", ""), rows, left=(0, 3), notes=notes)
