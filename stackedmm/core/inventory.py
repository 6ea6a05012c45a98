"""Inventory: exact accounting of own fills, the inventory price, the inventory coefficient.

Positions are integers in the coin's ledger unit, money in cost units. A reduction takes its share of the cost with
an exact muldiv whose remainder stays in the cost, so `realised - cost == -flow` holds to the last unit.
"""

import math

import numpy as np

from stackedmm.core.codes import ACCOUNTING, MANUAL
from stackedmm.core.machine import muldiv, part


@part
def book_fill(s, sign, units, money, fee, base_fee):
    """Enter one fill: `units` ledger units for `money` cost units; the fee in quote is part of what was paid.

    A fee in base is part of what moved: less was bought, or more sold, for the same money. A reduction realises its
    share of the average cost and leaves the average alone; a flip starts anew at the fill's own price. Worked: buy
    100 at 2, sell 99 at 3: 1 at 2 is left, 99 realised.
    """
    ledger = s.ledger
    paid = sign * money + fee
    units = max(units - sign * base_fee, 0)
    ledger.base_fees += base_fee
    ledger.flow += paid
    ledger.fees += fee
    ledger.volume += money
    ledger.fills += 1
    position = ledger.position
    if position * sign >= 0:
        ledger.position = position + sign * units
        ledger.cost += paid
        return
    held = abs(position)
    closing = min(units, held)
    share = split(ledger.cost, closing, held)
    paid_closing = split(paid, closing, units)
    ledger.realised += -share - paid_closing
    ledger.cost -= share
    ledger.position = position + sign * closing
    if closing < units:
        ledger.position += sign * (units - closing)
        ledger.cost += paid - paid_closing


@part
def open_with(s, units):
    """The opening inventory enters the ledger, at its price or the reference now. Once."""
    ledger = s.ledger
    price_then = s.opening_price if s.opening_price > 0.0 else s.reference
    cost = np.int64(math.floor(units * (price_then * s.unit_base / s.unit_cost) + 0.5))
    ledger.position += units
    ledger.cost += cost
    ledger.flow += cost
    s.opened = 1
    s.reconciled = 1
    refresh(s)
    s.equity_open = equity(s, s.reference)


@part
def open_paper(s):
    """Paper opens at target: wallets of max(0, target) + deviation base and as much money, split over the accounts.

    Money in another currency is worth its part of the first; it is paid in once there is a rate.
    """
    bases = np.int64(0)
    moneys = np.int64(0)
    for i in range(s.quoted_n):
        m = s.markets[i]
        bases += np.int64(m.perp == 0 and first_of(s, i, m.base_peer, 0))
        moneys += np.int64(first_of(s, i, m.money_peer, 1))
    units = max(s.target, 0) + s.deviation
    money = np.int64(units * (s.reference * (s.unit_base / s.unit_cost)))
    for i in range(s.quoted_n):
        m = s.markets[i]
        if m.perp == 0:
            s.wallets[m.base_at].amount = units // bases
        if first_of(s, i, m.money_peer, 1):
            s.wallets[m.money_at].due = (money // moneys) * s.unit_cost
            s.unfunded += 1
    fund(s)
    open_with(s, s.opening)


@part
def first_of(s, market, peer, money):
    """Whether a market is the first of those that share a wallet."""
    i = peer
    while i != market:
        if i < market:
            return False
        i = s.markets[i].money_peer if money == 1 else s.markets[i].base_peer
    return True


@part
def fund(s):
    """Pay in what wallets of paper are still due, where there is a rate."""
    s.unfunded = 0
    for k in range(s.wallets_n):
        wallet = s.wallets[k]
        if wallet.due > 0.0:
            currency = s.currencies[max(wallet.currency, 0)]
            if wallet.currency < 0:
                wallet.amount += np.int64(wallet.due / (s.reference * s.unit_base) + 0.5)
                wallet.due = 0.0
            elif currency.live == 1:
                wallet.amount += np.int64(wallet.due / (currency.rate * currency.unit) + 0.5)
                wallet.due = 0.0
            else:
                s.unfunded += 1


@part
def split(amount, taken, whole):
    """The part of an amount that belongs to `taken` of `whole`, rounded toward zero; exact when all is taken."""
    if taken == whole:
        return amount
    if amount < 0:
        return -muldiv(-amount, taken, whole)
    return muldiv(amount, taken, whole)


@part
def current(s):
    """Inventory in ledger units: fills, and what the venue says is filled though the fill itself is still under way."""
    return s.ledger.position + s.ledger.provisional


@part
def refresh(s):
    """The coefficient c = clip((current - target) / scale, -1, 1), the used part of the band, and the price P."""
    excess = current(s) - s.target
    s.inventory = min(max(excess / s.scale, -1.0), 1.0)
    s.band_used = excess / s.deviation
    s.inventory_price = price(s)


@part
def price(s):
    """Inventory price in quote: true weighted average cost, the configured number, or the reference. NaN: unknown."""
    if s.price_method == ACCOUNTING:
        if s.ledger.position == 0:
            return math.nan
        return s.ledger.cost * s.unit_cost / (s.ledger.position * s.unit_base)
    if s.price_method == MANUAL:
        return s.manual_price
    return s.reference if s.reference > 0.0 else math.nan


@part
def unrealised(s, price_now):
    """Quote gained or lost on the open position at a price."""
    return s.ledger.position * s.unit_base * price_now - s.ledger.cost * s.unit_cost


@part
def equity(s, price_now):
    """Realised and unrealised profit since the start, net of fees, in quote."""
    return s.ledger.realised * s.unit_cost + unrealised(s, price_now)


@part
def mapped(c, sign, low, high):
    """The inventory coefficient as a factor: neutral k0 = clip(1, low, high) at 0, `high` where the side reduces fully.

    Worked, [0.1, 2] for a bid: c = -1 gives 2, -0.5 gives 1.5, 0 gives 1, 0.5 gives 0.55, 1 gives 0.1.
    """
    e = -sign * c
    neutral = min(max(1.0, low), high)
    if e >= 0.0:
        return neutral + e * (high - neutral)
    return neutral + e * (neutral - low)


@part
def worst(s, side):
    """Inventory in ledger units if every order of one side that may still fill does."""
    if side == 0:
        return current(s) + s.open_units[0]
    return current(s) - s.open_units[1]


@part
def room(s, side):
    """Ledger units this side may still add before the worst case reaches the band's edge; negative: too much."""
    if side == 0:
        return s.target + s.deviation - worst(s, 0)
    return worst(s, 1) - (s.target - s.deviation)


def check(s) -> None:
    """Assert that the ledger balances to the last unit."""
    ledger = s["ledger"]
    assert ledger["realised"] - ledger["cost"] == -ledger["flow"], "realised - cost differs from what was paid"
    assert ledger["position"] != 0 or ledger["cost"] == 0, f"cost {ledger['cost']} without a position"
    assert s["deviation"] > 0 and s["scale"] > 0
    assert np.isfinite(s["inventory"]) and -1 <= s["inventory"] <= 1
