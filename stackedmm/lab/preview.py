"""A preview without a running engine: rules tried on a recording or on the synthetic market; and its picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stackedmm.core.machine import view
from stackedmm.core.recording import Recording
from stackedmm.core.rows import FILL, ROW
from stackedmm.engine.host.face import Fork
from stackedmm.engine.preview import Bounds, Candidate, Preview, preview
from stackedmm.errors import ConfigError
from stackedmm.lab.backtest import Configuration, configuration, rule_values
from stackedmm.lab.data import Described_, Files, market_for, recording_for
from stackedmm.lab.running import Running, prepare
from stackedmm.rules import RuleSet
from stackedmm.sim import feed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECONDS: Final = 180.0
WARM_UP_S: Final = 1200.0
"""Of the synthetic market, before the span."""
LATENCY_NS: Final = 5_000_000
COLOURS: Final = ("#8a8f98", "#1f6feb")


def rehearse(
    config: Configuration,
    before: RuleSet | None,
    after: RuleSet | None,
    data: Files | Recording | None = None,
    *,
    seconds: float = SECONDS,
    values: Mapping[str, float] | None = None,
    markets: Described_ = None,
    bounds: Bounds | None = None,
    seed: int = 1,
) -> Preview:
    """The last `seconds` of the data run under both sets, after all before it was run under the first.

    `data` as in `backtest`; without it a synthetic market. `values` are parameters by `rule.parameter` for both. Raises
    ConfigError or RuleError like `backtest`.
    """
    if not seconds > 0:
        raise ConfigError(f"seconds: {seconds:g}, expected more than 0")
    settings = configuration(config)
    found = data if data is not None else market_for(settings, WARM_UP_S + seconds, seed=seed)
    recording = recording_for(settings, found, markets=markets, seed=seed)
    standing, candidate = (
        Candidate(each, _fitting(each, {**rule_values(settings, each, None), **(values or {})}))
        for each in (before, after)
    )
    running = prepare(
        settings, recording, before, standing.values, seed=seed, collect=False, queue="power_prob_3",
        partial_fills=True, latency_ns=LATENCY_NS,
    )  # fmt: skip
    return preview(fork_of(running, seconds), running.filled, standing, candidate, bounds)


def fork_of(running: Running, seconds: float) -> Fork:
    """The backtest run up to `seconds` before its end, as a fork of what remains."""
    recording = running.recording
    running.state["paper"] = 0
    running.advance(recording.start - 1)
    running.state["paper"] = 1
    start = max(recording.start, recording.end - int(seconds * 1e9)) - 1
    running.advance(start)
    local = recording.local[int(running.X["local_at"][0]) :].copy()
    exchange = recording.exchange[int(running.X["exchange_at"][0]) :].copy()
    filled, X = running.filled, view(running.X.copy())
    feed.attach(X, local, exchange)
    none = np.zeros(0, ROW)
    return Fork(
        filled.state.copy(), filled.arena.copy(), X, running.XA.copy(), local, exchange, none, start, recording.end - 1
    )


def _fitting(rules: RuleSet | None, values: Mapping[str, float]) -> dict[str, float]:
    known = rules.params if rules is not None else {}
    return {name: value for name, value in values.items() if name in known}


def picture(found: Preview, path: str | Path | None = None) -> "Figure":
    """Where the quotes stood under both, a panel a line, then profit; written to `path` if one is given."""
    from matplotlib.figure import Figure

    lines = range(len(found.filled.lines))
    figure = Figure(figsize=(11, 2.6 * (len(lines) + 1)), layout="constrained")
    panels = figure.subplots(len(lines) + 1, 1, sharex=True, squeeze=False)[:, 0]
    for line, panel in zip(lines, panels, strict=False):
        _distances(panel, found, line)
    _profit(panels[-1], found)
    figure.suptitle(found.words, fontsize=10)
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _distances(panel: Any, found: Preview, line: int) -> None:
    """Bids below, asks above the reference: the nearest quote of the line over all markets."""
    for run, colour, name in zip(found.runs, COLOURS, ("in force", "candidate"), strict=True):
        quotes = run.state[0]["quotes"][: run.samples.size.shape[1]]
        minutes = (run.samples.times - found.fork.start) / 60e9
        for side, sign in ((0, -1.0), (1, 1.0)):
            mine = (quotes["line"] == line) & (quotes["side"] == side)
            near = np.where(np.isfinite(run.samples.distance_bps), run.samples.distance_bps, np.inf)[:, mine]
            best = near.min(axis=1, initial=np.inf)
            label = name if side else None
            panel.plot(minutes, np.where(np.isfinite(best), sign * best, np.nan), color=colour, lw=1.2, label=label)
    panel.axhline(0.0, color="black", lw=0.6)
    panel.set_ylabel(f"{found.filled.lines[line].id}\nbps from reference")
    panel.legend(loc="upper right", fontsize=8, frameon=False)


def _profit(panel: Any, found: Preview) -> None:
    for run, colour in zip(found.runs, COLOURS, strict=True):
        minutes = (run.samples.times - found.fork.start) / 60e9
        panel.plot(minutes, run.samples.equity - run.samples.equity[0], color=colour, lw=1.2)
        fills = run.answers[run.answers["kind"] == FILL]
        at = np.interp(fills["ts"], run.samples.times, run.samples.equity - run.samples.equity[0])
        panel.plot((fills["ts"] - found.fork.start) / 60e9, at, "|", color=colour, ms=7)
    panel.set_ylabel(f"profit {found.filled.markets[0].quote}\n(marks: fills)")
    panel.set_xlabel("minutes")
