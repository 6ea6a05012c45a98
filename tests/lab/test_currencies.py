"""Several quote currencies in a run: recorded ETH/BTC through BTC/USD, and the template that quotes in three."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stackedmm as mm
from stackedmm.config import validate
from stackedmm.core.check import check_orders
from stackedmm.core.inventory import check
from stackedmm.core.recording import Recording, by_exchange
from stackedmm.core.rows import DEPTH, PLACE, TRADE
from stackedmm.feeds.replay import tops
from stackedmm.lab import Result, market_for
from stackedmm.lab.data import recording_for
from stackedmm.lab.running import prepare
from stackedmm.sim import truth
from stackedmm.sim.synthetic import synthetic

ETH: dict[str, Any] = {
    "base_coin": "ETH",
    "quote_currencies": ["USD", "BTC"],
    "exchanges": ["binanceus"],
    "inventory": {"target_inventory": "10", "max_inventory_deviation": "5"},
    "tob_lines": [{"hourly_quantity": "200", "inventory_gate": "off"}],
    "passive_lines": [
        {"mid_spread_bps": "3", "min_spread_bps": "1", "quantity": "0.2", "spread_coefficient_method": "none"}
    ],
    "pricing": {"quantity": "0.5", "max_age_ms": 5000},
    "risk": {"stale_ms": 5000},
}


@pytest.fixture(scope="module")
def recorded(data: Path) -> Recording:
    """Two minutes in which ETH trades against BTC alone, and BTC against USD."""
    return recording_for(validate(ETH), data / "books" / "binanceus_20210405.parquet")


@pytest.fixture(scope="module")
def eth(recorded: Recording) -> Result:
    """ETH quoted in BTC over them."""
    return mm.backtest(ETH, recorded, fees=("1", "4"))


@pytest.fixture(scope="module")
def three() -> Result:
    """The template in USDT, BTC and ETH on four venues, a minute and a half."""
    config = mm.ConfigTemplates.aggressive_multi_currency()
    return mm.backtest(config, market_for(config, 90.0, seed=3), fees=("1", "5"))


def mids(recording: Recording, market: int) -> tuple[Any, Any]:
    """Times and middles of a market's book after each of its updates."""
    found = tops(recording, market)
    tick = float(recording.markets[market].tick)
    return found["ts"], (found["bid"] + found["ask"]) / 2 * tick


# --- recorded ---


def test_recorded_orders_carry_the_rate_of_the_book_then(eth: Result, recorded: Recording) -> None:
    times, middle = mids(recorded, 1)
    placed = eth._commands[eth._commands["kind"] == PLACE]
    then = middle[np.searchsorted(times, placed["ts"], side="right") - 1]
    assert len(placed) > 100
    assert placed["rate"] == pytest.approx(then, rel=1e-12)


def test_recorded_quotes_stand_where_eth_trades_in_btc(eth: Result, recorded: Recording) -> None:
    times, middle = mids(recorded, 0)
    placed = eth._commands[eth._commands["kind"] == PLACE]
    then = middle[np.searchsorted(times, placed["ts"], side="right") - 1]
    assert np.abs(placed["reference"] / then - 1).max() * 1e4 < 10
    assert {each["symbol"] for each in eth.summary["venues"] if each["orders"]} == {"ETH/BTC"}


def test_recorded_fills_leave_in_btc_exactly_what_they_paid(eth: Result) -> None:
    paid = Decimal(0)
    for fill in eth.fills.itertuples():
        sign = 1 if fill.side == "bid" else -1
        paid += sign * Decimal(str(fill.price)) * Decimal(str(fill.size)) + Decimal(str(fill.fee))
    (btc,) = eth.summary["conversions"]
    assert (btc["currency"], btc["by"], btc["fills"]) == ("BTC", ["binanceus BTC/USD"], len(eth.fills))
    assert len(eth.fills) >= 5
    assert Decimal(btc["paid"]) == paid


def test_recorded_profit_in_usd_is_what_the_fills_were_worth_then(eth: Result, recorded: Recording) -> None:
    times, middle = mids(recorded, 1)
    worth = 0.0
    for fill in eth.fills.itertuples():
        rate = middle[np.searchsorted(times, fill.time.value, side="right") - 1]
        worth += ((1 if fill.side == "bid" else -1) * fill.price * fill.size + fill.fee) * rate
    first, last = eth._commands[0], eth.series.iloc[-1]
    opened = 10 * float(first["reference"] * first["rate"])
    profit = last["inventory"] * last["reference"] - opened - worth
    told = float(eth.summary["realised_pnl"]) + float(eth.summary["unrealised_pnl"])
    assert told == pytest.approx(profit, abs=1e-3)


# --- synthetic ---


def test_the_template_quotes_every_quote_on_every_venue(three: Result) -> None:
    orders = {(each["venue"], each["symbol"]): each["orders"] for each in three.summary["venues"]}
    quoted = {key: count for key, count in orders.items() if key[1].startswith("BERA/")}
    assert len(quoted) == 12
    assert min(quoted.values()) > 20
    assert sum(orders.values()) == sum(quoted.values()), "what only converts carries no order"
    assert not any(each["rejected"] for each in three.summary["venues"])


def test_the_template_quotes_alike_in_each_currency(three: Result) -> None:
    distances = three.orders.groupby("symbol")["distance_bps"].median()
    assert distances.max() - distances.min() < 8
    worth = three.orders.groupby("symbol")["reference"].median()
    assert worth["BERA/BTC"] * 60_000 == pytest.approx(worth["BERA/USDT"], rel=0.02)
    assert worth["BERA/ETH"] * 3_000 == pytest.approx(worth["BERA/USDT"], rel=0.02)


def test_synthetic_prices_of_all_quotes_agree_within_what_venues_know_late() -> None:
    made = synthetic(["binance"], "BERA/USDT", seed=5, seconds=60, quotes=["BTC", "USDC"])
    assert [m.symbol for m in made.markets] == ["BERA/USDT", "BERA/BTC", "BTC/USDT", "BERA/USDC", "USDC/USDT"]
    grid = made.start + np.arange(5, 60) * 1_000_000_000
    at = []
    for i in range(5):
        times, middle = mids(made, i)
        at.append(middle[np.searchsorted(times, grid, side="right") - 1])
    for coin, rate in ((1, 2), (3, 4)):
        gap = (at[coin] * at[rate] / at[0] - 1) * 1e4
        assert np.abs(np.median(gap)) < 3
        assert np.abs(gap).max() < 15
    assert at[4].std() < 2e-4


def test_without_further_quotes_a_synthetic_market_is_what_it_was() -> None:
    plain, other = (synthetic(["binance"], seed=5, seconds=5, quotes=quotes) for quotes in ([], ["BTC"]))
    assert [m.symbol for m in plain.markets] == ["BERA/USDT"]
    assert {m.symbol for m in other.markets} == {"BERA/USDT", "BERA/BTC", "BTC/USDT"}
    with pytest.raises(ValueError, match="others than BERA and USDT"):
        synthetic(["binance"], quotes=["USDT"])


def test_the_same_run_in_three_currencies_ends_in_the_same_state(three: Result) -> None:
    config = mm.ConfigTemplates.aggressive_multi_currency()
    again = mm.backtest(config, market_for(config, 90.0, seed=3), fees=("1", "5"))
    assert again.summary["state_hash"] == three.summary["state_hash"]


def test_quotes_go_where_the_only_conversion_falls_silent() -> None:
    config = json.loads(mm.ConfigTemplates.aggressive_multi_currency().to_json())
    config |= {"exchanges": ["binance"], "quote_currencies": ["USDT", "BTC"], "venues": {}}
    whole = recording_for(validate(config), market_for(validate(config), 40.0))
    silent = (whole.local["market"] == 2) & (whole.local["ts"] > whole.start + 15_000_000_000)
    kept = whole.local[~(silent & np.isin(whole.local["kind"], (DEPTH, TRADE)))]
    cut = Recording(whole.markets, kept, by_exchange(kept), whole.start, whole.end)
    run = mm.backtest(config, cut)
    late = run.orders[run.orders["placed"].astype("int64") > whole.start + 18_000_000_000]
    assert set(late["symbol"]) == {"BERA/USDT"}
    assert run.summary["refusals"]["no live conversion into the first quote currency"] > 0


def test_each_currencys_flow_is_what_the_venues_booked_to_the_last_unit() -> None:
    document = json.loads(mm.ConfigTemplates.aggressive_multi_currency().to_json())
    for line in document["tob_lines"]:
        line |= {"inventory_gate": "off", "hourly_quantity": "2000"}
    config = validate(document)
    run = prepare(config, recording_for(config, market_for(config, 60.0, seed=9), fees=(Decimal("0.0001"),) * 2),
                  None, {}, seed=1, collect=False, latency_ns=5_000_000)  # fmt: skip
    for second in range(10, 70, 10):
        run.advance(run.recording.start + second * 1_000_000_000)
        check_orders(run.state)
        check(run.state)
    s = run.state
    accounts = [truth.account(run.X, i) for i in range(len(run.filled.quoted))]
    position = int(s["opening"])
    paid = [0, 0, 0]
    for account, m in zip(accounts, s["markets"], strict=False):
        paid[m["currency"]] += account.fees - account.cash
        position += account.position * int(m["lot_units"])
    assert [int(each) for each in s["currencies"]["flow"][:3]] == paid
    assert int(s["ledger"]["position"]) == position
    assert min(sum(a.fills for a in accounts[k : k + 4]) for k in (0, 4, 8)) > 0, "fills in every currency"
