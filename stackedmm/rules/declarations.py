"""The head of a function in a rule file: its decorator, its arguments, its Params and its docstring."""

import ast
import re
from typing import Any, Final, NamedTuple

from stackedmm.core.views import VERBS
from stackedmm.errors import RuleError
from stackedmm.rules.bodies import constant
from stackedmm.rules.expressions import Names, Refuse
from stackedmm.rules.language import BUILTINS, OFFERED, PARAMS_MAX
from stackedmm.rules.refusal import nearest
from stackedmm.rules.verbs import Param, Scope, words

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_SCOPE: Final = ("line", "side", "venue", "unless")
_TYPES: Final = ("View", "float", "bool")
_NUMBERS: Final = ("default", "low", "high")
_TEXTS: Final = ("unit", "help")


class Declaration(NamedTuple):
    """What a rule says of itself before its body."""

    name: str
    node: ast.FunctionDef
    verb: int
    scope: Scope
    unless: tuple[str, ...]
    view: str
    params: dict[str, Param]


def is_rule(function: ast.FunctionDef) -> bool:
    """Whether the function wants to be a rule: it carries any decorator."""
    return bool(function.decorator_list)


def plain(function: ast.FunctionDef, refuse: Refuse) -> None:
    """Check the head of a function that rules may call: names of numbers, nothing more."""
    _named(function.name, function, refuse)
    _arguments(function, refuse)
    if function.args.defaults:
        refuse(function, f"{function.name} has defaults", "give them as Params of the rule that calls it")


def declaration(function: ast.FunctionDef, names: Names, refuse: Refuse) -> Declaration | None:
    """The rule's head; None where its refusals leave nothing to go on with."""
    _named(function.name, function, refuse)
    if not (ast.get_docstring(function) or "").strip():
        refuse(function, f"{function.name} has no docstring", "say in one line why it exists")
    arguments = _arguments(function, refuse)
    verb = _verb(function, refuse)
    if not arguments:
        refuse(function, f"{function.name} takes no View", f"write def {function.name}(q, ...)")
        return None
    view, *others = arguments
    defaults = function.args.defaults
    if len(defaults) > len(others):
        refuse(function, f"{view}, the View, has a default", f"write def {function.name}({view}, ...)")
        return None
    bare = others[: len(others) - len(defaults)]
    for name in bare:
        refuse(function, f"{name} has no Param", f"declare it as {name}=Param(default, low, high)")
    if len(others) > PARAMS_MAX:
        refuse(function, f"{len(others)} Params", f"keep at most {PARAMS_MAX}")
    declared = zip(others[len(bare) :], defaults, strict=True)
    params = {name: _param(name, default, names, refuse) for name, default in declared}
    if verb is None:
        return None
    return Declaration(function.name, function, *verb, view, params)


def _named(name: str, node: ast.AST, refuse: Refuse) -> None:
    if not _NAME.match(name):
        refuse(node, f"{name!r} is no name for a function", "use lower-case letters, digits and _, at most 64")
    elif name in BUILTINS or name in OFFERED or name == "math":
        refuse(node, f"{name} already means something in every rule file", "choose another name")


def _arguments(function: ast.FunctionDef, refuse: Refuse) -> list[str]:
    """The names of the arguments; whatever is more than a name is refused."""
    arguments = function.args
    odd = [*arguments.posonlyargs, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    if any(odd):
        refuse(function, "star, keyword-only or positional-only arguments", "name each argument plainly")
    if getattr(function, "type_params", None):
        refuse(function, "type parameters", "leave them out; every argument is a number")
    types = [each.annotation for each in arguments.args] + [function.returns]
    for each in types:
        if each is not None and not (isinstance(each, ast.Name) and each.id in _TYPES):
            refuse(each, f"the type `{ast.unparse(each)}`", f"use {', '.join(_TYPES)} or none")
    for argument in arguments.args:
        if argument.arg.startswith("_") or argument.arg in (*BUILTINS, *OFFERED, "math"):
            refuse(argument, f"{argument.arg} is no name for an argument", "choose a word that means nothing else")
    found = [each.arg for each in arguments.args]
    if len(set(found)) != len(found):
        refuse(function, "two arguments of one name", "give each its own")
    return found


def _verb(function: ast.FunctionDef, refuse: Refuse) -> tuple[int, Scope, tuple[str, ...]] | None:
    """Verb, scope and `unless` from the one decorator."""
    decorator, *more = function.decorator_list
    if more:
        refuse(more[0], "a second decorator", "a rule has one verb; write two rules")
        return None
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    named = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "rule"
    if not named:
        refuse(decorator, f"the decorator `{ast.unparse(target)}`", f"use rule.{', rule.'.join(VERBS)}")
        return None
    name: str = target.attr  # type: ignore[attr-defined]
    if name not in VERBS:
        refuse(decorator, f"rule.{name} is no verb", nearest(name, VERBS))
        return None
    given: dict[str, tuple[str, ...]] = dict.fromkeys(_SCOPE, ())
    if isinstance(decorator, ast.Call):
        if decorator.args:
            refuse(decorator, f"rule.{name} with an unnamed argument", f"name it: {', '.join(_SCOPE)}")
        for i, keyword in enumerate(decorator.keywords):
            if keyword.arg in [each.arg for each in decorator.keywords[:i]]:
                refuse(keyword.value, f"{keyword.arg} is said twice", "name several in one tuple")
            _scope(keyword, given, refuse)
    return VERBS.index(name), Scope(given["line"], given["side"], given["venue"]), given["unless"]


def _scope(keyword: ast.keyword, given: dict[str, tuple[str, ...]], refuse: Refuse) -> None:
    if keyword.arg not in _SCOPE:
        refuse(keyword.value, f"rule scope has no {keyword.arg or '**'}", nearest(keyword.arg or "", _SCOPE))
        return
    node = keyword.value
    if isinstance(node, ast.Tuple) and node.elts:
        value: Any = tuple(each.value if isinstance(each, ast.Constant) else None for each in node.elts)
    else:
        value = node.value if isinstance(node, ast.Constant) else None
    try:
        given[keyword.arg] = words(keyword.arg, value)
    except RuleError as error:
        what, _, remedy = str(error).partition("; ")
        refuse(node, what, remedy)


def _param(name: str, node: ast.expr, names: Names, refuse: Refuse) -> Param:
    """The Param behind an argument; a neutral one where it was refused, so that the body is still looked at."""
    stand_in = Param(0, 0, 0)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Param"):
        refuse(node, f"{name} has a default that is no Param", f"write {name}=Param(default, low, high)")
        return stand_in
    order = (*_NUMBERS, *_TEXTS)
    given = dict(zip(order, node.args, strict=False))
    if len(node.args) > len(order) or any(isinstance(each, ast.Starred) for each in node.args):
        refuse(node, f"{name}: Param with too many arguments", f"it takes {', '.join(order)}")
    for keyword in node.keywords:
        if keyword.arg not in order:
            refuse(keyword.value, f"Param has no {keyword.arg or '**'}", nearest(keyword.arg or "", order))
        elif keyword.arg in given:
            refuse(keyword.value, f"{name}: Param says {keyword.arg} twice", "say it once")
        else:
            given[keyword.arg] = keyword.value
    missing = [each for each in _NUMBERS if each not in given]
    if missing:
        refuse(node, f"{name}: Param without {' and '.join(missing)}", f"write {name}=Param(default, low, high)")
        return stand_in
    return _valued(name, node, given, names, refuse) or stand_in


def _valued(name: str, node: ast.Call, given: dict[str, ast.expr], names: Names, refuse: Refuse) -> Param | None:
    values: dict[str, Any] = {}
    for each, value in given.items():
        if each in _TEXTS:
            text = value.value if isinstance(value, ast.Constant) else None
            if not isinstance(text, str) or "\n" in text:
                refuse(value, f"{name}: the {each} of a Param is no text", "write a string of one line")
                return None
            values[each] = text
        else:
            values[each] = constant(value, names, refuse)
    if None in values.values():
        return None
    try:
        return Param(**values)
    except RuleError as error:
        what, _, remedy = str(error).partition("; ")
        refuse(node, f"{name}: {what}", remedy)
        return None
