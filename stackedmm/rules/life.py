"""The life of an edit: bytes, proof, machine code, preview, and into force.

Runs on a thread of its own beside the engine, which it reaches through `Engine` alone. What is refused at any point
leaves the rules in force as they are.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Final

from stackedmm.errors import JournalError, RuleError, StackedmmError, StaleError
from stackedmm.rules import edit as stages
from stackedmm.rules import folder
from stackedmm.rules.edit import Edit
from stackedmm.rules.ruleset import RuleSet
from stackedmm.rules.standing import Engine, Standing
from stackedmm.rules.store import Store, digest, hex_of
from stackedmm.rules.versions import Act
from stackedmm.rules.watch import Snapshot
from stackedmm.rules.workshop import Workshop

POLICIES: Final = ("auto", "ask", "off")
"""Apply what passes its proofs and stays within the bounds of the preview; always ask; take nothing up."""
TRIALS: Final = 3
"""Of these, how many keep their preview: it holds two runs."""
PATIENCE_S: Final = 120.0
"""How long an edit waits for an engine that has nothing yet to preview it on; then a person has to say `apply`."""
RETRY_S: Final = 1.0
FOLDER: Final = "rules folder"
"""Who saves files."""


class Life(Standing):
    """Takes snapshots of a folder and lives them, newest first; and does what people ask for at once."""

    def __init__(self, engine: Engine, store: Store, *, policy: str = "auto", workshop: Workshop | None = None) -> None:
        super().__init__(engine, store)
        self.policy = policy
        self.workshop = workshop or Workshop()
        self.listeners: list[Callable[[Edit], None]] = []
        """Called on the thread of an edit each time it has come further; they must not wait."""
        self.count = 0
        self._next: Snapshot | None = None
        self._busy = False
        self._stop = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="rules life", daemon=True)

    @property
    def policy(self) -> str:
        """One of `POLICIES`."""
        return self._policy

    @policy.setter
    def policy(self, policy: str) -> None:
        """Treat edits like this from now on. RuleError for a word that is none of the policies."""
        if policy not in POLICIES:
            raise RuleError(f"policy {policy!r} is not known; it is one of {', '.join(POLICIES)}")
        self._policy = policy

    def start(self) -> None:
        """Begin to live what `take` is given."""
        self.workshop.open()
        with suppress(JournalError, OSError):
            self.store.prune()
        self._note(Act("started", FOLDER, "", self.store.keep_set(self._standing), values=self.engine.values()))
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the thread has; an edit under way is not applied any more."""
        with self._change:
            self._stop = True
            self._change.notify_all()
        self.workshop.close()
        if self._thread.is_alive():
            self._thread.join()

    def take(self, snapshot: Snapshot) -> None:
        """Live this; one that still waits for its turn is passed over. Returns at once."""
        with self._change:
            self._next = self._folder = snapshot
            self._change.notify_all()

    def settle(self, timeout_s: float = 60.0) -> None:
        """Wait until nothing is under way. StaleError where that takes longer."""
        with self._change:
            if not self._change.wait_for(lambda: (self._next is None and not self._busy) or self._stop, timeout_s):
                raise StaleError(f"rules: an edit is still under way after {timeout_s:g} s")

    def wait_for(self, number: int, timeout_s: float = 60.0) -> None:
        """Wait until the edit of that number has begun. StaleError where it has not in time."""
        with self._change:
            if not self._change.wait_for(lambda: self.count >= number, timeout_s):
                raise StaleError(f"rules: edit {number} has not begun after {timeout_s:g} s")

    # What people say. Each raises RuleError where it makes no sense, and changes nothing then.

    def apply(self, who: str, why: str = "") -> Edit:
        """Put the waiting edit in force."""
        with self._turn:
            edit = self.waiting
            if edit is None or edit.rules is None:
                raise RuleError("rules: no edit waits to be applied")
            if edit.before != hex_of(self._standing):
                self._end(edit, stages.SUPERSEDED)
                self.reload()
                raise RuleError("rules: other rules came into force since that preview; a new one is under way")
            self._put(edit, who, why or "approved")
            return edit

    def withdraw(self, who: str, why: str = "") -> Edit:
        """Drop the waiting edit; its files count again once they are edited."""
        with self._turn:
            edit = self.waiting
            if edit is None:
                raise RuleError("rules: no edit waits")
            self._hold(self._standing)
            self._note(Act("withdrawn", who, why, hex_of(self._standing), files=self.held))
            self._end(edit, stages.WITHDRAWN)
            return edit

    def reload(self) -> None:
        """Take the folder up as it stands, also what was rolled back or withdrawn."""
        with self._change:
            self.held = {}
            self._next = self._folder
            self._change.notify_all()

    # The thread.

    def _run(self) -> None:
        # The workshop gets to know what is in force, so that it proves and compiles only what an edit changes.
        standing = self._standing
        with suppress(OSError):
            self._learn(self.workshop.consider(standing.files, (), standing.files).proofs)
        try:
            while (snapshot := self._await()) is not None:
                self._live(snapshot)
        finally:
            if not self._stop:
                self.fault = "edits are no longer taken up, the thread that lives them has ended: start anew"
            with self._change:
                self._busy, self._stop = False, True
                self._change.notify_all()

    def _await(self) -> Snapshot | None:
        """The next snapshot; None at the end."""
        with self._change:
            self._busy = False
            self._change.notify_all()
            self._change.wait_for(lambda: self._next is not None or self._stop)
            snapshot, self._next = self._next, None
            self._busy = True
            return None if self._stop else snapshot

    def _learn(self, proofs: Iterable[str]) -> None:
        for key in proofs:
            self._proofs.add(key)

    def _live(self, snapshot: Snapshot) -> None:
        begun = perf_counter()
        standing = self._standing
        present = self._counted(snapshot.files, standing)
        changed = tuple(
            name for name in sorted({*present, *standing.files}) if present.get(name) != standing.files.get(name)
        )
        edit = Edit(self.count + 1, changed, hex_of(standing))
        self.edits.append(edit)
        with self._change:
            self.count += 1
            self._change.notify_all()
        for old in list(self.edits)[:-TRIALS]:
            old.trial = None
        if self.policy == "off":
            self._end(edit, stages.LOOKED_PAST)
            self._tell(edit)
            return
        try:
            self._check(edit, snapshot, present, standing)
            if edit.stage == stages.CHECKING:
                self._decide(edit, begun)
        except (StackedmmError, OSError) as error:
            edit.why.append(str(error))
            self._refuse(edit, snapshot)
        edit.seconds["all"] = perf_counter() - begun
        self._tell(edit)

    def _counted(self, files: Mapping[str, bytes], standing: RuleSet) -> dict[str, bytes]:
        """The folder's files, with the versions in force of those that are held."""
        counted = dict(files)
        for name, held in list(self.held.items()):
            if name not in files or digest(files[name]) != held:
                self.held.pop(name, None)
            elif name in standing.files:
                counted[name] = standing.files[name]
            else:
                del counted[name]
        return counted

    def _check(self, edit: Edit, snapshot: Snapshot, present: Mapping[str, bytes], standing: RuleSet) -> None:
        """Prove and compile elsewhere, load here."""
        begun = perf_counter()
        answer = self.workshop.consider(present, snapshot.refusals, standing.files, standing.retired)
        edit.seconds["check"] = perf_counter() - begun
        edit.refusals, edit.notes = answer.refusals, answer.notes
        if answer.files is None:
            self._refuse(edit, snapshot)
            return
        begun = perf_counter()
        self._learn(answer.proofs)
        rules = folder.rebuild(answer.files, answer.retired, self._proofs)
        edit.seconds["load"] = perf_counter() - begun
        if (rules.files, rules.retired) == (standing.files, standing.retired):
            if edit.refusals:
                self._refuse(edit, snapshot)
            else:
                self._drop_waiting(edit)
                self._end(edit, stages.UNCHANGED)
            return
        edit.rules = rules

    def _decide(self, edit: Edit, begun: float) -> None:
        """Preview, then apply or wait."""
        assert edit.rules is not None
        self._preview(edit)
        with self._turn:
            late = self._overtaken
            if late or edit.before != hex_of(self._standing):
                self._end(edit, stages.SUPERSEDED)
                if not late:
                    self.take(self._folder)  # type: ignore[arg-type]
                return
            self._drop_waiting(edit)
            if self.policy == "auto" and not edit.why:
                self._put(edit, FOLDER, "saved", begun)
                return
            edit.why = edit.why or ["the policy is to ask; apply() puts it in force, withdraw() drops it"]
            edit.stage = stages.WAITING
        self._record("waiting", edit, "")

    def _preview(self, edit: Edit) -> None:
        """Run the last minutes; an engine that has none yet is waited for."""
        assert edit.rules is not None
        patience = perf_counter() + PATIENCE_S
        while True:
            start = perf_counter()
            try:
                edit.trial = self.engine.preview(edit.rules)
            except StaleError as error:
                edit.why = [f"no preview: {error}"]
            else:
                edit.why, edit.said = list(edit.trial.outside), edit.trial.words
            edit.seconds["preview"] = perf_counter() - start
            with self._change:
                if (
                    edit.trial is not None
                    or start > patience
                    or self._change.wait_for(lambda: self._overtaken, RETRY_S)
                ):
                    return

    @property
    def _overtaken(self) -> bool:
        """Whether something newer waits for its turn."""
        return self._next is not None or self._stop

    def _put(self, edit: Edit, who: str, why: str, begun: float | None = None) -> None:
        """Write down, then put in force."""
        assert edit.rules is not None
        name = self.store.keep_set(edit.rules)
        start = perf_counter()
        edit.row = self.engine.apply(edit.rules, {}, who, why)
        now = perf_counter()
        edit.seconds["apply"] = now - start
        edit.seconds["all"] = now - (begun if begun is not None else start)
        changed = {file: digest(edit.rules.files.get(file, b"")) for file in edit.files}
        said = [edit.said] if edit.said else []
        self._note(Act("applied", who, why, name, edit.before, changed, self.engine.values(), said, edit.row))
        self._end(edit, stages.IN_FORCE)

    def _refuse(self, edit: Edit, snapshot: Snapshot) -> None:
        said = [str(each) for each in edit.refusals] or edit.why
        with suppress(JournalError):
            shown = {name: snapshot.files[name] for name in edit.files if name in snapshot.files}
            self._note(Act("refused", FOLDER, "", "", edit.before, self.store.keep(shown), {}, said))
        edit.stage = stages.REFUSED

    def _record(self, what: str, edit: Edit, why: str) -> None:
        with suppress(JournalError):
            assert edit.rules is not None
            kept = self.store.keep(edit.rules.files)
            files = {name: kept[name] for name in edit.files if name in kept}
            self._note(Act(what, FOLDER, why, edit.set, edit.before, files, {}, [*edit.why, edit.said]))

    def _drop_waiting(self, by: Edit) -> None:
        for each in self.edits:
            if each is not by and each.stage == stages.WAITING:
                self._end(each, stages.SUPERSEDED)

    def _tell(self, edit: Edit) -> None:
        for listener in list(self.listeners):
            listener(edit)
