"""The admin port: fault switches and the clock over plain HTTP, on this machine only."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from stackedmm.errors import ConfigError
from stackedmm.exchange.faults import SWITCHES
from stackedmm.exchange.server import Server

Body = dict[str, Any]
LARGEST_S: Final = 3600.0


class Admin:
    """`GET /` tells the state, `GET /authority.pem` whom to trust, `POST /NAME` with a JSON object does NAME."""

    def __init__(self, exchange: Server) -> None:
        self._exchange = exchange
        self._acts: dict[str, Callable[[Body], Awaitable[Any]]] = {
            "fault": self._fault,
            "clear": self._clear,
            "advance": self._advance,
            "kick": self._kick,
            "break": self._break,
            "silence": self._silence,
            "speak": self._speak,
            "skew": self._skew,
            "coarsen": self._coarsen,
            "maintenance": self._maintenance,
        }

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/", self._state)
        app.router.add_get("/authority.pem", self._authority)
        app.router.add_post("/{name}", self._act)
        return app

    async def _state(self, request: web.Request) -> web.Response:
        x = self._exchange
        faults = [f"{each.name} {each.times} {each.kind}".strip() for each in x.faults.armed]
        state = {
            "market": x.source.title,
            "row_ns": x.venue.matching.now,
            "skew_ms": x.clock.skew_ms,
            "is_open": x.venue.is_open,
            "accounts": {a.name: {"key": a.key, "secret": a.secret} for a in x.venue.accounts.values()},
            "orders": len(x.venue.orders),
            "sockets": len(x.sockets.open),
            "armed": faults,
            "struck": dict(x.faults.struck),
            "refused_hosts": x.tunnel.refused,
            "switches": SWITCHES,
        }
        return _json(state)

    async def _authority(self, request: web.Request) -> web.Response:
        return web.Response(text=self._exchange.authority.file.read_text(), content_type="application/x-pem-file")

    async def _act(self, request: web.Request) -> web.Response:
        act = self._acts.get(request.match_info["name"])
        if act is None:
            return _json({"error": f"expected one of {', '.join(self._acts)}"}, 404)
        try:
            raw = await request.read()
            body = orjson.loads(raw) if raw else {}
            return _json({"done": await act(body)})
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)

    async def _fault(self, body: Body) -> Any:
        times, kind, seconds = int(body.get("times", 1)), str(body.get("kind", "")), float(body.get("seconds", 0.5))
        self._exchange.faults.arm(str(body["name"]), times, kind=kind, seconds=seconds)
        return True

    async def _clear(self, body: Body) -> Any:
        self._exchange.faults.clear()
        return True

    async def _advance(self, body: Body) -> Any:
        seconds = float(body["seconds"])
        if not 0 < seconds <= LARGEST_S:
            raise ConfigError(f"seconds: {seconds}, expected above 0, at most {LARGEST_S:g}")
        await self._exchange.advance(seconds)
        return self._exchange.venue.matching.now

    async def _kick(self, body: Body) -> Any:
        return await self._exchange.sockets.kick(str(body.get("kind", "")))

    async def _break(self, body: Body) -> Any:
        self._exchange.tunnel.break_all()
        return True

    async def _silence(self, body: Body) -> Any:
        self._exchange.tunnel.silence()
        return True

    async def _speak(self, body: Body) -> Any:
        self._exchange.tunnel.speak()
        return True

    async def _skew(self, body: Body) -> Any:
        self._exchange.clock.skew_ms = int(body["ms"])
        return self._exchange.clock.skew_ms

    async def _coarsen(self, body: Body) -> Any:
        self._exchange.coarsen(str(body["symbol"]), int(body["factor"]))
        return True

    async def _maintenance(self, body: Body) -> Any:
        self._exchange.close_market(bool(body.get("closed", True)))
        return True


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
