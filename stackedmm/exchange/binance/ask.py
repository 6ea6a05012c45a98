"""The parameters of one request, read as what they have to be."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from stackedmm.core.market import Market
from stackedmm.exchange import orders as o
from stackedmm.exchange.binance.told import REFUSALS, Told, illegal, missing
from stackedmm.exchange.orders import BUY, SELL, Ticket

CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
NUMBER: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
TYPES: Final = ("LIMIT", "LIMIT_MAKER", "MARKET")
KNOWN: Final = frozenset(
    """
    symbol side type quantity quoteOrderQty price timeInForce newClientOrderId newOrderRespType recvWindow timestamp
    signature apiKey selfTradePreventionMode cancelReplaceMode cancelOrderId cancelOrigClientOrderId
    cancelNewClientOrderId returnRateLimits
    """.split()
)
"""Parameters of a create; another one is an error, as on the real venue."""

Params = Mapping[str, str]


def text(p: Params, name: str) -> str:
    """A parameter that has to be there."""
    if not p.get(name):
        raise missing(name)
    return p[name]


def whole(p: Params, name: str, default: int = 0) -> int:
    """A whole number, or the default where it is not given."""
    found = p.get(name, "")
    if not found:
        return default
    if not re.fullmatch("[0-9]{1,19}", found):
        raise illegal(name, "^[0-9]{1,20}$")
    return int(found)


def one_of(p: Params, name: str, words: tuple[str, ...], code: int) -> str:
    """One of the words; -11xx where it is none of them."""
    found = text(p, name)
    if found not in words:
        raise Told(400, code, f"Invalid {name}.")
    return found


def steps(p: Params, name: str, step: Decimal, reason: str) -> int:
    """A number above 0 that is a multiple of a step; which filter it fails where it is not."""
    found = text(p, name)
    try:
        number = Decimal(found) if re.fullmatch(NUMBER, found) else None
    except InvalidOperation:
        number = None
    if number is None:
        raise illegal(name, NUMBER)
    count = number / step
    if count != count.to_integral_value() or count <= 0:
        raise Told(400, *REFUSALS[reason])
    return int(count)


def client_id(p: Params, name: str, otherwise: str) -> str:
    """A client id, or the venue's own where none is given."""
    found = p.get(name, "") or otherwise
    if not CLIENT_ID.fullmatch(found):
        raise illegal(name, "^[\\.A-Z\\:/a-z0-9_-]{1,36}$")
    return found


def ticket(p: Params, index: int, market: Market, otherwise: str) -> Ticket:
    """What a create asks for."""
    read = len(p.keys() & KNOWN)
    if read < len(p):
        found = f"read '{read}' parameter(s) but was sent '{len(p)}'."
        raise Told(400, -1104, f"Not all sent parameters were read; {found}")
    side = {"BUY": BUY, "SELL": SELL}[one_of(p, "side", ("BUY", "SELL"), -1117)]
    kind = one_of(p, "type", TYPES, -1116)
    tif = "GTC" if kind != "LIMIT" else one_of(p, "timeInForce", ("GTC", "IOC", "FOK"), -1115)
    if kind != "LIMIT" and p.get("timeInForce"):
        raise Told(400, -1106, "Parameter 'timeInForce' sent when not required.")
    money = Decimal(steps(p, "quoteOrderQty", Decimal("1e-8"), o.LOT_GRID)).scaleb(-8) if _by_money(p, kind) else None
    return Ticket(
        market=index,
        side=side,
        px=0 if kind == "MARKET" else steps(p, "price", market.tick, o.PRICE_GRID),
        lots=0 if money is not None else steps(p, "quantity", market.lot, o.LOT_GRID),
        quote=money,
        tif=tif,
        post_only=kind == "LIMIT_MAKER",
        client_id=client_id(p, "newClientOrderId", otherwise),
        stp=one_of(p, "selfTradePreventionMode", o.STPS, -1013) if p.get("selfTradePreventionMode") else o.STP_MAKER,
    )


def _by_money(p: Params, kind: str) -> bool:
    return kind == "MARKET" and bool(p.get("quoteOrderQty"))
