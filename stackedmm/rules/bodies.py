"""Statements of the rule language: the body of one function, translated and measured."""

import ast
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from stackedmm.core.views import FIELDS
from stackedmm.rules.expressions import NUMBER, TRUTH, Expressions, Names, Refuse, at, called, value_of
from stackedmm.rules.language import BUILTINS, COST_MAX, OFFERED, REMEDIES
from stackedmm.rules.verbs import NO_ANSWER


class Translated(NamedTuple):
    """One function in the compilable form: plain numbers in, one number or truth out."""

    name: str
    node: ast.FunctionDef
    kind: str | None
    cost: int
    size: int
    reads: tuple[str, ...]
    callees: frozenset[str]


def translate(function: ast.FunctionDef, emitted: str, names: Names, refuse: Refuse) -> Translated:
    """The function under the name `emitted`; fields read from the View become its first arguments, in View order."""
    arguments = [each.arg for each in function.args.args if each.arg != names.view]
    for each in (*arguments, *filter(None, [names.view])):
        if each in names.constants or each in names.functions or each in names.others or each in names.maths:
            refuse(function, f"the argument {each} already means something in this file", "choose another name")
    names.kinds = dict.fromkeys(arguments, NUMBER)
    names.known = set(arguments)
    body = Body(Expressions(names, refuse))
    statements = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    translated, ends = body.block(statements)
    if not ends:
        refuse(function, f"{function.name} may end without a number", "return one on every way through it")
    reads = tuple(each.name for each in FIELDS if each.name in body.expressions.reads)
    parameters = [ast.arg(name) for name in (*(f"_q_{each}" for each in reads), *arguments)]
    signature = ast.arguments([], parameters, None, [], [], None, [])
    # Some versions of ast name more fields than others; those left out here are empty.
    node = ast.FunctionDef(name=emitted, args=signature, body=translated or [ast.Return()], decorator_list=[])
    node.type_params = []  # type: ignore[attr-defined,unused-ignore]
    callees = frozenset(body.expressions.callees)
    return Translated(
        emitted, at(node, function), body.returns, body.expressions.cost, body.expressions.size, reads, callees
    )


class Body:
    """Translates statements in the order in which they run, and knows which names have a value where."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.returns: str | None = None
        self._loops = 0
        self._forms: dict[type[ast.stmt], Callable[[Any], tuple[list[ast.stmt], bool]]] = {
            ast.Assign: self._assign,
            ast.AugAssign: self._augment,
            ast.If: self._if,
            ast.For: self._for,
            ast.Return: self._return,
        }

    def block(self, statements: Iterable[ast.stmt]) -> tuple[list[ast.stmt], bool]:
        """Statements one after the other, and whether every way through them returns."""
        translated: list[ast.stmt] = []
        ends = False
        for statement in statements:
            if ends:
                self.expressions.refuse(statement, "this line is never reached", "delete it, or what returns before it")
                break
            self.expressions.step()
            form = self._forms.get(type(statement))
            if form is None:
                self._unknown(statement)
                # Whatever it was, it may have returned: one refusal, not two.
                ends = isinstance(statement, ast.Raise | ast.Match | ast.Try | ast.With | ast.While)
                continue
            each, ends = form(statement)
            translated += [at(part, statement) for part in each]
        return translated, ends

    def _unknown(self, statement: ast.stmt) -> None:
        refuse = self.expressions.refuse
        if isinstance(statement, ast.Expr):
            if type(statement.value) in (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr):
                refuse(statement, *REMEDIES[type(statement.value)])
            elif isinstance(statement.value, ast.Call):
                self.expressions.term(statement.value)
                refuse(statement, "a call whose answer is thrown away", "use the number, or delete the line")
            else:
                refuse(statement, "an expression that does nothing", "delete it, or give its value a name")
            return
        default = (f"{type(statement).__name__} is not part of the rule language", "write it with if, for and names")
        refuse(statement, *REMEDIES.get(type(statement), default))

    def _assign(self, statement: ast.Assign) -> tuple[list[ast.stmt], bool]:
        value = self.expressions.term(statement.value)
        if len(statement.targets) > 1:
            self.expressions.refuse(statement, "two assignments in one", "assign one name a line")
        target = statement.targets[0]
        if not self._bindable(target):
            return [], False
        assert isinstance(target, ast.Name)
        self._bind(target, value.kind)
        return [ast.Assign([ast.Name(target.id, ast.Store())], value.node)], False

    def _augment(self, statement: ast.AugAssign) -> tuple[list[ast.stmt], bool]:
        value = self.expressions.number(statement.value)
        if not self._bindable(statement.target):
            return [], False
        assert isinstance(statement.target, ast.Name)
        before = self.expressions.number(ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement))
        after = self.expressions.operation(statement, statement.op, before, value)
        self._bind(statement.target, after.kind)
        return [ast.Assign([ast.Name(statement.target.id, ast.Store())], after.node)], False

    def _bindable(self, target: ast.expr) -> bool:
        """Whether the target is a plain local name that means nothing else."""
        refuse, names = self.expressions.refuse, self.expressions.names
        if not isinstance(target, ast.Name):
            refuse(target, f"an assignment to `{ast.unparse(target)}`", "assign to one local name; a View is only read")
            return False
        name = target.id
        if name == names.view:
            refuse(target, f"an assignment to {name}, the View", "choose another name")
        elif name.startswith("_"):
            refuse(target, f"the name {name} begins with _", "begin it with a letter")
        elif name in names.constants or name in names.functions or name in names.others or name in names.maths:
            refuse(target, f"{name} already means something in this file", "choose another name")
        elif name in BUILTINS or name in OFFERED or name == "math":
            refuse(target, f"{name} already means something in every rule file", "choose another name")
        else:
            return True
        return False

    def _bind(self, target: ast.Name, kind: str | None) -> None:
        names = self.expressions.names
        before = names.kinds.get(target.id, kind)
        if None not in (before, kind) and before != kind:
            self.expressions.refuse(target, f"{target.id} is a {before} and here a {kind}", "use two names")
        names.kinds[target.id] = before or kind
        names.known.add(target.id)

    def _if(self, statement: ast.If) -> tuple[list[ast.stmt], bool]:
        names = self.expressions.names
        test = self.expressions.truth(statement.test)
        before = set(names.known)
        first, first_ends = self.block(statement.body)
        after_first, names.known = names.known, set(before)
        second, second_ends = self.block(statement.orelse)
        if second_ends:
            names.known = after_first
        elif not first_ends:
            names.known &= after_first
        return [ast.If(test, first or [ast.Pass()], second)], first_ends and second_ends

    def _for(self, statement: ast.For) -> tuple[list[ast.stmt], bool]:
        refuse = self.expressions.refuse
        if statement.orelse:
            refuse(statement, "`else` of a loop", "put the lines after the loop")
        trips = self._trips(statement.iter)
        before = self.expressions.cost
        bindable = self._bindable(statement.target)
        if bindable:
            assert isinstance(statement.target, ast.Name)
            self._bind(statement.target, NUMBER)
        body, ends = self.block(statement.body)
        self.expressions.cost = before + (trips or 1) * max(1, self.expressions.cost - before)
        if not bindable or trips is None:
            return [], ends
        assert isinstance(statement.target, ast.Name)
        self._loops += 1
        counter = f"_i_{self._loops}"
        as_number = ast.Assign(
            [ast.Name(statement.target.id, ast.Store())], called("float", ast.Name(counter, ast.Load()))
        )
        header = called("range", ast.Constant(trips))
        return [ast.For(ast.Name(counter, ast.Store()), header, [as_number, *body], [])], ends

    def _trips(self, source: ast.expr) -> int | None:
        """How often the loop runs: a whole number that is known before the rule runs, at least once."""
        refuse, names = self.expressions.refuse, self.expressions.names
        in_range = isinstance(source, ast.Call) and isinstance(source.func, ast.Name) and source.func.id == "range"
        if not in_range or len(source.args) != 1 or source.keywords:  # type: ignore[attr-defined]
            refuse(source, "a loop over something else than range(N)", "write `for i in range(10)`")
            return None
        found = constant(source.args[0], names, refuse)  # type: ignore[attr-defined]
        if found is None:
            return None
        if isinstance(found, bool) or found != int(found) or not 1 <= found <= COST_MAX:
            refuse(source, f"a loop of {found:g} rounds", f"give a whole number from 1 to {COST_MAX}")
            return None
        return int(found)

    def _return(self, statement: ast.Return) -> tuple[list[ast.stmt], bool]:
        if statement.value is None:
            self.expressions.refuse(statement, "a return without a number", "return one")
            return [], True
        value = self.expressions.term(statement.value)
        if None not in (self.returns, value.kind) and self.returns != value.kind:
            self.expressions.refuse(
                statement, f"returns a {value.kind} here, a {self.returns} before", "return one kind"
            )
        self.returns = self.returns or value.kind
        return [ast.Return(value.node)], True


def constant(node: ast.expr, names: Names, refuse: Refuse) -> float | bool | None:
    """The value of arithmetic over numbers and the file's constants; None, and a refusal, where it is not that."""
    faults = []

    def noted(node: ast.AST, what: str, remedy: str) -> None:
        faults.append(what)
        refuse(node, f"{what}, in what must be a constant", remedy)

    plain = Names(names.maths, names.math_module, names.constants, others=names.others)
    found = Expressions(plain, noted).term(node)
    if faults:
        return None
    try:
        value = value_of(found.node)
    except NO_ANSWER as error:
        refuse(node, f"`{ast.unparse(node)}` has no value: {error}", "write arithmetic that has one")
        return None
    if found.kind == TRUTH:
        return value
    if abs(value) > 1.7976931348623157e308 or value != value:
        refuse(node, f"`{ast.unparse(node)}` is not finite", "write a finite number")
        return None
    return value
