"""From a folder to rules in force: read, parse, verify, compile, prove, run the examples; or say what is wrong."""

import ast
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stackedmm.errors import RuleError
from stackedmm.rules import examples, outline, program, reading, syntax
from stackedmm.rules.bodies import Translated
from stackedmm.rules.language import PLAIN_PYTHON
from stackedmm.rules.outline import Outline
from stackedmm.rules.program import Checked
from stackedmm.rules.proofs import Proofs, file_key, proof_key
from stackedmm.rules.refusal import Refusal, ordered
from stackedmm.rules.ruleset import LoadedRule, RuleSet


class Outcome(NamedTuple):
    """What looking at rule files came to: a set, or refusals."""

    rules: RuleSet | None
    refusals: list[Refusal]


def load(folder: str | Path) -> RuleSet:
    """The folder's rules, ready to quote; RuleError with every refusal where one file is not fit."""
    return _settled(inspect(folder))


def check(folder: str | Path) -> list[Refusal]:
    """Everything that `load` would refuse, by file and line; empty for a folder that is fit."""
    return inspect(folder).refusals


def rebuild(files: Mapping[str, bytes], retired: Iterable[str] = (), proofs: Proofs | None = None) -> RuleSet:
    """Rules from bytes kept elsewhere, such as `RuleSet.files` of an earlier set or an editor's text."""
    return _settled(examine(files, retired, proofs))


def inspect(folder: str | Path) -> Outcome:
    """The folder's rules or its refusals; never raises for what stands in the files."""
    files, refusals = reading.read(folder)
    outcome = examine(files)
    if refusals:
        return Outcome(None, ordered([*refusals, *outcome.refusals]))
    return outcome


def _settled(outcome: Outcome) -> RuleSet:
    if outcome.rules is None:
        raise RuleError("\n".join(map(str, outcome.refusals)))
    return outcome.rules


def examine(files: Mapping[str, bytes], retired: Iterable[str] = (), proofs: Proofs | None = None) -> Outcome:
    """The rules in these bytes, by file name, or their refusals.

    The `retired` are checked like all others and then left out. What stands in `proofs` is not proved again, and what
    is proved here is added.
    """
    proofs = Proofs() if proofs is None else proofs
    sources, refusals = reading.decode(files)
    outlines: dict[str, Outline] = {}
    for source in sources:
        tree, faults = syntax.parse(source, known=source.digest in proofs)
        refusals += faults
        if tree is not None:
            proofs.add(source.digest)
            outlines[source.module] = outline.outline(source, tree)
    refused = {name.removesuffix(".py") for name in files} - set(outlines)
    checked = program.link(outlines, refused)
    examined = _examples(outlines, checked)
    refusals += [each for file in outlines.values() for each in file.refusals]
    if refusals:
        return Outcome(None, ordered(refusals))
    outcome = _proved(files, outlines, checked, examined, proofs)
    return outcome if outcome.rules is None else Outcome(_without(outcome.rules, retired), [])


def _without(rules: RuleSet, retired: Iterable[str]) -> RuleSet:
    out = frozenset(retired) & {each.name for each in rules.rules}
    return RuleSet(tuple(each for each in rules.rules if each.name not in out), rules.files, out) if out else rules


def _examples(outlines: Mapping[str, Outline], checked: Iterable[Checked]) -> dict[str, list[examples.Example]]:
    homes: dict[str, dict[str, Checked]] = {module: {} for module in outlines}
    for each in checked:
        homes[each.source.module][each.declared.name] = each
    return {module: examples.Examples(file, homes[module]).translate() for module, file in outlines.items()}


def _proved(
    files: Mapping[str, bytes],
    outlines: Mapping[str, Outline],
    checked: list[Checked],
    examined: Mapping[str, list[examples.Example]],
    proofs: Proofs,
) -> Outcome:
    # The compiler is imported here and not above, so that importing stackedmm stays quick.
    from stackedmm.rules import compiled, prove

    rules: list[LoadedRule] = []
    refusals: list[Refusal] = []
    keys: dict[str, list[str]] = {module: [] for module in outlines}
    for each in checked:
        try:
            code = compiled.code(each.declared.verb, each.body, each.functions)
        except compiled.NumbaError as error:
            what = f"{each.declared.name} cannot be compiled: {str(error).splitlines()[0]}"
            refusals.append(Refusal(each.source.file, each.declared.node.lineno, what, "write it in smaller steps"))
            continue
        found = _loaded(each, code.address)
        key = proof_key(found, code.name)
        if key not in proofs:
            failed = prove.prove(found)
            refusals += [failed] if failed else []
            if not failed:
                proofs.add(key)
        keys[each.source.module].append(key)
        rules.append(found)
    for module, asserts in examined.items():
        file = outlines[module]
        key = file_key(file.source.digest, keys[module])
        if key not in proofs:
            examples.run(file, asserts, (each for each in rules if each.file == file.source.file))
            refusals += file.refusals
            if not file.refusals:
                proofs.add(key)
    if refusals:
        return Outcome(None, ordered(refusals))
    return Outcome(RuleSet(tuple(sorted(rules, key=lambda rule: (rule.file, rule.name))), files), [])


def _loaded(each: Checked, address: int) -> LoadedRule:
    declared, body = each.declared, each.body
    return LoadedRule(
        name=declared.name,
        verb=declared.verb,
        scope=declared.scope,
        unless=declared.unless,
        params=tuple(declared.params.items()),
        reads=frozenset(body.reads),
        cost=body.cost,
        address=address,
        python=_python(each.source.file, body, each.functions),
        file=each.source.file,
        line=declared.node.lineno,
        file_digest=each.source.digest,
        doc=(ast.get_docstring(declared.node) or "").strip(),
    )


def _python(file: str, body: Translated, functions: Iterable[Translated]) -> Callable[..., float]:
    """The translation as a Python function, with the author's file and lines for debuggers."""
    module = ast.Module([each.node for each in (*functions, body)], [])
    names: dict[str, Any] = dict(PLAIN_PYTHON)
    exec(compile(module, file, "exec"), names)
    function: Callable[..., float] = names[body.name]
    return function
