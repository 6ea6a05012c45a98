"""The check that no decision knows what happens after it: cut the data off at a time, and nothing before may change.

A run over all the data is compared, byte by byte, with runs over what was known at some times. The simulated venues
keep what had happened there by then, the engine what it had heard of; whatever else reads the recording, be it a fit
of parameters, gets no more. Properties of the market's description (ticks, lots, the recorder's clock) are taken from
the whole recording: they are no news.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.lib.recfunctions import repack_fields

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.recording import Recording, exchange_time
from stackedmm.core.rows import COMMAND, GAP, ROW
from stackedmm.errors import ConfigError
from stackedmm.lab.backtest import (
    Configuration,
    Fees,
    Progress,
    check_seed,
    configuration,
    delays,
    fractions,
    period,
    play,
    rule_values,
)
from stackedmm.lab.data import Described_, Files, recording_for
from stackedmm.lab.foresight import Cut, Difference, Lookahead
from stackedmm.lab.frames import joined
from stackedmm.lab.running import prepare
from stackedmm.lab.side_by_side import Telling, side_by_side
from stackedmm.lab.times import Time
from stackedmm.rules import RuleSet
from stackedmm.rules import load as load_rules
from stackedmm.sim import feed

Array = np.ndarray[Any, Any]
Values = Mapping[str, float] | Callable[[Recording], Mapping[str, float]]
"""Rule parameters by `rule.parameter`, or what finds them in a recording."""
MOST: Final = 1000


class Runs(NamedTuple):
    """What all runs of one check have in common."""

    config: StackedMarketMakingConfig
    recording: Recording
    rules: RuleSet | None
    values: Values | None
    venue: Mapping[str, Any]
    """Options of the simulated venues, and the seed."""

    def tape(self, cut: int | None, tell: Progress) -> Array:
        """All commands of a run over the data, or over those that were known before `cut`."""
        known = self.recording if cut is None else known_before(self.recording, cut, int(self.venue["feed_ns"]))
        values = self.values(known) if callable(self.values) else self.values
        given = rule_values(self.config, self.rules, values)
        running = prepare(self.config, self.recording, self.rules, given, collect=True, **self.venue)
        if cut is not None:
            running.recording = known
            feed.attach(running.X, known.local, known.exchange)
        play(running, tell)
        return joined(running.commands, COMMAND)


def lookahead(
    config: Configuration,
    data: Files | Recording | None = None,
    rules: str | PathLike[str] | RuleSet | None = None,
    *,
    cuts: int = 10,
    latency_ms: float = 5.0,
    feed_latency_ms: float = 0.0,
    queue: str = "power_prob_3",
    partial_fills: bool = True,
    fees: Fees | None = None,
    stp: str = "none",
    seed: int = 1,
    start: Time | None = None,
    end: Time | None = None,
    markets: Described_ = None,
    progress: Progress | None = None,
    values: Values | None = None,
    threads: int | None = None,
) -> Lookahead:
    """Whether commands before a time depend on data after it, tried at `cuts` times drawn by `seed`.

    Half of the cuts lie a nanosecond after some command, where a glance at the very next row would show. `values`
    may be a function that finds rule parameters in a recording: then it sees only what each run sees, and a fit over
    all the data is found out. Other arguments are those of `backtest`.
    """
    check_cuts(cuts)
    settings = configuration(config)
    first, last = period(start, end)
    check_seed(seed)
    telling = Telling(progress, cuts + 1)
    recording = recording_for(
        settings, data, start=first, end=last, markets=markets, seed=seed, fees=fractions(fees),
        progress=telling.loaded,
    )  # fmt: skip
    venue = {
        **delays(latency_ms, feed_latency_ms), "queue": queue, "partial_fills": partial_fills, "stp": stp,
        "seed": seed,
    }  # fmt: skip
    ruled = rules if isinstance(rules, RuleSet) or rules is None else load_rules(Path(rules))
    runs = Runs(settings, recording, ruled, values, venue)
    whole = runs.tape(None, telling.of("all data"))
    times = cut_times(recording, whole, cuts, seed)
    tapes = side_by_side(
        lambda name: runs.tape(int(name), telling.of(name)), [str(time) for time in times], threads, telling
    )
    return Lookahead(tuple(compared(whole, tapes[str(time)], time) for time in times), recording.shift)


def check_cuts(cuts: object) -> None:
    """Raises ConfigError for what is no number of cuts."""
    if isinstance(cuts, bool) or not isinstance(cuts, int) or not 1 <= cuts <= MOST:
        raise ConfigError(f"cuts: found {cuts!r}, expected a whole number from 1 to {MOST}")


def cut_times(recording: Recording, whole: Array, count: int, seed: int) -> list[int]:
    """Times within the traded part, in order: half of them right after a command, as far as there are any."""
    chance = np.random.default_rng(seed)
    given = np.unique(whole["ts"][(whole["ts"] >= recording.start) & (whole["ts"] < recording.end - 1)])
    after = chance.choice(given, min(count // 2, len(given)), replace=False) + 1
    anywhere = chance.integers(recording.start + 1, recording.end, count - len(after))
    return sorted({*after.tolist(), *anywhere.tolist()})


def known_before(recording: Recording, cut: int, feed_ns: int = 0) -> Recording:
    """What was known before a time: rows that had arrived, in the venues' order those that had happened.

    One row follows at the cut, so that time goes on to it; nothing before the cut may notice which.
    """
    local, exchange = recording.local, recording.exchange
    after = np.zeros(1, ROW)
    after["kind"], after["ts"] = GAP, (cut // 1000 + 1) * 1000
    arrived = np.concatenate([local[local["ts"] + feed_ns < cut], after])
    happened = np.concatenate([exchange[exchange_time(exchange) < cut], after])
    return replace(recording, local=arrived, exchange=happened, end=cut)


def compared(whole: Array, part: Array, cut: int) -> Cut:
    """The first difference between two runs' commands before a time."""
    a, b = (tape[tape["ts"] < cut] for tape in (whole, part))
    shorter = min(len(a), len(b))
    packed = [np.frombuffer(repack_fields(tape[:shorter]).tobytes(), np.uint8) for tape in (a, b)]
    differs = np.flatnonzero(packed[0] != packed[1])
    if len(differs):
        at = int(differs[0]) // repack_fields(COMMAND).itemsize
        return Cut(cut, len(a), difference(a[at], b[at], at))
    if len(a) != len(b):
        longer = a if len(a) > len(b) else b
        counts = f"{len(a)} commands", f"{len(b)} commands"
        return Cut(
            cut, len(a), Difference(shorter, int(longer["ts"][shorter]), int(longer["ref"][shorter]), "count", *counts)
        )
    return Cut(cut, len(a), None)


def difference(a: np.void, b: np.void, at: int) -> Difference:
    """The first field in which two commands differ, to the bit."""
    for name in COMMAND.names or ():
        if np.asarray(a[name]).tobytes() != np.asarray(b[name]).tobytes():
            return Difference(at, int(a["ts"]), int(a["ref"]), *shown(name, a[name], b[name]))
    raise AssertionError("equal commands were said to differ")


def shown(name: str, a: Any, b: Any) -> tuple[str, str, str]:
    """Name and both values of a field; of an array, those of the first element that differs."""
    if np.ndim(a) == 0:
        return name, str(a), str(b)
    i = next(i for i in range(len(a)) if a[i].tobytes() != b[i].tobytes())
    return f"{name}[{i}]", str(a[i]), str(b[i])
