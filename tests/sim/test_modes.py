"""One source, two ways to run it: machine code and plain Python end in the same bytes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def compiled(seed, count):
    spec = importlib.util.spec_from_file_location("scenario", HERE / "scenario.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.run(seed, count)


def interpreted(seed, count):
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(HERE.parent.parent), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-W", "ignore:overflow encountered", str(HERE / "scenario.py"), str(seed), str(count)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_machine_code_and_python_end_in_the_same_bytes(seed):
    expected = compiled(seed, 3000)
    assert interpreted(seed, 3000) == expected
    fills = int(expected.split()[1])
    assert fills > 50


def test_the_scenario_visits_every_counted_event_but_the_overflows():
    found = compiled(3, 40_000)
    for name in ("own depth rows", "self-trades prevented", "rejected", "fault: late create", "client ids forgotten"):
        assert name in found
