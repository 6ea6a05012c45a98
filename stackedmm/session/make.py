"""Making sessions: paper on a simulated market, replay of a recording; live, once there is a wire to a venue."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.recording import Recording
from stackedmm.engine.gateway import GatewayHost
from stackedmm.engine.host import Host, SteppedClock, ThreadHost, WallClock
from stackedmm.engine.host.clock import Clock
from stackedmm.engine.host.source import SECOND
from stackedmm.errors import ConfigError, VenueError
from stackedmm.lab.backtest import Configuration, check_seed, configuration, rule_values
from stackedmm.lab.data import Described_, Files, recording_for
from stackedmm.lab.times import Time, nanoseconds
from stackedmm.rules import RuleSet, load
from stackedmm.rules.store import Store, opening
from stackedmm.session.session import Session
from stackedmm.session.source import Embedded, Recorded

WARM_UP_S: Final = 2100.0
"""35 minutes: the longest usual volume window, and some more."""
FASTEST: Final = 1e6
EPOCH_NS: Final = 1_767_571_200 * SECOND
"""2026-01-05 00:00 UTC, a Monday: where a simulated market on a stepped clock begins to trade."""
Rules = str | os.PathLike[str] | RuleSet | None


def paper(
    config: Configuration,
    rules: Rules = None,
    *,
    values: Mapping[str, float] | None = None,
    seed: int = 7,
    warm_up_s: float = WARM_UP_S,
    speed: float = 1.0,
    clock: str = "wall",
    policy: str | None = None,
    store: str | Path | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    name: str = "paper",
) -> Session:
    """Trade a configuration on a simulated market of its venues; no order leaves the machine.

    `rules` is a folder, a set, or None; `values` are parameters by `rule.parameter`, beside the configuration's. The
    market has run for `warm_up_s` when trading is first shown. On `clock="stepped"` time stands still until
    `session.advance(seconds)`, and the same calls give the same session, bit for bit.

    `policy` says what becomes of an edited rule file: `ask` (the default: it is checked and previewed, and waits),
    `auto`, or `off` (the default on a stepped clock). `store` is a folder that keeps every version of the rules beyond
    the session.

    With a `journal`, a folder, a process of its own feeds the engine and writes everything down before it happens;
    `resume` goes on where an earlier session with that journal ended, however it ended. Starting a session ends the
    one of the same `name`. Raises ConfigError, RuleError or JournalError before anything runs.
    """
    settings = configuration(config)
    check_seed(seed)
    if not 1.0 <= warm_up_s <= 86_400.0:
        raise ConfigError(f"warm_up_s: found {warm_up_s:g}, expected 1 to 86400")
    time = clock_of(clock, speed)
    start = EPOCH_NS - int(warm_up_s * SECOND) if isinstance(time, SteppedClock) else None
    source = Embedded(settings, warm_up_s=warm_up_s, seed=seed, start=start)
    kept: dict[str, Any] = {"policy": policy, "store": store, "journal": journal, "resume": resume}
    return session_of(settings, source, rules, values, time, **kept, name=name, mode="paper")


def replay(
    config: Configuration,
    data: Files | Recording,
    rules: Rules = None,
    *,
    values: Mapping[str, float] | None = None,
    markets: Described_ = None,
    start: Time | None = None,
    end: Time | None = None,
    warm_up_s: float = WARM_UP_S,
    speed: float | None = 1.0,
    clock: str = "wall",
    policy: str | None = None,
    store: str | Path | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    name: str = "replay",
) -> Session:
    """Trade a recording against simulated venues, `speed` times as fast as it was recorded; None as fast as it goes.

    As `paper` but for the data: neutral Parquet files or a recording, from `start` to `end` of the recorder's clock. At
    most half of it is warm-up. It ends by itself with the recording.
    """
    settings = configuration(config)
    first, last = (None if at is None else nanoseconds(at, what) for at, what in ((start, "start"), (end, "end")))
    recording = recording_for(settings, data, start=first, end=last, markets=markets)
    source = Recorded(recording, warm_up_s=warm_up_s)
    time = clock_of(clock, FASTEST if speed is None else speed)
    kept: dict[str, Any] = {"policy": policy, "store": store, "journal": journal, "resume": resume}
    return session_of(settings, source, rules, values, time, **kept, name=name, mode="replay")


def live(config: Configuration, *args: object, **options: object) -> NoReturn:
    """Trade on real venues: not yet. Raises VenueError, which says what is missing."""
    settings = configuration(config)
    names = ", ".join(settings.exchanges)
    raise VenueError(
        f"live: found {names}, but this version has no wire to any venue, no guard process and no key store, so no "
        "order can leave it; expected mm.paper(config, rules=...), which trades the same configuration on a "
        "simulated market, or mm.replay(config, data, ...)"
    )


def clock_of(clock: str, speed: float) -> Clock:
    """The clock meant; ConfigError names what is possible."""
    if clock == "stepped":
        return SteppedClock()
    if clock != "wall":
        raise ConfigError(f"clock: found {clock!r}, expected wall or stepped")
    if not 0.01 <= speed <= FASTEST:
        raise ConfigError(f"speed: found {speed:g}, expected 0.01 to {FASTEST:g} times real time")
    return WallClock(speed)


def session_of(
    config: object,
    source: Embedded | Recorded,
    rules: Rules,
    values: Mapping[str, float] | None,
    clock: Clock,
    *,
    name: str,
    mode: str,
    policy: str | None = None,
    store: str | Path | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
) -> Session:
    """A session on a thread of this process, or beside a gateway where there is a journal."""
    settings = configuration(config)
    folder = None if isinstance(rules, RuleSet) or rules is None else Path(rules)
    kept = None if store is None else Path(store)
    ruled = rules if isinstance(rules, RuleSet) or rules is None else rules_of(Path(rules), kept)
    given = rule_values(settings, ruled, values)
    host = host_of(settings, source, ruled, given, clock, None if journal is None else Path(journal), resume=resume)
    if resume:
        given |= tuned(host)
    usual = "off" if isinstance(clock, SteppedClock) else "ask"
    return Session(
        host, name=name, mode=mode, clock=clock, values=given, folder=folder, policy=policy or usual, store=kept
    )


def host_of(
    config: StackedMarketMakingConfig,
    source: Embedded | Recorded,
    rules: RuleSet | None,
    values: Mapping[str, float],
    clock: Clock,
    journal: Path | None,
    *,
    resume: bool,
) -> Host:
    """What runs the engine. ConfigError for a journal where none can be kept."""
    if journal is None:
        if resume:
            raise ConfigError("resume: found no journal, expected the folder of an earlier session's: journal=...")
        return ThreadHost(config, source, rules, values=values, clock=clock)
    if isinstance(clock, SteppedClock):
        raise ConfigError("journal: found clock='stepped', expected 'wall': a gateway keeps its own time")
    if sys.platform == "win32":
        raise ConfigError("journal: a gateway process runs on Linux and macOS; leave the journal out here")
    described = source.described(journal)
    return GatewayHost(config, described, rules, folder=journal, values=values, speed=clock.speed, resume=resume)


def tuned(host: Host) -> dict[str, float]:
    """Parameters that are not the files' defaults in an engine that goes on from an earlier life."""
    params = host.rules.params if host.rules is not None else {}
    found = zip(host.armament.names, host.filled.state[0]["params"].tolist(), strict=False)
    return {name: value for name, value in found if value != params[name].default}


def rules_of(folder: Path, store: Path | None) -> RuleSet:
    """The folder's rules; with a store that is kept, but for what was retired or taken back in an earlier session."""
    return load(folder) if store is None else opening(folder, Store(store))
