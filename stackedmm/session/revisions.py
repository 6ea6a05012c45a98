"""Configurations that were in force one after the other, and what became of each edit, field by field."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from stackedmm.config import Change, StackedMarketMakingConfig, changed, difference, is_live
from stackedmm.errors import ConfigError


class Verdict(NamedTuple):
    """What became of one field of an edit."""

    path: str
    old: object
    new: object
    verdict: str
    """`applied`, `would apply`, `unchanged`, `refused`, or `not applied` beside one that is refused."""
    why: str = ""


class Revision(NamedTuple):
    """One configuration that was in force."""

    number: int
    config: StackedMarketMakingConfig
    who: str
    at: datetime
    changes: tuple[Change, ...]


class Revisions:
    """All of them, oldest first; a configuration is small, and people make few."""

    def __init__(self, config: StackedMarketMakingConfig, who: str) -> None:
        self.all = [Revision(1, config, who, now(), ())]

    @property
    def last(self) -> Revision:
        """The one in force."""
        return self.all[-1]

    def enter(self, config: StackedMarketMakingConfig, who: str) -> Revision:
        """The next one."""
        changes = tuple(difference(self.last.config, config))
        self.all.append(Revision(self.last.number + 1, config, who, now(), changes))
        return self.last

    def __getitem__(self, number: int) -> Revision:
        for each in self.all:
            if each.number == number:
                return each
        raise ConfigError(f"revision: found {number}, expected 1 to {self.last.number}; see session.revisions")


def now() -> datetime:
    """The wall clock, to the second."""
    return datetime.fromtimestamp(int(time.time()), UTC)


def edited(config: StackedMarketMakingConfig, given: Mapping[str, object]) -> StackedMarketMakingConfig:
    """The configuration with these fields by path, valid as a whole; ConfigError names every problem."""
    if not given:
        raise ConfigError("configure: found no field, expected a path and a value, such as 'max_coefficient', 4")
    return changed(config, {path: _plain(value) for path, value in given.items()})


def _plain(value: object) -> object:
    """As a document holds it: models become objects, decimals text."""
    dump: Any = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    return value if value is None or isinstance(value, bool | int | float | str | list | tuple | dict) else str(value)


def verdicts(
    old: StackedMarketMakingConfig, new: StackedMarketMakingConfig, given: Mapping[str, object], word: str
) -> list[Verdict]:
    """One for each setting that differs, `word` where the engine takes it, and one for each given that does not."""
    found = [
        Verdict(each.path, each.old, each.new, word)
        if is_live(each.path)
        else Verdict(each.path, each.old, each.new, "refused", "takes effect at the next start only")
        for each in difference(old, new)
    ]
    return found + [
        Verdict(path, value, value, "unchanged") for path, value in given.items() if _same(old, path, value)
    ]


def _same(config: StackedMarketMakingConfig, path: str, value: object) -> bool:
    """Whether a field has this value already."""
    with suppress(ConfigError):
        return not difference(config, edited(config, {path: value}))
    return False  # valid only together with the other fields, so it changes something
