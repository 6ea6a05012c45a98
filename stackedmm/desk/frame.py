"""One picture as the page wants it: plain lists and words, numbers rounded to what can be read, ready for JSON."""

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from stackedmm.core import own, rows
from stackedmm.core.codes import EVENTS, PASSIVE, TOB
from stackedmm.core.views import VERBS
from stackedmm.core.waterfall import waterfall
from stackedmm.engine.host import Event, Fill, Look, sample
from stackedmm.engine.host.history import SPANS
from stackedmm.engine.host.source import SECOND
from stackedmm.session import Session

LADDER_ROWS: Final = 60
"""Price steps a side in a frame."""


def encode(message: dict[str, Any]) -> str:
    """JSON that every browser reads: not-a-number becomes null."""
    return json.dumps(clean(message), separators=(",", ":"), allow_nan=False)


def clean(value: Any) -> Any:
    """The same with every number that is not finite, or is numpy's own, made plain."""
    if isinstance(value, dict):
        return {key: clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def hello(session: Session) -> dict[str, Any]:
    """All that does not change while the session runs."""
    config, filled = session.config, session.filled
    ticks = [float(market.tick) for market in filled.quoted]
    return {
        "type": "hello",
        "mode": session.mode,
        "source": session.host.title,
        "speed": session.speed,
        "coin": config.base_coin,
        "quote": config.quote_currencies[0],
        "target": float(config.inventory.target_inventory),
        "deviation": float(config.inventory.max_inventory_deviation),
        "step": step(session),
        "decimals": max(decimals(tick) for tick in ticks),
        "size_digits": min(5, max(decimals(float(m.lot * m.contract_size)) for m in filled.quoted)),
        "markets": [{"venue": m.venue, "symbol": m.symbol, "kind": m.kind} for m in filled.quoted],
        "lines": [
            {"id": line.id, "kind": kind, "bps": float(filled.state[0]["lines"][i]["bps"])}
            for i, (line, kind) in enumerate(zip(filled.lines, filled.kinds, strict=True))
        ],
        "quotes": [
            [int(q["line"]), int(q["market"]), int(q["side"]), int(q["level"])]
            for q in filled.state[0]["quotes"][: int(filled.state[0]["quotes_n"])]
        ],
        "rules": [rule(session, i) for i in range(len(session.rules.rules if session.rules else ()))],
        "reasons": {str(code): text for code, text in rows.REASONS.items()},
        "spans": [span.name for span in SPANS],
        "columns": list(session.host.record.history.columns),
        "notes": list(filled.notes),
    }


def step(session: Session) -> float:
    """Price step of the ladder: the coarsest tick, or the least 1, 2 or 5 of a decade that is half a bps."""
    tick = max(float(market.tick) for market in session.filled.quoted)
    least = 0.5e-4 * session.host.prices[0]
    decade = 10.0 ** np.floor(np.log10(least))
    return max(tick, next(float(each * decade) for each in (1, 2, 5, 10) if each * decade >= least * 0.999))


def decimals(tick: float) -> int:
    """Digits after the point that a price of this tick needs."""
    return max(0, len(np.format_float_positional(tick, trim="-").partition(".")[2]))


def rule(session: Session, place: int) -> dict[str, Any]:
    """One rule and its parameters."""
    assert session.rules is not None
    each = session.rules.rules[place]
    return {
        "name": each.name,
        "verb": VERBS[each.verb],
        "scope": str(each.scope),
        "text": each.doc,
        "file": each.file,
        "params": [
            {
                "name": f"{each.name}.{name}",
                "label": name,
                "slot": session.slots[f"{each.name}.{name}"].place,
                "default": param.default,
                "low": param.low,
                "high": param.high,
                "unit": param.unit,
                "help": param.help,
            }
            for name, param in each.params
        ],
    }


def frame(session: Session, look: Look) -> dict[str, Any]:
    """What replaces what the page showed before."""
    said = {
        "type": "frame",
        "number": look.number,
        "phase": look.phase,
        "progress": look.progress,
        "note": look.note,
        "wall": look.wall_ns // 1_000_000,
        "rate": round(look.rows_per_s),
        "lag": round(look.lag_s, 3),
    }
    if look.state is None:
        return said
    s = look.state
    bid, ask = float(s["best_bid"]), float(s["best_ask"])
    profit = sample.profit(s)
    return said | {
        "t": int(s["now"]) // 1_000_000,
        "reference": round(float(s["reference"]), 9),
        "bid": round(bid, 9),
        "ask": round(ask, 9),
        "spread_bps": round((ask / bid - 1.0) * 1e4, 2) if bid > 0.0 else None,
        "crossed": round(float(s["crossed_base"]), 4),
        "inventory": round(float(s["ledger"]["position"]) * float(s["unit_base"]), 6),
        "coefficient": round(float(s["inventory"]), 5),
        "band": round(float(s["band_used"]), 5),
        "pnl": round(profit, 4),
        "trading": round(sample.traded(s, profit, session.host.record.opening), 4),
        "fees": round(float(s["ledger"]["fees"]) * float(s["unit_cost"]), 4),
        "turnover": round(float(s["ledger"]["volume"]) * float(s["unit_cost"]), 2),
        "killed": bool(s["killed"]),
        "halted": int(s["halted"]),
        "paused": bool(s["paused"]),
        "open": int(s["open_orders"]),
        "unknown": int(s["unknown_orders"]),
        "params": [round(float(v), 9) for v in s["params"][: len(session.slots)]],
        "markets": [market(s, i) for i in range(int(s["quoted_n"]))],
        "lines": [line(s, i) for i in range(int(s["lines_n"]))],
        "quotes": quotes(s),
        "orders": orders(s),
        "ladder": ladder(session, look),
        "refusals": {str(code): int(n) for code, n in enumerate(s["refusals"]) if n and code},
        "counts": {name: int(n) for name, n in zip(EVENTS, s["events"], strict=False) if n},
    }


def market(s: Any, i: int) -> dict[str, Any]:
    """One venue's health and figures."""
    m = s["markets"][i]
    tick = float(m["tick_size"])
    usable = bool(m["usable"])
    return {
        "usable": usable,
        "age_ms": max(0, (int(s["now"]) - int(m["seen_ns"])) // 1_000_000),
        "bid": round(float(m["touch"][0]) * tick, 9) if usable else None,
        "ask": round(float(m["touch"][1]) * tick, 9) if usable else None,
        "share": round(float(m["share"]), 4),
        "volume": round(float(m["volume"]), 4),
        "gaps": int(m["gaps"]),
        "quiet_s": round((int(s["now"]) - int(m["trade_ns"])) / SECOND, 1),
        "tokens": round(float(m["tokens"]), 1),
        "orders": int(m["lives"]),
        "rejects": int(m["rejects"]),
        "base": round(float(s["wallets"][m["base_at"]]["amount"]) * float(s["unit_base"]), 4),
        "quote": round(float(s["wallets"][m["money_at"]]["amount"]) * float(s["currencies"][m["currency"]]["unit"]), 2),
    }


def line(s: Any, i: int) -> dict[str, Any]:
    """One line's counters and switches."""
    each = s["lines"][i]
    return {
        "on": [bool(v) for v in each["sides"]],
        "placed": int(each["placed"]),
        "fills": int(each["fills"]),
        "filled": [round(float(v) * float(s["unit_base"]), 4) for v in each["filled_units"]],
        "canceled": [int(each[f"canceled_{why}"]) for why in ("timeout", "drift", "replace", "other")],
    }


def quotes(s: Any) -> list[list[Any]]:
    """Each quote: its order's price, open size, age and life, or nothing of these and why it does not stand."""
    found: list[list[Any]] = []
    now = int(s["now"])
    for q in s["quotes"][: int(s["quotes_n"])]:
        if q["order"] < 0:
            found.append([int(q["reason"])])
            continue
        o, m = s["orders"][q["order"]], s["markets"][q["market"]]
        price = round(float(o["px"]) * float(m["tick_size"]), 9)
        size = round(float(o["lots"] - o["filled"]) * float(m["lot_base"]), 6)
        life = "cancelling" if o["canceling"] else own.LIVES[int(o["life"])]
        found.append([int(q["reason"]), price, size, round((now - int(o["sent_ns"])) / SECOND, 1), life])
    return found


def orders(s: Any) -> list[list[Any]]:
    """Own orders that may be alive: line, market, side, price on the stack's scale, open size, life."""
    found = []
    for slot in sample.own_slots(s):
        o = s["orders"][slot]
        if int(o["life"]) not in (own.PENDING, own.LIVE, own.UNKNOWN, own.SETTLING):
            continue
        m = s["markets"][o["market"]]
        price = float(o["px"]) * float(m["tick_size"]) / (1.0 + float(m["basis"]))
        size = float(o["lots"] - o["filled"]) * float(m["lot_base"])
        life = "cancelling" if o["canceling"] else own.LIVES[int(o["life"])]
        found.append([int(o["line"]), int(o["market"]), int(o["side"]), round(price, 9), round(size, 6), life])
    return found


def ladder(session: Session, look: Look) -> dict[str, Any]:
    """The stacked book by price steps: [step, coins of each venue], best first."""
    each, quoted = step(session), len(session.filled.quoted)
    found = {}
    for name, side, inward in (("bids", look.bids, np.floor), ("asks", look.asks, np.ceil)):
        assert side is not None
        steps = inward(np.round(side.prices / each, 6)).astype(np.int64)
        levels, place = np.unique(steps, return_inverse=True)
        sums = np.zeros((len(levels), quoted))
        np.add.at(sums, place, side.shares[:, :quoted])
        order = slice(None, None, -1) if name == "bids" else slice(None)
        pairs = zip(levels[order][:LADDER_ROWS], sums[order][:LADDER_ROWS], strict=True)
        found[name] = [[int(at), *(round(float(size), 4) for size in sizes)] for at, sizes in pairs]
    return found


def points(table: np.ndarray[Any, Any]) -> list[list[float]]:
    """Samples as rows of numbers."""
    return [[float(f"{value:.13g}") for value in row] for row in table]


def fills(items: Sequence[Fill]) -> list[list[Any]]:
    """Fills as rows."""
    return [list(item) for item in items]


def events(items: Sequence[Event]) -> list[list[Any]]:
    """Events as rows."""
    return [list(item) for item in items]


def bars(session: Session, known: dict[int, tuple[int, list[Any]]]) -> dict[str, list[Any]]:
    """Of each quote's last placement the bars that add up to its distance; `known` keeps those already made."""
    rules = [(each.name, each.verb) for each in (session.rules.rules if session.rules else ())]
    for quote, command in list(session.host.record.placed.items()):
        ref = int(command["ref"])
        if command["level"] == 0 and known.get(quote, (0, []))[0] != ref:
            kind = PASSIVE if session.filled.kinds[int(command["line"])] == "passive" else TOB
            made = [[bar.owner, round(bar.bps, 3)] for bar in waterfall(command, rules, kind)]
            known[quote] = (ref, made)
    return {str(quote): made for quote, (_, made) in known.items()}
