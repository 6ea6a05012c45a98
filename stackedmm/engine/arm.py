"""Puts a checked set of rules in force: their scopes and values into the state, their addresses into `links`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import METHODS, Filled
from stackedmm.config.lines import TobLine
from stackedmm.core import build, shape
from stackedmm.core.codes import PARAMS, RULES
from stackedmm.core.machine import COMPILED
from stackedmm.errors import RuleError
from stackedmm.rules import LoadedRule, RuleSet


def arm(filled: Filled, rules: RuleSet | None, values: Mapping[str, float] | None = None) -> NDArray[np.int64]:
    """Write a rule set into the state; returns this process's `links`. The old set is replaced whole.

    `values` are parameter values by `rule.parameter` that beat the files' defaults. Raises RuleError where the engine
    has no room for the set.
    """
    s = filled.state[0]
    found: Sequence[LoadedRule] = rules.rules if rules is not None else ()
    if len(found) > RULES:
        raise RuleError(f"rules: {len(found)} found, at most {RULES} are in force at once")
    settled = rules.values(values or {}).values if rules is not None else {}
    s["rules"] = np.zeros_like(s["rules"])
    s["rules_n"] = len(found)
    s["rules_digest"] = rules.digest if rules is not None else 0
    s["imbalance_unread"] = int(not any("imbalance" in rule.reads for rule in found))
    first = 0
    for record, rule in zip(s["rules"], found, strict=False):
        scope(record, filled, rule)
        record["first_param"] = first
        for name, _ in rule.params:
            if first >= PARAMS:
                raise RuleError(f"rules: more than {PARAMS} parameters")
            s["params"][first] = settled[f"{rule.name}.{name}"]
            first += 1
    return build.links_for(filled.state, addresses(found))


def addresses(rules: Sequence[LoadedRule]) -> list[int]:
    """Where each rule's code stands in this process."""
    if COMPILED:
        return [rule.address for rule in rules]
    shape.PYTHON_RULES[:] = [rule.fill for rule in rules]
    return list(range(len(rules)))


def scope(record: Any, filled: Filled, rule: LoadedRule) -> None:
    """Which quotes a rule concerns, as bits a line, a side and a market."""
    record["verb"] = rule.verb
    record["digest"] = int(rule.file_digest[:15], 16)
    record["per_side"] = int(rule.per_side)
    lines = sides = markets = 0
    where = rule.scope
    for i, line in enumerate(filled.lines):
        inside = not where.line or filled.kinds[i] in where.line or line.id in where.line
        if inside and not already(line, rule.unless):
            lines |= 1 << i
    for side, name in enumerate(("bid", "ask")):
        sides |= int(not where.side or name in where.side) << side
    for i, market in enumerate(filled.markets):
        markets |= int(not where.venue or market.venue in where.venue) << i
    record["lines"], record["sides"] = lines, sides
    record["markets"] = np.array([markets], np.uint64).view(np.int64)[0]


def already(line: Any, unless: tuple[str, ...]) -> bool:
    """Whether a line's own coefficients already do what the rule does, so that the rule stays out of it."""
    if isinstance(line, TobLine):
        methods = {str(line.coefficient_method)}
    else:
        methods = {str(line.spread_coefficient_method), str(line.quantity_coefficient_method)}
    assert methods <= set(METHODS)
    return any(name in methods or "both" in methods for name in unless)
