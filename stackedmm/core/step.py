"""The whole engine on one screen: a row comes in, the state moves, commands go out.

market data -> books -> stacked book -> reference -> inventory and volume -> lines -> rules -> limits -> requote.
The same function runs live, paper, backtest and replay.
"""

import math

import numpy as np

from stackedmm.core import conversion, inventory, limits, orders, requote, rows, stack, statistics, tape, volume
from stackedmm.core.codes import ALL, BAD_ROW, RECONCILE_DIFFERENCE
from stackedmm.core.machine import as_double, entry, leaf, part

ROUND_NS = 500_000_000
"""Every quote is looked at this often even if nothing moved: buckets fill, what was refused is tried again."""


@leaf
def step(S, A, links, row, out):
    """Apply one row to the state `S` (one record) and its arena `A`; append commands to `out`.

    `links` holds this process's addresses of the rules, `out` is an array of COMMAND of which `S.out_n` are filled.
    """
    s = S[0]
    s.now = row.ts
    s.rows += 1
    kind = row.kind
    if kind == rows.DEPTH:
        tape.depth(s, A, row)
        if row.marks & rows.LAST:
            look(s, A, links, np.int64(row.market), out)
    elif kind == rows.TRADE:
        tape.trade(s, A, row)
    else:
        rare(s, A, links, row, out)


@part
def look(s, A, links, market, out):
    """A message is whole: price anew what depends on something that moved."""
    m = s.markets[market]
    moved = False
    if m.touched == 1 or m.usable == 0:
        moved = tape.refresh(s, A, market)
    converted = moved and m.converts == 1 and conversion.refresh(s)
    if s.reference_dirty == 1:
        stack.refresh(s, A)
        if reference_moved(s):
            decide_all(s, A, links, out)
            return
    if converted or s.native == 1:
        decide_converted(s, A, links, out)
    if moved and market < s.quoted_n:
        requote.decide_top(s, A, links, market, out)


@part
def decide_converted(s, A, links, out):
    """Price anew the quotes of currencies whose conversion moved."""
    for c in range(1, s.currencies_n):
        if conversion.left_decided(s, c):
            s.currencies[c].per_decided = s.currencies[c].per
            for market in range(s.quoted_n):
                if s.markets[market].currency == c:
                    requote.decide(s, A, links, market, out)


@part
def reference_moved(s):
    """Whether the reference left what was last decided on by more than half the finest tick."""
    return abs(s.reference - s.reference_decided) > s.reference_step


@part
def decide_all(s, A, links, out):
    """Price every market's quotes once."""
    s.reference_decided = s.reference
    inventory.refresh(s)
    for market in range(s.quoted_n):
        if s.markets[market].touched == 1:
            tape.refresh(s, A, market)
        requote.decide(s, A, links, market, out)
    if s.currencies_n > 1:
        conversion.decided(s)


@part
def rare(s, A, links, row, out):
    """Everything but levels and trades."""
    kind = row.kind
    market = np.int64(row.market)
    if market >= s.markets_n and market != ALL:
        s.events[BAD_ROW] += 1
    elif kind == rows.TIMER:
        timer(s, A, links, out)
    elif kind >= rows.PARAM or kind == rows.RECONCILED:
        told(s, A, links, row, out)
    elif market == ALL:
        s.events[BAD_ROW] += 1
    elif kind == rows.BBO:
        tape.bbo(s, A, row)
    elif kind == rows.CLEAR:
        tape.snapshot(s, A, row)
        if row.marks & rows.LAST:
            look(s, A, links, market, out)
    elif kind == rows.GAP:
        tape.gap(s, A, row)
        look(s, A, links, market, out)
    elif kind == rows.FILL_ID:
        s.trade_id = row.ref
        s.fee = row.px
        s.fee_currency = row.qty
    elif kind == rows.FILL:
        if orders.fill(s, A, row):
            statistics.remember_fill(s, A, row)
        decide_all(s, A, links, out)
    elif rows.ACK <= kind <= rows.UNANSWERED:
        answered(s, A, links, row, out)
    else:
        told(s, A, links, row, out)


@part
def answered(s, A, links, row, out):
    """The venue's word on one of our orders: its quote is looked at, if it does not stand as it should."""
    slot = orders.find(s, row.ref)
    quote = s.orders[slot].quote if slot >= 0 else np.int64(-1)
    if orders.answer(s, row):
        requote.cancel_stray(s, row, out)
    elif quote >= 0 and not requote.stands(s, quote):
        requote.decide_one(s, A, links, quote, out)


@part
def told(s, A, links, row, out):
    """What the account and people say."""
    kind = row.kind
    market = np.int64(row.market)
    if kind == rows.BALANCE:
        if market < s.quoted_n:
            s.wallets[s.markets[market].base_at].amount = row.px
            s.wallets[s.markets[market].money_at].amount = row.qty
    elif kind == rows.RECONCILED:
        reconcile(s, row)
    elif kind == rows.PARAM:
        value = as_double(row.qty)
        if 0 <= row.ref < len(s.params) and math.isfinite(value):
            s.params[row.ref] = value
        else:
            s.events[BAD_ROW] += 1
    elif kind == rows.RULE_SET:
        s.rules_digest = row.ref
    elif kind == rows.CONTROL:
        control(s, row)
    else:
        s.events[BAD_ROW] += 1
    decide_all(s, A, links, out)


@part
def reconcile(s, row):
    """The venues' word on the position. The first opens the ledger; one that differs stops quoting until one agrees."""
    if s.opened == 0:
        if s.paper == 0 and s.reference > 0.0:
            inventory.open_with(s, row.qty - inventory.current(s))
    elif row.qty != inventory.current(s):
        s.events[RECONCILE_DIFFERENCE] += 1
        s.reconciled = 0
    else:
        s.reconciled = 1


@part
def control(s, row):
    """A person's word. A kill is sticky; only a person clears it."""
    word = row.ref
    market = np.int64(row.market)
    if word == rows.KILL:
        s.killed = 1
    elif word == rows.UNKILL:
        s.killed = 0
        s.halted = 0
    elif word == rows.WRITE_OFF:
        orders.write_off(s, row.qty)
    elif word == rows.LINE_ON or word == rows.LINE_OFF:
        if 0 <= row.qty >> 1 < s.lines_n:
            s.lines[row.qty >> 1].sides[row.qty & 1] = 1 if word == rows.LINE_ON else 0
        else:
            s.events[BAD_ROW] += 1
    elif word != rows.PAUSE and word != rows.RESUME:
        s.events[BAD_ROW] += 1
    elif market == ALL:
        s.paused = 1 if word == rows.PAUSE else 0
    else:
        s.markets[market].paused = 1 if word == rows.PAUSE else 0


@part
def timer(s, A, links, out):
    """Every 100 ms: time-driven statistics, orders whose fate is open, what is due; every 500 ms a full round."""
    number = s.now // volume.BUCKET_NS
    for market in range(s.markets_n):
        m = s.markets[market]
        if m.bucket != number and m.synced == 1:
            volume.advance(s, A, m, number)
        tape.refresh(s, A, market)
        requote.tend(s, market, out)
    if s.currencies_n > 1:
        conversion.watch(s)
    statistics.tick(s, A)
    if s.reference_dirty == 1:
        stack.refresh(s, A)
    if s.opened == 0 and s.paper == 1 and s.reference > 0.0:
        inventory.open_paper(s)
    if s.unfunded > 0:
        inventory.fund(s)
    limits.watch_losses(s)
    number = s.now // ROUND_NS
    if number != s.round_number:
        s.round_number = number
        full_round(s, A, links, out)
    elif reference_moved(s):
        decide_all(s, A, links, out)
    else:
        for market in range(s.quoted_n):
            m = s.markets[market]
            if s.now >= m.due_ns or limits.may_quote(s, m) != rows.OK:
                requote.decide(s, A, links, market, out)


@part
def full_round(s, A, links, out):
    """Look at every quote, its size too; room that was short in the last round goes by rank in this one."""
    for side in range(2):
        s.starved[side] = s.starving[side]
        s.starving[side] = limits.STARVED_NONE
    s.full_round = 1
    decide_all(s, A, links, out)
    s.full_round = 0


@entry
def step_rows(S, A, links, batch, out):
    """Apply rows one after the other, as the live loop does; returns how many commands stand in `out`."""
    for i in range(len(batch)):
        step(S, A, links, batch[i], out)
    return S[0].out_n
