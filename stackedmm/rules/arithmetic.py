"""What translated rules call, in machine code: the C library's functions, raising where there is no finite answer.

`language.PLAIN_PYTHON` holds the same in Python. The two agree to the last bit because both call the same C library;
the compiler is kept from putting a cheaper form in its place (x * x for pow(x, 2) differs once in a thousand).
"""

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stackedmm.rules.language import MATH

_DOUBLE: Final = ir.DoubleType()
# One instruction each, exact by the standard; Python's `floor` and its kin have no negative zero.
_EXACT: Final = {"sqrt": "llvm.sqrt", "fabs": "llvm.fabs"}
_WHOLE: Final = {"floor": "llvm.floor", "ceil": "llvm.ceil", "trunc": "llvm.trunc"}


def _function(builder: Any, name: str, count: int) -> Any:
    shape = ir.FunctionType(_DOUBLE, [_DOUBLE] * count)
    found = {**_EXACT, **_WHOLE}.get(name)
    if found:
        return cgutils.get_or_insert_function(builder.module, shape, f"{found}.f64")
    function = cgutils.get_or_insert_function(builder.module, shape, name)
    function.attributes.add("nobuiltin")
    return function


def _codegen(name: str) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = builder.call(_function(builder, name, len(args)), args)
        if name in _WHOLE:
            found = builder.fadd(found, ir.Constant(_DOUBLE, 0.0))
        shape = ir.FunctionType(_DOUBLE, [_DOUBLE])
        fabs = cgutils.get_or_insert_function(builder.module, shape, "llvm.fabs.f64")
        finite = builder.fcmp_ordered("<", builder.call(fabs, [found]), ir.Constant(_DOUBLE, float("inf")))
        known = builder.fcmp_ordered("ord", args[-1], args[-1])
        with cgutils.if_unlikely(builder, builder.not_(builder.and_(finite, known))):
            context.call_conv.return_user_exc(builder, ArithmeticError, ("no finite answer",))
        return found

    return codegen


def _checked(name: str) -> Any:
    codegen = _codegen(name)
    if MATH[name] == 1:

        @intrinsic
        def call_one(typing: Any, first: Any) -> Any:
            return types.float64(types.float64), codegen

        return call_one

    @intrinsic
    def call_two(typing: Any, first: Any, second: Any) -> Any:
        return types.float64(types.float64, types.float64), codegen

    return call_two


def _selected(comparison: str) -> Any:
    """Python's `max` and `min` of two: the second only where it is strictly beyond the first."""

    @intrinsic
    def select(typing: Any, first: Any, second: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(comparison, args[1], args[0]), args[1], args[0])

        return types.float64(types.float64, types.float64), codegen

    return select


MACHINE_CODE: Final[dict[str, Any]] = {
    **{f"_math_{name}": _checked(name) for name in MATH},
    "_max": _selected(">"),
    "_min": _selected("<"),
}
