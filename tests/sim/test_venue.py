"""Venues driven by hand: what a person at the prompt would do."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest

from stackedmm.core.market import Market
from stackedmm.core.recording import by_exchange
from stackedmm.errors import VenueError
from stackedmm.sim.venue import SimulatedVenue

MS = 1_000_000


@dataclass
class Tape:
    markets: list[Market]
    local: np.ndarray
    exchange: np.ndarray


@pytest.fixture
def venue(rows_of, a_market):
    """A book of 9.9 / 10.1, a trade through 9.8 at 100 ms, an end at 200 ms."""
    events = [(0, "depth", "bid", 99, 50), (0, "depth", "bid", 98, 80), (0, "depth", "ask", 101, 40)]
    local = rows_of([*events, (100, "trade", "sell", 97, 5), (200, "depth", "bid", 90, 1)], lag_us=1000)

    def begin(**options):
        options = {"fees": [(Decimal("0.0001"), Decimal("0.0005"))], "latency_ns": 2 * MS} | options
        return SimulatedVenue(Tape([options.pop("market", a_market())], local, by_exchange(local)), **options)

    return begin


def test_a_buy_that_is_traded_through_ends_in_position_balance_and_fees(venue):
    v = venue()
    v.elapse(10 * MS)
    ref = v.submit(0, "buy", "9.8", Decimal("0.2"))
    v.elapse(50 * MS)
    assert v.orders[ref].status == "open"
    v.elapse(50 * MS)
    assert (v.orders[ref].status, v.position(0)) == ("filled", Decimal("0.20"))
    assert v.balance(0) == Decimal("-1.96")
    assert v.fees(0) == Decimal("0.000196")
    assert list(v.fills[["px", "lots", "side", "maker"]][0]) == [98, 20, 0, True]


def test_the_account_at_the_venue_is_ahead_of_what_we_know(venue):
    v = venue(response_ns=80 * MS)
    v.elapse(10 * MS)
    v.submit(0, "buy", "9.8", "0.2")
    v.elapse(95 * MS)
    assert v.account(0).position == 20
    assert v.position(0) == 0


def test_the_local_book_is_read_in_prices(venue):
    v = venue()
    assert v.best_bid(0) is None
    v.elapse(10 * MS)
    assert (v.best_bid(0), v.best_ask(0)) == (Decimal("9.9"), Decimal("10.1"))
    assert v.depth(0, "bid") == [(Decimal("9.9"), Decimal("0.50")), (Decimal("9.8"), Decimal("0.80"))]


def test_a_refused_order_says_why(venue):
    v = venue()
    v.elapse(10 * MS)
    ref = v.submit(0, "buy", "10.1", "0.2")
    v.elapse(10 * MS)
    assert (v.orders[ref].status, v.orders[ref].reason) == ("rejected", "post-only would take")
    assert not v.orders[ref].is_live


def test_an_order_that_crosses_on_purpose_takes(venue):
    v = venue()
    v.elapse(10 * MS)
    ref = v.submit(0, "buy", 10.1, 0.2, post_only=False)
    v.elapse(10 * MS)
    assert v.orders[ref].status == "filled"
    assert v.fees(0) == Decimal("0.00101")


def test_a_cancelled_order_is_canceled_and_a_query_finds_what_became_of_it(venue):
    v = venue()
    v.elapse(10 * MS)
    ref = v.submit(0, "sell", "10.5", "0.2")
    v.cancel(ref)
    v.elapse(10 * MS)
    assert v.orders[ref].status == "canceled"
    v.query(ref)
    v.elapse(10 * MS)
    assert v.orders[ref].status == "canceled"


def test_inverse_contracts_are_settled_in_coins(venue, a_market):
    v = venue(market=a_market(kind="inverse", lot=Decimal(1), contract_size=Decimal(100)))
    v.elapse(10 * MS)
    v.submit(0, "buy", "9.8", 3)
    v.elapse(100 * MS)
    assert v.position(0) == 3
    assert v.balance(0) == round(Decimal(300) / Decimal("9.8"), 9)
    assert v.fees(0) == round(Decimal(300) / Decimal("9.8") / 10_000, 9)
    assert v.balance(0) == v.account(0).cash * v.units[0].base


def test_prices_off_the_tick_are_refused_at_the_door(venue):
    v = venue()
    with pytest.raises(VenueError, match=r"9\.85 is no multiple of 0\.1"):
        v.submit(0, "buy", "9.85", "0.2")


def test_elapse_says_when_the_recording_is_over(venue):
    v = venue()
    assert v.elapse(150 * MS)
    v.submit(0, "buy", "9", "0.2")
    assert v.elapse(1 * MS)
    assert not v.elapse(100 * MS)
    assert v.orders[1].status == "open"
