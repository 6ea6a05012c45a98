"""Balances to the last unit: recomputed from what a ccxt client is told of its orders and fills."""

import contextlib
import random
from decimal import Decimal
from typing import Any

import ccxt

from tests.exchange.conftest import SYMBOL, Bench, exact


async def expected(client: Any, start: dict[str, Decimal]) -> dict[str, tuple[Decimal, Decimal]]:
    """Free and locked of both assets, from the client's own trades and open orders."""
    total, locked = dict(start), dict.fromkeys(start, Decimal(0))
    for fill in (each["info"] for each in await client.fetch_my_trades(SYMBOL, limit=1000)):
        sign = 1 if fill["isBuyer"] else -1
        assert Decimal(fill["price"]) * Decimal(fill["qty"]) == Decimal(fill["quoteQty"])
        total["BERA"] += sign * Decimal(fill["qty"])
        total["USDT"] -= sign * Decimal(fill["quoteQty"])
        assert fill["commissionAsset"] == ("BERA" if fill["isBuyer"] else "USDT")
        total[fill["commissionAsset"]] -= Decimal(fill["commission"])
    for order in (each["info"] for each in await client.fetch_open_orders(SYMBOL)):
        left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
        is_buy = order["side"] == "BUY"
        locked["USDT" if is_buy else "BERA"] += left * Decimal(order["price"]) if is_buy else left
    return {asset: (total[asset] - locked[asset], locked[asset]) for asset in start}


async def act(b: Bench, draw: random.Random) -> None:
    """Something that one of the two clients may do."""
    who = draw.choice((b.maker, b.taker))
    side = draw.randrange(2)
    amount = str(Decimal(draw.randrange(10, 4000)) / 10)
    kind = draw.random()
    if kind < 0.25 and (found := await who.fetch_open_orders(SYMBOL)):
        await who.cancel_order(draw.choice(found)["id"], SYMBOL)
    elif kind < 0.4:
        await who.create_order(SYMBOL, "market", ("buy", "sell")[side], amount)
    else:
        price = b.price(side, draw.randrange(-4, 4))
        params = {"timeInForce": draw.choice(("GTC", "GTC", "GTC", "IOC", "FOK"))}
        await who.create_order(SYMBOL, "limit", ("buy", "sell")[side], amount, price, params)


def test_balances_are_exact(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        draw = random.Random(11)
        start = {asset: exact(await b.maker.fetch_balance(), asset)[0] for asset in ("USDT", "BERA")}
        for _ in range(150):
            with contextlib.suppress(ccxt.InsufficientFunds, ccxt.InvalidOrder):
                await act(b, draw)
            await b.exchange.advance(0.2)
        for client in (b.maker, b.taker):
            balance = await client.fetch_balance()
            assert {asset: exact(balance, asset) for asset in start} == await expected(client, start)
        fills = [await client.fetch_my_trades(SYMBOL, limit=1000) for client in (b.maker, b.taker)]
        both = {each["id"] for each in fills[0]} & {each["id"] for each in fills[1]}
        kinds = {each["takerOrMaker"] for each in fills[0] + fills[1]}
        assert len(both) > 5, "the clients never traded with each other"
        assert len(fills[0]) + len(fills[1]) > 100
        assert kinds == {"maker", "taker"}

    play(scenario)


def test_a_fee_is_cut_at_the_eighth_decimal(play: Any) -> None:
    """Bought 0.1 x 33 at the taker's 0.0005: 0.00165 BERA; sold the same at 6.25: 0.0005 of the proceeds in USDT."""

    async def scenario(b: Bench) -> None:
        bought = await b.maker.create_order(SYMBOL, "market", "buy", "3.3")
        assert [each["info"]["commission"] for each in bought["trades"]] == ["0.00165000"]
        sold = await b.maker.create_order(SYMBOL, "market", "sell", "3.3")
        fill = sold["info"]["fills"][0]
        proceeds = Decimal(fill["price"]) * Decimal(fill["qty"])
        assert Decimal(fill["commission"]) == (proceeds * Decimal("0.0005")).quantize(Decimal("1e-8"), "ROUND_DOWN")

    play(scenario)
