"""From a folder as it stands, and the set in force, to the set that is to be.

Rules commute, so files that share nothing fail alone: one that is refused keeps its version in force, together with
whatever it is tied to by imports, and the other edits go on. A deleted file retires nothing.
"""

import ast
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from stackedmm.rules import folder, reading, syntax
from stackedmm.rules.proofs import Proofs
from stackedmm.rules.refusal import Refusal, ordered
from stackedmm.rules.ruleset import RuleSet

ROUNDS: Final = 8
"""Each leaves out one more group of files; beyond them the whole edit is refused."""

Files = Mapping[str, bytes]


class Considered(NamedTuple):
    """What came of looking at a folder."""

    rules: RuleSet | None
    """The set that is to be; None where nothing of the edit stands."""
    refusals: list[Refusal]
    """Of the files that keep their version in force, or stay out."""
    notes: list[str]
    """What a person should know: deleted files whose rules stay, rules that moved."""


class Parts(NamedTuple):
    """What a file holds, as far as it can be read."""

    rules: frozenset[str]
    imports: frozenset[str]
    """Names of files of the folder."""


def consider(
    present: Files, refused: Iterable[Refusal], standing: Files, retired: Iterable[str], proofs: Proofs | None = None
) -> Considered:
    """The set that comes of the folder's files, those that could not be read, and the files in force."""
    proofs = Proofs() if proofs is None else proofs
    refusals = list(refused)
    unread = {each.file for each in refusals}
    wished, notes = _with_deleted(present, {n: d for n, d in standing.items() if n not in unread})
    wished |= {name: standing[name] for name in unread & standing.keys()}
    for name in unread - standing.keys():
        wished.pop(name, None)
    for _ in range(ROUNDS):
        outcome = folder.examine(wished, retired, proofs)
        if outcome.rules is not None:
            return Considered(outcome.rules, ordered(refusals), notes)
        refusals += outcome.refusals
        changed = {name for name in wished.keys() | standing.keys() if wished.get(name) != standing.get(name)}
        back = _tied({each.file for each in outcome.refusals}, changed, {**standing, **wished})
        if not back:
            break
        for name in back:
            if name in standing:
                wished[name] = standing[name]
            else:
                del wished[name]
    return Considered(None, ordered(refusals), notes)


def parts(name: str, data: bytes) -> Parts:
    """The rules that a file declares and the files that it imports from; nothing for one that cannot be parsed."""
    sources, _ = reading.decode({name: data})
    tree = syntax.parse(sources[0])[0] if sources else None
    if tree is None:
        return Parts(frozenset(), frozenset())
    rules = {each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.decorator_list}
    modules = {each.module for each in tree.body if isinstance(each, ast.ImportFrom) and each.module}
    return Parts(frozenset(rules), frozenset(f"{module}.py" for module in modules))


def _with_deleted(present: Files, standing: Files) -> tuple[dict[str, bytes], list[str]]:
    """The present files, and of the deleted ones in force those whose rules stand nowhere else."""
    wished = {name: data for name, data in present.items() if data.strip()}
    gone = {name: parts(name, data) for name, data in standing.items() if name not in wished}
    notes = []
    found = {name: parts(name, data) for name, data in wished.items()} if gone else {}
    homes = {rule: name for name, each in found.items() for rule in each.rules}
    for name, each in gone.items():
        if each.rules and not each.rules <= homes.keys():
            wished[name] = standing[name]
            rules = ", ".join(sorted(each.rules))
            notes.append(f"{name} is gone from the folder; in force until retired: {rules}")
        elif each.rules:
            notes.append(f"{name} is gone from the folder; its rules now stand in {homes[min(each.rules)]}")
    # What they import is needed as well.
    for name in set().union(*(gone[name].imports for name in gone.keys() & wished.keys())) & gone.keys():
        wished[name] = standing[name]
    return wished, notes


def _tied(refused: set[str], changed: set[str], files: Files) -> set[str]:
    """The changed files among the refused and all that hangs together with them, by imports or by a rule's name."""
    links: dict[str, set[str]] = {name: set() for name in files}
    homes: dict[str, str] = {}
    for name, data in files.items():
        found = parts(name, data)
        for other in (found.imports & files.keys()) | {homes.setdefault(rule, name) for rule in found.rules}:
            links[name].add(other)
            links[other].add(name)
    tied: set[str] = set()
    waiting = list(refused & files.keys())
    while waiting:
        name = waiting.pop()
        if name not in tied:
            tied.add(name)
            waiting += links[name]
    return tied & changed
