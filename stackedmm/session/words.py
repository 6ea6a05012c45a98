"""A person's words as rows for the engine, checked before they are said."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.engine.host import words
from stackedmm.engine.host.record import SIDES
from stackedmm.errors import RuleError
from stackedmm.rules import Param

CONTROLS: Final = {
    "pause": (rows.PAUSE, "quoting paused"),
    "resume": (rows.RESUME, "quoting resumed"),
    "kill": (rows.KILL, "KILL: every order is cancelled, nothing quotes"),
    "revive": (rows.UNKILL, "kill switch cleared, quoting goes on"),
}
"""What may be said of everything at once."""


class Said(NamedTuple):
    """Rows for the engine, and what the log says of them."""

    rows: NDArray[Any]
    text: str


class Slot(NamedTuple):
    """Where a Param stands in the engine's state."""

    place: int
    param: Param


def slots(names: tuple[str, ...], params: Mapping[str, Param]) -> dict[str, Slot]:
    """Every Param by `rule.param`; `names` are in the order in which the engine holds them."""
    return {name: Slot(place, params[name]) for place, name in enumerate(names)}


def tune(known: Mapping[str, Slot], name: str, value: float) -> tuple[Said, float]:
    """Set one Param, within its bounds; what is said, and the value it gets. RuleError where there is none so named."""
    slot = known.get(name)
    if slot is None:
        raise RuleError(f"no parameter {name}; known are {', '.join(known) or 'none'}")
    param = slot.param
    if not is_number(value) or not np.isfinite(value):
        raise RuleError(f"{name}={value!r}; give a number from {param.low:g} to {param.high:g}")
    kept = param.clamp(float(value))
    return Said(words.param(slot.place, kept), f"{name} = {kept:g} {param.unit}".rstrip()), kept


def is_number(value: object) -> bool:
    """Whether somebody gave a number, and not a word or a yes."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def side(filled: Filled, line: str, name: str, on: bool) -> Said:
    """Switch one side of a line on or off. RuleError where the line or side is not known."""
    ids = [each.id for each in filled.lines]
    if line not in ids or name not in SIDES:
        raise RuleError(f"no side {name} of line {line}; lines are {', '.join(ids)}, sides bid and ask")
    code = rows.LINE_ON if on else rows.LINE_OFF
    said = words.control(code, ids.index(line) * 2 + SIDES.index(name))
    return Said(said, f"{line} {name} switched {'on' if on else 'off'}")


def control(name: str) -> Said:
    """One of `CONTROLS`. RuleError where it is none."""
    if name not in CONTROLS:
        raise RuleError(f"{name} is none of {', '.join(CONTROLS)}")
    code, text = CONTROLS[name]
    return Said(words.control(code), text)


def venue(market: int, name: str, on: bool) -> Said:
    """Let one market quote again, or take every quote off it."""
    code = rows.RESUME if on else rows.PAUSE
    return Said(words.control(code, market=market), f"{name} {'resumed' if on else 'paused'}")
