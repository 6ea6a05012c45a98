"""A small world in which one engine, as plain Python, is told rows and asked what it wants."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import numpy as np

from stackedmm.config import validate
from stackedmm.config.fill import fill
from stackedmm.core import rows
from stackedmm.core.market import Market
from tests.core.plain import core

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
T0 = 1_740_996_000_000_000_000
"""On a 10 s boundary."""
Document = dict[str, Any]


def market(venue: str = "binance", **changes: Any) -> Market:
    """A spot market of COIN/USDT around 1: tick 0.0001, lot 0.01, minimum 5 USDT."""
    fields: Document = {
        "tick": Decimal("0.0001"),
        "lot": Decimal("0.01"),
        "min_notional": Decimal(5),
    } | changes
    return Market(venue, "COIN/USDT", "COIN", "USDT", **fields)


def document(*, tob: Document | None = None, passive: Document | None = None, **changes: Any) -> Document:
    """A configuration of COIN on binance, 1000 ± 500 marked to market; lines only where they are given."""
    held = {"target_inventory": "1000", "max_inventory_deviation": "500", "inventory_price_method": "mark_to_market"}
    made: Document = {"base_coin": "COIN", "exchanges": ["binance"], "time_periods": ["30s", "1min"]}
    made["inventory"] = held | changes.pop("inventory", {})
    made["tob_lines"] = [] if tob is None else [{"hourly_quantity": "50"} | tob]
    small = {"mid_spread_bps": "15", "quantity": "25", "randomization_factor": "0"}
    made["passive_lines"] = [] if passive is None else [small | passive]
    if tob is None and passive is None:
        made["tob_lines"] = [{"hourly_quantity": "50"}]
    return made | deepcopy(changes)


class World:
    """One engine, its time, and the rows it is told. Prices are given as a person writes them."""

    def __init__(self, config: Document | None = None, markets: list[Market] | None = None, price: float = 1.0) -> None:
        self.markets = markets or [market()]
        self.filled = fill(validate(config or document()), self.markets, [price] * len(self.markets))
        self.S = core.machine.view(self.filled.state)
        self.s, self.A = self.S[0], self.filled.arena
        self.links = core.build.links_for(self.filled.state)
        self.out = core.machine.view(np.zeros(4096, rows.COMMAND))
        self.row = core.machine.view(np.zeros(1, rows.ROW))
        self.now = T0
        self.trades = 0

    def ticks(self, price: float | str | Decimal, at: int = 0) -> int:
        """A price as the market counts it."""
        return int((Decimal(str(price)) / self.markets[at].tick).to_integral_value())

    def lots(self, size: float | str | Decimal, at: int = 0) -> int:
        """A size as the market counts it."""
        lot = self.markets[at].lot * self.markets[at].contract_size
        return int((Decimal(str(size)) / lot).to_integral_value())

    def tell(self, kind: int, *, px: int = 0, qty: int = 0, ref: int = 0, marks: int = 0, at: int = 0) -> Any:
        """Step through one row; returns the commands it caused."""
        r = self.row[0]
        r.ts, r.kind, r.px, r.qty, r.ref, r.marks, r.market = self.now, kind, px, qty, ref, marks, at
        self.s.out_n = 0
        core.step.step(self.S, self.A, self.links, r, self.out)
        return self.out[: self.s.out_n]

    def level(self, side: int, price: Any, size: Any, *, at: int = 0, last: bool = True) -> Any:
        """One level's new size."""
        marks = side | (rows.LAST if last else 0)
        return self.tell(rows.DEPTH, px=self.ticks(price, at), qty=self.lots(size, at), marks=marks, at=at)

    def book(self, bids: dict[Any, Any], asks: dict[Any, Any], *, at: int = 0) -> Any:
        """A snapshot, then its levels: price to size."""
        self.tell(rows.CLEAR, at=at)
        levels = [(0, *level) for level in bids.items()] + [(1, *level) for level in asks.items()]
        for i, (side, price, size) in enumerate(levels):
            commands = self.level(side, price, size, at=at, last=i == len(levels) - 1)
        return commands

    def wait(self, seconds: float = 0.1) -> Any:
        """Time passes, feeds stay alive, a timer comes and with it a full round."""
        self.s.round_number = 0
        return self.tick(seconds)

    def tick(self, seconds: float = 0.1) -> Any:
        """The same, and a full round only where one is due."""
        self.now += round(seconds * SECOND)
        for m in self.s.markets[: len(self.markets)]:
            m.seen_ns = self.now
        return self.tell(rows.TIMER)

    def open(self, bid: Any = "0.9998", ask: Any = "1.0002", size: Any = 1000) -> Any:
        """The same book everywhere, and the first timer, at which paper opens."""
        for at in range(len(self.markets)):
            self.book({bid: size}, {ask: size}, at=at)
        return self.wait()

    def wallet(self, at: int = 0, of: str = "base") -> Any:
        """The wallet from which a market delivers (`base`) or pays (`money`)."""
        return self.s.wallets[self.s.markets[at][f"{of}_at"]]

    def hold(self, coins: Any) -> None:
        """Change the position as if fills had, at the average cost there is."""
        ledger = self.s.ledger
        units = int(Decimal(str(coins)) / Decimal(repr(float(self.s.unit_base))))
        price = 1.0 if ledger.position == 0 else ledger.cost / ledger.position
        change = round(units * price) - ledger.cost
        ledger.position, ledger.cost, ledger.flow = units, ledger.cost + change, ledger.flow + change
        core.inventory.refresh(self.s)

    def answer(self, kind: int, command: Any, qty: int = 0) -> Any:
        """The venue's answer to a command."""
        return self.tell(kind, ref=command.ref, px=command.px, qty=qty, marks=command.side, at=command.market)

    def filling(self, command: Any, lots: int, fee: int = 0, currency: int = rows.FEE_QUOTE) -> Any:
        """A fill of an order, with its trade id."""
        self.trades += 1
        self.tell(rows.FILL_ID, ref=self.trades, px=fee, qty=currency, at=command.market)
        marks = rows.MAKER | command.side
        return self.tell(rows.FILL, ref=command.ref, px=command.px, qty=lots, marks=marks, at=command.market)

    def quote(self, side: int = 0, *, line: int = 0, level: int = 0, at: int = 0) -> int:
        """Number of a quote."""
        found = self.filled.state[0]["quotes"][: self.s.quotes_n]
        place = {"market": at, "line": line, "side": side, "level": level}
        which = np.logical_and.reduce([found[name] == value for name, value in place.items()])
        return int(np.flatnonzero(which)[0])

    def want(self, side: int = 0, **which: int) -> tuple[float, float, str]:
        """Price, size and reason (`ok`) of what a quote wants now, before limits."""
        k = self.quote(side, **which)
        q = self.s.quotes[k]
        m = self.s.markets[q.market]
        core.shape.ask_rules(self.s, self.A, self.links, q.market)
        core.shape.combine(self.s, k)
        self.s.want.reason, self.s.want.lots = rows.OK, 0
        want = self.s.want
        core.quoting.price(self.s, k)
        core.steps.write(self.s, k)
        if want.reason == rows.OK:
            core.quoting.size(self.s, k)
        return round(float(want.px * m.tick_size), 10), round(float(want.lots * m.lot_base), 10), reason(want.reason)


def seen(config: Document, *book: str) -> World:
    """The engine after its opening; orders are not wanted here."""
    world = World(config)
    world.s.out_max = 0
    world.open(*book)
    return world


def reason(code: int) -> str:
    """A reason in words."""
    return rows.REASONS[int(code)]


def placed(commands: Any) -> list[tuple[str, float, float]]:
    """New orders among commands as (side, ticks, lots)."""
    return [("bid ask".split()[c.side], int(c.px), int(c.qty)) for c in commands if c.kind == rows.PLACE]
