"""The proof before a rule may quote: answers at the corners of all that it reads, finite, repeatable, and equal in
Python and in machine code to the last bit."""

import ctypes
from collections.abc import Iterator
from itertools import product
from math import isnan, prod
from random import Random
from typing import Any, Final

import numpy as np

from stackedmm.core.views import BY_NAME, SIZE, SPREAD, VIEW
from stackedmm.rules.refusal import Refusal
from stackedmm.rules.ruleset import LoadedRule, same
from stackedmm.rules.verbs import NO_ANSWER

CORNERS_MAX: Final = 4096
SEEDED: Final = 512
"""Random points beside the corners, where these are all walked."""
STEPS_MAX: Final = 2_000_000
"""Steps that Python spends on one proof; a costly rule is proved at fewer points."""
_FEWEST: Final = 256

_CALL: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)

Probe = tuple[float, ...]
"""Numbers for the fields read, then for the Params."""


def corners(rule: LoadedRule) -> list[tuple[float, ...]]:
    """The telling values of every number that the rule depends on: low, 0, neutral or default, high."""
    axes = []
    for name in rule.fields:
        low, neutral, high = BY_NAME[name].low, BY_NAME[name].neutral, BY_NAME[name].high
        inside = (0.0,) if low < 0 < high and name != "sign" else ()
        axes.append(tuple(dict.fromkeys(map(float, (low, *inside, neutral, high)))))
    axes += [tuple(dict.fromkeys((param.low, param.default, param.high))) for _, param in rule.params]
    return axes


def probes(rule: LoadedRule) -> list[Probe]:
    """Every corner, up to a limit, then points drawn by a seed that is the file's own digest."""
    room = max(_FEWEST, min(CORNERS_MAX, STEPS_MAX // max(rule.cost, 1)))
    axes = corners(rule)
    draw = Random(rule.file_digest)
    if prod(map(len, axes)) <= room:
        found = list(product(*axes))
    else:
        found = [tuple(draw.choice(axis) for axis in axes) for _ in range(room)]
        # Each number's own corners with all others neutral are never left to chance.
        neutral = [BY_NAME[name].neutral for name in rule.fields] + [param.default for _, param in rule.params]
        found += [(*neutral[:i], each, *neutral[i + 1 :]) for i, axis in enumerate(axes) for each in axis]
    return found + list(_inside(rule, draw, min(SEEDED, room))) if axes else [()]


def _inside(rule: LoadedRule, draw: Random, count: int) -> Iterator[Probe]:
    spans = [(BY_NAME[name].low, BY_NAME[name].high) for name in rule.fields]
    spans += [(param.low, param.high) for _, param in rule.params]
    signs = [name == "sign" for name in rule.fields] + [False] * len(rule.params)
    for _ in range(count):
        yield tuple(draw.choice(span) if sign else draw.uniform(*span) for sign, span in zip(signs, spans, strict=True))


def prove(rule: LoadedRule) -> Refusal | None:
    """The first probe that the rule fails, as a refusal; None where it stands."""
    points = probes(rule)
    answers = [rule.value(*point) for point in points]
    for point, answer in zip(points, answers, strict=True):
        if isnan(answer):
            return _no_answer(rule, point)
        if not same(answer, rule.value(*point)):
            return _refused(rule, point, "answers twice differently", "this is a fault of the checker: report it")
    if rule.address:
        for point, answer, other in zip(points, answers, machine_answers(rule, points), strict=True):
            if not same(answer, other):
                what = f"answers {float(answer)!r} in Python and {other!r} in machine code"
                return _refused(rule, point, what, "write the formula another way")
    return None


def machine_answers(rule: LoadedRule, points: list[Probe]) -> list[float]:
    """What the machine code says at each point, through the very call that the engine makes."""
    call = _CALL(rule.address)
    reads = len(rule.fields)
    answers = np.zeros(len(points))
    params = np.zeros(max(1, len(rule.params)))
    for values, rows in _by_params(points, reads).items():
        views = np.zeros(len(rows), VIEW)
        for slot, name in enumerate(rule.fields):
            views[name] = [points[row][slot] for row in rows]
        params[: len(values)] = values
        found = np.zeros(len(rows))
        call(views.ctypes.data, len(rows), params.ctypes.data, found.ctypes.data)
        answers[rows] = found
    return list(map(float, answers))


def _by_params(points: list[Probe], reads: int) -> dict[Probe, list[int]]:
    """Rows with equal Params, so that one call answers them all."""
    groups: dict[Probe, list[int]] = {}
    for row, point in enumerate(points):
        groups.setdefault(point[reads:], []).append(row)
    return groups


def _no_answer(rule: LoadedRule, point: Probe) -> Refusal:
    """Why there is no answer: what was raised and on which line, or a number that is not of the verb's kind."""
    try:
        found: Any = rule.python(*point)
    except NO_ANSWER as error:
        reason = str(error) or type(error).__name__
        return _refused(rule, point, f"has no answer, {reason},", "give one for every View", _line(rule, error))
    if rule.verb in (SPREAD, SIZE):
        return _refused(rule, point, f"returned {found:g}", "a coefficient is finite and >= 0: use max(0.0, ...)")
    return _refused(rule, point, f"returned {found:g}", "keep the number finite")


def _line(rule: LoadedRule, error: BaseException) -> int:
    """The author's line that raised, which may lie in a function of another file: then the rule's own."""
    line, trace = rule.line, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == rule.file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _refused(rule: LoadedRule, point: Probe, what: str, remedy: str, line: int | None = None) -> Refusal:
    reads = len(rule.fields)
    view = ", ".join(f"{name}={value:.9g}" for name, value in zip(rule.fields, point[:reads], strict=True))
    params = [f"{name}={value:.9g}" for (name, _), value in zip(rule.params, point[reads:], strict=True)]
    where = ", ".join((f"View({view})", *params))
    return Refusal(rule.file, line or rule.line, f"{rule.name} {what} at {where}", remedy)
