"""A configuration and its markets become an armed engine beside simulated venues that speak the same units."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled, fill
from stackedmm.core.market import Market
from stackedmm.engine.arm import arm
from stackedmm.rules import RuleSet
from stackedmm.sim import build

TIMER_NS: Final = 100_000_000


class Assembly(NamedTuple):
    """All that the compiled loop works on."""

    filled: Filled
    links: NDArray[Any]
    X: Any
    XA: NDArray[Any]


def assemble(
    config: StackedMarketMakingConfig,
    markets: Sequence[Market],
    ticks: Sequence[int],
    rules: RuleSet | None,
    values: Mapping[str, float] | None,
    *,
    seed: int,
    **venue: Any,
) -> Assembly:
    """State, links and simulated venues for the markets of `choose`; `ticks` say about where they trade.

    `venue` are the options of `sim.build` that are left open here.
    """
    prices = [float(market.tick) * at for market, at in zip(markets, ticks, strict=True)]
    filled = fill(config, markets, prices, seed=seed)
    each = filled.state[0]["markets"][: len(filled.quoted)]
    units = [(int(m["lot_units"]), int(m["cost_units"])) for m in each]
    units += [build.units_of(market)[:2] for market in markets[len(units) :]]
    X, XA = build.build(markets, timer_ns=TIMER_NS, units=units, price_hints=list(ticks), seed=seed, **venue)
    return Assembly(filled, arm(filled, rules, values), X, XA)
