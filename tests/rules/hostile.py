"""Wrong and hostile rule files: name, source, the line that must be named, and a part of the reason.

`MARK` stands for code that would leave a file behind; none of it may ever run.
"""

from typing import Final, NamedTuple

MARK: Final = "__import__('os').open('stackedmm-was-here', 66)"


class Hostile(NamedTuple):
    """One file that must be refused."""

    name: str
    data: bytes
    line: int
    reason: str


HEAD: Final = "from math import exp\nfrom stackedmm import Param, View, rule\n"
"""Two lines, so that what follows begins on line 3."""


def _file(name: str, text: str, line: int, reason: str) -> Hostile:
    return Hostile(name, (HEAD + text).encode(), line, reason)


def _body(name: str, statements: str, line: int, reason: str) -> Hostile:
    """Statements inside a rule; the first stands on line 6."""
    lines = "".join(f"    {each}\n" for each in statements.split("\n"))
    return _file(name, f'@rule.skew\ndef lean(q, strength=Param(1, 0, 2)):\n    """Doc."""\n{lines}', line, reason)


def _value(name: str, expression: str, reason: str) -> Hostile:
    """An expression that a rule returns, on line 6."""
    return _body(name, f"return {expression}", 6, reason)


def _head(name: str, head: str, line: int, reason: str) -> Hostile:
    """Decorator and signature of a rule; the first line is 3."""
    return _file(name, f'{head}\n    """Doc."""\n    return 0.0\n', line, reason)


GOOD: Final = (
    HEAD + '@rule.skew\ndef lean(q, strength=Param(1, 0, 2)):\n    """Doc."""\n    return q.inventory * strength\n'
)

TOP: Final = [
    _file("call", "print(1)", 3, "`print(1)` at the top"),
    _file("marker", MARK, 3, "at the top of the file"),
    _file("marker_constant", f"X = {MARK}", 3, "in what must be a constant"),
    _file("import_os", "import os", 3, "import of os"),
    _file("import_socket", "import socket, math", 3, "import of socket"),
    _file("import_subprocess", "from subprocess import run", 3, "no file subprocess.py in this folder"),
    _file("import_ctypes", "import ctypes", 3, "import of ctypes"),
    _file("import_threading", "from threading import Thread", 3, "no file threading.py"),
    _file("import_ccxt", "import ccxt.pro as ccxt", 3, "import of ccxt.pro"),
    _file("import_atexit", "import atexit", 3, "import of atexit"),
    _file("import_signal", "from signal import signal", 3, "no file signal.py"),
    _file("import_random", "from random import random", 3, "no file random.py"),
    _file("import_time", "from time import time", 3, "no file time.py"),
    _file("import_numpy", "import numpy as np", 3, "import of numpy"),
    _file("import_decimal", "from decimal import Decimal", 3, "no file decimal.py"),
    _file("import_inside", "from stackedmm.core import machine", 3, "import from stackedmm.core"),
    _file("import_session", "from stackedmm import live", 3, "import of stackedmm.live"),
    _file("import_star", "from math import *", 3, "a star import"),
    _file("import_relative", "from . import shapes", 3, "a relative import"),
    _file("import_renamed", "from math import log as ln", 3, "log under the name ln"),
    _file("import_math_renamed", "import math as m", 3, "math under the name m"),
    _file("import_gamma", "from math import gamma", 3, "math.gamma is not part"),
    _file("import_misspelt", "from math import sqr", 3, "did you mean sqrt?"),
    _file("import_missing", "from shapes import ramp", 3, "no file shapes.py in this folder"),
    _file("import_dotted", "from os.path import join", 3, "import from os.path"),
    _file("patch_math", "import math\nmath.exp = abs", 4, "an assignment to more than one name"),
    _file("class", "class Lean:\n    pass", 3, "a class is not part"),
    _file("async", "async def lean(q):\n    return 0.0", 3, "`async` waits"),
    _file("if", "if 1 < 2:\n    X = 1", 3, "`if 1 < 2:` at the top"),
    _file("for", "for i in range(3):\n    X = 1", 3, "at the top of the file"),
    _file("while", "while True:\n    X = 1", 3, "`while` may never end"),
    _file("try", f"try:\n    {MARK}\nexcept BaseException:\n    X = 1", 3, "`try` is not part"),
    _file("with", "with open('x') as f:\n    X = 1", 3, "`with` is not part"),
    _file("del", "X = 1\ndel X", 4, "`del` is not part"),
    _file("exit", "raise SystemExit", 3, "at the top of the file"),
    _file("global", "global X", 3, "at the top of the file"),
    _file("augmented", "X = 1\nX += 1", 4, "at the top of the file"),
    _file("annotated", "X: float = 1", 3, "at the top of the file"),
    _file("unpacked", "X, Y = 1, 2", 3, "an assignment to more than one name"),
    _file("chained", "X = Y = 1", 3, "an assignment to more than one name"),
    _file("list", "X = [1, 2]", 3, "a list, in what must be a constant"),
    _file("string", "X = 'abc'", 3, "a string, in what must be a constant"),
    _file("loose_string", "X = 1\n'''text'''", 4, "a string at the top"),
    _file("dunder", "__all__ = 1", 3, "begins with _"),
    _file("private", "_x = 1", 3, "begins with _"),
    _file("twice", "X = 1\nX = 2", 4, "X is defined twice"),
    _file("shadow_builtin", "abs = 1", 3, "abs already means something"),
    _file("shadow_import", "exp = 1", 3, "exp is defined twice"),
    _file("zero_division", "X = 1 / 0", 3, "has no value"),
    _file("tower", "X = 9 ** 9 ** 9", 3, "has no value"),
    _file("infinite", "X = 1e308 * 10", 3, "is not finite"),
    _file("literal_infinity", "X = 1e999", 3, "a number beyond every float"),
    _file("whole_overflow", "X = 9007199254740993", 3, "a whole number beyond 2**53"),
    _file("digits", f"X = {'9' * 5000}", 3, "not Python"),
    _file("imaginary", "X = 1j", 3, "real numbers only"),
    _file("no_rule_call", "X = lean(1)", 3, "lean() is not part"),
]

HEADS: Final = [
    _head("no_view", "@rule.skew\ndef lean():", 4, "lean takes no View"),
    _head("no_param", "@rule.skew\ndef lean(q, strength):", 4, "strength has no Param"),
    _head("plain_default", "@rule.skew\ndef lean(q, strength=8.0):", 4, "a default that is no Param"),
    _head("marker_default", f"@rule.skew\ndef lean(q, strength={MARK}):", 4, "a default that is no Param"),
    _head("mutable_default", "@rule.skew\ndef lean(q, seen=[]):", 4, "a default that is no Param"),
    _head("view_default", "@rule.skew\ndef lean(q=Param(1, 0, 2)):", 4, "the View, has a default"),
    _head("star", "@rule.skew\ndef lean(q, *more):", 4, "star, keyword-only"),
    _head("kwargs", "@rule.skew\ndef lean(q, **more):", 4, "star, keyword-only"),
    _head("keyword_only", "@rule.skew\ndef lean(q, *, a=Param(1, 0, 2)):", 4, "star, keyword-only"),
    _head("positional_only", "@rule.skew\ndef lean(q, /):", 4, "positional-only"),
    _head(
        "same_argument", "@rule.skew\ndef lean(q, a=Param(1, 0, 2), a=Param(1, 0, 2)):", 4, "two arguments of one name"
    ),
    _head("private_argument", "@rule.skew\ndef lean(q, _a=Param(1, 0, 2)):", 4, "_a is no name"),
    _head("private_name", "@rule.skew\ndef _lean(q):", 4, "begins with _"),
    _head("upper_name", "@rule.skew\ndef Lean(q):", 4, "no name for a function"),
    _head("type", "@rule.skew\ndef lean(q: print(1)):", 4, "the type `print(1)`"),
    _head("bounds", "@rule.skew\ndef lean(q, a=Param(5, 0, 2)):", 4, "default outside the bounds"),
    _head("turned_bounds", "@rule.skew\ndef lean(q, a=Param(1, 2, 0)):", 4, "default outside the bounds"),
    _head("no_bounds", "@rule.skew\ndef lean(q, a=Param(1)):", 4, "Param without low and high"),
    _head("infinite_bound", "@rule.skew\ndef lean(q, a=Param(1, 0, 1e999)):", 4, "beyond every float"),
    _head("huge_bound", "@rule.skew\ndef lean(q, a=Param(1, 0, 1e13)):", 4, "Param high="),
    _head("text_bound", "@rule.skew\ndef lean(q, a=Param(1, 0, '2')):", 4, "a string"),
    _head("true_bound", "@rule.skew\ndef lean(q, a=Param(True, 0, 2)):", 4, "Param default=True"),
    _head("param_word", "@rule.skew\ndef lean(q, a=Param(1, 0, 2, lowest=1)):", 4, "did you mean low?"),
    _head("param_twice", "@rule.skew\ndef lean(q, a=Param(1, 0, 2, low=1)):", 4, "says low twice"),
    _head("param_unit", "@rule.skew\ndef lean(q, a=Param(1, 0, 2, 5)):", 4, "is no text"),
    _head("param_star", "@rule.skew\ndef lean(q, a=Param(*X)):", 4, "too many arguments"),
    _head("verb", "@rule.skw\ndef lean(q):", 3, "did you mean skew?"),
    _head("decorator", "@staticmethod\ndef lean(q):", 3, "the decorator `staticmethod`"),
    _head("marker_decorator", f"@{MARK}\ndef lean(q):", 3, "the decorator"),
    _head("numba_decorator", "@rule.skew\n@njit\ndef lean(q):", 4, "a second decorator"),
    _head("two_verbs", "@rule.skew\n@rule.size\ndef lean(q):", 4, "a second decorator"),
    _head("side", "@rule.skew(side='bids')\ndef lean(q):", 3, "did you mean bid?"),
    _head("unless", "@rule.skew(unless='inventry')\ndef lean(q):", 3, "did you mean inventory?"),
    _head("scope", "@rule.skew(lines='tob')\ndef lean(q):", 3, "did you mean line?"),
    _head("scope_value", f"@rule.skew(venue={MARK})\ndef lean(q):", 3, "is not a name"),
    _head("scope_list", "@rule.skew(venue=['gate'])\ndef lean(q):", 3, "is not a name"),
    _head("scope_path", "@rule.skew(venue='../gate')\ndef lean(q):", 3, "is not a name"),
    _head("scope_unnamed", "@rule.skew('tob')\ndef lean(q):", 3, "an unnamed argument"),
    _head("scope_twice", "@rule.skew(side=('bid', 'bid'))\ndef lean(q):", 3, "names one thing twice"),
    _head("scope_star", "@rule.skew(**X)\ndef lean(q):", 3, "rule scope has no **"),
    _file("no_docstring", "@rule.skew\ndef lean(q):\n    return 0.0", 4, "lean has no docstring"),
    _file("default_of_function", "def half(x=2.0):\n    return x", 3, "half has defaults"),
    Hostile("no_import", b'@rule.skew\ndef lean(q):\n    """Doc."""\n    return 0.0\n', 2, "rule is not imported"),
]

BODIES: Final = [
    _body("while", "while True:\n    x = 1", 6, "`while` may never end"),
    _body("recursion", "return lean(q)", 6, "lean is a rule"),
    _body("no_return", "x = 1.0", 4, "may end without a number"),
    _body("half_return", "if q.inventory > 0:\n    return 1.0", 4, "may end without a number"),
    _body("bare_return", "return", 6, "a return without a number"),
    _body("unreachable", "return 1.0\nreturn 2.0", 7, "never reached"),
    _body("nested", "def f():\n    return 1\nreturn 1.0", 6, "a function inside a function"),
    _body("class", "class A:\n    pass\nreturn 1.0", 6, "a class"),
    _body("try", "try:\n    return 1.0\nexcept BaseException:\n    return 2.0", 6, "`try` is not part"),
    _body("with", "with q:\n    return 1.0", 6, "`with` is not part"),
    _body("import", "import os\nreturn 1.0", 6, "an import here"),
    _body("global", "global X\nreturn 1.0", 6, "`global` keeps state"),
    _body("nonlocal", "nonlocal X\nreturn 1.0", 6, "`nonlocal` keeps state"),
    _body("del", "x = 1\ndel x\nreturn 1.0", 7, "`del` is not part"),
    _body("raise", "raise KeyboardInterrupt", 6, "`raise` is not part"),
    _body("assert", "assert q.inventory > 0\nreturn 1.0", 6, "an assert inside a function"),
    _body("pass", "pass\nreturn 1.0", 6, "`pass` does nothing"),
    _body("break", "for i in range(3):\n    break\nreturn 1.0", 7, "`break`"),
    _body("yield", "yield 1.0", 6, "`yield` makes a generator"),
    _body("yield_value", "x = yield\nreturn 1.0", 6, "`yield` makes a generator"),
    _body("await", "x = await q\nreturn 1.0", 6, "`await` waits"),
    _body("match", "match q:\n    case _:\n        return 1.0", 6, "`match` is not part"),
    _body("print", "print(1)\nreturn 1.0", 6, "print() is not part"),
    _body("marker", f"{MARK}\nreturn 1.0", 6, "a call of `.open`"),
    _body("mutates_view", "q.inventory = 0.0\nreturn 1.0", 6, "an assignment to `q.inventory`"),
    _body("keeps_view", "lean.last = q\nreturn 1.0", 6, "`q` itself"),
    _body("replaces_view", "q = 1.0\nreturn q", 6, "an assignment to q, the View"),
    _body("item", "strength[0] = 1.0\nreturn 1.0", 6, "an assignment to `strength[0]`"),
    _body("state", "X = 1.0\nX += 1.0\nreturn y", 8, "y is not known here"),
    _body("private", "_x = 1.0\nreturn 1.0", 6, "begins with _"),
    _body("shadow", "abs = 1.0\nreturn 1.0", 6, "abs already means something"),
    _body("annotated", "x: float = 1.0\nreturn x", 6, "a type on a local name"),
    _body("tuple", "x, y = 1.0, 2.0\nreturn x", 6, "a tuple"),
    _body("chained", "x = y = 1.0\nreturn x", 6, "two assignments in one"),
    _body("two_kinds", "x = 1.0\nx = q.inventory > 0\nreturn 1.0", 7, "x is a number and here a truth"),
    _body("unassigned", "if q.inventory > 0:\n    x = 1.0\nreturn x", 8, "x may have no value here"),
    _body("loop_forever", "for i in range(10 ** 9):\n    x = 1.0\nreturn 1.0", 6, "a loop of 1e+09 rounds"),
    _body("loop_nested", "x = 0.0\nfor i in range(99):\n    for j in range(99):\n        x += 1\nreturn x", 4, "costs"),
    _body("loop_list", "for i in [1, 2]:\n    x = 1.0\nreturn 1.0", 6, "a loop over something else"),
    _body("loop_view", "for i in range(q.hour):\n    x = 1.0\nreturn 1.0", 6, "in what must be a constant"),
    _body("loop_none", "for i in range(0):\n    x = 1.0\nreturn 1.0", 6, "a loop of 0 rounds"),
    _body("loop_half", "for i in range(2.5):\n    x = 1.0\nreturn 1.0", 6, "a loop of 2.5 rounds"),
    _body("loop_else", "for i in range(2):\n    x = 1.0\nelse:\n    x = 2.0\nreturn 1.0", 6, "`else` of a loop"),
    _body("long", "x = 0.0\n" + "x = x + 1.0\n" * 600 + "return x", 4, "steps as written"),
    _body(
        "deep_ifs",
        "".join(f"{'  ' * i}if q.inventory > {i}:\n" for i in range(60)) + "  " * 60 + "x = 1",
        51,
        "nested deeper",
    ),
    _body("truth", "return q.inventory > 0", 4, "returns a truth, and rule.skew a number"),
]

VALUES: Final = [
    _value("misspelt", "q.inventroy", "did you mean inventory?"),
    _value("unknown", "strenght", "did you mean strength?"),
    _value("dunder", "q.__class__", "View has no field __class__"),
    _value("subclasses", "q.__class__.__mro__[1].__subclasses__()", "a call of `.__subclasses__`"),
    _value("globals", "lean.__globals__", "`.__globals__` of something that is no View"),
    _value("field_call", "q.inventory()", "a call of `.inventory`"),
    _value("field_of_field", "q.inventory.real", "`.real` of something that is no View"),
    _value("math_inside", "exp.__self__", "`.__self__` of something"),
    _value("view", "q", "`q` itself"),
    _value("open", "open(1)", "open() is not part"),
    _value("eval", "eval('1')", "eval() is not part"),
    _value("exec", "exec('x')", "exec() is not part"),
    _value("getattr", "getattr(q, 'inventory')", "getattr() is not part"),
    _value("import", MARK, "a call of `.open`"),
    _value("compile", "compile('1', '', 'eval')", "compile() is not part"),
    _value("sorted", "sorted(range(10 ** 8))", "sorted() is not part"),
    _value("sum", "sum(x for x in range(9))", "sum() is not part"),
    _value("round", "round(q.inventory)", "round() is not part"),
    _value("int", "int(q.inventory)", "int() is not part"),
    _value("float_text", "float('nan')", "a string"),
    _value("complex", "1j * q.inventory", "real numbers only"),
    _value("none", "None", "`None`"),
    _value("text", "'1'", "a string"),
    _value("bytes", "b'1'", "a string"),
    _value("ellipsis", "...", "`Ellipsis`"),
    _value("list", "[1.0]", "a list"),
    _value("dict", "{'skew': 1.0}", "a dict"),
    _value("set", "{1.0}", "a set"),
    _value("tuple", "1.0, 2.0", "a tuple"),
    _value("comprehension", "[x for x in q]", "a comprehension"),
    _value("generator", "max(x for x in q)", "a comprehension"),
    _value("lambda", "lambda: 1.0", "`lambda` is not part"),
    _value("called_lambda", "(lambda: 1.0)()", "a call of something computed"),
    _value("f_string", "f'{q}'", "a string"),
    _value("walrus", "(x := 1.0)", "`:=` is not part"),
    _value("index", "q['inventory']", "an index"),
    _value("slice", "q[0:1]", "an index"),
    _value("star_call", "max(*q)", "a keyword or star argument"),
    _value("keyword_call", "exp(x=1.0)", "a keyword or star argument"),
    _value("is", "1.0 if q.inventory is None else 2.0", "`is` or `in`"),
    _value("in", "1.0 if q.inventory in q else 2.0", "`is` or `in`"),
    _value("bits", "q.inventory | 1", "the operator BitOr"),
    _value("shift", "1 << 99999999", "the operator LShift"),
    _value("matrix", "q.inventory @ q.inventory", "the operator MatMult"),
    _value("invert", "~q.inventory", "the operator ~"),
    _value("number_as_truth", "1.0 if q.inventory else 2.0", "where true or false is needed"),
    _value("or", "q.inventory or 1.0", "where true or false is needed"),
    _value("mixed", "1.0 if q.inventory > 0 else q.inventory > 1", "a number or a truth"),
    _value("arity", "exp(1.0, 2.0)", "exp takes 1 numbers, not 2"),
    _value("max_of_one", "max(q.inventory)", "max of one thing"),
    _value("range", "range(3)", "range outside of a `for`"),
    _value("function", "exp", "exp is a function"),
    _value("pi", "pi", "math.pi"),
    _value("not_imported", "sqrt(2.0)", "sqrt is not imported"),
    _value("module", "math.exp(1.0)", "a call of `.exp`"),
    _value("param", "Param(1, 0, 2)", "Param is a word"),
    _value("whole", "q.inventory + 99999999999999999999", "a whole number beyond"),
    _body("terms", "return " + "+".join(["1.0"] * 50_000), 1, "nested too deeply"),
    _value("forty_terms", "+".join(["1.0"] * 60), "nested deeper than"),
    _value("parentheses", "(" * 300 + "1.0" + ")" * 300, "not Python"),
    _body("minus", "return " + "-" * 100_000 + "1.0", 1, "nested too deeply"),
]

PROOFS: Final = [
    _value("division", "strength / q.quiet_s", "lean has no answer, float division by zero, at View(quiet_s=0)"),
    _value("modulo", "strength % q.quiet_s", "has no answer"),
    _value("root", "q.inventory ** 0.5", "has no answer"),
    _value("domain", "exp(q.drift_bps)", "has no answer"),
    _body("overflow", "return 1e308 * q.volume", 4, "lean returned inf at View(volume=100)"),
    _body("not_a_number", "return 1e308 * q.volume - 1e308 * q.volume", 4, "lean returned nan at View(volume=100)"),
    _file("negative", '@rule.size\ndef fade(q):\n    """Doc."""\n    return q.inventory', 4, "fade returned -1"),
    _file("number_gate", '@rule.gate\ndef stop(q):\n    """Doc."""\n    return 1.0', 4, "a gate says true or false"),
    _file("calls_itself", "def f(x):\n    return f(x)", 3, "f calls itself"),
    _file("call_each_other", "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)", 5, "g calls itself"),
    _file(
        "dear_calls",
        "def f(x):\n    y = x\n    for i in range(99):\n        y += x\n    return y\n"
        '@rule.skew\ndef lean(q):\n    """Doc."""\n    x = 0.0\n'
        "    for i in range(99):\n        x += f(1.0)\n    return x",
        9,
        "lean costs",
    ),
]

TEXTS: Final = [
    Hostile("not_python", b"def (:\n", 1, "not Python"),
    Hostile("half_written", GOOD[:-30].encode(), 4, "may end without a number"),
    Hostile("torn", b'from stackedmm import rule\n@rule.skew\ndef lean(q):\n    """Do', 4, "not Python"),
    Hostile("nul", GOOD.encode() + b"\x00", 7, "U+0000"),
    Hostile("bom", b"\xef\xbb\xbf" + GOOD.encode(), 1, "byte order mark"),
    Hostile("utf16", GOOD.encode("utf-16"), 1, "byte order mark"),
    Hostile("latin", GOOD.encode() + "# Guéant".encode("latin-1"), 7, "byte 0xe9 is not UTF-8"),
    Hostile("surrogate", GOOD.encode() + b"# \xed\xa0\x80", 7, "is not UTF-8"),
    Hostile("overlong", GOOD.encode() + b"# \xc0\xaf", 7, "is not UTF-8"),
    Hostile("bidi", (GOOD + "# \u202e gnihton").encode(), 7, "U+202E RIGHT-TO-LEFT OVERRIDE"),
    Hostile("isolate", (GOOD + "# \u2066 x").encode(), 7, "U+2066"),
    Hostile("zero_width", (GOOD + "# a\u200bb").encode(), 7, "U+200B"),
    Hostile("tag", (GOOD + "# \U000e0041").encode(), 7, "U+E0041"),
    Hostile("variation", (GOOD + "# a\ufe0f").encode(), 7, "U+FE0F"),
    Hostile("filler", (GOOD + "# \u3164").encode(), 7, "U+3164"),
    Hostile("soft_hyphen", (GOOD + "# a\u00adb").encode(), 7, "U+00AD"),
    Hostile("no_break_space", (GOOD + "#\u00a0x").encode(), 7, "U+00A0"),
    Hostile("line_separator", (GOOD + "# a\u2028X = 1").encode(), 7, "U+2028"),
    Hostile("lone_return", (GOOD + "# a\rX = 1").encode(), 7, "U+000D"),
    Hostile("form_feed", (GOOD + "\fX = 1").encode(), 7, "U+000C"),
    Hostile("tab", GOOD.replace("    return", "\treturn").encode(), 6, "a tab"),
    Hostile("escape", (GOOD + "# \x1b[2J").encode(), 7, "U+001B"),
    Hostile("cookie", b"# -*- coding: latin-1 -*-\n" + GOOD.encode(), 1, "declares the encoding latin-1"),
    Hostile("homoglyph", GOOD.replace("strength", "str\u0435ngth").encode(), 4, "is not written in ASCII"),
    Hostile("fullwidth", GOOD.replace("q.inventory", "\uff51.inventory").encode(), 6, "is not written in ASCII"),
    Hostile("large", b"#" * 256_001, 1, "larger than 256000 bytes"),
    Hostile("many_parts", b"X = 1\n" * 6000, 5000, "more than 20000 parts"),
    Hostile("escape_sequence", GOOD.replace('"""Doc."""', '"""\\d."""').encode(), 5, "not Python"),
    Hostile("Upper", GOOD.encode(), 1, "no name for a rule file"),
    Hostile("with-dash", GOOD.encode(), 1, "no name for a rule file"),
    Hostile("1st", GOOD.encode(), 1, "no name for a rule file"),
    Hostile("a" * 65, GOOD.encode(), 1, "no name for a rule file"),
    Hostile("math", GOOD.encode(), 1, "is taken by what rules import"),
    Hostile("stackedmm", GOOD.encode(), 1, "is taken by what rules import"),
]

EXAMPLES: Final = [
    Hostile(f"example_{i}", f"{GOOD}assert {test}\n".encode(), 7, reason)
    for i, (test, reason) in enumerate(
        [
            ("lean(View(inventory=0.5)) == 4.0", "does not hold: 0.5 against 4"),
            ("lean(View(inventory=2)) == 4.0", "View(inventory=2) is out of range"),
            ("lean(View(sign=0)) == 0.0", "View(sign=0) is no side"),
            ("lean(View(inventroy=0.5)) == 0.5", "did you mean inventory?"),
            ("lean(View(0.5)) == 0.5", "View with an unnamed number"),
            ("lean(View(**X)) == 0.5", "View with ** or one name twice"),
            ("lean(View(), strenght=1) == 0.0", "did you mean strength?"),
            ("lean(View(), strength=3) == 0.0", "strength=3 is out of bounds"),
            ("lean(View(), 3) == 0.0", "lean of something else than one View"),
            ("lean(0.5) == 0.5", "lean of something else than one View"),
            ("lean() == 0.5", "lean of something else than one View"),
            ("lean(View())", "is a number where true or false is needed"),
            ("lean(View()) == 0.0, 'message'", "an example with a message"),
            ("View() == 1.0", "a View outside of a rule's call"),
            ("lean(View()).real == 0.0", "`.real` of something"),
            ("lean.function(1) == 1.0", "a call of `.function`"),
            (f"lean(View(inventory={MARK})) == 0.0", "in what must be a constant"),
            (f"{MARK} == 3.0", "a call of `.open`"),
            ("exp(1000.0) > 0.0", "does not hold: no answer"),
            ("1.0 / 0.0 > 0.0", "does not hold: no answer"),
        ]
    )
]

MORE: Final = [
    _file(
        "coroutine_rule",
        '@rule.skew\nasync def lean(q):\n    """Doc."""\n    return 0.0',
        4,
        "`async` waits, and a rule never waits",
    ),
    _file("lambda_constant", "X = lambda: 1", 3, "`lambda` is not part of the rule language"),
    _file("walrus_constant", "X = (Y := 1)", 3, "`:=` is not part of the rule language"),
    _file("comprehension_constant", "X = max(i for i in range(3))", 3, "a comprehension"),
    _file("conditional_constant", f"X = 1 if {MARK} else 2", 3, "a call of `.open`"),
    _file("star_assignment", "*X, Y = 1, 2", 3, "an assignment to more than one name"),
    _file("item_assignment", "exp[0] = 1", 3, "an assignment to more than one name"),
    _file("match_at_top", "match 1:\n    case _:\n        X = 1", 3, "`match 1:` at the top of the file"),
    _file(
        "main_block", "if __name__ == '__main__':\n    X = 1", 3, "`if __name__ == '__main__':` at the top of the file"
    ),
    _file("import_future", "from __future__ import annotations", 3, "no file __future__.py in this folder"),
    _file("import_builtins", "import builtins", 3, "import of builtins"),
    _file("import_importlib", "import importlib", 3, "import of importlib"),
    _file("import_pickle", "from pickle import loads", 3, "no file pickle.py in this folder"),
    _file("assert_marker", f"assert {MARK}", 3, "a call of `.open`"),
    _file(
        "rule_twice",
        '@rule.skew\ndef a(q):\n    """Doc."""\n    return 0.0\n@rule.skew\ndef a(q):\n    """Doc."""\n    return 1.0',
        8,
        "a is defined twice in this file",
    ),
    _file(
        "rule_named_like_function",
        'def lean(x):\n    return x\n@rule.skew\ndef lean(q):\n    """Doc."""\n    return 1.0',
        6,
        "lean is defined twice in this file",
    ),
    _file("function_without_return", "def half(x):\n    y = x", 3, "half may end without a number"),
    _file(
        "function_reads_view", "def half(q):\n    return q.inventory", 4, "`.inventory` of something that is no View"
    ),
    _file("function_takes_nothing_known", "def half(x):\n    return x * strength", 4, "strength is not known here"),
    _file(
        "seventeen_params",
        "@rule.skew\ndef lean(q, "
        + ", ".join(f"p{i}=Param(1, 0, 2)" for i in range(17))
        + '):\n    """Doc."""\n    return p0',
        4,
        "17 Params",
    ),
    _head("called_verb_twice", "@rule.skew()()\ndef lean(q):", 3, "the decorator `rule.skew()`"),
    _head("verb_by_name", "@getattr(rule, 'skew')\ndef lean(q):", 3, "the decorator `getattr`"),
    _head("verb_of_verb", "@rule.skew.size\ndef lean(q):", 3, "the decorator `rule.skew.size`"),
    _head("empty_scope", "@rule.skew(venue=())\ndef lean(q):", 3, "venue=None is not a name"),
    _head("number_scope", "@rule.skew(venue=3)\ndef lean(q):", 3, "venue=3 is not a name"),
    _head("scope_said_twice", "@rule.skew(side='bid', side='ask')\ndef lean(q):", 3, "side is said twice"),
    _head(
        "param_of_param",
        "@rule.skew\ndef lean(q, a=Param(Param(1, 0, 2), 0, 2)):",
        4,
        "Param is a word of the rule language",
    ),
    _head("param_nothing", "@rule.skew\ndef lean(q, a=Param()):", 4, "a: Param without default and low and high"),
    _body(
        "loop_of_loop_variable",
        "x = 0.0\nfor i in range(3):\n    for j in range(i):\n        x += 1\nreturn x",
        8,
        "i is not known here",
    ),
    _body("star_target", "*x, y = 1.0, 2.0\nreturn y", 6, "a tuple"),
    _body("del_view", "del q\nreturn 1.0", 6, "`del` is not part of the rule language"),
    _body("docstring_only", "'more'", 6, "an expression that does nothing"),
    _value("power_tower", "9.0 ** 9.0 ** 9.0", "lean has no answer"),
    _value("view_compared", "1.0 if q == q else 0.0", "`q` itself"),
    _value("view_hash", "hash(q)", "hash() is not part of the rule language"),
    _value("power_of_view", "pow(q.inventory, 2)", "pow is not imported"),
    _value("negative_log", "log(q.inventory)", "log is not imported"),
    _value("deep_attribute", "q.inventory.__add__(1)", "a call of `.__add__`"),
    _value("format", "'{0.__class__}'.format(q)", "a call of `.format`"),
    _value("type_of", "type(q)", "type() is not part of the rule language"),
    _value("vars_of", "vars(q)", "vars() is not part of the rule language"),
    _value("globals_of", "globals()", "globals() is not part of the rule language"),
    _value("breakpoint", "breakpoint()", "breakpoint() is not part of the rule language"),
    _value("input", "input()", "input() is not part of the rule language"),
    _body("chained_truths", "return q.inventory < q.pressure < True", 4, "lean returns a truth"),
    _value("not_number", "not q.inventory", "`q.inventory` is a number where true or false is needed"),
    Hostile("crlf_torn", GOOD.replace("\n", "\r\n")[:-8].encode() + b"\r", 6, "an invisible character, U+000D"),
    Hostile("zip", b"PK\x03\x04" + bytes(range(256)), 2, "byte 0x80 is not UTF-8"),
    Hostile("bytecode", b"\xa7\r\r\n" + b"\x00" * 12, 1, "byte 0xa7 is not UTF-8"),
    Hostile("nul_only", b"\x00" * 4096, 1, "an invisible character, U+0000"),
    Hostile(
        "conflict",
        b"<<<<<<< HEAD\n" + GOOD.encode() + b"=======\n" + GOOD.encode() + b">>>>>>> other\n",
        1,
        "not Python",
    ),
    Hostile(
        "notebook",
        b'{"cells": [], "metadata": {}, "nbformat": 4}\n',
        1,
        "`{'cells': [], 'metadata': {}, 'nbformat': 4}` at the top of the file",
    ),
    Hostile(
        "shebang_cookie",
        b"#!/usr/bin/python\n# vim: set fileencoding=utf-7 :\n" + GOOD.encode(),
        2,
        "declares the encoding utf-7",
    ),
    Hostile("magic", GOOD.encode() + b"%load_ext autoreload\n", 7, "not Python"),
    Hostile("markdown", b"# Rules\n\nLean away *from* inventory.\n", 3, "not Python"),
]

CORPUS: Final = [*TOP, *HEADS, *BODIES, *VALUES, *PROOFS, *TEXTS, *EXAMPLES, *MORE]
