"""Every version of every rule file and of every set that was ever in force, on disk, by content: nothing is lost.

`files/` holds bytes by their SHA-256, `sets/` holds sets by their digest, `acts.jsonl` says what was done, one line an
act, each with a check sum. Files and sets appear whole or not at all; a line torn by a crash is passed over and told.
Any number of processes may read while one writes; two writers do not lose each other's lines.
"""

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

from stackedmm.errors import JournalError, RuleError
from stackedmm.rules import reading
from stackedmm.rules.folder import examine, rebuild
from stackedmm.rules.reading import BYTES_MAX
from stackedmm.rules.refusal import ordered
from stackedmm.rules.ruleset import RuleSet
from stackedmm.rules.versions import Act, Diff, History, State, Version, Versions, difference

IN_FORCE: Final = ("started", "applied", "retired", "restored", "rolled back", "reverted")
"""Acts that put a set in force."""
AGAINST: Final = ("rolled back", "reverted", "withdrawn")
"""Acts after which versions in the folder do not count; they name them."""
REFUSED_KEPT: Final = 1000
"""Acts of refused edits whose files `prune` keeps."""
_SHORTEST: Final = 4


class Content(NamedTuple):
    """What a set was made of: enough to make it again."""

    hex: str
    files: dict[str, bytes]
    retired: tuple[str, ...]


class Store:
    """One folder. Raises JournalError where it cannot be written or does not hold what it says."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._acts: list[Act] = []
        self._torn = self._read_to = self._record = 0
        try:
            for part in ("files", "sets"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            ignored = self.folder / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n")
        except OSError as error:
            raise JournalError(f"{self.folder}: no rule store can be kept here: {error.strerror}") from error

    # Writing.

    def keep(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Keep files; their digests by name. What is too large to be a rule file is not kept, its digest is told."""
        digests = {}
        for name, data in files.items():
            digests[name] = digest(data)
            if len(data) <= BYTES_MAX:
                self._write(self._file(digests[name]), data)
        return digests

    def keep_set(self, rules: RuleSet) -> str:
        """Keep a set; its digest in hex."""
        content = {
            "files": self.keep(rules.files),
            "retired": sorted(rules.retired),
            "rules": [each.name for each in rules.rules],
        }
        name = hex_of(rules)
        self._write(self._set(name), json.dumps(content, sort_keys=True).encode())
        return name

    def note(self, act: Act) -> Act:
        """Add an act to the record, and have it on the disk before this returns."""
        act = act._replace(t=act.t or time.time_ns())
        text = json.dumps(act._asdict() | {"number": 0}, sort_keys=True)
        line = f"{crc32(text.encode()):08x} {text}\n".encode()
        try:
            with self._lock, (self.folder / "acts.jsonl").open("ab+") as record:
                # After a crash the last line may be torn: ours begins on a line of its own.
                end = record.seek(0, os.SEEK_END)
                if end:
                    record.seek(end - 1)
                    line = line if record.read(1) == b"\n" else b"\n" + line
                record.write(line)
                record.flush()
                os.fsync(record.fileno())
        except OSError as error:
            raise JournalError(f"{self.folder}: the act cannot be written: {error.strerror}; free the disk") from error
        return act

    def _write(self, path: Path, data: bytes) -> None:
        """Whole or not at all, and only once: the content is in the name."""
        with suppress(OSError):
            if path.read_bytes() == data:
                return
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise JournalError(f"{path}: cannot be written: {error.strerror}; free the disk") from error

    def prune(self) -> int:
        """Forget the files of old refused edits; whatever was in force stays. Returns how many were forgotten."""
        acts = self.acts()
        refused = [each for each in acts if each.what == "refused"]
        wanted = {d for each in acts if each.what != "refused" for d in each.files.values()}
        wanted |= {d for each in refused[-REFUSED_KEPT:] for d in each.files.values()}
        for path in (self.folder / "sets").glob("*.json"):
            wanted |= set(json.loads(path.read_bytes())["files"].values())
        count = 0
        for each in refused[:-REFUSED_KEPT]:
            for name in set(each.files.values()) - wanted:
                if self._file(name).is_file():
                    self._file(name).unlink()
                    count += 1
        return count

    # Reading.

    def acts(self) -> list[Act]:
        """Every act, oldest first, numbered from 1; torn lines are passed over."""
        with self._reading:
            self._read_on()
            return list(self._acts)

    def torn(self) -> int:
        """How many lines of the record cannot be read."""
        with self._reading:
            self._read_on()
            return self._torn

    def _read_on(self) -> None:
        """Parse what was added to the record since the last look."""
        try:
            with (self.folder / "acts.jsonl").open("rb") as record:
                found = os.fstat(record.fileno())
                if found.st_ino != self._record or found.st_size < self._read_to:
                    self._acts, self._torn, self._read_to, self._record = [], 0, 0, found.st_ino
                record.seek(self._read_to)
                data = record.read()
        except FileNotFoundError:
            self._acts, self._torn, self._read_to = [], 0, 0
            return
        whole, end, _ = data.rpartition(b"\n")
        self._read_to += len(whole) + len(end)
        for line in filter(None, whole.split(b"\n")):
            fields = _fields(line)
            if fields:
                self._acts.append(Act(**{**fields, "number": len(self._acts) + 1}))
            else:
                self._torn += 1

    def content(self, reference: str = "") -> Content:
        """What a set was made of. `reference`: its digest or the first digits of it, `-1` for the set in force before
        the last, `-2` before that, or nothing for the last. RuleError where there is none, or several."""
        name = self.resolve(reference)
        found = json.loads(self._read(self._set(name)))
        files = {file: self.file(version) for file, version in found["files"].items()}
        return Content(name, files, tuple(found["retired"]))

    def file(self, name: str) -> bytes:
        """The bytes of one version of a file, by their SHA-256."""
        data = self._read(self._file(name))
        if digest(data) != name:
            raise JournalError(f"{self._file(name)}: does not hold what its name says; restore it from a backup")
        return data

    def resolve(self, reference: str) -> str:
        """The digest of the set meant, as `content` takes it."""
        order = self.in_force()
        if not reference or reference.startswith("-"):
            back = int(reference[1:]) if reference[1:].isdigit() else 0
            if back >= len(order):
                raise RuleError(f"rules: no set {reference or 'in force'}; the record holds {len(order)} of them")
            return order[-1 - back]
        known = {path.stem for path in (self.folder / "sets").glob("*.json")}
        found = [name for name in known if name.startswith(reference.lower())]
        if len(reference) < _SHORTEST or len(found) != 1:
            what = "is too short" if len(reference) < _SHORTEST else f"fits {len(found)} sets"
            raise RuleError(f"rules: {reference!r} {what}; give the digest as history() shows it, or -1 for the last")
        return found[0]

    def in_force(self) -> list[str]:
        """Digests of the sets in force, in the order of time, each where it replaced another."""
        order: list[str] = []
        for act in self.acts():
            if act.what in IN_FORCE and (not order or order[-1] != act.set):
                order.append(act.set)
        return order

    def history(self, last: int = 20) -> History:
        """The last acts, newest first, as a table."""
        return History(self.acts()[-last:][::-1])

    def versions(self, file: str) -> Versions:
        """Every version of one file that was seen, oldest first; a table when printed."""
        found: dict[str, Version] = {}
        for act in self.acts():
            name = act.files.get(file)
            if name:
                fate = "in force" if act.what in IN_FORCE else act.what
                first = found.get(name)
                found[name] = Version(name, first.t if first else act.t, fate)
        return Versions(file, tuple(found.values()))

    def diff(self, before: str = "-1", after: str = "") -> Diff:
        """What changed between two sets, or two versions of a file: lines, and values. Each as `resolve` takes it, or
        the first digits of a version's digest as `versions` shows it."""
        return difference(*(self._state(reference) for reference in (before, after)))

    def _state(self, reference: str) -> State:
        """A set, or one version of one file where the digits are those of such."""
        digits = reference.lower()
        versions = list((self.folder / "files").glob(f"{digits[:2]}/{digits}*.py")) if digits.isalnum() else []
        sets = (self.folder / "sets").glob(f"{digits}*.json") if versions else ()
        if len(digits) >= _SHORTEST and len(versions) == 1 and not any(sets):
            name = versions[0].stem
            file = next((f for act in self.acts() for f, each in act.files.items() if each == name), "file.py")
            return State(name, {file: self.file(name)}, {})
        found = self.content(reference)
        return State(found.hex, found.files, self.values(found.hex))

    def held(self) -> dict[str, str]:
        """Digests by file of the versions that were rolled back or withdrawn last, and not put in force since."""
        found: dict[str, str] = {}
        for act in self.acts():
            if act.what in AGAINST:
                found = dict(act.files)
            elif act.what == "applied":
                found = {name: each for name, each in found.items() if act.files.get(name) != each}
        return found

    def values(self, name: str) -> dict[str, float]:
        """The values with which a set was last put in force."""
        return next((dict(act.values) for act in reversed(self.acts()) if act.set == name and act.values), {})

    def _file(self, name: str) -> Path:
        return self.folder / "files" / name[:2] / f"{name}.py"

    def _set(self, name: str) -> Path:
        return self.folder / "sets" / f"{name}.json"

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise JournalError(f"{path}: cannot be read: {error.strerror}; restore it from a backup") from error


def _fields(line: bytes) -> dict[str, Any]:
    """The fields of an act; none where the line does not agree with its check sum."""
    check, _, text = line.partition(b" ")
    try:
        return dict(json.loads(text)) if int(check, 16) == crc32(text) else {}
    except ValueError:
        return {}


def place_of(folder: str | Path) -> Path:
    """Where the versions of a rules folder are kept unless somebody says otherwise: inside, out of sight."""
    return Path(folder) / ".versions"


def digest(data: bytes) -> str:
    """The name of these bytes: their SHA-256 in hex."""
    return sha256(data).hexdigest()


def opening(folder: str | Path, store: Store) -> RuleSet:
    """The rules with which an engine begins: the folder's, but for what was retired, rolled back or withdrawn before.

    RuleError with every refusal where a file of the folder is not fit.
    """
    files, refusals = reading.read(folder)
    last = store.content() if store.in_force() else Content("", {}, ())
    held = store.held()
    for name in [name for name, data in files.items() if held.get(name) == digest(data)]:
        if name in last.files:
            files[name] = last.files[name]
        else:
            del files[name]
    if refusals:
        outcome = examine(files, last.retired)
        raise RuleError("\n".join(map(str, ordered([*refusals, *outcome.refusals]))))
    return rebuild(files, last.retired)


def hex_of(rules: RuleSet | None) -> str:
    """A set's name: its digest as people read it; one of its own for files whose rules are all retired."""
    if rules is None or (not rules.rules and not rules.files):
        return "0" * 16
    if rules.rules:
        return rules.hex
    files = sorted((name, digest(data)) for name, data in rules.files.items())
    return "0000" + digest(repr((files, sorted(rules.retired))).encode())[:12]
