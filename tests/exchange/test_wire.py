"""Who may ask, how often, and where the way in leads."""

import ssl
from typing import Any

import aiohttp
import ccxt
import pytest

from stackedmm.exchange.binance import signing
from tests.exchange.conftest import SYMBOL, Bench, client

HOST = "https://api.binance.com"


@pytest.mark.parametrize(
    ("options", "raised", "code"),
    [
        ({"secret": "wrong"}, ccxt.AuthenticationError, "-1022"),
        ({"apiKey": "nobody"}, ccxt.AuthenticationError, "-2015"),
    ],
)
def test_keys_and_signatures(play: Any, options: dict[str, str], raised: type[Exception], code: str) -> None:
    async def scenario(b: Bench) -> None:
        other = client(b.exchange, "maker", **options)
        try:
            with pytest.raises(raised, match=code):
                await other.private_get_account()
            with pytest.raises(raised, match=code):
                await other.fetch_balance_ws()
        finally:
            await other.close()

    play(scenario)


def test_the_receive_window(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        now = b.exchange.clock.now_ms()
        for stamp, window, code in ((now - 3000, 2000, "-1021"), (now + 1500, 2000, "-1021"), (now, 60_001, "-1131")):
            with pytest.raises((ccxt.InvalidNonce, ccxt.BadRequest), match=code):
                await b.maker.private_get_account({"timestamp": stamp, "recvWindow": window})
        assert await b.maker.private_get_account({"timestamp": now - 3000, "recvWindow": 4000})

    play(scenario)


def test_a_signature_by_the_book() -> None:
    """The worked example of the documentation of Binance's spot API."""
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    payload = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert signing.signed(secret, payload) == expected
    assert signing.signed_part(f"{payload}&signature={expected}") == payload


def test_limits_are_counted_and_told(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        b.exchange.front.orders[0].limit = 3
        price = b.price(0, 20)
        for i in range(3):
            await b.maker.create_order(SYMBOL, "limit", "buy", "10", price)
            assert b.maker.last_response_headers["X-MBX-ORDER-COUNT-10S"] == str(i + 1)
        with pytest.raises(ccxt.DDoSProtection, match="-1015"):
            await b.maker.create_order(SYMBOL, "limit", "buy", "10", price)
        assert 1 <= int(b.maker.last_response_headers["Retry-After"]) <= 10
        assert (await b.taker.create_order(SYMBOL, "limit", "buy", "10", price))["status"] == "open"
        used = int(b.maker.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        b.exchange.front.weight.limit = used
        with pytest.raises(ccxt.DDoSProtection, match="-1003"):
            await b.maker.fetch_order_book(SYMBOL)
        assert 1 <= int(b.maker.last_response_headers["Retry-After"]) <= 60

    play(scenario)


def test_the_way_in_leads_nowhere_else(play: Any) -> None:
    """Other hosts are refused, and the authority is trusted by nobody who was not given it."""

    async def scenario(b: Bench) -> None:
        options = b.exchange.client()
        trusting = ssl.create_default_context(cafile=options["cafile"])
        async with aiohttp.ClientSession() as session:
            for host in ("https://api.example.org", "https://binance.com.example.org", "https://notbinance.com"):
                with pytest.raises(aiohttp.ClientHttpProxyError):
                    await session.get(host, proxy=options["httpsProxy"], ssl=trusting)
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{HOST}/api/v3/ping", proxy=options["httpsProxy"])
            async with session.get(f"{HOST}/api/v3/ping", proxy=options["httpsProxy"], ssl=trusting) as answer:
                assert (answer.status, await answer.json()) == (200, {})
            async with session.get(f"{HOST}/api/v9/what", proxy=options["httpsProxy"], ssl=trusting) as answer:
                assert answer.status == 404
        assert b.exchange.tunnel.refused == ["api.example.org", "binance.com.example.org", "notbinance.com"]

    play(scenario)


def test_no_address_of_the_client_is_changed(play: Any) -> None:
    """The client is as ccxt ships it: the same class, the same addresses."""

    async def scenario(b: Bench) -> None:
        assert type(b.maker) is ccxt.pro.binance
        assert b.maker.urls == ccxt.pro.binance().urls
        assert b.maker.urls["api"]["public"] == f"{HOST}/api/v3"

    play(scenario)


def test_the_admin_port(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        address = f"http://127.0.0.1:{b.exchange.admin_port}"
        async with aiohttp.ClientSession() as session:

            async def post(name: str, body: Any) -> tuple[int, Any]:
                async with session.post(f"{address}/{name}", json=body) as answer:
                    return answer.status, await answer.json()

            assert await post("fault", {"name": "unavailable", "kind": "market"}) == (200, {"done": True})
            with pytest.raises(ccxt.ExchangeNotAvailable):
                await b.maker.fetch_time()
            before = b.exchange.venue.matching.now
            assert await post("advance", {"seconds": 2}) == (200, {"done": before + 2_000_000_000})
            assert await post("skew", {"ms": 5}) == (200, {"done": 5})
            for name, body in (("fault", {"name": "nonsense"}), ("fault", {}), ("advance", {"seconds": -1})):
                status, told = await post(name, body)
                assert (status, "error" in told) == (400, True)
            assert (await post("nothing", {}))[0] == 404
            async with session.get(address) as answer:
                state = await answer.json()
            assert (state["struck"], state["skew_ms"]) == ({"unavailable": 1}, 5)
            async with session.get(f"{address}/authority.pem") as answer:
                assert "BEGIN CERTIFICATE" in await answer.text()

    play(scenario)


def test_nonsense_is_answered_and_harms_nobody(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        options = b.exchange.client()
        way = {"proxy": options["httpsProxy"], "ssl": ssl.create_default_context(cafile=options["cafile"])}
        async with aiohttp.ClientSession() as session:
            for host, frames in (
                ("stream.binance.com:9443/ws/1", ["[]", '{"method": "SUBSCRIBE", "params": 5, "id": 3}', "7"]),
                (
                    "ws-api.binance.com/ws-api/v3",
                    ["[]", '{"method": "order.place", "params": [1], "id": 3}', "7", "{}"],
                ),
            ):
                async with session.ws_connect(f"wss://{host}", **way) as socket:
                    for frame in frames:
                        await socket.send_str(frame)
                        assert "error" in await socket.receive_json(timeout=3)
                    await socket.send_str("no json")
                    assert (await socket.receive(timeout=3)).type is aiohttp.WSMsgType.CLOSE
            async with session.post(f"{HOST}/api/v3/order", data=b"\xff\xfe&a=b", **way) as answer:
                assert (answer.status, (await answer.json())["code"]) == (401, -2014)
        assert await b.maker.fetch_time() > 0

    play(scenario)


def test_real_time(play: Any) -> None:
    """With a speed the market goes on by itself."""

    async def scenario(b: Bench) -> None:
        before = b.exchange.venue.matching.now
        await b.maker.watch_trades(SYMBOL)
        await b.maker.watch_order_book(SYMBOL)
        assert b.exchange.venue.matching.now > before

    play(scenario, speed=20.0)
