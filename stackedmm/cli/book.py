"""`stackedmm book`: one order book of a recording, as it was known at a moment."""

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from stackedmm.core.market import Market
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import plain, venue_name
from stackedmm.feeds.recording import read
from stackedmm.feeds.replay import Level, book_at
from stackedmm.lab.times import iso, nanoseconds

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `book`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("book", help=__doc__, description=__doc__)
    parser.add_argument("--data", nargs="+", required=True, metavar="FILE", help="neutral Parquet")
    parser.add_argument("--venue", required=True, metavar="V", help="ccxt id, such as binance")
    parser.add_argument("--symbol", required=True, metavar="S", help="BASE/QUOTE or BASE/QUOTE:SETTLE")
    parser.add_argument(
        "--at",
        metavar="T",
        help="as of all messages received before, on the recorder's clock: ISO time (UTC) or ns; the end",
    )
    parser.add_argument("--depth", type=_depth, default=10, metavar="N", help="levels a side, %(default)s")
    parser.add_argument("--markets", nargs="+", metavar="JSON", help="descriptions of markets, ccxt's or the venue's")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the book; 2 and the reason on stderr where the files do not hold it."""
    try:
        end = None if args.at is None else nanoseconds(args.at, "--at")
        recording = read(args.data, venues=[args.venue], symbols=[args.symbol], end=end, markets=args.markets)
    except ConfigError as error:
        print(f"stackedmm: {error}", file=sys.stderr)
        return 2
    at = recording.end - recording.shift if end is None else end
    bids, asks = (side[: args.depth] for side in book_at(recording, 0, at))
    if not bids and not asks:
        print(f"note: no snapshot came before {at}, or the feed broke since: no book stands", file=sys.stderr)
    if args.json:
        print(
            f'{{"venue": "{venue_name(args.venue)}", "symbol": "{args.symbol}", "at": {at}, '
            f'"bids": {_pairs(bids)}, "asks": {_pairs(asks)}}}'
        )
    else:
        Console().print(_table(f"{recording.markets[0].name} before {iso(at)}", recording.markets[0], bids, asks))
    return 0


def _pairs(levels: Sequence[Level]) -> str:
    """Levels as JSON, digit for digit: a float would round what a Decimal holds."""
    return "[" + ", ".join(f"[{plain(level.price)}, {plain(level.quantity)}]" for level in levels) + "]"


def _table(title: str, market: Market, bids: Sequence[Level], asks: Sequence[Level]) -> Table:
    """Prices with the decimals of the tick, so that their points stand below each other; sizes likewise."""
    table = Table(title=title, min_width=len(title))
    for name, style in (("bid size", ""), ("bid", "green"), ("ask", "red"), ("ask size", "")):
        table.add_column(name, justify="right", style=style)
    for i in range(max(len(bids), len(asks))):
        bid = _cells(bids[i], market) if i < len(bids) else ("", "")
        ask = _cells(asks[i], market)[::-1] if i < len(asks) else ("", "")
        table.add_row(*bid, *ask)
    return table


def _cells(level: Level, market: Market) -> tuple[str, str]:
    return f"{level.quantity:.{_decimals(market.lot)}f}", f"{level.price:.{_decimals(market.tick)}f}"


def _decimals(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def _depth(text: str) -> int:
    depth = int(text)
    if depth < 1:
        raise argparse.ArgumentTypeError(f"{depth}, expected 1 or more")
    return depth
