"""One process of NautilusTrader: `python tests/bench/nautilus.py FOLDER VENUES ROWS MODE RUNS` prints one line of JSON.

The two-sided quoter in its idiom, a Python strategy on its backtest engine: `cancel` replaces by cancel and new order,
`modify` amends, `read` only reads the book. Without latency and queue position, logging and risk engine off: all to its
favour. It reads the same events as the other peer, the first ROWS of each venue; its objects are made before the clock
starts. It imports nothing of the project, so that it runs in an environment of its own.
"""

import json
import math
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BookOrder, OrderBookDelta, OrderBookDeltas, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    RecordFlag,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, TraderId, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

TICK = 0.01
LOTS = 1.0
MOST = 10.0
TIMEOUT_NS = 30_000_000_000
DEPTH, TRADE, BUY = 1, 2, 1 << 29
NAMES = ("AAA", "BBB", "CCC")


def instrument(name: str) -> CurrencyPair:
    """A pair with the steps of the comparison's markets."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("lot_size", "max_quantity", "min_quantity", "max_notional", "min_notional", "max_price", "min_price")
    )
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("COIN-USDT"), Venue(name)),
        raw_symbol=Symbol("COIN-USDT"),
        base_currency=BTC,
        quote_currency=USDT,
        price_precision=2,
        size_precision=2,
        price_increment=Price(TICK, 2),
        size_increment=Quantity(0.01, 2),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal("-0.00005"),
        taker_fee=Decimal("0.0005"),
        ts_event=0,
        ts_init=0,
        **nothing,
    )


def objects(events: Any, pair: CurrencyPair) -> tuple[list[Any], int]:
    """The events as its data objects, what is learned of at one time as one message; and how many events they are."""
    made: list[Any] = []
    waiting: list[OrderBookDelta] = []
    used = 0
    local = events[events["ev"] & (1 << 30) != 0]
    last = np.append(local["local_ts"][1:] != local["local_ts"][:-1], True)
    for i, (e, ends) in enumerate(zip(local, last, strict=True)):
        kind, ts, buying = int(e["ev"]) & 255, int(e["local_ts"]), bool(int(e["ev"]) & BUY)
        price, lots = Price(float(e["px"]), 2), float(e["qty"])
        if kind == TRADE:
            side = AggressorSide.BUYER if buying else AggressorSide.SELLER
            made.append(TradeTick(pair.id, price, Quantity(lots, 2), side, TradeId(str(i)), ts, ts))
            used += 1
        elif kind in (DEPTH, 4):
            order = BookOrder(
                OrderSide.BUY if buying else OrderSide.SELL, price, Quantity(lots, 2), round(price.as_double() / TICK)
            )
            action = BookAction.DELETE if lots == 0 else BookAction.UPDATE
            waiting.append(OrderBookDelta(pair.id, action, order, RecordFlag.F_LAST if ends else 0, 0, ts, ts))
            used += 1
        if ends and waiting:
            made.append(OrderBookDeltas(pair.id, waiting))
            waiting = []
    return made, used


class QuoterConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg,misc]
    """What it quotes, and how it replaces."""

    ids: tuple[Any, ...]
    mode: str


class Side:
    """One side's order of one venue."""

    def __init__(self, side: Any) -> None:
        self.side = side
        self.order: Any = None
        self.px = 0
        self.since = 0


class Quoter(Strategy):  # type: ignore[misc]
    """Two ticks around the mid, leaning against the position, on every message."""

    def on_start(self) -> None:
        """Subscribe."""
        self.decisions = self.submits = self.filled = 0
        self.position = dict.fromkeys(self.config.ids, 0.0)
        self.sides = {each: (Side(OrderSide.BUY), Side(OrderSide.SELL)) for each in self.config.ids}
        for each in self.config.ids:
            self.subscribe_order_book_deltas(each, BookType.L2_MBP)
            self.subscribe_trade_ticks(each)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """Decide."""
        book = self.cache.order_book(deltas.instrument_id)
        best_bid, best_ask = book.best_bid_price(), book.best_ask_price()
        if best_bid is None or best_ask is None:
            return
        self.decisions += 1
        if self.config.mode == "read":
            return
        bid, ask = round(float(best_bid) / TICK), round(float(best_ask) / TICK)
        position = self.position[deltas.instrument_id]
        middle, c = 0.5 * (bid + ask), position / MOST
        buy = min(math.floor(middle - 2.0 * (1.0 + max(c, -0.9))), ask - 1)
        sell = max(math.ceil(middle + 2.0 * (1.0 - min(c, 0.9))), bid + 1)
        buying, selling = self.sides[deltas.instrument_id]
        self.follow(deltas, buying, buy, position < MOST)
        self.follow(deltas, selling, sell, position > -MOST)

    def follow(self, deltas: OrderBookDeltas, side: Side, px: int, wanted: bool) -> None:
        """Keep one order where it should be."""
        now = deltas.ts_event
        if side.order is not None and side.order.is_closed:
            side.order = None
        moved = side.order is not None and (side.px != px or now - side.since > TIMEOUT_NS or not wanted)
        if moved and not side.order.is_pending_cancel and not side.order.is_pending_update:
            if self.config.mode == "modify" and wanted:
                self.modify_order(side.order, price=Price(px * TICK, 2))
                side.px, side.since = px, now
                self.submits += 1
            else:
                self.cancel_order(side.order)
                side.order = None
        if side.order is None and wanted:
            side.order = self.order_factory.limit(
                deltas.instrument_id, side.side, Quantity(LOTS, 2), Price(px * TICK, 2), post_only=True
            )
            self.submit_order(side.order)
            side.px, side.since = px, now
            self.submits += 1

    def on_order_filled(self, event: Any) -> None:
        """Keep the position."""
        self.filled += 1
        sign = 1 if event.order_side == OrderSide.BUY else -1
        self.position[event.instrument_id] += sign * float(event.last_qty)


def run(data: list[Any], pairs: list[CurrencyPair], mode: str) -> tuple[float, Quoter]:
    """One backtest; only the run itself is timed."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=TraderId("BENCH-001"),
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
        )
    )
    for pair in pairs:
        engine.add_venue(
            venue=pair.id.venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            starting_balances=[Money(1e9, USDT), Money(1e6, BTC)],
            book_type=BookType.L2_MBP,
            trade_execution=True,
        )
        engine.add_instrument(pair)
    engine.add_data(data, sort=True)
    quoter = Quoter(QuoterConfig(ids=tuple(pair.id for pair in pairs), mode=mode))
    engine.add_strategy(quoter)
    begun = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - begun
    engine.dispose()
    return seconds, quoter


def main(folder: str, venues: str, count: str, mode: str, runs: str) -> None:
    """Run and report."""
    pairs = [instrument(name) for name in NAMES[: int(venues)]]
    data: list[Any] = []
    used = 0
    for at, pair in enumerate(pairs):
        path = next(Path(folder).glob(f"events_{venues}_*_{at}.npz"))
        made, n = objects(np.load(path)["data"][: int(count) // int(venues)], pair)
        data += made
        used += n
    seconds, quoter = run(data, pairs, mode)
    counts = {"decisions": quoter.decisions, "submits": quoter.submits, "fills": quoter.filled, "rows": used}
    more = [run(data, pairs, mode)[0] for _ in range(int(runs))]
    print(json.dumps({"seconds": seconds, "runs": more or [seconds]} | counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
