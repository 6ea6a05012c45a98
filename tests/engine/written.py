"""A journal as the gateway writes one, made in this process from a synthetic market."""

from collections.abc import Iterator

import numpy as np

from stackedmm.config import ConfigTemplates
from stackedmm.config.change import changed
from stackedmm.core import rows
from stackedmm.core.codes import ALL
from stackedmm.core.rows import ROW
from stackedmm.engine.arm import prepare
from stackedmm.engine.host.revise import revision
from stackedmm.engine.journal import Journal
from stackedmm.engine.replay import Beginning, armament_blob, configuration_blob
from stackedmm.engine.seat import Seat
from stackedmm.lab import market_for
from stackedmm.lab.data import first_prices
from stackedmm.rules import RuleSet, rebuild

NEAR = {"passive_lines[passive-1].mid_spread_bps": "2", "passive_lines[passive-1].min_spread_bps": "1"}
CONFIG = changed(ConfigTemplates.conservative_bera_usdt(), NEAR)
EDITED = changed(CONFIG, {"tob_lines[tob-1].spread_bps": "44", "max_coefficient": "2.5"})
SECOND = 1_000_000_000
LEAN = b'''"""Lean."""
from stackedmm import Param, rule


@rule.skew
def lean(q, strength=Param(%d, 0, 40, "bps")):
    """Lean away from inventory."""
    return -strength * q.inventory
'''


def rule_set(strength: int) -> RuleSet:
    return rebuild({"lean.py": LEAN % strength})


def beginning(seconds: float = 60, rules: RuleSet | None = None):
    """An engine's beginning and the market it will see."""
    market = market_for(CONFIG, seconds, seed=5)
    venue = {"latency_ns": 5_000_000, "queue": "power_prob_3", "partial_fills": True}
    return Beginning(CONFIG, market.markets, first_prices(market), 1, venue, rules, {}), market


def marks(*times: int) -> np.ndarray:
    made = np.zeros(len(times), ROW)
    made["ts"], made["kind"], made["marks"] = times, rows.TIMER, rows.LAST
    return made


def word(kind: int, ts: int, **fields: int) -> np.ndarray:
    made = np.zeros(1, ROW)
    made["kind"], made["ts"], made["market"], made["marks"] = kind, ts, ALL, rows.LAST
    for name, value in fields.items():
        made[name] = value
    return made


def frames_of(market, step=SECOND // 10, ahead=2 * SECOND) -> Iterator[np.ndarray]:
    """The market as the gateway sends it: rows ahead of time, and marks."""
    local, at, now, end = market.local, 0, int(market.local["ts"][0]), market.end - 1
    while now < end:
        now = min(now + step, end)
        until = int(np.searchsorted(local["ts"], now + ahead))
        yield np.concatenate([local[at:until], marks(now)])
        at = until


def write_run(folder, seconds=60, *, each=None, close=True):
    """Run an engine with a few swaps, words and an edit, and journal it; the seat as it ends.

    `each` is called after every frame with its number, the seat and what was put in force so far, as blobs.
    """
    first = rule_set(5)
    begun, market = beginning(seconds, first)
    seat = Seat(begun.assembled())
    journal = Journal(folder)
    force = {"beginning": begun.data()}
    journal.blob("beginning", force["beginning"])
    edit = revision(CONFIG, CONFIG, seat.built.filled, begun.prices, seed=begun.seed)
    for i, frame in enumerate(frames_of(market)):
        said = []
        if i % 97 == 50:
            rules = rule_set(5 + i % 13)
            armament = prepare(seat.built.filled, rules)
            ticket = seat.arm(armament)
            force["armament"] = armament_blob(ticket, armament, rules)
            journal.blob("armament", force["armament"])
            said.append(word(rows.RULE_SET, seat.row_ns, ref=armament.digest, px=ticket))
        if i == 200:
            edit = revision(CONFIG, EDITED, edit.filled, begun.prices, seed=begun.seed)
            ticket = seat.arm(None, edit)
            force["configuration"] = configuration_blob(ticket, EDITED)
            journal.blob("configuration", force["configuration"])
            said.append(word(rows.RULE_SET, seat.row_ns, ref=1, px=ticket))
        if i % 61 == 30:
            value = np.array([float(i % 40)]).view(np.int64)[0]
            said.append(word(rows.PARAM, seat.row_ns, ref=0, qty=value))
        if i % 150 == 100:
            said.append(word(rows.CONTROL, seat.row_ns, ref=rows.PAUSE if i % 300 == 100 else rows.RESUME))
        together = np.concatenate([*said, frame])
        before = int(seat.dials["tape_n"][0])
        journal.rows(together)
        journal.flush()
        seat.take(together)
        made = seat.tape[np.arange(before, int(seat.dials["tape_n"][0])) % len(seat.tape)]
        if len(made):
            journal.commands(made, seat.number)
        if i % 10 == 0:
            journal.note({"number": seat.number, "told": seat.told})
        if each is not None:
            each(i, seat, dict(force))
    if close:
        journal.close({"number": seat.number, "told": seat.told, "hash": seat.hash})
    return seat
