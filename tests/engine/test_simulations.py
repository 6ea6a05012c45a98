"""Seeded faults: no seed breaks a promise, every oracle is reached, and a seed repeats to the byte."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stackedmm.core import machine
from stackedmm.engine import witness
from tests.campaign import trial as world
from tests.campaign.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "stackedmm"
SEEDS = 120
KEPT = [int(line) for line in (ROOT / "tests" / "seeds.txt").read_text().splitlines() if line.strip().isdigit()]
RARE = {"fresh", "dead in 2 s"}
TAPE = "from tests.engine.test_simulations import tape; print(tape(7))"

pytestmark = pytest.mark.skipif(not machine.COMPILED, reason="without machine code a seed takes minutes")


def tape(seed: int) -> str:
    """Digest of every command of a seed, and of all the engine knows in the end."""
    from tests.campaign import oracles

    trial, _ = oracles.run(seed)
    digest = hashlib.blake2b(trial.commands().tobytes() + trial.state.tobytes() + trial.arena.tobytes())
    return digest.hexdigest()


@pytest.mark.slow
def test_seeded_faults_break_no_promise_and_every_oracle_is_reached(simulations):
    reached: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for seed in range(SEEDS):
        trial, found = simulations.run(seed)
        assert not found.broken, f"{found.broken}; repeat it: python tests/campaign/run.py --only {seed}"
        reached += found.reached
        struck += trial.struck()
    assert {name for name, count in reached.items() if count < SEEDS} <= RARE
    assert {*witness.NAMES, "paced", "quotes back", "ledger flow", "booked once"} <= set(reached)
    assert len(struck) == len(world.FAULTS) + 1
    assert min(struck.values()) > SEEDS // 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", KEPT)
def test_a_seed_that_once_failed_holds(simulations, seed):
    assert simulations.run(seed)[1].broken == []


@pytest.mark.slow
def test_a_seed_repeats_to_the_byte_in_another_process(simulations):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "9"}
    there = subprocess.run([sys.executable, "-c", TAPE], env=environment, check=True, capture_output=True, text=True)
    assert there.stdout.strip() == tape(7)
    assert tape(8) != tape(7)


@pytest.mark.slow
def test_the_oracles_see_what_they_are_told_to_see(simulations):
    trial = simulations.begin(3)
    trial.until(20)
    trial.s["ledger"]["position"] += 1
    trial.s["ledger"]["flow"] += 1
    found = simulations.Findings()
    simulations.sound(trial, found)
    simulations.kill(trial, found, False)
    simulations.afterwards(trial, found)
    names = {line.split(":")[0] for line in found.broken}
    assert {"sound", "position", "ledger flow"} <= names


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_planted_bug_changes_one_place_of_the_source_and_still_compiles(mutant):
    text = (PACKAGE / mutant.file).read_text()
    assert text.count(mutant.old) == 1
    planted = text.replace(mutant.old, mutant.new)
    assert planted != text
    compile(planted, mutant.file, "exec")
    assert re.search(r"\w", mutant.incident)
