"""Rules of a running session: edited, previewed, reloaded, taken back, retired; nothing of it stops the engine."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stackedmm.engine.host import Host
from stackedmm.engine.host.clock import Clock
from stackedmm.engine.preview import Bounds, Preview
from stackedmm.engine.reload import Guard, Reload
from stackedmm.errors import RuleError
from stackedmm.rules import RuleSet, edit, watch
from stackedmm.rules.edit import Edit
from stackedmm.rules.folder import rebuild
from stackedmm.rules.life import POLICIES
from stackedmm.rules.table import Table
from stackedmm.rules.versions import Diff, History
from stackedmm.session.saying import Saying

SETTLE_S = 120.0
"""An edit is checked, proved, compiled and previewed in less, also by a helper that has to be started first."""


class Ruling(Saying):
    """A session whose rules change while it trades, between two steps, and go back as fast.

    With a folder and a policy other than `off` the folder is watched: a saved edit is checked and previewed, and then
    waits (`ask`), or comes into force if the preview stays within bounds (`auto`).
    """

    def __init__(
        self,
        host: Host,
        *,
        name: str,
        mode: str,
        clock: Clock | None = None,
        values: Mapping[str, float] | None = None,
        folder: Path | None = None,
        policy: str = "off",
        store: Path | None = None,
    ) -> None:
        super().__init__(host, name=name, mode=mode, clock=clock, values=values)
        if policy not in POLICIES:
            raise RuleError(f"policy: found {policy!r}, expected one of {', '.join(POLICIES)}")
        self.folder = folder
        """Of the rule files; None where the rules came as a set, or there are none."""
        self.sets: dict[int, RuleSet] = {}
        """Every set that was in force, by digest: old orders are explained by the rules that made them."""
        self._policy = policy
        self._kept = store
        self._own: Path | None = None
        self._bounds, self._guard = Bounds(), Guard()
        self._reload: Reload | None = None
        if host.rules is not None:
            self.sets[host.rules.digest] = host.rules

    def begin(self) -> None:
        """Start and return at once."""
        super().begin()
        if self.folder is not None and self._policy != "off":
            self._lived()

    def end(self, timeout_s: float = 10.0) -> None:
        """Cancel every order, wait for the proof, end."""
        if self._reload is not None:
            self._reload.stop()
            self._reload = None
        try:
            super().end(timeout_s)
        finally:
            if self._own is not None:
                shutil.rmtree(self._own, ignore_errors=True)

    def _lived(self) -> Reload:
        """What looks after the rules; begun when first asked for."""
        with self.lock:
            if self._reload is None:
                if self._kept is None and self._own is None:
                    self._own = Path(tempfile.mkdtemp(prefix="stackedmm-rules-"))
                place = self._kept or self._own
                assert place is not None
                made = Reload(
                    self.host,
                    self.folder,
                    place,
                    policy=self._policy,
                    bounds=self._bounds,
                    guard=self._guard,
                    values=self.values,
                    lock=self.lock,
                )
                made.swapped.append(self._entered)
                made.start()
                self._reload = made
            return self._reload

    def _entered(self, rules: RuleSet, who: str, why: str) -> None:
        self.sets[rules.digest] = rules

    # Taking up.

    def reload(self, policy: str | None = None) -> Edit:
        """Take up the rules folder as it stands: check, preview, and put in force at the next step.

        What the preview finds outside the bounds waits for `accept`. With `policy` (`auto`, `ask`, `off`) this is how
        edits are treated from now on. RuleError, with file and line, where nothing of the edit is fit; what is in force
        stays then.
        """
        if self.folder is None:
            raise RuleError("reload: this session has no rules folder; make it with rules='folder'")
        lived = self._lived()
        if policy is not None:
            lived.policy = self._policy = policy
        lived.policy = "auto"
        try:
            lived.reload()
            lived.life.take(watch.look(self.folder))
            lived.life.settle(SETTLE_S)
        finally:
            lived.policy = self._policy
        made = lived.latest
        if made is None:
            raise RuleError(f"reload: {self.folder} was not taken up, other rules came into force; say it again")
        if made.stage == edit.REFUSED:
            raise RuleError("\n".join([*map(str, made.refusals), *made.why, "the rules in force stay"]))
        return made

    @property
    def policy(self) -> str:
        """What becomes of an edit when it is saved: `auto`, `ask` or `off`."""
        return self._policy

    @property
    def bounds(self) -> Bounds:
        """What a preview may find for an edit to come into force by itself: `session.bounds = Bounds(...)`."""
        return self._bounds

    @bounds.setter
    def bounds(self, bounds: Bounds) -> None:
        """From the next preview on."""
        self._bounds = bounds
        if self._reload is not None:
            self._reload.bounds = bounds

    @property
    def guard(self) -> Guard:
        """When rules that came into force are taken back by themselves: `session.guard = Guard(...)`."""
        return self._guard

    @guard.setter
    def guard(self, guard: Guard) -> None:
        """From the next swap on."""
        self._guard = guard
        if self._reload is not None:
            self._reload.guard = guard

    @property
    def waiting(self) -> Edit | None:
        """The edit that waits for `accept` or `withdraw`; prints with its preview."""
        return self._reload.waiting if self._reload is not None else None

    def accept(self, why: str = "") -> Edit:
        """Put the waiting edit in force. RuleError where none waits."""
        return self._lived().accept(self.who, why)

    def withdraw(self, why: str = "") -> Edit:
        """Drop the waiting edit; its files count again once they are edited."""
        return self._lived().withdraw(self.who, why)

    def preview(self, path: str | Path | None = None, *, seconds: float = 180.0) -> Preview:
        """What an edit would have done over the last minutes, beside the rules in force; changes nothing.

        `path` is a rule file, which replaces that of its name, or a folder; by default the session's own folder.
        RuleError, with file and line, where it is not fit.
        """
        place = Path(path) if path is not None else self.folder
        if place is None:
            raise RuleError("preview: name a rule file or a folder; this session has no folder of its own")
        return self._lived().preview(self._candidate(place), seconds)

    def _candidate(self, place: Path) -> RuleSet:
        files = dict(self.rules.files) if self.rules is not None and place.is_file() else {}
        found = watch.look(place.parent if place.is_file() else place)
        wanted = {place.name: found.files.get(place.name, b"")} if place.is_file() else found.files
        refused = [each for each in found.refusals if not place.is_file() or each.file == place.name]
        if refused:
            raise RuleError("\n".join(map(str, refused)))
        return rebuild(files | wanted, self.rules.retired if self.rules is not None else ())

    # Going back.

    def rollback(self, to: int | str | None = None) -> Table:
        """Put an earlier set in force: the one before, act number `to` of `history`, or the one of that digest."""
        lived = self._lived()
        reference = "-1" if to is None else str(to)
        if isinstance(to, int):
            found = [act.set for act in lived.store.acts() if act.number == to and act.set]
            if not found:
                raise RuleError(f"rollback: found {to}, expected a number or digest of session.history")
            reference = found[0]
        lived.rollback(reference, who=self.who)
        return lived.status

    def retire(self, name: str, why: str = "") -> Table:
        """Take a rule, or all rules of a file `name.py`, out of force; deleting a file does not."""
        self._lived().retire(name, self.who, why)
        return self._lived().status

    def restore(self, name: str, why: str = "") -> Table:
        """Put a retired rule back in force."""
        self._lived().restore(name, self.who, why)
        return self._lived().status

    @property
    def history(self) -> History:
        """What was done with the rules, newest first: who, when, why."""
        return self._lived().history()

    def diff(self, before: str = "-1", after: str = "") -> Diff:
        """What changed between two sets, by default the last two in force: lines of files, and values."""
        return self._lived().diff(before, after)

    @property
    def files(self) -> Table:
        """Every rule file: what is in force, and what stands in the folder."""
        return self._lived().status
