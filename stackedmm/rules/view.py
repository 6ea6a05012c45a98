"""The View as a value: what a rule sees, written down by hand in tests and examples."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import numpy as np

from stackedmm.core.views import BY_NAME, FIELDS, VIEW
from stackedmm.errors import RuleError
from stackedmm.rules.refusal import nearest

NAMES: Final = tuple(field.name for field in FIELDS)


def number(value: object) -> float | None:
    """`value` as a finite float, or None: truths, strings and numbers beyond a float are no numbers here."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if isfinite(result) else None


def field_fault(name: str, value: object) -> tuple[str, str] | None:
    """Why `name=value` is no part of a View, and what to do; None where it is."""
    field = BY_NAME.get(name)
    if field is None:
        return f"View has no field {name}", nearest(name, NAMES)
    found = number(value)
    if found is None:
        return f"View({name}={value!r}) is not a finite number", f"give a number from {field.low:g} to {field.high:g}"
    if not field.low <= found <= field.high:
        return f"View({name}={found:g}) is out of range", f"{name} runs from {field.low:g} to {field.high:g}"
    if name == "sign" and abs(found) != 1:
        return f"View(sign={found:g}) is no side", "sign is +1 for a bid and -1 for an ask"
    return None


class View:
    """What a rule sees of one quote: a frozen value, every field neutral unless said.

    >>> View(inventory=0.5)
    View(inventory=0.5)
    >>> View(inventory=0.5).volume
    1.0
    """

    __slots__ = ("_values",)
    _values: dict[str, float]

    def __init__(self, **fields: float) -> None:
        for name, value in fields.items():
            if fault := field_fault(name, value):
                raise RuleError("; ".join(fault))
        values = {field.name: float(fields.get(field.name, field.neutral)) for field in FIELDS}
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> float:
        if name in BY_NAME:
            return self._values[name]
        raise AttributeError(f"View has no field {name}; {nearest(name, NAMES)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise RuleError(f"a View is read, never changed; {name} stays as it is")

    def __delattr__(self, name: str) -> None:
        raise RuleError(f"a View is read, never changed; {name} stays as it is")

    def __iter__(self) -> Iterator[float]:
        return iter(self._values.values())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, View) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (tuple(self),)

    def __repr__(self) -> str:
        said = [f"{field.name}={value:g}" for field, value in zip(FIELDS, self, strict=True) if value != field.neutral]
        return f"View({', '.join(said)})"

    def row(self) -> np.ndarray[Any, Any]:
        """One row of the engine's own array."""
        return np.array([tuple(self)], VIEW)


def _revive(values: tuple[float, ...]) -> View:
    return View(**dict(zip(NAMES, values, strict=True)))
