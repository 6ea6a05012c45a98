"""Hard limits, the last word before an order leaves: they count unknown orders too, and rules cannot reach them."""

import numpy as np

from stackedmm.core import contracts, conversion, inventory, rows
from stackedmm.core.codes import OPEN
from stackedmm.core.machine import part
from stackedmm.core.orders import unsettled
from stackedmm.core.own import GHOST
from stackedmm.core.quoting import least_lots

STARVED_NONE = 1 << 30


@part
def may_quote(s, m):
    """Why nothing at all may be quoted on a market now, or OK."""
    if s.killed == 1:
        return rows.KILLED
    if s.halted != 0:
        return s.halted
    if s.paused == 1 or m.paused == 1:
        return rows.PAUSED
    if s.reconciled == 0:
        return rows.NOT_RECONCILED
    if m.synced == 0:
        return rows.NO_BOOK
    if s.now - m.seen_ns > s.stale_ns:
        return rows.STALE_BOOK
    if m.usable == 0:
        return rows.NO_BOOK
    if m.convertible == 0:
        return rows.NO_CONVERSION
    if not s.reference > 0.0 or not m.per > 0.0:
        return rows.NO_REFERENCE
    if m.perp == 1 and m.basis_seconds < 60.0 and m.in_spot_stack == 1:
        return rows.NO_REFERENCE
    return rows.OK


@part
def judge(s, k):
    """Cut or refuse a wanted new order: band, balance, value, collar, open orders, messages, our own other side."""
    want = s.want
    q = s.quotes[k]
    m = s.markets[q.market]
    home = conversion.home(s, m)
    price = want.px * m.tick_size
    if abs(price / home - 1.0) * 1e4 > s.collar_bps:
        want.reason = rows.COLLAR
        return
    cut_to_band(s, q, m)
    if want.reason == rows.OK:
        cut_to_balance(s, q, m, price)
    if want.reason != rows.OK:
        return
    if contracts.value(m, want.px, want.lots) * m.rate > s.max_order_value:
        want.reason = rows.ORDER_VALUE
    elif m.lives >= OPEN or s.free_n == 0 or (m.lives >= s.max_open_orders and alive(s, m) >= s.max_open_orders):
        want.reason = rows.OPEN_ORDERS
    elif s.now < m.backoff_ns:
        want.reason = rows.REJECT_BACKOFF
    elif crosses_own(s, m, q.side, want.px):
        want.reason = rows.SELF_TRADE


@part
def cut_to_band(s, q, m):
    """Room to the band's edge in the worst case; scarce room goes to the quotes of lower rank first."""
    want = s.want
    room = contracts.lots_in(m, want.px, inventory.room(s, q.side))
    if q.rank > s.starved[q.side]:
        room = np.int64(0)
    least = least_lots(m, want.px)
    if room >= least:
        room -= contracts.lots_in(m, want.px, promised(s, q))
    if room < want.lots:
        if room < least:
            want.reason = rows.BAND
            s.starving[q.side] = min(s.starving[q.side], q.rank)
            return
        want.lots = room


@part
def promised(s, q):
    """Ledger units for quotes of better rank whose orders are gone and whose replacement interval still runs."""
    units = np.int64(0)
    if s.waiting[q.side] == 0:
        return units
    for k in range(s.quotes_n):
        other = s.quotes[k]
        if other.rank < q.rank and other.side == q.side and other.order < 0 and other.reason == rows.WAIT_INTERVAL:
            units += contracts.units(s.markets[other.market], other.target_px, other.target_lots)
    return units


@part
def cut_to_balance(s, q, m, price):
    """What the venue's wallet can pay for, with all open orders of the side counted; perps: leverage x equity."""
    want = s.want
    if m.perp == 1:
        free = inverse_room(s, m, q.side, price) if m.inverse == 1 else perp_room(s, q.market, q.side, price)
    elif q.side == 0:
        free = (s.wallets[m.money_at].amount - bid_for(s, q.market)) * s.currencies[m.currency].unit / price
    else:
        free = (s.wallets[m.base_at].amount - offered(s, q.market)) * s.unit_base
    lots = contracts.lots_for(m, want.px, max(free, 0.0))
    if lots < want.lots:
        if lots < least_lots(m, want.px):
            want.reason = rows.BALANCE_SHORT
            return
        want.lots = lots


@part
def bid_for(s, market):
    """Cost units that the bids of all markets of one wallet, each at its own price, may still spend."""
    money = np.int64(0)
    i = market
    while True:
        m = s.markets[i]
        for k in range(m.lives):
            o = s.orders[m.live[k]]
            if o.side == 0:
                money += unsettled(o) * o.px * m.cost_units
        i = m.money_peer
        if i == market:
            return money


@part
def offered(s, market):
    """Ledger units that the asks of all markets of one base wallet may still deliver."""
    units = np.int64(0)
    i = market
    while True:
        m = s.markets[i]
        units += m.open_lots[1] * m.lot_units
        i = m.base_peer
        if i == market:
            return units


@part
def alive(s, m):
    """Orders of a market that are not proven dead."""
    n = 0
    for i in range(m.lives):
        if s.orders[m.live[i]].life != GHOST:
            n += 1
    return n


@part
def perp_room(s, market, side, price):
    """Base coins that the perp positions of one wallet may still grow to one side until they pass leverage x equity."""
    m = s.markets[market]
    units = np.int64(0)
    going = np.int64(0)
    i = market
    while True:
        units += s.markets[i].position
        going += s.markets[i].open_lots[side] * s.markets[i].lot_units
        i = s.markets[i].money_peer
        if i == market:
            break
    position = units * s.unit_base
    equity = s.wallets[m.money_at].amount * s.currencies[m.currency].unit + position * price
    sign = 1.0 - 2.0 * side
    return s.leverage * equity / price - sign * position - going * s.unit_base


@part
def inverse_room(s, m, side, price):
    """The same of an inverse contract, whose margin is the coin itself."""
    per_lot = m.lot_base / price
    equity = s.wallets[m.money_at].amount * s.unit_base - m.net_lots * per_lot
    sign = 1.0 - 2.0 * side
    return s.leverage * equity - (sign * m.net_lots + m.open_lots[side]) * per_lot


@part
def crosses_own(s, m, side, px):
    """Whether an order here would meet one of our own of the other side that may be alive."""
    for i in range(m.lives):
        key = m.live_key[i]
        meets = (key < 0 and -key <= px) if side == 0 else key >= px
        if meets and s.orders[m.live[i]].life != GHOST:
            return True
    return False


@part
def too_much(s, q):
    """Whether the orders of a side together pass the band's edge, those already being cancelled left out."""
    return inventory.room(s, q.side) + s.dying_units[q.side] < 0


@part
def accrue_messages(s, m):
    """Let the message budget fill; it holds at most two seconds' worth, and at least ten."""
    most = max(2.0 * m.messages_per_second, 10.0)
    m.tokens = min(m.tokens + m.messages_per_second * (s.now - m.tokens_ns) * 1e-9, most)
    m.tokens_ns = s.now


@part
def may_create(s, m):
    """Whether a create may be sent: the share reserved for cancels is left untouched."""
    accrue_messages(s, m)
    return m.tokens >= 1.0 + s.cancel_reserve * max(2.0 * m.messages_per_second, 10.0)


@part
def may_ask(s, m):
    """Whether a query may be sent: half of what is reserved is left, so that no number of questions stops a cancel."""
    accrue_messages(s, m)
    return m.tokens >= 1.0 + 0.5 * s.cancel_reserve * max(2.0 * m.messages_per_second, 10.0)


@part
def may_cancel(s, m):
    """Whether any message may be sent."""
    accrue_messages(s, m)
    return m.tokens >= 1.0


@part
def watch_losses(s):
    """Trip the loss and drawdown limits; a tripped limit stays until a person clears it."""
    if not s.reference > 0.0:
        return
    now = inventory.equity(s, s.reference) - s.equity_open
    s.equity_high = max(s.equity_high, now)
    s.max_drawdown_seen = max(s.max_drawdown_seen, s.equity_high - now)
    if -now >= s.max_loss or s.equity_high - now >= s.max_drawdown:
        s.halted = rows.LOSS_LIMIT
