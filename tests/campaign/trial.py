"""One seed: a market, a network, their faults, and the four phases in which the engine must keep its promises.

safety (faults on) -> heal -> liveness (quotes back, nothing unknown, positions equal) -> kill -> the last look.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Final

import numpy as np

from stackedmm.config import validate
from stackedmm.config.fill import fill
from stackedmm.config.traded import choose
from stackedmm.core import rows
from stackedmm.core.build import links_for
from stackedmm.core.codes import ALL
from stackedmm.core.machine import view
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.engine import fault_state, faults, witness
from stackedmm.sim import build, feed, truth
from stackedmm.sim.synthetic import synthetic

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
FASTER: Final = 6
"""A synthetic market is thin: time runs so many times faster, so that much happens in half a minute."""
SAFETY_S: Final = 30
LIVENESS_S: Final = 10
VALID_S: Final = 5
"""How long a create may still be on its way when the faults are over."""
REJECTED_S: Final = 36
"""A refusal may be heard ten seconds late, and after many in a row the engine waits twenty before it tries again."""
KILL_S: Final = 12
SECONDS: Final = SAFETY_S + REJECTED_S + KILL_S + 4
MARKETS: Final = 6
OPENING_PRICE: Final = "6.25"
VENUES: Final = (("binance", "bybit"), ("binance", "bybit", "gate"))

FAULTS: Final[Mapping[str, tuple[int, int]]] = {
    "lost_request": (5_000, 150_000),
    "late_create": (5_000, 400_000),
    "lost_answer": (5_000, 500_000),
    "duplicate_answer": (5_000, 200_000),
    "late_answer": (5_000, 600_000),
    "reordered_answer": (5_000, 300_000),
    "refused_create": (5_000, 300_000),
    "missed_fill": (50_000, 700_000),
    "unanswered": (2_000, 100_000),
    "refused_cancel": (5_000, 300_000),
    "false_not_found": (50_000, 500_000),
    "feed_trouble": (2_000, 20_000),
    "crossed": (2_000, 20_000),
}
"""Millionths: how weak and how strong each fault may be when a seed draws it; weak ones are drawn more often."""
OURS: Final = ("missed_fill", "unanswered", "refused_cancel", "false_not_found", "feed_trouble", "crossed")
OUR_NAMES: Final = {
    "missed": "fault: fill missed by the stream",
    "found": "missed fill found by a query",
    "troubles": "fault: feed stalled or broken off",
    "crossings": "fault: crossed book",
    "unheard": "fault: request given up",
    "refused": "fault: cancel refused",
    "denied": "fault: living order not found",
}
DELAYS: Final[Mapping[str, tuple[int, int]]] = {
    "late_create_ns": (100, 4_800),
    "late_answer_ns": (100, 9_000),
    "reorder_ns": (20, 500),
    "poll_ns": (500, 5_000),
    "timeout_ns": (300, 3_000),
    "trouble_ns": (500, 6_000),
}
"""Milliseconds. A create may be late by less than its validity of 5 s: later ones the venue refuses."""


@dataclass
class Trial:
    """A simulation that is running, and what the oracles will need of it."""

    seed: int
    draws: dict[str, int]
    recording: Recording
    state: Any
    arena: Any
    links: Any
    X: Any
    XA: Any
    G: Any
    W: Any
    start: int
    sent: list[Any] = field(default_factory=list)
    traded: list[Any] = field(default_factory=list)
    rows: int = 0

    @property
    def s(self) -> Any:
        """The engine's record."""
        return self.state[0]

    def until(self, second: float, word: int = 0) -> None:
        """Go on to so many seconds after the start; a person's word is told first."""
        row = _scratch()
        row[0]["kind"] = 0
        if word:
            row[0] = (0, 0, 0, word, 0, ALL, rows.CONTROL, rows.LAST)
        until = self.start + round(second * SECOND)
        local, exchange = view(self.recording.local), view(self.recording.exchange)
        mine = (view(self.state), self.arena, self.links, view(self.X), self.XA, view(self.G), view(self.W))
        out, sent, traded = _out(), _sent(), _traded()
        while True:
            self.G["sent_n"] = self.G["traded_n"] = 0
            self.rows += faults.drive(*mine, local, exchange, view(row), view(out), view(sent), view(traded), until)
            row[0]["kind"] = 0
            count, fills = int(self.G["sent_n"][0]), int(self.G["traded_n"][0])
            self.sent.append(sent[:count].copy())
            self.traded.append(traded[:fills].copy())
            if count < len(sent) - len(out) and fills < len(traded):
                return

    def switch(self, on: bool) -> None:
        """Turn all faults on or off; what was held back by them still comes."""
        self.X["faulty"] = self.G["faulty"] = int(on)

    def struck(self) -> Counter[str]:
        """How often each fault struck."""
        found = Counter({n: c for n, c in truth.counts(self.X).items() if n.startswith("fault: ")})
        found.update({words: int(self.G[name][0]) for name, words in OUR_NAMES.items()})
        return +found

    def commands(self) -> Any:
        """Every command that left, in order."""
        return np.concatenate(self.sent)

    def fills(self) -> Any:
        """Every fill the venues reported, once each, by trade id."""
        found = np.concatenate(self.traded)
        return found[np.unique(found["trade"], return_index=True)[1]]


def configuration(number: int, venues: tuple[str, ...]) -> Any:
    """One of a few ways to quote: narrow bands and many small orders, so that limits are met."""
    held = {
        "target_inventory": "1000",
        "max_inventory_deviation": ("60", "25", "150")[number],
        "opening_price": OPENING_PRICE,
    }
    tob = {
        "hourly_quantity": ("3600", "7200", "1800")[number],
        "spread_bps": ("1", "3", "2")[number],
        "timeout_seconds": (6, 3, 10)[number],
        "min_replace_interval_ms": 100,
        "scope": ("venue", "line", "venue")[number],
        "drift_bps": 15,
    }
    passive = {
        "mid_spread_bps": ("4", "3", "6")[number],
        "min_spread_bps": "1",
        "max_spread_bps": "60",
        "quantity": ("6", "8", "20")[number],
        "levels": (2, 1, 3)[number],
        "level_step_bps": "2",
        "timeout_seconds": (8, 20, 4)[number],
        "drift_bps": 10,
        "min_replace_interval_ms": 100,
    }
    return validate(
        {
            "base_coin": "BERA",
            "exchanges": list(venues),
            "inventory": held | {"inventory_price_method": "mark_to_market" if number else "accounting"},
            "tob_lines": [tob],
            "passive_lines": [passive],
            "risk": {"messages_per_second": (10, 20, 30)[number]},
        }
    )


@lru_cache(maxsize=MARKETS)
def market(number: int) -> Recording:
    """A minute of synthetic market, sped up."""
    venues = VENUES[number % len(VENUES)]
    found = synthetic(venues, seed=100 + number, seconds=SECONDS * FASTER)
    local = found.local.copy()
    exchange_ns = (local["ts"] // 1000 - local["lag_us"]) * 1000
    fast = [found.start + (t - found.start) // FASTER for t in (local["ts"], exchange_ns)]
    local["ts"] = fast[0] // 1000 * 1000
    local["lag_us"] = (fast[0] - fast[1]) // 1000
    return Recording(found.markets, local, by_exchange(local), found.start, found.start + SECONDS * SECOND)


@lru_cache(maxsize=MARKETS * 3)
def prepared(number: int, way: int) -> tuple[Any, Any, Any, list[tuple[int, int]], list[int]]:
    """A state filled for a market and a way to quote: what every trial copies."""
    recording = market(number)
    config = configuration(way, VENUES[number % len(VENUES)])
    assert choose(config, recording.markets) == list(range(len(recording.markets)))
    prices = [6.25] * len(recording.markets)
    filled = fill(config, recording.markets, prices)
    each = filled.state[0]["markets"][: len(recording.markets)]
    units = [(int(m["lot_units"]), int(m["cost_units"])) for m in each]
    hints = [int(p / float(m.tick)) for p, m in zip(prices, recording.markets, strict=True)]
    assert filled.state[0]["quotes_n"] <= witness.QUOTES
    return filled.state, filled.arena, config, units, hints


def begin(seed: int) -> Trial:
    """Draw a seed's world and lay it out; nothing has happened yet."""
    random = Random(seed)
    number, way = random.randrange(MARKETS), random.randrange(3)
    state, arena, _, units, hints = prepared(number, way)
    recording = market(number)
    n = len(recording.markets)
    X, XA = build.build(
        recording.markets,
        latency_ns=[random.randrange(1, 80) * MS for _ in range(n)],
        response_ns=[random.randrange(1, 80) * MS for _ in range(n)],
        queue=random.choice(("risk_averse", "power_prob", "log_prob")),
        partial_fills=True,
        publish=random.random() < 0.5,
        timer_ns=100 * MS,
        units=units,
        windows=[4096] * n,
        far=1024,
        memory=8192,
        seed=seed,
    )
    assert max(hints) > 0
    feed.attach(X, recording.local, recording.exchange)
    draws = {"market": number, "way": way}
    G, W = np.zeros(1, fault_state.GATEWAY), np.zeros(1, witness.WITNESS)
    G["seed"], G["due"], G["crossing"] = seed * 2 + 1, fault_state.NEVER, -1
    for name, (least, most) in FAULTS.items():
        if random.random() < 0.45:
            draws[name] = round(least + (most - least) * random.random() ** 2)
    for name, (least, most) in DELAYS.items():
        draws[name] = random.randrange(least, most) * MS
    draws["kill_in_faults"] = int(random.random() < 0.5)
    for name in (*FAULTS, *DELAYS):
        record = G if name in (*OURS, "poll_ns", "timeout_ns", "trouble_ns") else X["faults"]
        record[name] = draws.get(name, 0)
    copied = state.copy()
    return Trial(seed, draws, recording, copied, arena.copy(), links_for(copied), X, XA, G, W, recording.start)


@lru_cache(maxsize=1)
def _scratch() -> Any:
    return np.zeros(1, rows.ROW)


@lru_cache(maxsize=1)
def _out() -> Any:
    return np.zeros(4096, rows.COMMAND)


@lru_cache(maxsize=1)
def _sent() -> Any:
    return np.zeros(1 << 15, fault_state.SENT)


@lru_cache(maxsize=1)
def _traded() -> Any:
    return np.zeros(1 << 13, fault_state.TRADED)
