"""The top of a rule file: its imports, constants, functions, rules and examples; nothing else may stand there."""

import ast
from dataclasses import dataclass, field
from typing import Final

from stackedmm.rules import declarations
from stackedmm.rules.bodies import constant
from stackedmm.rules.declarations import Declaration
from stackedmm.rules.expressions import Names
from stackedmm.rules.language import BUILTINS, MATH, MATH_CONSTANTS, OFFERED, REMEDIES
from stackedmm.rules.reading import Source
from stackedmm.rules.refusal import Refusal, nearest

AT_TOP: Final = "keep imports, constants, functions, rules and `assert` examples there"


@dataclass(slots=True)
class Outline:
    """What one file holds, by name."""

    source: Source
    refusals: list[Refusal] = field(default_factory=list)
    maths: set[str] = field(default_factory=set)
    math_module: bool = False
    offered: set[str] = field(default_factory=set)
    borrowed: dict[str, tuple[str, ast.ImportFrom]] = field(default_factory=dict)
    """Functions of other files: local name to the module's name."""
    constants: dict[str, float | bool] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    rules: dict[str, Declaration] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """Rules whose head was refused."""
    examples: list[ast.Assert] = field(default_factory=list)

    def refuse(self, node: ast.AST, what: str, remedy: str) -> None:
        """Note that the file is refused for something at this place."""
        self.refusals.append(Refusal(self.source.file, getattr(node, "lineno", 1), what, remedy))

    def names(self) -> Names:
        """What the file's own names stand for, before functions are linked."""
        others = dict.fromkeys(self.functions, "a function")
        others |= dict.fromkeys((*self.rules, *self.failed), "a rule")
        others |= dict.fromkeys(self.borrowed, "a function")
        others |= dict.fromkeys(self.offered, "a word of the rule language")
        return Names(frozenset(self.maths), self.math_module, self.constants, others=others)

    def _taken(self, node: ast.AST, name: str) -> bool:
        """Whether a new name at the top is no free one; says why."""
        every = (self.maths, self.offered, self.borrowed, self.constants, self.functions, self.rules, self.failed)
        if name.startswith("_"):
            self.refuse(node, f"the name {name} begins with _", "begin it with a letter")
        elif name in BUILTINS or name in OFFERED or name == "math":
            self.refuse(node, f"{name} already means something in every rule file", "choose another name")
        elif any(name in known for known in every):
            self.refuse(node, f"{name} is defined twice in this file", "keep one of the two")
        else:
            return False
        return True


def outline(source: Source, tree: ast.Module) -> Outline:
    """Look at each statement of the file's top."""
    found = Outline(source)
    body = tree.body[1:] if ast.get_docstring(tree, clean=False) is not None else tree.body
    for statement in body:
        match statement:
            case ast.Import():
                _import(found, statement)
            case ast.ImportFrom():
                _import_from(found, statement)
            case ast.Assign():
                _constant(found, statement)
            case ast.FunctionDef():
                _function(found, statement)
            case ast.Assert():
                found.examples.append(statement)
            case ast.Expr(value=ast.Constant(value=str())):
                found.refuse(statement, "a string at the top of the file", "begin it with #, as a comment")
            case ast.ClassDef() | ast.AsyncFunctionDef() | ast.With() | ast.Try() | ast.While() | ast.Delete():
                found.refuse(statement, REMEDIES[type(statement)][0], AT_TOP)
            case _:
                found.refuse(
                    statement, f"`{ast.unparse(statement).splitlines()[0][:60]}` at the top of the file", AT_TOP
                )
    return found


def _import(found: Outline, statement: ast.Import) -> None:
    for alias in statement.names:
        if alias.name != "math":
            found.refuse(
                statement, f"import of {alias.name}", "import math only; data enter through the View and signals"
            )
        elif alias.asname:
            found.refuse(statement, f"math under the name {alias.asname}", "write `import math`")
        else:
            found.math_module = True


def _import_from(found: Outline, statement: ast.ImportFrom) -> None:
    if statement.level:
        found.refuse(statement, "a relative import", "name the file: `from shapes import ramp`")
        return
    module = statement.module or ""
    for alias in statement.names:
        name = alias.name
        if name == "*":
            found.refuse(statement, "a star import", "name what you import")
        elif alias.asname:
            found.refuse(statement, f"{name} under the name {alias.asname}", "import it under its own name")
        elif module == "math":
            _math(found, statement, name)
        elif module == "stackedmm":
            if name in OFFERED:
                found.offered.add(name)
            else:
                found.refuse(statement, f"import of stackedmm.{name}", f"rules import {', '.join(OFFERED)} only")
        elif "." in module:
            found.refuse(statement, f"import from {module}", "import from math, stackedmm or a file of this folder")
        elif not found._taken(statement, name):
            found.borrowed[name] = (module, statement)


def _math(found: Outline, statement: ast.ImportFrom, name: str) -> None:
    if name in found.maths:
        return
    if name in MATH and not found._taken(statement, name):
        found.maths.add(name)
    elif name in MATH_CONSTANTS and not found._taken(statement, name):
        found.constants[name] = MATH_CONSTANTS[name]
    elif name not in MATH and name not in MATH_CONSTANTS:
        found.refuse(
            statement, f"math.{name} is not part of the rule language", nearest(name, {*MATH, *MATH_CONSTANTS})
        )


def _constant(found: Outline, statement: ast.Assign) -> None:
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Name):
        found.refuse(statement, "an assignment to more than one name", "bind one constant a line")
        return
    value = constant(statement.value, found.names(), found.refuse)
    if not found._taken(target, target.id):
        # A refused value still binds its name, lest every use of it be refused as well.
        found.constants[target.id] = 1.0 if value is None else value


def _function(found: Outline, statement: ast.FunctionDef) -> None:
    if found._taken(statement, statement.name):
        return
    if not declarations.is_rule(statement):
        declarations.plain(statement, found.refuse)
        found.functions[statement.name] = statement
        return
    for word in ("rule", *(("Param",) if statement.args.defaults else ())):
        if word not in found.offered:
            found.refuse(statement, f"{word} is not imported", "write `from stackedmm import Param, rule` at the top")
            found.offered.add(word)
    declared = declarations.declaration(statement, found.names(), found.refuse)
    if declared is None:
        found.failed.add(statement.name)
    else:
        found.rules[statement.name] = declared
