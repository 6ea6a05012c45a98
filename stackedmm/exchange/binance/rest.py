"""The REST door: routes, raw payloads for the signature, and the faults that strike a request."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from stackedmm.exchange.binance import signing, told
from stackedmm.exchange.binance.front import Front
from stackedmm.exchange.binance.operations import OPERATIONS, answer
from stackedmm.exchange.faults import Armed, Faults

ROUTES: Final[dict[tuple[str, str], str]] = {
    ("GET", "/api/v3/ping"): "ping",
    ("GET", "/api/v3/time"): "time",
    ("GET", "/api/v3/exchangeInfo"): "exchangeInfo",
    ("GET", "/api/v3/depth"): "depth",
    ("GET", "/api/v3/trades"): "trades.recent",
    ("GET", "/api/v3/aggTrades"): "trades.aggregate",
    ("GET", "/api/v3/ticker/bookTicker"): "ticker.book",
    ("GET", "/api/v3/ticker/price"): "ticker.price",
    ("GET", "/api/v3/account"): "account.status",
    ("POST", "/api/v3/order"): "order.place",
    ("GET", "/api/v3/order"): "order.status",
    ("DELETE", "/api/v3/order"): "order.cancel",
    ("POST", "/api/v3/order/cancelReplace"): "order.cancelReplace",
    ("GET", "/api/v3/openOrders"): "openOrders.status",
    ("DELETE", "/api/v3/openOrders"): "openOrders.cancelAll",
    ("GET", "/api/v3/allOrders"): "allOrders",
    ("GET", "/api/v3/myTrades"): "myTrades",
    ("GET", "/sapi/v1/capital/config/getall"): "nothing",
    ("GET", "/sapi/v1/margin/allPairs"): "nothing",
    ("GET", "/sapi/v1/margin/isolated/allPairs"): "nothing",
    ("GET", "/sapi/v1/asset/tradeFee"): "fees",
    ("GET", "/sapi/v1/system/status"): "system status",
    ("GET", "/fapi/v1/exchangeInfo"): "markets of another kind",
    ("GET", "/dapi/v1/exchangeInfo"): "markets of another kind",
    ("GET", "/eapi/v1/exchangeInfo"): "markets of another kind",
}
PAGE: Final = "<html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"
BEFORE: Final = ("drop", "unavailable", "too_many", "late")
AFTER: Final = ("lose", "reset", "timeout", "truncate", "html", "delay")
RETRY_S: Final = 1


class Rest:
    """Answers HTTP requests for one front."""

    def __init__(self, front: Front, faults: Faults) -> None:
        self._front, self._faults = front, faults

    def add_to(self, app: web.Application) -> None:
        """Register every route; anything else is answered as Binance answers a wrong path."""
        for (method, path), name in ROUTES.items():
            app.router.add_route(method, path, self._handler(name))
        app.router.add_route("*", "/{path:.*}", self._nowhere)

    def _handler(self, name: str) -> Any:
        kind = OPERATIONS[name].kind

        async def handle(request: web.Request) -> web.StreamResponse:
            before = self._faults.take(BEFORE, kind)
            if before is not None and (refused := await self._struck_before(before)) is not None:
                return refused
            response = await self._answer(name, request)
            after = self._faults.take(AFTER, kind)
            return response if after is None else await _struck_after(after, request, response)

        return handle

    async def _struck_before(self, fault: Armed) -> web.Response | None:
        if fault.name == "drop":
            await _silence()
        if fault.name == "late":
            await asyncio.sleep(fault.seconds)
        if fault.name == "unavailable":
            return web.Response(status=503, text="Service Unavailable")
        if fault.name == "too_many":
            error = told.Told(429, -1003, "Too many requests.", RETRY_S)
            return _json(error.body, error.status, {"Retry-After": str(error.retry_s)})
        return None

    async def _answer(self, name: str, request: web.Request) -> web.Response:
        raw = (await request.read()).decode(errors="replace")
        joined = "&".join(each for each in (request.rel_url.raw_query_string, raw) if each)
        key = request.headers.get("X-MBX-APIKEY", "")
        params = {**dict(parse_qsl(joined, keep_blank_values=True)), "apiKey": key}
        try:
            body, status, extra = answer(self._front, name, params, signing.signed_part(joined)), 200, {}
        except told.Told as error:
            body, status = error.body, error.status
            extra = {"Retry-After": str(error.retry_s)} if error.retry_s else {}
        return _json(body, status, {**self._front.headers(key), **extra})

    async def _nowhere(self, request: web.Request) -> web.Response:
        return _json({"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"}, 404, {})


async def _struck_after(fault: Armed, request: web.Request, response: web.Response) -> web.StreamResponse:
    if fault.name == "lose":
        await _silence()
    if fault.name == "delay":
        await asyncio.sleep(fault.seconds)
    if fault.name == "timeout":
        return _json({"code": -1007, "msg": "Timeout waiting for response from backend server."}, 504, {})
    if fault.name == "html":
        return web.Response(text=PAGE, content_type="text/html")
    if fault.name == "reset" and request.transport is not None:
        request.transport.abort()
    if fault.name == "truncate":
        return await _half(request, response)
    return response


async def _half(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Promise the whole body, send half of it, hang up."""
    body = bytes(response.body) if isinstance(response.body, bytes) else b""
    cut = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return cut


async def _silence() -> None:
    """Until the client gives up: its disconnection cancels the handler."""
    await asyncio.Event().wait()


def _json(body: object, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")
