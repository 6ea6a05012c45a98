"""Reloads by the thousand under a full feed: each decision is that of an engine given each set at its row.

python tests/campaign/reloads.py [reloads] [--seed N] [--speed X]

A folder is edited as people edit it: numbers, words, new files, functions shared by files, files that are refused,
deletions, retirements, ways back. Every hundred reloads the last span is run again from a fork, given the same sets at
the same rows, and both states must be one to the last bit. Prints how long edits took and what they cost.
"""

import argparse
import json
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from stackedmm.core.rows import RULE_SET  # noqa: E402
from stackedmm.engine.arm import Armament  # noqa: E402
from stackedmm.engine.preview.bounds import NONE  # noqa: E402
from stackedmm.engine.reload import Guard  # noqa: E402
from stackedmm.rules import edit as stages  # noqa: E402
from tests.engine.running import Replayed, Running, differences  # noqa: E402
from tests.rules.hostile import HEAD  # noqa: E402

CHECK_EVERY: Final = 100
STEP_S: Final = 0.05
SPAN_S: Final = 800.0
"""Row time that is run again: more than a hundred reloads take."""
SHAPES: Final = "def bent(x, by):\n    return x * (1.0 + by * abs(x))\n"
USER: Final = (
    HEAD
    + 'from shapes import bent\n@rule.skew\ndef lean(q, strength=Param(8, 0, 40, "bps")):\n    """Doc."""\n'
    + "    return -strength * bent(q.inventory, {by})\n"
)
EXTRA: Final = HEAD + '@rule.{verb}\ndef {name}(q, by=Param({by}, 0, 40)):\n    """Doc."""\n    return {value}\n'
KINDS: Final = (("widen", "by"), ("skew", "0.1 * by * q.imbalance"), ("size", "1.0 / (1.0 + by * abs(q.pressure))"))


class Feed:
    """Row time goes on at the side, `speed` times as fast as the wall clock."""

    def __init__(self, engine: Running, speed: float) -> None:
        self._engine, self._pause = engine, STEP_S / speed
        self._stop, self._hold = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            with self._hold:
                self._engine.clock.advance(STEP_S)

    def still(self) -> threading.Lock:
        """Holds row time while it is entered."""
        return self._hold

    def stop(self) -> None:
        """End, and wait until it has."""
        self._stop.set()
        self._thread.join()


def edits(engine: Running, draw: Random) -> Any:
    """One edit, as people edit."""
    kind = draw.choices(("number", "shared", "extra", "refused", "gone", "back"), (40, 15, 25, 8, 6, 6))[0]
    unique = time.time_ns() % 10**9
    if kind == "number":
        return engine.save("lean.py", USER.format(by=f"{draw.uniform(0, 2):.6f}") + f"# {unique}\n")
    if kind == "shared":
        return engine.save("shapes.py", SHAPES.replace("1.0 +", f"{draw.uniform(0.5, 1.5):.6f} +") + f"# {unique}\n")
    if kind == "refused":
        return engine.save("lean.py", USER.format(by="q.inventroy") + f"# {unique}\n")
    name = f"extra{draw.randrange(6)}"
    if kind == "gone" and (engine.folder / f"{name}.py").exists():
        return engine.lived((engine.folder / f"{name}.py").unlink)
    if kind == "back" and len(engine.store.in_force()) > 1:
        engine.reload.rollback(who="campaign")
        return None
    verb, value = draw.choice(KINDS)
    by = f"{draw.uniform(0, 5):.4f}"
    return engine.save(f"{name}.py", EXTRA.format(verb=verb, name=name, by=by, value=value) + f"# {unique}\n")


def agrees(engine: Running, sets: dict[int, Armament]) -> set[tuple[int, int]]:
    """Run the last span again; the times of the swaps in it. AssertionError where the two engines differ."""
    fork = engine.host.fork(SPAN_S)
    first = sets[int(fork.state[0]["rules_digest"])]
    twin = Replayed(fork, first, sets)
    state = engine.host.look().state
    assert int(twin.state["rows"][0]) == int(state["rows"]), "a row was missed"
    found = differences(twin.state[0], state)
    assert not found, f"the decisions differ: {found}"
    swaps = fork.said[fork.said["kind"] == RULE_SET]
    return set(zip(swaps["ts"].tolist(), swaps["ref"].tolist(), strict=True))


def memory_mb() -> float:
    """What this process holds."""
    return float(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def run(count: int, seed: int, speed: float) -> dict[str, Any]:
    """The campaign; what it came to."""
    draw, taken, stage_counts = Random(seed), [], {}
    checked: set[tuple[int, int]] = set()
    sets: dict[int, Armament] = {}
    with tempfile.TemporaryDirectory() as place:
        files = {"shapes.py": SHAPES, "lean.py": USER.format(by="0.5")}
        with Running(Path(place), files, bounds=NONE, guard=Guard(seconds=0.0)) as engine:

            def swapped(rules: Any, who: str, why: str) -> None:
                sets[rules.digest] = engine.host.armament

            sets[engine.host.armament.digest] = engine.host.armament
            engine.reload.swapped.append(swapped)
            before = 0.0
            feed = Feed(engine, speed)
            begun = time.perf_counter()
            reloads = 0
            while reloads < count:
                start = time.perf_counter()
                lived = edits(engine, draw)
                stage = lived.stage if lived is not None else "rolled back"
                stage_counts[stage] = stage_counts.get(stage, 0) + 1
                if stage in (stages.IN_FORCE, "rolled back"):
                    reloads += 1
                if stage == stages.IN_FORCE:
                    taken.append(time.perf_counter() - start)
                if reloads % CHECK_EVERY == 0 and stage in (stages.IN_FORCE, "rolled back"):
                    with feed.still():
                        checked |= agrees(engine, sets)
                    before = before or memory_mb()
                    said = f"{reloads:,} reloads, p50 {median(taken) * 1e3:.0f} ms, {memory_mb():.0f} MB"
                    print(said, file=sys.stderr, flush=True)
            seconds = time.perf_counter() - begun
            feed.stop()
            checked |= agrees(engine, sets)
            state = engine.host.look().state
            return {
                "reloads": reloads,
                "stages": stage_counts,
                "swaps checked": len(checked),
                "rows": int(state["rows"]),
                "commands": int(state["commands"]),
                "save to in force ms": {
                    "p50": round(median(taken) * 1e3),
                    "p95": round(quantiles(taken, n=20)[-1] * 1e3),
                    "max": round(max(taken) * 1e3),
                },
                "parts ms": {
                    name: round(median(e.seconds[name] for e in engine.reload.life.edits if name in e.seconds) * 1e3, 1)
                    for name in ("check", "load", "preview", "apply")
                },
                "workshops lost": engine.reload.life.workshop.restarts,
                "memory MB a 1000": round((memory_mb() - before) / max(reloads - CHECK_EVERY, 1) * 1000)
                if before
                else 0,
                "seconds": round(seconds, 1),
            }


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reloads", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=10.0, help="row time against the wall clock")
    args = parser.parse_args()
    print(json.dumps(run(args.reloads, args.seed, args.speed), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
