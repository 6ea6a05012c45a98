"""What one venue says of one symbol: the description from which ticks, lots and fees become integers."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

SPOT: Final = "spot"
LINEAR: Final = "linear"
INVERSE: Final = "inverse"


@dataclass(frozen=True, slots=True)
class Market:
    """One (venue, symbol) book, in exact decimals.

    `lot` is the step of order quantities as the venue writes them: base coins for spot and for linear contracts
    whose quantity is in coins, contracts otherwise; one unit of quantity is `contract_size` base coins (spot,
    linear) or `contract_size` quote units (inverse).
    """

    venue: str
    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    kind: str = SPOT
    settle: str = ""
    contract_size: Decimal = Decimal(1)
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    maker_fee: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal(0)
    source: str = "inferred"
    """Where tick, lot and the rest come from: `ccxt`, `native`, `inferred`, `synthetic`."""

    @property
    def account(self) -> tuple[str, str]:
        """The account that trades it: a venue's spot and its perps are two."""
        return self.venue, "spot" if self.kind == SPOT else "perp"

    @property
    def money(self) -> str:
        """The currency of the wallet that pays: the quote, of an inverse contract the base coin it settles in."""
        return self.base if self.kind == INVERSE else self.quote

    @property
    def name(self) -> str:
        """`venue symbol`, as people write it."""
        return f"{self.venue} {self.symbol}"
