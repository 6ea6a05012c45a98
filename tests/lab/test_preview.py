"""A preview without a running engine: on a recording or the synthetic market, the same each time."""

from pathlib import Path

import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError, RuleError
from stackedmm.lab.data import market_for
from stackedmm.lab.preview import rehearse
from stackedmm.rules import RuleSet, load, rebuild
from stackedmm.rules.template import template

pytestmark = pytest.mark.slow
CONFIG = mm.ConfigTemplates.conservative_bera_usdt()
SHIPPED = Path(__file__).parents[2] / "rules"


def cautious() -> RuleSet:
    return rebuild({"cautious.py": template("widen", "cautious").encode()})


def test_the_same_arguments_give_the_same_preview() -> None:
    first, second = (rehearse(CONFIG, None, cautious(), seconds=60.0, seed=3) for _ in range(2))
    assert [run.hash for run in first.runs] == [run.hash for run in second.runs]
    assert first.runs[0].hash != first.runs[1].hash
    assert (first.fork.end - first.fork.start) / 1e9 == pytest.approx(60.0, abs=0.01)
    other = rehearse(CONFIG, None, cautious(), seconds=60.0, seed=4)
    assert other.runs[0].hash != first.runs[0].hash


def test_a_recording_shorter_than_the_span_is_run_whole() -> None:
    found = rehearse(CONFIG, load(SHIPPED), load(SHIPPED), market_for(CONFIG, 20), seconds=600.0)
    assert found.equal
    assert (found.fork.end - found.fork.start) / 1e9 == pytest.approx(20.0, abs=0.1)


def test_values_hold_for_the_sets_that_have_them() -> None:
    values = {"cautious.share": 0.0}
    found = rehearse(CONFIG, None, cautious(), market_for(CONFIG, 120), seconds=60.0, values=values)
    assert found.equal
    assert found.after.values == values


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected more than 0"):
        rehearse(CONFIG, None, cautious(), seconds=0.0)
    with pytest.raises(RuleError, match="give a number from 0 to 2"):
        rehearse(CONFIG, None, cautious(), market_for(CONFIG, 20), values={"cautious.share": float("nan")})
