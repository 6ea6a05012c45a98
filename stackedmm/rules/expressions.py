"""Expressions of the rule language: each one known is translated, anything else refused.

The translation is a new tree, built from what is known here; nothing of the author's own tree is ever compiled.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from stackedmm.core.views import BY_NAME
from stackedmm.rules.language import (
    ARITHMETIC,
    BUILTINS,
    COMPARISONS,
    MATH,
    MATH_CONSTANTS,
    PLAIN_PYTHON,
    REMEDIES,
    WHOLE_MAX,
)
from stackedmm.rules.refusal import nearest

NUMBER: Final = "number"
TRUTH: Final = "truth"

Refuse = Callable[[ast.AST, str, str], None]
_Node = TypeVar("_Node", bound=ast.AST)


class Term(NamedTuple):
    """A translated expression and its kind; the kind is None where something in it was refused."""

    node: ast.expr
    kind: str | None


class Signature(NamedTuple):
    """A plain function as its callers see it."""

    emitted: str
    arity: int
    kind: str | None
    cost: int


@dataclass(slots=True)
class Names:
    """What the names of one function, or of the file's top, stand for."""

    maths: frozenset[str] = frozenset()
    math_module: bool = False
    constants: Mapping[str, float | bool] = field(default_factory=dict)
    functions: Mapping[str, Signature] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    """Names of the file that are no numbers, and what they are: `a rule`, `a function`."""
    refused: frozenset[str] = frozenset()
    """Functions whose own refusal says all: a call of one is passed over."""
    view: str | None = None
    kinds: dict[str, str | None] = field(default_factory=dict)
    """Kind of each argument and local name."""
    known: set[str] = field(default_factory=set)
    """Local names that have a value here, whichever way the function came."""
    examples: Callable[[ast.Call], Term | None] | None = None
    """Translates calls of rules, where those are allowed."""


def literal(value: float | bool) -> ast.expr:
    """A constant as syntax; a negative number as minus a number, so that it prints and reads back alike."""
    if isinstance(value, float) and str(value).startswith("-"):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def at(new: _Node, old: ast.AST) -> _Node:
    """`new` at the author's line, so that debuggers and errors point there."""
    return ast.fix_missing_locations(ast.copy_location(new, old))


def called(name: str, *arguments: ast.expr) -> ast.Call:
    """A call of `name`, as syntax."""
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


class Expressions:
    """Translates the expressions of one function and counts their cost, their reads and whom they call."""

    def __init__(self, names: Names, refuse: Refuse) -> None:
        self.names = names
        self.refuse = refuse
        self.cost = 0
        """Steps of one run: loops count every round, calls all that is called."""
        self.size = 0
        """Steps as written."""
        self.reads: set[str] = set()
        self.callees: set[str] = set()
        self._forms: dict[type[ast.expr], Callable[[Any], Term]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.BinOp: self._arithmetic,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.BoolOp: self._both,
            ast.IfExp: self._choice,
            ast.Call: self._call,
        }

    def term(self, node: ast.expr) -> Term:
        """The expression translated, with its kind."""
        self.step()
        form = self._forms.get(type(node))
        if form is None:
            what, remedy = REMEDIES.get(type(node), (f"{type(node).__name__} is not part of the rule language", ""))
            return self._refused(node, what, remedy or "write it with numbers, comparisons and calls")
        found = form(node)
        return Term(at(found.node, node), found.kind)

    def step(self) -> None:
        """Count one step of the function."""
        self.cost += 1
        self.size += 1

    def number(self, node: ast.expr) -> ast.expr:
        """The expression as a number; a truth counts as 1 or 0."""
        found = self.term(node)
        if found.kind == TRUTH:
            return at(ast.IfExp(found.node, ast.Constant(1.0), ast.Constant(0.0)), node)
        return found.node

    def truth(self, node: ast.expr) -> ast.expr:
        """The expression as a truth; a number is none."""
        found = self.term(node)
        if found.kind == NUMBER:
            self.refuse(
                node, f"`{ast.unparse(node)}` is a number where true or false is needed", "compare it, as in x > 0"
            )
        return found.node

    def _refused(self, node: ast.AST, what: str, remedy: str) -> Term:
        self.refuse(node, what, remedy)
        return Term(ast.Constant(0.0), None)

    def _constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, bool):
            return Term(literal(value), TRUTH)
        if isinstance(value, int):
            if value > WHOLE_MAX:
                return self._refused(node, "a whole number beyond 2**53", "write it as a float, as in 1e16")
            return Term(literal(float(value)), NUMBER)
        if isinstance(value, float):
            if value > 1.7976931348623157e308:
                return self._refused(node, "a number beyond every float", "write a smaller one")
            return Term(literal(value), NUMBER)
        if isinstance(value, str | bytes):
            return self._refused(node, "a string", "rules compute with numbers; text stands in docstrings only")
        return self._refused(node, f"`{value!r}`", "rules compute with real numbers only")

    def _name(self, node: ast.Name) -> Term:
        name, names = node.id, self.names
        if name == names.view:
            return self._refused(node, f"`{name}` itself", f"read one of its fields, as in {name}.inventory")
        if name in names.kinds:
            if name not in names.known:
                return self._refused(
                    node, f"{name} may have no value here", "assign it before, on every way to this line"
                )
            return Term(ast.Name(name, ast.Load()), names.kinds[name])
        if name in names.constants:
            value = names.constants[name]
            return Term(literal(value), TRUTH if isinstance(value, bool) else NUMBER)
        if name in names.others or name in names.functions or name in names.maths or name in BUILTINS:
            what = names.others.get(name, "a function")
            return self._refused(node, f"{name} is {what}, not a number", "name a number, or call the function")
        if name in MATH_CONSTANTS:
            return self._refused(node, f"{name} is not known here", f"write `import math` and math.{name}")
        return self._refused(node, f"{name} is not known here", nearest(name, {*names.kinds, *names.constants}))

    def _attribute(self, node: ast.Attribute) -> Term:
        if isinstance(node.value, ast.Name):
            if node.value.id == self.names.view:
                return self._field(node)
            if node.value.id == "math" and self.names.math_module:
                if node.attr in MATH_CONSTANTS:
                    return Term(literal(MATH_CONSTANTS[node.attr]), NUMBER)
                return self._refused(
                    node, f"math.{node.attr} is no number of the rule language", nearest(node.attr, MATH)
                )
        return self._refused(node, f"`.{node.attr}` of something that is no View", "read fields of the View only")

    def _field(self, node: ast.Attribute) -> Term:
        if node.attr not in BY_NAME:
            return self._refused(node, f"View has no field {node.attr}", nearest(node.attr, BY_NAME))
        self.reads.add(node.attr)
        return Term(ast.Name(f"_q_{node.attr}", ast.Load()), NUMBER)

    def _arithmetic(self, node: ast.BinOp) -> Term:
        return self.operation(node, node.op, self.number(node.left), self.number(node.right))

    def operation(self, node: ast.AST, operator: ast.operator, left: ast.expr, right: ast.expr) -> Term:
        """Two numbers and the operator between them; `**` is the C library's pow in both modes."""
        if not isinstance(operator, ARITHMETIC):
            return self._refused(node, f"the operator {type(operator).__name__}", "use + - * / // % **")
        if isinstance(operator, ast.Pow):
            return Term(called("_math_pow", left, right), NUMBER)
        return Term(ast.BinOp(left, type(operator)(), right), NUMBER)

    def _unary(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            return Term(ast.UnaryOp(ast.Not(), self.truth(node.operand)), TRUTH)
        if isinstance(node.op, ast.USub):
            return Term(ast.UnaryOp(ast.USub(), self.number(node.operand)), NUMBER)
        if isinstance(node.op, ast.UAdd):
            return Term(self.number(node.operand), NUMBER)
        return self._refused(node, "the operator ~", "use + - * / // % **")

    def _compare(self, node: ast.Compare) -> Term:
        operands = [self.number(each) for each in (node.left, *node.comparators)]
        for operator in node.ops:
            if not isinstance(operator, COMPARISONS):
                return self._refused(node, "`is` or `in`", "compare numbers with < <= > >= == !=")
        return Term(ast.Compare(operands[0], [type(each)() for each in node.ops], operands[1:]), TRUTH)

    def _both(self, node: ast.BoolOp) -> Term:
        return Term(ast.BoolOp(type(node.op)(), [self.truth(each) for each in node.values]), TRUTH)

    def _choice(self, node: ast.IfExp) -> Term:
        test = self.truth(node.test)
        first, second = self.term(node.body), self.term(node.orelse)
        if None not in (first.kind, second.kind) and first.kind != second.kind:
            return self._refused(
                node, f"a {first.kind} or a {second.kind}, as it comes", "let both ways give the same kind"
            )
        return Term(ast.IfExp(test, first.node, second.node), first.kind and second.kind)

    def _call(self, node: ast.Call) -> Term:
        function = node.func
        if self.names.examples and (found := self.names.examples(node)):
            return found
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            return self._refused(node, "a keyword or star argument", "give the numbers in their order")
        if isinstance(function, ast.Attribute):
            if self.names.math_module and ast.unparse(function.value) == "math":
                return self._known(node, function.attr, MATH.get(function.attr), f"_math_{function.attr}")
            return self._refused(
                node, f"a call of `.{function.attr}`", "call functions of math and of this folder only"
            )
        if not isinstance(function, ast.Name):
            return self._refused(node, "a call of something computed", "call functions by their name")
        return self._by_name(node, function.id)

    def _by_name(self, node: ast.Call, name: str) -> Term:
        names = self.names
        if signature := names.functions.get(name):
            self.cost += signature.cost
            self.callees.add(signature.emitted)
            return self._known(node, name, signature.arity, signature.emitted)._replace(kind=signature.kind)
        if name in names.maths:
            return self._known(node, name, MATH[name], f"_math_{name}")
        if name in BUILTINS and name not in names.kinds:
            return self._builtin(node, name)
        if name in names.refused:
            return Term(ast.Constant(0.0), None)
        if name in names.others:
            return self._refused(
                node, f"{name} is {names.others[name]}", "a rule sees no other answer; call functions only"
            )
        known = {*names.functions, *names.maths, *BUILTINS}
        if name in MATH:
            return self._refused(node, f"{name} is not imported", f"write `from math import {name}` at the top")
        return self._refused(node, f"{name}() is not part of the rule language", nearest(name, known))

    def _known(self, node: ast.Call, name: str, arity: int | None, emitted: str) -> Term:
        arguments = [self.number(each) for each in node.args]
        if arity is None:
            return self._refused(node, f"math.{name} is not part of the rule language", nearest(name, MATH))
        if len(arguments) != arity:
            return self._refused(node, f"{name} takes {arity} numbers, not {len(arguments)}", f"give it {arity}")
        return Term(called(emitted, *arguments), NUMBER)

    def _builtin(self, node: ast.Call, name: str) -> Term:
        if name == "range":
            return self._refused(node, "range outside of a `for`", "write `for i in range(10)`")
        arguments = [self.number(each) for each in node.args]
        if name in ("max", "min"):
            if len(arguments) < 2:
                return self._refused(node, f"{name} of one thing", "give it two numbers or more")
            first, *rest = arguments
            for each in rest:
                first = at(called(f"_{name}", first, each), node)
            return Term(first, NUMBER)
        if len(arguments) != 1:
            return self._refused(node, f"{name} takes 1 number, not {len(arguments)}", "give it 1")
        if name == "bool":
            return Term(ast.Compare(arguments[0], [ast.NotEq()], [ast.Constant(0.0)]), TRUTH)
        return Term(called("abs", *arguments) if name == "abs" else arguments[0], NUMBER)


def value_of(node: ast.expr, names: Mapping[str, Any] | None = None) -> float | bool:
    """What a translated expression without local names gives; raises ArithmeticError or ValueError for no answer."""
    code = compile(ast.fix_missing_locations(ast.Expression(node)), "<constant>", "eval")
    found: float | bool = eval(code, {**PLAIN_PYTHON, **(names or {})})
    return found
