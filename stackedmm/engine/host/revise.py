"""An edited configuration for a running engine: what of a fresh state the edit changes is stored into the running one.

Two fresh states are filled, from the configuration in force and from the edited one; they differ in settings only, as
neither has run. So there is no list of settings here that could miss one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.change import Change, require_live
from stackedmm.config.fill import Filled, fill
from stackedmm.engine.arm import prepare
from stackedmm.errors import ConfigError
from stackedmm.rules import RuleSet

ONCE: Final = frozenset({"opening", "opening_price"})
"""Used when the ledger opens, and never again."""
LAYOUT: Final = frozenset({"quotes", "quotes_n", "lines_n", "periods_n", "levels"})
"""What says where orders, averages and quotes stand: it cannot move under a running engine."""


class Store(NamedTuple):
    """One field of the state and what it becomes; fields of records inside by their way there."""

    way: tuple[str | int, ...]
    value: Any


class Revision(NamedTuple):
    """What an edit comes to in the engine."""

    changes: tuple[Change, ...]
    stores: tuple[Store, ...]
    filled: Filled
    """The fresh state of the edited configuration: the next revision is told from it."""


def revision(
    old: StackedMarketMakingConfig,
    new: StackedMarketMakingConfig,
    fresh: Filled,
    prices: Sequence[float],
    *,
    seed: int,
    rules: RuleSet | None = None,
) -> Revision:
    """What to store so that an engine filled from `old` follows `new`; `fresh` is that engine before it ran.

    `prices` and `seed` are those that filled it; `rules` are in force when the edit is stored: a line's methods say
    which rules stay out of it. Raises ConfigError where the edit asks for what cannot change while the engine runs,
    with every such setting.
    """
    changes = require_live(old, new)
    filled = fill(new, fresh.markets, prices, seed=seed)
    for i, market in enumerate(fresh.markets):
        kind = "spot" if market.kind == "spot" else "perp"
        name = next(n for n, v in new.venues_by_name.items() if (v.id, v.kind) == (market.venue, kind))
        filled.state["markets"]["enabled"][0, i] = int(new.settings_of(name).enabled)
    stores = tuple(differences(fresh.state[0], filled.state[0]))
    moved = sorted({str(step) for store in stores for step in store.way if step in LAYOUT})
    if moved:
        paths = ", ".join(change.path for change in changes)
        raise ConfigError(f"{paths}: found a change of {', '.join(moved)}, which takes effect at the next start only")
    return Revision(tuple(changes), (*stores, *scopes(fresh, filled, rules)), filled)


def scopes(fresh: Filled, filled: Filled, rules: RuleSet | None) -> Iterator[Store]:
    """Which lines each rule concerns, where the lines' methods changed that."""
    before, after = (prepare(each, rules).record["rules"]["lines"][0] for each in (fresh, filled))
    for i in np.flatnonzero(before != after):
        yield Store(("rules", int(i), "lines"), np.copy(after[i]))


def differences(old: Any, new: Any, way: tuple[str | int, ...] = ()) -> Iterator[Store]:
    """Every plain field in which two records differ, records inside and arrays of them walked through."""
    for name in old.dtype.names:
        before, after = old[name], new[name]
        here = (*way, name)
        if np.asarray(before).tobytes() == np.asarray(after).tobytes():
            continue
        if before.dtype.names is not None and before.shape == ():
            yield from differences(before, after, here)
        elif before.dtype.names is not None:
            for index in np.ndindex(before.shape):
                yield from differences(before[index], after[index], (*here, *index))
        else:
            yield Store(here, np.copy(after))


def apply(state: Any, made: Revision) -> None:
    """Store a revision into a running engine's state; only between two steps."""
    s = state[0]
    for store in made.stores:
        if store.way[-1] in ONCE and s["opened"] == 1:
            continue
        place = s
        for step in store.way[:-1]:
            place = place[step]
        place[store.way[-1]] = store.value
