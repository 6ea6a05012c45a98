"""The core as plain Python beside the compiled one, so that formulas are tested without waiting for the compiler.

`machine` decides when it is imported whether functions become machine code. Here its folder is imported a second
time with the compiler off and taken out of `sys.modules` again, so everybody else keeps the compiled functions.
States and arenas are the same bytes for both.
"""

import importlib
import sys
from types import ModuleType, SimpleNamespace

import numba
import numpy as np

import stackedmm.core  # noqa: F401  (everybody else's copy comes first)

PACKAGE = "stackedmm.core"
NAMES = """
    accounts book build conversion inventory limits machine merged orders own quoting requote seen
    shape shares stack state statistics step steps tape volume
""".split()


def core_modules() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")}


def plain_core() -> SimpleNamespace:
    """The core's modules by name, with functions that Python runs and calls."""
    before, errors, disabled = core_modules(), np.geterr(), numba.config.DISABLE_JIT
    for name in before:
        del sys.modules[name]
    numba.config.DISABLE_JIT = 1
    try:
        return SimpleNamespace(**{name: importlib.import_module(f"{PACKAGE}.{name}") for name in NAMES})
    finally:
        numba.config.DISABLE_JIT = disabled
        for name in core_modules():
            del sys.modules[name]
        sys.modules.update(before)
        sys.modules["stackedmm"].core = before[PACKAGE]  # type: ignore[attr-defined]
        np.seterr(**errors)


core = plain_core()
"""`core.quoting.leaned(...)` and so on; records for it are made by `core.machine.view`."""
