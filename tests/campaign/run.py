"""Searches for faults: seeded simulations by the thousand, then planted bugs that they must find.

make campaign, or:  python tests/campaign/run.py [seeds] [--first N] [--only SEED] [--mutants NAME] [--workers N]
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
SEEDS_FILE: Final = ROOT / "tests" / "seeds.txt"
REPORT: Final = ROOT / "docs" / "campaign.md"
SEEDS: Final = 5000
CHUNK: Final = 50
MUTANT_SEEDS: Final = 1000


class Part(NamedTuple):
    """What a few seeds gave."""

    seeds: int
    broken: dict[int, list[str]]
    reached: dict[str, int]
    rows: int
    fills: int
    faults: dict[str, int]
    seconds: float


def run_seeds(seeds: Sequence[int], hasty: bool = False) -> Part:
    """Run seeds in this process; `hasty` stops at the first that breaks an oracle on the venue's side."""
    from tests.campaign import oracles

    began = time.perf_counter()
    broken: dict[int, list[str]] = {}
    reached: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    rows = fills = done = 0
    for seed in seeds:
        trial, found = oracles.run(seed, until_broken=hasty)
        done += 1
        rows += trial.rows
        fills += int(trial.s["ledger"]["fills"])
        reached += found.reached
        faults += trial.struck()
        if found.broken:
            broken[seed] = found.broken
            if hasty:
                break
    return Part(done, broken, dict(reached), rows, fills, dict(faults), time.perf_counter() - began)


def repeat(seed: int) -> str:
    """The command that repeats one seed."""
    return f"python tests/campaign/run.py --only {seed}"


def only(seed: int) -> int:
    """Repeat one seed and say what was drawn and found."""
    from tests.campaign import oracles

    trial, found = oracles.run(seed)
    print(json.dumps({"seed": seed, "draws": trial.draws, "struck": dict(trial.struck())}, indent=1))
    print("\n".join(found.broken) or "nothing broken")
    return int(bool(found.broken))


def search(first: int, count: int, workers: int) -> Part:
    """Run many seeds over several processes."""
    chunks = [range(at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
    run_seeds([first])  # compile once, before the processes start
    began = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = []
        for part in pool.map(run_seeds, chunks):
            parts.append(part)
            for seed, findings in part.broken.items():
                print(f"seed {seed}: {findings[0]}\n  {repeat(seed)}", flush=True)
    return together(parts, time.perf_counter() - began)


def together(parts: Sequence[Part], seconds: float) -> Part:
    """Sum up."""
    reached: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    broken: dict[int, list[str]] = {}
    for part in parts:
        reached += Counter(part.reached)
        faults += Counter(part.faults)
        broken |= part.broken
    seeds, rows, fills = (sum(getattr(p, name) for p in parts) for name in ("seeds", "rows", "fills"))
    return Part(seeds, broken, dict(reached), rows, fills, dict(faults), seconds)


def keep(seeds: Sequence[int]) -> None:
    """Failing seeds are replayed by the test suite for ever."""
    lines = SEEDS_FILE.read_text().splitlines()
    known = {line.split()[0] for line in lines if line and not line.startswith("#")}
    lines += [str(seed) for seed in seeds if str(seed) not in known]
    SEEDS_FILE.write_text("\n".join(lines) + "\n")


# --- mutants ---


class Hunt(NamedTuple):
    """How a planted bug fared: the seeds run until it was found, and by which oracle; none: it lives."""

    name: str
    incident: str
    seeds: int
    oracle: str
    seconds: float


def hunt(name: str) -> Hunt:
    """Plant one bug in a copy of the package and run seeds until an oracle on the venue's side breaks."""
    from tests.campaign.mutants import MUTANTS

    mutant = next(m for m in MUTANTS if m.name == name)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="stackedmm-mutant-") as folder:
        copy = Path(folder)
        for each in ("stackedmm", "tests"):
            shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
        source = copy / "stackedmm" / mutant.file
        text = source.read_text()
        assert text.count(mutant.old) == 1, f"{mutant.name}: its text stands {text.count(mutant.old)} times"
        source.write_text(text.replace(mutant.old, mutant.new))
        environment = os.environ | {"STACKEDMM_CACHE": str(copy / "cache"), "PYTHONPATH": str(copy)}
        command = [sys.executable, str(copy / "tests" / "campaign" / "run.py"), str(MUTANT_SEEDS), "--hasty"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=copy)
    seeds, oracle = done.stdout.strip().splitlines()[-1].split(" ", 1)
    return Hunt(mutant.name, mutant.incident, int(seeds), oracle, time.perf_counter() - began)


def hasty(count: int) -> int:
    """What a mutant's own process does: print how many seeds it took, and the oracle."""
    from tests.campaign import oracles

    oracles.ENGINE_CHECKS = False
    part = run_seeds(range(count), hasty=True)
    findings = next(iter(part.broken.values()), ["none: "])
    print(part.seeds, findings[0].split(":")[0])
    return 0


# --- the report ---


def processor() -> str:
    """What the machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())


def report(first: int, found: Part, hunts: Sequence[Hunt], workers: int) -> str:
    """The campaign's page."""
    last = first + found.seeds - 1
    lines = [
        "# The last campaign",
        "",
        "Written by `make campaign`. What the simulator does and what each oracle asks is told in",
        "[orders.md](orders.md#how-it-is-tested).",
        "",
        f"Seeds {first} to {last}, {datetime.now(UTC):%Y-%m-%d}, {workers} processes on {processor()}, "
        f"Python {platform.python_version()}: **{len(found.broken)} broken** in {found.seconds:.0f} s, "
        f"{60 * found.seeds / found.seconds:,.0f} seeds a minute, {found.rows:,} rows and {found.fills:,} fills.",
        "",
        "| oracle | reached |",
        "| --- | ---: |",
        *(f"| {name} | {count:,} |" for name, count in sorted(found.reached.items())),
        "",
        "| fault | struck |",
        "| --- | ---: |",
        *(f"| {name} | {count:,} |" for name, count in sorted(found.faults.items())),
        "",
    ]
    if hunts:
        lines += [
            "Planted bugs, and what an oracle on the venue's side needed to find them:",
            "",
            "| bug | seen before in | seeds | found by |",
            "| --- | --- | ---: | --- |",
            *(f"| {h.name} | {h.incident} | {h.seeds} | {h.oracle} |" for h in hunts),
            "",
        ]
    lines += [f"Seed {seed}: {findings[0]}. `{repeat(seed)}`" for seed, findings in found.broken.items()]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Run as asked; 1 where an oracle was broken or a planted bug lives."""
    from tests.campaign.mutants import MUTANTS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="?", default=SEEDS)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="repeat one seed")
    parser.add_argument("--mutants", default="", help="hunt only planted bugs whose name holds this; `none`: no hunt")
    parser.add_argument("--hasty", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.only is not None:
        return only(asked.only)
    if asked.hasty:
        return hasty(asked.seeds)
    found = search(asked.first, asked.seeds, asked.workers)
    keep(sorted(found.broken))
    names = [m.name for m in MUTANTS if asked.mutants != "none" and asked.mutants in m.name]
    hunts = []
    with ThreadPoolExecutor(asked.workers) as pool:
        for each in pool.map(hunt, names):
            hunts.append(each)
            print(f"{each.name}: {each.oracle} at seed {each.seeds - 1} ({each.seconds:.0f} s)", flush=True)
    page = report(asked.first, found, hunts, asked.workers)
    print(page)
    if asked.seeds >= SEEDS and len(names) == len(MUTANTS):
        REPORT.write_text(page)
    return int(bool(found.broken) or any(h.oracle == "none" for h in hunts))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    sys.exit(main())
