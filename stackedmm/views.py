"""Read-only objects around a session, under the names that the strategy's examples use."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.engine.host import BookSide
from stackedmm.errors import ConfigError, StaleError
from stackedmm.session import places, state
from stackedmm.session.sheet import Sheet

if TYPE_CHECKING:
    from stackedmm.session import Session

SOURCES = ("aggregated", "component_venues", "liquidity_weighted", "single_venue")
TAKES = ("sell", "bid", "buy", "ask", "offer")
TAKEN = (0, 0, 1, 1, 1)
"""Which side of the book each of these takes: 1 the asks."""
SHOWN = 10
"""Levels a side in the repr of a book."""


class InventoryState:
    """What is held against what is wanted, at one moment; each entry is an attribute."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no {name}; there are {', '.join(self.__dict__)}")

    def __repr__(self) -> str:
        return repr(Sheet("Inventory", ("", ""), self.__dict__.items(), left=2))

    def _repr_html_(self) -> str:
        return Sheet("Inventory", ("", ""), self.__dict__.items(), left=2)._repr_html_()


class InventoryManager:
    """The inventory of a session."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def get_inventory_state(self) -> InventoryState:
        """As it stands now; amounts are exact and stand as text."""
        return InventoryState(state.inventory(self._session, self._session.look().state))

    def __repr__(self) -> str:
        return repr(self.get_inventory_state())


class AggregatedBook:
    """The stacked book of a symbol, uncrossed: levels with their venues' shares, best first."""

    def __init__(
        self, symbol: str, venues: list[str], bids: BookSide, asks: BookSide, age_s: float, contributing: list[str]
    ) -> None:
        self.symbol = symbol
        self.bids, self.asks = _levels(bids, venues), _levels(asks, venues)
        """[(price, size, {venue: size})], base coins."""
        self.contributing_exchanges = contributing
        """Venues whose books are fresh and whole, and take part."""
        self.age_s = age_s
        """Of the oldest book that takes part, seconds."""

    def __repr__(self) -> str:
        return repr(self._sheet())

    def _repr_html_(self) -> str:
        return self._sheet()._repr_html_()

    def _sheet(self) -> Sheet:
        rows = []
        for i in range(min(SHOWN, max(len(self.bids), len(self.asks)))):
            bid = self.bids[i][:2] if i < len(self.bids) else (None, None)
            ask = self.asks[i][:2] if i < len(self.asks) else (None, None)
            rows.append((bid[1], bid[0], ask[0], ask[1]))
        title = f"{self.symbol}: {', '.join(self.contributing_exchanges)}"
        return Sheet(title, ("size", "bid", "ask", "size"), rows, left=0)


def _levels(side: BookSide, venues: list[str]) -> list[tuple[float, float, dict[str, float]]]:
    return [
        (float(price), float(sizes.sum()), {venue: float(x) for venue, x in zip(venues, sizes, strict=True) if x})
        for price, sizes in zip(side.prices, side.shares, strict=True)
    ]


class EnhancedAggregatedOrderbookManager:
    """The merged books of a session."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def get_aggregated_orderbook(self, symbol: str) -> AggregatedBook | None:
        """The stacked book as last published; None before there is one. ConfigError for a symbol not traded."""
        session = self._session
        check_symbol(session, symbol)
        look = session.look()
        if look.bids is None or look.asks is None:
            return None
        names = [places.spelled(session.config, session.filled, i) for i in range(len(session.filled.quoted))]
        usable = [bool(m["usable"]) for m in look.state["markets"][: len(names)]]
        ages = [
            (int(look.state["now"]) - int(m["seen_ns"])) / 1e9
            for m, taken in zip(look.state["markets"], usable, strict=False)
            if taken
        ]
        contributing = [name for name, taken in zip(names, usable, strict=True) if taken]
        return AggregatedBook(symbol, names, look.bids, look.asks, max(ages, default=float("inf")), contributing)


class Priced(NamedTuple):
    """A price and where it comes from."""

    price: float
    venues: tuple[str, ...]
    weights: tuple[float, ...]
    """Parts of one, a venue each."""
    confidence: float
    """0 to 1: the part of the quantity that was there, times the part of the venues that took part."""
    partial: bool
    """There was less depth than asked."""
    age_s: float
    """Of the oldest book that was used."""


class MultiReferencePricingEngine:
    """What a quantity costs by each source of prices, from the books as last published."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def price(self, symbol: str, side: str, quantity: float, source: str | None = None) -> Priced:
        """The mean price at which a quantity of base coins can be had now: `side` is `buy` or `sell`.

        By the names of the book's sides, `ask` is what a buyer takes and `bid` what a seller takes.
        `source` is one of `SOURCES`, by default the configured one. ConfigError for what is not known, StaleError where
        no book of the source can be used.
        """
        session = self._session
        check_symbol(session, symbol)
        if not quantity > 0.0:
            raise ConfigError(f"quantity: found {quantity}, expected a number above 0")
        name = source or str(session.config.smart_pricing_source)
        chosen = SOURCES[places.one_of("source", name, SOURCES)]
        look = session.look()
        book = look.asks if TAKEN[places.one_of("side", side, TAKES)] else look.bids
        markets = self._markets(look.state, chosen)
        if book is None or not markets:
            raise StaleError(f"price({symbol!r}): no usable book for {chosen} now; wait, or ask another source")
        if chosen == "liquidity_weighted":
            return self._weighted(look.state, book, markets, quantity)
        return self._merged(look.state, book, markets, quantity)

    def _markets(self, s: Any, source: str) -> list[int]:
        """Markets of a source that can be used."""
        usable = [i for i in range(len(self._session.filled.quoted)) if s["markets"][i]["usable"]]
        if source == "single_venue":
            return [i for i in usable if i == int(s["source_market"])]
        if source == "aggregated":
            return usable
        return [i for i in usable if s["markets"][i]["in_reference"]]

    def _merged(self, s: Any, book: BookSide, markets: list[int], quantity: float) -> Priced:
        sizes = book.shares[:, markets]
        price, taken = walked(book.prices, sizes, quantity)
        total = float(taken.sum())
        if total <= 0.0:
            raise StaleError("price: the books of this source are empty on this side; ask another source")
        return self._priced(s, price, markets, taken / total, total / quantity)

    def _weighted(self, s: Any, book: BookSide, markets: list[int], quantity: float) -> Priced:
        walks = [walked(book.prices, book.shares[:, [i]], quantity) for i in markets]
        filled = np.array([float(taken.sum()) for _, taken in walks])
        weights = np.array([float(s["markets"][i]["weight"]) for i in markets]) * (filled > 0.0)
        if weights.sum() <= 0.0:
            raise StaleError("price: no venue has a weight yet; wait a second for the first")
        weights /= weights.sum()
        price = float(sum(w * p for w, (p, _) in zip(weights, walks, strict=True) if w))
        return self._priced(s, price, markets, weights, float((weights * filled).sum()) / quantity)

    def _priced(self, s: Any, price: float, markets: list[int], weights: NDArray[np.float64], part: float) -> Priced:
        session = self._session
        names = tuple(places.spelled(session.config, session.filled, i) for i in markets)
        age = max((int(s["now"]) - int(s["markets"][i]["seen_ns"])) / 1e9 for i in markets)
        whole = part >= 1.0 - 1e-9
        confidence = min(part, 1.0) * len(markets) / len(session.filled.quoted)
        return Priced(price, names, tuple(map(float, weights)), round(confidence, 9), not whole, age)


def walked(
    prices: NDArray[np.float64], sizes: NDArray[np.float64], quantity: float
) -> tuple[float, NDArray[np.float64]]:
    """The mean price of taking a quantity level by level, and what was taken from each column; NaN from nothing.

    >>> walked(np.array([100.0, 101.0]), np.array([[1.0, 1.0], [4.0, 0.0]]), 4.0)
    (100.5, array([3., 1.]))
    """
    level = sizes.sum(axis=1)
    before = np.cumsum(level) - level
    part = np.clip((quantity - before) / np.where(level > 0.0, level, 1.0), 0.0, 1.0)
    taken = sizes * part[:, None]
    total = float(taken.sum())
    return (float((prices * taken.sum(axis=1)).sum()) / total if total else float("nan")), taken.sum(axis=0)


def check_symbol(session: "Session", symbol: str) -> None:
    """ConfigError where the session does not trade it."""
    config = session.config
    traded = f"{config.base_coin}/{config.quote_currencies[0]}"
    if symbol.partition(":")[0] != traded:
        raise ConfigError(f"symbol: found {symbol!r}, expected {traded}")
