"""For every setting a named recording, a context and another value, such that the change shows in the orders.

A case is (recording, context, value): the orders of a run with the context differ from those of the same run with
the setting at `path` changed to the value. Recordings are short and synthetic, named for what they show.
"""

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from stackedmm.core.market import LINEAR
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.sim.synthetic import synthetic

Document = dict[str, Any]
VENUES = ["binance", "bybit", "gate"]


# --- recordings ---


@cache
def recording(name: str) -> Recording:
    """The recording of this name."""
    return RECORDINGS[name]()


def three_venues() -> Recording:
    """Three spot venues, two minutes."""
    return synthetic(VENUES, "BERA/USDT", seed=3, seconds=120)


def perps() -> Recording:
    """The same three, as linear perps."""
    spot = recording("three venues")
    made = [replace(m, symbol=f"{m.symbol}:USDT", kind=LINEAR, settle="USDT") for m in spot.markets]
    names = {"binance": "binanceusdm"}
    return replace(spot, markets=tuple(replace(m, venue=names.get(m.venue, m.venue)) for m in made))


def silence() -> Recording:
    """Three venues of which binance says nothing for four seconds, again and again."""
    spot = recording("three venues")
    second = (spot.local["ts"] - spot.start) // 1_000_000_000 % 12
    kept = spot.local[(spot.local["market"] != 0) | (second < 8) | (spot.local["ts"] < spot.start + 12_000_000_000)]
    return replace(spot, local=kept, exchange=by_exchange(kept))


def two_coins_two_quotes() -> Recording:
    """BERA/USDT, HONEY/USDT and BERA/USDC on binance, each a market of its own."""
    parts = [
        synthetic(["binance"], symbol, seed=seed, seconds=60, price=price)
        for seed, symbol, price in ((1, "BERA/USDT", 6.25), (2, "HONEY/USDT", 5.0), (3, "BERA/USDC", 6.3))
    ]
    rows = [part.local.copy() for part in parts]
    for i, each in enumerate(rows):
        each["market"] = i
    local = np.concatenate(rows)
    local = local[np.argsort(local["ts"], kind="stable")]
    markets = tuple(part.markets[0] for part in parts)
    return Recording(markets, local, by_exchange(local), parts[0].start, parts[0].end)


def two_quotes() -> Recording:
    """BERA in USDT and in BTC on binance, and the BTC/USDT that converts."""
    return synthetic(["binance"], "BERA/USDT", seed=4, seconds=60, quotes=["BTC"])


RECORDINGS = {
    "two quotes": two_quotes,
    "three venues": three_venues,
    "perps": perps,
    "silence": silence,
    "two coins": two_coins_two_quotes,
}


# --- contexts ---


def merged(base: Any, change: Any) -> Any:
    """`change` laid over `base`, object by object."""
    if isinstance(base, dict) and isinstance(change, dict):
        return base | {key: merged(base.get(key), value) for key, value in change.items()}
    return change


BASE: Document = {
    "base_coin": "BERA",
    "exchanges": VENUES,
    "time_periods": ["10s", "20s", "30s"],
    "inventory": {
        "target_inventory": "1000",
        "max_inventory_deviation": "500",
        "inventory_price_method": "mark_to_market",
        "opening_inventory": "1100",
    },
    "risk": {"messages_per_second": "100"},
}


def tob(**line: Any) -> Document:
    """A TOB line that fills often."""
    return {"tob_lines": [{"hourly_quantity": "2000", "inventory_gate": "off", "timeout_seconds": "10"} | line]}


def passive(**line: Any) -> Document:
    """A passive line that nothing but inventory shapes."""
    plain = {"mid_spread_bps": "15", "quantity": "25", "quantity_coefficient_method": "none"}
    return {"passive_lines": [plain | line]}


def both(*parts: Document) -> Document:
    made: Document = {}
    for part in parts:
        made = merged(made, part)
    return made


def held(**inventory: Any) -> Document:
    return {"inventory": inventory}


def risk(**limits: Any) -> Document:
    return {"risk": limits}


def pricing(source: str, **more: Any) -> Document:
    return {"smart_pricing_source": source, "pricing": more}


SIZED = passive(quantity_coefficient_method="volume")
COSTED = both(tob(inventory_gate="clamp", spread_bps="5"), held(inventory_price_method="accounting"))
LARGE = both(passive(quantity="900"), risk(max_order_value="100000"))
HEAD = "from stackedmm import Param, rule\n"
SKEWED = HEAD + "@rule.skew\ndef lean(q, by=Param(60, 0, 80)):\n    '''Down.'''\n    return -by\n"
NAMED = HEAD + "@rule.widen(line='edge')\ndef out(q):\n    '''Out.'''\n    return 7.0\n"


class Case(NamedTuple):
    """What shows one setting."""

    recording: str
    context: Document
    value: Any
    rules: str = ""


def spot(context: Document, value: Any, rules: str = "") -> Case:
    return Case("three venues", context, value, rules)


CASES: dict[str, Case] = {
    "base_coin": Case("two coins", both(passive(), {"exchanges": ["binance"]}), "HONEY"),
    "quote_currencies": Case("two coins", both(passive(), {"exchanges": ["binance"]}), ["USDC"]),
    "exchanges": spot(passive(), VENUES[:2]),
    "inventory.target_inventory": spot(passive(), "950"),
    "inventory.max_inventory_deviation": spot(
        both(passive(), held(target_inventory="0", opening_inventory="90")), "400"
    ),
    "inventory.inventory_price_method": spot(both(COSTED, held(opening_price="6.3")), "mark_to_market"),
    "inventory.manual_inventory_price": spot(
        both(COSTED, held(inventory_price_method="manual", manual_inventory_price="6.25")), "6.26"
    ),
    "inventory.coefficient_scale": spot(passive(), "max_deviation"),
    "inventory.opening_inventory": spot(passive(), "1000"),
    "inventory.opening_price": spot(both(COSTED, held(opening_price="6.3")), "6.2"),
    "tob_lines": spot(both(tob(), passive()), []),
    "tob_lines[].id": spot(tob(id="edge", inventory_gate="clamp"), "core", NAMED),
    "tob_lines[].enabled.bid": spot(tob(), False),
    "tob_lines[].enabled.offer": spot(tob(), False),
    "tob_lines[].hourly_quantity": spot(tob(), "1500"),
    "tob_lines[].quantity_currency": spot(tob(), "quote"),
    "tob_lines[].sides": spot(tob(), "bid"),
    "tob_lines[].spread_bps": spot(tob(inventory_gate="clamp"), "40"),
    "tob_lines[].min_price": spot(tob(), "6.25"),
    "tob_lines[].max_price": spot(tob(), "6.25"),
    "tob_lines[].spread_from_inventory": spot(both(COSTED, held(opening_price="6.2")), False),
    "tob_lines[].inventory_gate": spot(tob(), "clamp"),
    "tob_lines[].max_clamp_bps": spot(tob(inventory_gate="clamp", spread_bps="50"), "20"),
    "tob_lines[].drift_bps": spot(tob(min_requote_ticks=1000, timeout_seconds="100"), "2"),
    "tob_lines[].timeout_seconds": spot(tob(), "5"),
    "tob_lines[].coefficient_method": spot(tob(), "none"),
    "tob_lines[].min_coefficient": spot(tob(), "0.9"),
    "tob_lines[].max_coefficient": spot(tob(), "9"),
    "tob_lines[].mode": spot(tob(), "rebalance"),
    "tob_lines[].scope": spot(tob(), "line"),
    "tob_lines[].max_order": spot(tob(), "2"),
    "tob_lines[].min_requote_ticks": spot(tob(), 3),
    "tob_lines[].min_replace_interval_ms": spot(tob(), 1500),
    "tob_lines[].volatility_response": spot(tob(inventory_gate="clamp"), "1"),
    "tob_lines[].drift_response": spot(tob(inventory_gate="clamp"), "2"),
    "passive_lines": spot(both(tob(), passive()), []),
    "passive_lines[].id": spot(passive(id="edge"), "core", NAMED),
    "passive_lines[].enabled.bid": spot(passive(), False),
    "passive_lines[].enabled.offer": spot(passive(), False),
    "passive_lines[].mid_spread_bps": spot(passive(), "17"),
    "passive_lines[].min_spread_bps": spot(passive(), "5"),
    "passive_lines[].max_spread_bps": spot(passive(), "100"),
    "passive_lines[].quantity": spot(passive(), "26"),
    "passive_lines[].quantity_currency": spot(passive(), "quote"),
    "passive_lines[].sides": spot(passive(), "offer"),
    "passive_lines[].randomization_factor": spot(passive(), "0.2"),
    "passive_lines[].timeout_seconds": spot(passive(), "7"),
    "passive_lines[].drift_bps": spot(passive(requote_bps="500"), "2"),
    "passive_lines[].drift_anchor": spot(passive(requote_bps="500", drift_bps="2"), "local"),
    "passive_lines[].spread_coefficient_method": spot(passive(), "none"),
    "passive_lines[].quantity_coefficient_method": spot(passive(), "volume"),
    "passive_lines[].min_coefficient": spot(both(SIZED, {"coefficient_method": "min"}), "0.95"),
    "passive_lines[].max_coefficient": spot(both(SIZED, {"coefficient_method": "max"}), "1.05"),
    "passive_lines[].volume_spread_response": spot(passive(spread_coefficient_method="volume"), "1"),
    "passive_lines[].allocation": spot(passive(), "liquidity_shares"),
    "passive_lines[].levels": spot(passive(), 2),
    "passive_lines[].level_step_bps": spot(passive(levels=2), "7"),
    "passive_lines[].level_size_factor": spot(passive(levels=2), "0.5"),
    "passive_lines[].requote_bps": spot(passive(), "4"),
    "passive_lines[].min_replace_interval_ms": spot(passive(), 3000),
    "passive_lines[].volatility_response": spot(passive(), "1"),
    "passive_lines[].drift_response": spot(passive(), "2"),
    "volume_types": spot(SIZED, ["ratio"]),
    "ma_types": spot(SIZED, ["ewma"]),
    "min_fill": spot(SIZED, "0.3"),
    "time_periods": spot(SIZED, ["10s", "30s"]),
    "coefficient_method": spot(SIZED, "max"),
    "min_coefficient": spot(SIZED, "0.9"),
    "max_coefficient": spot(both(SIZED, {"coefficient_method": "max"}), "1.1"),
    "smart_pricing_source": spot(both(passive(), pricing("aggregated", venue="binance")), "single_venue"),
    "pricing.venues": spot(both(passive(), pricing("component_venues", venues=["binance"])), ["bybit", "gate"]),
    "pricing.venue": spot(both(passive(), pricing("single_venue", venue="binance")), "gate"),
    "pricing.quantity": spot(passive(), "2000"),
    "pricing.anchor": Case(
        "two quotes", both(passive(), {"quote_currencies": ["USDT", "BTC"], "exchanges": ["binance"]}), "native"
    ),
    "pricing.max_age_ms": Case("silence", both(passive(), risk(stale_ms=60_000)), 500),
    "pricing.fallback": Case("silence", both(passive(), pricing("single_venue", venue="binance")), "aggregated"),
    "pricing.weight_depth_bps": spot(both(passive(), pricing("liquidity_weighted")), "5"),
    "pricing.weight_cap": spot(both(passive(), pricing("liquidity_weighted")), "0.34"),
    "pricing.weight_half_life_ms": spot(both(passive(), pricing("liquidity_weighted")), 60_000),
    "venues": spot(passive(), {"bybit": {"enabled": False}}),
    "venues.<venue>.enabled": spot(both(passive(), {"venues": {"bybit": {}}}), False),
    "venues.<venue>.max_share": spot(both(passive(), {"venues": {"bybit": {}}}), "0.1"),
    "venues.<venue>.size_factor": spot(both(passive(), {"venues": {"bybit": {}}}), "2"),
    "venues.<venue>.maker_fee_bps": spot(both(COSTED, {"venues": {"bybit": {}}}), "900"),
    "venues.<venue>.taker_fee_bps": spot(
        both(
            COSTED, passive(min_spread_bps="0.1", mid_spread_bps="0.1"), {"taker_check": False, "venues": {"bybit": {}}}
        ),
        "900",
    ),
    "taker_check": spot(passive(), False),
    "leverage": Case("perps", both(LARGE, {"exchanges": ["binanceusdm", "bybit_perp", "gate_perp"]}), 3),
    "risk.max_order_value": spot(passive(), "155"),
    "risk.max_open_orders": spot(passive(levels=2), 2),
    "risk.collar_bps": spot(passive(), "20"),
    "risk.max_skew_bps": spot(passive(), "10", SKEWED),
    "risk.messages_per_second": spot(passive(levels=5), "0.2"),
    "risk.cancel_reserve": spot(both(passive(levels=5), risk(messages_per_second="0.2")), "0.9"),
    "risk.max_loss": spot(tob(), "0.01"),
    "risk.max_drawdown": spot(tob(), "0.01"),
    "risk.stale_ms": Case("silence", both(passive(), {"pricing": {"max_age_ms": 60_000}}), 500),
    "rules.values": spot(passive(), {"lean": {"by": "20"}}, SKEWED),
}

NOT_YET: dict[str, str] = {
    "version": "names the form of the document, of which there is one",
    "inventory.start_time": "a backtest counts all its own fills; live and in test_inventory.py it has its effect",
    "hedging_enabled": "exposure in another currency is counted and not hedged yet",
    "hedging_targets": "as hedging_enabled",
    "hedging.band": "as hedging_enabled",
    "hedging.cooldown": "as hedging_enabled",
    "hedging.style": "as hedging_enabled",
    "hedging.max_slippage_bps": "as hedging_enabled",
    "hedging.post_only_seconds": "as hedging_enabled",
    "hedging.base_ratio": "as hedging_enabled",
    "hedging.base_venue": "as hedging_enabled",
    "rules.folder": "a backtest is given its rules beside the configuration",
    "target_source": "targets from elsewhere are not followed yet",
    "target.fraction": "as target_source",
    "target.refresh_seconds": "as target_source",
    "target.url": "as target_source",
    "target.signal": "as target_source",
    "target.low": "as target_source",
    "target.high": "as target_source",
}
"""Settings without effect on orders, and why. An entry that gains an effect must go: a test sees to it."""

QUOTED_TWICE = both(passive(), {"quote_currencies": ["USDT", "BTC"]})
OTHERWISE: dict[str, tuple[Document, Any]] = {
    "version": (passive(), 1),
    "inventory.start_time": (tob(), "2025-03-03T10:01:00Z"),
    "hedging_enabled": (QUOTED_TWICE, False),
    "hedging_targets": (QUOTED_TWICE, {"BTC": "0.1"}),
    "hedging.band": (QUOTED_TWICE, "50"),
    "hedging.cooldown": (QUOTED_TWICE, "5"),
    "hedging.style": (QUOTED_TWICE, "post_only_then_take"),
    "hedging.max_slippage_bps": (QUOTED_TWICE, "3"),
    "hedging.post_only_seconds": (QUOTED_TWICE, "1"),
    "hedging.base_ratio": (both(QUOTED_TWICE, {"hedging": {"base_venue": "bybit_perp"}}), "1"),
    "hedging.base_venue": (QUOTED_TWICE, "bybit_perp"),
    "rules.folder": (passive(), "elsewhere"),
    "target_source": (both(passive(), {"target": {"signal": "x"}}), "signal"),
    **{
        f"target.{name}": (both(passive(), {"target_source": "signal", "target": {"signal": "x"}}), value)
        for name, value in {"fraction": "0.5", "refresh_seconds": "5", "signal": "y", "low": "0", "high": "9"}.items()
    },
    "target.url": (both(passive(), {"target_source": "http", "target": {"url": "http://a"}}), "http://b"),
}
"""A context and another value for each of them."""
