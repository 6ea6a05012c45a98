"""What lots come to: of spot and linear contracts base coins, of inverse contracts quote that a price turns into coins.

An inverse contract is booked like spot: buying lots worth 100 USD at 50000 moves 0.002 coins for 100 USD. Buying and
selling the same contracts leaves their profit behind in coins, which is how they are settled.
"""

import math

import numpy as np

from stackedmm.core.machine import muldiv, part


@part
def units(m, px, lots):
    """Ledger units of lots at a price; inverse: to the nearest."""
    if m.inverse == 0:
        return lots * m.lot_units
    return (muldiv(2 * lots, m.lot_units, max(px, 1)) + 1) >> 1


@part
def coins(m, px, lots):
    """Base coins of lots at a price."""
    if m.inverse == 0:
        return lots * m.lot_base
    return lots * m.lot_base / (px * m.tick_size)


@part
def lots_in(m, px, units):
    """Whole lots at a price in an amount of ledger units, rounded down; -1 where it is below 0 (inverse)."""
    if m.inverse == 0:
        return units // m.lot_units
    return muldiv(units, px, m.lot_units) if units >= 0 else np.int64(-1)


@part
def lots_for(m, px, amount):
    """Whole lots at a price for an amount of base coins; a float's noise does not cost a lot."""
    per_lot = m.lot_base if m.inverse == 0 else m.lot_base / (px * m.tick_size)
    return np.int64(math.floor(amount / per_lot + 1e-9))


@part
def money(m, px, lots):
    """Cost units of lots at a price."""
    return lots * m.cost_units if m.inverse == 1 else px * lots * m.cost_units


@part
def value(m, px, lots):
    """Their value in the market's quote."""
    return lots * m.lot_base if m.inverse == 1 else px * m.tick_size * lots * m.lot_base
