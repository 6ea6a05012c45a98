"""An order's whole life, seen by an unmodified ccxt.pro client."""

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.exchange.conftest import SYMBOL, Bench, Heard, exact


@pytest.mark.parametrize("door", ["", "_ws"])
def test_created_partly_filled_filled(play: Any, door: str) -> None:
    async def scenario(b: Bench) -> None:
        create, query = getattr(b.maker, f"create_order{door}"), getattr(b.maker, f"fetch_order{door}")
        async with Heard(b.maker.watch_orders, SYMBOL) as heard:
            made = await create(SYMBOL, "LIMIT_MAKER", "buy", "100", b.price(0, -1), {"newClientOrderId": "mine-1"})
            assert (made["status"], made["clientOrderId"], made["filled"]) == ("open", "mine-1", 0)
            await b.taker.create_order(SYMBOL, "limit", "sell", "30", made["price"])
            part = await query(made["id"], SYMBOL)
            assert (part["status"], part["filled"], part["remaining"]) == ("open", 30.0, 70.0)
            assert part["info"]["status"] == "PARTIALLY_FILLED"
            await b.taker.create_order(SYMBOL, "limit", "sell", "70", made["price"])
            full = await b.maker.fetch_order(None, SYMBOL, {"origClientOrderId": "mine-1"})
            assert (full["status"], full["filled"], full["average"]) == ("closed", 100.0, made["price"])
            seen = await heard.until(lambda each: each["status"] == "closed")
        assert (seen["id"], seen["filled"]) == (made["id"], 100.0)
        assert [each["status"] for each in heard.all[:1]] == ["open"]
        with pytest.raises(ccxt.OrderNotFound):
            await getattr(b.maker, f"cancel_order{door}")(made["id"], SYMBOL)
        fills = await b.maker.fetch_my_trades(SYMBOL)
        assert [(f["amount"], f["takerOrMaker"], f["fee"]["currency"]) for f in fills] == [
            (30.0, "maker", "BERA"),
            (70.0, "maker", "BERA"),
        ]

    play(scenario)


@pytest.mark.parametrize("door", ["", "_ws"])
def test_canceled(play: Any, door: str) -> None:
    async def scenario(b: Bench) -> None:
        made = await b.maker.create_order(SYMBOL, "limit", "sell", "50", b.price(1, 3))
        before = exact(await b.maker.fetch_balance(), "BERA")
        gone = await getattr(b.maker, f"cancel_order{door}")(made["id"], SYMBOL)
        assert gone["status"] == "canceled"
        assert gone["info"]["origClientOrderId"] == made["clientOrderId"]
        assert gone["clientOrderId"] != made["clientOrderId"]
        free, locked = exact(await b.maker.fetch_balance(), "BERA")
        assert (before[1], locked, free - before[0]) == (50, 0, 50)
        assert (await b.maker.fetch_order(made["id"], SYMBOL))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound):
            await b.maker.cancel_order(made["id"], SYMBOL)
        with pytest.raises(ccxt.OrderNotFound):
            await b.taker.fetch_order(made["id"], SYMBOL)  # somebody else's

    play(scenario)


def test_unknown_orders(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        for asked in (
            b.maker.fetch_order("4711", SYMBOL),
            b.maker.fetch_order("no number", SYMBOL),
            b.maker.fetch_order(None, SYMBOL, {"origClientOrderId": "never"}),
            b.maker.cancel_order("4711", SYMBOL),
            b.maker.cancel_order(None, SYMBOL, {"origClientOrderId": "never"}),
            b.maker.cancel_all_orders(SYMBOL),
        ):
            with pytest.raises(ccxt.OrderNotFound):
                await asked
        assert await b.maker.fetch_open_orders(SYMBOL) == []

    play(scenario)


def test_a_client_id_names_one_open_order(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        id_ = {"newClientOrderId": "twice"}
        first = await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 5), id_)
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 5), id_)
        assert [each["id"] for each in await b.maker.fetch_open_orders(SYMBOL)] == [first["id"]]
        await b.maker.cancel_order(None, SYMBOL, {"origClientOrderId": "twice"})
        again = await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 5), id_)
        found = await b.maker.fetch_order(None, SYMBOL, {"origClientOrderId": "twice"})
        assert again["id"] == found["id"] != first["id"]
        other = await b.taker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 5), id_)
        assert other["status"] == "open"

    play(scenario)


def test_refused(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        send, cross = b.maker.create_order, b.price(1)
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await send(SYMBOL, "limit", "buy", "10", cross, {"postOnly": True})
        with pytest.raises(ccxt.InsufficientFunds):
            await send(SYMBOL, "limit", "buy", "900000", b.price(0, 5))
        with pytest.raises(ccxt.InsufficientFunds):
            await send(SYMBOL, "limit", "sell", "900000", b.price(1, 5))
        raw = {"symbol": "BERAUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        for wrong, code, what in (
            ({"quantity": "10.05", "price": "6.2"}, "-1013", "LOT_SIZE"),
            ({"quantity": "0", "price": "6.2"}, "-1013", "LOT_SIZE"),
            ({"quantity": "99000000", "price": "6.2"}, "-1013", "LOT_SIZE"),
            ({"quantity": "9" * 20, "price": "6.2"}, "-1013", "LOT_SIZE"),
            ({"quantity": "10", "price": "9" * 20}, "PERCENT_PRICE", "PERCENT_PRICE"),
            ({"quantity": "10", "price": "1.2"}, "PERCENT_PRICE", "PERCENT_PRICE"),
            ({"quantity": "10", "price": "6.2005"}, "-1013", "PRICE_FILTER"),
            ({"quantity": "0.1", "price": "6.2"}, "-1013", "NOTIONAL"),
            ({"quantity": "10"}, "-1102", "price"),
            ({"quantity": "10", "price": "-6.2"}, "-1100", "price"),
            ({"quantity": "ten", "price": "6.2"}, "-1100", "quantity"),
            ({"quantity": "10", "price": "6.2", "timeInForce": "GTX"}, "-1115", "timeInForce"),
            ({"quantity": "10", "price": "6.2", "side": "HOLD"}, "-1117", "side"),
            ({"quantity": "10", "price": "6.2", "type": "STOP"}, "-1116", "type"),
            ({"quantity": "10", "price": "6.2", "symbol": "NOUSDT"}, "-1121", "symbol"),
            ({"quantity": "10", "price": "6.2", "newClientOrderId": "x" * 37}, "-1100", "newClientOrderId"),
            ({"quantity": "10", "price": "6.2", "leverage": "3"}, "-1104", "read '11' parameter"),
        ):
            with pytest.raises(ccxt.ExchangeError, match=what) as refused:
                await b.maker.private_post_order({**raw, **wrong})
            assert code in str(refused.value)
        assert await b.maker.fetch_open_orders(SYMBOL) == []
        assert exact(await b.maker.fetch_balance(), "USDT") == (100_000, 0)

    play(scenario)


def test_taking(play: Any) -> None:
    """A crossing order takes level by level, the book shows it, and what is left rests or expires."""

    async def scenario(b: Bench) -> None:
        tick, lot = b.market.tick, b.market.lot
        (first, first_lots), (second, second_lots) = b.book.depth(1, 2)
        limit, want = str(second * tick), (first_lots + second_lots + 50) * lot
        over = await b.maker.create_order(SYMBOL, "limit", "buy", str(want), limit, {"timeInForce": "IOC"})
        assert (over["status"], Decimal(str(over["filled"]))) == ("expired", want - 50 * lot)
        assert b.book.best(1)[0] > second
        cost = (first * first_lots + second * second_lots) * tick * lot
        assert Decimal(over["info"]["cummulativeQuoteQty"]) == cost
        assert [f["price"] for f in over["trades"]] == [float(first * tick), float(second * tick)]
        none = await b.maker.create_order(SYMBOL, "limit", "buy", "9000", b.price(1), {"timeInForce": "FOK"})
        assert (none["status"], none["filled"]) == ("expired", 0)
        third, third_lots = b.book.best(1)
        rest = await b.maker.create_order(SYMBOL, "limit", "buy", str((third_lots + 7) * lot), str(third * tick))
        assert (rest["status"], Decimal(str(rest["remaining"]))) == ("open", 7 * lot)
        assert b.book.best(0) == (third, 7)
        bought = await b.maker.create_order(SYMBOL, "market", "buy", "12.3")
        assert (bought["status"], bought["filled"]) == ("closed", 12.3)
        paid = await b.maker.create_market_buy_order_with_cost(SYMBOL, 50)
        assert 49 < paid["cost"] <= 50

    play(scenario)


def test_edit_is_a_cancel_and_a_create(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        old = await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 5))
        new = await b.maker.edit_order(old["id"], SYMBOL, "limit", "buy", "12", b.price(0, 4))
        assert (new["status"], new["amount"]) == ("open", 12.0)
        assert (await b.maker.fetch_order(old["id"], SYMBOL))["status"] == "canceled"
        refused = {"symbol": "BERAUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": b.price(0, 4)}
        refused |= {"quantity": "900000", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": new["id"]}
        with pytest.raises(ccxt.BadResponse, match="-2021"):
            await b.maker.private_post_order_cancelreplace(refused)
        assert (await b.maker.fetch_order(new["id"], SYMBOL))["status"] == "canceled"
        with pytest.raises(ccxt.BadResponse, match="-2022"):
            await b.maker.private_post_order_cancelreplace(refused)

    play(scenario)


def test_the_market_fills_what_it_trades_through(play: Any) -> None:
    """No client on the other side: the market itself comes to a resting order."""

    async def scenario(b: Bench) -> None:
        async with Heard(b.maker.watch_my_trades, SYMBOL) as heard:
            for side, kind in ((0, "buy"), (1, "sell")):
                await b.maker.create_order(SYMBOL, "limit", kind, "40", b.price(side), {"postOnly": True})
            await b.exchange.advance(60)
            fill = await heard.until(lambda each: True)
        assert fill["takerOrMaker"] == "maker"
        assert fill["id"] in {each["id"] for each in await b.maker.fetch_my_trades(SYMBOL)}

    play(scenario)
