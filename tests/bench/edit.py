"""What an edited rule costs: to check and compile it, to load it again, to arm it, and to change a parameter."""

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from stackedmm.config.fill import fill
from stackedmm.engine.arm import arm
from stackedmm.rules import load
from tests.bench import stacked, tasks

EDITS = 7


def main(folder: str, count: str) -> None:
    """Edit one rule several times."""
    found = tasks.recording(Path(folder), tasks.TASKS["stacked"], int(count))
    config = stacked.configuration([m.venue for m in found.markets])
    filled = fill(config, found.markets, [100.0] * len(found.markets))
    load(stacked.RULES)
    compiled, loaded, armed, parameter = [], [], [], []
    with tempfile.TemporaryDirectory() as copy:
        rules = Path(copy) / "rules"
        shutil.copytree(stacked.RULES, rules)
        file = rules / "shaping.py"
        text = file.read_text()
        for _ in range(EDITS):
            new = f"share * q.volatility_bps + 0.0 * {time.time_ns() % 10**9}"
            file.write_text(text.replace("share * q.volatility_bps", new))
            for times in (compiled, loaded):
                begun = time.perf_counter()
                checked = load(rules)
                times.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            arm(filled, checked)
            armed.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            filled.state[0]["params"][0] = 0.4
            parameter.append(time.perf_counter() - begun)
    names = {"compiled": compiled, "loaded": loaded, "armed": armed, "parameter": parameter}
    print(json.dumps({name: statistics.median(times) * 1e3 for name, times in names.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
