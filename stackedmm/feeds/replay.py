"""Books of a recording at any moment, as exact decimals."""

import math
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core.book import NONE, SIDE, clear, levels_of, lots_at, place_side, put, window_for
from stackedmm.core.machine import entry, part, view
from stackedmm.core.recording import Recording
from stackedmm.core.rows import ASK, CLEAR, DEPTH, GAP, LAST

TOP: Final = np.dtype(
    [
        ("ts", "i8"),  # ns, the rows' clock
        ("ref", "i8"),  # update id
        ("bid", "i8"),  # ticks and lots; lots 0 where the side is empty
        ("bid_lots", "i8"),
        ("ask", "i8"),
        ("ask_lots", "i8"),
    ],
    align=True,
)
"""Best prices and quantities of a market after one update of its book."""

FAR: Final = 8192
"""Levels a side far from the best that `mids` keeps; more are forgotten, and no best price is among them."""


class Level(NamedTuple):
    """One level of a book, in the venue's units."""

    price: Decimal
    quantity: Decimal


class Replay:
    """The book of one market of a recording, moved forward in time.

    Times are ns of the recorder's own clock, and a book holds every message received before its time. A feed gap
    leaves it empty until the next snapshot.
    """

    def __init__(self, recording: Recording, market: int) -> None:
        self.recording = recording
        self.market = recording.markets[market]
        self._index = market
        self._next = 0
        rows = recording.local
        prices = np.unique(rows["px"][(rows["market"] == market) & (rows["kind"] == DEPTH)])
        window = window_for(int(prices[len(prices) // 2])) if len(prices) else window_for(0)
        far = 64
        while far < 2 * len(prices):
            far *= 2
        self._sides = np.zeros(2, SIDE)
        offset = place_side(self._sides[0], 1, 0, window, far)
        self._arena = np.zeros(place_side(self._sides[1], -1, offset, window, far), np.int64)

    def to(self, at_ns: int) -> None:
        """Apply what was received before `at_ns`; a replay never goes back. O(rows in between)."""
        rows = self.recording.local
        stop = int(np.searchsorted(rows["ts"], at_ns + self.recording.shift, "left"))
        if stop < self._next:
            raise ValueError(f"the replay stands after {at_ns}; begin another")
        apply(view(rows), self._next, stop, self._index, view(self._sides), self._arena)
        self._next = stop

    def levels(self) -> tuple[list[Level], list[Level]]:
        """Bids and asks, best first."""
        bids, asks = (self._exact(*self.ticks(side)) for side in (0, 1))
        return bids, asks

    def ticks(self, side: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Prices in ticks and quantities in lots of one side (0 bid, 1 ask), best first."""
        return levels_of(self._sides[side], self._arena)

    def _exact(self, prices: np.ndarray[Any, Any], lots: np.ndarray[Any, Any]) -> list[Level]:
        tick, lot = self.market.tick, self.market.lot
        return [Level(price * tick, n * lot) for price, n in zip(prices.tolist(), lots.tolist(), strict=True)]


def book_at(recording: Recording, market: int, at_ns: int) -> tuple[list[Level], list[Level]]:
    """Bids and asks of a market as of all messages received before `at_ns` of the recorder's own clock."""
    replay = Replay(recording, market)
    replay.to(at_ns)
    return replay.levels()


def tops(recording: Recording, market: int) -> np.ndarray[Any, Any]:
    """Best prices and quantities after every update of a market's book, an array of TOP. O(rows)."""
    replay = Replay(recording, market)
    rows = recording.local
    found = np.zeros(int(((rows["market"] == market) & (rows["kind"] <= GAP)).sum()), TOP)
    count = follow(view(rows), market, view(replay._sides), replay._arena, view(found))
    return found[:count].copy()


def mids(recording: Recording, market: int, times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A market's mid in quote currency as of all rows before each of some times, which rise, ns of the rows' clock.

    NaN where no whole book stood. Holds one book, whatever the recording's length: O(rows).
    """
    rows = recording.local
    here = (rows["market"] == market) & (rows["kind"] == DEPTH)
    window = window_for(int(rows["px"][np.argmax(here)]) if here.any() else 0)
    sides = np.zeros(2, SIDE)
    offset = place_side(sides[0], 1, 0, window, FAR)
    arena = np.zeros(place_side(sides[1], -1, offset, window, FAR), np.int64)
    found = np.full(len(times), np.nan)
    follow_mids(view(rows), market, view(sides), arena, times, found)
    return np.asarray(found * float(recording.markets[market].tick))


@entry
def follow_mids(rows: Any, market: int, sides: Any, arena: Any, times: Any, found: Any) -> None:
    """Note the mid in ticks at each time, going once through one market's rows."""
    n = 0
    for i in range(len(rows)):
        if n == len(times):
            return
        r = rows[i]
        if r.market != market:
            continue
        while n < len(times) and times[n] <= r.ts:
            found[n] = mid_of(sides)
            n += 1
        apply_row(r, sides, arena)
    while n < len(times):
        found[n] = mid_of(sides)
        n += 1


@part
def mid_of(sides: Any) -> Any:
    """Halfway between the best of both sides, in ticks; NaN where one is empty."""
    bid, ask = sides[0].best, sides[1].best
    if bid == NONE or ask == NONE:
        return math.nan
    return 0.5 * (bid - ask)


@entry
def apply(rows: Any, first: int, last: int, market: int, sides: Any, arena: Any) -> None:
    """Apply one market's book rows to its two sides."""
    for i in range(first, last):
        if rows[i].market == market:
            apply_row(rows[i], sides, arena)


@entry
def follow(rows: Any, market: int, sides: Any, arena: Any, found: Any) -> int:
    """Apply all of one market's book rows and note its best after each update; returns how many were noted."""
    n = 0
    ref = ts = np.int64(-1)
    dirty = False
    for i in range(len(rows)):
        r = rows[i]
        if r.market != market:
            continue
        book = r.kind == DEPTH or r.kind == CLEAR or r.kind == GAP
        # Deltas replayed behind a snapshot share its message; their ids tell them apart.
        if book and dirty and r.ref != ref:
            n = note_top(ts, ref, sides, arena, found, n)
        if book:
            apply_row(r, sides, arena)
            ref, ts = r.ref, r.ts
            dirty = True
        if dirty and r["marks"] & LAST:
            n = note_top(ts, ref, sides, arena, found, n)
            dirty = False
    return n


@part
def note_top(ts: int, ref: int, sides: Any, arena: Any, found: Any, n: int) -> int:
    """Write the best of both sides down."""
    bid, ask = sides[0].best, sides[1].best
    top = found[n]
    top.ts = ts
    top.ref = ref
    if bid != NONE:
        top.bid = bid
        top.bid_lots = lots_at(sides[0], arena, bid)
    if ask != NONE:
        top.ask = -ask
        top.ask_lots = lots_at(sides[1], arena, ask)
    return n + 1


@part
def apply_row(r: Any, sides: Any, arena: Any) -> None:
    """Apply one book row; others leave the book alone."""
    if r.kind == DEPTH:
        if r["marks"] & ASK:
            put(sides[1], arena, -r.px, r.qty)
        else:
            put(sides[0], arena, r.px, r.qty)
    elif r.kind == CLEAR or r.kind == GAP:
        clear(sides[0], arena)
        clear(sides[1], arena)
