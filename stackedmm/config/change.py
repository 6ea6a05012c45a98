"""Comparing configurations, and making a changed one; a configuration itself never changes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeGuard

from stackedmm.config.declarations import declaration_of, locate
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.config.read import validate
from stackedmm.config.report import refusal_of, shown, spell
from stackedmm.errors import ConfigError


class Change(NamedTuple):
    """One setting that differs; what one side does not have is None."""

    path: str
    old: object
    new: object


def difference(old: StackedMarketMakingConfig, new: StackedMarketMakingConfig) -> list[Change]:
    """Every setting that differs, in the order of the documentation. Lines are matched by id, never by position.

    >>> from stackedmm.config.templates import ConfigTemplates
    >>> base = ConfigTemplates.conservative_bera_usdt()
    >>> difference(base, changed(base, {"tob_lines[tob-1].spread_bps": "40"}))
    [Change(path='tob_lines[tob-1].spread_bps', old=Decimal('30'), new=Decimal('40'))]
    """
    return list(_compare("", old.model_dump(), new.model_dump()))


def _compare(path: str, old: object, new: object) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _compare(f"{path}.{key}".lstrip("."), old.get(key), new.get(key))
    elif _are_lines(old) and _are_lines(new):
        before, after = ({line["id"]: line for line in lines} for lines in (old, new))
        for name in dict.fromkeys([*before, *after]):
            yield from _compare(f"{path}[{name}]", before.get(name), after.get(name))
    elif old != new:
        yield Change(path, old, new)


def _are_lines(value: object) -> TypeGuard[Sequence[dict[str, Any]]]:
    return isinstance(value, tuple | list) and all(isinstance(line, dict) for line in value)


def is_live(path: str) -> bool:
    """Whether the setting at a path may change while the engine runs.

    >>> is_live("tob_lines[tob-1].spread_bps"), is_live("base_coin")
    (True, False)
    """
    places = tuple(0 if step.startswith("[") else step for step in _STEP.findall(path))
    row = declaration_of(StackedMarketMakingConfig, locate(StackedMarketMakingConfig, places).path)
    return row is not None and row.live


def require_live(old: StackedMarketMakingConfig, new: StackedMarketMakingConfig) -> list[Change]:
    """The difference, if the engine may take it while running; else a ConfigError names what it may not take."""
    changes = difference(old, new)
    lines = [
        f"{change.path}: found {shown(change.new)}, expected {shown(change.old)} for as long as the engine runs"
        for change in changes
        if not is_live(change.path)
    ]
    if lines:
        raise refusal_of(lines)
    return changes


def changed(config: StackedMarketMakingConfig, values: Mapping[str, object]) -> StackedMarketMakingConfig:
    """Another configuration with these settings, valid as a whole. A path names a line by id or by place."""
    document: Any = config.model_dump(mode="json")
    for path, value in values.items():
        place = document
        *way, last = _STEP.findall(path) or [""]
        for step in way:
            place = place[_key(place, step, path)]
        place[_key(place, last, path, new=True)] = value
    return validate(document)


_STEP: Final = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def _key(place: object, step: str, path: str, *, new: bool = False) -> Any:
    """The key or index under which a step of a path goes on."""
    word = step.strip("[]")
    if isinstance(place, list):
        ids = [line.get("id") if isinstance(line, dict) else None for line in place]
        if word in ids:
            return ids.index(word)
        if word.isdecimal() and word.isascii() and len(word) < 5 and int(word) < len(place):
            return int(word)
    elif isinstance(place, dict) and word == step != "" and (new or word in place):
        return word
    raise ConfigError(f"{spell((path,))}: found no {shown(word)}, expected the path of a setting")
