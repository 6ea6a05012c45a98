"""Papers run with the quotes of shipped rules, so that a rule answers for the paper it names.

Here Avellaneda and Stoikov, "High-frequency trading in a limit order book" (2008), section 3.3: a mid that moves by
σ·sqrt(dt) up or down at each step, and on each side a fill of one order with probability A·exp(-k·distance)·dt, taken
literally and never above 1. Both distances come from `rules/academic/avellaneda_stoikov.py`.

The paper speaks in dollars and in a unit of time; a View speaks in bps and minutes. One bps is a ten-thousandth of the
opening price and stays that many dollars, for the paper's price is arithmetic; one unit of time is a minute; FULL
orders are inventory coefficient 1. So γ and k are divided by the bps in a dollar, σ is multiplied by them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from stackedmm.rules import LoadedRule, RuleSet, View, load

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
GAMMAS: Final = (0.01, 0.1, 0.5, 1.0)
PATHS: Final = 20_000
SEED: Final = 2008
FULL: Final = 100
"""Orders at inventory coefficient 1: more than any path comes to hold."""


class World(NamedTuple):
    """The market of the paper, in dollars and units of time."""

    price: float = 100.0
    sigma: float = 2.0
    horizon: float = 1.0
    steps: int = 200
    k: float = 1.5
    arrivals: float = 140.0

    @property
    def dt(self) -> float:
        """Length of a step."""
        return self.horizon / self.steps

    @property
    def bps(self) -> float:
        """Dollars in one bps."""
        return self.price / 1e4


PAPER: Final = World()


class Quotes(NamedTuple):
    """Distances from the mid in dollars, by step and by orders held, from -FULL to FULL."""

    bid: Array
    ask: Array

    @property
    def spread(self) -> float:
        """What lies between bid and ask, averaged over the steps."""
        return float((self.bid + self.ask).mean())


def avellaneda_stoikov_table(
    folder: str | Path = "rules/academic",
    *,
    gammas: Sequence[float] = GAMMAS,
    paths: int = PATHS,
    seed: int = SEED,
    world: World = PAPER,
) -> "pd.DataFrame":
    """Spread, profit and final position of the paper's two strategies, by risk aversion: its tables 1 to 3.

    `inventory` quotes what the folder's rules say; `symmetric` the same spread, averaged over time, round the mid.
    """
    import pandas as pd

    rules = load(folder)
    chances = np.random.default_rng(seed).spawn(2 * len(gammas))
    rows = {}
    for i, gamma in enumerate(gammas):
        inventory = quotes(rules, gamma, world)
        for j, (name, each) in enumerate((("inventory", inventory), ("symmetric", symmetric(inventory)))):
            profit, position = simulate(each, paths, chances[2 * i + j], world)
            rows[gamma, name] = (each.spread, profit.mean(), profit.std(), position.mean(), position.std())
    index = pd.MultiIndex.from_tuples(rows, names=["gamma", "strategy"])
    columns = ["spread", "profit", "profit_std", "final_q", "final_q_std"]
    return pd.DataFrame(list(rows.values()), index, columns)


def quotes(rules: RuleSet, gamma: float, world: World = PAPER) -> Quotes:
    """What the rules quote at every step and position, asked as the engine asks: half-spread and skew, apart."""
    views = np.repeat(View(volatility_bps=world.sigma / world.bps).row(), 2 * FULL + 1)
    views["inventory"] = np.arange(-FULL, FULL + 1) / FULL
    given = {"gamma": gamma * world.bps, "k": world.k * world.bps, "full": FULL, "weight": 1.0}
    shape = (world.steps, len(views))
    skew, half = np.zeros(shape), np.zeros(shape)
    for step in range(world.steps):
        given["horizon"] = world.horizon - step * world.dt
        skew[step] = _answers(rules["reservation"], views, given) * world.bps
        half[step] = _answers(rules["optimal_spread"], views, given) * world.bps
    return Quotes(half - skew, half + skew)


def _answers(rule: LoadedRule, views: Array, given: dict[str, float]) -> Array:
    answers = np.zeros(len(views))
    rule.fill(views, len(views), [given[name] for name, _ in rule.params], answers)
    return answers


def symmetric(quoted: Quotes) -> Quotes:
    """The same average spread round the mid, whatever is held and however late it is."""
    half = np.full(quoted.bid.shape, quoted.spread / 2)
    return Quotes(half, half)


def simulate(quoted: Quotes, paths: int, chance: np.random.Generator, world: World = PAPER) -> tuple[Array, Array]:
    """Profit in dollars and orders held at the end of each path."""
    cash, position = np.zeros(paths), np.zeros(paths, np.int64)
    price = np.full(paths, world.price)
    hit, lifted = (fill_probability(side, world) for side in quoted)
    jump = world.sigma * world.dt**0.5
    for step in range(world.steps):
        held = position + FULL
        bought = chance.random(paths) < hit[step, held]
        sold = chance.random(paths) < lifted[step, held]
        cash += sold * (price + quoted.ask[step, held]) - bought * (price - quoted.bid[step, held])
        position += bought
        position -= sold
        assert np.abs(position).max(initial=0) <= FULL, "a path holds more than the quotes were asked for"
        price += np.where(chance.random(paths) < 0.5, jump, -jump)
    return cash + position * price, position


def fill_probability(distance: Array, world: World = PAPER) -> Array:
    """The chance of a fill within one step, at a distance from the mid: linear in dt, as in the paper."""
    return np.minimum(1.0, world.arrivals * np.exp(-world.k * distance) * world.dt)
