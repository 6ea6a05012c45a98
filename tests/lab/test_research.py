"""The paper of Avellaneda and Stoikov comes out of the shipped rule."""

import re
from math import log, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from stackedmm.errors import RuleError
from stackedmm.lab import research
from stackedmm.lab.research import FULL, PAPER, avellaneda_stoikov_table, fill_probability, quotes, simulate, symmetric
from stackedmm.rules import RuleSet, load

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "rules" / "academic"

# 200,000 paths of the same scheme by another program: spread, profit, its deviation, that of the final position.
MONTE_CARLO = {
    (0.01, "inventory"): (1.3490, 68.392, 8.946, 5.218),
    (0.01, "symmetric"): (1.3490, 68.655, 13.678, 8.715),
    (0.1, "inventory"): (1.4918, 64.881, 6.554, 2.928),
    (0.1, "symmetric"): (1.4918, 68.212, 13.470, 8.399),
    (0.5, "inventory"): (2.1557, 48.564, 5.905, 1.955),
    (0.5, "symmetric"): (2.1557, 59.893, 12.330, 6.913),
    (1.0, "inventory"): (3.0317, 31.440, 4.833, 1.639),
    (1.0, "symmetric"): (3.0317, 43.666, 10.751, 5.178),
}
MONTE_CARLO_PATHS = 200_000
# Tables 1 to 3 of the paper: spread, profit, its deviation, final position, its deviation.
PUBLISHED = {
    (0.1, "inventory"): (1.49, 65.0, 6.6, 0.08, 2.9),
    (0.1, "symmetric"): (1.49, 68.4, 12.7, 0.26, 8.4),
    (0.01, "inventory"): (1.35, 68.6, 8.7, 0.12, 5.1),
    (0.01, "symmetric"): (1.35, 68.8, 12.8, 0.09, 8.7),
    (1.0, "inventory"): (3.02, 31.4, 5.0, 0.02, 1.7),
    (1.0, "symmetric"): (3.02, 44.0, 11.0, 0.00, 5.1),
}
PUBLISHED_PATHS = 1000


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load(FOLDER)


@pytest.fixture(scope="module")
def table() -> "pd.DataFrame":
    return avellaneda_stoikov_table(FOLDER)


def errors(deviation: float, *paths: int) -> float:
    """Four standard errors of the difference of two means; those of two deviations are at most a tenth larger."""
    return 4 * deviation * sqrt(sum(1 / each for each in paths))


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "strategy"), MONTE_CARLO)
def test_the_rule_reproduces_the_monte_carlo_table(table: "pd.DataFrame", gamma: float, strategy: str) -> None:
    spread, profit, deviation, held = MONTE_CARLO[gamma, strategy]
    row = table.loc[(gamma, strategy)]
    counts = (research.PATHS, MONTE_CARLO_PATHS)
    assert row.spread == pytest.approx(spread, abs=5.1e-5)
    assert row.profit == pytest.approx(profit, abs=errors(deviation, *counts))
    assert row.profit_std == pytest.approx(deviation, abs=1.1 * errors(deviation, *counts))
    assert row.final_q == pytest.approx(0, abs=errors(held, research.PATHS))
    assert row.final_q_std == pytest.approx(held, abs=errors(held, *counts))


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "strategy"), PUBLISHED)
def test_the_rule_comes_near_the_published_tables(table: "pd.DataFrame", gamma: float, strategy: str) -> None:
    spread, profit, deviation, position, held = PUBLISHED[gamma, strategy]
    row = table.loc[(gamma, strategy)]
    assert row.spread == pytest.approx(spread, abs=0.015)
    assert row.profit == pytest.approx(profit, abs=errors(deviation, PUBLISHED_PATHS))
    assert row.profit_std == pytest.approx(deviation, rel=0.1)
    assert row.final_q == pytest.approx(position, abs=errors(held, PUBLISHED_PATHS))
    assert row.final_q_std == pytest.approx(held, rel=0.1)


@pytest.mark.slow
def test_leaning_costs_a_little_profit_and_saves_much_risk(table: "pd.DataFrame") -> None:
    for gamma in research.GAMMAS:
        inventory, even = table.loc[(gamma, "inventory")], table.loc[(gamma, "symmetric")]
        assert inventory.profit < even.profit
        assert inventory.profit_std < 0.7 * even.profit_std
        assert inventory.final_q_std < 0.7 * even.final_q_std


@pytest.mark.slow
def test_page_shows_the_table_that_comes_out(table: "pd.DataFrame") -> None:
    page = (ROOT / "docs" / "rule-library.md").read_text(encoding="utf-8")
    part = re.search("<!-- paper -->(.*)<!-- /paper -->", page, re.S)
    assert part
    rows = [line.strip("| ").split(" | ") for line in part[1].strip().splitlines()[2:]]
    assert [(float(gamma), name) for gamma, name, *_ in rows] == list(table.index)
    shown = np.array([[float(cell) for cell in cells] for _, _, *cells in rows])
    assert np.abs(shown - table.to_numpy()).max() < 0.01


def test_quotes_are_the_papers_in_dollars(rules: RuleSet) -> None:
    for gamma in research.GAMMAS:
        found = quotes(rules, gamma)
        for step, q in ((0, 0), (0, 3), (50, -7), (199, 1)):
            left = 1 - 0.005 * step
            half = (gamma * 4 * left + 2 / gamma * log(1 + gamma / 1.5)) / 2
            reserved = -q * gamma * 4 * left
            assert found.bid[step, q + FULL] == pytest.approx(half - reserved)
            assert found.ask[step, q + FULL] == pytest.approx(half + reserved)


def test_spread_averages_to_the_closed_form(rules: RuleSet) -> None:
    for gamma, spread in ((0.1, 1.4908), (0.01, 1.3489), (1.0, 3.0217)):
        # The steps look at the time left when they begin, half a step more than its mean.
        found = quotes(rules, gamma)
        assert found.spread == pytest.approx(spread + gamma * 4 * 0.0025, abs=5e-5)
        assert symmetric(found).spread == pytest.approx(found.spread)


def test_fill_probability_is_linear_and_at_most_one() -> None:
    assert fill_probability(np.array(0.0)) == pytest.approx(0.7)
    assert fill_probability(np.array(1.0)) == pytest.approx(140 * np.exp(-1.5) * 0.005)
    assert fill_probability(np.array(-1.0)) == 1.0


def test_quotes_that_are_never_met_earn_nothing(rules: RuleSet) -> None:
    far = symmetric(quotes(rules, 0.1)._replace(bid=np.full((200, 2 * FULL + 1), 1e3)))
    profit, position = simulate(far, 50, np.random.default_rng(1))
    assert not profit.any()
    assert not position.any()


def test_always_met_alike_on_both_sides_earns_the_spread_at_each_step(rules: RuleSet) -> None:
    certain = PAPER._replace(arrivals=1e6)
    even = symmetric(quotes(rules, 0.1))
    profit, position = simulate(even, 50, np.random.default_rng(1), certain)
    assert not position.any()
    assert profit == pytest.approx(200 * even.spread)


def test_equal_seeds_give_equal_tables() -> None:
    first, again, other = (avellaneda_stoikov_table(FOLDER, gammas=[0.1], paths=50, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_folder_without_the_rule_says_what_is_missing() -> None:
    with pytest.raises(RuleError, match="no rule reservation"):
        avellaneda_stoikov_table(ROOT / "rules", gammas=[0.1], paths=5)
