"""How core functions become machine code, and the few operations Python has no word for.

With `NUMBA_DISABLE_JIT=1` the same sources run as Python: a debugger steps through them, and they are
the oracle of what the compiled code must answer, bit for bit.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import llvmlite
import numba
import numpy as np
from llvmlite.binding import Linkage
from numba import types
from numba.core.codegen import CPUCodeLibrary
from numba.core.cpu import CPUContext
from numba.extending import intrinsic

COMPILED: Final = not numba.config.DISABLE_JIT


def core_digest() -> str:
    """Hex digest over every core and simulation source, the compiler's versions and the CPU.

    numba's own cache sees changes of a function's own file only, so the cache folder carries this name.
    """
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=12)
    for folder in ("core", "sim", "engine"):
        for source in sorted((package / folder).glob("*.py")):
            digest.update(source.name.encode() + source.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version, _cpu())
    digest.update(repr(versions).encode())
    return digest.hexdigest()


def _cpu() -> str:
    from llvmlite import binding

    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"


def cache_root() -> Path:
    """Folder of all compiled code: `STACKEDMM_CACHE`, else the user's cache folder."""
    base = os.environ.get("STACKEDMM_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackedmm"


DIGEST: Final = core_digest()
CACHE: Final = cache_root() / DIGEST


def _usable() -> bool:
    """Make the cache folder; where it cannot be written the core still runs, compiled anew in each process."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(CACHE, os.W_OK)


CACHED: Final = COMPILED and _usable()
_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "_nrt": False}
_INNER: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_PARTS: Final[set[str]] = set()


def _no_way_in(name: str) -> Any:
    """What numba's dispatcher holds for a function without an entry from Python: a builtin of its own that raises."""
    return f"{name}: only compiled functions call it; NUMBA_DISABLE_JIT=1 runs it from Python".join


def _finish_entries_only() -> None:
    """Leave a function that only compiled functions call as linkable code; optimise and emit where it is used.

    numba optimises and emits every function together with all it calls, so code deep in a call tree is compiled once
    for each of its callers' callers: many minutes for a program of this shape. What runs is the entries' code. And as
    nothing outside an entry calls its parts, they are made its own: the optimiser then drops what they need not pass.
    """
    optimise, emit = CPUCodeLibrary._optimize_final_module, CPUCodeLibrary._finalize_final_module

    def optimise_entry(library: Any) -> None:
        if library.name not in _PARTS:
            own_parts(library._final_module)
            optimise(library)

    def own_parts(module: Any) -> None:
        for each in module.functions:
            if not each.is_declaration and each.linkage == Linkage.linkonce_odr:
                each.linkage = "internal"

    def emit_entry(library: Any) -> None:
        if library.name not in _PARTS:
            emit(library)
        else:
            library._finalized = True

    executable = CPUContext.get_executable

    def entry_only(context: Any, library: Any, *described: Any) -> Any:
        if library.name in _PARTS:
            return _no_way_in(library.name)
        return executable(context, library, *described)

    CPUContext.get_executable = entry_only
    CPUCodeLibrary._optimize_final_module = optimise_entry
    CPUCodeLibrary._finalize_final_module = emit_entry


if COMPILED:
    _finish_entries_only()
else:
    np.seterr(over="ignore")  # generators and hashes wrap on purpose, as machine code does


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    if not COMPILED:
        return function
    function.__qualname__ = f"{function.__module__}.{function.__name__}"
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(CACHE)
    try:
        compiled = numba.njit(**_OPTIONS, **options)(function)
    finally:
        numba.config.CACHE_DIR = before
    return _whatever_the_literal(compiled)


def _whatever_the_literal(compiled: Any) -> Any:
    """One version for all constants: numba would compile a function anew for each literal it is called with."""
    template = compiled.get_call_template

    def plain(args: Any, kws: Any) -> Any:
        return template([types.unliteral(a) for a in args], {k: types.unliteral(a) for k, a in kws.items()})

    compiled.get_call_template = plain
    return compiled


def leaf(function: Callable[..., Any]) -> Any:
    """Compile a small hot function into its callers."""
    compiled = _compile(function, forceinline=True, **_INNER)
    _PARTS.add(function.__qualname__)
    return compiled


def part(function: Callable[..., Any]) -> Any:
    """Compile a function that only compiled functions call."""
    compiled = _compile(function, forceinline=False, **_INNER)
    _PARTS.add(function.__qualname__)
    return compiled


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls: cached on disk, runs without the GIL."""
    return _compile(function, forceinline=False, nogil=True, cache=CACHED)


def structured(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """`dtype` whose scalars are `np.record` at every depth, so that `s.orders[3].px` works without the compiler."""
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return np.dtype((structured(base), shape))
    if dtype.names is None:
        return dtype
    fields = {
        "names": list(dtype.names),
        "formats": [structured(dtype.fields[name][0]) for name in dtype.names],  # type: ignore[index]
        "offsets": [dtype.fields[name][1] for name in dtype.names],  # type: ignore[index]
        "itemsize": dtype.itemsize,
    }
    return np.dtype((np.record, np.dtype(fields)))  # type: ignore[call-overload]


def view(records: Any) -> Any:
    """The array as core functions want it: unchanged for machine code, as nested records without it."""
    return records if COMPILED else records.view(structured(records.dtype))


@intrinsic
def _ctlz(typing: Any, word: Any) -> Any:
    """Leading zero bits of an int64 seen as unsigned; the word must not be 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@intrinsic
def _call(typing: Any, address: Any, views: Any, count: Any, params: Any, answers: Any) -> Any:
    """Call machine code at `address` as `void(view*, int64, double*, double*)`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        byte = ir.IntType(8).as_pointer()
        shape = ir.FunctionType(ir.VoidType(), [byte, ir.IntType(64), byte, byte])
        target = builder.inttoptr(args[0], shape.as_pointer())
        pointers = [builder.inttoptr(args[i], byte) for i in (1, 3, 4)]
        builder.call(target, [pointers[0], args[2], pointers[1], pointers[2]])
        return context.get_dummy_value()

    return types.void(types.int64, types.intp, types.int64, types.intp, types.intp), codegen


def _highest_bit(word: int) -> int:
    """Index of the highest set bit of an int64 seen as unsigned; the word must not be 0."""
    if COMPILED:
        return 63 - _ctlz(word)
    return (int(word) & 0xFFFFFFFFFFFFFFFF).bit_length() - 1


@intrinsic
def _double(typing: Any, word: Any) -> Any:
    """The float64 whose bits are the int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


def _as_double(word: int) -> float:
    """The float64 whose bits are the int64: rows carry parameters so."""
    if COMPILED:
        return _double(word)
    return float(np.int64(word).view(np.float64))


def _muldiv(a: int, b: int, c: int) -> int:
    """floor(a * b / c) for a, b >= 0 and c > 0, exact over 128 bits; the quotient must fit an int64."""
    if not COMPILED:
        return int(a) * int(b) // int(c)
    low32 = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    ua, ub, uc = np.uint64(a), np.uint64(b), np.uint64(c)
    a0, a1, b0, b1 = ua & low32, ua >> half, ub & low32, ub >> half
    low = a0 * b0
    middle = a1 * b0 + (low >> half)
    other = a0 * b1 + (middle & low32)
    high = a1 * b1 + (middle >> half) + (other >> half)
    low = (other << half) | (low & low32)
    rest, quotient = np.uint64(0), np.uint64(0)
    for word in (high, low):
        for i in range(64):
            rest = (rest << np.uint64(1)) | ((word >> np.uint64(63 - i)) & np.uint64(1))
            quotient = quotient << np.uint64(1)
            if rest >= uc:
                rest -= uc
                quotient |= np.uint64(1)
    return np.int64(quotient)  # type: ignore[return-value]  # what numba returns


highest_bit = leaf(_highest_bit)
as_double = leaf(_as_double)
muldiv = part(_muldiv)
call = _call
