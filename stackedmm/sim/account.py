"""What a fill does to our account at the venue: position, cash, fees and free balance, in exact integers."""

from typing import Final

import numpy as np

from stackedmm.core.machine import muldiv, part
from stackedmm.core.rows import FEE_BASE, FEE_QUOTE
from stackedmm.sim import wire
from stackedmm.sim.cold import rare
from stackedmm.sim.state import FILLS, NANO

HALF: Final = NANO // 2
"""a * b / NANO rounded half up is (a * b // HALF + 1) >> 1, exact over 128 bits."""


@part
def fee_of(m, px, lots, maker):
    """Fee of a fill, negative for a rebate, rounded half away from zero: cost units; inverse: base ledger units."""
    rare()
    rate = m.maker_rate if maker != 0 else m.taker_rate
    a, b, half = px * lots * m.cost_units, abs(rate), np.int64(HALF)
    if m.inverse != 0:
        a, b, half = lots, m.lot_units * abs(rate), px * HALF
    fee = (muldiv(a, b, half) + 1) >> 1
    return fee if rate >= 0 else -fee


@part
def book_fill(x, XA, market, side, memory, ref, px, lots, maker, exchange_ns):
    """Enter a fill into the account and the memory of its id, and report it."""
    rare()
    m = x.markets[market]
    fee = fee_of(m, px, lots, maker)
    sign = 1 - 2 * side
    if m.inverse != 0:
        cost = lots * m.cost_units
        base = (muldiv(2 * lots, m.lot_units, px) + 1) >> 1
        m.cash += sign * base
        x.balances[m.base_at] -= fee
    else:
        cost = px * lots * m.cost_units
        m.cash -= sign * cost
        x.balances[m.base_at] += sign * lots * m.lot_units
        x.balances[m.money_at] -= sign * cost + fee
    m.position += sign * lots
    m.fees += fee
    m.fills += 1
    m.lots_traded += lots
    m.turnover += cost
    XA[memory + 3] += lots
    x.counts[FILLS] += 1
    currency = np.int64(FEE_BASE if m.inverse != 0 else FEE_QUOTE)
    wire.answer_fill(x, market, side, ref, px, lots, maker, fee, currency, exchange_ns)
