"""An engine in the hands of a test: rows are told one by one, and what it sends is read back."""

from decimal import Decimal
from typing import Any

import numpy as np

from stackedmm.config import validate
from stackedmm.config.fill import fill
from stackedmm.core import own, rows
from stackedmm.core.build import links_for
from stackedmm.core.check import check_orders
from stackedmm.core.codes import EVENTS
from stackedmm.core.machine import view
from stackedmm.core.market import Market
from stackedmm.core.step import step_rows

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
PASSIVE = {"mid_spread_bps": "20", "min_spread_bps": "1", "quantity": "10", "timeout_seconds": 600, "drift_bps": 500}
HELD = {"target_inventory": "1000", "max_inventory_deviation": "500", "inventory_price_method": "mark_to_market"}
BOOK = ((0, 9990, 500), (0, 9980, 900), (1, 10010, 500), (1, 10020, 900))
"""Side, ticks, lots."""


class Bench:
    """One market at price 1.0 (tick 0.0001, lot 1), one passive bid and ask of 10 lots unless told otherwise."""

    def __init__(self, *, opened: bool = True, **config: Any) -> None:
        market = Market("binance", "BERA/USDT", "BERA", "USDT", Decimal("0.0001"), Decimal(1))
        lines = {} if "tob_lines" in config else {"passive_lines": [PASSIVE | {"randomization_factor": "0"}]}
        whole = {"base_coin": "BERA", "exchanges": ["binance"], "inventory": HELD} | lines | config
        filled = fill(validate(whole), [market], [1.0])
        self.state, self.arena, self.s = filled.state, filled.arena, filled.state[0]
        self.links = links_for(self.state)
        self.out = np.zeros(4096, rows.COMMAND)
        self.s["paper"] = int(opened)
        self.now = START
        self.trades = 0
        self.sent: list[Any] = []
        self.book()
        self.timer()

    def tell(self, kind: int, ref: int = 0, px: int = 0, qty: int = 0, **more: Any) -> list[Any]:
        """Tell one row now; returns the commands it caused. `at` is the venue's time in seconds from now."""
        row = np.zeros(1, rows.ROW)
        lag_us = round(-more.get("at", 0) * 1e6)
        row[0] = (self.now, px, qty, ref, lag_us, more.get("market", 0), kind, more.get("marks", rows.LAST))
        self.s["out_n"] = 0
        count = step_rows(view(self.state), self.arena, self.links, view(row), view(self.out))
        if more.get("checked", True):
            check_orders(self.s)
        commands = list(self.out[:count].copy())
        self.sent += commands
        return commands

    def book(self) -> None:
        """A snapshot of the usual book."""
        self.tell(rows.CLEAR, marks=rows.SNAPSHOT)
        for side, px, lots in BOOK:
            self.tell(rows.DEPTH, px=px, qty=lots, marks=rows.SNAPSHOT | side | rows.LAST * (px == BOOK[-1][1]))

    def timer(self, seconds: float = 0.0) -> list[Any]:
        """Time passes, with a timer row each 100 ms and a feed that proves alive; returns what was sent."""
        found = []
        for _ in range(round(seconds * 10) or 1):
            self.now += SECOND // 10
            self.tell(rows.BBO, px=9990, qty=1)
            found += self.tell(rows.TIMER)
        return found

    def fill(self, order: Any, lots: int, trade: int | None = None, **more: Any) -> list[Any]:
        """A fill of an order (its create command), with a new trade id unless one is given."""
        self.trades += 1
        self.tell(rows.FILL_ID, ref=self.trades if trade is None else trade, px=0, qty=rows.FEE_QUOTE)
        marks = rows.LAST | rows.MAKER | int(order["side"]) * rows.ASK
        return self.tell(rows.FILL, ref=int(order["ref"]), px=int(order["px"]), qty=lots, marks=marks, **more)

    def ack(self, *orders: Any) -> list[Any]:
        """The venue takes orders as they were sent."""
        return [c for o in orders for c in self.tell(rows.ACK, ref=int(o["ref"]), px=int(o["px"]), qty=int(o["qty"]))]

    def placed(self) -> list[Any]:
        """Every create so far: the first two are the bid and the ask."""
        return [c for c in self.sent if c["kind"] == rows.PLACE]

    def life(self, order: Any) -> str:
        """What is believed of an order; forgotten ones are free."""
        o = self.s["orders"][int(order["slot"])]
        return own.LIVES[o["life"]] if o["ref"] == order["ref"] else "forgotten"

    def held(self) -> tuple[int, int]:
        """Lots held beyond the opening by fills, and those the venue claims beyond them."""
        unit = int(self.s["markets"][0]["lot_units"])
        ledger = self.s["ledger"]
        return (int(ledger["position"]) - int(self.s["opening"])) // unit, int(ledger["provisional"]) // unit

    def open(self, side: int) -> int:
        """Lots of a side that may still fill."""
        return int(self.s["open_units"][side]) // int(self.s["markets"][0]["lot_units"])

    def events(self) -> dict[str, int]:
        """Counted events by name, those that happened."""
        return {name: int(n) for name, n in zip(EVENTS, self.s["events"], strict=False) if n}


def kinds(commands: list[Any]) -> list[int]:
    """What was sent."""
    return [int(c["kind"]) for c in commands]
