"""The words of the rule language: what may be written, and what is said about the rest."""

import ast
import math
from collections.abc import Callable
from typing import Any, Final

COST_MAX: Final = 10_000
"""Steps of one answer, with every round of every loop and all that is called."""
SIZE_MAX: Final = 2_000
"""Steps as written, of a rule and the functions that it calls: what bounds the time of a compile."""
RULES_MAX: Final = 64
PARAMS_MAX: Final = 16
WHOLE_MAX: Final = 2**53
"""Above this a float no longer holds every whole number."""

ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.FloorDiv, ast.Pow)
COMPARISONS: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)

ONE_NUMBER: Final = (
    "sqrt exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
    "erf erfc fabs floor ceil trunc"
).split()
TWO_NUMBERS: Final = ("atan2", "copysign", "fmod", "pow")
MATH: Final = {**dict.fromkeys(ONE_NUMBER, 1), **dict.fromkeys(TWO_NUMBERS, 2)}
"""Functions of `math` and how many numbers each takes: those whose machine code calls the same C library."""
MATH_CONSTANTS: Final = {"pi": math.pi, "e": math.e, "tau": math.tau}

BUILTINS: Final = ("abs", "bool", "float", "max", "min", "range")
OFFERED: Final = ("Param", "View", "rule")
"""What `from stackedmm import ...` gives a rule file."""


def _answering(function: Callable[..., float]) -> Callable[..., float]:
    """`function`, raising where it has no finite answer, as the machine code does."""

    def answer(*numbers: float) -> float:
        found = float(function(*numbers))
        # The sign of a NaN differs from one machine to the next, and copysign would show it.
        if not math.isfinite(found) or math.isnan(numbers[-1]):
            raise ArithmeticError("no finite answer")
        return found

    return answer


def _max(first: float, second: float) -> float:
    return second if second > first else first


def _min(first: float, second: float) -> float:
    return second if second < first else first


PLAIN_PYTHON: Final[dict[str, Any]] = {
    **{f"_math_{name}": _answering(getattr(math, name)) for name in MATH},
    "_max": _max,
    "_min": _min,
    "__builtins__": {"abs": abs, "float": float, "range": range},
}
"""What translated rules call, in Python. `arithmetic` holds the same in machine code."""

# Said about forms that an author may reach for; anything else that is not known is refused in general words.
REMEDIES: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.While: ("`while` may never end", "count with `for i in range(10)`"),
    ast.AsyncFor: ("`async` waits, and a rule never waits", "count with `for i in range(10)`"),
    ast.Try: ("`try` is not part of the rule language", "test with `if`; what raises is no answer already"),
    ast.With: ("`with` is not part of the rule language", "compute the number directly"),
    ast.ClassDef: ("a class is not part of the rule language", "write a function"),
    ast.AsyncFunctionDef: ("`async` waits, and a rule never waits", "write a plain `def`"),
    ast.FunctionDef: ("a function inside a function", "move it to the top of the file"),
    ast.Lambda: ("`lambda` is not part of the rule language", "write a `def` at the top of the file"),
    ast.Import: ("an import here", "import at the top: `from math import exp`, or math itself"),
    ast.ImportFrom: ("an import here", "import at the top of the file"),
    ast.Global: ("`global` keeps state, and rules keep none", "return the number"),
    ast.Nonlocal: ("`nonlocal` keeps state, and rules keep none", "return the number"),
    ast.Delete: ("`del` is not part of the rule language", "give the name another value instead"),
    ast.Raise: ("`raise` is not part of the rule language", "return a number for every View"),
    ast.Assert: ("an assert inside a function", "put it at the end of the file, as an example"),
    ast.Pass: ("`pass` does nothing", "return a number"),
    ast.Break: ("`break` is not part of the rule language", "return from inside the loop"),
    ast.Continue: ("`continue` is not part of the rule language", "use `if` and `else`"),
    ast.Match: ("`match` is not part of the rule language", "use `if` and `elif`"),
    ast.AnnAssign: ("a type on a local name", "write `name = value`"),
    ast.NamedExpr: ("`:=` is not part of the rule language", "assign on a line of its own"),
    ast.Await: ("`await` waits, and a rule never waits", "compute the number directly"),
    ast.Yield: ("`yield` makes a generator", "return one number"),
    ast.YieldFrom: ("`yield` makes a generator", "return one number"),
    ast.JoinedStr: ("a string", "rules compute with numbers only"),
    ast.List: ("a list", "use names for single numbers"),
    ast.Tuple: ("a tuple", "assign and return one number at a time"),
    ast.Set: ("a set", "use names for single numbers"),
    ast.Dict: ("a dict", "return one number"),
    ast.ListComp: ("a comprehension", "add up in a `for i in range(10)` loop"),
    ast.SetComp: ("a comprehension", "add up in a `for i in range(10)` loop"),
    ast.DictComp: ("a comprehension", "add up in a `for i in range(10)` loop"),
    ast.GeneratorExp: ("a comprehension", "add up in a `for i in range(10)` loop"),
    ast.Subscript: ("an index", "rules know single numbers only"),
    ast.Starred: ("a star argument", "name each number"),
}
