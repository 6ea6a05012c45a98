"""The ledger by itself, by names: what any later version of the core can begin from.

Books, windows and averages come back with the market; what is owned, owed, used up or forbidden does not.
"""

from typing import Any, Final, TypedDict

import numpy as np

from stackedmm.core.own import LIVE, PENDING, UNKNOWN
from stackedmm.errors import JournalError

VERSION: Final = 1
WHOLE: Final = (
    *("opened", "opening", "opening_price", "counter", "killed", "paused", "halted"),
    *("equity_high", "equity_open", "max_drawdown_seen", "unit_base", "unit_cost"),
)
UNITS: Final = ("unit_base", "unit_cost")
"""Written to be compared: integers mean something else under others."""
MARKET: Final = ("position", "base_wallet", "quote_wallet", "paused", "adverse")
LINE: Final = (
    *("bucket", "bucket_ns", "sides", "filled_units", "placed", "fills", "fill_ns", "seed"),
    *("canceled_timeout", "canceled_drift", "canceled_replace", "canceled_other"),
)
QUOTE: Final = ("market", "line", "side", "level", "bucket", "bucket_ns", "filled_hour", "filled_ns")
QUOTE_KEY: Final = ("market", "line", "side", "level")
ORDER: Final = ("ref", "px", "lots", "filled", "claimed", "life", "market", "side", "line")
ACCOUNT: Final = ("position", "cash", "fees", "fills", "lots_traded", "turnover", "free_base", "free_quote")

Fields = dict[str, Any]


class Checkpoint(TypedDict):
    """What a ledger checkpoint says, by names of fields; markets and lines by their place in the configuration."""

    version: int
    whole: Fields
    ledger: Fields
    markets: list[Fields]
    lines: list[Fields]
    quotes: list[Fields]
    orders: list[Fields]
    """Those that may still fill."""
    accounts: list[Fields]
    """At the simulated venues."""
    trade_id: int


def checkpoint(s: Any, x: Any) -> Checkpoint:
    """The ledger of a state and of its simulated venues."""
    markets, lines, quotes = (int(s[name]) for name in ("markets_n", "lines_n", "quotes_n"))
    alive = np.isin(s["orders"]["life"], (PENDING, LIVE, UNKNOWN))
    return Checkpoint(
        version=VERSION,
        whole=_fields(s, WHOLE),
        ledger=_fields(s["ledger"], s["ledger"].dtype.names),
        markets=[_fields(m, MARKET) for m in s["markets"][:markets]],
        lines=[_fields(line, LINE) for line in s["lines"][:lines]],
        quotes=[_fields(q, QUOTE) for q in s["quotes"][:quotes]],
        orders=[_fields(o, ORDER) for o in s["orders"][alive]],
        accounts=[_fields(m, ACCOUNT) for m in x["markets"][:markets]],
        trade_id=int(x["trade_id"]),
    )


def restore(s: Any, x: Any, said: Checkpoint) -> list[Fields]:
    """Enter a checkpoint into a fresh state and fresh simulated venues of the same markets; the orders it leaves open.

    Client ids go on behind the last one used. In paper those orders died with their venues; elsewhere they have to be
    cancelled or adopted by reconciliation before anything is quoted. Raises JournalError where it does not fit.
    """
    if said["version"] != VERSION:
        raise JournalError(f"ledger checkpoint: found version {said['version']}, expected {VERSION}")
    for name in UNITS:
        if said["whole"][name] != float(s[name]):
            what = f"found {name} {said['whole'][name]}, expected {float(s[name])}"
            raise JournalError(f"ledger checkpoint: {what}: its markets are not those of the configuration")
    _enter(s, said["whole"], set(WHOLE) - set(UNITS))
    _enter(s["ledger"], said["ledger"], set(s["ledger"].dtype.names))
    for there, here, names in (
        (said["markets"], s["markets"], MARKET), (said["lines"], s["lines"], LINE),
        (said["accounts"], x["markets"], ACCOUNT),
    ):  # fmt: skip
        for fields, record in zip(there, here, strict=False):
            _enter(record, fields, set(names))
    known = {tuple(fields[name] for name in QUOTE_KEY): fields for fields in said["quotes"]}
    for quote in s["quotes"][: int(s["quotes_n"])]:
        key = tuple(int(quote[name]) for name in QUOTE_KEY)
        if key in known:
            _enter(quote, known[key], set(QUOTE) - set(QUOTE_KEY))
    x["trade_id"] = said["trade_id"]
    s["reconciled"] = int(s["paper"] and s["opened"])
    return said["orders"]


def _fields(record: Any, names: Any) -> Fields:
    return {name: np.asarray(record[name]).tolist() for name in names}


def _enter(record: Any, fields: Fields, names: set[str]) -> None:
    for name in names & set(fields):
        record[name] = fields[name]
