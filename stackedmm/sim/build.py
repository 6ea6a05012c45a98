"""Lays out the simulation's record and arena for a set of markets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.accounts import wallets
from stackedmm.core.book import NONE, place_side, window_for
from stackedmm.core.machine import view
from stackedmm.core.market import INVERSE, Market
from stackedmm.errors import ConfigError
from stackedmm.sim.state import (
    LEVELS,
    MARKETS,
    NANO,
    NEVER,
    ORDERS,
    QUEUES,
    SIM,
    STPS,
    WORDS,
)

FINE: Final = Decimal("1e-9")


class Units(NamedTuple):
    """What the integers of one market's account mean."""

    lot_units: int
    """Base ledger units a lot; inverse: of one lot at a price of one tick."""
    cost_units: int
    """Cost units a tick x lot; inverse: a lot, whatever its price."""
    base: Decimal
    """Base coins a ledger unit."""
    cost: Decimal
    """Quote a cost unit."""


def units_of(market: Market) -> Units:
    """Units in which every fill's cost is an integer: 1e-9 of the quote, finer where tick x lot asks for it."""
    lot = market.lot * market.contract_size
    if market.kind == INVERSE:
        return Units(_whole(lot / market.tick / FINE), _whole(lot / FINE), FINE, FINE)
    step = market.tick * lot
    cost = FINE if step % FINE == 0 else Decimal(1).scaleb(int(step.normalize().as_tuple().exponent))
    return Units(1, _whole(step / cost), lot, cost)


def units_from(market: Market, lot_units: int, cost_units: int) -> Units:
    """Units as somebody else has chosen them."""
    lot = market.lot * market.contract_size
    if market.kind == INVERSE:
        return Units(lot_units, cost_units, lot / market.tick / lot_units, lot / cost_units)
    return Units(lot_units, cost_units, lot / lot_units, market.tick * lot / cost_units)


def _whole(number: Decimal) -> int:
    """The number as an int; it must be one."""
    if number != number.to_integral_value():
        raise ConfigError(f"simulation: {number} units are not a whole number")
    return int(number)


def _ceil(number: Decimal) -> int:
    return int(number.to_integral_value(rounding="ROUND_CEILING"))


def _each(value: Any, markets: Sequence[Market], name: str) -> list[Any]:
    """One value a market: a scalar speaks for all, a sequence for each."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return [value] * len(markets)
    if len(value) != len(markets):
        raise ConfigError(f"simulation: {name} has {len(value)} entries for {len(markets)} markets")
    return list(value)


def _code(names: Sequence[str], name: str, what: str) -> int:
    if name not in names:
        raise ConfigError(f"simulation: {what} {name!r} is none of {', '.join(names)}")
    return names.index(name)


def build(
    markets: Sequence[Market],
    *,
    latency_ns: int | Sequence[int] = 0,
    response_ns: int | Sequence[int] | None = None,
    feed_ns: int = 0,
    queue: str | Sequence[str] = "risk_averse",
    power: float = 3.0,
    partial_fills: bool | Sequence[bool] = False,
    fees: Sequence[tuple[Decimal, Decimal]] | None = None,
    stp: str = "none",
    publish: bool = True,
    timer_ns: int = 0,
    units: Sequence[tuple[int, int]] | None = None,
    price_hints: Sequence[int] | None = None,
    windows: int | Sequence[int] | None = None,
    far: int = 8192,
    memory: int = 8192,
    seed: int = 1,
) -> tuple[Any, Any]:
    """The record array `X` (shape 1) and the int64 arena `XA` of a simulation, nothing under way.

    Scalars speak for all markets. `latency_ns` is the way to the exchange, `response_ns` the way back (default: the
    same), `feed_ns` is added to the recorded feed. `fees` are (maker, taker) fractions, default the markets' own.
    `units` are (lot_units, cost_units) as in `Units`, default `units_of`. Book windows are levels a side near the
    best, a power of two: `windows`, else from `price_hints` in ticks, else the largest. `memory` is the number of
    client ids remembered, a power of two.
    """
    if not 0 < len(markets) <= MARKETS:
        raise ConfigError(f"simulation: {len(markets)} markets, 1 to {MARKETS} are possible")
    sizes = _windows(markets, windows, price_hints)
    X: Any = np.zeros(1, SIM)
    x = X[0]
    x["markets_n"], x["stp"], x["publish"] = len(markets), _code(STPS, stp, "self-trade prevention"), publish
    x["feed_ns"], x["feed_us"] = feed_ns, feed_ns // 1000
    x["timer_ns"], x["timer_due"] = timer_ns, 0 if timer_ns > 0 else NEVER
    each = x["markets"][: len(markets)]
    each["entry_ns"] = _each(latency_ns, markets, "latency_ns")
    each["response_ns"] = _each(latency_ns if response_ns is None else response_ns, markets, "response_ns")
    each["queue"] = [_code(QUEUES, name, "queue model") for name in _each(queue, markets, "queue")]
    each["partial_fills"] = _each(partial_fills, markets, "partial_fills")
    each["power"] = power
    pairs = [units_of(market)[:2] for market in markets] if units is None else list(units)
    for i, market in enumerate(markets):
        _describe(each[i], market, pairs[i], fees[i] if fees else None)
    _share(each, markets, pairs)
    _clear(x, seed)
    return view(X), _arena(x, sizes, far, memory)


def _arena(x: Any, sizes: Sequence[int], far: int, memory: int) -> NDArray[np.int64]:
    """The arena: books of all markets, then the memory of client ids and its index."""
    if memory & (memory - 1) or memory <= ORDERS:
        raise ConfigError(f"simulation: memory {memory} must be a power of two above {ORDERS}")
    offset = 0
    for i, size in enumerate(sizes):
        for side in range(2):
            offset = place_side(x["markets"][i]["books"][side], 1 - 2 * side, offset, size, far)
    x["memory"], x["memory_mask"] = offset, memory - 1
    x["table"], x["table_mask"] = offset + WORDS * memory, 2 * memory - 1
    return np.zeros(offset + (WORDS + 2) * memory, np.int64)


def _share(each: Any, markets: Sequence[Market], pairs: Sequence[tuple[int, int]]) -> None:
    """Markets of one account draw on one balance of each currency, where they count it in the same unit."""
    found = [units_from(market, *pair) for market, pair in zip(markets, pairs, strict=True)]
    shared = wallets(markets, [unit.base for unit in found], [unit.cost for unit in found])
    for name in ("base_at", "money_at", "base_peer", "money_peer"):
        each[name] = getattr(shared, name)


def _windows(markets: Sequence[Market], windows: Any, price_hints: Sequence[int] | None) -> list[int]:
    if windows is not None:
        return _each(windows, markets, "windows")
    if price_hints is not None:
        return [window_for(ticks) for ticks in _each(price_hints, markets, "price_hints")]
    return [65536] * len(markets)


def _clear(x: Any, seed: int) -> None:
    """Clocks, rings and free lists of a simulation in which nothing has happened."""
    x["until"] = NEVER
    x["request_due"] = x["answer_due"] = NEVER
    x["reissue"] = x["exchange_due"] = -1
    x["seed"] = _mix(seed)
    x["free"] = np.arange(ORDERS)[::-1]
    x["free_n"] = ORDERS
    x["free_levels"] = np.arange(LEVELS)[::-1]
    x["free_levels_n"] = LEVELS


def _mix(seed: int) -> int:
    """splitmix64: neighbouring seeds give streams that have nothing in common, and never the state 0."""
    z = (seed + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (z ^ (z >> 31)) or 1


def _describe(m: Any, market: Market, units: tuple[int, int], fees: tuple[Decimal, Decimal] | None) -> None:
    """Enter what the venue says of a market, in integers."""
    maker, taker = fees if fees is not None else (market.maker_fee, market.taker_fee)
    m["lot_units"], m["cost_units"] = units
    m["inverse"] = market.kind == INVERSE
    m["lot_float"] = float(market.lot)
    m["maker_rate"], m["taker_rate"] = _whole(Decimal(maker) * NANO), _whole(Decimal(taker) * NANO)
    largest = max(abs(int(m["maker_rate"])), abs(int(m["taker_rate"])), 1)
    if m["inverse"] and units[0] * largest >= 1 << 62:
        raise ConfigError(f"simulation: {market.name}: ledger units too fine for exact fees")
    m["min_lots"] = max(1, _ceil(market.min_quantity / market.lot))
    lot = market.lot * market.contract_size
    a_cost_unit = lot / units[1] if m["inverse"] else market.tick * lot / units[1]
    m["min_cost"] = _ceil(market.min_notional / a_cost_unit)
    m["tick_step"] = m["lot_step"] = 1
    m["tops"] = NONE
    m["first"] = m["final"] = -1
    m["first_level"] = -1
