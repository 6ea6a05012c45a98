"""Bugs that others had, planted one at a time: the campaign must find each, or its oracles are blind.

Each replaces one text of one source file, in a copy of the package. The engine's own checks do not count as a find:
an oracle on the venue's side must see the harm.
"""

from typing import Final, NamedTuple


class Mutant(NamedTuple):
    """A planted bug."""

    name: str
    incident: str
    file: str
    old: str
    new: str


MUTANTS: Final = (
    Mutant(
        "a timeout is a death",
        "nautechsystems/nautilus_trader#4958, #4411, #3879; hummingbot/hummingbot#493, #6901",
        "core/orders.py",
        "rows.UNANSWERED and o.life == PENDING:\n        turn(s, o, UNKNOWN)\n        o.asked_ns = 0\n",
        "rows.UNANSWERED and o.life == PENDING:\n        die(s, slot)\n",
    ),
    Mutant(
        "not found is believed before the deadline",
        "an order still on its way, reported as missing",
        "core/orders.py",
        "    if not doubt(s, o, when) or when < o.deadline_ns + DEADLINE_MARGIN_NS:\n",
        "    if not doubt(s, o, when):\n",
    ),
    Mutant(
        "not found is believed the first time",
        "one reading taken for proof",
        "core/orders.py",
        "    if o.not_found == 0:\n        o.not_found = 1\n        o.not_found_ns = when\n",
        "    if o.not_found == 0:\n        claim(s, slot, o, o.claimed, True)\n",
    ),
    Mutant(
        "a late answer is dated by its arrival",
        "a venue's slow or repeated answer read as news (fault F40)",
        "core/orders.py",
        "        not_found(s, slot, o, when)\n",
        "        not_found(s, slot, o, s.now)\n",
    ),
    Mutant(
        "a cancel of an unknown order proves death",
        "nautechsystems/nautilus_trader#4152: pending cancel and retries end as cancelled",
        "core/orders.py",
        "        if doubt(s, o, when):\n            o.asked_ns = 0\n",
        "        claim(s, slot, o, o.filled, True)\n",
    ),
    Mutant(
        "an order is over though its fills are missing",
        "hummingbot/hummingbot#5826: filled completes after five seconds without fills",
        "core/orders.py",
        "        if o.filled >= o.claimed:\n            die(s, slot)\n",
        "        if o.filled >= o.claimed or s.now > 0:\n            o.claimed = o.filled\n            die(s, slot)\n",
    ),
    Mutant(
        "an inferred fill is booked beside the real one",
        "nautechsystems/nautilus_trader#3493",
        "core/orders.py",
        "    o.claimed = max(o.claimed, min(lots, o.lots))\n",
        "    more = max(0, min(lots, o.lots) - max(o.claimed, o.filled))\n"
        "    s.ledger.position += (1 - 2 * o.side) * more * s.markets[o.market].lot_units\n"
        "    o.claimed = max(o.claimed, min(lots, o.lots))\n",
    ),
    Mutant(
        "a fill that comes twice is booked twice",
        "ccxt/ccxt#27863: duplicate private messages",
        "core/seen.py",
        "        if A[s.seen_table + i] == key:\n            return False\n",
        "        if A[s.seen_table + i] == key:\n            return True\n",
    ),
    Mutant(
        "what is pending is no exposure",
        "limits that count acknowledged orders only",
        "core/orders.py",
        "    return max(o.lots - max(o.filled, o.claimed), 0) if living(o) else np.int64(0)\n",
        "    return max(o.lots - max(o.filled, o.claimed), 0) if living(o) and o.life != PENDING else np.int64(0)\n",
    ),
    Mutant(
        "what is being cancelled is no exposure",
        "limits without pending cancels",
        "core/orders.py",
        "    return max(o.lots - max(o.filled, o.claimed), 0) if living(o) else np.int64(0)\n",
        "    return max(o.lots - max(o.filled, o.claimed), 0) if living(o) and o.canceling == 0 else np.int64(0)\n",
    ),
    Mutant(
        "no exposure at all",
        "NautilusTrader's risk engine: limits without open orders",
        "core/inventory.py",
        "        return current(s) + s.open_units[0]\n    return current(s) - s.open_units[1]\n",
        "        return current(s)\n    return current(s)\n",
    ),
    Mutant(
        "a replacement goes out beside a failed cancel",
        "an earlier system of this design: stacked orders after a refused cancel",
        "core/requote.py",
        "    emit(s, out, rows.CANCEL, why, slot)\n\n",
        "    emit(s, out, rows.CANCEL, why, slot)\n    s.quotes[o.quote].order = -1\n\n",
    ),
    Mutant(
        "an unknown order is never asked about",
        "hummingbot/hummingbot#7996",
        "core/requote.py",
        "            if limits.may_ask(s, m):\n",
        "            if limits.may_ask(s, m) and s.now < 0:\n",
    ),
    Mutant(
        "a lost cancel is not sent again",
        "a cancel sent once and trusted",
        "core/requote.py",
        "        elif o.life == LIVE and o.canceling == 1 and limits.may_cancel(s, m):\n",
        "        elif o.life == LIVE and o.canceling == 1 and s.now < 0:\n",
    ),
    Mutant(
        "a kill leaves orders where they are",
        "an earlier system of this design: a stop that leaves orders behind",
        "core/requote.py",
        "    if q.order >= 0:\n        cancel(s, q.order, why, out)\n    refuse(s, q, reason)\n",
        "    refuse(s, q, reason)\n",
    ),
    Mutant(
        "a kill does not stop creates",
        "a switch that nobody reads",
        "core/limits.py",
        "    if s.killed == 1:\n        return rows.KILLED\n",
        "    if s.killed == 2:\n        return rows.KILLED\n",
    ),
    Mutant(
        "client ids repeat",
        "an id counter that falls back",
        "core/requote.py",
        "    s.free_n -= 1\n    return s.counter & (ORDERS - 1)\n",
        "    s.free_n -= 1\n    s.counter &= 255\n    return s.counter & (ORDERS - 1)\n",
    ),
    Mutant(
        "a bucket forgets what it paid for",
        "hourly rates met by orders placed, not by fills",
        "core/orders.py",
        "            q.bucket = min(q.bucket + q.bucket_rate * (s.now - q.bucket_ns), full) - coins\n",
        "            q.bucket -= 0.5 * coins\n",
    ),
    Mutant(
        "an own order of the other side is no obstacle",
        "self-trades across lines",
        "core/limits.py",
        'of our own of the other side that may be alive."""\n    for i in range(m.lives):\n',
        'of our own of the other side that may be alive."""\n    for i in range(0 * m.lives):\n',
    ),
    Mutant(
        "orders are not post-only",
        "an earlier system of this design: no post-only",
        "core/commands.py",
        "    c.marks = rows.POST_ONLY if s.taker_check == 1 else 0\n",
        "    c.marks = 0\n",
    ),
)
