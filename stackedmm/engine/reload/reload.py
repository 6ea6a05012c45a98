"""Joins a rules folder to a running engine."""

import threading
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from stackedmm.engine.arm import prepare
from stackedmm.engine.host import Event, Host
from stackedmm.engine.host.words import param
from stackedmm.engine.preview import Bounds, Candidate, Preview, preview
from stackedmm.engine.reload.probation import Guard, Probation, Verdict, count_rejects
from stackedmm.errors import RuleError, StackedmmError, StaleError
from stackedmm.rules import RuleSet, edit
from stackedmm.rules.edit import Edit
from stackedmm.rules.life import Life
from stackedmm.rules.store import Store, hex_of, place_of
from stackedmm.rules.table import Table
from stackedmm.rules.versions import SHOWN, Diff, History
from stackedmm.rules.watch import Watcher
from stackedmm.rules.workshop import Workshop

PREVIEW_S: Final = 180.0
SWAP_S: Final = 5.0
"""How long a swap may take until the engine has stepped it."""
ENGINE: Final = "engine"
"""Who takes rules back."""


class Lock(Protocol):
    """A lock that its holder may take again, such as `threading.RLock()`."""

    def __enter__(self) -> bool:
        """Wait for it."""

    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None:
        """Give it back."""


class Reload:
    """Watches the folder, lives each edit, and looks after what came into force.

    `values` holds the parameters that people have set, by `rule.parameter`, and `lock` guards them together with what
    is in force: whoever says PARAM rows holds it, since a swap moves their places. All methods may be called from any
    thread, but not from the host's own.
    """

    def __init__(
        self,
        host: Host,
        folder: str | Path | None,
        store: str | Path | Store | None = None,
        *,
        policy: str = "auto",
        bounds: Bounds | None = None,
        guard: Guard | None = None,
        preview_s: float = PREVIEW_S,
        values: MutableMapping[str, float] | None = None,
        lock: Lock | None = None,
        workshop: Workshop | None = None,
    ) -> None:
        self.host, self.folder = host, Path(folder) if folder is not None else None
        self.bounds, self.guard, self.preview_s = bounds or Bounds(), guard or Guard(), preview_s
        self.tuned: MutableMapping[str, float] = {} if values is None else values
        self.lock: Lock = threading.RLock() if lock is None else lock
        self.store = store if isinstance(store, Store) else Store(_place(store, self.folder))
        self.life = Life(self, self.store, policy=policy, workshop=workshop)
        self.life.listeners.append(self._lived)
        self.swapped: list[Callable[[RuleSet, str, str], None]] = []
        """Called with each set that came into force, who put it there and why; they must not wait."""
        self.reverts = 0
        """How often rules were taken back by themselves."""
        self._watcher = Watcher(self.folder, self.life.take) if self.folder is not None else None
        self._before: tuple[RuleSet | None, dict[str, float]] | None = None
        self._probation = self._begin(host.rules)
        self._answers = self._rejects = 0
        self._wake = threading.Event()
        self._stop = False
        self._guardian = threading.Thread(target=self._look_after, name="rules probation", daemon=True)

    def start(self) -> None:
        """Begin to watch. What differs from the rules in force is an edit like any other."""
        self.life.start()
        self.host.listeners.append(self._wake.set)
        self._guardian.start()
        if self._watcher:
            self._watcher.start()

    def stop(self) -> None:
        """End; the rules in force stay."""
        self._stop = True
        self._wake.set()
        if self._watcher:
            self._watcher.stop()
        self.life.stop()
        if self._guardian.is_alive():
            self._guardian.join()
        if self._wake.set in self.host.listeners:
            self.host.listeners.remove(self._wake.set)

    # What people ask for.

    @property
    def policy(self) -> str:
        """`auto`, `ask` or `off`."""
        return self.life.policy

    @policy.setter
    def policy(self, policy: str) -> None:
        """Treat edits like this from now on. RuleError for a word that is none of the policies."""
        self.life.policy = policy

    @property
    def latest(self) -> Edit | None:
        """The newest edit of the folder."""
        return self.life.latest

    @property
    def waiting(self) -> Edit | None:
        """The edit that waits for `accept` or `withdraw`."""
        return self.life.waiting

    def accept(self, who: str, why: str = "") -> Edit:
        """Put the waiting edit in force."""
        return self.life.apply(who, why)

    def withdraw(self, who: str, why: str = "") -> Edit:
        """Drop the waiting edit."""
        return self.life.withdraw(who, why)

    def reload(self) -> None:
        """Take the folder up as it stands, also what was rolled back or withdrawn."""
        self.life.reload()

    def retire(self, name: str, who: str, why: str = "") -> str:
        """Take a rule, or all of a file `name.py`, out of force."""
        return self.life.retire(name, who, why)

    def restore(self, name: str, who: str, why: str = "") -> str:
        """Put a retired rule back."""
        return self.life.restore(name, who, why)

    def rollback(self, reference: str = "-1", *, who: str, why: str = "") -> str:
        """Put an earlier set in force: a digest as `history()` shows it, or `-1`, the one before. From the store."""
        return self.life.rollback(reference, who, why)

    def history(self, last: int = 20) -> History:
        """What was done with the rules, newest first."""
        return self.store.history(last)

    def diff(self, before: str = "-1", after: str = "") -> Diff:
        """What changed between two sets, by default the last two in force."""
        return self.store.diff(before, after)

    def tune(self, name: str, value: float, *, who: str) -> int:
        """Set a parameter, `rule.parameter`, within its bounds; the number of the row. It stays through reloads."""
        with self.lock:
            rules = self.host.rules
            known = rules.params if rules is not None else {}
            settled = _settled(rules).values({name: value}).values[name]
            place = self.host.armament.names.index(name)
            number = self.host.say(
                param(place, settled), who=who, text=f"{name} = {settled:g} {known[name].unit}".rstrip()
            )
            self.tuned[name] = settled
            return number

    @property
    def status(self) -> Table:
        """Every file: what is in force and what stands in the folder."""
        rules = _settled(self.standing)
        latest = self.latest
        refused: dict[str, list[str]] = {}
        for each in latest.refusals if latest else ():
            refused.setdefault(each.file, []).append(str(each))
        found = self.life.folder_files
        lines = []
        for name in sorted({*rules.files, *found, *refused}):
            names = ", ".join(rule.name for rule in rules.rules if rule.file == name)
            lines.append((name, names or "-", self._fate(name, rules, found, refused)))
        watched = f"{self.folder}, by {self._watcher.kind}" if self._watcher else "no folder is watched"
        retired = f"; retired: {', '.join(sorted(rules.retired))}" if rules.retired else ""
        fault = f"; {self.life.fault}" if self.life.fault else ""
        note = f"{hex_of(rules)[:SHOWN]} in force, policy {self.policy}; {watched}{retired}{fault}"
        return Table("Rules", ("file", "in force", "folder"), lines, left=3, note=note)

    def _fate(self, name: str, rules: RuleSet, found: Mapping[str, bytes], refused: Mapping[str, list[str]]) -> str:
        if name in refused:
            first, *more = refused[name]
            return f"{first} (and {len(more)} more)" if more else first
        if name not in found:
            return "gone from the folder; in force until retired"
        if found[name] == rules.files.get(name):
            return "in force"
        if name in self.life.held:
            return "rolled back or withdrawn; counts again once edited"
        return "waits" if self.waiting else "differs"

    # What the life of an edit asks for: see `rules.life.Engine`.

    @property
    def standing(self) -> RuleSet | None:
        """The rules in force, or about to be."""
        return self.host.rules

    def preview(self, rules: RuleSet, seconds: float | None = None) -> Preview:
        """What these rules would have done over the last minutes, beside those in force."""
        with self.lock:
            standing, kept = self.host.rules, dict(self.tuned)
        fork = self.host.fork(self.preview_s if seconds is None else seconds)
        before = Candidate(standing, _fitting(standing, kept))
        return preview(fork, self.host.filled, before, Candidate(rules, _fitting(rules, kept)), self.bounds)

    def apply(self, rules: RuleSet, values: Mapping[str, float], who: str, why: str) -> int:
        """Put rules in force; what people have set stays, where the parameter is still there. Waits for the engine."""
        with self.lock:
            before = (self.host.rules, self.values())
            settled = {**_fitting(rules, values), **_fitting(rules, self.tuned)}
            armament = prepare(self.host.filled, rules, settled)
            number = self.host.swap(armament, rules=rules, who=who, text=f"rules {hex_of(rules)[:SHOWN]}: {why}")
            self._before = before
            self._probation = self._begin(rules)
        for listener in list(self.swapped):
            listener(rules, who, why)
        with suppress(StaleError):
            self.host.wait(number, SWAP_S)
        return number

    def values(self) -> dict[str, float]:
        """Values of all parameters in force."""
        with self.lock:
            rules = self.host.rules
            if rules is None:
                return {}
            given = self.host.armament.params
            return {**given, **{name: value for name, value in self.tuned.items() if name in given}}

    # Beside the engine.

    def _begin(self, rules: RuleSet | None) -> Probation:
        names = tuple(each.name for each in rules.rules) if rules is not None else ()
        return Probation(names, rules.digest if rules is not None else 0, self.guard)

    def _lived(self, lived: Edit) -> None:
        """Tell people what became of an edit."""
        if lived.stage in (edit.IN_FORCE, edit.REFUSED, edit.WAITING):
            self._tell(str(lived))

    def _tell(self, text: str) -> None:
        state = self.host.look().state
        now = int(state["now"]) / 1e6 if state is not None else 0.0
        self.host.record.events.add(Event(now, "rules", text, ENGINE))

    def _look_after(self) -> None:
        """After each publication: is what came into force still welcome?"""
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop:
                return
            self._answers, fresh = self.host.record.answers.since(self._answers)
            self._rejects += count_rejects(fresh)
            probation = self._probation
            verdict = probation.look(self.host.look().state, self._rejects)
            if verdict is not None and probation is self._probation:
                self._take_back(verdict)

    def _take_back(self, verdict: Verdict) -> None:
        """The set before, where it does not hold the very rule that struck out; else that rule is retired."""
        standing = self.standing
        before, values = self._before or (None, {})
        try:
            if (
                verdict.rule
                and standing is not None
                and (self._before is None or _holds(before, standing, verdict.rule))
            ):
                self.life.retire(verdict.rule, ENGINE, verdict.why)
                done = f"{verdict.rule} is retired"
            elif self._before is not None:
                back = _settled(before)
                self.life.back(back, values, ENGINE, verdict.why)
                done = f"back to {hex_of(back)[:SHOWN]}"
            else:
                return
        except StackedmmError as error:
            done = f"it cannot be taken back: {error}"
        self.reverts += 1
        self._tell(f"ALERT: {verdict.why}; {done}")


def _settled(rules: RuleSet | None) -> RuleSet:
    return rules if rules is not None else RuleSet((), {})


def _place(store: str | Path | None, folder: Path | None) -> str | Path:
    if store is None and folder is None:
        raise RuleError("rules: neither a folder nor a store is named; name one, as in Reload(host, 'rules')")
    return store if store is not None else place_of(folder)  # type: ignore[arg-type]


def _fitting(rules: RuleSet | None, values: Mapping[str, float]) -> dict[str, float]:
    """Those values whose parameters the rules have."""
    known = rules.params if rules is not None else {}
    return {name: value for name, value in values.items() if name in known}


def _holds(before: RuleSet | None, now: RuleSet, name: str) -> bool:
    """Whether the set before has the same version of a rule, so that going back would not help."""
    old = next((each for each in before.rules if each.name == name), None) if before is not None else None
    return old is not None and old.address == now[name].address and old.file_digest == now[name].file_digest
