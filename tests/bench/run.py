"""Measure against hftbacktest side by side and write the tables of docs/performance.md: `make bench`.

Every side is a process of its own; rounds go round all of them, ours and the peer's by turns, and medians are kept.
Recorded markets are used where `STACKEDMM_DATA` or the folder beside the project holds them.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import report, tasks  # noqa: E402

Answer = dict[str, Any]


def process(module: str, *arguments: object, cache: Path | None = None) -> Answer:
    """Run one side in a fresh process; its JSON, its wall time and its peak memory."""
    command = [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", *map(str, arguments)]
    environment = dict(os.environ) | ({"STACKEDMM_CACHE": str(cache)} if cache else {})
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, cwd=ROOT, stdout=output, env=environment)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    answer: Answer = json.loads(text.strip().splitlines()[-1])
    return answer | {"wall_s": seconds, "rss_mb": used.ru_maxrss / 1024}


def measure(folder: Path, count: int, rounds: int, names: Sequence[str]) -> dict[str, dict[str, list[Answer]]]:
    """Every task on every side, by turns."""
    found: dict[str, dict[str, list[Answer]]] = {}
    for number in range(rounds):
        for name in names:
            sides = found.setdefault(name, {"ours": [], "peer": [], "shown": []})
            print(f"round {number + 1} of {rounds}: {tasks.TASKS[name].text}", flush=True)
            sides["ours"].append(process("ours", folder, name, count, 5))
            sides["peer"].append(process("peer", folder, name, count, 5))
            if tasks.TASKS[name].kind == "quoter" and name != "recorded":
                sides["shown"].append(process("ours", folder, name, count, 3, "publish"))
            show(name, sides)
    return found


def show(name: str, sides: dict[str, list[Answer]]) -> None:
    """One line on the way."""
    ours, peer = (rate(sides[side][-1:]) for side in ("ours", "peer"))
    print(f"  {ours / 1e6:.1f} M rows/s against {peer / 1e6:.1f}: {ours / peer:.2f}x", flush=True)


def rate(answers: Sequence[Answer]) -> float:
    """Rows a second: the median over all runs of all rounds."""
    return float(statistics.median(each["rows"] / seconds for each in answers for seconds in each["runs"]))


def slower(folder: Path, python: Path, rounds: int) -> dict[str, list[Answer]]:
    """NautilusTrader in its own environment, on the first rows of the same markets: all of them would take hours."""
    found: dict[str, list[Answer]] = {name: [] for name in report.NAUTILUS}
    for number in range(rounds):
        for name, (_, venues, mode, _) in report.NAUTILUS.items():
            print(f"round {number + 1} of {rounds}: NautilusTrader, {name}", flush=True)
            command = [python, "-W", "ignore", ROOT / "tests/bench/nautilus.py", folder, venues, 40_000, mode, 2]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
            found[name].append(json.loads(done.stdout.strip().splitlines()[-1]))
    return found


def fresh(folder: Path, count: int, rounds: int) -> dict[str, list[Answer]]:
    """From a new process to the result of one run over the rows of three venues, compiled code already on disk."""
    sides: dict[str, list[Answer]] = {"ours": [], "stacked": [], "peer": []}
    for _ in range(rounds):
        sides["ours"].append(process("ours", folder, "three", count, 0))
        sides["stacked"].append(process("ours", folder, "stacked", count, 0))
        sides["peer"].append(process("peer", folder, "three", count, 0))
    return sides


def cold(folder: Path, count: int) -> float:
    """Seconds of the first run ever: everything is compiled."""
    empty = Path(tempfile.mkdtemp(prefix="stackedmm-cold-"))
    try:
        return float(process("ours", folder, "stacked", count, 0, cache=empty)["wall_s"])
    finally:
        shutil.rmtree(empty)


def main(rounds: int = 3, count: int = 2_000_000) -> None:
    """Measure everything and write the report."""
    folder = Path(os.environ.get("STACKEDMM_BENCH", ROOT / ".bench")) / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    data = ROOT / os.environ.get("STACKEDMM_DATA", "../shared/data")
    names = tasks.prepare(folder, count, data if data.is_dir() else None)
    for name in names:  # what is compiled once is compiled before anything is timed
        process("ours", folder, name, count, 0)
    other = folder.parent / "nautilus" / "bin" / "python"
    result = report.Measured(
        tasks=measure(folder, count, rounds, names),
        fresh=fresh(folder, count, rounds),
        cold_s=cold(folder, count),
        edit=process("edit", folder, count),
        growth=process("growth", folder, count),
        slower=slower(folder, other, rounds) if other.exists() else {},
        rounds=rounds,
    )
    report.write(ROOT / "docs" / "performance.md", result)
    print(report.tables(result))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
