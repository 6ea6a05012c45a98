"""Books and trades, as an unmodified ccxt.pro client rebuilds them from snapshot and deltas."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stackedmm.exchange import Played
from stackedmm.feeds.recording import read
from tests.exchange.conftest import SYMBOL, Bench, Heard

pytestmark = pytest.mark.slow  # real time-outs, and hundreds of deltas


def own(b: Bench, i: int = 0) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """The market's own book."""
    m, book = b.exchange.venue.markets[i], b.exchange.venue.matching.books[i]
    bids, asks = ({px * m.tick: lots * m.lot for px, lots in side.items()} for side in book.sides)
    return bids, asks


def rebuilt(book: Any) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """The client's book."""
    bids, asks = ({Decimal(str(px)): Decimal(str(size)) for px, size, *_ in book[side]} for side in ("bids", "asks"))
    return bids, asks


async def caught_up(b: Bench, heard: Heard, symbol: str, i: int = 0) -> Any:
    """The client's book once it has heard all that the venue has said."""
    last = b.exchange.venue.matching.books[i].told
    await heard.until(lambda book: book["nonce"] == last, 10)
    return b.maker.orderbooks[symbol]


def test_book_equals_the_markets_own_after_every_delta(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        async with Heard(b.maker.watch_order_book, SYMBOL) as heard:
            await b.exchange.advance(1)
            first = b.book.told
            for _ in range(400):
                await b.exchange.advance(0.1)
                assert rebuilt(await caught_up(b, heard, SYMBOL)) == own(b)
            assert len({book["nonce"] for book in heard.all}) > 250
            assert b.book.told - first > 1000

    play(scenario)


def test_own_orders_stand_in_the_public_book(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        async with Heard(b.taker.watch_order_book, SYMBOL) as heard:
            await b.exchange.advance(0.5)
            price = b.price(0, -1)
            made = await b.maker.create_order(SYMBOL, "limit", "buy", "77.7", price)
            await b.exchange.advance(0.1)
            await heard.until(lambda book: book["nonce"] == b.book.told)
            assert rebuilt(b.taker.orderbooks[SYMBOL])[0][Decimal(price)] >= Decimal("77.7")
            await b.maker.cancel_order(made["id"], SYMBOL)
            await b.exchange.advance(0.1)
            await heard.until(lambda book: book["nonce"] == b.book.told)
            assert rebuilt(b.taker.orderbooks[SYMBOL]) == own(b)

    play(scenario)


def test_snapshot_best_prices_and_trades(play: Any) -> None:
    async def scenario(b: Bench) -> None:
        async with (
            Heard(b.maker.watch_bids_asks, [SYMBOL]) as tops,
            Heard(b.maker.watch_trades, SYMBOL) as trades,
        ):
            await b.exchange.advance(30)
            best = [str(b.book.best(side)[0] * b.market.tick) for side in (0, 1)]
            last = b.exchange.venue.trades[0][-1]
            await tops.until(lambda t: [str(t[SYMBOL][s]) for s in ("bid", "ask")] == [str(float(p)) for p in best])
            seen = await trades.until(lambda trade: trade["id"] == str(last.id))
        assert Decimal(str(seen["price"])) == last.px * b.market.tick
        assert seen["side"] == ("sell" if last.aggressor else "buy")
        assert rebuilt(await b.maker.fetch_order_book(SYMBOL, 5000)) == own(b)
        ticker = await b.maker.fetch_bids_asks([SYMBOL])
        assert [str(ticker[SYMBOL]["bid"]), str(ticker[SYMBOL]["ask"])] == [str(float(p)) for p in best]
        fetched = await b.maker.fetch_trades(SYMBOL, limit=10)
        assert [each["id"] for each in fetched] == [str(each.id) for each in b.exchange.venue.trades[0][-10:]]

    play(scenario)


def test_a_recording_is_served_as_it_was(play: Any, data: Path) -> None:
    """Three markets of a recording, ninety seconds: every book equals the recorded one at the end."""
    source = Played(read(data / "books" / "binance_20210404.parquet"))

    async def scenario(b: Bench) -> None:
        symbols = [market.symbol for market in b.exchange.venue.markets]
        assert symbols == ["BTC/USDT", "DOT/USDT", "ETH/USDT"]
        async with (
            Heard(b.maker.watch_order_book, symbols[0]) as one,
            Heard(b.maker.watch_order_book, symbols[1]) as two,
            Heard(b.maker.watch_order_book, symbols[2]) as three,
        ):
            for _ in range(30):
                await b.exchange.advance(2)
                await asyncio.sleep(0)
            for i, heard in enumerate((one, two, three)):
                book = await caught_up(b, heard, symbols[i], i)
                bids, asks = own(b, i)
                mine = rebuilt(book)
                assert max(mine[0]) == max(bids)
                assert min(mine[1]) == min(asks)
                assert all(bids[px] == size for px, size in mine[0].items())
                assert all(asks[px] == size for px, size in mine[1].items())
                assert len(mine[0]) > 900

    play(scenario, source=source)


def fields(message: dict[str, Any]) -> set[str]:
    """The names in a message."""
    return set(message)


@pytest.mark.parametrize("stream", ["depthUpdate", "aggTrade"])
def test_messages_carry_what_the_real_ones_carry(play: Any, data: Path, stream: str) -> None:
    """A capture of the real venue is the yardstick: every field that it sends, we send, of the same kind."""
    import json

    with pa.CompressedInputStream(pa.OSFile(str(data / "raw" / "BINANCE.jsonl.zst")), "zstd") as packed:
        lines = packed.read().decode().splitlines()
    real = next(m for line in lines if (m := message_of(json.loads(line))).get("e") == stream)
    sent: list[dict[str, Any]] = []

    async def scenario(b: Bench) -> None:
        inner = b.exchange.sockets._publish
        b.exchange.sockets._publish = lambda i, streams, body: (sent.append(body), inner(i, streams, body))[1]
        await b.exchange.advance(10)

    play(scenario)
    ours = next(body for body in sent if body.get("e") == stream)
    assert fields(real) <= fields(ours)
    for name in fields(real):
        assert type(ours[name]) is type(real[name]), name


def message_of(line: dict[str, Any]) -> dict[str, Any]:
    """The message within a captured line."""
    import json

    for name in ("data", "msg", "raw", "body", "text"):
        if isinstance(line.get(name), str):
            try:
                found = json.loads(line[name])
            except json.JSONDecodeError:
                continue
            if isinstance(found, dict):
                return found.get("data", found) if isinstance(found.get("data", found), dict) else {}
    return {}
