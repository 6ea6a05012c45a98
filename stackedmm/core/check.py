"""What must hold of the orders' state after any row: for tests and simulations, never called by the engine itself."""

import numpy as np

from stackedmm.core.codes import FOREIGN_FILL, LATE_FILL, ORDERS
from stackedmm.core.own import FREE, GHOST, LIVE, PENDING, SETTLING, UNKNOWN


def check_orders(s) -> None:
    """Assert that every sum over orders is the sum over orders, and that the worst case is within the band. O(orders).

    `s` is the record of the state. L1 of the promises as the engine sees it; a late or foreign fill excuses it.
    """
    orders = s["orders"]
    kept = np.flatnonzero(orders["life"] != FREE)
    assert s["free_n"] + len(kept) == ORDERS, "order slots leak"
    o = orders[kept]
    assert (o["ref"] % ORDERS == kept).all() and len(set(o["ref"].tolist())) == len(o), "client ids repeat"
    alive_now = o["life"] != GHOST
    assert s["open_orders"] == alive_now.sum(), f"{s['open_orders']} open orders counted, {alive_now.sum()} are"
    assert s["unknown_orders"] == (o["life"] == UNKNOWN).sum(), "unknown orders miscounted"
    check_sums(s, o)
    check_lists(s, kept)
    for side, sign in ((0, 1), (1, -1)):
        room = max(0, int(s["deviation"]) - sign * int(inventory_of(s) - s["target"]))
        excused = s["events"][LATE_FILL] + s["events"][FOREIGN_FILL] > 0
        assert excused or s["open_units"][side] <= room, f"side {side}: {s['open_units'][side]} open, room for {room}"


def inventory_of(s) -> int:
    """Ledger units held, by fills and by the venues' word."""
    return int(s["ledger"]["position"] + s["ledger"]["provisional"])


def check_sums(s, o) -> None:
    """Assert exposure, provisional fills, wallet and bucket holds against the orders `o`."""
    may_fill = (o["life"] == PENDING) | (o["life"] == LIVE) | (o["life"] == UNKNOWN)
    due = np.maximum(o["claimed"] - o["filled"], 0)
    lots = np.where(may_fill, np.maximum(o["lots"] - np.maximum(o["filled"], o["claimed"]), 0), 0)
    units = s["markets"]["lot_units"][o["market"]]
    assert (due[o["life"] == SETTLING] > 0).all(), "an order settles though nothing is owed"
    assert (due[o["life"] == GHOST] == 0).all(), "an order is dead though fills are owed"
    assert s["ledger"]["provisional"] == ((1 - 2 * o["side"]) * due * units).sum(), "provisional fills miscounted"
    for side in range(2):
        mine = o["side"] == side
        dying = mine & (o["canceling"] == 1)
        assert s["open_units"][side] == (lots * units)[mine].sum(), f"side {side}: open units miscounted"
        assert s["dying_units"][side] == (lots * units)[dying].sum(), f"side {side}: dying units miscounted"
        for name, key, held in (("markets", "open_lots", lots + due), ("lines", "held", (lots + due) * units)):
            found = np.zeros(len(s[name]), np.int64)
            np.add.at(found, o["market" if name == "markets" else "line"][mine], held[mine])
            assert (s[name][key][:, side] == found).all(), f"side {side}: {key} miscounted"


def check_lists(s, kept) -> None:
    """Assert the live lists, their blooms, and that a quote and its one living order know each other."""
    orders = s["orders"]
    for i in range(int(s["markets_n"])):
        m = s["markets"][i]
        listed = m["live"][: m["lives"]].tolist()
        assert sorted(listed) == [k for k in kept if orders[k]["market"] == i], f"market {i}: live list"
        for slot in listed:
            o = orders[slot]
            assert int(m["bloom"][o["side"]]) >> (int(o["px"]) & 63) & 1, f"market {i}: bloom misses slot {slot}"
            assert m["live_key"][listed.index(slot)] == o["px"] * (1 - 2 * o["side"]), f"market {i}: key of slot {slot}"
            bit = int(m["shows"][o["side"]]) >> (int(o["px"]) & 63) & 1
            assert bit or o["shown"] == 0, f"market {i}: the book shows slot {slot} unnoticed"
    living_now = [int(k) for k in kept if orders[k]["life"] != GHOST]
    slots = s["quotes"]["order"][: s["quotes_n"]].tolist()
    standing = {k: slot for k, slot in enumerate(slots) if slot >= 0}
    assert {int(orders[k]["quote"]): k for k in living_now} == standing, "quotes and living orders disagree"
    assert len(standing) == len(living_now), "two living orders stand for one quote"
