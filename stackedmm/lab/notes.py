"""What a reader of the numbers has to know: what was assumed, left aside, and what went wrong."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.core.codes import EVENTS
from stackedmm.core.recording import Recording
from stackedmm.core.rows import REASONS
from stackedmm.lab.running import Running
from stackedmm.rules import RuleSet
from stackedmm.sim import truth

EXPECTED = frozenset({"requests", "answers", "fills", "own depth rows"})
"""Counts of the simulated venues that belong to every run."""


def before(
    config: StackedMarketMakingConfig,
    filled: Filled,
    recording: Recording,
    rules: RuleSet | None,
    values: Mapping[str, float],
    *,
    synthetic: bool,
    fees: tuple[Decimal, Decimal] | None,
) -> list[str]:
    """What is known before anything runs."""
    found = {market.venue for market in recording.markets}
    absent = [name for name, venue in config.venues_by_name.items() if venue.id not in found]
    said = [*filled.notes, *recording.notes]
    if absent:
        said.append(f"exchanges: not in the data, left out: {', '.join(absent)}")
    if not synthetic:
        said += [f"{m.name}: tick {m.tick} and lot {m.lot} are {m.source}" for m in recording.markets]
        free = [m.name for m in recording.markets if not m.maker_fee and not m.taker_fee]
        if free and fees is None:
            said.append(f"fees: none are known for {', '.join(free)}, taken as 0")
    if recording.shift:
        said.append(f"times: rows run {recording.shift} ns ahead of the recorder's clock, which lagged the venues'")
    if int(filled.state[0]["start_ns"]) > recording.start:
        said.append("inventory.start_time: later than the data's start; a backtest counts all its fills")
    if rules is not None:
        said += rules.values(values).warnings
    return said


def count_all_fills(s: Any) -> None:
    """A backtest's own trades all count: with the configured start in the future its band would not hold."""
    s["start_ns"] = 0


def after(running: Running) -> list[str]:
    """What happened that should not have, or that stopped the quoting."""
    s = running.state
    said = [f"{count} times: {name}" for name, count in zip(EVENTS, s["events"], strict=False) if count]
    if s["out_lost"]:
        said.append(f"{s['out_lost']} times: no room for a command")
    said += [f"{count} times: {name}" for name, count in truth.counts(running.X).items() if name not in EXPECTED]
    if s["halted"]:
        said.append(f"quoting was stopped: {REASONS[int(s['halted'])]}")
    if not s["reference"] > 0.0:
        said.append("no reference price at the end")
    if not s["reconciled"]:
        said.append("nothing was quoted: no reference price was ever known")
    return said
