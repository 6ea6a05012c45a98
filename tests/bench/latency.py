"""From the gateway's stamp to the engine's decision, while the kernel's main thread is idle, computing or compiling.

Two engines take the same rows from the same gateway: the compiled loop on its thread, and an asyncio engine on a
thread, which calls the same compiled step from Python. Run it on a quiet machine:
`python tests/bench/latency.py --help`.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from stackedmm.config import ConfigTemplates
from stackedmm.core import rows
from stackedmm.core.rows import ROW
from stackedmm.engine.gateway import Described, GatewayHost
from stackedmm.engine.instruments import BEAT, BEAT_ROW, DELAYS, ENDED, FRAME, STOP
from stackedmm.rules import RuleSet, load, rebuild
from stackedmm.sim.synthetic import START, Stream

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = 7
WARM_UP_S = 30
SPEED = 4.0
"""Row time against the clock: about a hundred decisions a second."""
RULE = '''"""A rule."""
from stackedmm import rule


@rule.skew
def lean(q):
    """Lean."""
    return -%d.5 * q.inventory
'''


def described() -> Described:
    """The simulated market of the template, from a fixed start."""
    config = ConfigTemplates.conservative_bera_usdt()
    venues = sorted(venue.id for venue in config.venues_by_name.values())
    stream = Stream(venues, "BERA/USDT", seed=SEED, start=START, gaps=0.05)
    order = [venue.id for venue in config.venues_by_name.values()]
    place = [order.index(market.venue) for market in stream.markets]
    markets = tuple(stream.markets[place.index(i)] for i in range(len(order)))
    source = {
        "kind": "synthetic", "venues": venues, "symbol": "BERA/USDT", "seed": SEED, "start": START, "gaps": 0.05,
        "place": place,
    }  # fmt: skip
    ticks = [int(6.25 / float(market.tick)) for market in markets]
    return Described(markets, ticks, START, START + WARM_UP_S * 1_000_000_000, "simulated market", source)


class AsyncioHost(GatewayHost):
    """The same host with an engine as most are built: a coroutine on a thread, Python between socket and step."""

    def _serve(self) -> None:
        self.delays: list[int] = []
        asyncio.run(self._loop())
        self._ended_for = "stopped"
        self._stop.set()

    async def _loop(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._socket)
        while True:
            head = np.frombuffer(await reader.readexactly(FRAME.itemsize), FRAME)[0]
            if head["kind"] == STOP:
                self._beat(writer, ENDED)
                await writer.drain()
                writer.close()
                return
            batch = np.frombuffer(await reader.readexactly(int(head["length"])), ROW)
            self.seat.take(batch)
            stamps = batch["ref"][batch["kind"] == rows.TIMER]
            if len(stamps) and stamps[-1]:
                self.delays.append(time.monotonic_ns() - int(stamps[-1]))
            self._beat(writer, BEAT)

    def _beat(self, writer: asyncio.StreamWriter, kind: int) -> None:
        head, beat = np.zeros(1, FRAME), np.zeros(1, BEAT_ROW)
        head["length"], head["kind"], head["number"] = BEAT_ROW.itemsize, kind, self.seat.number
        beat["row_ns"], beat["told"] = self.seat.row_ns, self.seat.told
        writer.write(head.tobytes() + beat.tobytes())


def idle(seconds: float) -> None:
    """Nobody computes."""
    time.sleep(seconds)


def busy(seconds: float) -> None:
    """A loop in Python."""
    end, total = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        total += sum(range(200))


def research(seconds: float) -> None:
    """What a notebook does with a million rows."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"k": random.integers(0, 5000, 1_000_000), "v": random.normal(size=1_000_000)})
    frame["s"] = random.choice(list("abcdef"), 1_000_000)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        frame.groupby("k").v.agg(["mean", "std", "count"])
        frame.sort_values("v").head()
        frame.s.str.upper().value_counts()
        (frame.v.rolling(50).mean() * 2).sum()


def compiling(seconds: float) -> None:
    """Rules that were never seen before, one after the other."""
    end, number = time.monotonic() + seconds, time.time_ns() % 100_000_000
    while time.monotonic() < end:
        number += 1
        rebuild({"lean.py": (RULE % number).encode()})


LOADS: dict[str, Callable[[float], None]] = {
    "idle": idle,
    "busy Python": busy,
    "pandas": research,
    "compiling rules": compiling,
}


def cell(
    kind: type[GatewayHost], rules: RuleSet, load_with: Callable[[float], None], seconds: float, realtime: bool
) -> Any:
    """Delays in us of one engine under one load."""
    with tempfile.TemporaryDirectory() as folder:
        host = kind(ConfigTemplates.conservative_bera_usdt(), described(), rules,
                    folder=Path(folder) / "journal", speed=SPEED, realtime=realtime)  # fmt: skip
        host.start()
        while host.phase != "live":
            time.sleep(0.05)
            if host.phase == "failed":
                raise SystemExit(host.look().note)
        time.sleep(1.0)
        first = count(host)
        load_with(seconds)
        last = count(host)
        host.stop()
        return delays(host, first, last) / 1e3


def count(host: GatewayHost) -> int:
    """Delays measured so far."""
    return len(host.delays) if isinstance(host, AsyncioHost) else int(host.seat.dials["delays_n"][0])


def delays(host: GatewayHost, first: int, last: int) -> Any:
    """The delays of a stretch, ns; of the compiled loop at most the ring's."""
    if isinstance(host, AsyncioHost):
        return np.array(host.delays[first:last])
    return host.seat.dials["delays"][0][np.arange(max(first, last - DELAYS), last) % DELAYS]


def main() -> None:
    """Measure every cell, rounds interleaved, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="a cell, %(default)g")
    parser.add_argument("--rounds", type=int, default=2, help="%(default)s")
    parser.add_argument("--realtime", action="store_true", help="with real-time priority for gateway and engine")
    args = parser.parse_args()
    seconds, rounds = args.seconds, args.rounds
    rules = load(ROOT / "rules")
    kinds: dict[str, type[GatewayHost]] = {"compiled loop": GatewayHost, "asyncio thread": AsyncioHost}
    found: dict[tuple[str, str], list[Any]] = {}
    console = Console()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=rounds * len(LOADS) * len(kinds))
        for _ in range(rounds):
            for load_name, load_with in LOADS.items():
                for name, kind in kinds.items():
                    values = cell(kind, rules, load_with, seconds, args.realtime)
                    found.setdefault((load_name, name), []).append(values)
                    progress.advance(task)
    table = Table(title=f"stamp to decision, us, {rounds} x {seconds:g} s a cell, {len(rules)} rules, 3 venues")
    for name in ("main thread", "engine", "n", "p50", "p99", "p99.9", "max"):
        table.add_column(name, justify="right")
    for (load_name, name), parts in found.items():
        values = np.concatenate(parts)
        numbers = (*np.percentile(values, (50, 99, 99.9)), values.max())
        table.add_row(load_name, name, str(len(values)), *(f"{n:,.0f}" for n in numbers))
    console.print(table)
    for load_name in LOADS:
        ours, theirs = (np.percentile(np.concatenate(found[load_name, name]), 99) for name in kinds)
        console.print(f"{load_name}: p99 {theirs / ours:.1f}x better than on an asyncio thread")


if __name__ == "__main__":
    main()
