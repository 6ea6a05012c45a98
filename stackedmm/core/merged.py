"""The merged book as people look at it: every level with its venues' shares, and the same after uncrossing."""

from stackedmm.core.machine import entry, part
from stackedmm.core.stack import DUST, LEVELS_READ, belongs, best_cursor, leave, load, step_down


@part
def merge(s, A, source, market, side, prices, sizes, shares):
    """One side of a source's merged book before uncrossing, best first, into arrays of one length.

    `prices` in quote, `sizes` in base coins, `shares` [level, market] in base coins. Returns the levels written. Of the
    state only the side's cursors move: nothing that a decision reads.
    """
    for i in range(s.quoted_n):
        if belongs(s, i, source, market):
            load(s, A, i, side, s.books[i, side].best)
        else:
            leave(s, i, side)
    n = 0
    for _ in range(LEVELS_READ):
        i = best_cursor(s, side)
        if i < 0:
            break
        price = s.cursor_price[side, i]
        if n == 0 or prices[n - 1] != price:
            if n == len(prices):
                break
            prices[n] = price
            sizes[n] = 0.0
            shares[n, :] = 0.0
            n += 1
        sizes[n - 1] += s.cursor_left[side, i]
        shares[n - 1, i] += s.cursor_left[side, i]
        step_down(s, A, i, side)
    return n


@part
def uncross_merged(bids, bid_sizes, bid_shares, asks, ask_sizes, ask_shares):
    """Uncross merged sides in place: what leaves a level leaves its venues in proportion.

    Returns the first bid and the first ask left, and the base coins taken out.
    """
    bid = 0
    ask = 0
    crossed = 0.0
    while bid < len(bids) and ask < len(asks) and bids[bid] >= asks[ask]:
        taken = min(bid_sizes[bid], ask_sizes[ask])
        crossed += taken
        bid_left = bid_sizes[bid] - taken
        ask_left = ask_sizes[ask] - taken
        for k in range(bid_shares.shape[1]):
            bid_shares[bid, k] *= bid_left / bid_sizes[bid]
            ask_shares[ask, k] *= ask_left / ask_sizes[ask]
        bid_sizes[bid] = bid_left
        ask_sizes[ask] = ask_left
        bid += 1 if bid_left <= DUST * taken else 0
        ask += 1 if ask_left <= DUST * taken else 0
    return bid, ask, crossed


@entry
def stacked_side(S, A, source, market, side, prices, sizes, shares):
    """`merge` for Python: see there."""
    return merge(S[0], A, source, market, side, prices, sizes, shares)


@entry
def uncrossed(bids, bid_sizes, bid_shares, asks, ask_sizes, ask_shares):
    """`uncross_merged` for Python: see there."""
    return uncross_merged(bids, bid_sizes, bid_shares, asks, ask_sizes, ask_shares)
