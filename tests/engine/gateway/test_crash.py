"""Either side killed at any moment: what goes on from journal and snapshot is what would have been without it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.engine.journal import read
from stackedmm.engine.replay import Replay
from tests.engine.gateway.test_gateway import alone

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 240
KILLS = int(os.environ.get("STACKEDMM_KILLS", "12"))
pytestmark = pytest.mark.slow


def life(folder):
    """A kernel of its own, and what it says first: how it began, and its gateway's process id."""
    command = [sys.executable, "-m", "tests.engine.gateway.lives", str(folder), "8.0", str(SECONDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    first = process.stdout.readline()
    assert first, process.stderr.read()
    return process, json.loads(first)


def gone(pid, seconds=10):
    """Wait until a process that is not our child has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize("whom", ["kernel", "gateway"])
def test_killed_again_and_again_it_ends_as_if_it_had_not_been(tmp_path, whom):
    pick = random.Random(f"{whom} {os.environ.get('STACKEDMM_SEED', '1')}")
    numbers = []
    for _ in range(KILLS // 2):
        process, said = life(tmp_path)
        numbers.append(said["number"])
        time.sleep(pick.uniform(0.0, 4.0))
        os.kill(process.pid if whom == "kernel" else said["gateway"], signal.SIGKILL)
        process.communicate(timeout=30)
        assert gone(said["gateway"]), "the gateway outlived its kernel"
    process, said = life(tmp_path)
    rest, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    end = json.loads(rest.splitlines()[-1])
    assert end["phase"] == "ended", end
    assert said["resumed"]
    assert numbers == sorted(numbers)
    assert said["number"] > numbers[0]
    again = Replay(tmp_path / "journal")
    assert again.run() == []
    assert again.seat.hash == end["hash"]
    contents = read(tmp_path / "journal")
    said = np.concatenate(
        [batch[(batch["kind"] > rows.GAP) & (batch["kind"] != rows.TIMER)] for _, batch in contents.rows()]
    )
    assert not len(said), f"the gateway has said something: {said}"
    assert end["hash"] == alone(SECONDS)
    assert [h["epoch"] for h in contents.headers] == sorted(h["epoch"] for h in contents.headers)
    assert 3 <= contents.headers[-1]["epoch"] <= KILLS // 2 + 1  # some were killed before they wrote anything
    assert list((tmp_path / "journal" / "snapshots").glob("*.snapshot"))
