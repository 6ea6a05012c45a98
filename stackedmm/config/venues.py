"""Names of venues: what a person wrote, and which ccxt id and kind of market it means."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BeforeValidator

from stackedmm.config.fields import refused
from stackedmm.errors import ConfigError

Kind = Literal["spot", "perp"]


class Venue(NamedTuple):
    """One market place: ccxt's id for it, and which of its kinds of market."""

    id: str
    kind: Kind


# ccxt's ids by what they trade. Where one exchange has an id per kind, PERPS leads from the spot id to the other.
_BOTH: Final = """
    apex arkham ascendex backpack bingx bitfinex bitget bitmart bitmex bitrue bitteam blofin bybit bydfi coinex
    cryptocom deepcoin delta deribit digifinex gate hashkey hibachi hitbtc htx hyperliquid lbank mexc myokx okx oxfun
    phemex poloniex toobit whitebit woo xt
""".split()
_SPOT: Final = """
    alpaca bequant bigone binance binanceus bit2c bitbank bitbns bitflyer bithumb bitopro bitso bitstamp bitvavo
    blockchaincom btcbox btcmarkets btcturk cex coinbase coinbaseexchange coincheck coinmate coinone coinsph coinspot
    cryptomus exmo fmfwio foxbit gemini hollaex independentreserve indodax kraken kucoin latoken luno mercado ndax
    novadax oceanex okxus onetrading p2b paymium probit timex tokocrypto upbit wavesexchange yobit zaif zebpay zonda
""".split()
_PERP: Final = """
    aster binancecoinm binanceusdm coinbaseinternational defx derive dydx krakenfutures kucoinfutures lighter modetrade
    paradex vertex woofipro
""".split()
_PERPS: Final = {
    "binance": "binanceusdm",
    "coinbase": "coinbaseinternational",
    "kraken": "krakenfutures",
    "kucoin": "kucoinfutures",
}
_RENAMED: Final = {"gateio": "gate", "huobi": "htx", "okex": "okx", "bitfinex2": "bitfinex"}

_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    **dict.fromkeys(_BOTH, ("spot", "perp")),
    **dict.fromkeys(_SPOT, ("spot",)),
    **dict.fromkeys(_PERP, ("perp",)),
}
KNOWN: Final = tuple(sorted([*_KINDS, *_RENAMED]))
"""Every id that is understood, older spellings too."""

_WRITTEN = re.compile(r"([a-z0-9]{2,32}?)(?:_(spot|perp))?", re.ASCII)


def venue(name: object) -> Venue:
    """What a venue's name means; a ConfigError says what was expected.

    >>> venue("gateio"), venue("binance_perp")
    (Venue(id='gate', kind='spot'), Venue(id='binanceusdm', kind='perp'))
    """
    match = _WRITTEN.fullmatch(name) if isinstance(name, str) else None
    written, kind = match.groups() if match else (str(name), None)
    known = _RENAMED.get(written, written)
    if match is None or known not in _KINDS:
        near = get_close_matches(written.lower(), KNOWN, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"a ccxt id of a venue, such as binance or bybit_perp{hint}")
    if kind == "perp":
        known = _PERPS.get(known, known)
    if kind is not None and kind not in _KINDS[known]:
        raise ConfigError(f"a kind of market that {written} has: {' or '.join(_KINDS[known])}")
    return Venue(known, kind or _KINDS[known][0])


def _read_venue(value: object) -> str:
    """The name stays as it was written: state and reports use the user's own word."""
    try:
        venue(value)
    except ConfigError as error:
        raise refused(str(error)) from None
    return str(value)


VenueName = Annotated[str, BeforeValidator(_read_venue)]
