"""Units in which every lot, tick and fee is a whole number."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from stackedmm.core.market import INVERSE, Market

BASE_DIGITS: Final = 8
INVERSE_DIGITS: Final = 9
"""Where contracts divide by their price: rounding a fill moves a ten thousandth of a dollar at most."""
COST_DIGITS: Final = 9


def digits(value: Decimal) -> int:
    """Decimal places of a number, trailing zeros left out."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def units(markets: Sequence[Market]) -> tuple[Decimal, Decimal]:
    """Base coins per ledger unit and quote per cost unit: the finest of all lots and fee precisions."""
    inverse = any(m.kind == INVERSE for m in markets)
    usual = INVERSE_DIGITS if inverse else BASE_DIGITS
    base = max([usual] + [digits(m.lot * m.contract_size) for m in markets if m.kind != INVERSE])
    return Decimal(1).scaleb(-base), cost_unit(markets)


def cost_unit(markets: Sequence[Market], finer: int = 0) -> Decimal:
    """Quote per cost unit: the finest of tick x lot and of fee precision, which may be some digits finer than usual."""
    cost = max([COST_DIGITS + finer] + [digits(m.tick * m.lot * m.contract_size) for m in markets])
    return Decimal(1).scaleb(-cost)
