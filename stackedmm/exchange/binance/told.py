"""What Binance says of a request that it does not take: codes and texts as documented for its spot API."""

from typing import Final

from stackedmm.errors import VenueError
from stackedmm.exchange import orders as o


class Told(VenueError):
    """An error answer: HTTP status, code and message."""

    def __init__(self, status: int, code: int, message: str, retry_s: int = 0) -> None:
        super().__init__(f"{code} {message}")
        self.status, self.code, self.message, self.retry_s = status, code, message, retry_s

    @property
    def body(self) -> dict[str, object]:
        """As it stands in the answer."""
        return {"code": self.code, "msg": self.message}


REFUSALS: Final[dict[str, tuple[int, str]]] = {
    o.PRICE_GRID: (-1013, "Filter failure: PRICE_FILTER"),
    o.PRICE_RANGE: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    o.LOT_GRID: (-1013, "Filter failure: LOT_SIZE"),
    o.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    o.TOO_MANY: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    o.CLOSED: (-1013, "Market is closed."),
    o.DUPLICATE: (-2010, "Duplicate order sent."),
    o.FUNDS: (-2010, "Account has insufficient balance for requested action."),
    o.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    o.NO_LIQUIDITY: (-2010, "Order book liquidity is less than LOT_SIZE filter minimum quantity."),
    o.NOT_OPEN: (-2011, "Unknown order sent."),
}


def refusal(refused: o.Refused) -> Told:
    """A refusal of the venue in Binance's words."""
    return Told(400, *REFUSALS[refused.reason])


def missing(name: str) -> Told:
    """A parameter that has to be there is not."""
    return Told(400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, expected: str) -> Told:
    """A parameter is not of its form."""
    return Told(400, -1100, f"Illegal characters found in parameter '{name}'; legal range is '{expected}'.")


def unknown_symbol() -> Told:
    """No such market."""
    return Told(400, -1121, "Invalid symbol.")


def no_such_order() -> Told:
    """A query for an order that never was."""
    return Told(400, -2013, "Order does not exist.")


def unknown_order() -> Told:
    """A cancel of an order that is not open."""
    return Told(400, -2011, "Unknown order sent.")
