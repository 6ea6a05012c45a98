"""A paper session in the hands of a test, and a browser where there is one."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackedmm.desk.demo import demonstration
from stackedmm.desk.paper import Paper
from stackedmm.desk.source import Embedded
from stackedmm.rules import RuleSet, load
from tests.desk.waiting import until

RULES = Path(__file__).resolve().parent.parent.parent / "rules"
PATIENCE_S = 240  # the engine may have to be compiled first


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The shipped rules."""
    return load(RULES)


@pytest.fixture
def session(rules: RuleSet) -> Iterator[Callable[..., Paper]]:
    """Starts paper sessions on the simulated market, a minute of it warm, and ends them with the test."""
    started: list[Paper] = []

    def start(**options: Any) -> Paper:
        config = demonstration()
        paper = Paper(config, Embedded(config, warm_up_s=60), rules, **options)
        started.append(paper)
        paper.start()
        until(paper, lambda picture: picture.phase == "live" and picture.state["reconciled"], PATIENCE_S)
        return paper

    yield start
    for paper in started:
        paper.stop()


@pytest.fixture
def paper(session: Callable[..., Paper]) -> Paper:
    """One session that follows the clock."""
    return session()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is: `STACKEDMM_CHROMIUM`, else on the path. Continuous integration has to have one."""
    found = os.environ.get("STACKEDMM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    missing = "" if found else "no chromium on the path and none in STACKEDMM_CHROMIUM"
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        missing = "playwright is not installed"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return str(found)
