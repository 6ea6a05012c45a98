"""The summary of a run: one plain dictionary that JSON takes as it is.

Amounts of coins and of money are exact decimals and stand as text; coefficients, fees' rates and seconds are numbers.
"""

from decimal import Decimal
from typing import Any

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.rows import OK, REASONS
from stackedmm.core.state import state_hash
from stackedmm.lab.running import Running
from stackedmm.lab.times import iso
from stackedmm.rules import RuleSet
from stackedmm.sim import truth

Summary = dict[str, Any]


def summary(
    config: StackedMarketMakingConfig, rules: RuleSet | None, running: Running, seconds: float, notes: list[str]
) -> Summary:
    """What a run came to. `seconds` is the time it took, and with the rate the only thing that differs between runs."""
    s = running.state
    ledger, coin, money = s["ledger"], unit(s["unit_base"]), unit(s["unit_cost"])
    position, reference = int(ledger["position"]) * coin, Decimal(repr(float(s["reference"])))
    refusals = {REASONS[code]: int(count) for code, count in enumerate(s["refusals"]) if count and code != OK}
    return {
        "rows": int(s["rows"]),
        "seconds": round(seconds, 6),
        "rows_per_second": round(int(s["rows"]) / max(seconds, 1e-9)),
        "orders": int(s["lines"]["placed"].sum()),
        "fills": int(ledger["fills"]),
        "position": plain(position),
        "realised_pnl": plain(int(ledger["realised"]) * money),
        "unrealised_pnl": plain((position * reference - int(ledger["cost"]) * money).quantize(money)),
        "fees": plain(int(ledger["fees"]) * money),
        "max_drawdown": plain(Decimal(float(s["max_drawdown_seen"])).quantize(money)),
        "inventory_coefficient": float(s["inventory"]),
        "lines": [line(running, i, coin) for i in range(len(running.filled.lines))],
        "venues": [venue(running, i, coin) for i in range(len(running.filled.markets))],
        "conversions": [conversion(running, c, name) for c, name in currencies(running).items()],
        "refusals": dict(sorted(refusals.items(), key=lambda each: -each[1])),
        "state_hash": state_hash(running.filled.state, running.filled.arena),
        "notes": notes,
        "config_digest": config.digest(),
        "rules_digest": rules.hex if rules is not None else None,
        "start": iso(running.recording.start - running.recording.shift),
        "end": iso(running.recording.end - running.recording.shift),
    }


def line(running: Running, i: int, coin: Decimal) -> Summary:
    """What one line did on all venues."""
    record = running.state["lines"][i]
    return {
        "id": running.filled.lines[i].id,
        "kind": running.filled.kinds[i],
        "orders": int(record["placed"]),
        "fills": int(record["fills"]),
        "bought": plain(int(record["filled_units"][0]) * coin),
        "sold": plain(int(record["filled_units"][1]) * coin),
        "canceled": {name: int(record[f"canceled_{name}"]) for name in ("timeout", "drift", "replace", "other")},
    }


def conversion(running: Running, c: int, name: str) -> Summary:
    """What was paid less received in one further currency, fees included, and how it is converted now."""
    record = running.state["currencies"][c]
    money, way = unit(record["unit"]), int(record["path"])
    path = running.state["paths"][way] if way >= 0 else None
    legs = [] if path is None else [running.filled.markets[i].name for i in path["market"][: int(path["legs"])]]
    return {
        "currency": name,
        "rate": float(record["rate"]),
        "live": bool(record["live"]),
        "by": legs,
        "switches": int(record["switches"]),
        "fills": int(record["fills"]),
        "paid": plain(int(record["flow"]) * money),
        "fees": plain(int(record["fees"]) * money),
    }


def currencies(running: Running) -> dict[int, str]:
    """Further quote currencies by number."""
    each = running.state["markets"]["currency"]
    return {int(each[i]): m.quote for i, m in enumerate(running.filled.quoted) if each[i] > 0}


def venue(running: Running, i: int, coin: Decimal) -> Summary:
    """What happened in one market, money in its own quote.

    `position` is what own fills here came to; the opening inventory is no venue's.
    """
    market, m, account = running.filled.markets[i], running.state["markets"][i], truth.account(running.X, i)
    money = unit(running.state["currencies"][m["currency"]]["unit"])
    return {
        "venue": market.venue,
        "symbol": market.symbol,
        "orders": int(running.placed[i]),
        "rejected": int(running.rejected[i]),
        "fills": account.fills,
        "position": plain(int(m["position"]) * coin),
        "turnover": plain(account.turnover * money),
        "fees": plain(account.fees * money),
        "maker_fee_bps": float(market.maker_fee * 10_000),
        "taker_fee_bps": float(market.taker_fee * 10_000),
        "volume_coefficient": float(m["volume"]),
        "basis_bps": float(m["basis"]) * 1e4,
        "gaps": int(m["gaps"]),
        "crossings": int(m["crossings"]),
        "bbo_differences": int(m["bbo_differences"]),
        "tick": plain(market.tick),
        "lot": plain(market.lot),
        "steps_from": market.source,
    }


def unit(size: float) -> Decimal:
    """A unit of the ledger, a power of ten, as it was before it became a float."""
    return Decimal(repr(float(size)))


def plain(number: Decimal) -> str:
    """All digits and no exponent.

    >>> plain(Decimal("1E+3")), plain(Decimal("0.2500")), plain(Decimal("-0.00"))
    ('1000', '0.25', '0')
    """
    return f"{number.normalize() + 0:f}"
