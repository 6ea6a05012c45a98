"""A market that never was: several venues of one coin, seeded, that trade as long as they are asked to."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core.machine import entry, part, view
from stackedmm.core.market import Market
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.core.rows import ROW
from stackedmm.sim.synthetic_book import fair_ticks, found, mend, snapshot, trade, update_book
from stackedmm.sim.synthetic_price import advance, worth
from stackedmm.sim.synthetic_state import (
    BETWEEN,
    CROSSED,
    CROSSES,
    OWN,
    RING,
    STEP_US,
    VENUE,
    WORLD,
    normal,
    unit,
    waiting,
)

START: Final = 1_740_996_000_000_000_000
"""2025-03-03 10:00 UTC."""

WORTH: Final = {"BTC": 60_000, "ETH": 3_000, "BNB": 600, "SOL": 150}
"""About what a unit of quote is worth in dollars, so that sizes are sensible; others are dollars."""

Step = Decimal | str | float
Steps = Step | Mapping[str, Step] | None


class Profile(NamedTuple):
    """What makes one venue differ from another."""

    trades: float
    updates: float
    half_bps: float
    behind_s: float
    noise_bps: float
    depth: float
    latency_us: float
    gap_s: float
    tick: Decimal
    """In units of the usual tick; so is the lot."""
    lot: Decimal
    maker_fee: Decimal
    taker_fee: Decimal


PROFILES: Final = {
    "binance": Profile(
        1.0, 16.0, 0.9, 0.08, 0.5, 1500, 3500, 900, Decimal(1), Decimal(1), Decimal("0.0002"), Decimal("0.0005")
    ),
    "bybit": Profile(
        0.6, 12.0, 1.3, 0.30, 0.9, 900, 9000, 600, Decimal("0.5"), Decimal("0.1"), Decimal("0.0001"), Decimal("0.0006")
    ),
    "gate": Profile(
        0.3, 6.0, 2.6, 0.90, 1.6, 500, 32000, 280, Decimal(1), Decimal(10), Decimal("0.0002"), Decimal("0.0006")
    ),
}
"""By venue; others take these in turn."""


class Stream:
    """A synthetic market that goes on: each call of `advance` answers the rows of the next seconds.

    The same arguments give the same rows, in whatever chunks they are asked for (of whole 20 ms).
    """

    def __init__(
        self,
        venues: Sequence[str] = ("binance", "bybit", "gate"),
        symbol: str = "BERA/USDT",
        *,
        seed: int = 7,
        start: int = START,
        price: float = 6.25,
        tick: Steps = None,
        lot: Steps = None,
        gaps: float = 1.0,
        quotes: Sequence[str] = (),
    ) -> None:
        """`gaps` says how often feeds break, as a multiple of every few minutes.

        With further `quotes` every venue also lists the coin in each of them, and each of them in the symbol's quote:
        all prices agree but for what venues know late. `tick` and `lot` are those of the symbol.
        """
        if not venues or len(set(venues)) != len(venues) or not price > 0 or start % 1000 or not gaps > 0:
            raise ValueError(f"venues {venues!r}, price {price}, start {start}: expected different venues, whole us")
        listed = _listed(sorted(venues), symbol, price, quotes)
        self.markets = tuple(
            _market(
                each.venue, each.place, each.symbol, each.price, *((tick, lot) if each.pair == OWN else (None, None))
            )
            for each in listed
        )
        self._world = np.zeros(1, WORLD)
        self._venues = np.zeros(len(listed), VENUE)
        self._arena = np.zeros(2 * RING * len(listed), np.int64)
        self._pending: np.ndarray[Any, Any] = np.zeros(0, ROW)
        self._world["random"] = _scatter(seed)
        self._world["now"] = self._world["until"] = start // 1000
        _cross(self._world[0], symbol, quotes)
        for i, (market, each) in enumerate(zip(self.markets, listed, strict=True)):
            _settle(self._venues[i], i, market, _profile(market.venue, each.place), each.price)
            self._venues[i]["pair"], self._venues[i]["cross"] = each.pair, each.cross
        self._venues["gap_s"] /= gaps
        shares = [_profile(each.venue, each.place).trades * BUSY[each.pair] for each in listed]
        self._venues["share"] = np.array(shares) / sum(shares)
        opening = np.zeros(4 * RING * len(listed), ROW)
        count = open_market(view(self._world), view(self._venues), self._arena, view(opening), math.log(price))
        self._pending = opening[:count].copy()

    @property
    def now(self) -> int:
        """ns up to which rows were answered."""
        return int(self._world["until"][0]) * 1000

    def advance(self, seconds: float) -> np.ndarray[Any, Any]:
        """Rows of the next seconds, by local time. Messages still under way at their end come with the next call."""
        steps = round(seconds * 1e6 / STEP_US)
        if steps < 1:
            raise ValueError(f"{seconds} s, expected at least {STEP_US / 1e6} s")
        self._world["until"] += steps * STEP_US
        parts: list[np.ndarray[Any, Any]] = [self._pending]
        room = np.zeros(min(1 << 17, (1 << 15) + 40 * steps), ROW)
        while self._world["now"][0] < self._world["until"][0]:
            count = generate(view(self._world), view(self._venues), self._arena, view(room))
            parts.append(room[:count].copy())
        rows = np.concatenate(parts)
        del parts
        order = np.argsort(rows["ts"], kind="stable")
        arrived = int((rows["ts"] < self.now).sum())
        self._pending = rows[order[arrived:]]
        return rows[order[:arrived]]

    def freeze(self) -> bytes:
        """All that the stream remembers; a stream made with the same arguments goes on from there by `thaw`."""
        return b"".join(each.tobytes() for each in (self._world, self._venues, self._arena, self._pending))

    def thaw(self, state: bytes) -> None:
        """Go on from where `freeze` was called."""
        at = 0
        for name in ("_world", "_venues", "_arena"):
            array = getattr(self, name)
            setattr(self, name, np.frombuffer(state, array.dtype, len(array), at).copy())
            at += array.nbytes
        self._pending = np.frombuffer(state, ROW, -1, at).copy()


def synthetic(
    venues: Sequence[str] = ("binance", "bybit", "gate"),
    symbol: str = "BERA/USDT",
    seed: int = 7,
    seconds: float = 600,
    start: int = START,
    price: float = 6.25,
    tick: Steps = None,
    lot: Steps = None,
    quotes: Sequence[str] = (),
) -> Recording:
    """A recording of a synthetic market: the first `seconds` of the `Stream` of the same arguments.

    `tick` and `lot` are one for all venues or given by venue; else each venue has its own.
    """
    stream = Stream(venues, symbol, seed=seed, start=start, price=price, tick=tick, lot=lot, quotes=quotes)
    rows = stream.advance(seconds)
    notes = (f"synthetic market, seed {seed}",)
    return Recording(stream.markets, rows, by_exchange(rows), start, stream.now, notes)


class Listed(NamedTuple):
    """One market of a venue: what it trades, about where, and which of the world's prices move it."""

    venue: str
    place: int
    symbol: str
    price: float
    pair: int
    cross: int


BUSY: Final = {OWN: 1.0, CROSSED: 0.15, BETWEEN: 0.4}
"""Trading by kind of pair, over that of the coin in the first quote currency."""


def _listed(venues: Sequence[str], symbol: str, price: float, quotes: Sequence[str]) -> list[Listed]:
    """The markets of all venues: the symbol's, then for each further quote the coin in it, and it in the first."""
    base, _, first = symbol.partition("/")
    if (quotes and ":" in symbol) or len(quotes) > CROSSES or {base, first} & {*quotes}:
        raise ValueError(f"quotes {quotes!r}: at most {CROSSES} others than {base} and {first}, of a spot symbol")
    found = [Listed(venue, i, symbol, price, OWN, 0) for i, venue in enumerate(venues)]
    for c, quote in enumerate(quotes):
        rate = _rate(quote, first)
        found += [Listed(venue, i, f"{base}/{quote}", price / rate, CROSSED, c) for i, venue in enumerate(venues)]
        found += [Listed(venue, i, f"{quote}/{first}", rate, BETWEEN, c) for i, venue in enumerate(venues)]
    return found


def _rate(quote: str, first: str) -> float:
    return WORTH.get(quote, 1) / WORTH.get(first, 1)


def _cross(w: Any, symbol: str, quotes: Sequence[str]) -> None:
    """What further quotes are worth, and how far that moves: a coin about a basis point a second, dollars little."""
    first = symbol.partition("/")[2]
    w["crosses_n"] = len(quotes)
    for c, quote in enumerate(quotes):
        w["crosses"][c] = w["cross_anchors"][c] = math.log(_rate(quote, first))
        w["cross_bps"][c] = 1.0 if quote in WORTH or first in WORTH else 0.05


def _profile(venue: str, place: int) -> Profile:
    return PROFILES.get(venue) or tuple(PROFILES.values())[place % len(PROFILES)]


def _market(venue: str, place: int, symbol: str, price: float, tick: Steps, lot: Steps) -> Market:
    profile = _profile(venue, place)
    base, _, quote = symbol.partition("/")
    quote, _, settle = quote.partition(":")
    # A lot worth some tenths of a dollar is what venues choose.
    worth = WORTH.get(quote, 1)
    usual_lot = Decimal(1).scaleb(math.floor(math.log10(0.8 / price / worth)))
    lot_size = _given(lot, venue) or usual_lot * profile.lot
    return Market(
        venue=venue,
        symbol=symbol,
        base=base,
        quote=quote,
        tick=(_given(tick, venue) or _usual_tick(price) * profile.tick).normalize(),
        lot=lot_size.normalize(),
        kind="linear" if settle else "spot",
        settle=settle,
        min_quantity=lot_size.normalize(),
        min_notional=Decimal(5) if worth == 1 else Decimal(1).scaleb(math.ceil(math.log10(5 / worth))),
        maker_fee=profile.maker_fee,
        taker_fee=profile.taker_fee,
        source="synthetic",
    )


def _usual_tick(price: float) -> Decimal:
    """A tick of half a basis point to five."""
    return Decimal(1).scaleb(math.floor(math.log10(price / 2)) - 3)


def _given(steps: Steps, venue: str) -> Decimal | None:
    step = steps.get(venue) if isinstance(steps, Mapping) else steps
    return None if step is None else Decimal(str(step))


def _settle(v: Any, place: int, market: Market, profile: Profile, price: float) -> None:
    """What a venue is, before anything happens."""
    # Makers leave most of very fine ticks empty.
    v["pace"] = max(1, int(_usual_tick(price) / 4 / market.tick))
    tick = float(market.tick) * int(v["pace"])
    v["tick"], v["lot"] = tick, float(market.lot) * WORTH.get(market.quote, 1)
    v["updates"] = profile.updates
    v["half_bps"] = max(profile.half_bps, 0.3e4 * tick / price)
    v["follow"] = min(1.0, STEP_US * 1e-6 / profile.behind_s)
    v["noise_bps"], v["depth"] = profile.noise_bps, profile.depth
    v["latency_us"], v["latency_spread"] = profile.latency_us, 0.3
    v["gap_s"] = profile.gap_s
    v["reach"] = int(min(56, max(30, 60e-4 * price / tick)))
    v["ring"] = (2 * place * RING, (2 * place + 1) * RING)
    v["update"], v["trade"] = 1_000_000 * (place + 1), 50_000_000 * (place + 1)
    v["index"] = place


def _scatter(seed: int) -> int:
    """splitmix64: neighbouring seeds give streams that have nothing in common; never 0."""
    mask = (1 << 64) - 1
    z = (seed + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) or 1


@entry
def open_market(W, venues, A, out, log_price):
    """Draw where everything stands at the start, fill the books and send them; returns how many rows."""
    w = W[0]
    w.price = log_price
    w.anchor = log_price
    w.event = w.now
    w.heat = w.calm = w.widen = 1.0
    w.volatility = 0.3 * normal(w)
    w.lean = 0.5 * normal(w)
    w.slow = 0.5 * normal(w)
    w.medium = 0.4 * normal(w)
    for i in range(len(venues)):
        v = venues[i]
        v.fair = worth(w, v, log_price)
        v.level = math.exp(v.fair)
        v.activity = 0.4 * normal(w)
        v.next_gap = w.now + int(waiting(w, 1.0 / v.gap_s) * 1e6)
        found(w, v, A, out)
        snapshot(w, v, A, out)
    return w.count


@entry
def generate(W, venues, A, out):
    """Go on until the chunk ends or the room does; returns how many rows were put out."""
    w = W[0]
    w.count = 0
    while w.now < w.until and w.count < len(out) - 30000:
        advance(w, venues)
        events(w, venues, A, out)
        w.now += STEP_US
    return w.count


@part
def events(w, venues, A, out):
    """What happens within a step, at its times."""
    total = 0.0
    for i in range(len(venues)):
        set_rates(w, venues[i])
        total += venues[i].updating + venues[i].taking
    at = 0.0
    for _ in range(40):
        at += waiting(w, total)
        if at >= STEP_US * 1e-6:
            return
        w.event = w.now + int(at * 1e6)
        i = 0
        pick = unit(w) * total - venues[0].updating - venues[0].taking
        while pick > 0.0 and i + 1 < len(venues):
            i += 1
            pick -= venues[i].updating + venues[i].taking
        v = venues[i]
        total -= v.updating + v.taking
        mend(w, v, A, out)
        if pick + v.taking > 0.0:
            trade(w, v, A, out)
        else:
            update_book(w, v, A, out)
        set_rates(w, v)
        total += v.updating + v.taking


@part
def set_rates(w, v):
    """Events a second of one venue: its share of trading, and more of all while its book is not where it should be."""
    half = 0.5 * (-v.best[1] - v.best[0])
    astray = max(0.0, abs(fair_ticks(v) - 0.5 * (v.best[0] - v.best[1])) / max(1.0, half) - 0.7)
    v.updating = v.updates * (0.5 + 0.5 * min(w.heat, 6.0)) * (1.0 + min(4.0, astray))
    v.taking = w.rate * v.share * max(0.1, 1.0 + v.activity) * (1.0 + 0.8 * min(2.0, astray))
