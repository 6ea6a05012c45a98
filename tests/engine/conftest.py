"""The fault simulations' machine code, compiled by one test process while the others wait for it."""

import fcntl
from types import ModuleType

import pytest

from stackedmm.core.machine import CACHE


@pytest.fixture(scope="session")
def simulations() -> ModuleType:
    """The oracles of the campaign, ready to run seeds."""
    from tests.campaign import oracles

    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "simulations.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        oracles.begin(0).until(0.1)
    return oracles
