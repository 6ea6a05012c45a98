"""The engine's one flat record: everything it knows, in fields a trader can name.

`STATE` is the head; books, volume windows and the memory of fills live in an int64 arena reached by offsets that
are data, so one compile serves every size. A snapshot is these bytes, a fork is a copy of them.
"""

import hashlib
from typing import Any, Final

import numpy as np

from stackedmm.core.book import SIDE
from stackedmm.core.views import VIEW

MARKETS: Final = 64
LINES: Final = 48
QUOTES: Final = 4096
ORDERS: Final = 4096
OPEN: Final = 128
"""Most orders of one market that may be alive or unproven dead at once."""
RULES: Final = 16
ANSWER_COLUMNS: Final = 2 * OPEN
"""Views a decision may hold: bid and ask of the market, then its quotes."""
PARAMS: Final = 256
PERIODS: Final = 6
MA_TYPES: Final = 2
VOLUME_TYPES: Final = 5
REASON_CODES: Final = 64
ALL: Final = 65535
"""The market number of a row that speaks to every market."""

BID: Final = 0
ASK_SIDE: Final = 1

# Kinds of line, inventory price methods, reference sources, coefficient methods and gates, as numbers.
TOB: Final = 0
PASSIVE: Final = 1
ACCOUNTING: Final = 0
MANUAL: Final = 1
MARK_TO_MARKET: Final = 2
AGGREGATED: Final = 0
COMPONENT_VENUES: Final = 1
LIQUIDITY_WEIGHTED: Final = 2
SINGLE_VENUE: Final = 3
BY_NONE: Final = 0
BY_INVENTORY: Final = 1
BY_VOLUME: Final = 2
BY_BOTH: Final = 3
GATE_OFF: Final = 0
GATE_CLAMP: Final = 1
GATE_STRICT: Final = 2
METHOD_MIN: Final = 0
METHOD_MAX: Final = 1
METHOD_MID: Final = 2
VOLUME_BASE: Final = 0
VOLUME_QUOTE: Final = 1
VOLUME_BOTH: Final = 2
VOLUME_RATIO: Final = 3
VOLUME_IMBALANCE: Final = 4
SMA: Final = 0
EWMA: Final = 1

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
        ("tick_size", "f8"),  # quote per tick
        ("lot_base", "f8"),  # base per lot
        ("lot_units", "i8"),  # ledger units per lot
        ("cost_units", "i8"),  # cost units per tick x lot
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
        ("gaps", "i8"),
        ("crossings", "i8"),
        ("bbo_differences", "i8"),
        # Perps: relative distance from the spot stack.
        ("basis", "f8"),
        ("basis_seconds", "f8"),  # time both books were usable
        # Public trades.
        ("trade_ns", "i8"),
        ("bucket", "i8"),  # number of the open 10 s bucket
        ("clean", "i8"),  # full buckets since start or the last gap
        ("volume_ring", "i8"),  # arena offset of 4 numbers a bucket
        ("volume_mask", "i8"),
        ("open_volume", "i8", (4,)),
        ("periods", PERIOD, (PERIODS,)),
        ("volume", "f8"),  # volume coefficient
        ("crossovers", "i8"),
        ("above", "i8"),  # which shorter averages stood above their longer one, bit a pair
        # Our own orders here.
        ("bloom", "i8", (2,)),  # one bit a price modulo 64 where an own order may show in the book
        ("live", "i4", (OPEN,)),
        ("lives", "i8"),
        ("open_lots", "i8", (2,)),  # live, pending, unknown and dying
        ("position", "i8"),  # ledger units, own fills of this market
        ("base_wallet", "i8"),  # ledger units
        ("quote_wallet", "i8"),  # cost units
        ("adverse", "f8", (2,)),  # EWMA of the 10 s mark-out of own fills, bps
        ("share", "f8"),  # of stacked depth within 25 bps
        ("weight", "f8"),  # of the liquidity-weighted reference, smoothed
        ("first_quote", "i8"),
        ("end_quote", "i8"),
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
        ("bucket_ns", "i8"),
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
        ("asked_ns", "i8"),  # last cancel or query sent
        ("not_found", "i8"),
        ("not_found_ns", "i8"),
        ("died_ns", "i8"),
        ("canceling", "i8"),
        ("cancel_reason", "i8"),
        ("venue_ns", "i8"),  # exchange time of the last thing that happened to it
        ("shown", "i8"),  # lots of it that the local book is believed to show
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
        ("strikes", "i8"),
        ("strike_ns", "i8"),
    ],
    align=True,
)

RULING: Final = np.dtype(
    [("skew", "f8"), ("widen", "f8"), ("spread", "f8"), ("scale", "f8"), ("stands", "i8"), ("failed", "i8")], align=True
)
"""What the rules say of one quote, combined."""

STEPS: Final = (
    "configured",
    "inventory",
    "volume",
    "volatility",
    "drift",
    "rules",
    "clamp",
    "skew",
    "anchor",
    "book",
    "taker check",
    "rounding",
)
"""What an order's distance from the reference goes through, in order: its size in bps after each is recorded."""
CONFIGURED, INVENTORY, VOLUME, VOLATILITY, DRIFT, RULED, CLAMPED, SKEWED, ANCHORED, BOOKED, CHECKED, ROUNDED = range(12)

WANT: Final = np.dtype(
    [
        ("px", "i8"),
        ("lots", "i8"),
        ("reason", "i8"),  # OK, or why there is no quote
        ("coefficient", "f8"),  # on the configured size
        ("steps", "f8", (12,)),
    ],
    align=True,
)
"""What one quote should be now."""

STATE: Final = np.dtype(
    [
        ("now", "i8"),  # ns, time of the row being applied
        ("rows", "i8"),
        ("decisions", "i8"),  # quotes evaluated
        ("markets_n", "i8"),
        ("lines_n", "i8"),
        ("quotes_n", "i8"),
        ("rules_n", "i8"),
        ("out_n", "i8"),  # commands waiting in `out`
        ("out_max", "i8"),
        ("out_lost", "i8"),
        # Switches.
        ("reconciled", "i8"),
        ("killed", "i8"),
        ("paused", "i8"),
        ("halted", "i8"),  # reason code of a tripped limit, 0 none
        # Units and settings.
        ("unit_base", "f8"),  # base coins per ledger unit
        ("unit_cost", "f8"),  # quote per cost unit
        ("paper", "i8"),  # opens by itself at the first reference
        ("opening", "i8"),  # ledger units
        ("opening_price", "f8"),  # NaN: the first reference
        ("start_ns", "i8"),  # own fills before it do not count
        ("target", "i8"),  # ledger units
        ("deviation", "i8"),
        ("scale", "i8"),
        ("price_method", "i8"),
        ("manual_price", "f8"),
        ("source", "i8"),
        ("source_market", "i8"),
        ("source_fallback", "i8"),
        ("source_quantity", "f8"),  # base coins
        ("max_age_ns", "i8"),
        ("depth_bps", "f8"),
        ("weight_cap", "f8"),
        ("weight_half_life_s", "f8"),
        ("taker_check", "i8"),
        ("leverage", "f8"),
        ("stale_ns", "i8"),
        ("max_order_value", "f8"),
        ("max_open_orders", "i8"),
        ("collar_bps", "f8"),
        ("max_skew_bps", "f8"),
        ("cancel_reserve", "f8"),
        ("max_loss", "f8"),  # quote; inf: none
        ("max_drawdown", "f8"),
        ("method", "i8"),  # volume coefficient: min, max, mid
        ("min_coefficient", "f8"),
        ("max_coefficient", "f8"),
        ("min_fill", "f8"),
        ("periods_n", "i8"),
        ("ma_types", "i8", (MA_TYPES,)),
        ("volume_types", "i8", (VOLUME_TYPES,)),
        ("validity_ns", "i8"),  # how long a create may be under way and still be taken
        # What follows from them.
        ("reference", "f8"),
        ("reference_partial", "i8"),
        ("reference_decided", "f8"),
        ("reference_step", "f8"),
        ("reference_dirty", "i8"),
        ("reference_used", "i8"),  # source in use, -1 none
        ("reference_switches", "i8"),
        ("best_bid", "f8"),  # of the stack after uncrossing
        ("best_ask", "f8"),
        ("crossed_base", "f8"),  # taken out by uncrossing in the last walk
        ("inventory", "f8"),  # coefficient c
        ("band_used", "f8"),
        ("inventory_price", "f8"),  # NaN: unknown
        ("open_units", "i8", (2,)),  # all orders that may still fill, ledger units a side
        ("dying_units", "i8", (2,)),
        ("starved", "i8", (2,)),  # lowest rank that lacked room in the last full round
        ("starving", "i8", (2,)),
        ("last_return_ns", "i8"),
        ("last_reference", "f8"),
        ("variance", "f8"),  # of reference returns a second
        ("variance_hour", "f8"),
        ("variance_s", "f8"),  # seconds of returns seen
        ("drift", "f8"),  # mean reference return a second
        ("equity_high", "f8"),
        ("equity_open", "f8"),
        ("max_drawdown_seen", "f8"),
        ("counter", "i8"),  # of client ids
        ("open_orders", "i8"),
        ("unknown_orders", "i8"),
        ("commands", "i8"),
        ("refusals", "i8", (REASON_CODES,)),
        ("events", "i8", (16,)),
        ("fee", "i8"),  # of the FILL_ID row waiting for its FILL
        ("fee_currency", "i8"),
        ("trade_id", "i8"),
        ("rules_digest", "i8"),
        ("config_digest", "i8"),
        ("seen_ring", "i8"),  # arena offsets of the memory of trade ids
        ("seen_table", "i8"),
        ("seen_mask", "i8"),
        ("seen_n", "i8"),
        ("marks_ring", "i8"),  # arena offset of fills waiting for their 10 s mark-out
        ("marks_mask", "i8"),
        ("marks_head", "i8"),
        ("marks_tail", "i8"),
        ("taking", "i8", (MARKETS,)),  # scratch of the reference walk: who takes part, where each stands
        ("cursor", "i8", (2, MARKETS)),
        ("cursor_left", "f8", (2, MARKETS)),
        ("cursor_price", "f8", (2, MARKETS)),
        ("ledger", LEDGER),
        ("params", "f8", (PARAMS,)),
        ("rules", RULE, (RULES,)),
        ("lines", LINE, (LINES,)),
        ("books", SIDE, (MARKETS, 2)),
        ("markets", MARKET, (MARKETS,)),
        ("views", VIEW, (ANSWER_COLUMNS,)),  # rows 0, 1: bid and ask of the market being decided; then one a quote
        ("answers", "f8", (RULES, ANSWER_COLUMNS)),
        ("ruling", RULING),
        ("want", WANT),
        ("quotes", QUOTE, (QUOTES,)),
        ("orders", ORDER, (ORDERS,)),
        ("free", "i4", (ORDERS,)),
        ("free_n", "i8"),
    ],
    align=True,
)

# Counted events, index into `events`.
LATE_FILL: Final = 0  # a fill of an order already proven dead
FOREIGN_FILL: Final = 1  # a fill of an order nobody remembers
DUPLICATE_FILL: Final = 2
BAD_ROW: Final = 3
BOOK_LOST_LEVELS: Final = 4
NO_SLOT: Final = 5
RULE_STRUCK: Final = 6
OVERFLOW: Final = 7
SEEN_EVICTED: Final = 8
ORDER_AFTER_DEATH: Final = 9
RECONCILE_DIFFERENCE: Final = 10
EVENTS: Final = (
    "late fill",
    "foreign fill",
    "duplicate fill",
    "bad row",
    "book levels lost",
    "no free slot",
    "rule struck out",
    "overflow",
    "trade id memory full",
    "message after death",
    "position mismatch",
)


def state_hash(state: Any, arena: Any) -> str:
    """Digest of everything the engine knows; equal states give equal digests in every process."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(np.ascontiguousarray(state).view(np.uint8).tobytes())
    digest.update(arena.tobytes())
    return digest.hexdigest()
