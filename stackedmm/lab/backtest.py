"""A backtest in one call: a configuration, a recording and rules in, what came of them out."""

import os
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from stackedmm.config import StackedMarketMakingConfig, load, loads, validate
from stackedmm.core.recording import Recording
from stackedmm.errors import ConfigError
from stackedmm.lab import notes
from stackedmm.lab.data import Described_, Files, recording_for
from stackedmm.lab.marks import marks
from stackedmm.lab.result import Result
from stackedmm.lab.running import Running, prepare
from stackedmm.lab.series import Samples, sampling_ns
from stackedmm.lab.times import Time, nanoseconds
from stackedmm.rules import RuleSet
from stackedmm.rules import load as load_rules
from stackedmm.sim.feed import first_time

Progress = Callable[[str, float, int], None]
"""Called with the stage (`loading`, `compiling`, `running`), the part of it that is done, 0 to 1, and rows so far."""
Configuration = StackedMarketMakingConfig | Mapping[str, Any] | str | os.PathLike[str]
Fees = tuple[Decimal | float | str, Decimal | float | str]

LATENCY_MAX_MS: Final = 60_000.0
FEE_MAX_BPS: Final = Decimal(1000)
FEE_STEP_BPS: Final = Decimal("0.00001")


def backtest(
    config: Configuration,
    data: Files | Recording | None = None,
    rules: str | os.PathLike[str] | RuleSet | None = None,
    *,
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
    values: Mapping[str, float] | None = None,
    collect: bool = True,
) -> Result:
    """Run a configuration over recorded or synthetic markets; the same arguments give the same result, bit for bit.

    `config` is a model, a mapping, a path or JSON text; `data` a recording, neutral Parquet files, or None for half an
    hour of a synthetic market; `rules` a folder, a set, or None. `latency_ms` is one way, `fees` are (maker, taker) in
    bps for all markets, default the configuration's and then the markets' own. Rows before `start` are warm-up.
    `markets` describes the markets of files; `values` are rule parameters by `rule.parameter`, beside those of the
    configuration. Without `collect` only the summary is kept. Raises ConfigError or RuleError before anything runs.
    """
    settings = configuration(config)
    late = delays(latency_ms, feed_latency_ms)
    first, last = period(start, end)
    check_seed(seed)
    tell = progress or _silent
    ruled = rules if isinstance(rules, RuleSet) or rules is None else load_rules(Path(rules))
    given = rule_values(settings, ruled, values)
    recording = recording_for(
        settings, data, start=first, end=last, markets=markets, seed=seed, fees=fractions(fees),
        progress=lambda done: tell("loading", done, 0),
    )  # fmt: skip
    running = prepare(
        settings, recording, ruled, given, seed=seed, collect=collect, queue=queue, partial_fills=partial_fills,
        stp=stp, **late,
    )  # fmt: skip
    said = notes.before(settings, running.filled, recording, ruled, given, free=data is not None and fees is None)
    samples, seconds = play(running, tell)
    return Result(settings, ruled, running, samples, marks(running), seconds, said + notes.after(running), given)


def play(running: Running, tell: Progress) -> tuple[Samples, float]:
    """Run to the end, chunk by chunk: samples of what the engine knew, and the seconds it took."""
    recording, s = running.recording, running.state
    begin = min(int(recording.local["ts"][0]), recording.start)
    s["paper"] = 0  # the inventory opens, and with it the quoting, when the warm-up is over
    tell("compiling", 0.0, 0)
    running.advance(first_time(recording.local, recording.exchange) - 1)
    tell("compiling", 1.0, 0)
    step = sampling_ns(recording.end - recording.start)
    ends = [*range(recording.start + step, recording.end, step), recording.end]
    samples = Samples(running.filled.state, recording.markets, len(ends) if running.collect else 0)
    clock = perf_counter()
    for at in range(begin + step, recording.start, step):
        running.advance(at - 1)
        tell("running", (at - begin) / (recording.end - begin), int(s["rows"]))
    running.advance(recording.start - 1)
    s["paper"] = 1
    for at in ends:
        running.advance(at - 1)
        if running.collect:
            samples.take(at)
        tell("running", (at - begin) / (recording.end - begin), int(s["rows"]))
    return samples, perf_counter() - clock


def configuration(given: object) -> StackedMarketMakingConfig:
    """The configuration meant: a model as it is, plain objects, JSON text, or the path of a file."""
    if isinstance(given, StackedMarketMakingConfig):
        return given
    if isinstance(given, Mapping):
        return validate(given)
    if isinstance(given, str) and given.lstrip().startswith("{"):
        return loads(given)
    if isinstance(given, str | os.PathLike):
        return load(given)
    raise ConfigError(f"config: found {type(given).__name__}, expected a configuration, a mapping, a path or JSON")


def period(start: Time | None, end: Time | None) -> tuple[int | None, int | None]:
    """From when to when, ns; None is as far as the data go."""
    first, last = (None if time is None else nanoseconds(time, name) for time, name in ((start, "start"), (end, "end")))
    if first is not None and last is not None and first >= last:
        raise ConfigError(f"start: {start} is not before end {end}")
    return first, last


def check_seed(seed: object) -> None:
    """Raises ConfigError for what is no seed."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 32:
        raise ConfigError(f"seed: found {seed!r}, expected a whole number from 0 to {(1 << 32) - 1}")


def fractions(fees: Any) -> tuple[Decimal, Decimal] | None:
    """Maker and taker fee as parts of one, from bps; None where none are given."""
    if fees is None:
        return None
    if not isinstance(fees, tuple | list) or len(fees) != 2:
        raise ConfigError(f"fees: found {fees!r}, expected two numbers, maker and taker in bps")
    found = []
    for fee, name in zip(fees, ("maker", "taker"), strict=True):
        try:
            bps = Decimal(str(fee).strip())
        except InvalidOperation:
            raise ConfigError(f"fees: {name} {fee!r}, expected a number of bps") from None
        if not bps.is_finite() or abs(bps) > FEE_MAX_BPS or bps % FEE_STEP_BPS:
            raise ConfigError(f"fees: {name} {fee} bps, expected -{FEE_MAX_BPS} to {FEE_MAX_BPS}, at most 5 decimals")
        found.append(bps / 10_000)
    return found[0], found[1]


def rule_values(
    config: StackedMarketMakingConfig, rules: RuleSet | None, values: Mapping[str, float] | None
) -> dict[str, float]:
    """Rule parameters by `rule.parameter`: the configuration's, and those of this run on top."""
    if rules is None:
        if values:
            raise ConfigError(f"values: {', '.join(values)} given, and no rules")
        return {}
    written = {f"{rule}.{name}": float(v) for rule, each in config.rules.values.items() for name, v in each.items()}
    return {**written, **(values or {})}


def delays(latency_ms: float, feed_latency_ms: float) -> dict[str, int]:
    """What the simulated venues are told of latencies, ns."""
    return {"latency_ns": _ns(latency_ms, "latency_ms"), "feed_ns": _ns(feed_latency_ms, "feed_latency_ms")}


def _ns(ms: object, name: str) -> int:
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms <= LATENCY_MAX_MS:
        raise ConfigError(f"{name}: found {ms!r}, expected 0 to {LATENCY_MAX_MS:g} ms")
    return round(ms * 1_000_000)


def _silent(stage: str, done: float, rows: int) -> None:
    """Nobody wants to know."""
