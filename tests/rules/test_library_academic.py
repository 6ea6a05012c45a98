"""The rules taken from papers, against slow references that follow the papers' own derivations."""

from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core.views import BY_NAME
from stackedmm.rules import RuleSet, View, load

FOLDER = Path(__file__).parents[2] / "rules" / "academic"


@pytest.fixture(scope="module")
def academic() -> RuleSet:
    return load(FOLDER)


def avellaneda_stoikov(rules: RuleSet, q: float, sigma: float, **given: float) -> tuple[float, float]:
    """Distances of bid and ask from the mid, in bps, with `full` orders at inventory 1."""
    view = View(inventory=q / 100, volatility_bps=sigma)
    gamma, k, horizon = given["gamma"], given["k"], given["horizon"]
    skew = rules["reservation"].answer(view, gamma=gamma, horizon=horizon, full=100, weight=1)
    half = rules["optimal_spread"].answer(view, gamma=gamma, horizon=horizon, k=k, weight=1)
    return half - skew, half + skew


def asymptotic(rules: RuleSet, q: float, sigma: float, **given: float) -> tuple[float, float]:
    """The same by Guéant, Lehalle and Fernandez-Tapia."""
    view = View(inventory=q / 100, volatility_bps=sigma)
    skew = rules["asymptotic_skew"].answer(view, full=100, weight=1, **given)
    half = rules["asymptotic_spread"].answer(view, weight=1, **given)
    return half - skew, half + skew


# --- Avellaneda and Stoikov ---


def indifferent(q: int, more: int, sigma: float, gamma: float, horizon: float) -> float:
    """How far from the mid an order may trade and leave expected utility as it was, the position then kept to the end.

    The paper's definition of the reservation price, with the expectation of -exp(-γ·wealth) taken by quadrature.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    moves = sigma * sqrt(horizon) * nodes
    before = weights @ np.exp(-gamma * q * moves)
    after = weights @ np.exp(-gamma * (q + more) * moves)
    return log(after / before) / gamma


def best_distance(reserved: float, gamma: float, k: float) -> float:
    """The distance that makes λ(δ)·(1 - exp(-γ·(δ - reserved))) largest, found by looking at every one on a grid."""
    grid = reserved + np.linspace(0, 12 / k, 2_000_001)
    gain = -k * grid + np.log(-np.expm1(-gamma * (grid - reserved)) + 1e-300)
    return float(grid[gain.argmax()])


@pytest.mark.parametrize("q", [-3, 0, 1, 5])
@pytest.mark.parametrize(
    ("sigma", "gamma", "k", "horizon"),
    [(5, 0.01, 0.1, 5), (20, 0.002, 0.05, 2), (200, 0.001, 0.015, 1), (200, 1e-4, 0.015, 0.3)],
)
def test_avellaneda_stoikov_quotes_leave_the_dealer_indifferent_and_earn_most(
    academic: RuleSet, q: int, sigma: float, gamma: float, k: float, horizon: float
) -> None:
    bid, ask = avellaneda_stoikov(academic, q, sigma, gamma=gamma, k=k, horizon=horizon)
    step = 12 / k / 2_000_000
    assert bid == pytest.approx(best_distance(indifferent(q, +1, sigma, gamma, horizon), gamma, k), abs=2 * step)
    assert ask == pytest.approx(best_distance(indifferent(q, -1, sigma, gamma, horizon), gamma, k), abs=2 * step)


def test_avellaneda_stoikov_gives_the_papers_own_numbers(academic: RuleSet) -> None:
    for gamma, spread in ((0.01, 1.3289), (0.1, 1.2908), (1.0, 1.0217)):
        bid, ask = avellaneda_stoikov(academic, 0, 200, gamma=gamma / 100, k=0.015, horizon=0)
        assert (bid + ask) / 100 == pytest.approx(spread, abs=5e-5)
        early = sum(avellaneda_stoikov(academic, 2, 200, gamma=gamma / 100, k=0.015, horizon=1)) / 100
        assert early == pytest.approx(gamma * 4 + spread, abs=5e-5)


def test_avellaneda_stoikov_without_risk_aversion_earns_one_over_k(academic: RuleSet) -> None:
    bid, ask = avellaneda_stoikov(academic, 0, 5, gamma=1e-5, k=0.1, horizon=5)
    assert bid == ask == pytest.approx(10, abs=2e-3)


# --- Guéant, Lehalle and Fernandez-Tapia ---


def exact(most: int, sigma: float, gamma: float, k: float, arrivals: float) -> tuple[list[float], list[float]]:
    """Asymptotic distances of bid and ask at q = -most+1 ... most-1, by the paper's eigenvector."""
    alpha = k * gamma * sigma**2 / 2
    eta = arrivals * (1 + gamma / k) ** -(1 + k / gamma)
    held = np.arange(-most, most + 1)
    beside = np.full(2 * most, -eta)
    _, vectors = np.linalg.eigh(np.diag(alpha * held.astype(float) ** 2) + np.diag(beside, 1) + np.diag(beside, -1))
    f = np.abs(vectors[:, 0])
    earned = log(1 + gamma / k) / gamma
    bid = [log(f[i] / f[i + 1]) / k + earned for i in range(1, 2 * most)]
    ask = [log(f[i] / f[i - 1]) / k + earned for i in range(1, 2 * most)]
    return bid, ask


# The paper's two figures: σ, A, k, γ in ticks and seconds, here bps and minutes; and how near the closed form comes.
FIGURES = [(0.4, 0.9, 0.3, 0.01, 0.01), (1.0, 0.2, 0.3, 0.01, 0.1)]


@pytest.mark.parametrize(("sigma", "arrivals", "k", "gamma", "near"), FIGURES)
def test_closed_form_comes_near_the_exact_quotes_at_small_positions(
    academic: RuleSet, sigma: float, arrivals: float, k: float, gamma: float, near: float
) -> None:
    bids, asks = exact(30, sigma, gamma, k, arrivals)
    for q in range(-3, 4):
        bid, ask = asymptotic(academic, q, sigma, gamma=gamma, k=k, arrivals=arrivals)
        assert bid == pytest.approx(bids[q + 29], abs=near)
        assert ask == pytest.approx(asks[q + 29], abs=near)


@settings(max_examples=60, deadline=None)
@given(
    q=st.integers(-50, 50),
    sigma=st.floats(0, 200),
    gamma=st.floats(1e-3, 0.5),
    k=st.floats(0.01, 2),
    arrivals=st.floats(0.1, 100),
)
def test_skew_and_widen_are_the_papers_two_distances(
    academic: RuleSet, q: int, sigma: float, gamma: float, k: float, arrivals: float
) -> None:
    bid, ask = asymptotic(academic, q, sigma, gamma=gamma, k=k, arrivals=arrivals)
    earned = log(1 + gamma / k) / gamma
    root = sqrt(sigma**2 * gamma / (2 * k * arrivals) * (1 + gamma / k) ** (1 + k / gamma))
    assert bid == pytest.approx(earned + (2 * q + 1) / 2 * root, rel=1e-9, abs=1e-9)
    assert ask == pytest.approx(earned - (2 * q - 1) / 2 * root, rel=1e-9, abs=1e-9)


def test_small_risk_aversion_does_not_harm_the_closed_form(academic: RuleSet) -> None:
    bid, ask = asymptotic(academic, 0, 5, gamma=1e-5, k=10, arrivals=1)
    root = 5 * sqrt(1e-5 / 20 * exp(1))
    assert bid == ask == pytest.approx(0.1 + root / 2, rel=1e-5)


# --- both ---


@pytest.mark.parametrize("name", ["reservation", "asymptotic_skew"])
def test_a_long_position_moves_both_quotes_down_and_volatility_moves_them_further(academic: RuleSet, name: str) -> None:
    rule = academic[name].rule
    assert rule(View(inventory=0.5)) < 0 < rule(View(inventory=-0.5))
    assert rule(View(inventory=0.5)) == -rule(View(inventory=-0.5))
    assert rule(View(inventory=1, volatility_bps=10)) < rule(View(inventory=1)) < rule(View(inventory=0.5))
    assert rule(View(inventory=1), gamma=0.02) < rule(View(inventory=1))


@settings(max_examples=60, deadline=None)
@given(low=st.floats(0, BY_NAME["volatility_bps"].high), high=st.floats(0, BY_NAME["volatility_bps"].high))
def test_more_volatility_is_never_quoted_closer(academic: RuleSet, low: float, high: float) -> None:
    for name in ("optimal_spread", "asymptotic_spread"):
        rule = academic[name].rule
        assert rule(View(volatility_bps=min(low, high))) <= rule(View(volatility_bps=max(low, high)))


def test_a_thicker_flow_is_quoted_closer(academic: RuleSet) -> None:
    assert academic["asymptotic_spread"].rule(View(), arrivals=4) < academic["asymptotic_spread"].rule(View())
    for name in ("optimal_spread", "asymptotic_spread"):
        assert academic[name].rule(View(), k=0.2) < academic[name].rule(View())


def test_the_folder_as_it_comes_is_the_mean_of_its_models(academic: RuleSet) -> None:
    view = View(inventory=0.3, volatility_bps=8)
    for first, second in (("reservation", "asymptotic_skew"), ("optimal_spread", "asymptotic_spread")):
        whole = [academic[name].answer(view, weight=1) for name in (first, second)]
        assert academic[first].answer(view) + academic[second].answer(view) == pytest.approx(sum(whole) / 2)
        assert academic[first].answer(view, weight=0) == 0.0


def test_half_a_model_is_none_so_all_stay_out_of_lines_that_lean(academic: RuleSet) -> None:
    assert all(each.unless == ("inventory",) for each in academic.rules)
    assert all(each.scope.line == ("passive",) for each in academic.rules)
