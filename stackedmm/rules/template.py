"""Rule files to begin with: one a verb, each sound as it stands, with an example to change first."""

from typing import Final

VERBS: Final = ("skew", "widen", "spread", "size", "gate")

_HEADS: Final = {
    "skew": "Lean: move both quotes when inventory is off its target.",
    "widen": "Step back: add bps to the half-spread when the market moves.",
    "spread": "Breathe: scale the half-spread with volatility.",
    "size": "Fade: shrink the side that would add to the position.",
    "gate": "Stop: keep a quote out where it should not stand.",
}
_RULES: Final = {
    "skew": (
        'strength=Param(8.0, 0, 40, "bps", "shift at a full position")',
        "Long inventory shifts both quotes down, short shifts both up.",
        "return -strength * q.inventory",
        ("{name}(View(inventory=0.5)) == -4.0",),
    ),
    "widen": (
        'share=Param(0.5, 0, 2, "", "bps added for each bps of volatility a minute")',
        "The faster the reference moves, the further away both sides stand.",
        "return share * q.volatility_bps",
        ("{name}(View(volatility_bps=10)) == 5.0",),
    ),
    "spread": (
        'most=Param(3.0, 1, 10, "", "at most this many times the spread")',
        "As wide as volatility is against its hour's mean, never tighter than configured.",
        "return min(max(1.0, q.volatility_ratio), most)",
        ("{name}(View(volatility_ratio=2)) == 2.0", "{name}(View(volatility_ratio=50)) == 3.0"),
    ),
    "size": (
        'least=Param(0.25, 0, 1, "", "part of the size left at the edge of the band")',
        "The side that would add shrinks with the band used; the other keeps its size.",
        "return 1.0 - (1.0 - least) * max(0.0, q.pressure)",
        ("{name}(View(pressure=-1)) == 1.0", "{name}(View(pressure=1)) == 0.25"),
    ),
    "gate": (
        'limit=Param(0.9, 0, 1, "", "part of the band that may be used")',
        "Near the edge of the band the side that would add does not quote.",
        "return q.pressure < limit",
        ("{name}(View())", "not {name}(View(pressure=0.95))"),
    ),
}


def template(verb: str, name: str) -> str:
    """The text of a file with one rule of this verb and name."""
    param, doc, body, examples = _RULES[verb]
    lines = [
        f'"""{_HEADS[verb]}"""', "", "from stackedmm import Param, View, rule", "", "",
        f"@rule.{verb}", f"def {name}(q, {param}):", f'    """{doc}"""', f"    {body}", "", "",
        *(f"assert {each.format(name=name)}" for each in examples),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
