"""A file's own examples: `assert lean(View(inventory=0.5)) == -4.0`, checked for shape and run at every load."""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from stackedmm.core.views import BY_NAME, GATE
from stackedmm.rules.bodies import constant
from stackedmm.rules.expressions import NUMBER, TRUTH, Expressions, Term, called, literal, value_of
from stackedmm.rules.outline import Outline
from stackedmm.rules.program import Checked
from stackedmm.rules.refusal import nearest
from stackedmm.rules.ruleset import LoadedRule
from stackedmm.rules.verbs import NO_ANSWER, in_kind
from stackedmm.rules.view import field_fault


class Example(NamedTuple):
    """One assert and its translated test."""

    statement: ast.Assert
    test: ast.expr


class Examples:
    """Translates the examples of one file, whose rules they may call."""

    def __init__(self, file: Outline, rules: Mapping[str, Checked]) -> None:
        self._file = file
        self._rules = rules

    def translate(self) -> list[Example]:
        """Every assert that has the shape of an example; the others are refused."""
        found = []
        for statement in self._file.examples:
            before = len(self._file.refusals)
            if statement.msg:
                self._file.refuse(statement, "an example with a message", "leave it out; the line speaks")
            names = self._file.names()
            names.examples = self._call
            names.refused = frozenset(self._file.failed)
            test = Expressions(names, self._file.refuse).truth(statement.test)
            if len(self._file.refusals) == before:
                found.append(Example(statement, test))
        return found

    def _call(self, node: ast.Call) -> Term | None:
        """`rule(View(field=number), param=number)` as a call of the rule with every number in its place."""
        if not isinstance(node.func, ast.Name):
            return None
        name = node.func.id
        if name == "View":
            return self._refused(node, "a View outside of a rule's call", "write it as in lean(View(inventory=0.5))")
        if name in self._file.rules and name not in self._rules:
            return Term(ast.Constant(0.0), None)
        checked = self._rules.get(name)
        if checked is None:
            return None
        if len(node.args) != 1 or not self._is_view(node.args[0]):
            return self._refused(node, f"{name} of something else than one View", f"write {name}(View(inventory=0.5))")
        fields = self._fields(node.args[0])  # type: ignore[arg-type]
        params = self._params(checked, node)
        if fields is None or params is None:
            return Term(ast.Constant(0.0), None)
        given = [fields.get(each, float(BY_NAME[each].neutral)) for each in checked.body.reads] + list(params.values())
        kind = TRUTH if checked.declared.verb == GATE else NUMBER
        return Term(called(f"_answer_{name}", *map(literal, given)), kind)

    def _is_view(self, node: ast.expr) -> bool:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "View"):
            return False
        if "View" not in self._file.offered:
            self._file.refuse(
                node, "View is not imported", "write `from stackedmm import Param, View, rule` at the top"
            )
            self._file.offered.add("View")
        return True

    def _fields(self, view: ast.Call) -> dict[str, float] | None:
        if view.args:
            self._file.refuse(view, "View with an unnamed number", "name it, as in View(inventory=0.5)")
            return None
        values = self._numbers(view.keywords, "View")
        for name, value in (values or {}).items():
            if fault := field_fault(name, value):
                self._file.refuse(view, *fault)
                return None
        return values

    def _params(self, checked: Checked, node: ast.Call) -> dict[str, float] | None:
        values = self._numbers(node.keywords, checked.declared.name)
        result = {name: param.default for name, param in checked.declared.params.items()}
        for name, value in (values or {}).items():
            param = checked.declared.params.get(name)
            if param is None:
                self._refused(node, f"{checked.declared.name} has no Param {name}", nearest(name, result))
                return None
            if not param.low <= value <= param.high:
                self._refused(
                    node, f"{name}={value:g} is out of bounds", f"it runs from {param.low:g} to {param.high:g}"
                )
                return None
            result[name] = value
        return None if values is None else result

    def _numbers(self, keywords: Iterable[ast.keyword], owner: str) -> dict[str, float] | None:
        """Keyword arguments as constants; None where one is refused."""
        values: dict[str, float] = {}
        for keyword in keywords:
            if keyword.arg is None or keyword.arg in values:
                self._file.refuse(keyword.value, f"{owner} with ** or one name twice", "name each number once")
                return None
            value = constant(keyword.value, self._file.names(), self._file.refuse)
            if value is None:
                return None
            if isinstance(value, bool):
                self._file.refuse(keyword.value, f"{owner}({keyword.arg}={value}) is no number", "give a number")
                return None
            values[keyword.arg] = value
        return values

    def _refused(self, node: ast.AST, what: str, remedy: str) -> Term:
        self._file.refuse(node, what, remedy)
        return Term(ast.Constant(0.0), None)


def run(file: Outline, examples: Iterable[Example], rules: Iterable[LoadedRule]) -> None:
    """Run the file's examples against its rules; one that does not hold is refused with what was found."""
    names = {f"_answer_{each.name}": _answering(each) for each in rules}
    for example in examples:
        written = ast.unparse(example.statement.test)
        try:
            if value_of(example.test, names):
                continue
            found = _sides(example.test, names)
        except NO_ANSWER as error:
            found = f"no answer, {error}"
        file.refuse(
            example.statement, f"the example `{written}` does not hold: {found}", "correct the rule or the example"
        )


def _answering(rule: LoadedRule) -> Callable[..., float]:
    def answer(*numbers: float) -> float:
        found = in_kind(rule.verb, rule.python(*numbers))
        if found != found:
            raise ArithmeticError(f"{rule.name} is out of its kind")
        return found

    return answer


def _sides(test: ast.expr, names: Mapping[str, Any]) -> str:
    """What a single comparison compared."""
    if not isinstance(test, ast.Compare):
        return "it is false"
    return " against ".join(f"{value_of(each, names):g}" for each in (test.left, *test.comparators))
