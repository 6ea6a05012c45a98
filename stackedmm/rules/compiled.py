"""Machine code for translated rules: one function a rule, named by its content, kept on disk and in this process.

The engine calls it by address as `void(View* views, int64 count, double* params, double* answers)`. A rule's
machine code stays referenced for the life of the process, since a loop may still be calling it after a swap.
"""

import ast
import os
import pickle
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from numba.core.errors import NumbaError as NumbaError

from stackedmm.core import machine
from stackedmm.rules.bodies import Translated

FOLDER: Final = machine.CACHE / "rules"
_KEPT: Final[dict[str, Any]] = {}

_HEAD: Final = '''"""A rule in the form that is compiled; the file is named by this text, whose callees are {stamp}."""
from numba import cfunc, njit
from stackedmm.rules.arithmetic import MACHINE_CODE
from stackedmm.rules.driver import SHAPE, driver
globals().update(MACHINE_CODE)
_part = njit(error_model="python", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
'''

_TAIL: Final = """
_drive = driver({verb}, {reads}, {params})

@cfunc(SHAPE, cache={cached})
def answer(views, count, params, answers):
    _drive({name}, views, count, params, answers)
"""


def text(verb: int, body: Translated, functions: Iterable[Translated], *, cached: bool) -> str:
    """The source of the module that is compiled."""
    parts = [_HEAD.format(stamp=_stamp())]
    parts += [f"\n@_part\n{ast.unparse(each.node)}\n" for each in (*functions, body)]
    params = len(body.node.args.args) - len(body.reads)
    tail = _TAIL.format(verb=verb, reads=body.reads, params=params, cached=cached, name=body.name)
    return "".join((*parts, tail))


@cache
def _stamp() -> str:
    """Digest of the files behind what the compiled text calls: numba's own cache does not look there."""
    folder = Path(__file__).parent
    callees = b"".join((folder / name).read_bytes() for name in ("arithmetic.py", "driver.py", "language.py"))
    return blake2b(callees, digest_size=8).hexdigest()


class Code(NamedTuple):
    """Machine code of one rule."""

    name: str
    """The digest of its text: equal rules have equal names, in every process."""
    address: int
    """Where it lies; 0 where machine code is switched off."""


def code(verb: int, body: Translated, functions: Iterable[Translated]) -> Code:
    """The rule's machine code: already here, else from disk, else compiled."""
    source = text(verb, body, functions, cached=machine.CACHED)
    name = f"rule_{blake2b(source.encode(), digest_size=12).hexdigest()}"
    if not machine.COMPILED:
        return Code(name, 0)
    if name not in _KEPT:
        _KEPT[name] = _load(name, source)
    return Code(name, int(_KEPT[name].address))


def _load(name: str, source: str) -> Any:
    """The compiled function from disk, else compiled anew; a cache that fails is left alone."""
    if machine.CACHED:
        try:
            return _run(name, source, _on_disk(name, source))
        except (OSError, EOFError, ValueError, LookupError, AttributeError, TypeError, ImportError, pickle.PickleError):
            # A full disk or a torn file: forget what lies there and go on without.
            _forget(name)
    return _run(name, source.replace("cache=True", "cache=False"), f"<{name}>")


def _on_disk(name: str, source: str) -> str:
    """The path of the module's text, written once: numba keeps machine code beside it, keyed by its time and size."""
    path = FOLDER / f"{name}.py"
    data = source.encode()
    if not path.is_file() or path.read_bytes() != data:
        FOLDER.mkdir(parents=True, exist_ok=True)
        fresh = FOLDER / f"{name}.{os.getpid()}.new"
        fresh.write_bytes(data)
        # The content is in the name, so any time will do, and an equal one keeps several processes from competing.
        os.utime(fresh, (0, 0))
        fresh.replace(path)
    return str(path)


def _forget(name: str) -> None:
    for stale in FOLDER.glob(f"**/{name}.*"):
        try:
            stale.unlink()
        except OSError:
            continue


def _run(name: str, source: str, path: str) -> Any:
    """Execute the module's text, which is ours and not the author's, and take its compiled function."""
    module = ModuleType(f"stackedmm_{name}")
    module.__file__ = path
    # numba rebuilds a cached function's surroundings through this table.
    sys.modules[module.__name__] = module
    exec(compile(source, path, "exec"), module.__dict__)
    return module.answer
