"""The engine's one flat record: everything it knows, in fields a trader can name.

`STATE` is the head; books, volume windows and the memory of fills live in an int64 arena reached by offsets that
are data, so one compile serves every size. A snapshot is these bytes, a fork is a copy of them.
"""

import hashlib
from typing import Any, Final

import numpy as np

from stackedmm.core.book import SIDE
from stackedmm.core.codes import (
    ANSWER_COLUMNS,
    CURRENCIES,
    LINES,
    MA_TYPES,
    MARKETS,
    ORDERS,
    PARAMS,
    PATHS,
    QUOTES,
    REASON_CODES,
    RULES,
    VOLUME_TYPES,
    WALLETS,
)
from stackedmm.core.records import (
    CURRENCY,
    LEDGER,
    LINE,
    MARKET,
    ORDER,
    PATH,
    QUOTE,
    RULE,
    RULING,
    WALLET,
    WANT,
)
from stackedmm.core.views import VIEW

STATE: Final = np.dtype(
    [
        ("now", "i8"),  # ns, time of the row being applied
        ("rows", "i8"),
        ("decisions", "i8"),  # quotes evaluated
        ("markets_n", "i8"),
        ("quoted_n", "i8"),  # the first of them are quoted and stacked, the others only convert
        ("currencies_n", "i8"),
        ("wallets_n", "i8"),
        ("paths_n", "i8"),
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
        ("unit_cost", "f8"),  # first quote per cost unit
        ("paper", "i8"),  # opens by itself at the first reference
        ("opened", "i8"),  # the opening inventory stands in the ledger
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
        ("native", "i8"),  # every currency is priced by its own books, not by converting
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
        ("reference", "f8"),  # first quote
        ("pricing", "i8"),  # currency whose books are being walked, where each has its own
        ("unfunded", "i8"),  # wallets that wait for a rate
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
        ("waiting", "i8", (2,)),  # quotes a side whose replacement interval runs
        ("last_return_ns", "i8"),
        ("last_reference", "f8"),
        ("variance", "f8"),  # of reference returns a second
        ("variance_hour", "f8"),
        ("variance_s", "f8"),  # seconds of returns seen
        ("drift", "f8"),  # mean reference return a second
        ("equity_high", "f8"),
        ("equity_open", "f8"),
        ("max_drawdown_seen", "f8"),
        ("counter", "i8"),  # the last client id
        ("open_orders", "i8"),
        ("unknown_orders", "i8"),
        ("commands", "i8"),
        ("refusals", "i8", (REASON_CODES,)),
        ("events", "i8", (16,)),
        ("fee", "i8"),  # of the FILL_ID row waiting for its FILL
        ("fee_currency", "i8"),
        ("trade_id", "i8"),
        ("rules_digest", "i8"),
        ("imbalance_unread", "i8"),  # by every rule in force: walking five levels for it is left out
        ("full_round", "i8"),  # sizes are looked at too, not only prices
        ("round_number", "i8"),  # of the last full round
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
        ("cursor_used", "i8", (2, MARKETS)),  # something was taken from the level it stands on
        ("cursor_price", "f8", (2, MARKETS)),
        ("lead", "i8", (2,)),  # whose cursor is best, a side
        ("ledger", LEDGER),
        ("currencies", CURRENCY, (CURRENCIES,)),
        ("wallets", WALLET, (WALLETS,)),
        ("paths", PATH, (PATHS,)),
        ("params", "f8", (PARAMS,)),
        ("rules", RULE, (RULES,)),
        ("lines", LINE, (LINES,)),
        ("books", SIDE, (MARKETS, 2)),
        ("markets", MARKET, (MARKETS,)),
        ("views", VIEW, (ANSWER_COLUMNS,)),  # rows 0, 1: bid and ask of the market being decided; then one a quote
        ("answers", "f8", (RULES, ANSWER_COLUMNS)),
        ("ruling", RULING),  # of the quote being decided
        ("rulings", RULING, (2,)),  # a side's, where no rule tells its quotes apart
        ("alike", "i8"),  # no rule does, in the market being decided
        ("want", WANT),
        ("quotes", QUOTE, (QUOTES,)),
        ("orders", ORDER, (ORDERS,)),
        ("free_n", "i8"),  # order slots not in use
    ],
    align=True,
)


def state_hash(state: Any, arena: Any) -> str:
    """Digest of everything the engine knows; equal states give equal digests in every process."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(np.ascontiguousarray(state).view(np.uint8).tobytes())
    digest.update(arena.tobytes())
    return digest.hexdigest()
