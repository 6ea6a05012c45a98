"""One side of an order book on integer ticks: a ring of near levels, a table of far ones, and the best.

A level is named by its *key*, sign x price in ticks, so that on both sides the better price is the larger key
and one piece of code serves both. Near levels stand in a ring at `key & mask`, with one bit a level and one bit
a word of bits, so the next level is found in a few instructions however sparse the book. Levels below the ring's
window stand in a hash table; when the best nears an edge the window moves and levels change places. Nothing is
dropped: only a full table refuses a level, and counts it in `lost`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.machine import highest_bit, leaf, part

NONE: Final = -(1 << 62)
"""The best key of an empty side."""

SIDE: Final = np.dtype(
    [
        ("sign", "i8"),  # +1 bid, -1 ask
        ("best", "i8"),  # best key, NONE if empty
        ("lo", "i8"),  # lowest key of the window
        ("mask", "i8"),  # window size - 1
        ("ring", "i8"),  # offsets in the arena: lots by slot
        ("bits", "i8"),  # one bit a slot
        ("tops", "i8"),  # one bit a word of bits
        ("far", "i8"),  # (key, lots) pairs, lots 0 = free
        ("far_mask", "i8"),
        ("far_levels", "i8"),
        ("levels", "i8"),  # all levels, near and far
        ("lost", "i8"),  # levels refused because the far table was full
        ("moves", "i8"),  # how often the window moved
    ],
    align=True,
)

SCATTER: Final = -7046029254386353131
"""2**64 / golden ratio as an int64: spreads neighbouring keys over the far table."""


def window_for(price_ticks: int) -> int:
    """Ring size for a market near `price_ticks`: about 4 % of the price, a power of two in 4,096 .. 65,536."""
    size = 4096
    while size < 65536 and size < 0.04 * price_ticks:
        size *= 2
    return size


def words_for(window: int, far: int) -> int:
    """Arena words one side needs; both sizes are powers of two."""
    return window + window // 64 + max(1, window // 4096) + 2 * far


def place_side(side: Any, sign: int, offset: int, window: int, far: int) -> int:
    """Lay an empty side out in the arena from `offset` on; returns the first free offset behind it."""
    side["sign"], side["best"], side["lo"], side["mask"] = sign, NONE, 0, window - 1
    side["ring"] = offset
    side["bits"] = offset + window
    side["tops"] = side["bits"] + window // 64
    side["far"] = side["tops"] + max(1, window // 4096)
    side["far_mask"] = far - 1
    return int(side["far"]) + 2 * far


@leaf
def put(b, A, key, lots):
    """Set the absolute quantity of a level (0 deletes it) and return what it was. O(1) amortised.

    Written without branches on whether the level stands: half of the rows would take the processor by surprise.
    """
    at = key - b.lo
    if np.uint64(at) > np.uint64(b.mask):
        return put_outside(b, A, key, lots)
    slot = key & b.mask
    cell = np.uint64(b.ring + slot)
    old = A[cell]
    A[cell] = lots
    stands = np.int64(lots > 0)
    b.levels += stands - np.int64(old > 0)
    cell = np.uint64(b.bits + (slot >> 6))
    word = A[cell]
    bits = (word & ~(np.int64(1) << (slot & 63))) | (stands << (slot & 63))
    A[cell] = bits
    if (word == 0) != (bits == 0):
        note_word(b, A, slot >> 6, bits)
    if lots > 0:
        b.best = max(b.best, key)
    elif key == b.best:
        sink(b, A)
    return old


@part
def note_word(b, A, word, bits):
    """A word of bits became empty, or is so no more."""
    top = b.tops + (word >> 6)
    bit = np.int64(1) << (word & 63)
    A[top] = A[top] & ~bit if bits == 0 else A[top] | bit


@leaf
def lots_at(b, A, key):
    """Quantity at a level, 0 if there is none."""
    at = key - b.lo
    if at < 0 or at > b.mask:
        return far_lots(b, A, key) if b.far_levels > 0 else 0
    return A[b.ring + (key & b.mask)]


@part
def mark(b, A, slot):
    """Note that a slot holds a level."""
    word = slot >> 6
    cell = b.bits + word
    if A[cell] == 0:
        A[b.tops + (word >> 6)] |= np.int64(1) << (word & 63)
    A[cell] |= np.int64(1) << (slot & 63)


@part
def unmark(b, A, slot):
    """Note that a slot holds none."""
    word = slot >> 6
    cell = b.bits + word
    A[cell] &= ~(np.int64(1) << (slot & 63))
    if A[cell] == 0:
        A[b.tops + (word >> 6)] &= ~(np.int64(1) << (word & 63))


@part
def near_below(b, A, key):
    """The next level's key strictly below `key` inside the window, or NONE."""
    slot = (key - 1) & b.mask
    word = slot >> 6
    bits = A[b.bits + word] << (63 - (slot & 63))
    if bits != 0:
        found = slot - 63 + highest_bit(bits)
    else:
        found = higher_words(b, A, word)
        if found < 0:
            return NONE
    below = b.lo + ((found - b.lo) & b.mask)
    return below if below < key else NONE


@part
def higher_words(b, A, word):
    """Highest set slot of the words before `word`, going round the ring; -1 if the ring is empty."""
    words = (b.mask + 1) >> 6
    tops = (words + 63) >> 6
    word = (word - 1) & (words - 1)
    top = word >> 6
    bits = A[b.tops + top] << (63 - (word & 63))
    if bits != 0:
        word = word - 63 + highest_bit(bits)
        return (word << 6) + highest_bit(A[b.bits + word])
    for _ in range(tops):
        top = top - 1 if top > 0 else tops - 1
        bits = A[b.tops + top]
        if bits != 0:
            word = (top << 6) + highest_bit(bits)
            return (word << 6) + highest_bit(A[b.bits + word])
    return -1


@part
def next_level(b, A, key):
    """The key of the next worse level, near or far; NONE at the end. O(1) near, O(far table) beyond the window."""
    below = near_below(b, A, key)
    if below == NONE and b.far_levels > 0:
        below = far_below(b, A, key)
    return below


@part
def sink(b, A):
    """The best level was deleted: find the next, and move the window when its lower edge is near."""
    best = near_below(b, A, b.best)
    if best == NONE and b.far_levels > 0:
        best = far_below(b, A, b.best)
    b.best = best
    if best != NONE and b.far_levels > 0 and best - b.lo < (b.mask >> 3):
        move(b, A, best)


@part
def put_outside(b, A, key, lots):
    """`put` for a key outside the window."""
    if key > b.lo:
        if lots == 0:
            return 0
        move(b, A, key)
        return put_near_new(b, A, key, lots)
    if b.levels == 0:
        if lots == 0:
            return 0
        b.lo = key - (b.mask - (b.mask >> 2))
        return put_near_new(b, A, key, lots)
    old = far_put(b, A, key, lots)
    if old == 0 and lots > 0:
        if far_lots(b, A, key) > 0:
            b.levels += 1
    elif old > 0 and lots == 0:
        b.levels -= 1
    return old


@part
def put_near_new(b, A, key, lots):
    """Enter a level known to be new and inside the window."""
    slot = key & b.mask
    A[b.ring + slot] = lots
    mark(b, A, slot)
    b.levels += 1
    b.best = max(b.best, key)
    return 0


@part
def move(b, A, best):
    """Move the window so that three quarters of it lie below `best`."""
    lo = best - (b.mask - (b.mask >> 2))
    for word in range((b.mask + 1) >> 6):
        evict_word(b, A, word, lo)
    b.lo = lo
    b.moves += 1
    if b.far_levels > 0:
        recall(b, A)


@part
def evict_word(b, A, word, lo):
    """Evict those levels of one word that lie outside the window from `lo` on."""
    bits = A[b.bits + word]
    while bits != 0:
        bit = highest_bit(bits)
        bits &= ~(np.int64(1) << bit)
        slot = (word << 6) + bit
        key = b.lo + ((slot - b.lo) & b.mask)
        if key < lo or key > lo + b.mask:
            evict(b, A, key, slot)


@part
def evict(b, A, key, slot):
    """Take a near level to the far table."""
    lots = A[b.ring + slot]
    A[b.ring + slot] = 0
    unmark(b, A, slot)
    far_put(b, A, key, lots)
    if far_lots(b, A, key) == 0:
        b.levels -= 1


@part
def recall(b, A):
    """Bring far levels that now lie inside the window back to the ring."""
    for i in range(b.far_mask + 1):
        cell = b.far + 2 * i
        while A[cell + 1] > 0 and b.lo <= A[cell] <= b.lo + b.mask:
            key = A[cell]
            lots = A[cell + 1]
            far_delete(b, A, i)
            slot = key & b.mask
            A[b.ring + slot] = lots
            mark(b, A, slot)


@part
def far_home(b, key):
    """The index at which the search for a far key begins."""
    return ((key * np.int64(SCATTER)) >> 20) & b.far_mask


@part
def far_find(b, A, key):
    """Index of a far key, or of the free place where it would stand."""
    i = far_home(b, key)
    while A[b.far + 2 * i + 1] > 0 and A[b.far + 2 * i] != key:
        i = (i + 1) & b.far_mask
    return i


@part
def far_lots(b, A, key):
    """Quantity of a far level, 0 if there is none."""
    return A[b.far + 2 * far_find(b, A, key) + 1]


@part
def far_put(b, A, key, lots):
    """Set a far level's quantity and return what it was; a full table refuses new levels and counts them."""
    i = far_find(b, A, key)
    cell = b.far + 2 * i
    old = A[cell + 1]
    if lots == 0:
        if old > 0:
            far_delete(b, A, i)
    elif old > 0:
        A[cell + 1] = lots
    elif 4 * (b.far_levels + 1) > 3 * (b.far_mask + 1):
        b.lost += 1
    else:
        A[cell] = key
        A[cell + 1] = lots
        b.far_levels += 1
    return old


@part
def far_delete(b, A, i):
    """Free a place, closing the gap so that searches need no tombstones."""
    b.far_levels -= 1
    j = i
    while True:
        j = (j + 1) & b.far_mask
        if A[b.far + 2 * j + 1] == 0:
            break
        home = far_home(b, A[b.far + 2 * j])
        if ((j - home) & b.far_mask) >= ((j - i) & b.far_mask):
            A[b.far + 2 * i] = A[b.far + 2 * j]
            A[b.far + 2 * i + 1] = A[b.far + 2 * j + 1]
            i = j
    A[b.far + 2 * i] = 0
    A[b.far + 2 * i + 1] = 0


@part
def far_below(b, A, key):
    """The largest far key below `key`, or NONE. O(far table): only for walks beyond the window."""
    best = np.int64(NONE)
    for i in range(b.far_mask + 1):
        cell = b.far + 2 * i
        if A[cell + 1] > 0 and A[cell] < key and A[cell] > best:
            best = A[cell]
    return best


@part
def clear(b, A):
    """Drop every level."""
    for word in range((b.mask + 1) >> 6):
        bits = A[b.bits + word]
        while bits != 0:
            bit = highest_bit(bits)
            bits &= ~(np.int64(1) << bit)
            A[b.ring + (word << 6) + bit] = 0
        A[b.bits + word] = 0
    for top in range((b.mask + 4096) >> 12):
        A[b.tops + top] = 0
    if b.far_levels > 0:
        for i in range(2 * (b.far_mask + 1)):
            A[b.far + i] = 0
    b.far_levels = 0
    b.levels = 0
    b.best = NONE


def levels_of(side: Any, arena: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All levels of a side, best first: prices in ticks and quantities in lots, int64 arrays of equal length."""
    window = int(side["mask"]) + 1
    ring = arena[side["ring"] : side["ring"] + window]
    slots = np.flatnonzero(ring)
    keys = side["lo"] + ((slots - side["lo"]) & side["mask"])
    table = arena[side["far"] : side["far"] + 2 * (side["far_mask"] + 1)].reshape(-1, 2)
    far = table[table[:, 1] > 0]
    keys = np.concatenate([keys, far[:, 0]])
    lots = np.concatenate([ring[slots], far[:, 1]])
    order = np.argsort(-keys)
    return keys[order] * side["sign"], lots[order]


def check(side: Any, arena: NDArray[np.int64]) -> None:
    """Assert what must hold of a side: counts, bits, best and window agree with the levels."""
    prices, lots = levels_of(side, arena)
    keys = prices * side["sign"]
    assert len(keys) == side["levels"], f"levels {side['levels']}, found {len(keys)}"
    assert len(np.unique(keys)) == len(keys), "a level stands twice"
    assert (lots > 0).all(), "a level without quantity"
    assert side["best"] == (keys[0] if len(keys) else NONE), f"best {side['best']}, found {keys[:1]}"
    inside = (keys >= side["lo"]) & (keys <= side["lo"] + side["mask"])
    assert (~inside).sum() == side["far_levels"], "far levels miscounted, or a far level inside the window"
    window = int(side["mask"]) + 1
    words = arena[side["bits"] : side["bits"] + window // 64].view(np.uint64)
    bits = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    ring = arena[side["ring"] : side["ring"] + window]
    assert ((ring > 0) == bits.reshape(-1).astype(bool)).all(), "bits differ from the ring"
    tops = arena[side["tops"] : side["tops"] + max(1, window // 4096)].view(np.uint64)
    marked = ((tops[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).reshape(-1)[: len(words)]
    assert ((words != 0) == marked.astype(bool)).all(), "top bits differ from the words"
