"""What a reader of the numbers has to know: what was assumed, left aside, and what went wrong."""

from collections.abc import Mapping

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled
from stackedmm.core.codes import EVENTS
from stackedmm.core.recording import Recording
from stackedmm.core.rows import REASONS
from stackedmm.lab.running import Running
from stackedmm.lab.times import nanoseconds
from stackedmm.rules import RuleSet
from stackedmm.sim import truth

EXPECTED = frozenset({"requests", "answers", "fills", "own depth rows", "rejected", "client ids forgotten"})
"""Counts of the simulated venues that belong to every run."""


def before(
    config: StackedMarketMakingConfig,
    filled: Filled,
    recording: Recording,
    rules: RuleSet | None,
    values: Mapping[str, float],
    *,
    free: bool,
) -> list[str]:
    """What is known before anything runs; with `free` markets without fees are pointed out."""
    found = {market.venue for market in recording.markets}
    absent = [name for name, venue in config.venues_by_name.items() if venue.id not in found]
    said = [*filled.notes, *recording.notes]
    if absent:
        said.append(f"exchanges: not in the data, left out: {', '.join(absent)}")
    costless = [m.name for m in recording.markets if not m.maker_fee and not m.taker_fee]
    if free and costless:
        said.append(f"fees: none are known for {', '.join(costless)}, taken as 0")
    opened = config.inventory.start_time
    if opened is not None and nanoseconds(opened, "inventory.start_time") > recording.start:
        said.append("inventory.start_time: later than the data's start; a backtest counts all its fills")
    if rules is not None:
        said += rules.values(values).warnings
    return said


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
