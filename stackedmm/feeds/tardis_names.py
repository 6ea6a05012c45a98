"""Tardis' names of exchanges and the venues' own names of symbols, as ccxt writes them."""

import re
from typing import Final

from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import split_symbol
from stackedmm.feeds.parquet import nearest

VENUES: Final[dict[str, tuple[str, str]]] = {
    "binance": ("binance", "spot"),
    "binance-futures": ("binanceusdm", "perp"),
    "binance-delivery": ("binancecoinm", "perp"),
    "binance-us": ("binanceus", "spot"),
    "bybit": ("bybit", "perp"),
    "bybit-spot": ("bybit", "spot"),
    "okex": ("okx", "spot"),
    "okex-swap": ("okx", "perp"),
    "gate-io": ("gate", "spot"),
    "gate-io-futures": ("gate", "perp"),
    "bitget": ("bitget", "spot"),
    "bitget-futures": ("bitget", "perp"),
    "huobi": ("htx", "spot"),
    "huobi-dm-linear-swap": ("htx", "perp"),
    "kucoin": ("kucoin", "spot"),
    "kraken": ("kraken", "spot"),
    "coinbase": ("coinbaseexchange", "spot"),
    "bitfinex": ("bitfinex", "spot"),
    "mexc": ("mexc", "spot"),
    "mexc-futures": ("mexc", "perp"),
    "hyperliquid": ("hyperliquid", "perp"),
}
"""ccxt's id and the kind of market of each exchange of Tardis that is known here."""

QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD"),
    *("BTC", "ETH", "BNB"),
)
"""Quote currencies that end a symbol written in one word, the longer first."""
SEPARATED: Final = re.compile(r"([A-Z0-9]+)[-_/]([A-Z]+)(?:[-_](?:SWAP|PERP|PERPETUAL))?")
DATED: Final = re.compile(r"[-_]\d{6,8}$|[A-Z]\d{2}$")


def market_of(exchange: str, symbol: str, unified: str | None = None) -> tuple[str, str]:
    """ccxt's venue and symbol of an exchange's symbol; `unified` says the symbol where it does not follow.

    >>> market_of("binance-futures", "BTCUSDT"), market_of("okex-swap", "ETH-USDT-SWAP"), market_of("gate-io", "A_BTC")
    (('binanceusdm', 'BTC/USDT:USDT'), ('okx', 'ETH/USDT:USDT'), ('gate', 'A/BTC'))
    """
    if exchange not in VENUES:
        raise ConfigError(f"exchange {exchange!r}: not known here; nearest: {nearest(exchange, sorted(VENUES))}")
    venue, kind = VENUES[exchange]
    if unified is not None:
        split_symbol(unified)
        return venue, unified
    base, quote = split(symbol)
    if not base or DATED.search(symbol):
        raise ConfigError(
            f"symbol {symbol!r} of {exchange}: no base and quote follow from it; say --symbol {symbol}=BASE/QUOTE, "
            "with :SETTLE for a perpetual"
        )
    if kind == "spot":
        return venue, f"{base}/{quote}"
    return venue, f"{base}/{quote}:{base if quote == 'USD' and venue != 'hyperliquid' else quote}"


def split(symbol: str) -> tuple[str, str]:
    """Base and quote of a venue's own symbol; empty where it is not told."""
    word = symbol.upper()
    if match := SEPARATED.fullmatch(word.removesuffix("_PERP")):
        return match[1], match[2]
    word = word.removesuffix("_PERP")
    quote = next((each for each in QUOTES if word.endswith(each) and word != each), "")
    return (word.removesuffix(quote), quote) if quote and word.isalnum() else ("", "")
