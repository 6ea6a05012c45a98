"""Ticks and lots back to the floats that files hold, each the nearest to its decimal."""

from decimal import Decimal
from typing import Any

import numpy as np


def as_floats(counts: np.ndarray[Any, Any], step: Decimal) -> np.ndarray[Any, Any]:
    """counts x step, each the float64 nearest to the exact product.

    >>> as_floats(np.array([3]), Decimal("0.1")).tolist()
    [0.3]
    """
    step = step.normalize()
    decimals = max(0, -int(step.as_tuple().exponent))
    units = int(step.scaleb(decimals))
    if not len(counts):
        return np.zeros(0)
    # Below 2**53 numerator and denominator are exact, and IEEE division rounds their quotient once.
    if decimals <= 22 and int(counts.max()) * units < 2**53:
        return counts * units / 10.0**decimals
    return _one_by_one(counts, step)


def _one_by_one(counts: np.ndarray[Any, Any], step: Decimal) -> np.ndarray[Any, Any]:
    different, place = np.unique(counts, return_inverse=True)
    return np.array([float(int(count) * step) for count in different])[place]
