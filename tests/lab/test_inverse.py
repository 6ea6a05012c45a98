"""Inverse contracts beside spot and linear ones: recorded BTC on three venues of Binance."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stackedmm as mm
from stackedmm.core.rows import PLACE
from stackedmm.lab import Result

NAMES = ["binance BTC/USDT", "binanceusdm BTC/USDT:USDT", "binancecoinm BTC/USD:BTC"]
BTC: dict[str, Any] = {
    "base_coin": "BTC",
    "quote_currencies": ["USDT", "USD"],
    "exchanges": ["binance", "binanceusdm", "binancecoinm"],
    "inventory": {"target_inventory": "1", "max_inventory_deviation": "0.5"},
    "tob_lines": [{"hourly_quantity": "50", "inventory_gate": "off"}],
    "passive_lines": [
        {
            "mid_spread_bps": "1",
            "min_spread_bps": "0.5",
            "quantity": "0.05",
            "spread_coefficient_method": "none",
            "quantity_coefficient_method": "none",
        }
    ],
    "time_periods": ["30s", "1min"],
}


@pytest.fixture(scope="module")
def run(data: Path) -> Result:
    """Six recorded minutes."""
    return mm.backtest(BTC, data / "books" / "binance3_20240808.parquet", fees=("1", "5"))


def test_basis_of_both_contracts_is_what_the_recording_says(run: Result) -> None:
    last = run.series.iloc[-1]
    usdm, coinm = (last[f"basis_bps {name}"] for name in NAMES[1:])
    assert usdm == pytest.approx(-3.7, abs=0.8)
    assert coinm == pytest.approx(-2.7, abs=0.8)


def test_quotes_stand_on_all_three_at_their_own_basis(run: Result) -> None:
    orders = run.orders
    assert set(orders["venue"]) == {"binance", "binanceusdm", "binancecoinm"}
    passive = orders[(orders["line"] == "passive-1") & (orders["end"] != "open")]
    assert passive.groupby("venue")["distance_bps"].median().between(0.9, 1.3).all()


def test_sizes_of_contracts_are_coins_turned_into_lots(run: Result) -> None:
    c = run._commands[(run._commands["kind"] == PLACE) & (run._commands["market"] == 2)]
    market = run.markets[2]
    assert market.contract_size == 100
    coins = c["qty"] * 100.0 / (c["px"] * float(market.tick))
    largest = {line: coins[c["line"] == line].max() for line in (0, 1)}
    assert largest[1] <= 0.05 * 1.05 + 1e-9
    assert largest[1] > 0.04


def test_fills_of_contracts_move_the_coins_they_are_worth(run: Result) -> None:
    fills = run.fills[run.fills["venue"] == "binancecoinm"]
    assert len(fills) >= 5
    rows = [row for row in run._answers if row["kind"] == 13 and row["market"] == 2]
    tick = Fraction(str(run.markets[2].tick))
    coins = sum(Fraction((1 - 2 * (int(r["marks"]) & 1)) * 100 * int(r["qty"])) / (int(r["px"]) * tick) for r in rows)
    fees = sum(Fraction(str(fee)) for fee in fills["fee"])
    told = next(Fraction(v["position"]) for v in run.summary["venues"] if v["venue"] == "binancecoinm")
    assert set(fills["fee_currency"]) == {"BTC"}
    assert abs(told - (coins - fees)) <= len(rows) * Fraction(1, 10**9)


def test_the_band_holds_over_spot_and_contracts_together(run: Result) -> None:
    held = run.series["inventory"]
    assert held.between(0.5 - 1e-6, 1.5 + 1e-6).all()
    total = 1 + sum(float(v["position"]) for v in run.summary["venues"])
    assert float(run.summary["position"]) == pytest.approx(total, abs=1e-9)
    assert np.isfinite(run.series["equity"]).all()
