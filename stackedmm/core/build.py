"""A fresh state: units chosen so that every lot, tick and fee is a whole number, books and windows laid out."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackedmm.core import accounts, book, limits
from stackedmm.core.codes import MARKETS, ORDERS, RULES
from stackedmm.core.market import INVERSE, LINEAR, Market
from stackedmm.core.state import STATE
from stackedmm.core.units import units
from stackedmm.errors import ConfigError

FAR_LEVELS = 16384
SEEN = 65536
MARKS = 4096


def power_of_two(n: int) -> int:
    """The smallest power of two that is at least n."""
    return 1 << max(0, n - 1).bit_length()


def allocate(
    markets: Sequence[Market],
    price_ticks: Sequence[int],
    longest_buckets: int,
    out_max: int = 4096,
    *,
    quoted: int | None = None,
    first: str | None = None,
) -> tuple[Any, Any]:
    """State record (shape 1) and arena for these markets; nothing is allocated afterwards.

    The first `quoted` markets (default: all) are quoted, the others only convert; everything is counted in `first`
    (default: the first market's quote). `price_ticks` says about where each market trades (it sizes the book's
    window), `longest_buckets` how many 10 s buckets the longest volume period has. Raises ConfigError where a stated
    limit is passed.
    """
    if not 0 < len(markets) <= MARKETS:
        raise ConfigError(f"markets: {len(markets)} found, 1 to {MARKETS} expected")
    ring = power_of_two(longest_buckets + 2)
    windows = [book.window_for(int(ticks)) for ticks in price_ticks]
    words = sum(2 * book.words_for(window, FAR_LEVELS) + 4 * ring for window in windows)
    state = np.zeros(1, STATE)
    arena = np.zeros(words + SEEN + SEEN // 2 + 4 * MARKS, np.int64)
    s = state[0]
    offset = 0
    for i, window in enumerate(windows):
        for side, sign in enumerate((1, -1)):
            offset = book.place_side(s["books"][i, side], sign, offset, window, FAR_LEVELS)
        s["markets"][i]["volume_ring"], s["markets"][i]["volume_mask"] = offset, ring - 1
        offset += 4 * ring
    s["seen_table"], s["seen_mask"] = offset, SEEN - 1
    s["seen_ring"] = offset + SEEN
    s["marks_ring"], s["marks_mask"] = offset + SEEN + SEEN // 2, MARKS - 1
    s["markets_n"], s["out_max"] = len(markets), out_max
    s["quoted_n"] = len(markets) if quoted is None else quoted
    s["free_n"] = ORDERS
    s["starved"] = s["starving"] = limits.STARVED_NONE
    s["reference_used"] = -1
    s["inventory_price"] = np.nan
    prices = [float(market.tick) * ticks for market, ticks in zip(markets, price_ticks, strict=True)]
    costs = accounts.describe(s, markets[: s["quoted_n"]], markets, prices, first or markets[0].quote)
    describe(s, markets, costs)
    return state, arena


def describe(s: Any, markets: Sequence[Market], costs: Mapping[str, Decimal]) -> None:
    """Enter what the venues say of their symbols, as integers of the chosen units; `costs` are cost units by quote."""
    quoted = markets[: s["quoted_n"]]
    unit_base = units(quoted)[0]
    s["unit_base"] = float(unit_base)
    spot = any(m.kind not in (LINEAR, INVERSE) for m in quoted)
    for i, market in enumerate(quoted):
        m = s["markets"][i]
        lot = market.lot * market.contract_size
        m["inverse"] = int(market.kind == INVERSE)
        m["lot_units"] = int((lot / market.tick if m["inverse"] else lot) / unit_base)
        m["cost_units"] = int((lot if m["inverse"] else market.tick * lot) / costs[market.quote])
        m["in_spot_stack"] = int(spot and market.kind != "spot")
        m["in_reference"] = 1
    for i, market in enumerate(markets):
        m = s["markets"][i]
        lot = market.lot * market.contract_size
        m["tick_size"], m["lot_base"] = float(market.tick), float(lot)
        m["min_lots"] = max(1, math.ceil(market.min_quantity / market.lot))
        m["min_notional"] = float(market.min_notional)
        m["perp"] = int(market.kind != "spot")
        m["enabled"] = 1
        m["max_share"] = m["size_factor"] = m["volume"] = 1.0
        m["touch"] = book.NONE, -book.NONE
        m["watch"] = -book.NONE, -book.NONE


def links_for(state: Any, addresses: Sequence[int] = ()) -> NDArray[np.int64]:
    """This process's addresses: of the views, the parameters and the answers inside the state, then of each rule."""
    if len(addresses) > RULES:
        raise ConfigError(f"rules: {len(addresses)} found, at most {RULES} expected")
    base = state.ctypes.data
    assert STATE.fields is not None
    inside = [base + STATE.fields[name][1] for name in ("views", "params", "answers")]
    links = np.zeros(3 + RULES, np.int64)
    links[:3] = inside
    links[3 : 3 + len(addresses)] = addresses
    return links
