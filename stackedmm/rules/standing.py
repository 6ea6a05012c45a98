"""What is in force, and every way back: rollback, retiring, restoring. Each is written down with who, when and why."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol

from stackedmm.errors import JournalError, RuleError
from stackedmm.rules import edit as stages
from stackedmm.rules import folder
from stackedmm.rules.edit import Edit, Trial
from stackedmm.rules.proofs import Proofs
from stackedmm.rules.ruleset import RuleSet
from stackedmm.rules.store import Store, digest, hex_of
from stackedmm.rules.versions import Act
from stackedmm.rules.watch import Snapshot

KEPT: Final = 200
"""Edits that are remembered."""


class Engine(Protocol):
    """What the life of an edit asks of an engine."""

    @property
    def standing(self) -> RuleSet | None:
        """The rules in force, or about to be."""

    def preview(self, rules: RuleSet) -> Trial:
        """What these rules would have done; StaleError where nothing has run yet."""

    def apply(self, rules: RuleSet, values: Mapping[str, float], who: str, why: str) -> int:
        """Put rules in force, with these values beside those that people have set; the number of the row."""

    def values(self) -> dict[str, float]:
        """Values of all parameters in force, by `rule.parameter`."""


class Standing:
    """The rules in force of one engine. Methods raise RuleError where they make no sense, and change nothing then."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine, self.store = engine, store
        self.edits: deque[Edit] = deque(maxlen=KEPT)
        self.held = store.held()
        """Versions in the folder, by file, that were rolled back or withdrawn: they count again once edited."""
        self.fault = ""
        """Why the record of acts is not being written, while it is not."""
        self._proofs = Proofs()
        self._folder: Snapshot | None = None
        self._turn = threading.RLock()
        """Held by whoever changes what is in force."""

    @property
    def folder_files(self) -> dict[str, bytes]:
        """The folder's files as last seen."""
        return self._folder.files if self._folder else {}

    @property
    def latest(self) -> Edit | None:
        """The newest edit."""
        return self.edits[-1] if self.edits else None

    @property
    def waiting(self) -> Edit | None:
        """The edit that waits for a word, if any."""
        return next((each for each in reversed(self.edits) if each.stage == stages.WAITING), None)

    @property
    def _standing(self) -> RuleSet:
        standing = self.engine.standing
        return standing if standing is not None else RuleSet((), {})

    def retire(self, name: str, who: str, why: str = "") -> str:
        """Take one rule out of force, or all of a file `name.py`; the digest of what is then in force."""
        standing = self._standing
        names = [each.name for each in standing.rules if each.file == name] or [standing[name].name]
        return self._change_set("retired", standing, standing.retired | set(names), who, why or f"retired {name}")

    def restore(self, name: str, who: str, why: str = "") -> str:
        """Put a retired rule back in force."""
        standing = self._standing
        if name not in standing.retired:
            retired = ", ".join(sorted(standing.retired)) or "none is"
            raise RuleError(f"rules: {name} is not retired; retired: {retired}")
        return self._change_set("restored", standing, standing.retired - {name}, who, why or f"restored {name}")

    def rollback(self, reference: str, who: str, why: str = "", *, what: str = "rolled back") -> str:
        """Put an earlier set in force, from the store alone: a digest as `history` shows it, or `-1` for the last."""
        content = self.store.content(reference or "-1")
        rules = folder.rebuild(content.files, content.retired, self._proofs)
        return self._back(what, rules, self.store.values(content.hex), who, why)

    def back(self, rules: RuleSet, values: Mapping[str, float], who: str, why: str) -> str:
        """Put a set that is still at hand in force again, without a look at the disk."""
        return self._back("reverted", rules, values, who, why)

    def _change_set(self, what: str, standing: RuleSet, retired: Iterable[str], who: str, why: str) -> str:
        rules = folder.rebuild(standing.files, retired, self._proofs)
        with self._turn:
            if hex_of(self._standing) != hex_of(standing):
                raise RuleError("rules: other rules came into force meanwhile; say it again")
            return self._force(what, rules, {}, who, why)

    def _back(self, what: str, rules: RuleSet, values: Mapping[str, float], who: str, why: str) -> str:
        with self._turn:
            self._hold(rules)
            return self._force(what, rules, values, who, why, self.held)

    def _hold(self, rules: RuleSet) -> None:
        """From now on the folder's versions that differ from these rules do not count."""
        self.held = {name: digest(data) for name, data in self.folder_files.items() if data != rules.files.get(name)}

    def _force(
        self, what: str, rules: RuleSet, values: Mapping[str, float], who: str, why: str, files: Mapping[str, str] = {}
    ) -> str:
        """Put in force first: a full disk must not keep rules from being taken back."""
        before = hex_of(self._standing)
        row = self.engine.apply(rules, values, who, why or what)
        for each in self.edits:
            if each.stage == stages.WAITING:
                self._end(each, stages.SUPERSEDED)
        with suppress(JournalError):
            name = self.store.keep_set(rules)
            self._note(Act(what, who, why, name, before, files, self.engine.values(), (), row))
        return hex_of(rules)

    def _note(self, act: Act) -> None:
        try:
            self.store.note(act)
            self.fault = ""
        except JournalError as error:
            self.fault = str(error)

    def _end(self, edit: Edit, stage: str) -> None:
        edit.stage = stage
