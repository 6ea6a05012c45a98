"""What a client may ask, once: REST and the websocket API are two doors to the same operations."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from stackedmm.exchange.binance import ask, shapes, signing, told
from stackedmm.exchange.binance.ask import Params
from stackedmm.exchange.binance.front import Front
from stackedmm.exchange.ledger import Account
from stackedmm.exchange.orders import Order, Refused

DEPTH: Final = 5000
"""Most levels and most entries of a list in one answer."""


def ping(front: Front, p: Params) -> Any:
    """Nothing."""
    return {}


def time(front: Front, p: Params) -> Any:
    """The venue's clock."""
    return {"serverTime": front.now_ms()}


def exchange_info(front: Front, p: Params) -> Any:
    """Markets, filters and limits."""
    venue = front.venue
    only = {p["symbol"]} if p.get("symbol") else set(front.index)
    if not only <= set(front.index):
        raise told.unknown_symbol()
    return {
        "timezone": "UTC",
        "serverTime": front.now_ms(),
        "rateLimits": front.limits(),
        "exchangeFilters": [],
        "symbols": [
            shapes.symbol(venue.markets[i], venue.coarser[i], venue.is_open)
            for name, i in front.index.items()
            if name in only
        ],
    }


def depth(front: Front, p: Params) -> Any:
    """A snapshot of the book."""
    i = front.market(p)
    return shapes.depth(front.venue.markets[i], front.venue.matching.books[i], min(ask.whole(p, "limit", 100), DEPTH))


def trades(front: Front, p: Params) -> Any:
    """The last public trades."""
    i = front.market(p)
    return [shapes.public_trade(front.venue.markets[i], each) for each in front.venue.trades[i][-_limit(p) :]]


def aggregate_trades(front: Front, p: Params) -> Any:
    """Public trades, the last ones or those from a time or an id on."""
    i, since, first = front.market(p), ask.whole(p, "startTime"), ask.whole(p, "fromId")
    found = [each for each in front.venue.trades[i] if each.at_ms >= since and each.id >= first]
    chosen = found[: _limit(p)] if since or first else found[-_limit(p) :]
    return [shapes.aggregate_trade(front.venue.markets[i], each) for each in chosen]


def book_ticker(front: Front, p: Params) -> Any:
    """Best prices of a market, or of all."""
    found = [front.market(p)] if p.get("symbol") else list(front.index.values())
    made = [shapes.book_ticker(front.venue.markets[i], front.venue.matching.books[i]) for i in found]
    return made[0] if p.get("symbol") else made


def price(front: Front, p: Params) -> Any:
    """The last traded price of a market, or of all."""
    found = [front.market(p)] if p.get("symbol") else list(front.index.values())
    made = []
    for i in found:
        m, kept = front.venue.markets[i], front.venue.trades[i]
        made.append({"symbol": shapes.market_id(m), "price": shapes.text((kept[-1].px if kept else 0) * m.tick)})
    return made[0] if p.get("symbol") else made


def account_status(front: Front, p: Params) -> Any:
    """Balances."""
    return shapes.account(front.owner(p), front.venue.markets[0], front.now_ms())


def place(front: Front, p: Params) -> Any:
    """A new order."""
    i = front.market(p)
    market = front.venue.markets[i]
    owner = front.owner(p)
    front.count_order(owner)
    ticket = ask.ticket(p, i, market, front.new_id())
    return shapes.placed(market, front.venue.place(owner, ticket))


def query(front: Front, p: Params) -> Any:
    """One order, whatever became of it."""
    i = front.market(p)
    found = _named(front, front.owner(p), p, "orderId", "origClientOrderId")
    if found is None or found.ticket.market != i:
        raise told.no_such_order()
    return shapes.order(front.venue.markets[i], found)


def cancel(front: Front, p: Params) -> Any:
    """Take an order out."""
    i = front.market(p)
    found = _named(front, front.owner(p), p, "orderId", "origClientOrderId")
    if found is None or found.ticket.market != i:
        raise told.unknown_order()
    cancel_id = ask.client_id(p, "newClientOrderId", front.new_id())
    front.venue.cancel(found, cancel_id)
    return shapes.canceled(front.venue.markets[i], found, cancel_id)


def replace(front: Front, p: Params) -> Any:
    """Cancel one order and place another; not one act: what failed stands in the answer, as on the real venue."""
    i, owner = front.market(p), front.owner(p)
    stops = ask.one_of(p, "cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), -1013) == "STOP_ON_FAILURE"
    ask.ticket(p, i, front.venue.markets[i], front.new_id())
    answer: dict[str, Any] = {"cancelResult": "SUCCESS", "newOrderResult": "NOT_ATTEMPTED"}
    old = _named(front, owner, p, "cancelOrderId", "cancelOrigClientOrderId")
    named = {"symbol": p["symbol"], "apiKey": p.get("apiKey", ""), "orderId": str(old.id if old else 0)}
    failed = _attempt(front, cancel, named, answer, "cancelResult", "cancelResponse") if old else True
    if old is None:
        answer |= {"cancelResult": "FAILURE", "cancelResponse": told.unknown_order().body}
    if not (failed and stops):
        failed |= _attempt(front, place, p, answer, "newOrderResult", "newOrderResponse")
    if not failed:
        return answer
    answer.setdefault("newOrderResponse", None)
    both = "SUCCESS" not in (answer["cancelResult"], answer["newOrderResult"])
    code = (
        (400, -2022, "Order cancel-replace failed.") if both else (409, -2021, "Order cancel-replace partially failed.")
    )
    raise Partly(*code, answer)


class Partly(told.Told):
    """A cancel-replace of which one half or both failed; `data` says which."""

    def __init__(self, status: int, code: int, message: str, data: dict[str, Any]) -> None:
        super().__init__(status, code, message)
        self.data = data

    @property
    def body(self) -> dict[str, object]:
        """As it stands in the answer."""
        return {**super().body, "data": self.data}


def _attempt(
    front: Front, act: Callable[[Front, Params], Any], p: Params, answer: dict[str, Any], result: str, body: str
) -> bool:
    """One half of a cancel-replace; whether it failed."""
    try:
        answer[body], answer[result] = act(front, p), "SUCCESS"
    except Refused as refused:
        answer[body], answer[result] = told.refusal(refused).body, "FAILURE"
    except told.Told as error:
        answer[body], answer[result] = error.body, "FAILURE"
    return bool(answer[result] == "FAILURE")


def open_orders(front: Front, p: Params) -> Any:
    """Orders that may still trade, in one market or all."""
    market = front.market(p) if p.get("symbol") else None
    found = front.venue.open_orders(front.owner(p), market)
    return [shapes.order(front.venue.markets[each.ticket.market], each) for each in found]


def cancel_all(front: Front, p: Params) -> Any:
    """Take out every order in a market; an error where there is none."""
    i = front.market(p)
    found = front.venue.open_orders(front.owner(p), i)
    if not found:
        raise told.unknown_order()
    answers = []
    for each in found:
        cancel_id = front.new_id()
        front.venue.cancel(each, cancel_id)
        answers.append(shapes.canceled(front.venue.markets[i], each, cancel_id))
    return answers


def all_orders(front: Front, p: Params) -> Any:
    """Orders in a market, the last ones or those from a time or an id on."""
    i, since, first = front.market(p), ask.whole(p, "startTime"), ask.whole(p, "orderId")
    mine = front.venue.orders_of(front.owner(p), i)
    found = [each for each in mine if each.created_ms >= since and each.id >= first]
    chosen = found[: _limit(p)] if since or first else found[-_limit(p) :]
    return [shapes.order(front.venue.markets[i], each) for each in chosen]


def own_trades(front: Front, p: Params) -> Any:
    """Own fills in a market, the last ones or those from a time or an id on, or of one order."""
    i, since, first, order = (front.market(p), *(ask.whole(p, name) for name in ("startTime", "fromId", "orderId")))
    made = [
        shapes.own_trade(front.venue.markets[i], each, fill)
        for each in front.venue.orders_of(front.owner(p), i)
        for fill in each.fills
        if fill.at_ms >= since and fill.trade >= first and order in (0, each.id)
    ]
    made.sort(key=lambda shape: int(shape["id"]))
    return made[: _limit(p)] if since or first else made[-_limit(p) :]


def no_entries(front: Front, p: Params) -> Any:
    """A list of things that are not traded here."""
    return []


def no_markets(front: Front, p: Params) -> Any:
    """Markets of a kind that is not traded here."""
    return {"symbols": [], "rateLimits": [], "exchangeFilters": [], "serverTime": front.now_ms()}


def trade_fees(front: Front, p: Params) -> Any:
    """Fees by market, as fractions."""
    found = [front.market(p)] if p.get("symbol") else list(front.index.values())
    return [
        {
            "symbol": shapes.market_id(m),
            "makerCommission": shapes.text(m.maker_fee),
            "takerCommission": shapes.text(m.taker_fee),
        }
        for m in (front.venue.markets[i] for i in found)
    ]


def system_status(front: Front, p: Params) -> Any:
    """Whether the venue is under maintenance."""
    return {"status": 0, "msg": "normal"} if front.venue.is_open else {"status": 1, "msg": "system_maintenance"}


def _limit(p: Params) -> int:
    return max(1, min(ask.whole(p, "limit", 500), 1000))


def _named(front: Front, owner: Account, p: Params, id_name: str, client_name: str) -> Order | None:
    order_id = ask.whole(p, id_name) if p.get(id_name, "").isdecimal() else 0
    if not order_id and not p.get(client_name):
        if p.get(id_name):
            return None
        raise told.Told(400, -1102, f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!")
    return front.venue.order_of(owner, order_id, p.get(client_name, ""))


class Operation(NamedTuple):
    """One thing to ask, its weight, and what it needs."""

    act: Callable[[Front, Params], Any]
    kind: str
    """market, place, cancel, query or account: what fault switches choose by."""
    weight: int = 1
    is_signed: bool = False


OPERATIONS: Final[dict[str, Operation]] = {
    "ping": Operation(ping, "market"),
    "time": Operation(time, "market"),
    "exchangeInfo": Operation(exchange_info, "market", 20),
    "depth": Operation(depth, "market", 50),
    "trades.recent": Operation(trades, "market", 25),
    "trades.aggregate": Operation(aggregate_trades, "market", 4),
    "ticker.book": Operation(book_ticker, "market", 2),
    "ticker.price": Operation(price, "market", 2),
    "account.status": Operation(account_status, "account", 20, True),
    "order.place": Operation(place, "place", 1, True),
    "order.status": Operation(query, "query", 4, True),
    "order.cancel": Operation(cancel, "cancel", 1, True),
    "order.cancelReplace": Operation(replace, "place", 1, True),
    "openOrders.status": Operation(open_orders, "query", 6, True),
    "openOrders.cancelAll": Operation(cancel_all, "cancel", 1, True),
    "allOrders": Operation(all_orders, "query", 20, True),
    "myTrades": Operation(own_trades, "query", 20, True),
    "nothing": Operation(no_entries, "account", 1),
    "markets of another kind": Operation(no_markets, "market", 1),
    "fees": Operation(trade_fees, "account", 1, True),
    "system status": Operation(system_status, "market", 1),
}
"""By their names in the websocket API, where they have one."""


def answer(front: Front, name: str, p: Params, payload: str) -> Any:
    """Check a request and act; raises `Told` where it is not taken. `payload` is what its signature must cover."""
    operation = OPERATIONS[name]
    front.spend(operation.weight)
    if operation.is_signed:
        signing.check(front.owner(p), p, payload, front.now_ms())
    try:
        return operation.act(front, p)
    except Refused as refused:
        raise told.refusal(refused) from refused
