"""A local exchange whose market stands still until a test lets it go on, and real ccxt clients of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("ccxt", reason="the live side is not installed: pip install 'stackedmm[live]'")
pytest.importorskip("trustme", reason="the live side is not installed: pip install 'stackedmm[live]'")

import ccxt.pro

from stackedmm.exchange import LocalExchange, synthetic

SYMBOL = "BERA/USDT"
TIMEOUT_MS = 1200


@dataclass
class Bench:
    """What a scenario works with: the exchange, and a client of each of its two accounts."""

    exchange: LocalExchange
    maker: Any
    taker: Any

    @property
    def book(self) -> Any:
        """The market's own book of the first market, in ticks and lots."""
        return self.exchange.venue.matching.books[0]

    @property
    def market(self) -> Any:
        return self.exchange.venue.markets[0]

    def price(self, side: int, behind: int = 0) -> str:
        """A price so many ticks behind the best of a side; negative: in front of it."""
        best = self.book.best(side)
        return str((best[0] - behind * (1 - 2 * side)) * self.market.tick)


Scenario = Callable[[Bench], Awaitable[None]]


def client(exchange: LocalExchange, name: str, **options: Any) -> Any:
    """An unmodified client of an account."""
    common = {"enableRateLimit": False, "timeout": TIMEOUT_MS, "options": {"defaultType": "spot"}}
    return ccxt.pro.binance({**exchange.client(name), **common, **options})


@pytest.fixture
def play() -> Callable[..., None]:
    """Runs a scenario on a fresh exchange, market standing still, both clients with markets loaded."""

    def run(scenario: Scenario, *, source: Any = None, seconds: float = 60.0, **options: Any) -> None:
        async def whole() -> None:
            async with AsyncExitStack() as stack:
                options.setdefault("speed", 0.0)
                exchange = await stack.enter_async_context(LocalExchange(source or synthetic(), **options))
                maker, taker = client(exchange, "maker"), client(exchange, "taker")
                stack.push_async_callback(maker.close)
                stack.push_async_callback(taker.close)
                await maker.load_markets()
                taker.set_markets(maker.markets, maker.currencies)
                await scenario(Bench(exchange, maker, taker))

        asyncio.run(asyncio.wait_for(whole(), seconds))

    return run


class Heard:
    """Everything that a `watch_*` method answers, while the scenario goes on."""

    def __init__(self, watch: Callable[..., Any], *named: Any) -> None:
        self.all: list[Any] = []
        self._more = asyncio.Condition()
        self._task = asyncio.create_task(self._listen(watch, named))

    async def __aenter__(self) -> "Heard":
        """Once the subscription stands."""
        await asyncio.sleep(0.3)  # ccxt does not tell when it has subscribed
        return self

    async def __aexit__(self, *error: object) -> None:
        """Nobody listens any more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, watch: Callable[..., Any], named: tuple[Any, ...]) -> None:
        while True:
            answer = await watch(*named)
            async with self._more:
                self.all.extend(dict(each) for each in (answer if isinstance(answer, list) else [answer]))
                self._more.notify_all()

    async def until(self, is_there: Callable[[Any], bool], seconds: float = 5.0) -> Any:
        """The first that is wanted, heard already or not."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: any(map(is_there, self.all)) or self._task.done())
        if not any(map(is_there, self.all)):
            await self._task
        return next(filter(is_there, self.all))


def exact(balance: Any, asset: str) -> tuple[Decimal, Decimal]:
    """Free and locked, as the venue wrote them."""
    found = next(each for each in balance["info"]["balances"] if each["asset"] == asset)
    return Decimal(found["free"]), Decimal(found["locked"])
