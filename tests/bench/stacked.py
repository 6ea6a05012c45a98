"""Our side of the stacked comparison: the product's engine as a backtest runs it, two TOB and three passive lines."""

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from stackedmm.config import validate
from stackedmm.config.fill import fill
from stackedmm.core import machine, rows
from stackedmm.core.recording import Recording
from stackedmm.engine.arm import arm
from stackedmm.engine.loop import run
from stackedmm.rules import RuleSet
from stackedmm.sim import build, feed

RULES = Path(__file__).parent / "rules"
ORDER_NS = 2_000_000
"""From us to the exchange, and the same back."""
NAMES = {"bybit": "bybit_perp", "gate": "gate_perp"}
TOB = ((1.0, 0.5), (1.5, 0.8))
"""bps and coins of the TOB lines; a bps is a tick here."""
PASSIVE = ((2.5, 0.6, 1), (5.0, 0.9, 1), (9.0, 1.2, 2))
"""bps, coins, and the move of the target in bps that re-quotes."""


def configuration(
    venues: list[str], tob: int = 2, passive: int = 3, levels: int = 1, interval_ms: int = 0, **more: Any
) -> Any:
    """The stacked task as one configuration; message budgets, and intervals of 0, are set so that they do not bind."""
    free = {"min_replace_interval_ms": interval_ms}
    return validate(
        {
            "base_coin": "COIN",
            "exchanges": [name if name == "binanceusdm" else f"{name}_perp" for name in venues],
            "leverage": 20,
            "inventory": {
                "target_inventory": "0",
                "max_inventory_deviation": "30",
                "inventory_price_method": "mark_to_market",
            },
            "tob_lines": [
                {
                    "id": f"tob-{i}",
                    "hourly_quantity": "100000",
                    "spread_bps": bps,
                    "max_order": coins,
                    "coefficient_method": "none",
                    "timeout_seconds": 30,
                    **free,
                }
                for i, (bps, coins) in enumerate(TOB[:tob])
            ],
            "passive_lines": [
                {
                    "id": f"passive-{i}",
                    "mid_spread_bps": PASSIVE[i % 3][0],
                    "min_spread_bps": "0.5",
                    "quantity": PASSIVE[i % 3][1],
                    "requote_bps": PASSIVE[i % 3][2],
                    "spread_coefficient_method": "none",
                    "quantity_coefficient_method": "none",
                    "timeout_seconds": 120,
                    "levels": levels,
                    "level_step_bps": 2,
                    **free,
                }
                for i in range(passive)
            ],
            "risk": {"messages_per_second": 10_000, "max_open_orders": 120},
            **more,
        }
    )


@dataclass
class Run:
    """One run, and what it counted."""

    seconds: float
    rows: int
    commands: int
    state: Any
    arena: Any
    simulation: Any


def backtest(
    recording: Recording, rules: RuleSet | None, *, publish: bool = True, until: int = 0, **config: Any
) -> Run:
    """Run the stacked task over a recording."""
    filled = fill(
        configuration([m.venue for m in recording.markets], **config),
        recording.markets,
        [100.0] * len(recording.markets),
    )
    links = arm(filled, rules)
    s = filled.state[0]
    units = [(int(m["lot_units"]), int(m["cost_units"])) for m in s["markets"][: len(recording.markets)]]
    X, XA = build.build(
        recording.markets,
        latency_ns=ORDER_NS,
        queue="power_prob",
        timer_ns=100_000_000,
        units=units,
        publish=publish,
        price_hints=[10_000] * len(recording.markets),
        fees=[(Decimal("-0.00005"), Decimal("0.0005"))] * len(recording.markets),
    )
    feed.attach(X, recording.local, recording.exchange)
    row, out, tape = np.zeros(1, rows.ROW), np.zeros(4096, rows.COMMAND), np.zeros(0, rows.COMMAND)
    heard = np.zeros(0, rows.ROW)
    given = [machine.view(a) for a in (recording.local, recording.exchange, row, out, tape, heard)]
    begun = time.perf_counter()
    stepped = run(machine.view(filled.state), filled.arena, links, X, XA, *given, until or recording.end)
    return Run(time.perf_counter() - begun, stepped[0], int(s["commands"]), filled.state, filled.arena, X)
