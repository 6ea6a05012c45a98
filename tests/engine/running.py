"""An engine on a stepped clock beside a rules folder: what happens depends on what is said, and on nothing else."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import stackedmm as mm
from stackedmm.config import StackedMarketMakingConfig, loads
from stackedmm.core import build
from stackedmm.core.machine import view
from stackedmm.core.rows import COMMAND, RULE_SET
from stackedmm.core.step import step_rows
from stackedmm.engine import loop
from stackedmm.engine.arm import Armament, install
from stackedmm.engine.host import SteppedClock, ThreadHost
from stackedmm.engine.host.face import Fork
from stackedmm.engine.reload import Reload
from stackedmm.rules.store import Store, opening
from stackedmm.session.source import Embedded
from stackedmm.sim import pump

START: Final = 1_767_571_200_000_000_000
SHIPPED: Final = Path(__file__).parents[2] / "rules"


def ruled_config() -> StackedMarketMakingConfig:
    """The cautious template without methods of its own: the rules shape everything."""
    found = json.loads(mm.ConfigTemplates.conservative_bera_usdt().to_json())
    for line in found["passive_lines"]:
        line["spread_coefficient_method"] = line["quantity_coefficient_method"] = "none"
    for line in found["tob_lines"]:
        line["coefficient_method"] = "none"
    return loads(json.dumps(found))


class Running:
    """One engine, its folder and its reload."""

    def __init__(
        self, place: Path, files: dict[str, str] | None = None, *, warm_up_s: float = 60.0, **how: Any
    ) -> None:
        self.folder = place / "rules"
        if files is None:
            shutil.copytree(SHIPPED, self.folder, ignore=shutil.ignore_patterns("academic"))
        else:
            self.folder.mkdir()
            for name, text in files.items():
                self.write(name, text)
        self.store = Store(place / "store")
        self.clock = SteppedClock()
        config = ruled_config()
        source = Embedded(config, warm_up_s=warm_up_s, seed=7, start=START)
        self.host = ThreadHost(config, source, opening(self.folder, self.store), clock=self.clock)
        self.reload = Reload(self.host, self.folder, self.store, **how)

    def __enter__(self) -> "Running":
        self.host.start()
        self.clock.advance(30.0)
        self.reload.start()
        self.reload.life.settle()
        return self

    def __exit__(self, *raised: object) -> None:
        self.reload.stop()
        self.host.stop()

    def write(self, name: str, text: str) -> None:
        """Save a file as careful editors do."""
        fresh = self.folder / f".{name}.new"
        fresh.write_text(text)
        fresh.replace(self.folder / name)

    def lived(self, act: Callable[[], object], timeout_s: float = 60.0) -> Any:
        """Do something to the folder; the edit that came of it, once it has ended."""
        count = self.reload.life.count
        act()
        self.reload.life.wait_for(count + 1, timeout_s)
        self.reload.life.settle(timeout_s)
        return self.reload.latest

    def save(self, name: str, text: str) -> Any:
        """Save one file and wait for what comes of it."""
        return self.lived(lambda: self.write(name, text))

    @property
    def names(self) -> list[str]:
        """Rules in force, as the engine itself knows them."""
        rules = self.host.rules
        assert rules is not None
        patience = time.monotonic() + 20.0
        state = self.host.look().state
        while int(state["rules_digest"]) != rules.digest and time.monotonic() < patience:
            time.sleep(0.01)  # a look may be from just before the swap
            state = self.host.look().state
        assert int(state["rules_digest"]) == rules.digest
        assert int(state["rules_n"]) == len(rules)
        return [each.name for each in rules.rules]


class Replayed:
    """A fork run again under the very swaps that the engine heard: what a never reloaded machine makes of them."""

    def __init__(self, fork: Fork, first: Armament, sets: dict[int, Armament]) -> None:
        self.state, self.arena, self.X, self.XA = fork.state, fork.arena, fork.X, fork.XA
        self._links = build.links_for(self.state)
        self._rows = (view(fork.local), view(fork.exchange))
        self._scratch = [view(np.zeros(n, t)) for n, t in ((1, fork.local.dtype), (4096, COMMAND))]
        self._tape = np.zeros(8192, COMMAND)
        self.commands: list[NDArray[Any]] = []
        install(self.state, self._links, first)
        for i in range(len(fork.said)):
            row = fork.said[i : i + 1]
            self.run(int(row["ts"][0]))
            if row["kind"][0] == RULE_SET:
                install(self.state, self._links, sets[int(row["ref"][0])])
            self.hear(row.copy())
        self.run(fork.end)

    def run(self, until: int) -> None:
        """Step all market rows up to a time."""
        row, out = self._scratch
        while True:
            _, written, heard = loop.run(
                view(self.state), self.arena, self._links, self.X, self.XA, *self._rows, row, out, view(self._tape),
                view(np.zeros(0, self._rows[0].dtype)), until,
            )  # fmt: skip
            self.commands.append(self._tape[:written].copy())
            if not loop.full(written, heard, len(out), len(self._tape), 0):
                return

    def hear(self, row: NDArray[Any]) -> None:
        """Step one row that somebody said."""
        out = self._scratch[1]
        count = step_rows(view(self.state), self.arena, self._links, view(row), out)
        pump.send_all(self.X, self.XA, out[:count])
        self.commands.append(out[:count].copy())
        self.state["out_n"] = 0


SCRATCH: Final = ("taking", "cursor", "cursor_left", "cursor_price", "cursor_used", "lead")
"""What a walk over the books leaves behind: whoever shows the books walks a copy, and leaves it there."""


def differences(one: Any, other: Any) -> list[str]:
    """Fields in which two STATE records are not one to the last bit."""
    names = [name for name in one.dtype.names if name not in SCRATCH]
    return [name for name in names if one[name].tobytes() != other[name].tobytes()]
