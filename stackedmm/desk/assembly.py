"""A configuration and its markets become an armed engine beside simulated venues that speak the same units."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.fill import Filled, fill, with_fees
from stackedmm.core.market import Market
from stackedmm.engine.arm import arm
from stackedmm.rules import RuleSet
from stackedmm.sim import build

LATENCY_NS: Final = 5_000_000
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
) -> Assembly:
    """State, links and simulated venues for the markets of `choose`; `ticks` say about where they trade."""
    costed = [with_fees(config, market, None) for market in markets]
    prices = [float(market.tick) * at for market, at in zip(costed, ticks, strict=True)]
    filled = fill(config, costed, prices, seed=seed)
    each = filled.state[0]["markets"][: len(costed)]
    X, XA = build.build(
        costed,
        latency_ns=LATENCY_NS,
        queue="power_prob",
        partial_fills=True,
        timer_ns=TIMER_NS,
        units=[(int(m["lot_units"]), int(m["cost_units"])) for m in each],
        price_hints=list(ticks),
        seed=seed,
    )
    return Assembly(filled, arm(filled, rules, values), X, XA)
