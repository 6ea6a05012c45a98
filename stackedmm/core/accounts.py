"""Currencies, ways of conversion and wallets of a fresh state: what the markets of one account share, they share here.

An account is a venue's spot or its perps. It holds one wallet of the base coin and one of each currency its markets pay
in, whatever the number of markets.
"""

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from stackedmm.core.codes import CURRENCIES, PATHS, WALLETS
from stackedmm.core.market import Market
from stackedmm.core.routes import Way, finer_digits, routes, worth
from stackedmm.core.units import cost_unit
from stackedmm.errors import ConfigError


class Shared(NamedTuple):
    """Which wallets the markets use, and in what rings markets of one wallet stand."""

    base_at: list[int]
    money_at: list[int]
    base_peer: list[int]
    money_peer: list[int]
    currency_of: list[str | None]
    """By wallet; None: the base coin."""


def wallets(markets: Sequence[Market], bases: Sequence[Hashable] = (), moneys: Sequence[Hashable] = ()) -> Shared:
    """The wallets of these markets, numbered as they are met.

    `bases` and `moneys` say in what units each market counts the two, where markets differ in that.
    """
    keys: list[Hashable] = []
    currencies: list[str | None] = []
    places: list[list[int]] = []
    for pays, counted in ((False, bases), (True, moneys)):
        at = []
        for i, market in enumerate(markets):
            currency = market.money if pays and market.money != market.base else None
            key = (market.account, currency is None, currency or market.base, counted[i] if counted else None)
            if key not in keys:
                keys.append(key)
                currencies.append(currency)
            at.append(keys.index(key))
        places.append(at)
    bases_at, moneys_at = places
    return Shared(bases_at, moneys_at, ring(bases_at), ring(moneys_at), currencies)


def ring(groups: Sequence[Hashable]) -> list[int]:
    """For each place the next one of its group, after the last the first."""
    following = []
    for i, group in enumerate(groups):
        later = [k for k in [*range(i + 1, len(groups)), *range(i + 1)] if groups[k] == group]
        following.append(later[0])
    return following


def describe(
    s: Any, quoted: Sequence[Market], markets: Sequence[Market], prices: Sequence[float], first: str
) -> dict[str, Decimal]:
    """Enter currencies, ways and wallets; returns what a cost unit of each currency is."""
    currencies = list(dict.fromkeys([first, *(m.quote for m in quoted)]))
    if len(currencies) > CURRENCIES:
        raise ConfigError(f"quote_currencies: {len(currencies)} found, at most {CURRENCIES} fit the engine")
    ways = routes(markets, first, quoted[0].base, currencies)
    rates = worth(ways, prices)
    costs = {
        currency: cost_unit([m for m in quoted if m.quote == currency], finer_digits(rates.get(currency, 1.0)))
        for currency in currencies
    }
    s["unit_cost"] = float(costs[first])
    enter_currencies(s, currencies, costs)
    enter_ways(s, currencies, ways)
    for i, market in enumerate(quoted):
        m = s["markets"][i]
        m["currency"] = currencies.index(market.quote)
        index = market.quote != first and not ways[market.quote] and is_index(market.quote, quoted)
        m["rate"] = m["per"] = m["convertible"] = m["fill_rate"] = int(index or market.quote == first)
        if index:
            record = s["currencies"][m["currency"]]
            record["index"] = record["live"] = record["rate"] = record["per"] = record["per_decided"] = 1
    enter_wallets(s, quoted, currencies)
    return costs


def is_index(currency: str, quoted: Sequence[Market]) -> bool:
    """Whether contracts alone are quoted in a currency, so that it is an index and nothing that is held."""
    return all(m.account[1] == "perp" for m in quoted if m.quote == currency)


def enter_currencies(s: Any, currencies: Sequence[str], costs: Mapping[str, Decimal]) -> None:
    """The records of the currencies; of all but the first the rate is not known yet."""
    s["currencies_n"] = len(currencies)
    for c, name in enumerate(currencies):
        record = s["currencies"][c]
        record["unit"] = float(costs[name])
        record["to_first"] = float(costs[name] / costs[currencies[0]])
        record["rate"] = record["per"] = record["per_decided"] = record["live"] = int(c == 0)
        record["path"] = record["source_market"] = -1


def enter_ways(s: Any, currencies: Sequence[str], ways: Mapping[str, Sequence[Way]]) -> None:
    """Each currency's ways, one after the other, and the mark on the markets that they go through."""
    n = 0
    for c, name in enumerate(currencies):
        each = ways.get(name, ())
        s["currencies"][c]["first_path"] = n
        for way in each[: PATHS - n]:
            path = s["paths"][n]
            path["legs"] = len(way)
            for k, leg in enumerate(way):
                path["market"][k], path["up"][k] = leg.market, int(leg.up)
                s["markets"][leg.market]["converts"] = 1
            n += 1
        s["currencies"][c]["end_path"] = n
    s["paths_n"] = n


def enter_wallets(s: Any, quoted: Sequence[Market], currencies: Sequence[str]) -> None:
    """The wallets, empty."""
    shared = wallets(quoted)
    if len(shared.currency_of) > WALLETS:
        raise ConfigError(f"exchanges: {len(shared.currency_of)} wallets, at most {WALLETS} fit the engine")
    s["wallets_n"] = len(shared.currency_of)
    for k, currency in enumerate(shared.currency_of):
        s["wallets"][k]["currency"] = -1 if currency is None else currencies.index(currency)
    for i in range(len(quoted)):
        m = s["markets"][i]
        m["base_at"], m["money_at"] = shared.base_at[i], shared.money_at[i]
        m["base_peer"], m["money_peer"] = shared.base_peer[i], shared.money_peer[i]
