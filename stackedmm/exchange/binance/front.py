"""Binance's side of the counter: who asks, which market is meant, and how much of the limits is used."""

from collections.abc import Callable
from typing import Any, Final

from stackedmm.exchange.binance import shapes, signing, told
from stackedmm.exchange.binance.ask import Params, text
from stackedmm.exchange.budget import MINUTE_MS, Window
from stackedmm.exchange.ledger import Account
from stackedmm.exchange.venue import Venue

HOSTS: Final = ("binance.com",)
WEIGHT: Final = 6000
ORDERS: Final = (("10S", 10_000, 100), ("1D", 86_400_000, 200_000))
EVERYBODY: Final = "everybody"
"""Weights are counted by address, and all clients of a local exchange have the same."""


class Front:
    """One Binance: a venue, its symbols and its limits."""

    def __init__(self, venue: Venue, now_ms: Callable[[], int]) -> None:
        self.venue, self.now_ms = venue, now_ms
        self.index = {shapes.market_id(market): i for i, market in enumerate(venue.markets)}
        self.weight = Window("1M", MINUTE_MS, WEIGHT)
        self.orders = [Window(*each) for each in ORDERS]
        self._ids = 0

    def market(self, p: Params) -> int:
        """Index of the market a request names."""
        name = text(p, "symbol")
        if name not in self.index:
            raise told.unknown_symbol()
        return self.index[name]

    def owner(self, p: Params) -> Account:
        """Who asks; the doors put the key into `apiKey`."""
        return signing.owner(self.venue.accounts, p.get("apiKey", ""))

    def new_id(self) -> str:
        """A client id of the venue's own."""
        self._ids += 1
        return f"local{self._ids:017d}"

    def count_order(self, owner: Account) -> None:
        """One more new order of an account."""
        for window in self.orders:
            if wait := window.spend(owner.key, 1, self.now_ms()):
                raise told.Told(429, -1015, f"Too many new orders; limit is {window.limit} in {window.name}.", _s(wait))

    def spend(self, weight: int) -> None:
        """One more request, of this weight."""
        if wait := self.weight.spend(EVERYBODY, weight, self.now_ms()):
            raise told.Told(429, -1003, f"Too much request weight used; limit is {WEIGHT} in 1 MINUTE.", _s(wait))

    def headers(self, key: str) -> dict[str, str]:
        """What has been used of the limits."""
        now = self.now_ms()
        used = {"X-MBX-USED-WEIGHT-1M": str(self.weight.used(EVERYBODY, now))}
        if key:
            used |= {f"X-MBX-ORDER-COUNT-{each.name}": str(each.used(key, now)) for each in self.orders}
        return used

    def limits(self) -> list[dict[str, Any]]:
        """As exchangeInfo lists them."""
        return [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self.orders[0].limit},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": self.orders[1].limit},
        ]

    def used(self, key: str) -> list[dict[str, Any]]:
        """The limits with what has been used of them, as the websocket API adds them."""
        now = self.now_ms()
        counts = [self.weight.used(EVERYBODY, now), *(each.used(key, now) for each in self.orders)]
        return [{**limit, "count": count} for limit, count in zip(self.limits(), counts, strict=True)]


def _s(ms: int) -> int:
    return -(-ms // 1000)
