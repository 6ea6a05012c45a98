"""Capacities, and the numbers that stand for words inside the state: kinds, methods, sources, counted events."""

from typing import Final

MARKETS: Final = 64
LINES: Final = 48
QUOTES: Final = 4096
ORDERS: Final = 4096
OPEN: Final = 128
"""Most orders of one market that may be alive or unproven dead at once."""
RULES: Final = 32
CURRENCIES: Final = 16
"""Quote and settle currencies of all markets; the first is what everything is counted in."""
WALLETS: Final = 128
PATHS: Final = 64
"""Ways of conversion, over all currencies."""
PATHS_EACH: Final = 8
"""Of one currency."""
LEGS: Final = 3
"""Most books that one conversion goes through."""
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
PARTIAL_REFERENCE: Final = 11
OLD_RATE: Final = 12  # a fill converted at a rate that was no longer live
NO_RATE: Final = 13  # a fill of a currency of which no rate was ever known: entered at the reference
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
    "reference from less depth than asked",
    "fill converted at an old rate",
    "fill without a rate",
)
