"""The local exchange as a whole: the server of the clients and the admin port beside it."""

from collections.abc import Mapping
from types import TracebackType

from stackedmm.exchange.admin import Admin
from stackedmm.exchange.server import Balances, Server
from stackedmm.exchange.source import Source


class LocalExchange(Server):
    """A venue on this machine. `client(name)` are the options with which an unmodified ccxt client reaches it under
    Binance's own addresses:

        async with LocalExchange(synthetic()) as exchange:
            client = ccxt.pro.binance(exchange.client("maker"))

    The market goes on in real time, `speed` times as fast, or with speed 0 as far as `advance` says. `accounts` are
    balances by the client's name; by default there are a maker and a taker. A port of 0 is a free one.
    """

    def __init__(
        self,
        source: Source,
        accounts: Mapping[str, Balances] | None = None,
        *,
        port: int = 0,
        admin_port: int = 0,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        super().__init__(source, accounts, port=port, speed=speed, seed=seed)
        self.admin_port = admin_port

    async def start(self) -> None:
        """Open the market and all doors. Compiling takes half a minute where the market's code was never used."""
        await super().start()
        self.admin_port = await self.serve(Admin(self).app(), self.admin_port)

    async def __aenter__(self) -> "LocalExchange":
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
