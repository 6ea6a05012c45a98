"""How one setting is declared: its type, bounds, unit, default, help, and whether it may change while running."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Never, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    Strict,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DIGITS_MAX: Final = 40
"""No quantity, price or spread of any market needs more; beyond it a number is a mistake or an attack."""

ENTRIES_MAX: Final = 1000
"""Of any list or mapping, beyond the bounds of its own that it may have."""


def declared(
    text: str,
    *,
    unit: str = "",
    live: bool = True,
    gt: Decimal | int | None = None,
    ge: Decimal | int | None = None,
    lt: Decimal | int | None = None,
    le: Decimal | int | None = None,
    items: tuple[int, int] = (0, 0),
) -> Any:
    """The one declaration of a setting; `items` bounds the length of a list, `live` says it may change while running.

    It returns Any because pydantic types its own `Field` so.
    """
    least, most = items if items[1] else (None, None)
    return Field(
        description=text,
        gt=gt,
        ge=ge,
        lt=lt,
        le=le,
        min_length=least,
        max_length=most,
        json_schema_extra={"unit": unit, "live": live},
    )


class Problem(NamedTuple):
    """One thing wrong, found where, and what would be right; the path is relative to the model that reports it."""

    path: tuple[str | int, ...]
    found: object
    expected: str


class Declared(BaseModel):
    """A frozen group of settings. Unknown keys are refused; `checks` hold what several settings must agree on.

    A check names the settings it reads as its parameters, so that it can also run, for a complete report, when
    settings it does not read are wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = tuple(contradictions(type(self), self.__dict__))
        if problems:
            raise PydanticCustomError("contradiction", "settings contradict each other", {"problems": problems})
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What differs from the defaults; the rest is in the documentation."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if field.is_required() or value != field.get_default(call_default_factory=True):
                yield name, value


def contradictions(model: type[Declared], values: Mapping[str, object]) -> Iterator[Problem]:
    """What the model's checks say about those settings whose values are known."""
    for check in model.checks:
        names = _parameters(check)
        if all(name in values for name in names):
            yield from check(**{name: values[name] for name in names})


@cache
def _parameters(check: Callable[..., Iterator[Problem]]) -> tuple[str, ...]:
    return tuple(inspect.signature(check).parameters)


def refused(expected: str) -> PydanticCustomError:
    """The error a reader raises: the report adds where and what was found."""
    return PydanticCustomError("expected", "expected {expected}", {"expected": expected})


_NUMBER = re.compile(r"-?(\d{1,60})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)


def read_number(value: object) -> Decimal:
    """An exact decimal from a string, an int, a Decimal or a float's shortest text; no other spelling is guessed at."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise refused('a number, as text such as "12.5"')
    if isinstance(value, int) and value.bit_length() > 4 * DIGITS_MAX:
        raise refused(f"a number of at most {DIGITS_MAX} digits")
    text = repr(value) if isinstance(value, float) else str(value)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise refused('a finite number in plain digits, such as "12.5" (no spaces, no underscores, no sign but minus)')
    whole, fraction, exponent = match[1].lstrip("0"), match[2] or "", int(match[3] or 0)
    if max(len(whole) + max(exponent, 0), 1) + max(len(fraction) - exponent, 0) > DIGITS_MAX:
        raise refused(f"a number of at most {DIGITS_MAX} digits")
    number = Decimal(text)
    return number if number else abs(number)


def plain(number: Decimal) -> str:
    """The digits as a person writes them: never an exponent.

    >>> plain(Decimal("1E+3")), plain(Decimal("1000.0"))
    ('1000', '1000.0')
    """
    return format(number, "f")


def _read_integer(value: object) -> int:
    number = read_number(value)
    if number != number.to_integral_value():
        raise refused("a whole number")
    return int(number)


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise refused("text")
    return str(value)


_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def _read_time(value: object) -> datetime:
    """Numbers are refused: whether they count seconds or milliseconds would be a guess."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise refused(f"a time that exists ({error})") from None
    if not isinstance(value, datetime):
        raise refused("an ISO time such as 2024-01-01T00:00:00Z")
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise refused("a time between the years 1 and 9999") from None
    if moment > datetime.now(UTC):
        raise refused("a time that is not in the future")
    return moment


def write_time(moment: datetime) -> str:
    """ISO with Z, which every reader of ours takes back unchanged."""
    return moment.isoformat().replace("+00:00", "Z")


_COIN = re.compile(r"[A-Za-z0-9$._-]{1,20}", re.ASCII)


def _read_coin(value: object) -> str:
    text = _read_text(value)
    if "/" in text:
        raise refused("one coin such as BERA, not a symbol")
    if not _COIN.fullmatch(text):
        raise refused("a coin's code such as BERA, at most 20 letters or digits")
    if text.islower():
        raise refused(f"a coin's code in capitals; did you mean {text.upper()}?")
    return text


_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,31}", re.ASCII)


def _read_name(value: object) -> str:
    text = _read_text(value)
    if not _NAME.fullmatch(text):
        raise refused("a name of at most 32 letters, digits, - or _")
    return text


def _read_rule_name(value: object) -> str:
    """Sliders, logs and messages say `rule.parameter`; a document nests them, and says so."""
    rule, dot, parameter = _read_text(value).partition(".")
    if dot:
        raise refused(f'the rule and the parameter nested: {{"{rule}": {{"{parameter}": ...}}}}')
    return _read_name(value)


def read_list(value: object) -> object:
    """Only a list or a tuple: text is not a list of letters, and a set has no order."""
    if not isinstance(value, list | tuple):
        raise refused("a list")
    return tuple(_few(value))


def _few(value: Any) -> Any:
    """Stops before each entry of a bottomless collection is looked at, and near names are sought for it."""
    if isinstance(value, Sized) and len(value) > ENTRIES_MAX:
        raise refused(f"at most {ENTRIES_MAX} entries")
    return value


Number = Annotated[Decimal, BeforeValidator(read_number), PlainSerializer(plain, return_type=str, when_used="json")]
Integer = Annotated[int, BeforeValidator(_read_integer)]
Switch = Annotated[bool, Strict()]
Text = Annotated[str, BeforeValidator(_read_text)]
Coin = Annotated[str, BeforeValidator(_read_coin)]
Name = Annotated[str, BeforeValidator(_read_name)]
RuleName = Annotated[str, BeforeValidator(_read_rule_name)]
Time = Annotated[datetime, BeforeValidator(_read_time), PlainSerializer(write_time, return_type=str, when_used="json")]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Frozen(dict[Key, Value]):
    """A dict that cannot change once made, so that a configuration handed out stays what it was."""

    def _unchangeable(self, *_: object, **__: object) -> Never:
        raise TypeError("a configuration never changes; build another one")

    __setitem__ = __delitem__ = __ior__ = _unchangeable
    clear = pop = popitem = setdefault = update = _unchangeable

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[Key, Value]]]:
        return type(self), (dict(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read as a dict of the same keys and values, then frozen."""
        plain_dict: Any = dict
        entries = core_schema.no_info_before_validator_function(
            _few, handler(plain_dict[get_args(source) or (Any, Any)])
        )
        return core_schema.no_info_after_validator_function(cls, entries)
