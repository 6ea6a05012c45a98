"""Positions and profit, computed once more from the fills alone, in fractions."""

from dataclasses import dataclass
from fractions import Fraction

import pytest


def exact(number) -> Fraction:
    """A decimal amount, as a frame's float or the summary's text holds it."""
    return Fraction(str(number))


@dataclass
class Ledger:
    """Average cost: a reduction realises its share and leaves the average alone, a flip starts anew."""

    position: Fraction
    cost: Fraction
    realised: Fraction = Fraction(0)

    def enter(self, sign: int, size: Fraction, price: Fraction, fee: Fraction) -> None:
        paid = sign * size * price + fee
        if self.position * sign >= 0:
            self.position += sign * size
            self.cost += paid
            return
        closing = min(size, abs(self.position))
        share, part = self.cost * closing / abs(self.position), paid * closing / size
        self.realised -= share + part
        self.cost -= share - (paid - part)
        self.position += sign * size


def replayed(result) -> Ledger:
    """The ledger that the fills of a run make, from its opening at target and the first reference."""
    opening = Fraction(result.config.inventory.target_inventory)
    ledger = Ledger(opening, opening * Fraction(float(result.decisions["reference"].iloc[0])))
    for fill in result.fills.itertuples():
        sign = 1 if fill.side == "bid" else -1
        ledger.enter(sign, exact(fill.size), exact(fill.price), exact(fill.fee))
    return ledger


def check(result) -> None:
    """The summary says what the fills say; the engine rounds each share to a cost unit."""
    found, ledger = result.summary, replayed(result)
    rounding = Fraction(2 * found["fills"] + 2, 10**9)
    assert len(result.fills) == found["fills"] == len(set(zip(result.fills.venue, result.fills.trade, strict=True)))
    assert exact(found["position"]) == ledger.position
    assert abs(exact(found["realised_pnl"]) - ledger.realised) <= rounding
    reference = Fraction(float(result.series["reference"].iloc[-1]))
    assert abs(exact(found["unrealised_pnl"]) - (ledger.position * reference - ledger.cost)) <= rounding
    assert exact(found["fees"]) == sum(map(exact, result.fills["fee"]))
    held = result.config.inventory
    inside = (result.series["inventory"] - float(held.target_inventory)).abs()
    assert inside.max() <= float(held.max_inventory_deviation)


def check_venues(result) -> None:
    """Each venue's part, by its own account."""
    for each in result.summary["venues"]:
        fills = result.fills[(result.fills.venue == each["venue"]) & (result.fills.symbol == each["symbol"])]
        signs = fills["side"].map({"bid": 1, "ask": -1})
        sizes = [exact(size) for size in fills["size"]]
        assert exact(each["position"]) == sum(s * size for s, size in zip(signs, sizes, strict=True))
        money = [size * exact(price) for size, price in zip(sizes, fills["price"], strict=True)]
        assert exact(each["turnover"]) == sum(money)
        rates = [exact(each["maker_fee_bps"] if maker else each["taker_fee_bps"]) / 10_000 for maker in fills["maker"]]
        for fee, rate, value in zip(fills["fee"], rates, money, strict=True):
            assert abs(exact(fee) - rate * value) <= Fraction(1, 2 * 10**9)


def test_a_synthetic_run_s_fills_add_up_to_its_summary(ruled):
    assert ruled.summary["fills"] > 5
    check(ruled)
    check_venues(ruled)


def test_a_recorded_run_s_fills_add_up_to_its_summary(recorded):
    assert recorded.summary["fills"] > 20
    assert {each["venue"] for each in recorded.summary["venues"] if each["fills"]} == {"binance", "binanceusdm"}
    check(recorded)
    check_venues(recorded)


def test_a_recorded_run_s_fills_stand_at_prices_that_the_market_traded(recorded):
    for venue, fills in recorded.fills.groupby("venue"):
        mids = recorded.series[next(c for c in recorded.series if c.startswith(f"mid {venue} "))]
        assert fills["price"].between(mids.min() * 0.998, mids.max() * 1.002).all()
    assert recorded.fills["maker"].all()


def test_orders_know_what_of_them_was_filled_and_how_they_ended(recorded):
    orders, fills = recorded.orders.set_index("order"), recorded.fills
    filled = fills.groupby("order")["size"].sum()
    assert orders.loc[filled.index, "filled"].to_numpy() == pytest.approx(filled.to_numpy())
    assert orders["filled"].sum() == pytest.approx(filled.sum())
    assert (orders.loc[orders["end"] == "filled", "filled"] == orders.loc[orders["end"] == "filled", "size"]).all()
    ended = orders["end"] != "open"
    assert (orders.loc[ended, "ended"] > orders.loc[ended, "placed"]).all()
    assert orders.loc[~ended, "ended"].isna().all()
    by_line = {each["id"]: each["orders"] for each in recorded.summary["lines"]}
    assert orders["line"].value_counts().to_dict() == by_line
