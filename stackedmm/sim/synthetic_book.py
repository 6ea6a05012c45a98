"""One venue of a synthetic market: its book, its trades, and the rows it sends."""

import math
from typing import Final

from stackedmm.core.machine import leaf, part
from stackedmm.core.rows import ASK, CLEAR, DEPTH, GAP, LAST, SELL, SNAPSHOT, TRADE
from stackedmm.sim.synthetic_price import excite
from stackedmm.sim.synthetic_state import BETWEEN, RING, normal, unit, waiting

LEAST: Final = 5.0
"""Quote: no order is smaller."""

MOST_LATENCY_US: Final = 400_000.0


@leaf
def sign_of(side):
    """+1 bid, -1 ask."""
    return 1 - 2 * side


@leaf
def half_spread(w, v):
    """Half the spread the venue's makers want now, in ticks: wider when it is hot or volatile."""
    return fair_ticks(v) * v.half_bps * 1e-4 * w.widen


@leaf
def fair_ticks(v):
    """The price this venue believes in, in ticks."""
    return v.level / v.tick


@part
def update_book(w, v, A, out):
    """One book message: makers leave and improve, levels come and go, and the far end follows."""
    begin(w, v)
    fair = fair_ticks(v)
    half = half_spread(w, v)
    for side in range(2):
        withdraw(w, v, A, out, side, sign_of(side) * fair, half)
    for side in range(2):
        improve(w, v, A, out, side, math.floor(sign_of(side) * fair - half))
    changes = 1 + int(waiting(w, 0.6))
    for _ in range(min(changes, 8)):
        stir(w, v, A, out, 0 if unit(w) < 0.5 else 1)
    for side in range(2):
        follow(w, v, A, out, side)
    end(w, v, out)


@part
def withdraw(w, v, A, out, side, fair, half):
    """Take away levels that the price has left on the wrong side, and now and then a best that is too keen."""
    safe = math.floor(fair - 0.15 * half)
    if v.best[side] > safe:
        if v.worst[side] > safe:
            put(w, v, A, out, side, max(safe, v.best[side] - RING // 2), draw_lots(w, v, 1))
        while v.best[side] > safe and v.best[side] > v.worst[side]:
            put(w, v, A, out, side, v.best[side], 0)
    elif v.best[side] > math.floor(fair - half) and unit(w) < 0.3:
        put(w, v, A, out, side, v.best[side], 0)


@part
def improve(w, v, A, out, side, want):
    """Somebody quotes better, where the best is worse than makers want; most ticks behind are filled as well."""
    best = v.best[side]
    want = min(want, best + RING // 4)
    if best >= want or unit(w) > 0.65:
        return
    new = min(best + 1 + int(unit(w) * (want - best)), -v.best[1 - side] - 1)
    for key in range(best + 1, new):
        if unit(w) < 0.6:
            put(w, v, A, out, side, key, draw_lots(w, v, new - key))
    if new > best:
        put(w, v, A, out, side, new, draw_lots(w, v, 0))


@part
def stir(w, v, A, out, side):
    """One level changes: near the best more often than far from it."""
    away = int(waiting(w, 0.14))
    key = v.best[side] - away
    if away > v.reach:
        return
    old = A[v.ring[side] + (key & (RING - 1))] if key >= v.worst[side] else 0
    luck = unit(w)
    if old == 0 or luck < 0.3:
        lots = draw_lots(w, v, away)
    elif luck < 0.5 and away > 0:
        lots = 0
    else:
        lots = max(least_lots(v), int(old * (0.6 + 0.8 * unit(w))))
    if lots != old:
        put(w, v, A, out, side, key, lots)


@part
def follow(w, v, A, out, side):
    """Keep the far end of a side in reach: drop what fell behind, extend what is short."""
    while v.best[side] - v.worst[side] > v.reach + 8:
        put(w, v, A, out, side, v.worst[side], 0)
    for _ in range(6):
        if v.best[side] - v.worst[side] >= v.reach:
            return
        key = v.worst[side] - 1 - int(waiting(w, 2.0))
        put(w, v, A, out, side, key, draw_lots(w, v, v.best[side] - key))


@part
def trade(w, v, A, out):
    """Somebody takes: trades down the other side, then the depth change they cause."""
    spread = -v.best[1] - v.best[0]
    middle = 0.5 * (v.best[0] - v.best[1])
    pull = 1.3 * w.lean + 1.2 * (fair_ticks(v) - middle) / max(1.0, 0.5 * spread)
    side = 1 if unit(w) < 1.0 / (1.0 + math.exp(-pull)) else 0  # the side that is taken from
    notional = 130.0 * math.exp(1.15 * normal(w)) * (7.0 if unit(w) < 0.03 else 1.0)
    wanted = max(least_lots(v), int(notional / (v.tick * middle) / v.lot))
    sweep(w, v, A, out, side, wanted)
    if v.pair != BETWEEN:
        excite(w, 2 * side - 1, min(3.0, (notional / 130.0) ** 0.4))


@part
def sweep(w, v, A, out, side, wanted):
    """Trade rows from the best on, at most five levels and never the last two; then the levels as they are left."""
    begin(w, v)
    key, left, levels = v.best[side], wanted, 0
    while left > 0 and levels < 5 and key > v.worst[side] + 1:
        stands = A[v.ring[side] + (key & (RING - 1))]
        if stands > 0:
            taken = min(stands, left)
            v.trade += 1
            emit(w, v, out, TRADE, key * sign_of(side), taken, v.trade, SELL if side == 0 else 0)
            left -= taken
            levels += 1
        key -= 1
    end(w, v, out)
    begin(w, v)
    left = wanted - left
    while left > 0:
        best = v.best[side]
        stands = A[v.ring[side] + (best & (RING - 1))]
        taken = min(stands, left)
        put(w, v, A, out, side, best, stands - taken)
        left -= taken
    end(w, v, out)


@part
def draw_lots(w, v, away):
    """A level's quantity: lognormal, larger further from the best, a wall now and then, thinner when it is hot."""
    notional = v.depth * (0.8 + away / 8.0) ** 0.7 * math.exp(0.85 * normal(w) - 0.3)
    if unit(w) < 0.015:
        notional *= 6.0
    notional /= 1.0 + 0.25 * max(0.0, w.heat - 1.0)
    lots = notional / v.level / v.lot
    if unit(w) < 0.3 and lots > 40.0:
        lots = round_number(lots)
    return max(least_lots(v), int(lots))


@leaf
def round_number(lots):
    """People like 50 better than 47: two leading digits at most, the second 0 or 5."""
    unit_lots = 5.0 * 10.0 ** (math.floor(math.log10(lots)) - 1.0)
    return math.floor(lots / unit_lots) * unit_lots


@leaf
def least_lots(v):
    """The smallest quantity worth the least notional, with a margin for the price to fall."""
    return int(1.1 * LEAST / v.level / v.lot) + 1


@part
def put(w, v, A, out, side, key, lots):
    """Set a level and send it. A price that would cross is refused, and so is deleting a side's last level."""
    if lots > 0 and key + v.best[1 - side] >= 0:
        return
    if lots == 0 and v.best[side] == v.worst[side]:
        return
    ring = v.ring[side]
    A[ring + (key & (RING - 1))] = lots
    if lots > 0:
        v.best[side] = max(v.best[side], key)
        v.worst[side] = min(v.worst[side], key)
    elif key == v.best[side]:
        while A[ring + (v.best[side] & (RING - 1))] == 0:
            v.best[side] -= 1
    elif key == v.worst[side]:
        while A[ring + (v.worst[side] & (RING - 1))] == 0:
            v.worst[side] += 1
    emit(w, v, out, DEPTH, key * sign_of(side), lots, v.update, ASK if side == 1 else 0)


@part
def begin(w, v):
    """Open a message: its update id, and when it arrives. A venue's messages arrive in the order they were sent."""
    latency = v.latency_us * math.exp(v.latency_spread * normal(w))
    if unit(w) < 0.004:
        latency *= 6.0
    arrival = w.event * 1000 + int(min(latency, MOST_LATENCY_US) * 1000.0)
    v.sent = max(v.local + 1000, arrival)
    v.lag_us = v.sent // 1000 - w.event
    v.update += 1
    w.opened = w.count


@part
def end(w, v, out):
    """Close a message; one without rows was never sent."""
    if w.count > w.opened:
        out[w.count - 1]["marks"] |= LAST
        v.local = v.sent


@part
def emit(w, v, out, kind, px, qty, ref, flags):
    """Send one row of the open message, unless the feed is broken."""
    if v.down > 0:
        return
    o = out[w.count]
    o.ts = v.sent
    o.px = px * v.pace
    o.qty = qty
    o.ref = ref
    o.lag_us = v.lag_us
    o.market = v.index
    o.kind = kind
    o["marks"] = flags
    w.count += 1


@part
def mend(w, v, A, out):
    """Break the feed when its time has come; send a snapshot when it is whole again."""
    if v.down > 0:
        if w.event >= v.down:
            v.down = 0
            snapshot(w, v, A, out)
            v.next_gap = w.event + int(waiting(w, 1.0 / v.gap_s) * 1e6)
    elif w.event >= v.next_gap:
        begin(w, v)
        emit(w, v, out, GAP, 0, 0, v.update - 1, 0)
        end(w, v, out)
        v.down = w.event + int((0.4 + waiting(w, 0.8)) * 1e6)


@part
def snapshot(w, v, A, out):
    """Send the whole book."""
    begin(w, v)
    emit(w, v, out, CLEAR, 0, 0, v.update, SNAPSHOT)
    for side in range(2):
        key = v.best[side]
        while key >= v.worst[side]:
            lots = A[v.ring[side] + (key & (RING - 1))]
            if lots > 0:
                emit(w, v, out, DEPTH, key * sign_of(side), lots, v.update, SNAPSHOT | (ASK if side == 1 else 0))
            key -= 1
    end(w, v, out)


@part
def found(w, v, A, out):
    """Fill an empty book around the venue's price, unsent."""
    fair, half = fair_ticks(v), half_spread(w, v)
    hidden = v.down
    v.down = 1
    for side in range(2):
        key = math.floor(sign_of(side) * fair - half)
        v.best[side] = key
        v.worst[side] = key
    for side in range(2):
        key = v.best[side]
        A[v.ring[side] + (key & (RING - 1))] = draw_lots(w, v, 0)
        while v.best[side] - v.worst[side] < v.reach:
            follow(w, v, A, out, side)
    v.down = hidden
