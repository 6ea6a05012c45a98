"""A market that goes on, a venue, its dialect behind TLS, and the way in for clients."""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from stackedmm.exchange.authority import Authority
from stackedmm.exchange.binance.front import HOSTS, Front
from stackedmm.exchange.binance.rest import Rest
from stackedmm.exchange.binance.sockets import Sockets
from stackedmm.exchange.clock import VenueClock
from stackedmm.exchange.faults import Faults
from stackedmm.exchange.source import SECOND, Source
from stackedmm.exchange.tunnel import Tunnel
from stackedmm.exchange.venue import Venue

SLICE_S: Final = 0.02
"""Wall time between two looks at the market."""
DEPTH_NS: Final = 100_000_000
"""Depth goes out this often: on the wall clock, and in row time where that is granted by hand."""
AT_ONCE_NS: Final = SECOND
"""Most row time played without letting requests in."""

Balances = Mapping[str, Decimal]


class Server:
    """Binance spot on this machine, in real time, `speed` times as fast, or with speed 0 as far as `advance` says.

    `accounts` are balances by the client's name.
    """

    def __init__(
        self,
        source: Source,
        accounts: Mapping[str, Balances] | None = None,
        *,
        port: int = 0,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.source = source
        self.clock = VenueClock(source.start, speed)
        self.faults = Faults()
        self.venue = Venue(source.markets, source.ticks, self.clock.now_ms, seed=seed)
        for name, balances in (accounts or usual_accounts(source)).items():
            self.venue.add_account(name, balances)
        self.front = Front(self.venue, self.clock.now_ms)
        self.sockets = Sockets(self.front, self.faults)
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="stackedmm-exchange-")
        self.authority = Authority(Path(self._folder.name))
        self.tunnel = Tunnel(HOSTS, 0)
        self._runners: list[web.AppRunner] = []
        self._loop: asyncio.Task[None] | None = None
        self._shown_ns = 0

    # Life.

    async def start(self) -> None:
        """Open the market, then the doors. Compiling the market's code takes half a minute where it was never used."""
        self.venue.play(self.source.more(self.source.start), self.source.start)
        self.sockets.flush_depth()
        app = web.Application()
        Rest(self.front, self.faults).add_to(_with(app, self.sockets))
        hosts = [name for host in HOSTS for name in (host, f"*.{host}")]
        inside = await self.serve(app, 0, self.authority.server(hosts))
        self.tunnel = Tunnel(HOSTS, inside)
        self.port = await self.tunnel.start(self.port)
        self.clock.begin()
        self._loop = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Close everything; clients see their connections break."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self.tunnel.stop()
        for runner in self._runners:
            await runner.cleanup()
        with contextlib.suppress(OSError):
            self._folder.cleanup()

    async def serve(self, app: web.Application, port: int, tls: Any = None) -> int:
        """Open one more door on this machine; returns its port."""
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        return int(runner.addresses[0][1])

    async def _follow(self) -> None:
        """The market follows the clock."""
        while True:
            due = self.clock.row_ns()
            while self.venue.matching.now < due:
                self._play(min(due, self.venue.matching.now + AT_ONCE_NS))
                await asyncio.sleep(0)
            if asyncio.get_running_loop().time() * 1e9 - self._shown_ns >= DEPTH_NS:
                self._shown_ns = int(asyncio.get_running_loop().time() * 1e9)
                self.sockets.flush_depth()
            await asyncio.sleep(SLICE_S)

    def _play(self, until: int) -> None:
        self.venue.play(self.source.more(until), until)
        self.sockets.flush_tops()

    # What one may do with it.

    async def advance(self, seconds: float) -> None:
        """Let row time pass at once, with a depth message every 100 ms of it."""
        left = round(seconds * SECOND)
        while left > 0:
            self._play(self.clock.grant(min(left, DEPTH_NS)))
            self.sockets.flush_depth()
            left -= DEPTH_NS
            await asyncio.sleep(0)

    def client(self, name: str | None = None) -> dict[str, Any]:
        """Options of a ccxt client: the way here, whom to trust, and an account's keys; without a name public only."""
        proxy = f"http://127.0.0.1:{self.port}"
        options: dict[str, Any] = {"httpsProxy": proxy, "wssProxy": proxy, "cafile": str(self.authority.file)}
        if name is not None:
            account = next(each for each in self.venue.accounts.values() if each.name == name)
            options |= {"apiKey": account.key, "secret": account.secret}
        return options

    def close_market(self, closed: bool = True) -> None:
        """Maintenance: new orders are refused, resting ones stay and may be cancelled."""
        self.venue.is_open = not closed

    def coarsen(self, symbol: str, factor: int) -> None:
        """The venue makes a market's tick `factor` times as large, for new orders; 1 is its tick of before."""
        names = [market.symbol for market in self.venue.markets]
        self.venue.coarser[names.index(symbol)] = factor


def usual_accounts(source: Source) -> dict[str, dict[str, Decimal]]:
    """Two clients, each with about 100,000 quote coins' worth of everything."""
    worth: dict[str, Decimal] = {}
    for market, ticks in zip(source.markets, source.ticks, strict=True):
        worth.setdefault(market.quote, Decimal(100_000))
        worth[market.base] = (Decimal(100_000) / (ticks * market.tick)).quantize(market.lot)
    return {"maker": dict(worth), "taker": dict(worth)}


def _with(app: web.Application, sockets: Sockets) -> web.Application:
    sockets.add_to(app)
    return app
