"""Columns of a file on their way to rows: checked, counted in ticks and lots, and put in the order that is true."""

from typing import Any, Final

import numpy as np

from stackedmm.core.machine import entry, part

STAGED: Final = np.dtype(
    [
        ("exchange", "i8"),  # ns, 0 = the venue gives none
        ("local", "i8"),  # ns
        ("price", "f8"),
        ("quantity", "f8"),
        ("first", "i8"),  # venue's first and last update id, 0 = none
        ("last", "i8"),
        ("msg", "i8"),
        ("market", "u2"),
        ("kind", "u1"),
        ("side", "u1"),  # 0 bid or buy, 1 ask or sell
    ],
    align=True,
)
COUNTED: Final = np.dtype(
    [(name, "i8" if name in ("price", "quantity") else STAGED[name]) for name in STAGED.names or ()], align=True
)
"""STAGED with price in ticks and quantity in lots."""

# Kinds of staged rows.
IN_SNAPSHOT: Final = 0
IN_DELTA: Final = 1
IN_TRADE: Final = 2
IN_BBO: Final = 3
IN_GAP: Final = 4

EARLIEST: Final = 1_230_768_000_000_000_000  # 2009-01-01, before any of these markets
LATEST: Final = 4_102_444_800_000_000_000  # 2100-01-01

BAD_LOCAL, BAD_EXCHANGE, BAD_ORDER, BAD_PRICE, BAD_QUANTITY, BAD_ID, BAD_MSG = range(1, 8)


@entry
def first_fault(rows: Any, floor_time: Any, floor_msg: Any, fault: Any) -> Any:
    """Index of the first unusable row, or -1; `fault[0]` says what is wrong with it."""
    before, message = floor_time, floor_msg
    for i in range(len(rows)):
        r = rows[i]
        code = 0
        if r.local < EARLIEST or r.local > LATEST:
            code = BAD_LOCAL
        elif r.exchange != 0 and (r.exchange < EARLIEST or r.exchange > LATEST):
            code = BAD_EXCHANGE
        elif r.local < before:
            code = BAD_ORDER
        elif r.msg < message:
            code = BAD_MSG
        elif r.first < 0 or r.last < 0:
            code = BAD_ID
        elif r.kind != IN_GAP:
            if not (r.price > 0.0 and r.price < 1e300):
                code = BAD_PRICE
            elif not (r.quantity >= 0.0 and r.quantity < 1e300):
                code = BAD_QUANTITY
        if code != 0:
            fault[0] = code
            return i
        before, message = r.local, r.msg
    return -1


@part
def scaled(value: Any, decimals: Any, powers: Any) -> Any:
    """value * 10**decimals as the integer it stands for; -1 if it has more decimals, -2 if the integer is too large."""
    most = 9007199254740992.0
    x = value * powers[decimals]
    if x < most:
        n = np.rint(x)
        if n / powers[decimals] == value:
            return np.int64(n)
    for d in range(decimals):
        x = value * powers[d]
        if x >= most:
            return np.int64(-2)
        n = np.rint(x)
        if n / powers[d] == value:
            return grown(np.int64(n), decimals - d)
    # Sums made by others (0.1 + 0.2) miss their decimal by a few units in the last place.
    for d in range(decimals + 1):
        x = value * powers[d]
        if x > 1e14:
            return np.int64(-1)
        n = np.rint(x)
        if n > 0.0 and abs(x - n) <= 1e-15 * x:
            return grown(np.int64(n), decimals - d)
    return np.int64(-1)


@part
def grown(n: Any, decimals: Any) -> Any:
    """n * 10**decimals, or -2 where that leaves an int64."""
    for _ in range(decimals):
        if n > 922337203685477580:
            return np.int64(-2)
        n *= 10
    return n


@part
def divisor(a: Any, b: Any) -> Any:
    """Greatest common divisor."""
    while b != 0:
        a, b = b, a % b
    return a


@part
def note_value(value: Any, decimals: Any, common: Any, at: Any, powers: Any) -> Any:
    """Widen one market's decimals and greatest common divisor by a value; False if it is no decimal number."""
    d = decimals[at]
    n = scaled(value, d, powers)
    while n == -1 and d < 15:
        d += 1
        n = scaled(value, d, powers)
    if n < 0:
        return False
    if d > decimals[at]:
        common[at] = grown(common[at], d - decimals[at])
        decimals[at] = d
    if common[at] == 0 or n % common[at] != 0:
        common[at] = divisor(common[at], n)
    return True


@entry
def find_steps(rows: Any, decimals: Any, common: Any, powers: Any, fault: Any) -> Any:
    """Find for each market the finest decimals of prices (even places) and quantities (odd) and their common divisor.

    Answers the index of the first row that is no decimal number of 15 digits, or -1.
    """
    for i in range(len(rows)):
        r = rows[i]
        if r.kind == IN_GAP:
            continue
        if not note_value(r.price, decimals, common, 2 * r.market, powers):
            fault[0] = BAD_PRICE
            return i
        if r.quantity > 0.0 and not note_value(r.quantity, decimals, common, 2 * r.market + 1, powers):
            fault[0] = BAD_QUANTITY
            return i
    return -1


@entry
def count_steps(rows: Any, counted: Any, decimals: Any, steps: Any, powers: Any, fault: Any) -> Any:
    """Write prices as ticks and quantities as lots over the floats: rows and counted share memory.

    A market's step is steps / 10**decimals. Answers the index of the first row that is off the grid or too large,
    or -1.
    """
    for i in range(len(rows)):
        r = rows[i]
        if r.kind == IN_GAP:
            counted[i].price = 0
            counted[i].quantity = 0
            continue
        at = 2 * r.market
        px = scaled(r.price, decimals[at], powers)
        qty = scaled(r.quantity, decimals[at + 1], powers)
        if px < 0 or px % steps[at] != 0 or px // steps[at] >= 4503599627370496:
            fault[0] = BAD_PRICE
            return i
        if qty < 0 or qty % steps[at + 1] != 0 or qty // steps[at + 1] > 100000000000000000:
            fault[0] = BAD_QUANTITY
            return i
        counted[i].price = px // steps[at]
        counted[i].quantity = qty // steps[at + 1]
    return -1


@entry
def least_latency(rows: Any) -> Any:
    """Smallest local minus exchange time in ns of book and trade rows; of bbo rows where there are no others."""
    least = np.int64(LATEST)
    of_bbo = np.int64(LATEST)
    for i in range(len(rows)):
        r = rows[i]
        if r.exchange == 0:
            continue
        if r.kind == IN_BBO:
            of_bbo = min(of_bbo, r.local - r.exchange)
        else:
            least = min(least, r.local - r.exchange)
    if least == LATEST:
        least = of_bbo
    return least if least != LATEST else np.int64(0)
