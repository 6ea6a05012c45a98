"""Nothing is dead: each setting, coefficient, rule and limit that is taken away or changed changes orders somewhere."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from stackedmm.config.declarations import declarations
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.core.rows import PLACE
from stackedmm.lab import backtest
from stackedmm.rules import RuleSet, rebuild
from tests.core.ablation import BASE, CASES, HEAD, NOT_YET, OTHERWISE, Document, merged, passive, recording, tob

DECLARED = [declaration.path for declaration in declarations(StackedMarketMakingConfig)]
TOLD = ["ts", "kind", "ref", "px", "qty", "side", "market", "marks"]


@cache
def rule_set(source: str) -> RuleSet | None:
    return rebuild({"a.py": source.encode()}) if source else None


@cache
def commands(name: str, document: str, rules: str) -> Any:
    """All that the engine asks for in a run, without its reasons."""
    found = backtest(json.loads(document), recording(name), rule_set(rules), latency_ms=2)._commands
    assert (found["kind"] == PLACE).any(), "a run without orders shows nothing"
    return found[TOLD]


def run(name: str, document: Document, rules: str = "") -> Any:
    return commands(name, json.dumps(document, sort_keys=True), rules)


def changed(document: Document, path: str, value: Any) -> Document:
    """The document with the setting at a declared path changed, in its first line or venue."""
    keys = path.replace("[]", ".[]").split(".")

    def put(part: Any, rest: list[str]) -> Any:
        if not rest:
            return value
        key, *deeper = rest
        if key == "[]":
            return [put(part[0], deeper), *part[1:]]
        if key == "<venue>":
            key = next(iter(part))
        return part | {key: put(part.get(key, {} if deeper else None), deeper)}

    return put(document, keys)  # type: ignore[no-any-return]


def same(first: Any, second: Any) -> bool:
    return len(first) == len(second) and bool(np.array_equal(first, second))


def test_every_setting_is_shown_to_matter_or_excused_with_a_reason() -> None:
    assert not set(CASES) & set(NOT_YET)
    assert set(CASES) | set(NOT_YET) == set(DECLARED)
    assert set(OTHERWISE) == set(NOT_YET)


@pytest.mark.parametrize("path", CASES)
def test_changing_a_setting_changes_an_order(path: str) -> None:
    case = CASES[path]
    document = merged(BASE, case.context)
    before = run(case.recording, document, case.rules)
    assert not same(before, run(case.recording, changed(document, path, case.value), case.rules))


@pytest.mark.parametrize("path", NOT_YET)
def test_an_excused_setting_has_no_effect_yet(path: str) -> None:
    context, value = OTHERWISE[path]
    document = merged(BASE, context)
    assert same(run("three venues", document), run("three venues", changed(document, path, value)))


RULES = {
    "skew": HEAD + "@rule.skew\ndef f(q):\n    '''Down.'''\n    return -5.0\n",
    "widen": HEAD + "@rule.widen\ndef f(q):\n    '''Out.'''\n    return 3.0\n",
    "spread": HEAD + "@rule.spread\ndef f(q):\n    '''Out.'''\n    return 1.2\n",
    "size": HEAD + "@rule.size\ndef f(q):\n    '''Less.'''\n    return 0.5\n",
    "gate": HEAD + "@rule.gate\ndef f(q):\n    '''Bids only.'''\n    return q.sign > 0\n",
    "scoped": HEAD + "@rule.gate(side='ask', venue='bybit')\ndef f(q):\n    '''Never.'''\n    return q.sign > 0\n",
}
LINES = {"tob": tob(inventory_gate="clamp", spread_bps="5"), "passive": passive()}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("verb", RULES)
def test_taking_a_rule_away_changes_an_order(verb: str, line: str) -> None:
    document = merged(BASE, LINES[line])
    assert not same(run("three venues", document), run("three venues", document, RULES[verb]))


def test_the_same_run_twice_gives_the_same_orders() -> None:
    document = merged(BASE, passive())
    first = run("three venues", document)
    commands.cache_clear()
    assert same(first, run("three venues", document))
