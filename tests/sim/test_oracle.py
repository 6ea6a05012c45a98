"""A simple maker on recorded Binance USD-M books must end where hftbacktest 2.4.4 ended, to 1e-9."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from stackedmm.feeds.recording import read
from stackedmm.sim.venue import SimulatedVenue

SETS = {"usdm_btc_0808": ("BTC/USDT:USDT", 1), "usdm_eth_0808": ("ETH/USDT:USDT", 10)}
QUEUES = {"risk": "risk_averse", "pow3": "power_prob"}
CASES = [
    (name, latency, queue, partial)
    for name in SETS
    for latency in (0.0, 10.0, 100.0)
    for queue in QUEUES
    for partial in ("nopart", "part")
    if partial == "nopart" or (latency, queue) == (10.0, "risk")
]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recordings(data: Path):
    path = data / "books" / "binance3_20240808.parquet"
    return {
        name: read(path, venues=["binanceusdm"], symbols=[symbol], synchronised=False)
        for name, (symbol, _) in SETS.items()
    }


@pytest.fixture(scope="module")
def published(data: Path):
    rows = json.loads((data / "oracles" / "hftbacktest_2.4.4_simple_mm.json").read_text())
    found = {(row["set"], row["latency_ms"], row["queue"], row["exchange"]): row for row in rows}
    assert sorted(found) == sorted(CASES)
    return found


def make_market(v: SimulatedVenue, quantity: int) -> int:
    """Every second: where no order of a side lives, one 5 ticks off the mid. Returns the seconds."""
    tick = v.markets[0].tick
    live, seconds = [0, 0], 0
    while v.elapse(1_000_000_000):
        seconds += 1
        bid, ask = v.best_bid(0), v.best_ask(0)
        mid = (int(bid / tick) * float(tick) + int(ask / tick) * float(tick)) / 2.0
        for i, side in enumerate(("buy", "sell")):
            if live[i] == 0 or not v.orders[live[i]].is_live:
                price = round((mid + (-5, 5)[i] * float(tick)) / float(tick)) * float(tick)
                live[i] = v.submit(0, side, price, quantity)
    return seconds


def ending(v: SimulatedVenue):
    """Fills that finished their order: hftbacktest's local state counts no others (its position drifts)."""
    fills, filled, last = v.fills, dict.fromkeys(v.orders, 0), []
    for i, fill in enumerate(fills):
        filled[fill["ref"]] += fill["lots"]
        if filled[fill["ref"]] == v.orders[fill["ref"]].lots:
            last.append(i)
    return fills[last]


@pytest.mark.parametrize(("name", "latency", "queue", "partial"), CASES)
def test_the_simple_maker_ends_as_in_hftbacktest(recordings, published, name, latency, queue, partial):
    expected = published[name, latency, queue, partial]
    options = {"queue": QUEUES[queue], "partial_fills": partial == "part", "latency_ns": int(latency * 1_000_000)}
    fees = [(Decimal("0.0002"), Decimal("0.0007"))]
    v = SimulatedVenue(recordings[name], fees=fees, publish=False, **options)
    assert make_market(v, SETS[name][1]) == expected["n"]
    last, market, unit = ending(v), v.markets[0], v.units[0]
    signed = last["lots"] * (1 - 2 * last["side"])
    cash = -int((signed * last["px"]).sum()) * float(market.tick * market.lot)
    assert len(last) == expected["trades"]
    assert float(int(signed.sum()) * market.lot) == pytest.approx(expected["position"], abs=1e-9)
    assert cash == pytest.approx(expected["balance"], rel=1e-14)
    assert float(int(last["fee"].sum()) * unit.cost) == pytest.approx(expected["fee"], abs=1e-9)
    if partial == "nopart":
        assert len(v.fills) == expected["trades"]
        assert float(v.position(0)) == expected["position"]
        assert float(v.balance(0)) == pytest.approx(expected["balance"], rel=1e-14)
        assert float(v.fees(0)) == pytest.approx(expected["fee"], abs=1e-9)


def test_the_book_the_maker_sees_holds_its_own_order(data: Path):
    path = data / "books" / "binance3_20240808.parquet"
    v = SimulatedVenue(read(path, venues=["binanceusdm"], symbols=["ETH/USDT:USDT"]), latency_ns=10_000_000)
    v.elapse(5_000_000_000)
    price = v.best_bid(0) - 400 * v.markets[0].tick
    before = dict(v.depth(0, "bid")).get(price, 0)
    ref = v.submit(0, "buy", price, 10_000)
    v.elapse(500_000_000)
    assert v.orders[ref].status == "open"
    assert dict(v.depth(0, "bid"))[price] >= 10_000
    v.cancel(ref)
    v.elapse(500_000_000)
    assert v.orders[ref].status == "canceled"
    assert dict(v.depth(0, "bid")).get(price, 0) < before + 10_000
