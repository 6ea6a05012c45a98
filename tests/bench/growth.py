"""How the cost of a row grows with lines and with venues: nanoseconds a row of the whole engine."""

import json
import sys
from pathlib import Path

from stackedmm.rules import load
from tests.bench import market, stacked

LINES = (1, 2, 4, 8, 16, 32)
"""The last one as sixteen of two levels each."""
VENUES = (1, 2, 3, 5, 10, 20)
ROWS = 300_000


def ns_a_row(folder: Path, venues: int, **lines: int) -> tuple[float, float]:
    """Nanoseconds a row and quotes priced a row."""
    found = market.recording(ROWS, venues, folder)
    rules = load(stacked.RULES)
    runs = [stacked.backtest(found, rules, **lines) for _ in range(3)]
    priced = int(runs[0].state[0]["decisions"]) / len(found.local)
    return min(run.seconds for run in runs) / len(found.local) * 1e9, priced


def main(folder: str, count: str) -> None:
    """Print both curves."""
    where = Path(folder)
    lines = {n: ns_a_row(where, 1, tob=0, passive=min(n, 16), levels=max(1, n // 16)) for n in LINES}
    venues = {n: ns_a_row(where, n) for n in VENUES}
    print(json.dumps({"lines": lines, "venues": venues}))


if __name__ == "__main__":
    main(*sys.argv[1:])
