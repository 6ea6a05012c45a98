"""Who trades at the venue and what they own: exact decimals, free and locked."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final

UNIT: Final = Decimal("1e-8")
"""The last unit in which fees are counted; what is finer is cut off."""


class Account:
    """One client's keys and balances. What is locked belongs to resting orders."""

    def __init__(self, name: str, balances: Mapping[str, Decimal]) -> None:
        self.name = name
        self.key, self.secret = f"{name}-key", f"{name}-secret"
        self.free: defaultdict[str, Decimal] = defaultdict(Decimal, balances)
        self.locked: defaultdict[str, Decimal] = defaultdict(Decimal)

    def lock(self, asset: str, amount: Decimal) -> bool:
        """Set money aside for an order; false, and nothing moves, where not enough is free."""
        if amount > self.free[asset]:
            return False
        self.free[asset] -= amount
        self.locked[asset] += amount
        return True

    def unlock(self, asset: str, amount: Decimal) -> None:
        """Give back what an order does not need any more."""
        self.locked[asset] -= amount
        self.free[asset] += amount

    def trade(self, paid: str, amount: Decimal, got: str, proceeds: Decimal) -> None:
        """Pay out of what is locked, and receive."""
        self.locked[paid] -= amount
        self.free[got] += proceeds

    def __repr__(self) -> str:
        """Balances that are not zero."""
        assets = sorted({*self.free, *self.locked})
        held = ", ".join(f"{a} {self.free[a]} + {self.locked[a]}" for a in assets if self.free[a] or self.locked[a])
        return f"Account({self.name}: {held})"


def fee_of(amount: Decimal, rate: Decimal) -> Decimal:
    """The fee on what a fill brings in, cut at the eighth decimal; negative for a rebate."""
    return (amount * rate).quantize(UNIT, ROUND_DOWN)
