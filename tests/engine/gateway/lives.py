"""Sessions beside a gateway, for tests: made here, or in a process of their own that may be killed."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from stackedmm.engine.gateway import Described, GatewayHost
from tests.engine.written import beginning, rule_set

SECOND = 1_000_000_000
PATIENCE_S = 240  # the engine may have to be compiled first
STRENGTH = 5


def described(folder: Path, seconds: float = 60, warm_up_s: float = 5) -> Described:
    """A market of so many seconds, stored for a gateway."""
    _, market = beginning(seconds)
    path = folder / "rows.npy"
    if not path.exists():
        np.save(path, market.local)
    source = {"kind": "rows", "path": str(path), "start": market.start, "end": market.end}
    ready = market.start + int(warm_up_s * SECOND)
    begun, _ = beginning(1)
    return Described(begun.markets, begun.ticks, market.start, ready, "a stored market", source)


def host(folder: Path, *, seconds: float = 60, warm_up_s: float = 5, **options) -> GatewayHost:
    """A host on that market, not started."""
    begun, _ = beginning(1)
    source = described(folder, seconds, warm_up_s)
    return GatewayHost(
        begun.config, source, rule_set(STRENGTH), folder=folder / "journal", venue=begun.venue, **options
    )


def until(running: GatewayHost, condition, seconds: float = PATIENCE_S):
    """The first look of which the condition holds; looks come with every publication."""
    found = []

    def looked():
        look = running.look()
        if not found and condition(look):
            found.append(look)

    running.listeners.append(looked)
    try:
        end = time.monotonic() + seconds
        while not found and time.monotonic() < end:
            look = running.look()
            if condition(look):
                return look
            assert look.phase != "failed", look.note
            time.sleep(0.01)
    finally:
        running.listeners.remove(looked)
    assert found, f"it did not come about in {seconds} s; last: {running.look()[:3]} {running.look().note}"
    return found[0]


def live(running: GatewayHost):
    return until(running, lambda look: look.phase == "live" and look.state is not None)


def main() -> None:
    """A life: goes on with the journal where there is one, says where it is, and ends with the market."""
    folder, speed, seconds = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    resume = any((folder / "journal").glob("*.journal"))
    running = host(folder, seconds=seconds, speed=speed, resume=resume, moment_s=4.0, silent_s=60.0)
    begun = {"resumed": resume, "number": running.seat.number, "hash": running.seat.hash, "notes": running.notes}
    running.start()
    while running._child is None:
        time.sleep(0.001)
    print(json.dumps(begun | {"gateway": running._child.pid}), flush=True)
    look = until(running, lambda look: look.phase in ("ended", "failed"))
    print(
        json.dumps({"phase": look.phase, "note": look.note, "hash": running.seat.hash, "number": running.seat.number})
    )


if __name__ == "__main__":
    main()
