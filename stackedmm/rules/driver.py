"""The loop round a rule in machine code, written directly in the compiler's own terms.

The same loop in Python costs numba three times as long to compile as the rule inside it, at every edit.
"""

from typing import Any, Final

from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import intrinsic

from stackedmm.core.views import GATE, SIZE, SPREAD, VIEW

DOUBLES: Final = types.CPointer(types.float64)
SHAPE: Final = types.void(types.CPointer(from_dtype(VIEW)), types.int64, DOUBLES, DOUBLES)
"""What the engine calls: views, how many, Params, and where the answers go."""

_DOUBLE: Final = ir.DoubleType()
_INF: Final = ir.Constant(_DOUBLE, float("inf"))
_ZERO: Final = ir.Constant(_DOUBLE, 0.0)
_NAN: Final = ir.Constant(_DOUBLE, float("nan"))


def driver(verb: int, fields: tuple[str, ...], params: int) -> Any:
    """A compiled `answers[i] = rule(fields of views[i], params)` for i below count; NaN for what is no answer."""

    @intrinsic
    def drive(typing: Any, rule: Any, views: Any, count: Any, values: Any, answers: Any) -> Any:
        numbers = (types.float64,) * (len(fields) + params)
        inner = rule.get_call_type(typing, numbers, {})

        def codegen(context: Any, builder: Any, outer: Any, args: Any) -> Any:
            compiled = rule.dispatcher.overloads[numbers]
            context.add_linking_libs([compiled.library])
            _, views, count, values, answers = args
            views, values, answers = (builder.bitcast(each, _DOUBLE.as_pointer()) for each in (views, values, answers))
            given = [_load(builder, values, context.get_constant(types.intp, slot)) for slot in range(params)]
            with cgutils.for_range(builder, count) as loop:
                first = builder.mul(loop.index, context.get_constant(types.int64, len(VIEW.fields or ())))
                places = [context.get_constant(types.int64, (VIEW.names or ()).index(name)) for name in fields]
                seen = [_load(builder, views, builder.add(first, place)) for place in places]
                status, found = context.call_internal_no_propagate(builder, compiled.fndesc, inner, [*seen, *given])
                answer = _in_kind(builder, verb, found)
                answer = builder.select(status.is_error, _NAN, answer)
                builder.store(answer, builder.gep(answers, [loop.index]))
            return context.get_dummy_value()

        return signature(types.void, rule, views, count, values, answers), codegen

    return drive


def _load(builder: Any, base: Any, place: Any) -> Any:
    return builder.load(builder.gep(base, [place]))


def _in_kind(builder: Any, verb: int, found: Any) -> Any:
    """`verbs.in_kind` in machine code."""
    if verb == GATE:
        return builder.uitofp(found, _DOUBLE)
    low, comparison = (_ZERO, ">=") if verb in (SPREAD, SIZE) else (ir.Constant(_DOUBLE, float("-inf")), ">")
    inside = builder.and_(builder.fcmp_ordered(comparison, found, low), builder.fcmp_ordered("<", found, _INF))
    return builder.select(inside, found, _NAN)
