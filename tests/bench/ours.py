"""One process of our side: `python -m tests.bench.ours FOLDER TASK ROWS RUNS [publish]` prints one line of JSON.

With 0 runs it does what a person does who starts anew: one run, nothing before it.
"""

import json
import sys
import time

BEGUN = time.perf_counter()

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402


def work(folder: Path, name: str, count: int, publish: bool) -> Any:
    """A function that does the task once and returns its counts with the seconds it took."""
    from tests.bench import tasks

    task = tasks.TASKS[name]
    found = tasks.recording(folder, task, count)
    if task.kind == "quoter":
        from tests.bench import quoter

        return lambda: (
            quoter.backtest(found, every_ms=task.every_ms, publish=publish)._asdict() | {"rows": len(found.local)}
        )
    from stackedmm.rules import load
    from tests.bench import stacked

    rules = load(stacked.RULES)

    def once() -> dict[str, Any]:
        run = stacked.backtest(found, rules, **task.config)
        s = run.state[0]
        return {
            "seconds": run.seconds,
            "decisions": int(s["decisions"]),
            "submits": int(s["lines"]["placed"].sum()),
            "fills": int(s["ledger"]["fills"]),
            "rows": len(found.local),
        }

    return once


def main(folder: str, name: str, count: str, runs: str, *more: str) -> None:
    """Run and report."""
    once = work(Path(folder), name, int(count), "publish" in more)
    first = once()
    ready = time.perf_counter() - BEGUN
    seconds = [once()["seconds"] for _ in range(int(runs))]
    print(json.dumps(first | {"runs": seconds, "first_s": ready}))


if __name__ == "__main__":
    main(*sys.argv[1:])
