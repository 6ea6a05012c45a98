"""Several strategies over the same market in one table: a configuration, simpler ones made from it, and others."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.recording import Recording
from stackedmm.errors import ConfigError
from stackedmm.lab.backtest import Configuration, Fees, Progress, backtest, configuration, period
from stackedmm.lab.baselines import baselines as baselines_of
from stackedmm.lab.comparison import Comparison
from stackedmm.lab.data import Described_, Files, recording_for
from stackedmm.lab.result import Result
from stackedmm.lab.side_by_side import Telling, side_by_side
from stackedmm.lab.times import Time
from stackedmm.rules import RuleSet
from stackedmm.rules import load as load_rules

STACKED: Final = "stacked"
UNRULED: Final = "stacked, no rules"
MOST: Final = 12
"""Strategies that one table can hold and still be read."""


class Strategy(NamedTuple):
    """One row of a comparison."""

    config: StackedMarketMakingConfig
    ruled: bool


def compare(
    config: Configuration,
    data: Files | Recording | None = None,
    rules: str | PathLike[str] | RuleSet | None = None,
    *,
    baselines: bool = True,
    also: Mapping[str, Configuration] | None = None,
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
    threads: int | None = None,
) -> Comparison:
    """Run a configuration and others, each alone in the same market. Other arguments are those of `backtest`.

    Beside `config` with its rules stand the same without them (where `rules` are given), with `baselines` the three
    simpler strategies made from it, and those of `also` by name, with the rules. The market is read once; the runs
    share `threads` threads, by default one a processor, and are the same in any number and order. Raises ConfigError
    or RuleError before anything runs.
    """
    settings = configuration(config)
    ruled = rules if isinstance(rules, RuleSet) or rules is None else load_rules(Path(rules))
    chosen = strategies(settings, ruled, baselines, also)
    telling = Telling(progress, len(chosen))
    first, last = period(start, end)
    read = {"start": first, "end": last, "markets": markets, "seed": seed, "progress": telling.loaded}
    given = recordings({name: each.config for name, each in chosen.items()}, data, read)

    def run(name: str) -> Result:
        strategy = chosen[name]
        return backtest(
            strategy.config, given[name], ruled if strategy.ruled else None, latency_ms=latency_ms,
            feed_latency_ms=feed_latency_ms, queue=queue, partial_fills=partial_fills, fees=fees, stp=stp, seed=seed,
            progress=telling.of(name), values=values if strategy.ruled else None,
        )  # fmt: skip

    return Comparison(settings, side_by_side(run, list(chosen), threads, telling))


def strategies(
    config: StackedMarketMakingConfig,
    rules: RuleSet | None,
    baselines: bool,
    also: Mapping[str, Configuration] | None,
) -> dict[str, Strategy]:
    """What is compared, by name, in the order in which it is shown."""
    chosen = {STACKED: Strategy(config, rules is not None)}
    if rules is not None:
        chosen[UNRULED] = Strategy(config, False)
    if baselines:
        chosen |= {name: Strategy(each, False) for name, each in baselines_of(config).items()}
    for name, other in (also or {}).items():
        if name in chosen:
            raise ConfigError(f"also: {name!r} is the name of another strategy, expected none of {', '.join(chosen)}")
        chosen[name] = Strategy(configuration(other), rules is not None)
    if len(chosen) > MOST:
        raise ConfigError(f"also: {len(chosen)} strategies in all, expected at most {MOST}")
    return chosen


def recordings(
    chosen: Mapping[str, StackedMarketMakingConfig], data: Files | Recording | None, read: Mapping[str, Any]
) -> dict[str, Recording]:
    """What each strategy trades, read once for all that trade the same; a synthetic market is that of the first."""
    found: dict[object, Recording] = {}
    given = {}
    for name, config in chosen.items():
        traded = (config.base_coin, config.quote_currencies, config.exchanges, off(config))
        if traded not in found and data is None and found:
            found[traded] = next(iter(found.values()))
        if traded not in found:
            found[traded] = recording_for(without_fees(config), data, **read)
        given[name] = found[traded]
    return given


def off(config: StackedMarketMakingConfig) -> frozenset[str]:
    """The venues that are not quoted."""
    return frozenset(name for name in config.exchanges if not config.settings_of(name).enabled)


def without_fees(config: StackedMarketMakingConfig) -> StackedMarketMakingConfig:
    """The configuration as far as it says what to read: its fees are not the other strategies'."""
    feeless = {"maker_fee_bps": None, "taker_fee_bps": None}
    venues = {name: {**each.model_dump(), **feeless} for name, each in config.venues.items()}
    return StackedMarketMakingConfig(**{**config.model_dump(), "venues": venues})
