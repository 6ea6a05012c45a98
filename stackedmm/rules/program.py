"""The rules of all files together: functions linked across files, bodies translated, costs bounded."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from stackedmm.core.views import GATE, VERBS
from stackedmm.rules.bodies import Translated, translate
from stackedmm.rules.declarations import Declaration
from stackedmm.rules.expressions import NUMBER, TRUTH, Names, Signature
from stackedmm.rules.language import COST_MAX, RULES_MAX, SIZE_MAX
from stackedmm.rules.outline import Outline
from stackedmm.rules.reading import Source
from stackedmm.rules.refusal import nearest

Key = tuple[str, str]
"""Module and name of a plain function."""


class Checked(NamedTuple):
    """A rule that is in the language: its head, its translated body, and the functions that this needs, in order."""

    source: Source
    declared: Declaration
    body: Translated
    functions: tuple[Translated, ...]


class Linked(NamedTuple):
    """The names of one file once its imports are resolved."""

    outline: Outline
    keys: dict[str, Key]
    """Where each callable name of the file leads."""


def link(outlines: Mapping[str, Outline], refused: Iterable[str]) -> list[Checked]:
    """Every rule that stands; what does not is noted in its outline. `refused` are modules without an outline."""
    files = [Linked(each, _resolve(each, outlines, set(refused))) for each in outlines.values()]
    order = _order(files, outlines)
    by_module = {each.outline.source.module: each for each in files}
    translated: dict[Key, Translated] = {}
    for key in order:
        linked = by_module[key[0]]
        names = replace(_names(linked, translated), kinds={}, known=set())
        function = linked.outline.functions[key[1]]
        translated[key] = translate(function, _emitted(key), names, linked.outline.refuse)
    checked = [each for linked in files for each in _rules(linked, translated)]
    _once(outlines.values())
    return checked


def _resolve(file: Outline, outlines: Mapping[str, Outline], refused: set[str]) -> dict[str, Key]:
    """Local names to the functions they call, in this file or the one they are imported from."""
    keys = {name: (file.source.module, name) for name in file.functions}
    for name, (module, statement) in file.borrowed.items():
        home = outlines.get(module)
        if module in refused:
            keys[name] = (module, name)
        elif home is None:
            file.refuse(
                statement, f"no file {module}.py in this folder", nearest(module, {"math", "stackedmm", *outlines})
            )
        elif name in home.functions:
            keys[name] = (module, name)
        elif name in home.rules or name in home.failed:
            file.refuse(
                statement, f"{name} is a rule of {module}.py", "a rule sees no other answer; import functions only"
            )
        else:
            file.refuse(statement, f"{module}.py has no function {name}", nearest(name, home.functions))
    return keys


def _order(files: list[Linked], outlines: Mapping[str, Outline]) -> list[Key]:
    """Functions, callees first; those that call themselves by any way are refused and left out."""
    graph: dict[Key, set[Key]] = {}
    for linked in files:
        for name, function in linked.outline.functions.items():
            called = {linked.keys[each] for each in _calls(function) if each in linked.keys}
            graph[(linked.outline.source.module, name)] = {key for key in called if key[0] in outlines}
    while True:
        try:
            return [key for key in TopologicalSorter(graph).static_order() if key in graph]
        except CycleError as error:
            ring: list[Key] = error.args[1]
            for module, name in set(ring):
                home = outlines[module]
                home.refuse(home.functions[name], f"{name} calls itself", "count with `for i in range(10)`")
            graph = {key: calls - set(ring) for key, calls in graph.items() if key not in ring}


def _calls(function: ast.FunctionDef) -> set[str]:
    calls = (each.func for each in ast.walk(function) if isinstance(each, ast.Call))
    return {each.id for each in calls if isinstance(each, ast.Name)}


def _emitted(key: Key) -> str:
    """A name that no author can write and no two functions share."""
    return f"_f_{len(key[0])}_{key[0]}_{key[1]}"


def _names(linked: Linked, translated: Mapping[Key, Translated]) -> Names:
    """The file's names with the signatures of what it may call; a refused callee is known, its kind is not."""
    names = linked.outline.names()
    names.functions = {
        name: Signature(found.name, len(found.node.args.args), found.kind, found.cost)
        for name, key in linked.keys.items()
        if (found := translated.get(key))
    }
    names.refused = frozenset(linked.outline.borrowed) | frozenset(linked.keys)
    return names


def _rules(linked: Linked, translated: Mapping[Key, Translated]) -> Iterable[Checked]:
    file = linked.outline
    by_name = {each.name: each for each in translated.values()}
    for declared in file.rules.values():
        before = len(file.refusals)
        names = replace(_names(linked, translated), view=declared.view, kinds={}, known=set())
        body = translate(declared.node, f"_rule_{declared.name}", names, file.refuse)
        _kind(file, declared, body)
        if body.cost > COST_MAX:
            what = f"{declared.name} costs {body.cost} steps, more than {COST_MAX}"
            file.refuse(declared.node, what, "shorten its loops or the functions it calls")
        needed = _needed(body, by_name)
        size = body.size + sum(each.size for each in needed)
        if size > SIZE_MAX:
            what = f"{declared.name} has {size} steps as written, more than {SIZE_MAX}"
            file.refuse(declared.node, what, "say it with a loop, or as two rules")
        if len(file.refusals) == before:
            yield Checked(file.source, declared, body, needed)


def _kind(file: Outline, declared: Declaration, body: Translated) -> None:
    verb = VERBS[declared.verb]
    if declared.verb == GATE and body.kind == NUMBER:
        file.refuse(declared.node, f"{declared.name} returns a number, and a gate says true or false", "compare it")
    elif declared.verb != GATE and body.kind == TRUTH:
        file.refuse(declared.node, f"{declared.name} returns a truth, and rule.{verb} a number", "use rule.gate")


def _needed(body: Translated, by_name: Mapping[str, Translated]) -> tuple[Translated, ...]:
    """The functions that the body calls, directly or not, in the order of `by_name`: callees first."""
    needed: set[str] = set()
    waiting = list(body.callees)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += by_name[name].callees
    return tuple(each for name, each in by_name.items() if name in needed)


def _once(outlines: Iterable[Outline]) -> None:
    """A rule's name is its name over all files, and there are not too many."""
    homes: dict[str, str] = {}
    for file in outlines:
        for name, declared in file.rules.items():
            home = homes.setdefault(name, file.source.file)
            if home != file.source.file:
                file.refuse(declared.node, f"the rule {name} is already in {home}", "give one of the two another name")
    if len(homes) > RULES_MAX:
        file.refuse(declared.node, f"{len(homes)} rules in the folder", f"keep at most {RULES_MAX}")
