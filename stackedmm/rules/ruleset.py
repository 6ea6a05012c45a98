"""Rules in force: what a folder became once every check was passed."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from math import isnan, nan
from typing import Any, NamedTuple

from stackedmm.core.views import BY_NAME, VERBS
from stackedmm.errors import RuleError
from stackedmm.rules.refusal import nearest
from stackedmm.rules.verbs import NO_ANSWER, Param, Rule, Scope, in_kind
from stackedmm.rules.view import View, number


class LoadedRule(NamedTuple):
    """One rule, checked, proved and compiled."""

    name: str
    verb: int
    """Code of `core.views`."""
    scope: Scope
    unless: tuple[str, ...]
    params: tuple[tuple[str, Param], ...]
    """In the order in which the machine code takes them."""
    reads: frozenset[str]
    """Fields of the View that the rule looks at."""
    cost: int
    """Steps of one answer, loops and calls included."""
    address: int
    """Machine code: void(View* views, int64 count, double* params, double* answers); 0 without the compiler."""
    python: Callable[..., float]
    """The same in Python: numbers of the fields read, in View order, then of the Params; raises for no answer."""
    file: str
    line: int
    file_digest: str
    """SHA-256 of the file's bytes."""
    doc: str

    @property
    def verb_name(self) -> str:
        """`skew`, `widen`, `spread`, `size` or `gate`."""
        return VERBS[self.verb]

    @property
    def per_side(self) -> bool:
        """Whether one answer serves every quote of a market's side."""
        return all(BY_NAME[name].per == "side" for name in self.reads)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields read, in View order."""
        return tuple(name for name in BY_NAME if name in self.reads)

    def value(self, *numbers: float) -> float:
        """The answer to fields and Params as `python` takes them; NaN for none."""
        try:
            return in_kind(self.verb, self.python(*numbers))
        except NO_ANSWER:
            return nan

    def fill(self, views: Any, count: int, params: Any, answers: Any) -> None:
        """In Python what the machine code does: `answers[i]` for each of the first `count` views; a gate is 1 or 0."""
        given = [float(params[slot]) for slot in range(len(self.params))]
        columns = [views[name] for name in self.fields]
        for i in range(count):
            answers[i] = self.value(*(float(column[i]) for column in columns), *given)

    def answer(self, view: View, **params: float) -> float:
        """The rule's answer to one View, with its Params' defaults or those given; NaN for none."""
        return self.rule(view, **params)

    @property
    def rule(self) -> Rule:
        """The rule as a value that answers Views, like the one its decorator returns."""

        def answer(view: View, **params: float) -> float:
            return self.python(*(getattr(view, name) for name in self.fields), *params.values())

        return Rule(self.name, self.verb, self.scope, self.unless, dict(self.params), answer, self.doc)


class Values(NamedTuple):
    """Numbers for every Param of a set, by `rule.param`, and what had to be said about them."""

    values: dict[str, float]
    warnings: list[str]


class RuleSet:
    """The rules of one folder, in the order of file and name; equal folders give equal digests."""

    def __init__(self, rules: tuple[LoadedRule, ...], files: Mapping[str, bytes], retired: Iterable[str] = ()) -> None:
        self.rules = rules
        self.files = dict(files)
        """The bytes that were checked, by file name: `rebuild` makes the set again from them."""
        self.retired = frozenset(retired)
        """Rules that stand in the files and are not in force."""

    @cached_property
    def digest(self) -> int:
        """The set's name as an int64: the same in every order of files, 0 without rules."""
        if not self.rules:
            return 0
        digest = blake2b(digest_size=8)
        for name in sorted(self.files):
            data = self.files[name]
            digest.update(f"{name}:{len(data)}:".encode() + data)
        for name in sorted(self.retired):
            digest.update(f"-{name}:".encode())
        return int.from_bytes(digest.digest(), "big", signed=True)

    @property
    def hex(self) -> str:
        """The digest as people read it: 16 hexadecimal digits."""
        return f"{self.digest & (2**64 - 1):016x}"

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, name: str) -> LoadedRule:
        for each in self.rules:
            if each.name == name:
                return each
        raise RuleError(f"no rule {name}; {nearest(name, (each.name for each in self.rules))}")

    def __repr__(self) -> str:
        return f"<RuleSet {self.hex} {', '.join(each.name for each in self.rules) or 'empty'}>"

    @property
    def params(self) -> dict[str, Param]:
        """Every Param by `rule.param`."""
        return {f"{each.name}.{name}": param for each in self.rules for name, param in each.params}

    def defaults(self) -> dict[str, float]:
        """Every Param's default by `rule.param`."""
        return {name: param.default for name, param in self.params.items()}

    def values(self, overrides: Mapping[str, float]) -> Values:
        """The defaults with `overrides` on top: unknown names are refused, values are clamped with a warning."""
        params = self.params
        result = Values(self.defaults(), [])
        for name, value in overrides.items():
            param = params.get(name)
            if param is None:
                raise RuleError(f"rules.values[{name!r}] is no Param; {nearest(name, params)}")
            found = number(value)
            if found is None:
                raise RuleError(f"rules.values[{name!r}]={value!r}; give a number from {param.low:g} to {param.high:g}")
            clamped = param.clamp(found)
            result.values[name] = clamped
            if clamped != found:
                result.warnings.append(
                    f"{name}={found:g} clamped to {clamped:g}; it runs from {param.low:g} to {param.high:g}"
                )
        return result


def same(first: float, second: float) -> bool:
    """Whether two answers are one: equal to the last bit, or both none."""
    if isnan(first) or isnan(second):
        return isnan(first) and isnan(second)
    return float(first).hex() == float(second).hex()
