"""Things to say to an engine as rows, and what is put in force together with one."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core import rows
from stackedmm.core.codes import ALL
from stackedmm.engine.arm import Armament
from stackedmm.engine.host.revise import Revision
from stackedmm.rules import RuleSet


class Word(NamedTuple):
    """Rows to be stepped at once, in this order, and what is stored just before them."""

    number: int
    """Of the last row; each row has one, counted from 1."""
    rows: NDArray[Any]
    who: str
    text: str
    armament: Armament | None = None
    rules: RuleSet | None = None
    revision: Revision | None = None


def blank(kind: int, count: int = 1) -> NDArray[Any]:
    """Rows of this kind that speak to every market."""
    made = np.zeros(count, rows.ROW)
    made["kind"], made["market"], made["marks"] = kind, ALL, rows.LAST
    return made


def control(code: int, argument: int = 0, market: int = ALL) -> NDArray[Any]:
    """A CONTROL row: one of the control codes of `core.rows`, and what it needs."""
    row = blank(rows.CONTROL)
    row["ref"], row["qty"], row["market"] = code, argument, market
    return row


def param(place: int, value: float) -> NDArray[Any]:
    """A PARAM row: the parameter at a place of the armament gets a value."""
    row = blank(rows.PARAM)
    row["ref"] = place
    row["qty"] = np.array([value], np.float64).view(np.int64)
    return row


def rule_set(digest: int, config_digest: int = 0) -> NDArray[Any]:
    """A RULE_SET row: something was put in force, and everything is decided anew.

    `digest` is that of the rules then in force; `config_digest` that of a revised configuration, 0 where rules changed.
    """
    row = blank(rows.RULE_SET)
    row["ref"], row["qty"] = digest, config_digest
    return row
