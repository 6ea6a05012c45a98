"""Fees, rebates, cash and position, exact to the unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.errors import ConfigError
from stackedmm.sim import build


def fees_of(found):
    return [(int(r["px"]), int(r["qty"])) for r in found if r["kind"] == rows.FILL_ID]


def traded(play, fees, **options):
    """A maker buy of 5 lots at 98 and a taker sell of 7 lots at 99."""
    p = play((20, "trade", "sell", 90, 1), fees=[fees], **options)
    p.until(1)
    p.place(1, "buy", 98, 5)
    p.place(2, "sell", 99, 7, take=True)
    return p, p.answers()


def test_fees_are_charged_by_role_and_rebates_are_negative(play):
    p, found = traded(play, (Decimal("-0.0001"), Decimal("0.0007")))
    cost = 10**6  # cost units of 1e-9 a tick x lot of 1e-3
    taker, maker = 99 * 7 * cost * 7 // 10_000, -(98 * 5 * cost // 10_000)
    assert fees_of(found) == [(taker, rows.FEE_QUOTE), (maker, rows.FEE_QUOTE)]
    account = p.account()
    assert account.fees == taker + maker
    assert account.cash == (99 * 7 - 98 * 5) * cost
    assert (account.position, account.fills, account.lots_traded) == (-2, 2, 12)


def test_a_fee_of_half_a_unit_rounds_away_from_zero(play):
    _, found = traded(play, (Decimal("-0.5"), Decimal("0.5")), units=[(1, 1)])
    assert fees_of(found) == [((99 * 7 + 1) // 2, 0), (-(98 * 5 // 2), 0)]
    assert 99 * 7 % 2 == 1


def test_an_inverse_contract_pays_fee_and_profit_in_base(play, a_market):
    inverse = a_market(kind="inverse", lot=Decimal(1), contract_size=Decimal(100))
    fees = (Decimal("0.0001"), Decimal("0.0005"))
    p, found = traded(play, fees, markets=[inverse])
    K = 10**12  # 1e-9 coins of a contract of 100 at a price of one tick of 0.1
    sold, bought = Fraction(7 * K, 99), Fraction(5 * K, 98)
    expected = [(round(sold * 5 / 10_000), rows.FEE_BASE), (round(bought / 10_000), rows.FEE_BASE)]
    assert fees_of(found) == expected
    assert p.account().cash == round(bought) - round(sold)
    assert p.account().turnover == 12 * 100 * 10**9


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 10**7), st.integers(1, 10**5), st.integers(-(10**7), 10**7), st.sampled_from(["linear", "inverse"])
)
def test_any_fee_is_the_exact_one_rounded_half_away_from_zero(play_rows, rows_of, a_market, px, lots, rate, kind):
    fee = Decimal(rate).scaleb(-9)
    p = play_rows(rows_of([(0, "depth", "ask", px, 1)]), [a_market(kind=kind)], fees=[(fee, fee)], units=[(10**11, 7)])
    p.until(1)
    p.place(1, "buy", px, lots, take=True)
    p.until()
    cost = Fraction(lots * 10**11, px) if kind == "inverse" else px * lots * 7
    exact = cost * Fraction(abs(rate), 10**9)
    assert p.account().fees == int(exact + Fraction(1, 2)) * (1 if rate >= 0 else -1)


def test_units_make_every_cost_an_integer(a_market):
    fine = a_market(tick=Decimal("1e-10"), lot=Decimal("0.1"))
    assert build.units_of(fine).cost == Decimal("1e-11")
    assert build.units_of(fine).cost_units == 1
    assert build.units_of(a_market()).cost_units == 10**6
    assert build.units_from(a_market(), 4, 10) == (4, 10, Decimal("0.0025"), Decimal("0.0001"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queue": "fifo"}, "queue model 'fifo'"),
        ({"stp": "both"}, "self-trade prevention 'both'"),
        ({"memory": 1000}, "power of two"),
        ({"latency_ns": [1, 2]}, "2 entries for 1 markets"),
        ({"fees": [(Decimal("1e-10"), Decimal(0))]}, "whole number"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_name(a_market, options, message):
    with pytest.raises(ConfigError, match=message):
        build.build([a_market()], **options)
