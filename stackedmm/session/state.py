"""The state of a session as one dictionary of plain values: what it is told, what it holds, what it does."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from stackedmm.core import own
from stackedmm.core.codes import TOB
from stackedmm.core.rows import REASONS
from stackedmm.engine.host import sample
from stackedmm.engine.host.record import SIDES
from stackedmm.lab.summary import plain, unit
from stackedmm.session.places import spelled
from stackedmm.session.ruling import Ruling
from stackedmm.session.sheet import Page, Sheet

STRATEGY: Final = "stacked_market_making"
Plain = dict[str, Any]


class State(Plain):
    """Plain values by name; prints as tables."""

    def page(self) -> Page:
        """The same as tables: what stands alone, then each part."""
        alone = [(k, v) for k, v in self.items() if not isinstance(v, dict | list)]
        parts = [Sheet("state", ("", ""), alone, left=2)]
        for name, value in self.items():
            if isinstance(value, dict) and name != "config":
                rows = [(k, v if not isinstance(v, dict | list) else _short(v)) for k, v in value.items()]
                parts.append(Sheet(name, ("", ""), rows, left=2))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                columns = [c for c in value[0] if not isinstance(value[0][c], dict | list)]
                parts.append(Sheet(name, columns, [[row[c] for c in columns] for row in value], left=len(columns)))
        return Page(*parts)

    def __repr__(self) -> str:
        return repr(self.page())

    def _repr_html_(self) -> str:
        return self.page()._repr_html_()


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in value.items())
    return ", ".join(map(str, value)) if len(value) < 8 else f"{len(value)} entries"


def state(session: Ruling, instance_id: str, symbol: str, exchanges: list[str]) -> State:
    """All of it, from one moment. Amounts of coins and money are exact and stand as text; the rest are numbers."""
    s = session.look().state
    orders = active(session, s)
    lines = [line(session, s, i, orders) for i in range(len(session.filled.lines))]
    tob = len(session.config.tob_lines)
    return State(
        instance_id=instance_id,
        strategy=STRATEGY,
        symbol=symbol,
        exchanges=exchanges,
        config=session.config.model_dump(mode="json"),
        running=session.running,
        active_orders_count=len(orders),
        active_orders=orders,
        tob_lines=lines[:tob],
        passive_lines=lines[tob:],
        inventory_state=inventory(session, s),
        performance=performance(session, s),
        multi_symbol_config={
            "base_coin": session.config.base_coin,
            "quote_currencies": list(session.config.quote_currencies),
            "quoted": [market.name for market in session.filled.quoted],
        },
        coefficient_config=coefficients(session, s),
        control={
            "phase": session.phase,
            "killed": bool(s["killed"]),
            "paused": bool(s["paused"]),
            "halted": REASONS[int(s["halted"])] if s["halted"] else None,
            "revision": session.revision,
            "rules_digest": session.rules.hex if session.rules is not None else None,
            "rules": [rule.name for rule in session.rules.rules] if session.rules is not None else [],
        },
        venues=[venue(session, s, i) for i in range(len(session.filled.quoted))],
        price_source=price_source(session, s),
    )


def active(session: Ruling, s: Any) -> list[Plain]:
    """Own orders that may be alive."""
    found = []
    unit_base = unit(s["unit_base"])
    for slot in sample.own_slots(s):
        o = s["orders"][slot]
        if int(o["life"]) not in (own.PENDING, own.LIVE, own.UNKNOWN, own.SETTLING):
            continue
        market, m = session.filled.quoted[o["market"]], s["markets"][o["market"]]
        left = int(o["lots"] - o["filled"]) * int(m["lot_units"])
        found.append(
            {
                "order_id": int(o["ref"]),
                "line_id": session.filled.lines[o["line"]].id,
                "exchange": spelled(session.config, session.filled, int(o["market"])),
                "symbol": market.symbol,
                "side": SIDES[int(o["side"])],
                "price": plain(int(o["px"]) * market.tick),
                "quantity": plain(left * unit_base),
                "state": "cancelling" if o["canceling"] else own.LIVES[int(o["life"])],
                "age_seconds": round((int(s["now"]) - int(o["sent_ns"])) / 1e9, 3),
            }
        )
    return found


def line(session: Ruling, s: Any, i: int, orders: list[Plain]) -> Plain:
    """One line: its settings in force, its coefficients now, what it did."""
    given, record, coin = _line(session, i), s["lines"][i], unit(s["unit_base"])
    mine = [each for each in orders if each["line_id"] == given.id]
    common = {"line_id": given.id, "active_orders": len(mine)}
    size, spread = size_coefficients(session, i), spread_coefficients(session, i)
    if record["kind"] == TOB:
        kind = {
            "current_coefficient": mean(size),
            "sides": str(given.sides),
            "spread_bps": plain(given.spread_bps),
            "timeout_seconds": plain(Decimal(given.timeout_seconds)),
            "min_price": None if given.min_price is None else plain(given.min_price),
            "max_price": None if given.max_price is None else plain(given.max_price),
        }
    else:
        kind = {
            "current_spread_coefficient": mean(spread),
            "current_quantity_coefficient": mean(size),
            "sides": str(given.sides),
            "mid_spread_bps": plain(given.mid_spread_bps),
            "timeout_seconds": plain(Decimal(given.timeout_seconds)),
            "quantity": plain(given.quantity),
        }
    return {
        **common,
        **kind,
        "size_coefficients": size,
        "spread_coefficients": spread,
        "quoting": {side: bool(on) for side, on in zip(SIDES, record["sides"], strict=True)},
        "orders_placed": int(record["placed"]),
        "fills": int(record["fills"]),
        "bought": plain(int(record["filled_units"][0]) * coin),
        "sold": plain(int(record["filled_units"][1]) * coin),
        **{f"cancelled_{why}": int(record[f"canceled_{why}"]) for why in ("timeout", "drift", "replace", "other")},
    }


def _line(session: Ruling, i: int) -> Any:
    """The line as it is configured now; positions do not move while a session runs."""
    config = session.config
    return (*config.tob_lines, *config.passive_lines)[i]


def placements(session: Ruling, i: int) -> list[Any]:
    """The last placements of a line's quotes."""
    return [c for c in list(session.host.record.placed.values()) if int(c["line"]) == i]


def size_coefficients(session: Ruling, i: int) -> dict[str, float]:
    """The size coefficient with which each side was last placed, mean over venues and levels; of sides ever placed."""
    return _means(session, i, lambda c: float(c["coefficient"]))


def spread_coefficients(session: Ruling, i: int) -> dict[str, float]:
    """The same of the half-spread: after the line's own coefficients and the rules, over the configured one."""
    return _means(session, i, lambda c: float(c["half_spread_bps"]) / float(c["steps"][0]))


def _means(session: Ruling, i: int, number: Callable[[Any], float]) -> dict[str, float]:
    found = {}
    for side, name in enumerate(SIDES):
        numbers = [number(c) for c in placements(session, i) if int(c["side"]) == side and c["steps"][0]]
        if numbers:
            found[name] = round(sum(numbers) / len(numbers), 9)
    return found


def mean(sides: dict[str, float]) -> float | None:
    """Of the sides; None where neither was ever placed."""
    return round(sum(sides.values()) / len(sides), 9) if sides else None


def inventory(session: Ruling, s: Any) -> Plain:
    """What is held against what is wanted."""
    coin = unit(s["unit_base"])
    current = (int(s["ledger"]["position"]) + int(s["ledger"]["provisional"])) * coin
    target, deviation = int(s["target"]) * coin, int(s["deviation"]) * coin
    excess, price = current - target, float(s["inventory_price"])
    return {
        "current_inventory": plain(current),
        "target_inventory": plain(target),
        "excess_inventory": plain(excess),
        "excess_inventory_percentage": round(100.0 * float(excess) / (int(s["scale"]) * float(coin)), 9),
        "target_excess_amount": plain(abs(excess)),
        "inventory_coefficient": float(s["inventory"]),
        "inventory_price": price if math.isfinite(price) else None,
        "max_inventory_deviation": plain(deviation),
        "inventory_price_method": str(session.config.inventory.inventory_price_method),
        "band_used": float(s["band_used"]),
        "reconciled": bool(s["reconciled"]),
    }


def performance(session: Ruling, s: Any) -> Plain:
    """Counts since the start, and profit in the first quote currency."""
    lines = s["lines"][: int(s["lines_n"])]
    tob = lines["kind"] == TOB
    money = unit(s["unit_cost"])
    total = sample.profit(s)
    return {
        "orders_placed_tob": int(lines["placed"][tob].sum()),
        "orders_placed_passive": int(lines["placed"][~tob].sum()),
        "orders_cancelled_timeout": int(lines["canceled_timeout"].sum()),
        "orders_cancelled_drift": int(lines["canceled_drift"].sum()),
        "orders_cancelled_replace": int(lines["canceled_replace"].sum()),
        "coefficient_adjustments": session.host.record.adjustments,
        "smart_pricing_decisions": int(s["reference_switches"]),
        "last_updated": moment(int(s["now"])),
        "orders_cancelled_other": int(lines["canceled_other"].sum()),
        "fills_tob": int(lines["fills"][tob].sum()),
        "fills_passive": int(lines["fills"][~tob].sum()),
        "fills": int(s["ledger"]["fills"]),
        "turnover": plain(int(s["ledger"]["volume"]) * money),
        "fees": plain(int(s["ledger"]["fees"]) * money),
        "realised_pnl": plain(int(s["ledger"]["realised"]) * money),
        "profit": round(total, 9),
        "trading_profit": round(sample.traded(s, total, session.host.record.opening), 9),
        "max_drawdown": float(s["max_drawdown_seen"]),
        "conversions": 0,
        "hedges": 0,
    }


def coefficients(session: Ruling, s: Any) -> Plain:
    """How volume coefficients are made, and what they are."""
    config, record = session.config, session.host.record
    return {
        "time_periods": list(config.time_periods),
        "coefficient_method": str(config.coefficient_method),
        "min_coefficient": plain(config.min_coefficient),
        "max_coefficient": plain(config.max_coefficient),
        "volume_types": list(config.volume_types),
        "ma_types": list(config.ma_types),
        "exchange_coefficients": exchange_coefficients(session, s),
        "last_coefficient_update": moment(record.adjusted_ns) if record.adjusted_ns else None,
    }


def exchange_coefficients(session: Ruling, s: Any) -> dict[str, float]:
    """Each venue's volume coefficient, by the names as the configuration spells them."""
    return {
        spelled(session.config, session.filled, i): float(s["markets"][i]["volume"])
        for i in range(len(session.filled.quoted))
    }


def venue(session: Ruling, s: Any, i: int) -> Plain:
    """One market's health and figures."""
    m, market = s["markets"][i], session.filled.quoted[i]
    return {
        "exchange": spelled(session.config, session.filled, i),
        "symbol": market.symbol,
        "usable": bool(m["usable"]),
        "age_seconds": round((int(s["now"]) - int(m["seen_ns"])) / 1e9, 3),
        "orders": int(m["lives"]),
        "position": plain(int(m["position"]) * unit(s["unit_base"])),
        "free_base": plain(int(s["wallets"][m["base_at"]]["amount"]) * unit(s["unit_base"])),
        "free_quote": plain(int(s["wallets"][m["money_at"]]["amount"]) * unit(s["currencies"][m["currency"]]["unit"])),
        "volume_coefficient": float(m["volume"]),
        "depth_share": float(m["share"]),
        "gaps": int(m["gaps"]),
        "rejects_in_a_row": int(m["rejects"]),
        "paused": bool(m["paused"]),
    }


def price_source(session: Ruling, s: Any) -> Plain:
    """Where the reference comes from."""
    used = int(s["reference_used"])
    names = ("aggregated", "component_venues", "liquidity_weighted", "single_venue")
    return {
        "asked": str(session.config.smart_pricing_source),
        "used": names[used] if used >= 0 else None,
        "reference": float(s["reference"]),
        "partial": bool(s["reference_partial"]),
        "best_bid": float(s["best_bid"]),
        "best_ask": float(s["best_ask"]),
        "crossed": float(s["crossed_base"]),
    }


def moment(ns: int) -> str:
    """Row time as ISO text, UTC."""
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")
