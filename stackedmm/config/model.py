"""The configuration: one frozen model, whole and consistent, or a ConfigError that lists everything wrong with it."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, ValidationError

from stackedmm.config.agreement import CHECKS
from stackedmm.config.choices import SmartPricingSource, Source
from stackedmm.config.fields import (
    Coin,
    Declared,
    Frozen,
    Integer,
    Name,
    Number,
    Problem,
    RuleName,
    Switch,
    declared,
    plain,
    read_list,
    refused,
    write_time,
)
from stackedmm.config.inventory import Inventory
from stackedmm.config.lines import PassiveLine, TobLine
from stackedmm.config.periods import Period, seconds
from stackedmm.config.pricing import Pricing, VenueSettings
from stackedmm.config.report import refusal
from stackedmm.config.risk import Hedging, Risk
from stackedmm.config.target import Target
from stackedmm.config.venues import Venue, VenueName, venue

VERSION: Final = 1
"""Of the document's form. A document of a later version is refused; there is no earlier one."""

LINES_MAX: Final = 16


def _read_folder(value: object) -> str:
    """A path that climbs could reach files that nobody meant to run."""
    if not isinstance(value, str) or not value.strip() or len(value) > 255 or not value.isprintable():
        raise refused("a folder's path of at most 255 characters")
    if ".." in value.replace("\\", "/").split("/") or value.startswith("~") or "$" in value:
        raise refused("a folder's path without .. or ~ or $")
    return value


def _numbered(kind: str) -> Callable[[object], object]:
    """Lines without an id are called by their kind and place, past ids that are taken."""

    def read(value: object) -> object:
        lines = read_list(value)
        assert isinstance(lines, tuple)
        taken = {_written_id(line) for line in lines}
        named: list[object] = []
        for place, line in enumerate(lines, 1):
            number = place
            while f"{kind}-{number}" in taken:
                number += 1
            if isinstance(line, Mapping) and "id" not in line:
                line = {**line, "id": f"{kind}-{number}"}
            elif isinstance(line, BaseModel) and "id" not in line.model_fields_set:
                line = line.model_copy(update={"id": f"{kind}-{number}"})
            taken.add(_written_id(line))
            named.append(line)
        return tuple(named)

    return read


def _written_id(line: object) -> object:
    if isinstance(line, BaseModel):
        return getattr(line, "id", None) if "id" in line.model_fields_set else None
    found = line.get("id") if isinstance(line, Mapping) else None
    return found if isinstance(found, str) else None


class Rules(Declared):
    """Where the rule files are, and values that beat the defaults in the files."""

    folder: Annotated[str, BeforeValidator(_read_folder), declared("where the rule files are", live=False)] = "rules"
    values: Annotated[
        Frozen[RuleName, Frozen[Name, Number]],
        declared("by rule and parameter; beats the default in the file"),
    ] = Frozen()


class StackedMarketMakingConfig(Declared):
    """Everything a person decides about one strategy. Making one that is not valid raises ConfigError."""

    checks: ClassVar[tuple[Callable[..., Iterator[Problem]], ...]] = CHECKS

    version: Annotated[Integer, declared("form of the document", live=False, ge=1, le=VERSION)] = VERSION
    base_coin: Annotated[Coin, declared("the coin all lines trade, such as BERA", live=False)]
    quote_currencies: Annotated[
        tuple[Coin, ...],
        BeforeValidator(read_list),
        declared("one book each per venue that lists it; results are in the first", live=False, items=(1, 16)),
    ] = ("USDT",)
    exchanges: Annotated[
        tuple[VenueName, ...],
        BeforeValidator(read_list),
        declared("venues by ccxt id, optionally with _spot or _perp", live=False, items=(1, 64)),
    ]
    inventory: Annotated[Inventory, declared("the one inventory")]
    tob_lines: Annotated[
        tuple[TobLine, ...],
        BeforeValidator(_numbered("tob")),
        declared("lines at the top of each venue's book", live=False, items=(0, LINES_MAX)),
    ] = ()
    passive_lines: Annotated[
        tuple[PassiveLine, ...],
        BeforeValidator(_numbered("passive")),
        declared("ladders around the reference price", live=False, items=(0, LINES_MAX)),
    ] = ()
    volume_types: Annotated[
        tuple[Literal["base", "quote", "both", "ratio", "imbalance"], ...],
        BeforeValidator(read_list),
        declared("volumes that are averaged", live=False, items=(1, 5)),
    ] = ("base", "quote")
    ma_types: Annotated[
        tuple[Literal["sma", "ewma"], ...],
        BeforeValidator(read_list),
        declared("averages that are kept; ewma up to one hour", live=False, items=(1, 2)),
    ] = ("sma", "ewma")
    min_fill: Annotated[
        Number, declared("part of the longer window that must be full before a pair counts", gt=0, le=1)
    ] = Decimal("1.0")
    time_periods: Annotated[
        tuple[Period, ...],
        BeforeValidator(read_list),
        declared("windows of the averages, multiples of 10 s such as 30s, 5min, 4h, 1d", live=False, items=(1, 8)),
    ] = ("5min", "15min", "30min")
    coefficient_method: Annotated[
        Literal["min", "max", "mid"], declared("which of the ratios of averages is the volume coefficient")
    ] = "min"
    min_coefficient: Annotated[
        Number, declared("lower bound of the volume coefficient", ge=Decimal("0.01"), le=100)
    ] = Decimal("0.2")
    max_coefficient: Annotated[
        Number, declared("upper bound of the volume coefficient", ge=Decimal("0.01"), le=100)
    ] = Decimal("3.0")
    smart_pricing_source: Annotated[
        Source, declared("which books the reference price is taken from; component is understood")
    ] = SmartPricingSource.AGGREGATED
    pricing: Annotated[Pricing, declared("details of the reference price")] = Pricing()
    venues: Annotated[Frozen[VenueName, VenueSettings], declared("settings of single venues")] = Frozen()
    taker_check: Annotated[Switch, declared("never cross the local book; false means crossing is intended")] = True
    hedging_enabled: Annotated[Switch, declared("hedge fills in quote currencies other than the first")] = True
    hedging_targets: Annotated[
        Frozen[Coin, Annotated[Number, declared("exposure to return to", ge=-(10**12), le=10**12)]],
        declared("by currency, in that currency: the exposure that is left as it is; 0 where not named"),
    ] = Frozen()
    hedging: Annotated[Hedging, declared("how hedges are sent")] = Hedging()
    leverage: Annotated[Number, declared("perps: notional at most this times equity", gt=0, le=125)] = Decimal(1)
    risk: Annotated[Risk, declared("hard limits")] = Risk()
    rules: Annotated[Rules, declared("rule files and their values")] = Rules()
    target_source: Annotated[Literal["manual", "http", "signal"], declared("where the inventory target comes from")] = (
        "manual"
    )
    target: Annotated[Target, declared("how the source is followed")] = Target()

    def __init__(self, /, **settings: Any) -> None:
        """Raises ConfigError with one line for each thing that is wrong."""
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise refusal(type(self), error, settings) from None

    @property
    def venues_by_name(self) -> dict[str, Venue]:
        """Each exchange as it was written, with the ccxt id and kind of market that it means, in order."""
        return {name: venue(name) for name in self.exchanges}

    @property
    def period_seconds(self) -> tuple[int, ...]:
        """The periods of the averages, shortest first."""
        return tuple(sorted(seconds(period) for period in self.time_periods))

    def settings_of(self, name: str) -> VenueSettings:
        """What is set for a venue, under whichever of its names; the defaults where nothing is."""
        meant = venue(name)
        found = [settings for written, settings in self.venues.items() if venue(written) == meant]
        return found[0] if found else VenueSettings()

    def to_json(self, indent: int | None = None) -> str:
        """Every setting, decimals as text with the digits they were written with; reading it gives an equal model."""
        return json.dumps(self.model_dump(mode="json"), indent=indent)

    def digest(self) -> str:
        """A name for what this configuration says: equal for equal models, in every process and on every machine."""
        text = json.dumps(_canonical(self.model_dump()), sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _canonical(value: object) -> object:
    """Plain JSON in which numbers that are equal are spelt alike."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, Decimal):
        return plain(value.normalize())
    return write_time(value) if isinstance(value, datetime) else value
