"""Which of the venues' markets a configuration trades, and which it only reads to convert between currencies."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.core.market import Market
from stackedmm.core.routes import routes
from stackedmm.errors import ConfigError


def choose(config: StackedMarketMakingConfig, markets: Sequence[Market]) -> list[int]:
    """Indices of the markets that a configuration needs: those it quotes, then those that only convert.

    Quoted are all books of the base coin in a listed quote currency on an enabled exchange, by currency and then in the
    order of the exchanges. Converting are the spot books between the currencies that have one, exchanges first. Raises
    ConfigError where nothing is quoted, naming what was found and what was expected.
    """
    chosen = quoted(config, markets)
    if not chosen:
        found = ", ".join(market.name for market in markets) or "none"
        expected = f"{config.base_coin}/{'|'.join(config.quote_currencies)} on {', '.join(config.exchanges)}"
        raise ConfigError(f"data: markets found: {found}; expected {expected}")
    return chosen + converting(config, markets, {markets[i].quote for i in chosen})


def quoted(config: StackedMarketMakingConfig, markets: Sequence[Market]) -> list[int]:
    """Indices of the markets that a configuration quotes."""
    accounts: list[tuple[str, str]] = [
        venue for name, venue in config.venues_by_name.items() if config.settings_of(name).enabled
    ]
    quotes = config.quote_currencies

    def place(i: int) -> tuple[int, int]:
        return quotes.index(markets[i].quote), accounts.index(markets[i].account)

    mine = (m.base == config.base_coin and m.quote in quotes and m.account in accounts for m in markets)
    return sorted((i for i, traded in enumerate(mine) if traded), key=place)


def converting(config: StackedMarketMakingConfig, markets: Sequence[Market], quotes: set[str]) -> list[int]:
    """Indices of the markets through which the quotes are worth something in the first quote currency."""
    accounts = list(config.venues_by_name.values())

    def place(i: int) -> tuple[int, int]:
        return (accounts.index(account) if (account := markets[i].account) in accounts else len(accounts), i)

    order = sorted(range(len(markets)), key=place)
    ways = routes(markets, config.quote_currencies[0], config.base_coin, sorted(quotes), order)
    legs = {leg.market for each in ways.values() for way in each for leg in way}
    return sorted(legs, key=place)


def unconnected(config: StackedMarketMakingConfig, markets: Sequence[Market]) -> list[str]:
    """Quote currencies of these markets that nothing connects to the first."""
    listed = {markets[i].quote for i in quoted(config, markets)}
    ways = routes(markets, config.quote_currencies[0], config.base_coin, sorted(listed))
    perps = [quote for quote in listed if all(m.account[1] == "perp" for m in markets if m.quote == quote)]
    return [q for q in config.quote_currencies if q in ways and not ways[q] and q not in perps]


def with_fees(config: StackedMarketMakingConfig, market: Market, fees: tuple[Decimal, Decimal] | None) -> Market:
    """The market with the fees of the run, else of the configuration, else its own."""
    for name, venue in config.venues_by_name.items():
        if venue != market.account:
            continue
        settings = config.settings_of(name)
        if settings.maker_fee_bps is not None:
            market = replace(market, maker_fee=settings.maker_fee_bps / 10_000)
        if settings.taker_fee_bps is not None:
            market = replace(market, taker_fee=settings.taker_fee_bps / 10_000)
    if fees is not None:
        market = replace(market, maker_fee=fees[0], taker_fee=fees[1])
    return market
