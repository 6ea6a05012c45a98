"""Side by side with hftbacktest on recorded books: random orders must meet the same fate at the same nanosecond."""

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.recording import Recording, exchange_time
from stackedmm.feeds.recording import read
from stackedmm.sim.venue import SimulatedVenue

MS = 1_000_000
STEP = 50 * MS
PLACE, CANCEL = 0, 1
PLAN = np.dtype(
    [("ts", "i8"), ("what", "i8"), ("ref", "i8"), ("side", "i8"), ("away", "i8"), ("lots", "i8"), ("post_only", "?")]
)
FATE = np.dtype([("status", "i8"), ("exchange_ns", "i8"), ("px", "i8"), ("left", "i8")])
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def recording(data):
    path = data / "books" / "binance3_20240808.parquet"
    return read(path, venues=["binanceusdm"], symbols=["ETH/USDT:USDT"])


def plan_for(recording: Recording, seed: int, count: int = 600) -> np.ndarray:
    """Orders near the touch at random times, half of them cancelled some seconds later."""
    rng = np.random.default_rng(seed)
    plan = np.zeros(count, PLAN)
    first, last = int(recording.local["ts"][0]) + 10**9, int(recording.local["ts"][-1]) - 10**9
    plan["ts"] = np.sort(rng.integers(first, last, count))
    plan["ref"] = np.arange(1, count + 1)
    plan["side"], plan["away"] = rng.integers(0, 2, count), rng.integers(-2, 4, count)
    plan["lots"], plan["post_only"] = rng.integers(1, 5000, count), rng.random(count) < 0.8
    cancels = plan[rng.random(count) < 0.5].copy()
    cancels["what"] = CANCEL
    cancels["ts"] += rng.integers(0, 10**10, len(cancels))
    both = np.concatenate([plan, cancels])
    return both[np.argsort(both["ts"], kind="stable")]


def ours(recording: Recording, plan: np.ndarray, queue: str, partial: bool) -> np.ndarray:
    """The fate of every order in our simulation."""
    v = SimulatedVenue(recording, latency_ns=3 * MS, queue=queue, partial_fills=partial, publish=False)
    i, tick = 0, v.markets[0].tick
    while v.elapse(STEP):
        while i < len(plan) and plan["ts"][i] <= v.now:
            step = plan[i]
            if step["what"] == PLACE:
                best = v.best_bid(0) if step["side"] == 0 else v.best_ask(0)
                px = best + tick * int(step["away"]) * (-1 if step["side"] == 0 else 1)
                lots = int(step["lots"]) * v.markets[0].lot
                v.submit(0, ("buy", "sell")[step["side"]], px, lots, post_only=bool(step["post_only"]))
            elif v.orders[int(step["ref"])].status == "open":
                v.cancel(int(step["ref"]))
            i += 1
    codes = {"open": 1, "filled": 3, "canceled": 4, "rejected": 2, "sent": 0}
    fate = np.zeros(len(v.orders) + 1, FATE)
    for ref, order in v.orders.items():
        status = 5 if order.status == "open" and order.filled else codes[order.status]
        fate[ref] = (status, 0, 0, order.lots - order.filled)
    for fill in v.fills:
        fate[fill["ref"]]["exchange_ns"], fate[fill["ref"]]["px"] = fill["ts"] - 3 * MS, fill["px"]
    return fate


def events_of(recording: Recording) -> np.ndarray:
    """The recording as hftbacktest's events."""
    from hftbacktest import BUY_EVENT, DEPTH_CLEAR_EVENT, DEPTH_EVENT, SELL_EVENT, TRADE_EVENT
    from hftbacktest.data import correct_event_order
    from hftbacktest.types import event_dtype

    taken = recording.local[np.isin(recording.local["kind"], [rows.DEPTH, rows.CLEAR, rows.TRADE])]
    market = recording.markets[0]
    events = np.zeros(len(taken), event_dtype)
    kinds = {rows.DEPTH: DEPTH_EVENT, rows.TRADE: TRADE_EVENT, rows.CLEAR: DEPTH_CLEAR_EVENT}
    for kind, event in kinds.items():
        events["ev"][taken["kind"] == kind] = event
    side = np.where(taken["marks"] & rows.ASK, SELL_EVENT, BUY_EVENT)
    events["ev"] |= np.where(taken["kind"] == rows.CLEAR, 0, side).astype("u8")
    events["local_ts"], events["exch_ts"] = taken["ts"], exchange_time(taken)
    events["px"], events["qty"] = taken["px"] * float(market.tick), taken["qty"] * float(market.lot)
    by_exchange = np.argsort(events["exch_ts"], kind="stable")
    return correct_event_order(events, by_exchange, np.argsort(events["local_ts"], kind="stable"))


@pytest.fixture(scope="module")
def theirs():
    """The same plan through hftbacktest."""
    pytest.importorskip("hftbacktest", reason="hftbacktest is not installed: nothing to compare with")
    from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
    from hftbacktest.order import GTC, GTX, LIMIT
    from numba import njit

    @njit
    def follow(hbt, plan, fate, tick, lot):
        i = 0
        while hbt.elapse(50_000_000) == 0:
            while i < plan.shape[0] and plan[i].ts <= hbt.current_timestamp:
                step, depth, orders = plan[i], hbt.depth(0), hbt.orders(0)
                ref = np.uint64(step.ref)
                force = GTX if step.post_only else GTC
                if step.what == 0 and step.side == 0:
                    px = (depth.best_bid_tick - step.away) * tick
                    hbt.submit_buy_order(0, ref, px, step.lots * lot, force, LIMIT, False)
                elif step.what == 0:
                    px = (depth.best_ask_tick + step.away) * tick
                    hbt.submit_sell_order(0, ref, px, step.lots * lot, force, LIMIT, False)
                elif ref in orders and orders.get(ref).cancellable:
                    hbt.cancel(0, ref, False)
                i += 1
        orders = hbt.orders(0)
        for ref in range(1, fate.shape[0]):
            order = orders.get(np.uint64(ref))
            fate[ref].status, fate[ref].exchange_ns = order.status, order.exch_timestamp
            fate[ref].px, fate[ref].left = order.exec_price_tick, round(order.leaves_qty / lot)

    def run(recording, plan, queue, partial):
        market, events = recording.markets[0], events_of(recording)
        tick, lot = float(market.tick), float(market.lot)
        asset = BacktestAsset().data(events).linear_asset(1.0).constant_order_latency(3 * MS, 3 * MS)
        asset = asset.trading_value_fee_model(0.0, 0.0).tick_size(tick).lot_size(lot)
        asset = asset.risk_adverse_queue_model() if queue == "risk_averse" else asset.power_prob_queue_model(3.0)
        asset = asset.partial_fill_exchange() if partial else asset.no_partial_fill_exchange()
        hbt = HashMapMarketDepthBacktest([asset])
        fate = np.zeros(int(plan["ref"].max()) + 1, FATE)
        follow(hbt, plan, fate, tick, lot)
        hbt.close()
        return fate

    return run


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("queue", ["risk_averse", "power_prob"])
def test_random_orders_meet_the_fate_they_meet_in_hftbacktest(recording, theirs, queue, partial):
    plan = plan_for(recording, seed=1 + partial)
    mine, other = ours(recording, plan, queue, partial), theirs(recording, plan, queue, partial)
    assert (mine["status"] == other["status"]).all()
    filled = mine["status"] == 3
    assert filled.sum() > 100
    assert (mine["px"][filled] == other["px"][filled]).all()
    assert (mine["exchange_ns"][filled] == other["exchange_ns"][filled]).all()
    assert (mine["left"] == other["left"]).all()
