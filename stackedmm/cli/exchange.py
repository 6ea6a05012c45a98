"""`stackedmm exchange`: a venue on this machine, for clients that know nothing of it."""

import argparse
import asyncio
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    from stackedmm.exchange.local import LocalExchange
    from stackedmm.exchange.source import Source

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

USUAL_PORT = 9443


def add(subparsers: "Subparsers") -> None:
    """Register `exchange serve`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("exchange", help=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve Binance spot until Ctrl-C")
    serve.add_argument("--data", nargs="+", metavar="FILE", help="neutral Parquet with spot markets of binance")
    serve.add_argument("--symbol", nargs="+", metavar="SYMBOL=PRICE", help="synthetic markets; BERA/USDT=6.25")
    serve.add_argument("--markets", nargs="+", metavar="JSON", help="descriptions of markets, ccxt's or the venue's")
    serve.add_argument("--port", type=int, default=USUAL_PORT, metavar="P", help="of the clients' proxy, %(default)s")
    serve.add_argument("--admin-port", type=int, default=0, metavar="P", help="by default a free one")
    serve.add_argument("--speed", type=speed, default=1.0, metavar="X", help="times real time; 0 waits for `advance`")
    serve.add_argument("--seed", type=int, default=7, metavar="N", help="of the synthetic market, %(default)s")
    serve.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve; 2 and the reason on stderr where the libraries of the live side are not installed."""
    try:
        from stackedmm.exchange.local import LocalExchange
    except ModuleNotFoundError as error:
        print(f"stackedmm: the exchange needs {error.name}: pip install 'stackedmm[live]'", file=sys.stderr)
        return 2
    if args.data and args.symbol:
        raise ConfigError("--data and --symbol: a recording has its own markets; give one of the two")
    exchange = LocalExchange(source(args), port=args.port, admin_port=args.admin_port, speed=args.speed, seed=args.seed)
    asyncio.run(served(exchange))
    return 0


def source(args: argparse.Namespace) -> "Source":
    """The market that was asked for."""
    from stackedmm.exchange.source import Played, synthetic

    if not args.data:
        return synthetic(dict(map(priced, args.symbol or ())), seed=args.seed)
    from stackedmm.feeds.recording import read

    return Played(read(args.data, venues=["binance"], markets=args.markets))


async def served(exchange: "LocalExchange") -> None:
    """Until it is cancelled."""
    async with exchange:
        print(told(exchange), flush=True)
        await asyncio.Event().wait()


def told(exchange: "LocalExchange") -> str:
    """How to get there, ready to be pasted."""
    markets = ", ".join(market.symbol for market in exchange.source.markets)
    options = exchange.client("maker")
    lines = [f"    {name!r}: {value!r}," for name, value in options.items()]
    return "\n".join(
        [
            f"stackedmm exchange: Binance spot, {markets}, on a {exchange.source.title}; Ctrl-C ends it.",
            f"  admin: http://127.0.0.1:{exchange.admin_port}/",
            "  ccxt.pro.binance({",
            *lines,
            "  })",
        ]
    )


def priced(text: str) -> tuple[str, float]:
    """`BERA/USDT=6.25` as symbol and price at the start."""
    symbol, _, price = text.partition("=")
    try:
        number = Decimal(price or "6.25")
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or not Decimal("1e-6") <= number <= 10**7 or symbol.count("/") != 1:
        raise ConfigError(f"--symbol {text}: expected BASE/QUOTE=PRICE, as BERA/USDT=6.25")
    return symbol, float(number)


def speed(text: str) -> float:
    """Times real time, as an option gives it."""
    times = float(text)
    if not 0 <= times <= 1000:
        raise argparse.ArgumentTypeError(f"{text}, expected 0 to 1000")
    return times
