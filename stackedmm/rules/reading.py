"""The bytes of a rules folder: read once, by name, from regular files only, and decoded without mercy."""

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from stackedmm.rules.refusal import Refusal

BYTES_MAX: Final = 256_000
FILES_MAX: Final = 256
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\.py\Z")
CHANGED: Final = "changed while it was read"
TAKEN: Final = ("math.py", "stackedmm.py")

# O_NOFOLLOW refuses symlinks at the moment of opening, O_NONBLOCK keeps a FIFO from holding us. Windows has neither.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_BY_FOLDER: Final = os.open in os.supports_dir_fd

# Letters and marks that show nothing, beyond the Unicode categories of controls and formats.
_INVISIBLE: Final = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
_INVISIBLE_RANGES: Final = (range(0xFE00, 0xFE10), range(0xE0000, 0xE1000))
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_COOKIE: Final = re.compile(r"[ \f]*#.*?coding[:=][ \t]*([-\w.]+)")


class Source(NamedTuple):
    """One rule file as it was read: these bytes and no others are checked, hashed and compiled."""

    file: str
    data: bytes
    text: str

    @property
    def module(self) -> str:
        """The name under which other files of the folder import it."""
        return self.file.removesuffix(".py")

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return sha256(self.data).hexdigest()


def read(folder: str | Path) -> tuple[dict[str, bytes], list[Refusal]]:
    """Every rule file of the folder by name, and what cannot be read.

    Folders, files without `.py` and names beginning with `_` or `.` are nobody's rules and passed over.
    """
    folder = Path(folder)
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        reason = error.strerror or "not readable"
        return {}, [Refusal(str(folder), 1, f"the rules folder cannot be read: {reason}", "name an existing folder")]
    names = sorted(entry.name for entry in entries if _ours(entry))
    if len(names) > FILES_MAX:
        return {}, [Refusal(str(folder), 1, f"{len(names)} rule files", f"keep at most {FILES_MAX} in one folder")]
    files: dict[str, bytes] = {}
    refusals: list[Refusal] = []
    for name in names:
        found = _read(folder, name)
        if isinstance(found, bytes):
            files[name] = found
        else:
            refusals.append(found)
    return files, refusals + twins(names)


def _ours(entry: "os.DirEntry[str]") -> bool:
    return entry.name.lower().endswith(".py") and not entry.name.startswith(("_", "."))


def twins(names: Iterable[str]) -> list[Refusal]:
    """Names that some file systems cannot tell apart."""
    seen: dict[str, str] = {}
    refusals = []
    for name in sorted(names):
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            refusals.append(Refusal(name, 1, f"differs from {first} only by case", "rename one of the two"))
    return refusals


def _read(folder: Path, name: str) -> bytes | Refusal:
    """The file's bytes through one descriptor: what is looked at is what is read."""
    descriptors = []
    try:
        if not _BY_FOLDER and (folder / name).is_symlink():
            return Refusal(name, 1, "is a symbolic link", "put the file itself into the folder")
        if _BY_FOLDER:
            descriptors.append(os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)))
            descriptors.append(os.open(name, _FLAGS, dir_fd=descriptors[0]))
        else:
            descriptors.append(os.open(folder / name, _FLAGS))
        return _contents(descriptors[-1], name)
    except OSError as error:
        if (folder / name).is_symlink():
            return Refusal(name, 1, "is a symbolic link", "put the file itself into the folder")
        return Refusal(name, 1, f"cannot be read: {error.strerror}", "let the owner of this process read it")
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _contents(descriptor: int, name: str) -> bytes | Refusal:
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        return Refusal(name, 1, "is not a regular file", "keep only plain files named like rules in the folder")
    parts = []
    room = BYTES_MAX + 1
    while room and (part := os.read(descriptor, room)):
        parts.append(part)
        room -= len(part)
    after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return Refusal(name, 1, CHANGED, "save it again")
    return b"".join(parts)


def decode(files: Mapping[str, bytes]) -> tuple[list[Source], list[Refusal]]:
    """The files as text, in order of name, and the refusals of those that are none."""
    sources: list[Source] = []
    refusals: list[Refusal] = []
    for name in sorted(files):
        found = list(_faults(name, files[name]))
        if found:
            refusals += [Refusal(name, *fault) for fault in found]
        else:
            sources.append(Source(name, files[name], files[name].decode("utf-8")))
    return sources, refusals


Fault = tuple[int, str, str]


def _faults(name: str, data: bytes) -> Iterable[Fault]:
    if not NAME.match(name):
        yield 1, f"{name!r} is no name for a rule file", "use lower-case letters, digits and _, as in inventory.py"
    if name in TAKEN:
        yield 1, f"the name {name} is taken by what rules import", "choose another name"
    if len(data) > BYTES_MAX:
        yield 1, f"is larger than {BYTES_MAX} bytes", "split it; a rule is a few lines"
        return
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        yield 1, "begins with a byte order mark", "save it as UTF-8 without BOM"
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield data.count(b"\n", 0, error.start) + 1, f"byte 0x{data[error.start]:02x} is not UTF-8", "save it as UTF-8"
        return
    yield from _unseen(text)
    yield from _declared(text)


def _unseen(text: str) -> Iterable[Fault]:
    """The first character of each line that an editor does not show as it runs."""
    for line, content in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        for character in content:
            if character == "\t":
                yield line, "a tab", "indent with spaces"
            elif _is_unseen(character):
                yield line, f"an invisible character, {_called(character)}", "delete it"
            else:
                continue
            break


def _is_unseen(character: str) -> bool:
    if " " <= character <= "~":
        return False
    code = ord(character)
    category = unicodedata.category(character)
    return (
        category in _UNSEEN
        or (category == "Zs" and character != " ")
        or code in _INVISIBLE
        or any(code in each for each in _INVISIBLE_RANGES)
    )


def _called(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _declared(text: str) -> Iterable[Fault]:
    """A coding line that says other than UTF-8: another reader would see another text."""
    for line, content in enumerate(text.split("\n")[:2], 1):
        found = _COOKIE.match(content)
        if found and found[1].lower().replace("_", "-") not in ("utf-8", "utf8"):
            yield line, f"declares the encoding {found[1]}", "delete the line; rule files are UTF-8"
