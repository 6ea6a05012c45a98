"""Everything that is wrong with a configuration, one line each: where, what was found, what is expected."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stackedmm.config.choices import SIDES, SOURCES
from stackedmm.config.declarations import (
    Places,
    bare,
    declaration_of,
    declarations,
    inside,
    is_group,
    locate,
    text_of,
)
from stackedmm.config.fields import Declared, Frozen, Problem, contradictions
from stackedmm.errors import ConfigError

LINES_MAX: Final = 100
"""Of a document with more mistakes than this the rest is only counted: looking for near names costs time."""

_SECRET = re.compile(r"secret|passw|passphrase|api_?key|private_?key|mnemonic|credential|token", re.IGNORECASE)
_ALIASES: Final = (*SIDES, *SOURCES)


def refusal(model: type[Declared], error: ValidationError, document: object) -> ConfigError:
    """The error to raise for a document that a model refused."""
    errors = error.errors(include_url=False)
    lines = [line for details in errors[:LINES_MAX] for line in _explain(model, details)]
    if len(errors) > LINES_MAX:
        return refusal_of([*lines, f"... and {len(errors) - LINES_MAX} more"])
    wrong = {locate(model, details["loc"]).places for details in errors}
    return refusal_of([*lines, *_further(model, document, wrong)])


def refusal_of(lines: Iterable[str]) -> ConfigError:
    """The error to raise for these problems, each said once."""
    once = list(dict.fromkeys(lines))
    if len(once) > LINES_MAX + 1:
        once[LINES_MAX:] = [f"... and {len(once) - LINES_MAX} more"]
    return ConfigError("\n".join(once))


def _explain(model: type[Declared], details: ErrorDetails) -> Iterator[str]:
    spot = locate(model, details["loc"])
    where, found = spell(spot.places), shown(details["input"])
    if isinstance(details["input"], str) and "${" in details["input"]:
        found += " (placeholders are not filled in)"
    context = details.get("ctx", {})
    if details["type"] == "contradiction":
        for problem in context["problems"]:
            yield _contradiction(spot.places, problem)
    elif not spot.known and isinstance(spot.group, type):
        yield _unknown(model, spot.group, spot.places)
    elif details["type"] == "missing":
        row = declaration_of(model, spot.path)
        expected = "an object" if spot.group or row is None else row.expectation()
        yield f"{where}: missing, expected {expected}"
    elif details["type"] == "expected":
        yield f"{where}: found {found}, expected {context['expected']}"
    else:
        yield f"{where}: found {found}, expected {_expected(model, spot.path, spot.group, details)}"


def _expected(model: type[Declared], path: str, group: type[Declared] | None, details: ErrorDetails) -> str:
    row = declaration_of(model, path)
    if group is not None or row is None:
        return "an object"
    value = details["input"]
    expected = row.expectation()
    if row.words and path.endswith("[]"):
        expected = " | ".join(row.words)
    near = _near(str(value), (*row.words, *_ALIASES)) if row.words and isinstance(value, str) else ""
    return f"{expected}{near}"


def _unknown(model: type[Declared], group: type[Declared], places: Places) -> str:
    """An unknown key, with the nearest known one: here, or the same word in another group."""
    where, key = spell(places), str(places[-1])
    if _SECRET.search(key):
        return f"{where}: a secret (not shown), expected in the environment or keyring, never in a configuration"
    elsewhere = {row.path.rpartition(".")[2]: row.path for row in reversed(list(declarations(model)))}
    if key in elsewhere:
        return f"{where}: unknown here; did you mean {elsewhere[key]}?"
    near = _near(key, list(group.model_fields))
    return f"{where}: unknown{near}"


def _near(word: str, known: Iterable[str]) -> str:
    names = get_close_matches(word.lower()[:100], list(known), 1)
    return f"; did you mean {names[0]}?" if names else ""


def _further(model: type[Declared], document: object, wrong: set[Places], here: Places = ()) -> Iterator[str]:
    """What settings that are valid by themselves contradict: validation stops before it asks, if others are not."""
    if not isinstance(document, Mapping) or here in wrong:
        return
    values: dict[str, object] = {}
    for name, field in model.model_fields.items():
        place = (*here, name)
        if place in wrong:
            continue
        if any(places[: len(place)] == place for places in wrong):
            for group, spot, part in _groups(name, field, document.get(name), place):
                yield from _further(group, part, wrong, spot)
        elif name in document:
            values[name] = _reader(model, name).validate_python(document[name])
        elif not field.is_required():
            values[name] = field.default
    for problem in contradictions(model, values):
        yield _contradiction(here, problem)


def _groups(
    name: str, field: FieldInfo, document: object, place: Places
) -> Iterator[tuple[type[Declared], Places, object]]:
    """The groups of settings that stand in one setting of a document, with where they stand."""
    shape = bare(field.annotation)
    _, inner = inside(name, shape)
    if is_group(shape):
        yield shape, place, document
    elif is_group(inner) and get_origin(shape) is Frozen and isinstance(document, Mapping):
        yield from ((inner, (*place, key), part) for key, part in document.items())
    elif is_group(inner) and get_origin(shape) is tuple and isinstance(document, list | tuple):
        yield from ((inner, (*place, index), part) for index, part in enumerate(document))


@cache
def _reader(model: type[Declared], name: str) -> TypeAdapter[object]:
    """Validates one setting on its own."""
    field = model.model_fields[name]
    whole: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(whole)


def _contradiction(here: Places, problem: Problem) -> str:
    return f"{spell((*here, *problem.path))}: found {shown(problem.found)}, expected {problem.expected}"


_KEY = re.compile(r"[A-Za-z0-9_$.-]{1,40}", re.ASCII)
_OPAQUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=]{16,}", re.ASCII)


def spell(places: Places) -> str:
    """A place as a person writes it.

    >>> spell(("tob_lines", 0, "spread_bps"))
    'tob_lines[0].spread_bps'
    """
    text = ""
    for place in places:
        if isinstance(place, int):
            text += f"[{place}]"
        else:
            name = place if _KEY.fullmatch(place) else shown(place)
            text += f".{name}" if text else name
    return text or "the document"


def shown(value: object) -> str:
    """A value as a message may show it: short, printable, and never something that may be a key or a password."""
    match value:
        case None | bool():
            return text_of(value)
        case int() if value.bit_length() > 200:
            return "a number of too many digits"
        case int() | float() | Decimal():
            text = str(value)
            return text if len(text) <= 48 else "a number of too many digits"
        case str() if len(value) > 32 or "@" in value or "://" in value or _OPAQUE.fullmatch(value):
            return f"text of {len(value)} characters"
        case str():
            return json.dumps(value)
        case list() | tuple():
            return f"a list of {len(value)}"
        case Mapping():
            return "an object"
        case _:
            return f"a {type(value).__name__}"
