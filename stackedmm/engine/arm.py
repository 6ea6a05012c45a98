"""Puts a checked set of rules in force: their scopes and values into the state, their addresses into `links`.

In two parts, so that a running engine is held up by plain stores only: `prepare` does all the work beside it, and
`install` stores what came of it, between two steps.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import METHODS, Filled
from stackedmm.config.lines import TobLine
from stackedmm.core import build, shape
from stackedmm.core.codes import PARAMS, RULES
from stackedmm.core.machine import COMPILED
from stackedmm.core.records import RULE
from stackedmm.core.shape import FIRST_RULE
from stackedmm.errors import RuleError
from stackedmm.rules import LoadedRule, RuleSet

ARMAMENT: Final = np.dtype(
    [
        ("rules", RULE, (RULES,)),
        ("params", "f8", (PARAMS,)),
        ("addresses", "i8", (RULES,)),  # where each rule's code stands in this process
        ("rules_n", "i8"),
        ("digest", "i8"),  # of the set; 0 without rules
        ("imbalance_unread", "i8"),
    ],
    align=True,
)
"""All that putting a set of rules in force stores into an engine."""


class Armament(NamedTuple):
    """A set of rules made ready for engines of one configuration. Nobody changes it."""

    record: NDArray[Any]
    """One ARMAMENT."""
    names: tuple[str, ...]
    """`rule.parameter` of each parameter, in the order in which they stand."""

    @property
    def digest(self) -> int:
        """Of the set; 0 without rules."""
        return int(self.record["digest"][0])

    @property
    def params(self) -> dict[str, float]:
        """The parameters' values by `rule.parameter`."""
        return dict(zip(self.names, self.record["params"][0].tolist(), strict=False))


def prepare(filled: Filled, rules: RuleSet | None, values: Mapping[str, float] | None = None) -> Armament:
    """A rule set for the lines and markets of `filled`, whose state is not touched: it may be running.

    `values` are parameter values by `rule.parameter` that beat the files' defaults. Raises RuleError where the engine
    has no room for the set, and for values of parameters that no rule has.
    """
    found: Sequence[LoadedRule] = rules.rules if rules is not None else ()
    if len(found) > RULES:
        raise RuleError(f"rules: {len(found)} found, at most {RULES} are in force at once")
    settled = rules.values(values or {}).values if rules is not None else {}
    names = tuple(f"{rule.name}.{name}" for rule in found for name, _ in rule.params)
    if len(names) > PARAMS:
        raise RuleError(f"rules: {len(names)} parameters found, at most {PARAMS} fit the engine")
    made = np.zeros(1, ARMAMENT)
    record = made[0]
    first = 0
    for each, rule in zip(record["rules"], found, strict=False):
        scope(each, filled, rule)
        each["first_param"] = first
        first += len(rule.params)
    record["params"][: len(names)] = [settled[name] for name in names]
    record["addresses"][: len(found)] = addresses(found)
    record["rules_n"] = len(found)
    record["digest"] = rules.digest if rules is not None else 0
    record["imbalance_unread"] = int(not any("imbalance" in rule.reads for rule in found))
    return Armament(made, names)


def install(state: Any, links: NDArray[np.int64], armament: Armament) -> None:
    """Replace the whole set in force; only between two steps, as no step may see half of it. Nothing is allocated."""
    store(state, links, armament.record)


def store(S: Any, links: Any, armament: Any) -> None:
    """Store one ARMAMENT (an array of one) into an engine. Written so that a compiled loop may do it too."""
    s = S[0]
    given = armament[0]
    for i in range(RULES):
        s["rules"][i] = given["rules"][i]
        links[FIRST_RULE + i] = given["addresses"][i]
    for i in range(PARAMS):
        s["params"][i] = given["params"][i]
    s["rules_n"] = given["rules_n"]
    s["rules_digest"] = given["digest"]
    s["imbalance_unread"] = given["imbalance_unread"]


def arm(filled: Filled, rules: RuleSet | None, values: Mapping[str, float] | None = None) -> NDArray[np.int64]:
    """`prepare` and `install` for an engine that is not running yet; returns this process's `links`."""
    links = build.links_for(filled.state)
    install(filled.state, links, prepare(filled, rules, values))
    return links


def addresses(rules: Sequence[LoadedRule]) -> list[int]:
    """Where each rule's code stands in this process. Several sets may be in use at once, by engines side by side."""
    if COMPILED:
        return [rule.address for rule in rules]
    for rule in rules:
        if rule.fill not in shape.PYTHON_RULES:
            shape.PYTHON_RULES.append(rule.fill)
    return [shape.PYTHON_RULES.index(rule.fill) for rule in rules]


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
    for i, market in enumerate(filled.quoted):
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
