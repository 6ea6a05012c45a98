"""Keeps rare paths out of the hot loop's machine code: it stays small, and so does the time to compile it."""

from typing import Any

from numba import types
from numba.extending import intrinsic

from stackedmm.core.machine import COMPILED


@intrinsic  # type: ignore[untyped-decorator]
def _out_of_line(typing: Any) -> Any:
    """Mark the function being compiled as cold and never to be inlined."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.function.attributes.discard("alwaysinline")  # inherited where a leaf's compilation reached us
        for attribute in ("noinline", "cold", "optsize"):
            builder.function.attributes.add(attribute)
        return context.get_dummy_value()

    return types.void(), codegen


def _nothing() -> None:
    pass


rare: Any = _out_of_line if COMPILED else _nothing
"""Said at the beginning of a compiled function that runs seldom; does nothing when it runs."""
