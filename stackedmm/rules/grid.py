"""What a rule answers over a grid of what it reads: a table that shows its shape."""

from collections.abc import Mapping
from itertools import product
from typing import Final

from stackedmm.core.views import BY_NAME, GATE
from stackedmm.errors import RuleError
from stackedmm.rules.refusal import nearest
from stackedmm.rules.ruleset import LoadedRule
from stackedmm.rules.table import Table
from stackedmm.rules.view import field_fault

AXES: Final = 2
"""Fields that vary at once; the others stay neutral."""
POINTS_MAX: Final = 101
TELLING: Final[dict[str, tuple[float, float]]] = {
    "volume": (0.0, 4.0), "volatility_bps": (0.0, 40.0), "volatility_ratio": (0.0, 4.0), "balance": (0.0, 2.0),
    "filled_ratio": (0.0, 2.0), "quiet_s": (0.0, 60.0), "local_spread_bps": (0.0, 40.0),
    **dict.fromkeys(("cost_gap_bps", "drift_bps", "local_gap_bps", "adverse_bps"), (-20.0, 20.0)),
}  # fmt: skip
"""Where fields of a wide range usually are."""


def explain(rule: LoadedRule, held: Mapping[str, float] | None = None, *, points: int = 9) -> Table:
    """Answers over the first fields that the rule reads and `held` does not hold, two at most.

    `held` are numbers for fields and Params by name. RuleError for what the rule does not have or cannot take.
    """
    held = dict(held or {})
    params = dict(rule.params)
    _check(rule, held)
    if not 2 <= points <= POINTS_MAX:
        raise RuleError(f"points: {points}, expected 2 to {POINTS_MAX}")
    free = [name for name in rule.fields if name not in held][:AXES]
    axes = [axis(name, points) for name in free]
    fixed = {name: held.get(name, BY_NAME[name].neutral) for name in rule.fields if name not in free}
    given = [held.get(name, param.default) for name, param in params.items()]

    def answer(*at: float) -> str:
        seen = {**fixed, **dict(zip(free, at, strict=True))}
        return _said(rule, rule.value(*(seen[name] for name in rule.fields), *given))

    where = ", ".join(f"{name}={value:g}" for name, value in {**fixed, **dict(zip(params, given, strict=True))}.items())
    title = f"{rule.name}, {rule.verb_name}, {rule.scope}" + (f"; {where}" if where else "")
    if len(free) < AXES:
        column = free[0] if free else ""
        single = [((f"{at[0]:g}" if at else "always"), answer(*at)) for at in product(*axes)]
        return Table(title, (column, rule.verb_name), single, left=0, note=rule.doc)
    rows = [(f"{first:g}", *(answer(first, second) for second in axes[1])) for first in axes[0]]
    heads = tuple(f"{second:g}" for second in axes[1])
    return Table(title, (f"{free[0]} \\ {free[1]}", *heads), rows, left=0, note=rule.doc)


def axis(name: str, points: int) -> list[float]:
    """Telling numbers of a field, from low to high."""
    field = BY_NAME[name]
    if name == "sign":
        return [1.0, -1.0]
    low, high = TELLING.get(name, (field.low, field.high))
    low = max(low, field.low)
    return [low + (high - low) * i / (points - 1) for i in range(points)]


def _check(rule: LoadedRule, held: Mapping[str, float]) -> None:
    params = dict(rule.params)
    for name, value in held.items():
        if name in params:
            if params[name].clamp(value) != value:
                raise RuleError(
                    f"{rule.name}.{name}={value:g}; it runs from {params[name].low:g} to {params[name].high:g}"
                )
        elif name not in rule.reads:
            raise RuleError(f"{rule.name} reads no {name}; {nearest(name, (*rule.fields, *params))}")
        elif fault := field_fault(name, value):
            raise RuleError("; ".join(fault))


def _said(rule: LoadedRule, value: float) -> str:
    if value != value:
        return "no answer"
    if rule.verb == GATE:
        return "stands" if value else "closed"
    return f"{value + 0.0:.4g}"
