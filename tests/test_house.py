"""The house rules as tests: a finding says path, line and reason, and each rule is shown what it must refuse."""

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "stackedmm"

# What each storey may import beside itself; a name allows all below it, and `errors` is open to everyone.
ADAPTER: Final = "core engine.ports engine.clock"
LAB: Final = "core config sim rules engine venues feeds stores wire"
SESSION: Final = f"{LAB} lab session strategy views"
EXCHANGE: Final = "core sim feeds engine.host"
STOREYS: Final[dict[str, str]] = {
    "errors": "",
    "core": "",
    **dict.fromkeys(("config", "sim", "rules"), "core"),
    "engine": "core config sim rules",
    **dict.fromkeys(("venues", "feeds", "stores", "wire"), ADAPTER),
    "lab": LAB,
    "exchange": EXCHANGE,
    **dict.fromkeys(("session", "strategy", "views", "desk"), SESSION),
    **dict.fromkeys(("cli", "__init__"), f"{SESSION} desk exchange"),
    "__main__": "cli",
}

# Who may import a third-party library: a new one enters here together with a decision note.
OWNERS: Final[dict[str, str]] = {
    "numpy": " ".join(STOREYS),
    **dict.fromkeys(("numba", "llvmlite"), "core rules sim engine"),
    **dict.fromkeys(("pydantic", "pydantic_core", "annotated_types"), "config"),
    "pyarrow": "feeds lab stores",
    **dict.fromkeys(("pandas", "matplotlib"), "lab"),
    "rich": "cli lab",
    "watchfiles": "rules",
    **dict.fromkeys(("aiohttp", "orjson", "trustme"), "exchange"),
    **dict.fromkeys(("panel", "bokeh", "ipywidgets", "tornado"), "desk"),
}

CORE_IMPORTS: Final = {"numpy", "numba", "llvmlite", "math", "typing", PACKAGE} | {
    "collections",
    "dataclasses",
    "decimal",
    "functools",
    "hashlib",
}
MACHINE: Final = "stackedmm/core/machine.py"
MACHINE_IMPORTS: Final = {"hashlib", "os", "sys", "pathlib", "collections"}
IMPURE_IMPORTS: Final = {"time", "random", "datetime", "uuid", "secrets", "logging", "asyncio", "threading", "socket"}
IMPURE_CALLS: Final = {"print", "input", "open"}
SLOW_MATH: Final = {"exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "power", "tanh", "sin", "cos", "hypot"}
HEAVY: Final = {"pandas", "pyarrow", "panel", "bokeh", "numba", "matplotlib", "watchfiles", "aiohttp"}

EMPTY_WORDS: Final = {"enhanced", "smart", "manager", "utils", "util", "helpers", "helper"}
PUBLISHED: Final = {
    *"EnhancedAggregatedOrderbookManager RedisOrderbookManager InventoryManager TradeDataManager".split(),
    *"inventory_manager enhanced_orderbook_manager".split(),
    *"SmartPricingSource smart_pricing_source smart_pricing_decisions".split(),
}
WORDS: Final = {
    r"(?<![\w.])/(?:home|Users|root|work)/\w": "an absolute path of one machine",
    r"\b(?:TODO|FIXME|XXX)\b": "do it, or file an issue",
    r"\bNotImplementedError\b": "leave out what is not there yet",
}
RECORDINGS: Final = {".parquet", ".csv", ".jsonl", ".zst", ".gz", ".npy", ".npz", ".feather", ".arrow"}

LINES_PER_FILE: Final = 400
LINES_PER_FUNCTION: Final = 50
NUMBERS_PER_LITERAL: Final = 256

Finding = tuple[int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """One Python file, read and parsed."""

    path: str
    text: str
    tree: ast.Module

    @property
    def storey(self) -> str:
        """`core` of stackedmm/core/book.py, `errors` of stackedmm/errors.py."""
        return self.path.removesuffix(".py").split("/")[1]

    @property
    def module(self) -> str:
        """The dotted name that imports it."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def parse(path: str, text: str) -> Source:
    """`text` as the file at `path`."""
    return Source(path, text, ast.parse(text, filename=path))


def package() -> list[Source]:
    """Every source of the package."""
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    return [parse(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


SOURCES: Final = package()
MODULES: Final = {source.module for source in SOURCES}


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, at any depth; a relative import is named `.`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." if node.level else node.module or ""
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def below(name: str, prefix: str) -> bool:
    """Whether the dotted name is the prefix or something in it."""
    return name == prefix or name.startswith(prefix + ".")


def imports_go_down(source: Source) -> Iterator[Finding]:
    """Each storey imports only what lies below it."""
    allowed = STOREYS.get(source.storey)
    if allowed is None:
        yield 1, f"storey {source.storey!r} is not in the table of storeys"
        return
    for line, name in imports(source.tree):
        if name.startswith("."):
            yield line, "relative import; imports are absolute"
        elif below(name, PACKAGE):
            inside = name.removeprefix(PACKAGE + ".")
            if not any(below(inside, prefix) for prefix in (*allowed.split(), source.storey, "errors")):
                yield line, f"{source.storey} may not import {name}"


def libraries_have_owners(source: Source) -> Iterator[Finding]:
    """A third-party library is imported only by the storeys that own it."""
    for line, name in imports(source.tree):
        library = name.split(".")[0]
        if library in sys.stdlib_module_names or library in ("", PACKAGE):
            continue
        if library not in OWNERS:
            yield line, f"{library} has no owner"
        elif source.storey not in OWNERS[library].split():
            yield line, f"{library} belongs to: {OWNERS[library]}"


def files_are_short(source: Source) -> Iterator[Finding]:
    """No file and no function outgrows its limit."""
    lines = source.text.count("\n")
    if lines > LINES_PER_FILE:
        yield lines, f"{lines} lines; a file has at most {LINES_PER_FILE}"
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_PER_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines; a function has at most {LINES_PER_FUNCTION}"


def public_names_explain_themselves(source: Source) -> Iterator[Finding]:
    """Module, public class, function and method each have a docstring."""

    def visit(node: ast.AST) -> Iterator[Finding]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
                if not ast.get_docstring(child):
                    yield child.lineno, f"{child.name} has no docstring"
                if isinstance(child, ast.ClassDef):
                    yield from visit(child)
            elif isinstance(child, ast.If):
                yield from visit(child)

    if not ast.get_docstring(source.tree):
        yield 1, "the module does not say its purpose"
    yield from visit(source.tree)


def core_touches_nothing(source: Source) -> Iterator[Finding]:
    """Core and simulation take time and chance as arguments; the core imports numbers and their compiler only."""
    if source.storey not in ("core", "sim"):
        return
    allowed = CORE_IMPORTS | (MACHINE_IMPORTS if source.path == MACHINE else set())
    for line, name in imports(source.tree):
        library = name.split(".")[0]
        foreign = source.storey == "core" and library not in allowed
        if foreign or library in IMPURE_IMPORTS or below(name, "numpy.random"):
            yield line, f"{source.storey} does not import {name}"
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(name)) if name in IMPURE_CALLS:
                yield node.lineno, f"{source.storey} does not call {name}"
            case ast.Attribute(value=ast.Name("np" | "numpy"), attr="random"):
                yield node.lineno, f"{source.storey} has no numpy.random; a seed is an argument"


def core_computes_alike_with_and_without_compiler(source: Source) -> Iterator[Finding]:
    """Compiled and interpreted code agree to the last bit only through `math` and without integer powers."""
    if source.storey != "core":
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name("np" | "numpy"), attr=name) if name in SLOW_MATH:
                yield node.lineno, f"use math.{name}, not numpy's"
            case ast.BinOp(op=ast.Pow(), right=exponent) | ast.AugAssign(op=ast.Pow(), value=exponent):
                if re.fullmatch(r"-?\d+", ast.unparse(exponent)):
                    yield node.lineno, f"multiply instead of ** {ast.unparse(exponent)}"


def errors_are_caught_by_name(source: Source) -> Iterator[Finding]:
    """Nobody catches everything."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(each is None or ast.unparse(each) in ("Exception", "BaseException") for each in caught):
                yield node.lineno, "catch the narrowest error that this place can act on"


def defined(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything that a file names itself."""
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def names_say_something(source: Source) -> Iterator[Finding]:
    """No name carries a word that says nothing, but those the world already knows."""
    files = [(1, part) for part in source.module.split(".")]
    for line, name in [*files, *defined(source.tree)]:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
        empty = EMPTY_WORDS & {word.lower() for word in words}
        if empty and name not in PUBLISHED:
            yield line, f"{name}: name what it does instead of {', '.join(sorted(empty))}"


def numbers_are_not_recordings(source: Source) -> Iterator[Finding]:
    """Recorded data are read in place, not pasted in."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) > NUMBERS_PER_LITERAL:
            yield node.lineno, f"{len(node.elts)} literal values; read recorded data in place"


Rule = Callable[[Source], Iterator[Finding]]
RULES: Final[tuple[Rule, ...]] = (
    imports_go_down,
    libraries_have_owners,
    files_are_short,
    public_names_explain_themselves,
    core_touches_nothing,
    core_computes_alike_with_and_without_compiler,
    errors_are_caught_by_name,
    names_say_something,
    numbers_are_not_recordings,
)


def report(findings: list[str]) -> None:
    """Fail with one line for each finding."""
    if findings:
        pytest.fail("\n".join(dict.fromkeys(findings)), pytrace=False)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_package_keeps(rule: Rule) -> None:
    report([f"{source.path}:{line}: {reason}" for source in SOURCES for line, reason in rule(source)])


DOC: Final = '"""Purpose."""\n'
LONG: Final = DOC + "def long():\n    '''Long.'''\n" + "    x = 1\n" * LINES_PER_FUNCTION
REFUSED: Final[list[tuple[Rule, str, str]]] = [
    (imports_go_down, "core/a.py", "from stackedmm.sim import venue"),
    (imports_go_down, "core/a.py", "from stackedmm import rule"),
    (imports_go_down, "venues/a.py", "from stackedmm.engine import loop"),
    (imports_go_down, "lab/a.py", "def f():\n    import stackedmm.session"),
    (imports_go_down, "core/a.py", "from . import b"),
    (imports_go_down, "misc/a.py", ""),
    (libraries_have_owners, "feeds/a.py", "import pandas as pd"),
    (libraries_have_owners, "desk/a.py", "from requests import get"),
    (files_are_short, "lab/a.py", "x = 1\n" * (LINES_PER_FILE + 1)),
    (files_are_short, "lab/a.py", LONG),
    (public_names_explain_themselves, "lab/a.py", "x = 1"),
    (public_names_explain_themselves, "lab/a.py", DOC + "class Book:\n    '''A book.'''\n    def top(self): ..."),
    (public_names_explain_themselves, "lab/a.py", DOC + "if x:\n    def top(self): ..."),
    (core_touches_nothing, "core/a.py", "import os"),
    (core_touches_nothing, "core/machine.py", "import socket"),
    (core_touches_nothing, "sim/a.py", "from time import time_ns"),
    (core_touches_nothing, "sim/a.py", "x = np.random.default_rng(1)"),
    (core_touches_nothing, "core/a.py", "print(1)"),
    (core_computes_alike_with_and_without_compiler, "core/a.py", "x = np.exp(1.0)"),
    (core_computes_alike_with_and_without_compiler, "core/a.py", "x = y ** 2"),
    (core_computes_alike_with_and_without_compiler, "core/a.py", "x **= 3"),
    (errors_are_caught_by_name, "lab/a.py", "try: x\nexcept: y"),
    (errors_are_caught_by_name, "lab/a.py", "try: x\nexcept (ValueError, Exception): y"),
    (names_say_something, "lab/utils.py", ""),
    (names_say_something, "lab/a.py", "class OrderManager: ..."),
    (names_say_something, "lab/a.py", "def f(smart_price): self.enhanced = 1"),
    (numbers_are_not_recordings, "lab/a.py", f"x = {list(range(NUMBERS_PER_LITERAL + 1))}"),
]
ACCEPTED: Final = '''"""Purpose."""
import math
import numpy as np
from stackedmm.core import rows
from stackedmm.errors import ConfigError

class InventoryManager:
    """Published."""

def _half(x: float, inventory_manager: object) -> float:
    try:
        return math.exp(x) * x**0.5
    except OverflowError:
        return np.int64(1)
'''


@pytest.mark.parametrize(("rule", "path", "text"), REFUSED)
def test_rule_refuses(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(f"{PACKAGE}/{path}", text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_accepts_good_code_and_refuses_some(rule: Rule) -> None:
    assert list(rule(parse(f"{PACKAGE}/core/a.py", ACCEPTED))) == []
    assert rule in [each for each, _, _ in REFUSED]


def cycle(sources: list[Source]) -> list[str]:
    """Modules that import each other in a ring, or nothing."""
    modules = {source.module for source in sources}
    graph: dict[str, set[str]] = {}
    for source in sources:
        names = {name for _, name in imports(source.tree)}
        found = {name if name in modules else name.rpartition(".")[0] for name in names} & modules
        graph[source.module] = found - {source.module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as ring:
        return list(ring.args[1])
    return []


def test_no_import_cycles() -> None:
    ring = cycle(SOURCES)
    assert not ring, f"import cycle: {' <- '.join(ring)}"
    texts = {"a": "from stackedmm.core.b import f", "b": "def f():\n    import stackedmm.core.a"}
    assert cycle([parse(f"{PACKAGE}/core/{name}.py", text) for name, text in texts.items()])


def shadowed(dtype: np.dtype, name: str) -> Iterator[str]:  # type: ignore[type-arg]
    """Fields, at any depth, whose name a numpy scalar already uses: without the compiler `record.size` is no field."""
    while dtype.subdtype:
        dtype = dtype.subdtype[0]
    for field in dtype.names or ():
        if hasattr(np.record, field):
            yield f"{name}: field {field!r} is an attribute of every numpy scalar; choose another word"
        yield from shadowed(dtype[field], f"{name}.{field}")


def test_record_fields_are_reachable_by_name() -> None:
    modules = [importlib.import_module(name) for name in sorted(MODULES) if name.split(".")[1:2] in (["core"], ["sim"])]
    found = {
        finding
        for module in modules
        for name, value in inspect.getmembers(module, lambda value: isinstance(value, np.dtype))
        for finding in shadowed(value, f"{module.__name__}.{name}")
    }
    report(sorted(found))
    assert len(list(shadowed(np.dtype([("a", [("size", "i8"), ("lots", "i8")], 2), ("var", "f8")]), "X"))) == 2


def test_importing_the_package_stays_light() -> None:
    script = "import sys, json, stackedmm; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = HEAVY & set(json.loads(answer.stdout))
    assert not heavy, f"import stackedmm also imports {', '.join(sorted(heavy))}; import it where it is used"


def test_each_library_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["desk"], *extras["notebook"], *extras["live"]]
    names = {re.split(r"[^\w-]", each)[0] for each in declared}
    parts = {"llvmlite", "pydantic_core", "annotated_types"}  # of numba and of pydantic
    assert not OWNERS.keys() - names - parts, "a library with an owner is not among the dependencies"


def tracked() -> list[Path]:
    """Every file that git keeps or would keep."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def unwanted(path: str, text: str) -> Iterator[str]:
    """Words that no file carries."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in WORDS.items():
            if match := re.search(pattern, line):
                yield f"{path}:{number}: {match.group()}: {reason}"


def test_no_unwanted_words() -> None:
    written = [path for path in tracked() if path != Path(__file__) and path.suffix != ".png"]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in written}
    report([finding for path, text in texts.items() for finding in unwanted(str(path.relative_to(ROOT)), text)])
    refused = (f"open('/{'home'}/someone/x')", "# TODO later", "raise NotImplementedError")
    assert all(list(unwanted("x", text)) for text in refused)
    assert not list(unwanted("x", "site.org/work/x ../work/x"))


def test_no_recorded_data_in_the_repository() -> None:
    files = tracked()
    report([f"{path.relative_to(ROOT)}: recorded data stay outside" for path in files if path.suffix in RECORDINGS])
    recorded = ROOT / os.environ.get("STACKEDMM_DATA", "../shared/data")
    originals = {path.read_bytes() for path in recorded.rglob("*") if path.is_file()}
    report([f"{path.relative_to(ROOT)}: a copy of recorded data" for path in files if path.read_bytes() in originals])


def test_tests_mirror_the_package() -> None:
    folders = {source.storey for source in SOURCES if source.path.count("/") > 1}
    untested = [name for name in sorted(folders) if not any((ROOT / "tests" / name).rglob("test_*.py"))]
    report([f"tests/{name}: no test of {PACKAGE}/{name}" for name in untested])
