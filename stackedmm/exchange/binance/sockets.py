"""The websocket doors: market streams, and the API with its user stream. Each socket has one bounded outbox."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from stackedmm.exchange.binance import shapes, signing, told
from stackedmm.exchange.binance.front import Front
from stackedmm.exchange.binance.operations import OPERATIONS, answer
from stackedmm.exchange.binance.rest import AFTER, BEFORE, PAGE
from stackedmm.exchange.faults import Faults
from stackedmm.exchange.ledger import Account
from stackedmm.exchange.orders import SELL
from stackedmm.exchange.venue import Changed, Event, PublicTrade, Report

OUTBOX: Final = 8192
"""Frames that may wait for a slow client; one more, and it is disconnected."""
STREAMS: Final = 1024
"""Most streams a request may name."""
GOING_AWAY: Final = 1001
MARKET: Final = "market"
USER: Final = "user"


class Socket:
    """One client's connection: what it listens to, and what waits to be sent."""

    def __init__(self, request: web.Request, kind: str) -> None:
        self.ws = web.WebSocketResponse(heartbeat=20.0)
        self.kind = kind
        self.names: set[str] = set()
        self.accounts: dict[int, Account] = {}
        """User streams by subscription id."""
        self._request = request
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(OUTBOX)

    def send(self, frame: bytes) -> None:
        """Put a frame behind those that wait."""
        try:
            self._outbox.put_nowait(frame)
        except asyncio.QueueFull:
            self.abort()

    def abort(self) -> None:
        """Break the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def run(self, heard: Callable[["Socket", Any], Any]) -> web.WebSocketResponse:
        """Until the connection ends."""
        await self.ws.prepare(self._request)
        writer = asyncio.create_task(self._write())
        try:
            async for message in self.ws:
                if message.type is WSMsgType.TEXT:
                    await heard(self, orjson.loads(message.data))
        except orjson.JSONDecodeError:
            await self.ws.close(code=1008)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return self.ws

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self.ws.send_str((await self._outbox.get()).decode())


class Sockets:
    """All connections of one front, and what they are told."""

    def __init__(self, front: Front, faults: Faults) -> None:
        self._front, self._faults = front, faults
        self.open: set[Socket] = set()
        self._held: bytes | None = None
        self._tops: dict[int, tuple[Any, Any]] = {}
        self._subscription = 0
        self._tasks: set[asyncio.Task[None]] = set()
        front.venue.listeners.append(self.heard)

    def add_to(self, app: web.Application) -> None:
        """Register the doors."""
        app.router.add_get("/ws", self._market)
        app.router.add_get("/ws/{name:.*}", self._market)
        app.router.add_get("/ws-api/v3", self._user)

    async def kick(self, kind: str = "") -> int:
        """Close connections with code 1001: of market streams, of users, or all; returns how many."""
        chosen = [each for each in self.open if kind in ("", each.kind)]
        for each in chosen:
            await each.ws.close(code=GOING_AWAY, message=b"going away")
        return len(chosen)

    # Market streams.

    async def _market(self, request: web.Request) -> web.WebSocketResponse:
        socket = Socket(request, MARKET)
        name = request.match_info.get("name", "")
        if "@" in name:
            socket.names.add(name)
        return await self._serve(socket, self._subscribe)

    async def _serve(self, socket: Socket, heard: Callable[[Socket, Any], Any]) -> web.WebSocketResponse:
        self.open.add(socket)
        try:
            return await socket.run(heard)
        finally:
            self.open.discard(socket)

    async def _subscribe(self, socket: Socket, message: Any) -> None:
        asked = message if isinstance(message, dict) else {}
        listed = asked.get("params", [])
        if asked.get("method") not in ("SUBSCRIBE", "UNSUBSCRIBE") or not isinstance(listed, list):
            error = {"code": 2, "msg": "Invalid request: expected SUBSCRIBE or UNSUBSCRIBE with a list of params"}
            socket.send(orjson.dumps({"error": error, "id": asked.get("id")}))
            return
        names = {str(name) for name in listed[:STREAMS]}
        socket.names = socket.names | names if message["method"] == "SUBSCRIBE" else socket.names - names
        socket.send(orjson.dumps({"result": None, "id": message.get("id")}))

    def _publish(self, i: int, streams: tuple[str, ...], body: Any) -> None:
        name = shapes.market_id(self._front.venue.markets[i]).lower()
        wanted = {f"{name}@{stream}" for stream in streams}
        frame = orjson.dumps(body)
        for socket in self.open:
            if socket.names & wanted:
                socket.send(frame)

    def flush_depth(self) -> None:
        """Tell what changed in the books since the last time."""
        venue = self._front.venue
        for i, book in enumerate(venue.matching.books):
            if (change := book.flush()) is None:
                continue
            m, now = venue.markets[i], self._front.now_ms()
            body = {"e": "depthUpdate", "E": now, "s": shapes.market_id(m), "U": change.first, "u": change.last}
            body["b"], body["a"] = (shapes.levels(m, list(side.items())) for side in (change.bids, change.asks))
            for each in self._faulty_depth(body):
                self._publish(i, ("depth", "depth@100ms"), each)

    def _faulty_depth(self, body: Any) -> list[Any]:
        fault = self._faults.take(("skip_depth", "repeat_depth", "swap_depth"))
        held, self._held = self._held, None
        if fault is not None and fault.name == "swap_depth" and held is None:
            self._held = body
            return []
        copies = {"skip_depth": 0, "repeat_depth": 2}.get(fault.name if fault else "", 1)
        return [body] * copies + ([held] if held is not None else [])

    def flush_tops(self) -> None:
        """Tell best prices that moved."""
        venue = self._front.venue
        for i, book in enumerate(venue.matching.books):
            top = (book.best(0), book.best(1))
            if top == self._tops.get(i) or None in top:
                continue
            self._tops[i] = top
            best = shapes.book_ticker(venue.markets[i], book)
            body = {"u": book.id, "s": best["symbol"], "b": best["bidPrice"], "B": best["bidQty"]}
            self._publish(i, ("bookTicker",), {**body, "a": best["askPrice"], "A": best["askQty"]})

    def heard(self, event: Event) -> None:
        """Something happened at the venue: tell whom it concerns."""
        now = self._front.now_ms()
        if isinstance(event, PublicTrade):
            self._tell_trade(event, now)
        elif isinstance(event, Report):
            market = self._front.venue.markets[event.order.ticket.market]
            self._tell_user(event.order.account, shapes.execution_report(market, event, now))
        elif isinstance(event, Changed):
            self._tell_user(event.account, shapes.account_position(event, now))

    def _tell_trade(self, trade: PublicTrade, now: int) -> None:
        m = self._front.venue.markets[trade.market]
        body = {"e": "trade", "E": now, "s": shapes.market_id(m), "t": trade.id, "p": shapes.text(trade.px * m.tick)}
        body |= {"q": shapes.text(trade.lots * m.lot), "T": trade.at_ms, "m": trade.aggressor == SELL, "M": True}
        self._publish(trade.market, ("trade",), body)
        whole = {"e": "aggTrade", "E": now, "s": shapes.market_id(m), **shapes.aggregate_trade(m, trade)}
        self._publish(trade.market, ("aggTrade",), whole)

    # The API and the user stream.

    async def _user(self, request: web.Request) -> web.WebSocketResponse:
        return await self._serve(Socket(request, USER), self._ask)

    async def _ask(self, socket: Socket, message: Any) -> None:
        message = message if isinstance(message, dict) else {}
        method = str(message.get("method", ""))
        kind = OPERATIONS[method].kind if method in OPERATIONS else "account"
        before = self._faults.take(BEFORE, kind)
        if before is not None and before.name == "drop":
            return
        if before is not None and before.name == "late":
            await asyncio.sleep(before.seconds)
        if before is not None and before.name in ("unavailable", "too_many"):
            code = (503, -1008, "Server is currently overloaded.") if before.name == "unavailable" else (429, -1003, "")
            said = self._error(message, told.Told(*code[:2], code[2] or "Too many requests."))
        else:
            said = self._act(socket, method, message)
        await self._send(socket, said, message, kind)

    async def _send(self, socket: Socket, said: Any, message: Any, kind: str) -> None:
        after = self._faults.take(AFTER, kind)
        name, frame = after.name if after else "", orjson.dumps(said)
        if name == "delay" and after is not None:
            await asyncio.sleep(after.seconds)
        if name == "timeout":
            error = told.Told(504, -1007, "Timeout waiting for response from backend server.")
            frame = orjson.dumps(self._error(message, error))
        if name == "reset":
            socket.abort()
        elif name != "lose":
            socket.send({"html": PAGE.encode(), "truncate": frame[: len(frame) // 2]}.get(name, frame))

    def _act(self, socket: Socket, method: str, message: Any) -> Any:
        given = message.get("params")
        p = {name: _written(value) for name, value in given.items()} if isinstance(given, dict) else {}
        try:
            if method == "userDataStream.subscribe.signature":
                result: Any = self._subscribe_user(socket, p)
            elif method in OPERATIONS:
                result = answer(self._front, method, p, signing.sorted_part(p))
            else:
                raise told.Told(400, -1100, f"Unknown method {method!r}.")
        except told.Told as error:
            return self._error(message, error)
        used = self._front.used(p.get("apiKey", ""))
        return {"id": message.get("id"), "status": 200, "result": result, "rateLimits": used}

    def _subscribe_user(self, socket: Socket, p: dict[str, str]) -> Any:
        owner = self._front.owner(p)
        signing.check(owner, p, signing.sorted_part(p), self._front.now_ms())
        self._subscription += 1
        socket.accounts[self._subscription] = owner
        return {"subscriptionId": self._subscription}

    @staticmethod
    def _error(message: Any, error: told.Told) -> Any:
        return {"id": message.get("id"), "status": error.status, "error": error.body}

    def _tell_user(self, account: Account, body: Any) -> None:
        listening = [(s, id) for s in self.open for id, owner in s.accounts.items() if owner is account]
        if not listening:
            return
        fault = self._faults.take(("skip_user", "repeat_user", "delay_user"))
        name = fault.name if fault else ""
        for socket, id in listening:
            frame = orjson.dumps({"subscriptionId": id, "event": body})
            if name == "delay_user" and fault is not None:
                asyncio.get_running_loop().call_later(fault.seconds, socket.send, frame)
            else:
                for _ in range({"skip_user": 0, "repeat_user": 2}.get(name, 1)):
                    socket.send(frame)


def _written(value: Any) -> str:
    """A JSON value as it stands in a signed payload."""
    return str(value).lower() if isinstance(value, bool) else str(value)
