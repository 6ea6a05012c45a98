"""Every fault switch, seen from an unmodified ccxt.pro client."""

import asyncio
from typing import Any

import aiohttp
import ccxt
import pytest

from tests.exchange.conftest import SYMBOL, Bench, Heard
from tests.exchange.test_books import own, rebuilt

pytestmark = pytest.mark.slow  # real time-outs are waited for

ID = {"newClientOrderId": "probe"}


async def create(b: Bench) -> Any:
    """A quote far from the market."""
    return await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 20), dict(ID))


@pytest.mark.parametrize(
    ("name", "raised", "cause", "is_placed"),
    [
        ("lose", ccxt.RequestTimeout, TimeoutError, True),
        ("drop", ccxt.RequestTimeout, TimeoutError, False),
        ("reset", ccxt.ExchangeNotAvailable, aiohttp.ServerDisconnectedError, True),
        ("timeout", ccxt.RequestTimeout, None, True),
        ("truncate", ccxt.ExchangeError, aiohttp.ClientPayloadError, True),
        ("unavailable", ccxt.ExchangeNotAvailable, None, False),
        ("too_many", ccxt.DDoSProtection, None, False),
    ],
)
def test_an_answer_that_does_not_come_as_it_should(
    play: Any, name: str, raised: type[Exception], cause: type[Exception] | None, is_placed: bool
) -> None:
    """What the client raises, and whether the order stands all the same: the client cannot know."""

    async def scenario(b: Bench) -> None:
        b.exchange.faults.arm(name, kind="place")
        with pytest.raises(raised) as told:
            await create(b)
        if cause is not None:
            assert isinstance(told.value.__cause__, cause)
        assert b.exchange.faults.struck == {name: 1}
        assert [each["clientOrderId"] for each in await b.maker.fetch_open_orders(SYMBOL)] == ["probe"] * is_placed
        if not is_placed:
            await create(b)  # it strikes once

    play(scenario)


def test_a_page_instead_of_an_answer(play: Any) -> None:
    """ccxt raises nothing: it answers an order without an id."""

    async def scenario(b: Bench) -> None:
        b.exchange.faults.arm("html", kind="place")
        assert (await create(b))["id"] is None
        assert len(await b.maker.fetch_open_orders(SYMBOL)) == 1

    play(scenario)


@pytest.mark.parametrize("name", ["delay", "late"])
def test_slow_answers(play: Any, name: str) -> None:
    async def scenario(b: Bench) -> None:
        loop = asyncio.get_running_loop()
        b.exchange.faults.arm(name, kind="place", seconds=0.4)
        before = loop.time()
        made = await create(b)
        assert 0.4 <= loop.time() - before < 1.2
        b.exchange.faults.arm(name, kind="cancel", seconds=1.5)
        with pytest.raises(ccxt.RequestTimeout):
            await b.maker.cancel_order(made["id"], SYMBOL)
        left = await b.maker.fetch_open_orders(SYMBOL)
        assert len(left) == (0 if name == "delay" else 1)

    play(scenario)


@pytest.mark.parametrize("name", ["lose", "drop"])
def test_websocket_answers_that_do_not_come(play: Any, name: str) -> None:
    """The client's websocket calls know no time-out: they wait for ever."""

    async def scenario(b: Bench) -> None:
        b.exchange.faults.arm(name, kind="place")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await b.maker.create_order_ws(SYMBOL, "limit", "buy", "10", b.price(0, 20), dict(ID))
        assert len(await b.maker.fetch_open_orders_ws(SYMBOL)) == (1 if name == "lose" else 0)

    play(scenario)


@pytest.mark.parametrize(
    ("name", "raised"),
    [("timeout", ccxt.RequestTimeout), ("unavailable", ccxt.ExchangeError), ("too_many", ccxt.RateLimitExceeded)],
)
def test_websocket_errors(play: Any, name: str, raised: type[Exception]) -> None:
    async def scenario(b: Bench) -> None:
        b.exchange.faults.arm(name, kind="place")
        with pytest.raises(raised):
            await b.maker.create_order_ws(SYMBOL, "limit", "buy", "10", b.price(0, 20), dict(ID))

    play(scenario)


@pytest.mark.parametrize("name", ["skip_depth", "swap_depth"])
def test_a_gap_in_the_deltas_is_noticed_and_healed(play: Any, name: str) -> None:
    async def scenario(b: Bench) -> None:
        watching = asyncio.create_task(watched(b, ccxt.ChecksumError))
        await b.exchange.advance(0.3)
        await asyncio.sleep(0.3)
        await b.exchange.advance(1)
        await asyncio.sleep(0.1)
        b.exchange.faults.arm(name)
        await b.exchange.advance(2)
        await asyncio.wait_for(watching, 5)
        async with Heard(b.maker.watch_order_book, SYMBOL) as heard:
            await b.exchange.advance(1)
            await heard.until(lambda book: book["nonce"] == b.book.told)
            assert rebuilt(b.maker.orderbooks[SYMBOL]) == own(b)

    play(scenario)


async def for_ever(watch: Any, symbol: str) -> None:
    """Watch until it raises."""
    while True:
        await watch(symbol)


async def watched(b: Bench, expected: type[Exception]) -> None:
    """Watch the book until this is raised."""
    with pytest.raises(expected):
        await for_ever(b.maker.watch_order_book, SYMBOL)


def test_a_delta_that_comes_twice_changes_nothing(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        async with Heard(b.maker.watch_order_book, SYMBOL) as heard:
            await b.exchange.advance(1)
            b.exchange.faults.arm("repeat_depth", 5)
            await b.exchange.advance(2)
            await heard.until(lambda book: book["nonce"] == b.book.told)
            assert rebuilt(b.maker.orderbooks[SYMBOL]) == own(b)
            assert b.exchange.faults.struck["repeat_depth"] == 5

    play(scenario)


def test_events_of_the_user_stream(play: Any) -> None:
    """Lost, doubled and late ones; the queries tell the truth."""

    async def scenario(b: Bench) -> None:
        async with Heard(b.maker.watch_orders, SYMBOL) as heard:
            b.exchange.faults.arm("skip_user", 2)  # its NEW and its balances
            lost = await create(b)
            made = await b.maker.create_order(SYMBOL, "limit", "buy", "10", b.price(0, 21))
            await heard.until(lambda each: each["id"] == made["id"])
            assert lost["id"] not in {each["id"] for each in heard.all}
            b.exchange.faults.arm("delay_user", 2, seconds=0.5)
            before = asyncio.get_running_loop().time()
            await b.maker.cancel_order(lost["id"], SYMBOL)
            await heard.until(lambda each: each["id"] == lost["id"] and each["status"] == "canceled")
            assert asyncio.get_running_loop().time() - before > 0.4
        async with Heard(b.maker.watch_my_trades, SYMBOL) as fills:
            b.exchange.faults.arm("repeat_user", 10)
            await b.maker.create_order(SYMBOL, "market", "buy", "10")
            await fills.until(lambda each: True)
            assert b.exchange.faults.struck["repeat_user"] >= 3
        assert len(await b.maker.fetch_my_trades(SYMBOL)) == len(b.exchange.venue.order_of(*owner(b, 3)).fills)

    play(scenario)


def owner(b: Bench, order_id: int) -> tuple[Any, int]:
    """The maker's account and an order id."""
    return b.exchange.venue.accounts["maker-key"], order_id


def test_kicked_sockets_come_back(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        watching = asyncio.create_task(watched(b, ccxt.NetworkError))
        await asyncio.sleep(0.3)
        await b.exchange.advance(0.5)
        assert await b.exchange.sockets.kick("market") == 1
        await asyncio.wait_for(watching, 5)
        async with Heard(b.maker.watch_order_book, SYMBOL) as heard:
            await asyncio.sleep(0.5)
            await b.exchange.advance(1)
            await heard.until(lambda book: book["nonce"] == b.book.told)

    play(scenario)


def test_silence_on_open_connections(play: Any) -> None:
    """Nothing is closed, nothing comes: REST times out, the socket's own ping notices."""

    async def scenario(b: Bench) -> None:
        b.maker.streaming["keepAlive"] = 300
        watching = asyncio.create_task(watched(b, ccxt.RequestTimeout))
        await asyncio.sleep(0.3)
        await b.exchange.advance(0.5)
        b.exchange.tunnel.silence()
        with pytest.raises(ccxt.RequestTimeout):
            await b.taker.fetch_time()
        await asyncio.wait_for(watching, 5)
        b.exchange.tunnel.speak()
        assert await b.taker.fetch_time() > 0

    play(scenario)


def test_broken_connections(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        watching = asyncio.create_task(watched(b, ccxt.NetworkError))
        await asyncio.sleep(0.3)
        await b.exchange.advance(0.5)
        b.exchange.tunnel.break_all()
        await asyncio.wait_for(watching, 5)
        assert await b.maker.fetch_time() > 0

    play(scenario)


@pytest.mark.parametrize("skew_ms", [60_000, -60_000])
def test_a_clock_that_is_wrong(play: Any, skew_ms: int) -> None:
    async def scenario(b: Bench) -> None:
        b.exchange.clock.skew_ms = skew_ms
        with pytest.raises(ccxt.InvalidNonce, match="-1021"):
            await create(b)
        b.maker.options["adjustForTimeDifference"] = True
        await b.maker.load_time_difference()
        assert (await create(b))["status"] == "open"

    play(scenario)


def test_a_tick_that_changes(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        b.exchange.coarsen(SYMBOL, 10)
        with pytest.raises(ccxt.InvalidOrder, match=r"PRICE_FILTER|exceeds allowed price precision"):
            await b.maker.create_order(SYMBOL, "limit", "buy", "10", "6.123")
        markets = await b.maker.load_markets(True)
        assert markets[SYMBOL]["precision"]["price"] == 0.01
        assert (await b.maker.create_order(SYMBOL, "limit", "buy", "10", "6.123"))["price"] == 6.12

    play(scenario)


def test_maintenance(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        made = await create(b)
        b.exchange.close_market()
        with pytest.raises(ccxt.ExchangeError, match="Market is closed"):
            await create(b)
        assert (await b.maker.fetch_status())["status"] == "maintenance"
        assert (await b.maker.load_markets(True))[SYMBOL]["active"] is False
        assert (await b.maker.cancel_order(made["id"], SYMBOL))["status"] == "canceled"
        b.exchange.close_market(False)
        assert (await create(b))["status"] == "open"

    play(scenario)
