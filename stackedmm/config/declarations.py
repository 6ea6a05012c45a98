"""All declared settings as a flat list, read off the models: what reports, documentation and forms are made from."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeGuard, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic.fields import FieldInfo

from stackedmm.config.fields import Declared, Frozen, plain

Places = tuple[str | int, ...]

_KEYS: Final = {"venues": "venue", "hedging_targets": "currency", "values": "rule"}
_ARTICLES: Final = {"decimal": "a", "integer": "an", "list": "a", "object": "an", "ISO": "an"}
_TYPES: Final = {Decimal: "decimal", int: "integer", bool: "true or false", str: "text", datetime: "ISO time"}


class Declaration(NamedTuple):
    """One setting as it was declared. A path writes `[]` for each line and `<venue>` for each key."""

    path: str
    type: str
    default: str
    bounds: str
    unit: str
    live: bool
    help: str
    words: tuple[str, ...]
    """What a setting with a closed vocabulary may say."""

    def expectation(self) -> str:
        """What a value should be, in words."""
        article = _ARTICLES.get(self.type.split()[0], "")
        return " ".join(part for part in (article, self.type, self.bounds, self.unit) if part)


def declarations(model: type[Declared], prefix: str = "") -> Iterator[Declaration]:
    """Every setting of a model and of the groups in it, as declared. A group itself has no row, a list of lines has."""
    for name, field in model.model_fields.items():
        path, shape = prefix + name, bare(field.annotation)
        if is_group(shape):
            yield from declarations(shape, f"{path}.")
            continue
        yield _declaration(path, field)
        fragment, inner = inside(name, shape)
        if is_group(inner):
            yield from declarations(inner, f"{path}{fragment}.")


@cache
def _by_path(model: type[Declared]) -> Mapping[str, Declaration]:
    return {row.path: row for row in declarations(model)}


def declaration_of(model: type[Declared], path: str) -> Declaration | None:
    """The declaration that governs a declared path: its own, or that of the list or mapping it stands in."""
    rows = _by_path(model)
    while path and path not in rows:
        path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
    return rows.get(path)


class Spot(NamedTuple):
    """Where in a document something stands."""

    places: Places
    path: str
    """As declared: `tob_lines[].spread_bps`."""
    group: type[Declared] | None
    """The group that stands there, or that has no such key."""
    known: bool


def locate(model: type[Declared], places: Places) -> Spot:
    """Follow keys and indices down the models, as far as they lead; what pydantic adds behind a value is left out."""
    kept: list[str | int] = []
    path, name, shape = "", "", model
    for place in places:
        fragment, inner = inside(name, shape)
        if is_group(shape):
            field = shape.model_fields.get(str(place))
            if place == "[key]":
                break
            kept.append(place)
            if field is None:
                return Spot(tuple(kept), path, shape, known=False)
            name = str(place)
            path, shape = f"{path}.{name}".lstrip("."), bare(field.annotation)
        elif inner is not None and place != "[key]":
            kept.append(place)
            path, shape = path + fragment, inner
        else:
            break
    return Spot(tuple(kept), path, shape if is_group(shape) else None, known=True)


def bare(annotation: Any) -> Any:
    """A type without what surrounds it: annotations, and the possibility of null."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        others = [part for part in get_args(annotation) if part is not NoneType]
        if get_origin(annotation) not in (Union, UnionType) or len(others) != 1:
            return annotation
        annotation = others[0]


def is_group(shape: Any) -> TypeGuard[type[Declared]]:
    """Whether a type is a group of settings."""
    return isinstance(shape, type) and issubclass(shape, Declared)


def inside(name: str, shape: Any) -> tuple[str, Any]:
    """How a list's or mapping's entries are written in a path, and their type; nothing for all else."""
    if get_origin(shape) is tuple:
        return "[]", bare(get_args(shape)[0])
    if get_origin(shape) is Frozen:
        return f".<{_KEYS.get(name, 'name')}>", bare(get_args(shape)[1])
    return "", None


def _declaration(path: str, field: FieldInfo) -> Declaration:
    extra = field.json_schema_extra
    assert isinstance(extra, dict), path
    return Declaration(
        path=path,
        type=_type(field.annotation),
        default="required" if field.is_required() else text_of(field.default),
        bounds=_bounds(field),
        unit=str(extra["unit"]),
        live=bool(extra["live"]),
        help=field.description or "",
        words=_words(bare(field.annotation)),
    )


def _words(shape: Any) -> tuple[str, ...]:
    if get_origin(shape) is Literal:
        return tuple(str(word) for word in get_args(shape))
    if isinstance(shape, type) and issubclass(shape, Enum):
        return tuple(str(member.value) for member in shape)
    if get_origin(shape) is tuple:
        return _words(bare(get_args(shape)[0]))
    if get_origin(shape) in (Union, UnionType):
        return tuple(word for part in get_args(shape) for word in _words(bare(part)))
    return ()


def _type(annotation: Any) -> str:
    shape = bare(annotation)
    null = " or null" if NoneType in get_args(annotation) else ""
    if get_origin(shape) is tuple:
        return f"list of {_type(get_args(shape)[0])}{null}"
    if get_origin(shape) is Frozen:
        return "object"
    if get_origin(shape) in (Union, UnionType):
        return " or ".join(_type(part) for part in get_args(shape))
    if is_group(shape):
        return "objects"
    return (_TYPES.get(shape) or " | ".join(_words(shape))) + null


def _bounds(field: FieldInfo) -> str:
    metadata = list(field.metadata)
    if get_origin(field.annotation) is Frozen:
        metadata += [rule for part in _annotations(get_args(field.annotation)[1]) for rule in part.metadata]
    signs = {Gt: ("gt", ">"), Ge: ("ge", ">="), Lt: ("lt", "<"), Le: ("le", "<=")}
    found = []
    for rule in metadata:
        if type(rule) in signs:
            name, sign = signs[type(rule)]
            found.append(f"{sign} {getattr(rule, name)}")
    least = [rule.min_length for rule in metadata if isinstance(rule, MinLen)]
    most = [rule.max_length for rule in metadata if isinstance(rule, MaxLen)]
    if least and most:
        found.append(f"of {least[0]} to {most[0]} entries")
    return ", ".join(found)


def _annotations(annotation: Any) -> list[FieldInfo]:
    parts = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return [part for part in parts if isinstance(part, FieldInfo)]


def text_of(value: object) -> str:
    """A default or a value as its JSON would say it, without quotes."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Decimal():
            return plain(value)
        case tuple():
            return ", ".join(text_of(part) for part in value) or "[]"
        case dict():
            return "{}"
        case Declared():
            return ", ".join(f"{name} {text_of(getattr(value, name))}" for name in type(value).model_fields)
        case _:
            return str(value)
