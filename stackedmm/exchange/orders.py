"""What a venue keeps of an order: what was asked, what became of it, and why something was refused."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from stackedmm.errors import VenueError
from stackedmm.exchange.ledger import Account

BUY: Final = 0
SELL: Final = 1


class Status(StrEnum):
    """Where an order is in its life."""

    NEW = "NEW"
    PARTIAL = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    SELF_TRADE = "EXPIRED_IN_MATCH"


class Refused(VenueError):
    """The venue does not take a request; `reason` is one of the words below, which each dialect says in its code."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


PRICE_GRID: Final = "price grid"
PRICE_RANGE: Final = "price range"
LOT_GRID: Final = "lot grid"
NOTIONAL: Final = "notional"
TOO_MANY: Final = "too many orders"
DUPLICATE: Final = "duplicate client id"
FUNDS: Final = "insufficient balance"
WOULD_TAKE: Final = "post-only would take"
NO_LIQUIDITY: Final = "no liquidity"
CLOSED: Final = "market closed"
NOT_OPEN: Final = "order not open"

# Self-trade prevention: which of two orders of one account gives way.
STP_NONE: Final = "NONE"
STP_TAKER: Final = "EXPIRE_TAKER"
STP_MAKER: Final = "EXPIRE_MAKER"
STP_BOTH: Final = "EXPIRE_BOTH"
STPS: Final = (STP_NONE, STP_TAKER, STP_MAKER, STP_BOTH)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a client asks for, in ticks and lots of the market."""

    market: int
    side: int
    px: int = 0
    """0: a market order."""
    lots: int = 0
    quote: Decimal | None = None
    """Of a market order that names money instead of a quantity."""
    tif: str = "GTC"
    """GTC, IOC or FOK."""
    post_only: bool = False
    client_id: str = ""
    stp: str = STP_MAKER


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one order."""

    trade: int
    px: int
    lots: int
    cost: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    at_ms: int


@dataclass(slots=True, eq=False)
class Order:
    """An order from its acceptance on."""

    id: int
    account: Account
    ticket: Ticket
    lots: int
    created_ms: int
    updated_ms: int
    status: Status = Status.NEW
    filled: int = 0
    cost: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    """What of the account's money is locked for it, in the asset that it pays with."""
    ref: int = 0
    """Its name in the simulated venue once it rests, 0 before."""
    fills: list[Fill] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """It may still trade."""
        return self.status in (Status.NEW, Status.PARTIAL)

    @property
    def left(self) -> int:
        """Lots not filled yet."""
        return self.lots - self.filled
