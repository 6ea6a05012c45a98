"""A person's words as rows: what the page's controls say to the engine, checked before they are said."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.core.codes import ALL
from stackedmm.errors import RuleError
from stackedmm.rules import Param, RuleSet

SIDES: Final = ("bid", "ask")
CONTROLS: Final = {
    "pause": (rows.PAUSE, "quoting paused"),
    "resume": (rows.RESUME, "quoting resumed"),
    "kill": (rows.KILL, "KILL: every order is cancelled, nothing quotes"),
    "revive": (rows.UNKILL, "kill switch cleared, quoting goes on"),
}
"""What may be said of everything at once."""


class Word(NamedTuple):
    """One row for the engine, and what the log says of it."""

    row: NDArray[Any]
    text: str
    place: int = -1
    """Index of the Param it sets."""
    value: float = 0.0


class Slot(NamedTuple):
    """Where a Param stands in the engine's state."""

    place: int
    param: Param


def slots(rules: RuleSet | None) -> dict[str, Slot]:
    """Every Param by `rule.param`, in the order in which the engine holds them."""
    params = rules.params if rules is not None else {}
    return {name: Slot(place, param) for place, (name, param) in enumerate(params.items())}


def tune(known: dict[str, Slot], name: str, value: float) -> Word:
    """Set one Param, within its bounds. RuleError where there is none of that name."""
    slot = known.get(name)
    if slot is None:
        raise RuleError(f"no parameter {name}; known are {', '.join(known) or 'none'}")
    if not np.isfinite(value):
        raise RuleError(f"{name}={value}; give a number from {slot.param.low:g} to {slot.param.high:g}")
    value = slot.param.clamp(float(value))
    row = blank(rows.PARAM)
    row["ref"] = slot.place
    row["qty"] = np.array([value]).view(np.int64)
    return Word(row, f"{name} = {value:g} {slot.param.unit}".rstrip(), slot.place, value)


def side(filled: Filled, line: str, name: str, on: bool) -> Word:
    """Switch one side of a line on or off. RuleError where the line or side is not known."""
    ids = [each.id for each in filled.lines]
    if line not in ids or name not in SIDES:
        raise RuleError(f"no side {name} of line {line}; lines are {', '.join(ids)}, sides bid and ask")
    row = blank(rows.CONTROL)
    row["ref"] = rows.LINE_ON if on else rows.LINE_OFF
    row["qty"] = ids.index(line) * 2 + SIDES.index(name)
    return Word(row, f"{line} {name} switched {'on' if on else 'off'}")


def control(name: str) -> Word:
    """One of `CONTROLS`. RuleError where it is none."""
    if name not in CONTROLS:
        raise RuleError(f"{name} is none of {', '.join(CONTROLS)}")
    code, text = CONTROLS[name]
    row = blank(rows.CONTROL)
    row["ref"] = code
    return Word(row, text)


def blank(kind: int) -> NDArray[Any]:
    """A row of this kind that speaks to every market."""
    row = np.zeros(1, rows.ROW)
    row["kind"], row["market"], row["marks"] = kind, ALL, rows.LAST
    return row
