"""How Binance writes what the venue knows. Numbers are texts of eight decimals; times are ms.

Field names and their order follow the documentation of the spot API and of its user data stream.
"""

from decimal import Decimal
from typing import Any, Final

from stackedmm.core.market import Market
from stackedmm.exchange.book import Book
from stackedmm.exchange.ledger import Account
from stackedmm.exchange.orders import BUY, SELL, Fill, Order
from stackedmm.exchange.venue import LARGEST, OPEN_ORDERS, TIMES, Changed, PublicTrade, Report

Shape = dict[str, Any]
SIDES: Final = ("BUY", "SELL")


def text(number: Decimal) -> str:
    """Eight decimals, as everywhere on Binance."""
    return f"{number:.8f}"


def market_id(market: Market) -> str:
    """`BTCUSDT` of BTC/USDT."""
    return market.base + market.quote


def symbol(market: Market, step: int, is_open: bool) -> Shape:
    """A market in exchangeInfo; prices are multiples of `step` ticks."""
    tick = market.tick * step
    lot = {"minQty": text(market.min_quantity), "maxQty": text(LARGEST), "stepSize": text(market.lot)}
    sides = ("bid", "ask")
    far = {f"{side}MultiplierUp": str(TIMES) for side in sides}
    far |= {f"{side}MultiplierDown": str(Decimal(1) / TIMES) for side in sides}
    return {
        "symbol": market_id(market),
        "status": "TRADING" if is_open else "BREAK",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": text(tick),
                "maxPrice": text(tick * 10**9),
                "tickSize": text(tick),
            },
            {"filterType": "PERCENT_PRICE_BY_SIDE", **far, "avgPriceMins": 0},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **lot},
            {"filterType": "NOTIONAL", "minNotional": text(market.min_notional), "applyMinToMarket": True},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": OPEN_ORDERS},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def levels(market: Market, found: list[tuple[int, int]]) -> list[list[str]]:
    """Price and quantity of levels in ticks and lots."""
    return [[text(px * market.tick), text(lots * market.lot)] for px, lots in found]


def depth(market: Market, book: Book, limit: int) -> Shape:
    """A snapshot of the book."""
    bids, asks = (levels(market, book.depth(side, limit)) for side in (BUY, SELL))
    return {"lastUpdateId": book.id, "bids": bids, "asks": asks}


def book_ticker(market: Market, book: Book) -> Shape:
    """Best bid and ask, as REST answers them."""
    (bid, bid_lots), (ask, ask_lots) = (book.best(side) or (0, 0) for side in (BUY, SELL))
    return {
        "symbol": market_id(market),
        "bidPrice": text(bid * market.tick),
        "bidQty": text(bid_lots * market.lot),
        "askPrice": text(ask * market.tick),
        "askQty": text(ask_lots * market.lot),
    }


def order_type(order: Order) -> str:
    """LIMIT, LIMIT_MAKER or MARKET."""
    if order.ticket.post_only:
        return "LIMIT_MAKER"
    return "LIMIT" if order.ticket.px else "MARKET"


def order(market: Market, order: Order) -> Shape:
    """An order, as a query answers it."""
    return {
        "symbol": market_id(market),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.ticket.client_id,
        "price": text(order.ticket.px * market.tick),
        "origQty": text(order.lots * market.lot),
        "executedQty": text(order.filled * market.lot),
        "cummulativeQuoteQty": text(order.cost),
        "status": str(order.status),
        "timeInForce": order.ticket.tif,
        "type": order_type(order),
        "side": SIDES[order.ticket.side],
        "stopPrice": text(Decimal(0)),
        "icebergQty": text(Decimal(0)),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": True,
        "workingTime": order.created_ms,
        "origQuoteOrderQty": text(order.ticket.quote or Decimal(0)),
        "selfTradePreventionMode": order.ticket.stp,
    }


def placed(market: Market, placed: Order) -> Shape:
    """The full answer to a create."""
    shape = order(market, placed)
    for name in ("time", "updateTime", "isWorking", "stopPrice", "icebergQty"):
        del shape[name]
    shape["transactTime"] = placed.created_ms
    shape["fills"] = [
        {
            "price": text(fill.px * market.tick),
            "qty": text(fill.lots * market.lot),
            "commission": text(fill.fee),
            "commissionAsset": fill.fee_asset,
            "tradeId": fill.trade,
        }
        for fill in placed.fills
        if not fill.maker
    ]
    return shape


def canceled(market: Market, canceled: Order, cancel_id: str) -> Shape:
    """The answer to a cancel: it carries the cancel's own client id, and the order's as the original one."""
    shape = order(market, canceled)
    for name in ("time", "updateTime", "isWorking", "workingTime", "stopPrice", "icebergQty"):
        del shape[name]
    shape["transactTime"] = canceled.updated_ms
    return {**shape, "origClientOrderId": canceled.ticket.client_id, "clientOrderId": cancel_id}


def own_trade(market: Market, order: Order, fill: Fill) -> Shape:
    """One of myTrades."""
    return {
        "symbol": market_id(market),
        "id": fill.trade,
        "orderId": order.id,
        "orderListId": -1,
        "price": text(fill.px * market.tick),
        "qty": text(fill.lots * market.lot),
        "quoteQty": text(fill.cost),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at_ms,
        "isBuyer": order.ticket.side == BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def public_trade(market: Market, trade: PublicTrade) -> Shape:
    """One of trades."""
    return {
        "id": trade.id,
        "price": text(trade.px * market.tick),
        "qty": text(trade.lots * market.lot),
        "quoteQty": text(trade.px * trade.lots * market.tick * market.lot),
        "time": trade.at_ms,
        "isBuyerMaker": trade.aggressor == SELL,
        "isBestMatch": True,
    }


def aggregate_trade(market: Market, trade: PublicTrade) -> Shape:
    """One of aggTrades: here each trade stands for itself."""
    return {
        "a": trade.id,
        "p": text(trade.px * market.tick),
        "q": text(trade.lots * market.lot),
        "f": trade.id,
        "l": trade.id,
        "T": trade.at_ms,
        "m": trade.aggressor == SELL,
        "M": True,
    }


def account(account: Account, market: Market, now_ms: int) -> Shape:
    """Balances and commissions; the rates are those of one market."""
    assets = sorted({*account.free, *account.locked})
    rates = {"maker": text(market.maker_fee), "taker": text(market.taker_fee)}
    return {
        "makerCommission": int(market.maker_fee * 10_000),
        "takerCommission": int(market.taker_fee * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {**rates, "buyer": text(Decimal(0)), "seller": text(Decimal(0))},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "updateTime": now_ms,
        "accountType": "SPOT",
        "balances": [{"asset": a, "free": text(account.free[a]), "locked": text(account.locked[a])} for a in assets],
        "permissions": ["SPOT"],
    }


def execution_report(market: Market, report: Report, now_ms: int) -> Shape:
    """An event of an order on the user stream."""
    each, fill = report.order, report.fill
    nothing = text(Decimal(0))
    return {
        "e": "executionReport",
        "E": now_ms,
        "s": market_id(market),
        "c": report.cancel_id or each.ticket.client_id,
        "S": SIDES[each.ticket.side],
        "o": order_type(each),
        "f": each.ticket.tif,
        "q": text(each.lots * market.lot),
        "p": text(each.ticket.px * market.tick),
        "P": nothing,
        "F": nothing,
        "g": -1,
        "C": each.ticket.client_id if report.cancel_id else "",
        "x": report.what,
        "X": str(each.status),
        "r": "NONE",
        "i": each.id,
        "l": text(fill.lots * market.lot) if fill else nothing,
        "z": text(each.filled * market.lot),
        "L": text(fill.px * market.tick) if fill else nothing,
        "n": text(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": each.updated_ms,
        "t": fill.trade if fill else -1,
        "I": each.id,
        "w": each.is_open,
        "m": bool(fill and fill.maker),
        "M": False,
        "O": each.created_ms,
        "Z": text(each.cost),
        "Y": text(fill.cost) if fill else nothing,
        "Q": text(each.ticket.quote or Decimal(0)),
        "W": each.created_ms,
        "V": each.ticket.stp,
    }


def account_position(changed: Changed, now_ms: int) -> Shape:
    """Balances that changed, on the user stream."""
    owner = changed.account
    balances = [{"a": a, "f": text(owner.free[a]), "l": text(owner.locked[a])} for a in changed.assets]
    return {"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": balances}
