"""From a configuration and what the venues say of their symbols to the engine's state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from stackedmm.config.lines import PassiveLine, TobLine
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.config.traded import unconnected
from stackedmm.core import codes
from stackedmm.core.build import allocate
from stackedmm.core.market import INVERSE, Market
from stackedmm.core.routes import routes, worth
from stackedmm.errors import ConfigError

METHODS: Final = ("none", "inventory", "volume", "both")
GATES: Final = ("off", "clamp", "strict")
PRICE_METHODS: Final = ("accounting", "manual", "mark_to_market")
SOURCES: Final = ("aggregated", "component_venues", "liquidity_weighted", "single_venue")
POOLED: Final = ("min", "max", "mid")
VOLUME_TYPES: Final = ("base", "quote", "both", "ratio", "imbalance")
INVENTORY_MAP: Final = (0.1, 2.0)
MESSAGES_PER_SECOND: Final = 10.0
"""Orders and cancels a second where neither the configuration nor the venue says more."""
VALIDITY_NS: Final = 5_000_000_000
BUCKET_S: Final = 10


@dataclass(frozen=True, slots=True)
class Filled:
    """A state ready to run, and the names of what stands in it."""

    state: Any
    arena: Any
    markets: tuple[Market, ...]
    """The quoted ones first; the others only convert."""
    lines: tuple[TobLine | PassiveLine, ...]
    kinds: tuple[str, ...]
    """Per line: `tob` or `passive`."""
    notes: tuple[str, ...]
    """What of the configuration this run leaves aside, in words."""

    @property
    def quoted(self) -> tuple[Market, ...]:
        """The markets that are quoted."""
        return self.markets[: int(self.state[0]["quoted_n"])]


def fill(
    config: StackedMarketMakingConfig, markets: Sequence[Market], prices: Sequence[float], *, seed: int = 1
) -> Filled:
    """A state for paper and backtest: it opens at target once the first reference price is known.

    `markets` are those of `choose`, in its order: quoted ones, then those that only convert; `prices` says about where
    each trades (quote); `seed` is that of the jitter. Raises ConfigError where the configuration asks for what the
    engine does not hold.
    """
    count = sum(market.base == markets[0].base for market in markets)
    traded = tuple(markets[:count])
    first = config.quote_currencies[0]
    worths = worth(routes(markets, first, markets[0].base, config.quote_currencies), prices)
    firsts = [price * worths.get(market.quote, 1.0) for market, price in zip(traded, prices, strict=False)]
    buckets = [seconds // BUCKET_S for seconds in config.period_seconds]
    if len(buckets) > codes.PERIODS:
        raise ConfigError(f"time_periods: {len(buckets)} found, at most {codes.PERIODS} fit the engine")
    ticks = [int(price / float(market.tick)) for price, market in zip(prices, markets, strict=True)]
    state, arena = allocate(markets, ticks, max(buckets), quoted=count, first=first)
    s = state[0]
    fill_head(s, config)
    refuse_overflow(s, max(firsts))
    fill_windows(s, config, buckets)
    lines: tuple[TobLine | PassiveLine, ...] = (*config.tob_lines, *config.passive_lines)
    kinds = ("tob",) * len(config.tob_lines) + ("passive",) * len(config.passive_lines)
    for i, line in enumerate(lines):
        fill_line(s["lines"][i], line, config, seed * 1_000_003 + i)
    s["lines_n"] = len(lines)
    fill_markets(s, config, markets)
    fill_quotes(s, lines, kinds)
    s["source_quantity"] = reference_quantity(config, traded, prices, firsts)
    fill_steps(s, traded, prices, firsts)
    return Filled(state, arena, tuple(markets), lines, kinds, notes(config, markets))


def fill_steps(s: Any, traded: Sequence[Market], prices: Sequence[float], firsts: Sequence[float]) -> None:
    """Half the finest tick, of all in the first quote and of each currency in its own: less is no move of a price."""
    steps = [0.5 * float(market.tick) for market in traded]
    s["reference_step"] = min(
        step if at == price else step * at / price for step, at, price in zip(steps, firsts, prices, strict=False)
    )
    for c in range(int(s["currencies_n"])):
        mine = [step for i, step in enumerate(steps) if s["markets"][i]["currency"] == c]
        s["currencies"][c]["step"] = min(mine, default=0.0)


def refuse_overflow(s: Any, price: float) -> None:
    """The cost of the largest position must be a whole number of cost units that an int64 holds, with room to spare."""
    units = max(abs(int(s["target"])) + int(s["deviation"]), abs(int(s["opening"])))
    money = units * float(s["unit_base"]) * price / float(s["unit_cost"])
    if money >= 1 << 60:
        held = units * float(s["unit_base"])
        raise ConfigError(f"inventory: {held:g} coins at {price:g} cost more than the ledger can count")


def notes(config: StackedMarketMakingConfig, markets: Sequence[Market]) -> tuple[str, ...]:
    """What a configuration may say and this engine does not act on, in words that end in what happens instead."""
    said = []
    first = config.quote_currencies[0]
    listed = {market.quote for market in markets if market.base == config.base_coin}
    for quote in config.quote_currencies:
        if quote not in listed:
            said.append(f"quote_currencies: no market of {config.base_coin}/{quote} is there, nothing is quoted in it")
    for quote in unconnected(config, markets):
        said.append(f"quote_currencies: no book converts {quote} into {first}, nothing is quoted in it")
    if config.target_source != "manual":
        said.append(f"target_source: {config.target_source} is not followed, the target stays where it is")
    return tuple(said)


def fill_head(s: Any, config: StackedMarketMakingConfig) -> None:
    """Everything that stands once: inventory, reference, limits."""
    held, risk, pricing = config.inventory, config.risk, config.pricing
    unit = Decimal(repr(float(s["unit_base"])))
    s["target"] = _units(held.target_inventory, unit, "inventory.target_inventory")
    s["deviation"] = _units(held.max_inventory_deviation, unit, "inventory.max_inventory_deviation")
    s["scale"] = s["deviation"]
    if held.coefficient_scale == "target":
        s["scale"] = max(abs(int(s["target"])), int(s["deviation"]))
    s["price_method"] = _code(PRICE_METHODS, str(held.inventory_price_method), "inventory.inventory_price_method")
    s["manual_price"] = float(held.manual_inventory_price or math.nan)
    s["start_ns"] = round(held.start_time.timestamp() * 1e6) * 1000 if held.start_time else 0
    opening = held.target_inventory if held.opening_inventory == "venue" else held.opening_inventory
    s["opening"] = _units(Decimal(opening), unit, "inventory.opening_inventory")
    s["opening_price"] = float(held.opening_price or math.nan)
    s["paper"] = 1
    s["source"] = _code(SOURCES, str(config.smart_pricing_source), "smart_pricing_source")
    s["source_fallback"] = int(pricing.fallback == "aggregated")
    s["native"] = int(pricing.anchor == "native")
    s["max_age_ns"] = pricing.max_age_ms * 1_000_000
    s["depth_bps"] = float(pricing.weight_depth_bps)
    s["weight_cap"] = float(pricing.weight_cap)
    s["weight_half_life_s"] = pricing.weight_half_life_ms / 1000
    s["taker_check"] = int(config.taker_check)
    s["leverage"] = float(config.leverage)
    s["stale_ns"] = risk.stale_ms * 1_000_000
    s["max_order_value"] = float(risk.max_order_value)
    s["max_open_orders"] = min(risk.max_open_orders, codes.OPEN)
    s["collar_bps"] = float(risk.collar_bps)
    s["max_skew_bps"] = float(risk.max_skew_bps)
    s["cancel_reserve"] = float(risk.cancel_reserve)
    s["max_loss"] = float(risk.max_loss) if risk.max_loss is not None else math.inf
    s["max_drawdown"] = float(risk.max_drawdown) if risk.max_drawdown is not None else math.inf
    s["validity_ns"] = VALIDITY_NS
    s["config_digest"] = int(config.digest()[:15], 16)


def fill_windows(s: Any, config: StackedMarketMakingConfig, buckets: Sequence[int]) -> None:
    """The volume coefficient's windows, the same for every market."""
    s["method"] = POOLED.index(config.coefficient_method)
    s["min_coefficient"] = float(config.min_coefficient)
    s["max_coefficient"] = float(config.max_coefficient)
    s["min_fill"] = float(config.min_fill)
    s["periods_n"] = len(buckets)
    s["ma_types"] = [int("sma" in config.ma_types), int("ewma" in config.ma_types)]
    s["volume_types"] = [int(name in config.volume_types) for name in VOLUME_TYPES]
    for i in range(int(s["markets_n"])):
        for period, count in enumerate(buckets):
            s["markets"][i]["periods"][period]["buckets"] = count


def fill_line(record: Any, line: TobLine | PassiveLine, config: StackedMarketMakingConfig, seed: int) -> None:
    """One line's record: what both kinds have, then what its kind has."""
    record["sides"] = [
        int(line.sides in ("both", "bid") and line.enabled.bid),
        int(line.sides in ("both", "offer") and line.enabled.offer),
    ]
    record["timeout_ns"] = int(line.timeout_seconds * 1_000_000_000)
    record["drift_bps"] = float(line.drift_bps)
    record["in_quote"] = int(line.quantity_currency == "quote")
    record["min_replace_ns"] = line.min_replace_interval_ms * 1_000_000
    record["volatility_response"] = float(line.volatility_response)
    record["drift_response"] = float(line.drift_response)
    record["seed"] = seed
    if isinstance(line, TobLine):
        fill_tob(record, line)
        method = line.coefficient_method
    else:
        fill_passive(record, line)
        method = line.quantity_coefficient_method
    record["size_by"] = METHODS.index(method)
    fill_bounds(record, line, config, str(method))


def fill_tob(record: Any, line: TobLine) -> None:
    """What only a top-of-book line has."""
    record["kind"], record["levels"] = codes.TOB, 1
    record["bps"] = float(line.spread_bps)
    record["base_quantity"] = float(line.hourly_quantity)
    record["local_drift"] = 1
    record["min_price"] = float(line.min_price or 0)
    record["max_price"] = float(line.max_price) if line.max_price is not None else math.inf
    record["from_inventory"] = int(line.spread_from_inventory)
    record["gate"] = GATES.index(line.inventory_gate)
    record["max_clamp_bps"] = float(line.max_clamp_bps)
    record["max_order"] = float(line.max_order) if line.max_order is not None else math.inf
    record["shared_bucket"] = int(line.scope == "line")
    record["min_requote_ticks"] = line.min_requote_ticks
    record["requote_bps"] = math.nan
    record["rebalance"] = int(line.mode == "rebalance")


def fill_passive(record: Any, line: PassiveLine) -> None:
    """What only a passive line has."""
    record["kind"], record["levels"] = codes.PASSIVE, line.levels
    record["bps"] = float(line.mid_spread_bps)
    record["min_bps"], record["max_bps"] = float(line.min_spread_bps), float(line.max_spread_bps)
    record["base_quantity"] = float(line.quantity)
    record["local_drift"] = int(line.drift_anchor == "local")
    record["max_price"] = record["max_order"] = math.inf
    record["spread_by"] = METHODS.index(line.spread_coefficient_method)
    record["volume_spread_response"] = float(line.volume_spread_response)
    record["requote_bps"] = float(line.requote_bps) if line.requote_bps is not None else math.nan
    record["randomization"] = float(line.randomization_factor)
    record["level_step_bps"] = float(line.level_step_bps)
    record["level_size_factor"] = float(line.level_size_factor)
    record["by_shares"] = int(line.allocation == "liquidity_shares")


def fill_bounds(record: Any, line: TobLine | PassiveLine, config: StackedMarketMakingConfig, method: str) -> None:
    """Written bounds are the inventory mapping's own for `inventory`, and clip the factor for `volume` and `both`."""
    written = (line.min_coefficient, line.max_coefficient)
    mapping = INVENTORY_MAP
    clip = (config.min_coefficient, config.max_coefficient)
    low, high = (float(w if w is not None else default) for w, default in zip(written, mapping, strict=True))
    record["map_min"], record["map_max"] = (low, high) if method == "inventory" else mapping
    low, high = (float(w if w is not None else default) for w, default in zip(written, clip, strict=True))
    record["clip_min"], record["clip_max"] = low, high


def fill_markets(s: Any, config: StackedMarketMakingConfig, markets: Sequence[Market]) -> None:
    """What the configuration says of venues: who prices the reference, budgets, factors."""
    source = config.pricing.venues or config.exchanges
    pricing = {(venue.id, venue.kind) for venue in (config.venues_by_name.get(n) or _venue(n) for n in source)}
    single = config.pricing.venue or config.exchanges[0]
    alone = config.venues_by_name.get(single) or _venue(single)
    rate = float(config.risk.messages_per_second or MESSAGES_PER_SECOND)
    s["source_market"] = -1
    for i, market in enumerate(markets):
        m = s["markets"][i]
        key = market.account
        m["messages_per_second"] = rate
        m["tokens"] = max(2.0 * rate, 10.0)
        if i >= int(s["quoted_n"]):
            continue
        name = next(n for n, v in config.venues_by_name.items() if (v.id, v.kind) == key)
        settings = config.settings_of(name)
        m["venue"] = i
        m["in_reference"] = int(key in pricing)
        m["max_share"], m["size_factor"] = float(settings.max_share), float(settings.size_factor)
        if key == (alone.id, alone.kind):
            currency = s["currencies"][m["currency"]]
            currency["source_market"] = i
            s["source_market"] = i if s["source_market"] < 0 else s["source_market"]


def _venue(name: str) -> Any:
    from stackedmm.config.venues import venue

    return venue(name)


def fill_quotes(s: Any, lines: Sequence[TobLine | PassiveLine], kinds: Sequence[str]) -> None:
    """One record for every market x line x level x side; scarce room goes to TOB, then inner levels, in venue order."""
    per_market = sum(2 * int(s["lines"][i]["levels"]) for i in range(len(lines)))
    if per_market > codes.OPEN - 8:
        raise ConfigError(f"passive_lines: {per_market} quotes a market, at most {codes.OPEN - 8} fit the engine")
    k = 0
    order = []
    for market in range(int(s["quoted_n"])):
        s["markets"][market]["first_quote"] = k
        for line in range(len(lines)):
            for level in range(int(s["lines"][line]["levels"])):
                for side in (0, 1):
                    q = s["quotes"][k]
                    q["market"], q["line"], q["side"], q["level"], q["order"] = market, line, side, level, -1
                    order.append(((kinds[line] == "passive", level, market, line), k))
                    k += 1
        s["markets"][market]["end_quote"] = k
    for rank, (_, quote) in enumerate(sorted(order)):
        s["quotes"][quote]["rank"] = rank // 2
    s["quotes_n"] = k
    s["markets"]["first_quote"][int(s["quoted_n"]) :] = s["markets"]["end_quote"][int(s["quoted_n"]) :] = k


def reference_quantity(
    config: StackedMarketMakingConfig, markets: Sequence[Market], prices: Sequence[float], firsts: Sequence[float]
) -> float:
    """Base coins at which the reference is priced: as set, else the largest passive quantity, else the largest cap.

    `prices` are in each market's quote, `firsts` the same in the first.
    """
    if config.pricing.quantity is not None:
        return float(config.pricing.quantity)
    price = max(firsts)
    if config.passive_lines:
        return max(_coins(line, line.quantity, price) for line in config.passive_lines)
    least = max(
        max(
            float(market.min_quantity * market.contract_size) / (own if market.kind == INVERSE else 1.0),
            float(market.min_notional) / own,
        )
        for market, own in zip(markets, prices, strict=False)
    )
    return max(least, *(_coins(line, _cap(line), price) for line in config.tob_lines))


def _cap(line: TobLine) -> Decimal:
    cap = line.hourly_quantity * line.timeout_seconds / 3600
    return cap if line.max_order is None else min(cap, line.max_order)


def _coins(line: TobLine | PassiveLine, quantity: Decimal, price: float) -> float:
    return float(quantity) / (price if line.quantity_currency == "quote" else 1.0)


def _units(value: Decimal, unit: Decimal, path: str) -> int:
    whole = int((value / unit).to_integral_value())
    if abs(whole) >= 1 << 60:
        raise ConfigError(f"{path}: {value} is more than the ledger's unit of {unit} can count")
    return whole


def _code(names: Sequence[str], value: str, path: str) -> int:
    if value not in names:
        raise ConfigError(f"{path}: {value} is not priced by this engine; expected {', '.join(names)}")
    return names.index(value)
