"""A paper session in the hands of a test, and a browser where there is one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackedmm.desk.demo import demonstration
from stackedmm.rules import RuleSet, load
from stackedmm.session import Session, paper
from tests.desk.waiting import until

RULES = Path(__file__).resolve().parent.parent.parent / "rules"
PATIENCE_S = 240  # the engine may have to be compiled first


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The shipped rules."""
    return load(RULES)


@pytest.fixture
def session(rules: RuleSet) -> Iterator[Callable[..., Session]]:
    """Starts paper sessions on the simulated market, a minute of it warm, and ends them with the test."""
    started: list[Session] = []

    def start(**options: Any) -> Session:
        made = paper(demonstration(), rules, warm_up_s=60, **options)
        started.append(made)
        made.begin()
        until(made, lambda look: look.phase == "live" and look.state["reconciled"], PATIENCE_S)
        return made

    yield start
    for each in started:
        each.end()


@pytest.fixture
def traded(session: Callable[..., Session]) -> Session:
    """One session that follows the clock."""
    return session()
