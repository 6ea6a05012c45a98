"""The ledger by itself, by names: what any later version of the core can begin from.

Books, windows and averages come back with the market; what is owned, owed, used up or forbidden does not.
"""

from typing import Any, Final, TypedDict

import numpy as np

from stackedmm.core.own import LIVE, PENDING, UNKNOWN
from stackedmm.errors import JournalError

VERSION: Final = 2
WHOLE: Final = (
    *("opened", "opening", "opening_price", "counter", "killed", "paused", "halted"),
    *("equity_high", "equity_open", "max_drawdown_seen", "unit_base", "unit_cost"),
)
UNITS: Final = ("unit_base", "unit_cost")
"""Written to be compared: integers mean something else under others."""
MARKET: Final = ("position", "net_lots", "rate", "paused", "adverse")
WALLET: Final = ("amount", "due")
CURRENCY: Final = ("unit", "rate", "flow", "fees", "fills")
LINE: Final = (
    *("bucket", "bucket_ns", "sides", "filled_units", "placed", "fills", "fill_ns", "seed"),
    *("canceled_timeout", "canceled_drift", "canceled_replace", "canceled_other"),
)
QUOTE: Final = ("market", "line", "side", "level", "bucket", "bucket_ns", "filled_hour", "filled_ns")
QUOTE_KEY: Final = ("market", "line", "side", "level")
ORDER: Final = ("ref", "px", "lots", "filled", "claimed", "life", "market", "side", "line")
ACCOUNT: Final = ("position", "cash", "fees", "fills", "lots_traded", "turnover")

Fields = dict[str, Any]


class Checkpoint(TypedDict):
    """What a ledger checkpoint says, by names of fields; markets and lines by their place in the configuration."""

    version: int
    whole: Fields
    ledger: Fields
    markets: list[Fields]
    wallets: list[Fields]
    currencies: list[Fields]
    lines: list[Fields]
    quotes: list[Fields]
    orders: list[Fields]
    """Those that may still fill."""
    accounts: list[Fields]
    """At the simulated venues."""
    balances: list[int]
    """Free money and coins there."""
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
        wallets=[_fields(w, WALLET) for w in s["wallets"][: int(s["wallets_n"])]],
        currencies=[_fields(c, CURRENCY) for c in s["currencies"][: int(s["currencies_n"])]],
        lines=[_fields(line, LINE) for line in s["lines"][:lines]],
        quotes=[_fields(q, QUOTE) for q in s["quotes"][:quotes]],
        orders=[_fields(o, ORDER) for o in s["orders"][alive]],
        accounts=[_fields(m, ACCOUNT) for m in x["markets"][:markets]],
        balances=x["balances"].tolist(),
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
    shapes = [(len(said["wallets"]), int(s["wallets_n"])), (len(said["currencies"]), int(s["currencies_n"]))]
    if any(there != here for there, here in shapes):
        what = f"found {shapes[0][0]} wallets and {shapes[1][0]} currencies, expected {shapes[0][1]} and {shapes[1][1]}"
        raise JournalError(f"ledger checkpoint: {what}: its markets are not those of the configuration")
    _enter(s, said["whole"], set(WHOLE) - set(UNITS))
    _enter(s["ledger"], said["ledger"], set(s["ledger"].dtype.names))
    for there, here, names in (
        (said["markets"], s["markets"], MARKET), (said["lines"], s["lines"], LINE),
        (said["wallets"], s["wallets"], WALLET), (said["currencies"], s["currencies"], CURRENCY),
        (said["accounts"], x["markets"], ACCOUNT),
    ):  # fmt: skip
        for fields, record in zip(there, here, strict=False):
            _enter(record, fields, set(names))
    known = {tuple(fields[name] for name in QUOTE_KEY): fields for fields in said["quotes"]}
    for quote in s["quotes"][: int(s["quotes_n"])]:
        key = tuple(int(quote[name]) for name in QUOTE_KEY)
        if key in known:
            _enter(quote, known[key], set(QUOTE) - set(QUOTE_KEY))
    x["balances"] = said["balances"]
    x["trade_id"] = said["trade_id"]
    s["reconciled"] = int(s["paper"] and s["opened"])
    return said["orders"]


def _fields(record: Any, names: Any) -> Fields:
    return {name: np.asarray(record[name]).tolist() for name in names}


def _enter(record: Any, fields: Fields, names: set[str]) -> None:
    for name in names & set(fields):
        record[name] = fields[name]
