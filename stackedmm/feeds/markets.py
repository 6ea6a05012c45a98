"""What venues say of their markets: ccxt's and the venues' own records, and what the data itself says."""

import gzip
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from stackedmm.core.market import INVERSE, LINEAR, SPOT, Market
from stackedmm.errors import ConfigError
from stackedmm.feeds import native

Key = tuple[str, str]
"""Venue and symbol."""

INVERSE_SIZES: Final[dict[str, dict[str, int]]] = {
    "binancecoinm": {"BTC": 100, "": 10},
    "okx": {"BTC": 100, "": 10},
    "bybit": {"": 1},
}
"""Quote units of one inverse contract by base coin, where a venue's rule is known; "" is every other coin."""

IN_CONTRACTS: Final = frozenset({"gate", "okx"})
"""Venues whose linear quantities are contracts of a size only their own records tell."""


DECIMALS: Final = frozenset(each.name for each in fields(Market) if each.type in (Decimal, "Decimal"))
"""Fields of a market that are numbers."""


def split_symbol(symbol: str) -> tuple[str, str, str]:
    """Base, quote and settlement coin of a unified symbol; the last is empty for spot.

    >>> split_symbol("BTC/USD:BTC-220527")
    ('BTC', 'USD', 'BTC')
    """
    pair, _, settle = symbol.partition(":")
    base, slash, quote = pair.partition("/")
    if not base or not slash or not quote:
        raise ConfigError(f"symbol {symbol!r}: expected BASE/QUOTE or BASE/QUOTE:SETTLE")
    return base, quote, settle.partition("-")[0]


def venue_name(word: str) -> str:
    """The ccxt id meant by a venue's name: `gateio` is gate, and `_spot` or `_perp` behind it is no part of it."""
    word = re.sub("_(spot|perp)$", "", word)
    return "gate" if word == "gateio" else word


def inferred(venue: str, symbol: str, tick: Decimal, lot: Decimal) -> tuple[Market, str]:
    """A market as the data and its symbol describe it, and what had to be assumed for it ("" if nothing)."""
    base, quote, settle = split_symbol(symbol)
    kind = SPOT if not settle else INVERSE if settle == base else LINEAR
    unit, assumed = Decimal(1), ""
    if kind == INVERSE:
        sizes = INVERSE_SIZES.get(venue)
        if sizes is None:
            assumed = f"a contract is taken as 1 {quote}"
        else:
            unit = Decimal(sizes.get(base, sizes[""]))
    elif kind == LINEAR and venue in IN_CONTRACTS:
        assumed = f"a contract is taken as 1 {base}"
    market = Market(venue, symbol, base, quote, tick, lot, kind, settle, unit, min_quantity=lot)
    return market, assumed


def load(path: str | Path, venues: Iterable[str] = ()) -> dict[Key, Market]:
    """Markets described by a JSON file, plain or gzipped: ccxt's `markets`, or venues' own records.

    A ccxt file does not say whose markets it holds: its name must contain the venue, or `venues` have one only.
    """
    path = Path(path)
    records = _json(path)
    if not isinstance(records, dict) or not records:
        raise ConfigError(f"{path}: expected a JSON object of markets, found {type(records).__name__}")
    if all(name.count("|") == 3 for name in records):
        return native.markets(path, records)
    venue = _venue_of(path, tuple(venues))
    places = _decimal_places(records)
    found = {}
    for symbol, record in records.items():
        try:
            market = from_ccxt(venue, record, places)
        except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
            raise ConfigError(f"{path}: market {symbol!r} is not a ccxt market: {error!r}") from error
        if market is not None:
            found[venue, market.symbol] = market
    return found


def from_ccxt(venue: str, record: Mapping[str, Any], decimal_places: bool = False) -> Market | None:
    """A market from ccxt's description of it; None where that gives no tick or no lot (options, halted markets).

    ccxt gives precision as tick sizes or, for older releases and some venues, as numbers of decimal places.
    """
    precision = record["precision"]
    tick, lot = (_step(precision.get(name), decimal_places) for name in ("price", "amount"))
    if not tick or not lot:
        return None
    kind = INVERSE if record.get("inverse") else LINEAR if record.get("linear") else SPOT
    limits = record.get("limits") or {}
    return Market(
        venue=venue,
        symbol=record["symbol"],
        base=record["base"],
        quote=record["quote"],
        tick=tick,
        lot=lot,
        kind=kind,
        settle=record.get("settle") or "",
        contract_size=_number(record.get("contractSize")) or Decimal(1),
        min_quantity=_number((limits.get("amount") or {}).get("min")) or lot,
        min_notional=_number((limits.get("cost") or {}).get("min")),
        maker_fee=_number(record.get("maker")),
        taker_fee=_number(record.get("taker")),
        source="ccxt",
    )


def to_json(markets: Iterable[Market]) -> bytes:
    """Markets as text that `from_json` reads back unchanged."""
    return json.dumps([asdict(market) for market in markets], default=str).encode()


def from_json(path: Path, text: bytes) -> list[Market]:
    """Markets as `to_json` wrote them into the file at `path`."""
    try:
        return [_market(record) for record in json.loads(text)]
    except (TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise ConfigError(f"{path}: its own description of markets cannot be read: {error!r}") from error


def _market(record: dict[str, Any]) -> Market:
    values: dict[str, Any] = {name: Decimal(value) if name in DECIMALS else value for name, value in record.items()}
    return Market(**values)


def on_grid(market: Market, tick: Decimal, lot: Decimal) -> tuple[Market, str]:
    """The market with the data's steps where its description's are coarser than the data, and what was changed."""
    changes = []
    if tick % market.tick != 0:
        changes.append(f"tick {plain(market.tick)} does not fit the data, which steps by {plain(tick)}")
        market = replace(market, tick=tick)
    if lot % market.lot != 0:
        changes.append(f"lot {plain(market.lot)} does not fit the data, which steps by {plain(lot)}")
        market = replace(market, lot=lot)
    return market, "; ".join(changes)


def plain(number: Decimal) -> str:
    """A decimal without exponent or trailing zeros.

    >>> plain(Decimal("1E-8"))
    '0.00000001'
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json(path: Path) -> Any:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
        return json.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, EOFError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON, plain or gzipped: {error}") from error


def _venue_of(path: Path, venues: tuple[str, ...]) -> str:
    words = re.split(r"[^a-z0-9]+", path.name.lower())
    named = [venue for venue in venues if venue in words]
    if len(named) == 1:
        return named[0]
    if len(venues) == 1 and not named:
        return venues[0]
    if not venues and "markets" in words and words.index("markets") + 1 < len(words):
        return words[words.index("markets") + 1]
    expected = ", ".join(venues) or "ccxt_markets_VENUE.json"
    raise ConfigError(f"{path}: cannot tell whose markets these are; put the venue into its name: {expected}")


def _decimal_places(records: Mapping[str, Any]) -> bool:
    """Whether a file gives precision as decimal places: then every one of them is a whole number written as one."""
    values = [
        value
        for record in records.values()
        if isinstance(record, dict)
        for name, value in (record.get("precision") or {}).items()
        if name in ("price", "amount") and value is not None
    ]
    return bool(values) and all(isinstance(value, int) for value in values) and any(value > 1 for value in values)


def _step(value: Any, decimal_places: bool) -> Decimal:
    if value is None:
        return Decimal(0)
    return Decimal(1).scaleb(-int(value)) if decimal_places else _number(value)


def _number(value: Any) -> Decimal:
    """The decimal that was written: floats by their shortest text, absent as 0."""
    return Decimal(0) if value is None or value == "" else Decimal(str(value))
