"""What the author of a rule writes: `Param`, the five verbs of `rule`, and the `Rule` they return."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Final, NamedTuple, overload

from stackedmm.core.views import GATE, SIZE, SPREAD, VERBS
from stackedmm.errors import RuleError
from stackedmm.rules.refusal import nearest
from stackedmm.rules.view import View, number

SIDES: Final = ("bid", "ask")
DUTIES: Final = ("inventory", "volume")
"""What a line's own methods may already do, so that a rule stays out: the values of `unless`."""

NUMBER_MAX: Final = 1e12
_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")

# What a rule raises, as plain Python, where machine code has no answer either.
NO_ANSWER: Final = (ArithmeticError, ValueError)


@dataclass(frozen=True, slots=True)
class Param:
    """A number declared once: default, bounds, unit, and a line of help.

    >>> Param(8.0, 0, 40, "bps")
    Param(8, 0..40 bps)
    """

    default: float
    low: float
    high: float
    unit: str = ""
    help: str = ""

    def __post_init__(self) -> None:
        for name in ("default", "low", "high"):
            found = number(getattr(self, name))
            if found is None or abs(found) > NUMBER_MAX:
                raise RuleError(f"Param {name}={getattr(self, name)!r}; give a finite number within ±{NUMBER_MAX:g}")
            object.__setattr__(self, name, found)
        if not all(isinstance(text, str) for text in (self.unit, self.help)):
            raise RuleError("Param unit and help are not text; write them as strings")
        if not self.low <= self.default <= self.high:
            raise RuleError(f"{self!r}: default outside the bounds; keep low <= default <= high")

    def clamp(self, value: float) -> float:
        """`value` brought into the bounds."""
        return min(max(value, self.low), self.high)

    def __repr__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"Param({self.default:g}, {self.low:g}..{self.high:g}{unit})"


class Scope(NamedTuple):
    """Where a rule applies; an empty tuple means everywhere."""

    line: tuple[str, ...] = ()
    """Kinds of line (`tob`, `passive`) or line ids."""
    side: tuple[str, ...] = ()
    venue: tuple[str, ...] = ()

    def covers(self, kind: str, line: str, side: str, venue: str) -> bool:
        """Whether a quote of this line (its kind and id), side and venue is meant."""
        return (
            (not self.line or kind in self.line or line in self.line)
            and (not self.side or side in self.side)
            and (not self.venue or venue in self.venue)
        )

    def __str__(self) -> str:
        return " ".join(f"{name}={','.join(words)}" for name, words in self._asdict().items() if words) or "everywhere"


Words = str | tuple[str, ...]


def words(name: str, value: object) -> tuple[str, ...]:
    """A scope argument as a tuple of words, or RuleError naming the fault and the remedy."""
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, tuple) or not all(isinstance(word, str) for word in found):
        raise RuleError(f"{name}={value!r} is not a name; write a string or a tuple of strings")
    known = {"side": SIDES, "unless": DUTIES}.get(name)
    for word in found:
        if known and word not in known:
            raise RuleError(f"{name}={word!r} is not known; {nearest(word, known)}")
        if not _WORD.match(word):
            raise RuleError(f"{name}={word!r} is not a name; use lower-case letters, digits, _ and -")
    if len(set(found)) != len(found):
        raise RuleError(f"{name} names one thing twice; name each once")
    return found


def in_kind(verb: int, answer: object) -> float:
    """The answer as its verb takes it: a finite number, at least 0 for a coefficient, a truth for a gate; else NaN."""
    if verb == GATE:
        return answer if isinstance(answer, bool) else nan
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return nan
    try:
        result = float(answer)
    except OverflowError:
        return nan
    return nan if not isfinite(result) or (verb in (SPREAD, SIZE) and result < 0) else result


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule as its decorator returns it: a value that answers a View, registered nowhere."""

    name: str
    verb: int
    scope: Scope
    unless: tuple[str, ...]
    params: Mapping[str, Param]
    function: Callable[..., Any]
    __doc__: str

    def __call__(self, view: View, **params: float) -> float:
        """The rule's answer with its Params' defaults, or those given; NaN where it has no answer."""
        if not isinstance(view, View):
            raise RuleError(f"{self.name} takes a View, not {type(view).__name__}; write {self.name}(View())")
        values = {name: declared.default for name, declared in self.params.items()}
        for name, value in params.items():
            values[name] = self._checked(name, value)
        try:
            return in_kind(self.verb, self.function(view, **values))
        except NO_ANSWER:
            return nan

    def _checked(self, name: str, value: object) -> float:
        declared = self.params.get(name)
        if declared is None:
            raise RuleError(f"{self.name} has no Param {name}; {nearest(name, self.params)}")
        found = number(value)
        if found is None or not declared.low <= found <= declared.high:
            raise RuleError(f"{self.name}.{name}={value!r}; it runs from {declared.low:g} to {declared.high:g}")
        return found

    def __repr__(self) -> str:
        return f"<rule.{VERBS[self.verb]} {self.name} {self.scope}>"


class Verb:
    """One of the five things a rule may do; decorates a function, bare or with a scope."""

    def __init__(self, code: int) -> None:
        self._code = code

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Rule: ...

    @overload
    def __call__(
        self, /, *, line: Words = (), side: Words = (), venue: Words = (), unless: Words = ()
    ) -> Callable[[Callable[..., Any]], Rule]: ...

    def __call__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        line: Words = (),
        side: Words = (),
        venue: Words = (),
        unless: Words = (),
    ) -> Rule | Callable[[Callable[..., Any]], Rule]:
        """Make a Rule of the function, for the lines, sides and venues named; `unless` a line's own methods do it."""
        scope = Scope(words("line", line), words("side", side), words("venue", venue))
        duties = words("unless", unless)

        def declare(function: Callable[..., Any]) -> Rule:
            _, *arguments = inspect.signature(function).parameters.values()
            wrong = [argument.name for argument in arguments if not isinstance(argument.default, Param)]
            if wrong:
                raise RuleError(f"{function.__name__}: {', '.join(wrong)} has no Param; declare each with Param(...)")
            params = {argument.name: argument.default for argument in arguments}
            return Rule(function.__name__, self._code, scope, duties, params, function, function.__doc__ or "")

        return declare if function is None else declare(function)


class Verbs(NamedTuple):
    """The five verbs, in the core's order."""

    skew: Verb
    """bps added to the reference, both sides; neutral 0; answers are summed."""
    widen: Verb
    """bps added to one side's half-spread; neutral 0; answers are summed."""
    spread: Verb
    """Coefficient on the half-spread; neutral 1; answers are multiplied."""
    size: Verb
    """Coefficient on the size; neutral 1; answers are multiplied."""
    gate: Verb
    """May this quote stand; neutral True; one False is enough."""


rule: Final = Verbs(*(Verb(code) for code in range(len(VERBS))))
