"""What a journal's blobs say: how the engine was made, and what was put in force while it ran."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.read import validate
from stackedmm.core.market import Market
from stackedmm.engine.arm import ARMAMENT, Armament, addresses, prepare
from stackedmm.engine.assembly import Assembly, assemble
from stackedmm.errors import JournalError
from stackedmm.rules import RuleSet, rebuild

BEGINNING: Final = "beginning"
ARMED: Final = "armament"
CONFIGURED: Final = "configuration"


class Beginning(NamedTuple):
    """All that an engine is made from. Equal beginnings and equal rows give equal states."""

    config: StackedMarketMakingConfig
    markets: tuple[Market, ...]
    ticks: list[int]
    """About where each market trades."""
    seed: int
    venue: Mapping[str, Any]
    """Options of the simulated venues."""
    rules: RuleSet | None = None
    values: Mapping[str, float] | None = None
    paper: bool = True

    @property
    def prices(self) -> list[float]:
        """About where each market trades, in quote."""
        return [float(market.tick) * at for market, at in zip(self.markets, self.ticks, strict=True)]

    def assembled(self) -> Assembly:
        """A fresh engine beside simulated venues, its rules in force."""
        return assemble(
            self.config, self.markets, self.ticks, self.rules, self.values, seed=self.seed, **dict(self.venue)
        )

    def data(self) -> bytes:
        """As a blob."""
        return json.dumps(
            {
                "config": self.config.model_dump(mode="json"),
                "markets": [{k: str(v) for k, v in asdict(market).items()} for market in self.markets],
                "ticks": list(self.ticks),
                "seed": self.seed,
                "venue": dict(self.venue),
                "rules": _written(self.rules),
                "values": dict(self.values or {}),
                "paper": self.paper,
            }
        ).encode()


class Change(NamedTuple):
    """Rules or a configuration that a row puts in force."""

    ticket: int
    armament: Armament | None
    rules: RuleSet | None
    config: StackedMarketMakingConfig | None


def beginning(data: bytes) -> Beginning:
    """The beginning in a blob; JournalError where it is none."""
    try:
        said = json.loads(data)
        markets = tuple(_market(each) for each in said["markets"])
        return Beginning(
            validate(said["config"]), markets, said["ticks"], said["seed"], said["venue"], _rules(said["rules"]),
            said["values"], said["paper"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise JournalError(f"journal: the beginning cannot be read: {type(error).__name__}: {error}") from error


def armament_blob(ticket: int, armament: Armament, rules: RuleSet | None) -> bytes:
    """Rules that the row with this ticket puts in force: sources, and the record without this process's addresses."""
    record = armament.record.copy()
    record["addresses"] = 0
    said = {"ticket": ticket, "rules": _written(rules), "names": armament.names, "record": _text(record.tobytes())}
    return json.dumps(said).encode()


def configuration_blob(ticket: int, config: StackedMarketMakingConfig) -> bytes:
    """A configuration that the row with this ticket puts in force."""
    return json.dumps({"ticket": ticket, "config": config.model_dump(mode="json")}).encode()


def change(name: str, data: bytes) -> Change:
    """What a blob of either name says, with rules compiled for this process."""
    try:
        said = json.loads(data)
        if name == CONFIGURED:
            return Change(said["ticket"], None, None, validate(said["config"]))
        rules = _rules(said["rules"])
        record = np.frombuffer(bytearray(base64.b64decode(said["record"])), ARMAMENT)
        found = rules.rules if rules is not None else ()
        if len(found) != int(record["rules_n"][0]):
            raise JournalError(f"journal: found {len(found)} rules in the sources, {record['rules_n'][0]} in force")
        record["addresses"][0, : len(found)] = addresses(found)
        return Change(said["ticket"], Armament(record, tuple(said["names"])), rules, None)
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"journal: {name} cannot be read: {type(error).__name__}: {error}") from error


def first_change(begun: Beginning, built: Assembly) -> Change:
    """The rules that an engine begins with, as a change."""
    return Change(0, prepare(built.filled, begun.rules, begun.values), begun.rules, begun.config)


def _written(rules: RuleSet | None) -> dict[str, Any] | None:
    if rules is None:
        return None
    return {"files": {name: _text(data) for name, data in rules.files.items()}, "retired": sorted(rules.retired)}


def _rules(said: Mapping[str, Any] | None) -> RuleSet | None:
    if said is None:
        return None
    return rebuild({name: base64.b64decode(data) for name, data in said["files"].items()}, said["retired"])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _market(said: Mapping[str, str]) -> Market:
    kinds = {field.name: field.type for field in fields(Market)}
    return Market(**{name: Decimal(value) if kinds[name] is Decimal else value for name, value in said.items()})  # type: ignore[arg-type]
