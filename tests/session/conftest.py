"""Sessions on a stepped clock, in which the same calls always have the same outcome."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackedmm.config import ConfigTemplates
from stackedmm.rules import RuleSet, load
from stackedmm.session import Session, paper

RULES = Path(__file__).resolve().parent.parent.parent / "rules"


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The shipped rules."""
    return load(RULES)


@pytest.fixture
def start(rules: RuleSet) -> Iterator[Callable[..., Session]]:
    """Starts sessions on the simulated market, on which time stands still until it is told, and ends them."""
    started: list[Session] = []

    def start(**options: Any) -> Session:
        given = {"clock": "stepped", "warm_up_s": 120, "rules": rules, "name": f"test {len(started)}"} | options
        config = given.pop("config", None) or ConfigTemplates.conservative_bera_usdt()
        made = paper(config, **given)
        started.append(made)
        made.begin()
        made.wait_live()
        return made

    yield start
    for each in started:
        if each.phase not in ("ended", "failed"):
            each.end()


@pytest.fixture
def session(start: Callable[..., Session]) -> Session:
    """One of them."""
    return start()
