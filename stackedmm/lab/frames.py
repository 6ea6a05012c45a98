"""Orders, fills and decisions as frames: real units, UTC times, names instead of numbers.

Prices and sizes are the floats nearest to their exact decimals: `Decimal(str(price))` is the price itself.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from stackedmm.core.codes import STEPS
from stackedmm.core.market import Market
from stackedmm.core.rows import (
    ASK,
    CANCEL,
    CANCELED,
    COMMAND,
    FEE_BASE,
    FILL,
    FILL_ID,
    MAKER,
    PLACE,
    QUERY,
    REASONS,
    REJECT,
)
from stackedmm.core.views import FIELDS
from stackedmm.feeds.decimals import as_floats
from stackedmm.sim.state import REJECTS

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
SIDES: Final = ("bid", "ask")
COMMANDS: Final = {PLACE: "place", CANCEL: "cancel", QUERY: "query"}


class Named(NamedTuple):
    """What the numbers of a run stand for."""

    markets: Sequence[Market]
    lines: Sequence[str]
    rules: Sequence[str]
    unit_base: Decimal
    unit_costs: tuple[Decimal, ...]
    """Of each market's quote."""


def joined(parts: Sequence[Array], dtype: "np.dtype[Any]") -> Array:
    """The pieces as one array. numpy's own joining compares all fields of all pieces, and there are many of both."""
    whole = np.empty(sum(map(len, parts)), dtype)
    at = 0
    for part in parts:
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


def decisions(commands: Array, named: Named) -> "pd.DataFrame":
    """Every command, with all it was computed from; what does not apply is NaN."""
    import pandas as pd

    placed = commands["kind"] == PLACE
    columns: dict[str, Any] = {
        "time": _times(commands["ts"]),
        "command": _words(commands["kind"], COMMANDS),
        "reason": _words(commands["reason"], REASONS),
        "order": commands["ref"],
        **_where(commands["market"], commands["side"], named),
        "line": _pick(named.lines, commands["line"]),
        "level": commands["level"].astype(int),
        "price": prices(commands["px"], commands["market"], named.markets),
        "size": sizes(commands["qty"], commands["market"], named.markets),
        "reference": commands["reference"],
        "inventory": commands["inventory"],
        "volume": commands["volume"],
    }
    for name in ("half_spread_bps", "coefficient"):
        columns[name] = np.where(placed, commands[name], np.nan)
    for kind, field, names in (
        ("step", "steps", STEPS),
        ("saw", "saw", [each.name for each in FIELDS]),
        ("rule", "answers", named.rules),
    ):
        for i, name in enumerate(names):
            columns[f"{kind} {name}"] = np.where(placed, commands[field][:, i], np.nan)
    return pd.DataFrame(columns)


def fills(commands: Array, answers: Array, named: Named) -> "pd.DataFrame":
    """Every fill, with the order it belongs to."""
    import pandas as pd

    at = np.flatnonzero(answers["kind"] == FILL)
    rows, ids = answers[at], answers[at - 1] if len(at) else answers[:0]
    assert (ids["kind"] == FILL_ID).all(), "a fill without its id"
    orders = placed_of(commands, rows["ref"])
    in_base = ids["qty"] == FEE_BASE
    quotes = [market.quote for market in named.markets]
    bases = [market.base for market in named.markets]
    table = {
        "time": _times(rows["ts"]),
        "order": rows["ref"],
        **_where(rows["market"], rows["marks"] & ASK, named),
        "line": _pick(named.lines, orders["line"]),
        "price": prices(rows["px"], rows["market"], named.markets),
        "size": sizes(rows["qty"], rows["market"], named.markets),
        "fee": np.where(in_base, as_floats(ids["px"], named.unit_base), money(ids["px"], rows["market"], named)),
        "fee_currency": np.where(in_base, _pick(bases, rows["market"]), _pick(quotes, rows["market"])),
        "maker": (rows["marks"] & MAKER) != 0,
        "trade": ids["ref"],
        "reference": orders["reference"],
        "rate_at_order": orders["rate"],
    }
    return pd.DataFrame(table)


def money(amounts: Array, markets: Array, named: Named) -> Array:
    """Amounts in cost units of each market's quote, in that quote."""
    found = np.zeros(len(amounts))
    for i, unit in enumerate(named.unit_costs):
        found[markets == i] = as_floats(amounts[markets == i], unit)
    return found


def orders(commands: Array, answers: Array, named: Named) -> "pd.DataFrame":
    """Every order placed, from the decision to its end as far as it was heard of."""
    import pandas as pd

    placed = commands[commands["kind"] == PLACE]
    filled, ended, end = outcomes(placed, commands, answers)
    table = {
        "order": placed["ref"],
        "placed": _times(placed["ts"]),
        **_where(placed["market"], placed["side"], named),
        "line": _pick(named.lines, placed["line"]),
        "level": placed["level"].astype(int),
        "price": prices(placed["px"], placed["market"], named.markets),
        "size": sizes(placed["qty"], placed["market"], named.markets),
        "filled": sizes(filled, placed["market"], named.markets),
        "ended": pd.to_datetime(np.where(ended > 0, ended, np.iinfo(np.int64).min), utc=True),
        "end": end,
        "reference": placed["reference"],
        "distance_bps": placed["steps"][:, -1],
        "half_spread_bps": placed["half_spread_bps"],
        "coefficient": placed["coefficient"],
        "inventory": placed["inventory"],
        "volume": placed["volume"],
    }
    return pd.DataFrame(table)


def outcomes(placed: Array, commands: Array, answers: Array) -> tuple[Array, Array, Array]:
    """Lots filled, time of the end (0: none) and its reason in words, for each order."""
    order = np.argsort(placed["ref"], kind="stable")
    known = placed["ref"][order]

    def place(refs: Array) -> Array:
        return np.asarray(order[np.searchsorted(known, refs)])

    filled, last, ended = (np.zeros(len(placed), np.int64) for _ in range(3))
    end = np.full(len(placed), "open", object)
    taken = answers[answers["kind"] == FILL]
    np.add.at(filled, place(taken["ref"]), taken["qty"])
    np.maximum.at(last, place(taken["ref"]), taken["ts"])
    whole = filled >= placed["qty"]
    ended[whole], end[whole] = last[whole], "filled"
    over = answers[(answers["kind"] == CANCELED) | (answers["kind"] == REJECT)]
    asked = commands[commands["kind"] == CANCEL][::-1]
    reasons = dict(zip(asked["ref"].tolist(), asked["reason"].tolist(), strict=True))
    for row, i in zip(over, place(over["ref"]), strict=True):
        if ended[i]:
            continue
        ended[i] = row["ts"]
        if row["kind"] == REJECT:
            end[i] = f"rejected: {REJECTS.get(int(row['px']), 'by the venue')}"
        else:
            end[i] = REASONS[reasons[int(row["ref"])]] if int(row["ref"]) in reasons else "canceled by the venue"
    return filled, ended, end


def placed_of(commands: Array, refs: Array) -> Array:
    """The PLACE commands of these orders."""
    placed = commands[commands["kind"] == PLACE]
    order = np.argsort(placed["ref"], kind="stable")
    found = np.searchsorted(placed["ref"][order], refs)
    return np.asarray(placed[order[found]]) if len(refs) else np.zeros(0, COMMAND)


def prices(ticks: Array, market: Array, markets: Sequence[Market]) -> Array:
    """Ticks as prices."""
    return _scaled(ticks, market, [m.tick for m in markets])


def sizes(lots: Array, market: Array, markets: Sequence[Market]) -> Array:
    """Lots as coins."""
    return _scaled(lots, market, [m.lot * m.contract_size for m in markets])


def _scaled(counts: Array, market: Array, steps: Sequence[Decimal]) -> Array:
    result = np.zeros(len(counts))
    for i, step in enumerate(steps):
        result[market == i] = as_floats(counts[market == i], step)
    return result


def _where(market: Array, side: Array, named: Named) -> dict[str, Any]:
    return {
        "venue": _pick([m.venue for m in named.markets], market),
        "symbol": _pick([m.symbol for m in named.markets], market),
        "side": _pick(SIDES, side),
    }


def _pick(names: Sequence[str], index: Array) -> Array:
    return np.array([*names, ""], object)[index]


def _words(codes: Array, words: dict[int, str]) -> Array:
    table = np.array([words.get(code, str(code)) for code in range(256)], object)
    return np.asarray(table[codes])


def _times(ns: Array) -> "pd.DatetimeIndex":
    import pandas as pd

    return pd.to_datetime(ns, utc=True)
