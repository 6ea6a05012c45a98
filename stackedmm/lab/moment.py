"""Tables of a running engine: its quotes from a copy of its record, its orders and fills from what is kept of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stackedmm.config.fill import Filled
from stackedmm.core import own
from stackedmm.core.rows import FILL, FILL_ID, PLACE, REASONS
from stackedmm.engine.host import Record
from stackedmm.engine.host.history import SPANS, History
from stackedmm.lab import frames
from stackedmm.lab.frames import SIDES, Named
from stackedmm.lab.summary import unit

if TYPE_CHECKING:
    import pandas as pd

    Frame = pd.DataFrame

Array = np.ndarray[Any, Any]
SECOND: Final = 1_000_000_000


def named(filled: Filled, s: Any, venues: Sequence[str]) -> Named:
    """What the numbers of a running engine stand for; `venues` are the markets' venues as people spell them."""
    markets = [replace(market, venue=venue) for market, venue in zip(filled.quoted, venues, strict=True)]
    costs = tuple(unit(s["currencies"][m["currency"]]["unit"]) for m in s["markets"][: len(markets)])
    return Named(markets, [line.id for line in filled.lines], [], unit(s["unit_base"]), costs)


def quotes(s: Any, named: Named) -> "pd.DataFrame":
    """Every quote: the order that stands for it, or in words why none does."""
    import pandas as pd

    rows = [quote(s, named, k) for k in range(int(s["quotes_n"]))]
    table = pd.DataFrame(rows).set_index(["line", "venue", "side", "level"]).sort_index()
    return table.astype({"order": "Int64"})


def quote(s: Any, named: Named, k: int) -> dict[str, Any]:
    """One quote as a row of that table."""
    q = s["quotes"][k]
    place = {
        "line": named.lines[q["line"]],
        "venue": named.markets[q["market"]].venue,
        "side": SIDES[q["side"]],
        "level": int(q["level"]),
    }
    if q["order"] < 0:
        nothing = dict.fromkeys(("order", "price", "size", "distance_bps", "age_s"))
        return place | nothing | {"state": REASONS[int(q["reason"])]}
    o, m = s["orders"][q["order"]], s["markets"][q["market"]]
    price = float(frames.prices(np.array([o["px"]]), np.array([q["market"]]), named.markets)[0])
    home = float(s["reference"]) * (1.0 + float(m["basis"]))
    sign = 1 - 2 * int(q["side"])
    life = "cancelling" if o["canceling"] else own.LIVES[int(o["life"])]
    return place | {
        "order": int(o["ref"]),
        "price": price,
        "size": round(float(o["lots"] - o["filled"]) * float(m["lot_base"]), 12),
        "distance_bps": round(sign * (home - price) / home * 1e4, 3) if home else None,
        "age_s": round((int(s["now"]) - int(o["sent_ns"])) / SECOND, 1),
        "state": life,
    }


def orders(record: Record, named: Named) -> "pd.DataFrame":
    """The orders that are still remembered, newest last, and how each ended as far as it was heard of."""
    return frames.orders(*kept(record), named)


def fills(record: Record, named: Named) -> "pd.DataFrame":
    """The fills whose orders are still remembered, newest last."""
    return frames.fills(*kept(record), named)


def kept(record: Record) -> tuple[Array, Array]:
    """Commands, and the answers about orders among them; a fill goes with the row of its id."""
    commands, answers = record.commands.since(0)[1], record.answers.since(0)[1]
    placed = commands["ref"][commands["kind"] == PLACE]
    about = np.isin(answers["ref"], placed) & (answers["kind"] != FILL_ID)
    filled = about & (answers["kind"] == FILL)
    before = np.zeros(len(answers), bool)
    before[:-1] = filled[1:]
    whole = np.ones(len(answers), bool)
    if len(answers):
        whole[0] = not filled[0]  # its id has been dropped already
    return commands, answers[(about | before) & whole]


def series(history: History) -> "pd.DataFrame":
    """What the charts remember as one frame: the last quarter of an hour by the second, before that more coarsely."""
    import pandas as pd

    parts: list[Array] = []
    end = np.inf
    for i in range(len(SPANS)):
        table = history.since(i, 0)[1]
        table = table[table[:, 0] < end]
        parts.append(table)
        end = float(table[0, 0]) if len(table) else end
    rows = np.concatenate(parts[::-1])
    index = pd.to_datetime((rows[:, 0] * 1e6).astype(np.int64), utc=True).rename("time")
    return pd.DataFrame(rows[:, 1:], index=index, columns=list(history.columns[1:]))
