"""Reading a configuration from a file, a text or plain objects; whatever is wrong becomes a ConfigError."""

import json
import os
import re
import stat
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from stackedmm.config.fields import DIGITS_MAX
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.config.report import refusal_of, shown
from stackedmm.errors import ConfigError

BYTES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 32


def load(path: str | os.PathLike[str]) -> StackedMarketMakingConfig:
    """The configuration in a JSON file. A problem of the text is named as file:line:column."""
    return validate(parse(read_text(path), os.fspath(path)))


def loads(text: str, name: str = "configuration") -> StackedMarketMakingConfig:
    """The configuration in a JSON text; `name` stands for the file in messages."""
    return validate(parse(text, name))


def validate(document: object) -> StackedMarketMakingConfig:
    """The configuration that plain objects describe, all of whose problems are reported at once."""
    if not isinstance(document, Mapping):
        raise ConfigError(f"the document: found {shown(document)}, expected an object")
    strange = [key for key in document if not isinstance(key, str)]
    if strange:
        raise refusal_of(f"the document: found the key {shown(key)}, expected text" for key in strange)
    return StackedMarketMakingConfig(**document)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a regular file of a sensible size, read once through one descriptor."""
    name = os.fspath(path)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise ConfigError(f"{name}: not a regular file, expected a JSON file")
            data = file.read(BYTES_MAX + 1)
            after = os.fstat(file.fileno())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{name}: cannot be read: {reason}") from None
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{name}: more than {BYTES_MAX} bytes, expected a configuration")
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, len(data)):
        raise ConfigError(f"{name}: changed while it was read, expected a file at rest; read it again")
    return _decoded(data, name)


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe that nobody writes to would otherwise wait for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decoded(data: bytes, name: str) -> str:
    marks = {b"\xef\xbb\xbf": "a byte order mark", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
    for mark, what in marks.items():
        if data.startswith(mark):
            raise ConfigError(f"{name}:1:1: found {what}, expected UTF-8 without a byte order mark")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data[: error.start].decode("utf-8")
        raise _fault(name, text, len(text), f"found the byte 0x{data[error.start]:02x}, expected UTF-8") from None


def parse(text: str, name: str) -> object:
    """Plain objects from strict JSON: each key once, finite numbers, no comments. Numbers with a point stay exact."""
    if len(text) > BYTES_MAX:
        raise ConfigError(f"{name}: more than {BYTES_MAX} characters, expected a configuration")
    if text.startswith("\ufeff"):
        raise ConfigError(f"{name}:1:1: found a byte order mark, expected text without one")
    _scan(text, name)
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise _fault(name, text, _culprit(text, error), _syntax(text, error)) from None


_FAR = re.compile(r"[eE][+-]?0*[1-9]\d{3}")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|//|/\*|#|[^\s\[\]{},:"#/]+|.', re.DOTALL)


def _scan(text: str, name: str) -> None:
    """Refuses what Python's parser lets pass or falls over: repeated keys, NaN, comments, bottomless nesting."""
    open_keys: list[set[str] | None] = []
    awaiting_key = False
    for token in _TOKEN.finditer(text):
        word, start = token[0], token.start()
        if word == '"':
            return  # a string without end; the parser says so
        if word in ("{", "["):
            open_keys.append(set() if word == "{" else None)
            if len(open_keys) > DEPTH_MAX:
                raise _fault(name, text, start, f"found nesting deeper than {DEPTH_MAX}, expected a configuration")
        elif word in ("}", "]"):
            del open_keys[-1:]
        elif word in ("//", "/*", "#"):
            raise _fault(name, text, start, "found a comment, expected JSON, which has none")
        elif word in ("NaN", "Infinity", "-Infinity"):
            raise _fault(name, text, start, f"found {word}, expected a finite number")
        elif word[0] in "-0123456789" and (len(word) > 2 * DIGITS_MAX or _FAR.search(word)):
            raise _fault(name, text, start, f"found a number of too many digits, expected at most {DIGITS_MAX}")
        elif word[0] == '"' and awaiting_key and open_keys and open_keys[-1] is not None:
            _once(word, open_keys[-1], name, text, start)
        if not word.isspace():
            awaiting_key = word in ("{", ",")


def _once(word: str, keys: set[str], name: str, text: str, start: int) -> None:
    try:
        key = json.loads(word)
    except json.JSONDecodeError:
        return  # the parser says what is wrong with it
    if key in keys:
        raise _fault(name, text, start, f"found the key {shown(key)} again, expected each key once")
    keys.add(key)


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "found nothing, expected an object"
    at = _culprit(text, error)
    if text[at : at + 1] in ("}", "]") and text[:at].rstrip().endswith(","):
        return f"found a comma before {text[at]}, expected none after the last entry"
    return f"not JSON: {error.msg}"


def _culprit(text: str, error: json.JSONDecodeError) -> int:
    """Where the error is: some Pythons point at a comma that is one too many, some at the bracket behind it."""
    if text[error.pos : error.pos + 1] != ",":
        return error.pos
    behind = text[error.pos + 1 :]
    return len(text) - len(behind.lstrip()) if behind.lstrip()[:1] in ("}", "]") else error.pos


def _fault(name: str, text: str, position: int, message: str) -> ConfigError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return ConfigError(f"{name}:{line}:{column}: {message}")
