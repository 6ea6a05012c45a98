"""The records inside the state: a market, a line, a quote, an order, the ledger, a rule."""

from typing import Final

import numpy as np

from stackedmm.core.codes import (
    LEGS,
    OPEN,
    PERIODS,
)

PERIOD: Final = np.dtype(
    [
        ("buckets", "i8"),  # length in 10 s buckets
        ("sums", "i8", (4,)),  # buy lots, sell lots, buy tick*lots, sell tick*lots over the full window
        ("ewma", "f8", (4,)),  # the same, exponentially weighted, a bucket
        ("seeded", "i8"),  # the EWMA has had its first full window
    ],
    align=True,
)

MARKET: Final = np.dtype(
    [
        # What the venue says of the symbol.
        ("venue", "i8"),
        ("currency", "i8"),  # of its quote
        ("rate", "f8"),  # first quote a unit of its quote, the last that was live; 0: none yet
        ("per", "f8"),  # its reference in its own quote, over the reference
        ("convertible", "i8"),  # the rate is live
        ("converts", "i8"),  # its book stands in a way of conversion
        ("tick_size", "f8"),  # quote per tick
        ("inverse", "i8"),  # lots are quote, not base
        ("lot_base", "f8"),  # base per lot; inverse: quote
        ("lot_units", "i8"),  # ledger units per lot; inverse: of one lot at a price of one tick
        ("cost_units", "i8"),  # cost units of its quote per tick x lot; inverse: per lot
        ("min_lots", "i8"),
        ("min_notional", "f8"),  # quote
        ("perp", "i8"),
        ("in_spot_stack", "i8"),  # a perp that enters a spot stack minus its basis
        ("enabled", "i8"),
        ("in_reference", "i8"),  # this market's book may price the reference
        ("max_share", "f8"),
        ("size_factor", "f8"),
        # Its book.
        ("synced", "i8"),  # a snapshot came and no gap since
        ("seen_ns", "i8"),  # last time the feed proved alive
        ("usable", "i8"),  # synced, fresh, two-sided, not crossed
        ("usable_since_ns", "i8"),
        ("touched", "i8"),  # others' best or size at best changed since the last decision
        ("watch", "i8", (2,)),  # worst key the last reference walk read, a side
        ("touch", "i8", (2,)),  # best price of others in ticks, a side
        ("mid", "f8"),  # of others' best, quote
        ("top_known", "i8"),  # what the stack needs of both touches stands in the next two
        ("top_left", "f8", (2,)),  # others' base coins at the touch
        ("top_price", "f8", (2,)),  # of the touch, minus the basis
        ("gaps", "i8"),
        ("crossings", "i8"),
        ("bbo_differences", "i8"),
        # Perps: relative distance from the spot stack.
        ("basis", "f8"),
        ("basis_seconds", "f8"),  # time both books were usable
        # Public trades.
        ("trade_ns", "i8"),
        ("bucket", "i8"),  # number of the open 10 s bucket
        ("clean", "i8"),  # whole buckets since start or the last gap; -1: the open one is not whole
        ("volume_ring", "i8"),  # arena offset of 4 numbers a bucket
        ("volume_mask", "i8"),
        ("open_volume", "i8", (4,)),
        ("periods", PERIOD, (PERIODS,)),
        ("volume", "f8"),  # volume coefficient
        ("crossovers", "i8"),
        ("above", "i8", (3,)),  # which shorter averages stand above their longer one, bit a pair
        ("compared", "i8", (3,)),  # of which pairs that is known
        # Our own orders here.
        ("bloom", "i8", (2,)),  # one bit a price modulo 64 where an own order may show in the book
        ("near_px", "i8", (2, 64)),  # which price that is; SHARED: more than one
        ("shows", "i8", (2,)),  # the same for prices where one does show
        ("shown_px", "i8", (2, 64)),
        ("shown_lots", "i8", (2, 64)),  # how much of ours shows there, where it is one price
        ("live", "i4", (OPEN,)),
        ("live_key", "i8", (OPEN,)),  # sign x price of each
        ("lives", "i8"),
        ("open_lots", "i8", (2,)),  # what orders still hold of the wallet: not filled, or the fill is under way
        ("position", "i8"),  # ledger units, own fills of this market
        ("net_lots", "i8"),  # bought less sold
        ("base_at", "i8"),  # which wallet holds its base, and which its money
        ("money_at", "i8"),
        ("base_peer", "i8"),  # the next market of the same wallet, in a ring; itself where it is alone
        ("money_peer", "i8"),
        ("fill_rate", "f8"),  # at which its last fill was converted
        ("adverse", "f8", (2,)),  # EWMA of the 10 s mark-out of own fills, bps
        ("share", "f8"),  # of stacked depth within 25 bps
        ("weight", "f8"),  # of the liquidity-weighted reference, smoothed
        ("first_quote", "i8"),
        ("end_quote", "i8"),
        ("due_ns", "i8"),  # when a quote's time is up: its order's timeout, the end of its replacement interval
        ("paused", "i8"),
        # Message budget of this market's venue connection.
        ("tokens", "f8"),
        ("tokens_ns", "i8"),
        ("messages_per_second", "f8"),
        ("rejects", "i8"),  # in a row
        ("backoff_ns", "i8"),  # no creates before this time
    ],
    align=True,
)

CURRENCY: Final = np.dtype(
    [
        ("unit", "f8"),  # of the currency per cost unit
        ("to_first", "f8"),  # cost units of the first quote per one of these, at a rate of 1
        ("rate", "f8"),  # first quote a unit, the last that was live; 0: none yet
        ("live", "i8"),
        ("index", "i8"),  # nothing converts it and contracts alone are quoted in it: their basis says what it is worth
        ("rate_ns", "i8"),  # when it was taken
        ("path", "i8"),  # by which way, -1: none is live
        ("first_path", "i8"),
        ("end_path", "i8"),
        ("per", "f8"),  # as of its markets
        ("per_decided", "f8"),  # on which its quotes were last decided
        ("step", "f8"),  # half the finest tick of its markets
        ("source_market", "i8"),  # of single_venue where each currency is priced by its own books
        ("switches", "i8"),  # how often another way was taken
        ("flow", "i8"),  # cost units: all that was paid in it minus all that was received, fees included
        ("fees", "i8"),  # cost units
        ("fills", "i8"),
    ],
    align=True,
)
"""A currency that markets are quoted in; number 0 is the first quote."""

PATH: Final = np.dtype(
    [
        ("legs", "i8"),
        ("market", "i8", (LEGS,)),
        ("up", "i8", (LEGS,)),  # 1: the leg's mid multiplies, 0: it divides
    ],
    align=True,
)
"""One way to the first quote, through books."""

WALLET: Final = np.dtype(
    [
        ("amount", "i8"),  # ledger units of a base wallet, cost units of its currency of another
        ("currency", "i8"),  # -1: the base coin
        ("due", "f8"),  # first quote still to be paid in, once there is a rate
    ],
    align=True,
)
"""What one account holds of one currency."""

LINE: Final = np.dtype(
    [
        ("kind", "i8"),
        ("bps", "f8"),  # TOB: required distance; passive: mid half-spread
        ("min_bps", "f8"),
        ("max_bps", "f8"),
        ("base_quantity", "f8"),  # TOB: hourly; passive: per order; base coins or quote units
        ("in_quote", "i8"),  # the quantity is in the quote currency
        ("sides", "i8", (2,)),
        ("timeout_ns", "i8"),
        ("drift_bps", "f8"),
        ("local_drift", "i8"),  # drift is measured on the local mid
        ("min_price", "f8"),
        ("max_price", "f8"),
        ("from_inventory", "i8"),
        ("gate", "i8"),
        ("max_clamp_bps", "f8"),
        ("size_by", "i8"),  # coefficient method of the size or accrual
        ("spread_by", "i8"),
        ("volume_spread_response", "f8"),
        ("volatility_response", "f8"),
        ("drift_response", "f8"),
        ("map_min", "f8"),  # bounds of the inventory mapping
        ("map_max", "f8"),
        ("clip_min", "f8"),  # bounds of the volume factor or the product
        ("clip_max", "f8"),
        ("max_order", "f8"),  # base coins
        ("shared_bucket", "i8"),  # scope line: one bucket a side for all venues
        ("bucket", "f8", (2,)),  # base coins
        ("bucket_ns", "i8", (2,)),
        ("bucket_rate", "f8", (2,)),
        ("bucket_cap", "f8", (2,)),
        ("held", "i8", (2,)),  # ledger units its unproven orders hold of a shared bucket
        ("min_requote_ticks", "i8"),
        ("min_replace_ns", "i8"),
        ("requote_bps", "f8"),  # NaN: derived
        ("randomization", "f8"),
        ("levels", "i8"),
        ("level_step_bps", "f8"),
        ("level_size_factor", "f8"),
        ("by_shares", "i8"),  # allocation liquidity_shares
        ("rebalance", "i8"),
        ("seed", "u8"),
        ("fill_ns", "i8", (2,)),  # last fill a side
        ("placed", "i8"),
        ("fills", "i8"),
        ("canceled_timeout", "i8"),
        ("canceled_drift", "i8"),
        ("canceled_replace", "i8"),
        ("canceled_other", "i8"),
        ("filled_units", "i8", (2,)),
    ],
    align=True,
)

QUOTE: Final = np.dtype(
    [
        ("market", "i8"),
        ("line", "i8"),
        ("side", "i8"),
        ("level", "i8"),
        ("rank", "i8"),  # who gets room first when the band is short: lower first
        ("order", "i8"),  # slot of the order that stands for it, -1 none
        ("reason", "i8"),  # why it does not stand, OK if it does
        ("target_px", "i8"),
        ("target_lots", "i8"),
        ("bucket", "f8"),  # base coins, TOB only
        ("bucket_ns", "i8"),  # up to when it was filled
        ("bucket_rate", "f8"),  # base coins a ns since then; 0: closed
        ("bucket_cap", "f8"),
        ("filled_hour", "f8"),  # base coins, decaying over an hour
        ("filled_ns", "i8"),
        ("jitter", "f8"),  # drawn once per placement
        ("changed_ns", "i8"),  # last placement or cancel
    ],
    align=True,
)

ORDER: Final = np.dtype(
    [
        ("ref", "i8"),  # client id
        ("px", "i8"),
        ("lots", "i8"),
        ("filled", "i8"),  # lots, by real fills
        ("claimed", "i8"),  # lots the venue says are filled in total
        ("life", "i8"),
        ("market", "i8"),
        ("side", "i8"),
        ("quote", "i8"),
        ("line", "i8"),
        ("sent_ns", "i8"),
        ("deadline_ns", "i8"),  # after this the venue refuses a create that is still under way
        ("asked_ns", "i8"),  # last create, cancel or query sent
        ("doubt_ns", "i8"),  # exchange time of the last refused cancel: older signs of life prove nothing
        ("not_found", "i8"),
        ("not_found_ns", "i8"),
        ("died_ns", "i8"),
        ("canceling", "i8"),
        ("cancel_reason", "i8"),
        ("venue_ns", "i8"),  # exchange time of the last thing that happened to it
        ("shown", "i8"),  # lots of it that the local book is believed to show
        ("level_ns", "i8"),  # exchange time of the last row of its level: is a dead order still in the book?
        ("local_mid", "f8"),
        ("reference", "f8"),
    ],
    align=True,
)

LEDGER: Final = np.dtype(
    [
        ("position", "i8"),  # ledger units: opening + own fills
        ("provisional", "i8"),  # filled by the venue's word, the fill itself not seen yet
        ("cost", "i8"),  # cost units of the open position, signed like it
        ("realised", "i8"),  # cost units, net of fees in quote
        ("fees", "i8"),  # cost units paid, informative
        ("base_fees", "i8"),  # ledger units paid
        ("flow", "i8"),  # cost units: all that was paid minus all that was received
        ("fills", "i8"),
        ("volume", "i8"),  # cost units traded
    ],
    align=True,
)

RULE: Final = np.dtype(
    [
        ("verb", "i8"),
        ("digest", "i8"),
        ("first_param", "i8"),
        ("per_side", "i8"),  # reads nothing that differs between quotes of one side
        ("lines", "i8"),  # bit a line
        ("sides", "i8"),  # bit a side
        ("markets", "i8"),  # bit a market
        ("failures", "i8"),
        ("failed_ns", "i8"),  # the last row at which it gave no answer
        ("strikes", "i8"),
        ("strike_ns", "i8"),
    ],
    align=True,
)

RULING: Final = np.dtype(
    [("skew", "f8"), ("widen", "f8"), ("spread", "f8"), ("scale", "f8"), ("stands", "i8"), ("failed", "i8")], align=True
)
"""What the rules say of one quote, combined."""

WANT: Final = np.dtype(
    [
        ("px", "i8"),
        ("lots", "i8"),
        ("reason", "i8"),  # OK, or why there is no quote
        ("coefficient", "f8"),  # on the configured size
        ("half_bps", "f8"),  # half-spread or required distance after rules and clamp
        ("wished_px", "i8"),  # before the taker check
        ("steps", "f8", (12,)),  # written for orders that go out
    ],
    align=True,
)
"""What one quote should be now."""
