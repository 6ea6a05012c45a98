"""Hard limits: the inventory band in the worst case, balances, collar, values, counts, messages, losses, switches."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.core.market import LINEAR
from tests.core.plain import core
from tests.core.world import SECOND, Document, World, document, market, placed

limits = core.limits
BID, ASK = 0, 1
FLAT: Document = {"target_inventory": "1000", "max_inventory_deviation": "500", "opening_inventory": "0"}


def wide(**changes: Any) -> Document:
    """Limits out of the way, but those that are named."""
    return {"max_order_value": "1000000", "collar_bps": "5000", "messages_per_second": "10000"} | changes


def ladder(inventory: Document, venues: int = 2, risk: Document | None = None, **line: Any) -> World:
    """Passive ladders on some venues, 400 coins a level."""
    names = ["binance", "bybit", "gate"][:venues]
    plain = {"quantity": "400", "quantity_coefficient_method": "none", "spread_coefficient_method": "none"}
    config = document(passive=plain | line, exchanges=names, inventory=inventory, risk=wide(**risk or {}))
    return World(config, [market(name) for name in names])


def resting(world: World) -> list[Any]:
    """Orders that may still fill."""
    lives = world.filled.state[0]["orders"]["life"]
    return [world.s.orders[slot] for slot in np.flatnonzero((lives >= 1) & (lives <= 3))]


def coins(world: World, side: int) -> float:
    return float(world.s.open_units[side] * world.s.unit_base)


def acknowledge(world: World, commands: Any) -> None:
    for c in [c.copy() for c in commands]:
        world.answer(rows.ACK if c.kind == rows.PLACE else rows.CANCELED, c)


# --- the band ---


def test_a_flat_book_builds_up_to_the_far_edge_and_asks_nothing() -> None:
    world = ladder(FLAT, levels=3)
    found = placed(world.open())
    assert {side for side, _, _ in found} == {"bid"}
    assert coins(world, BID) == 1500
    asks = {rows.REASONS[int(q.reason)] for q in world.s.quotes[: world.s.quotes_n] if q.side == ASK}
    assert asks == {"inventory band"}


@pytest.mark.parametrize(("held", "asked"), [(500, 0), (504, 0), (506, 6), (900, 400), (2000, 1200)])
def test_asks_begin_where_the_band_does(held: int, asked: float) -> None:
    world = ladder({"opening_inventory": str(held)}, venues=1, levels=3)
    world.open()
    world.wallet(0).amount = 10**13
    world.now += SECOND
    world.wait()
    assert coins(world, ASK) == asked


def test_outside_the_band_only_reducing_orders_rest_and_never_cross_its_far_edge() -> None:
    world = ladder({"opening_inventory": "1700", "coefficient_scale": "max_deviation"}, levels=3, quantity="800")
    world.open()
    assert (coins(world, BID), coins(world, ASK) > 0, coins(world, ASK) <= 1200) == (0, True, True)


def test_an_order_is_cut_to_the_room_and_refused_only_below_the_minimum() -> None:
    world = ladder({"opening_inventory": "1096"}, venues=1, levels=2)
    assert [lots for side, _, lots in placed(world.open()) if side == "bid"] == [40_000]
    world.now += SECOND
    assert [lots for side, _, lots in placed(world.wait())] == []
    world = ladder({"opening_inventory": "1090"}, venues=1, levels=2)
    world.open()
    assert coins(world, BID) == 410


def test_scarce_room_goes_to_top_of_book_then_to_inner_levels_in_venue_order() -> None:
    names = ["binance", "bybit"]
    config = document(
        tob={"hourly_quantity": "24000", "inventory_gate": "off"},
        passive={"quantity": "300", "levels": 2, "quantity_coefficient_method": "none", "randomization_factor": "0"},
        exchanges=names, inventory=FLAT | {"max_inventory_deviation": "100", "target_inventory": "500"}, risk=wide(),
    )  # fmt: skip
    world = World(config, [market(name) for name in names])
    world.s.out_max = 0
    world.open()
    world.s.out_max = 4096
    for at in range(2):
        spend(world, quote=10**6, at=at)
    for _ in range(10):
        world.now += SECOND // 2
        acknowledge(world, world.wait())
    bids = [(o, world.s.quotes[o.quote]) for o in resting(world) if o.side == BID]
    found = {(int(q.line), int(q.level), int(q.market)): int(o.lots) for o, q in bids}
    assert found == {(0, 0, 0): 20_000, (0, 0, 1): 20_000, (1, 0, 0): 20_000}


def test_room_is_kept_for_a_better_quote_while_its_replacement_waits() -> None:
    line = {"hourly_quantity": "36000", "inventory_gate": "off", "sides": "bid"}
    plain = {"quantity": "300", "sides": "bid", "quantity_coefficient_method": "none"}
    world = World(document(tob=line, passive=plain, inventory={"opening_inventory": "1100"}, risk=wide()))
    world.s.out_max = 0
    world.open()
    world.s.out_max = 4096
    spend(world, quote=10**6)
    first, second = (c.copy() for c in world.wait())
    assert (first.qty, second.qty) == (30_000, 10_000)
    acknowledge(world, [first, second])
    world.now += SECOND
    world.answer(rows.CANCELED, second)
    world.now += 4 * SECOND // 10
    world.answer(rows.CANCELED, first)
    world.now += SECOND // 10
    assert placed(world.wait(0.01)) == [("bid", int(second.px), 10_000)]
    world.now += 4 * SECOND // 10
    assert placed(world.wait(0)) == [("bid", int(first.px), 30_000)]


def test_a_narrowed_band_cancels_what_passes_it_and_no_more() -> None:
    world = ladder(FLAT, venues=2, levels=2)
    acknowledge(world, world.open())
    assert coins(world, BID) == 1500
    world.s.deviation -= 400 * 10**8
    canceled = [c for c in world.wait() if c.kind == rows.CANCEL]
    assert {int(c.reason) for c in canceled} == {rows.OVERSIZE}
    assert 1 <= len(canceled) < 4
    acknowledge(world, canceled)
    assert coins(world, BID) <= 1100


amounts = st.integers(0, 3000)


@settings(deadline=None, max_examples=20)
@given(amounts, st.integers(-1500, 1500), st.integers(50, 1500), st.integers(0, 2**32 - 1), st.integers(1, 2))
def test_whatever_fills_next_no_worst_case_passes_the_band(
    held: int, target: int, deviation: int, seed: int, levels: int
) -> None:
    """Orders are acknowledged, lost, filled, doubled, cancelled and unknown in random order; the band holds at each."""
    inventory = {"target_inventory": target, "max_inventory_deviation": deviation, "opening_inventory": held}
    world = ladder(inventory, levels=levels, quantity="300", timeout_seconds="1")
    rng = np.random.default_rng(seed)
    low, high = target - deviation, target + deviation
    world.open()
    sent = [world.out[i].copy() for i in range(world.s.out_n)]
    for at in (0, 1):
        world.wallet(at).amount = world.wallet(at, "money").amount = 10**15
    for _ in range(25):
        world.now += int(rng.integers(1, SECOND))
        if sent and rng.random() < 0.7:
            c = sent[int(rng.integers(len(sent)))]
            commands = happens(world, c, rng)
        else:
            commands = world.wait()
        sent += [c.copy() for c in commands]
        now = float(core.inventory.current(world.s) * world.s.unit_base)
        assert now + coins(world, BID) <= max(high, now) + 1e-6
        assert now - coins(world, ASK) >= min(low, now) - 1e-6
        assert coins(world, BID) == pytest.approx(sum(left(o) for o in resting(world) if o.side == 0))


def left(o: Any) -> float:
    return max(int(o.lots) - max(int(o.filled), int(o.claimed)), 0) / 100


def happens(world: World, c: Any, rng: Any) -> Any:
    """One of the things that an honest venue may say about an order."""
    slot = core.orders.find(world.s, c.ref)
    o = world.s.orders[slot]
    if slot < 0 or o.life not in (1, 2, 3, 4):
        return world.out[:0]
    known = max(int(o.filled), int(o.claimed))
    most = known if o.life == 4 else int(o.lots)
    word = "fill" if o.life == 4 else rng.choice(["ack", "fill", "claim", "cancel", "unanswered", "live"])
    if word == "fill":
        more = most - int(o.filled)
        return world.filling(o_as_command(c, o), int(rng.integers(1, more + 1))) if more > 0 else world.out[:0]
    kinds = {"ack": rows.ACK, "cancel": rows.CANCELED, "unanswered": rows.UNANSWERED}
    kind = kinds.get(str(word), rows.LIVE)
    filled = int(rng.integers(known, most + 1)) if word == "claim" else known
    return world.answer(kind, c, qty=int(o.lots) if kind == rows.ACK else filled)


def o_as_command(c: Any, o: Any) -> Any:
    made = c.copy()
    made.px, made.side, made.market = o.px, o.side, o.market
    return made


# --- balance and leverage ---


def spend(world: World, *, quote: float | None = None, base: float | None = None, at: int = 0) -> None:
    if quote is not None:
        world.wallet(at, "money").amount = round(quote / world.s.unit_cost)
    if base is not None:
        world.wallet(at).amount = round(base / world.s.unit_base)


def again(world: World) -> list[tuple[str, float, float]]:
    """What is placed once intervals have passed."""
    world.now += SECOND
    return placed(world.wait())


def unfunded(**line: Any) -> World:
    """One venue whose wallets are still empty."""
    world = ladder({}, venues=1, **line)
    world.s.out_max = 0
    world.open()
    world.s.out_max = 4096
    spend(world, quote=0, base=0)
    return world


def test_bids_are_cut_to_the_quote_at_hand_and_asks_to_the_base() -> None:
    world = unfunded()
    spend(world, quote=99.85, base=30)
    assert again(world) == [("bid", 9985, 10_000), ("ask", 10_015, 3_000)]


def test_orders_already_out_are_paid_for_at_their_own_prices() -> None:
    world = unfunded(levels=2, level_step_bps="900", quantity="100")
    spend(world, quote=99.85 + 50, base=0)
    assert again(world) == [("bid", 9985, 10_000), ("bid", 9085, math.floor(50 / 0.9085 * 100))]


def test_what_the_wallet_cannot_pay_for_is_refused() -> None:
    world = unfunded()
    spend(world, quote=4.99, base=4.99)
    assert again(world) == []
    assert {rows.REASONS[int(q.reason)] for q in world.s.quotes[:2]} == {"free balance"}


@pytest.mark.parametrize(
    ("leverage", "position", "bid", "ask"), [(1, 0, 100, 100), (3, 0, 300, 300), (2, 50, 150, 250)]
)
def test_a_perp_position_is_capped_by_leverage_times_equity(leverage: int, position: int, bid: int, ask: int) -> None:
    perp = market("bybit", kind=LINEAR, settle="USDT")
    config = document(
        passive={"quantity": "1000", "quantity_coefficient_method": "none", "spread_coefficient_method": "none"},
        exchanges=["bybit_perp"], leverage=leverage, risk=wide(),
        inventory={"target_inventory": "0", "max_inventory_deviation": "5000"},
    )  # fmt: skip
    world = World(config, [perp])
    world.s.out_max = 0
    world.open()
    world.s.out_max = 4096
    world.s.markets[0].position = position * 10**8
    spend(world, quote=100 - position)
    found = {side: lots / 100 for side, _, lots in again(world)}
    assert found["bid"] == pytest.approx(bid, rel=3e-3)
    assert found["ask"] == pytest.approx(ask, rel=3e-3)


# --- one order ---


@pytest.mark.parametrize(
    ("risk", "line", "reason"),
    [
        ({"collar_bps": "10"}, {}, "outside the price collar"),
        ({"max_order_value": "399"}, {}, "order value limit"),
        ({"max_open_orders": 1}, {"levels": 2, "quantity": "10"}, "open orders limit"),
        ({"messages_per_second": "0.1", "cancel_reserve": "0.9"}, {"levels": 2, "quantity": "10"}, "message budget"),
    ],
)
def test_an_order_beyond_a_limit_is_refused_counted_and_explained(risk: Document, line: Document, reason: str) -> None:
    world = ladder({}, venues=1, risk=risk, **line)
    world.open()
    code = next(code for code, text in rows.REASONS.items() if text == reason)
    assert world.s.refusals[code] > 0
    assert code in {int(q.reason) for q in world.s.quotes[: world.s.quotes_n]}
    free = ladder({}, venues=1, **line)
    free.open()
    assert free.s.refusals[code] == 0


def test_dead_orders_that_a_book_may_still_show_are_not_open_ones() -> None:
    world = ladder({}, venues=1, risk={"max_open_orders": 1}, sides="bid", quantity="10")
    order = world.open()[0].copy()
    world.answer(rows.ACK, order)
    world.level(BID, "0.9985", 10)
    world.answer(rows.CANCELED, order)
    assert world.s.markets[0].lives == 1
    assert len(again(world)) == 1


def test_creates_leave_the_reserve_to_cancels() -> None:
    world = ladder({}, venues=1, risk={"messages_per_second": "1", "cancel_reserve": "0.5"}, levels=8, quantity="10")
    acknowledge(world, world.open())
    assert len(resting(world)) == 5
    world.tell(rows.CONTROL, ref=rows.KILL, at=65535)
    assert sum(bool(o.canceling) for o in resting(world)) == 5


def test_the_message_budget_fills_with_time_to_two_seconds_worth() -> None:
    world = ladder({}, venues=1, risk={"messages_per_second": "20"})
    m = world.s.markets[0]
    m.tokens, m.tokens_ns = 0.0, world.s.now
    found = []
    for seconds in (0.5, 0.5, 5):
        world.s.now += round(seconds * SECOND)
        limits.accrue_messages(world.s, m)
        found.append(float(m.tokens))
    assert found == pytest.approx([10, 20, 40])


def test_two_lines_never_trade_with_each_other() -> None:
    config = document(
        tob={"inventory_gate": "off", "sides": "bid"},
        passive={"sides": "offer", "quantity": "10", "mid_spread_bps": "10"},
        risk=wide(),
    )
    world = World(config)
    world.open("0.9998", "1.0002")
    own = next(o for o in resting(world) if o.side == BID)
    assert not limits.crosses_own(world.s, world.s.markets[0], ASK, own.px + 1)
    assert limits.crosses_own(world.s, world.s.markets[0], ASK, own.px)
    k = world.quote(ASK, line=1)
    world.s.want.reason, world.s.want.px, world.s.want.lots = rows.OK, int(own.px), 1000
    limits.judge(world.s, k)
    assert rows.REASONS[int(world.s.want.reason)] == "would trade with ourselves"


# --- losses and switches ---


def losing(**risk: Any) -> World:
    """1000 coins at 1; sides of 10 coins."""
    world = ladder({}, venues=1, risk=risk, quantity="10")
    acknowledge(world, world.open())
    return world


def moved_to(world: World, price: float) -> Any:
    world.book({f"{price - 0.0002:.4f}": 1000}, {f"{price + 0.0002:.4f}": 1000})
    return world.wait()


@pytest.mark.parametrize(
    ("risk", "prices", "halted"),
    [
        ({"max_loss": "50"}, [0.96], False),
        ({"max_loss": "50"}, [0.94], True),
        ({"max_loss": "50"}, [1.2, 1.1, 0.96], False),
        ({"max_drawdown": "50"}, [1.2, 1.16], False),
        ({"max_drawdown": "50"}, [1.2, 1.14], True),
        ({}, [0.5], False),
    ],
)
def test_loss_and_drawdown_stop_quoting(risk: Document, prices: list[float], halted: bool) -> None:
    world = losing(**risk)
    for price in prices:
        moved_to(world, price)
    assert bool(world.s.halted) == halted


def test_a_tripped_limit_cancels_everything_and_stays_until_a_person_clears_it() -> None:
    world = losing(max_loss="50")
    canceled = moved_to(world, 0.94)
    assert [(c.kind, int(c.reason)) for c in canceled if c.reason == rows.STOPPED] == [(rows.CANCEL, rows.STOPPED)] * 2
    acknowledge(world, canceled)
    moved_to(world, 1.0)
    assert again(world) == []
    assert rows.REASONS[int(world.s.quotes[0].reason)] == "loss limit"
    assert len(placed(world.tell(rows.CONTROL, ref=rows.UNKILL, at=65535))) == 2


STOPS = [
    ("killed", {"ref": rows.KILL, "at": 65535}, {"ref": rows.UNKILL, "at": 65535}, 4),
    ("paused", {"ref": rows.PAUSE, "at": 65535}, {"ref": rows.RESUME, "at": 65535}, 4),
    ("paused", {"ref": rows.PAUSE, "at": 0}, {"ref": rows.RESUME, "at": 0}, 2),
    ("line or side disabled", {"ref": rows.LINE_OFF, "qty": 1}, {"ref": rows.LINE_ON, "qty": 1}, 2),
]


@pytest.mark.parametrize(("reason", "stop", "go", "orders"), STOPS)
def test_a_persons_word_cancels_what_it_concerns_and_holds_until_it_is_taken_back(
    reason: str, stop: Document, go: Document, orders: int
) -> None:
    world = ladder({}, quantity="10")
    acknowledge(world, world.open())
    canceled = [c.copy() for c in world.tell(rows.CONTROL, **stop)]
    assert [c.kind for c in canceled] == [rows.CANCEL] * orders
    acknowledge(world, canceled)
    assert again(world) == []
    found = [rows.REASONS[int(q.reason)] for q in world.s.quotes[: world.s.quotes_n]]
    assert found.count(reason) == orders
    world.tell(rows.CONTROL, **go)
    world.now += SECOND
    world.wait()
    assert len(resting(world)) == 4


def test_an_order_under_way_at_a_kill_is_cancelled_once_it_rests() -> None:
    world = ladder({}, venues=1, quantity="10")
    sent = [c.copy() for c in world.open()]
    assert len(world.tell(rows.CONTROL, ref=rows.KILL, at=65535)) == 0
    for c in sent:
        assert [a.kind for a in world.answer(rows.ACK, c)] == [rows.CANCEL]


def test_a_word_that_nobody_knows_changes_nothing() -> None:
    world = ladder({}, venues=1, quantity="10")
    world.open()
    world.tell(rows.CONTROL, ref=rows.PAUSE, at=65535)
    world.tell(rows.CONTROL, ref=99, at=65535)
    assert world.s.paused == 1


@pytest.mark.parametrize(
    ("breaking", "reason"),
    [("gap", "no usable local book"), ("stale", "local book stale"), ("crossed", "no usable local book")],
)
def test_without_a_live_book_nothing_rests(breaking: str, reason: str) -> None:
    world = ladder({}, venues=1, quantity="10")
    acknowledge(world, world.open())
    if breaking == "gap":
        commands = world.tell(rows.GAP)
    elif breaking == "crossed":
        commands = world.level(ASK, "0.9990", 5)
    else:
        world.now += 3 * SECOND
        commands = world.tell(rows.TIMER)
    assert [(c.kind, int(c.reason)) for c in commands] == [(rows.CANCEL, rows.STALE)] * 2
    assert {rows.REASONS[int(q.reason)] for q in world.s.quotes[:2]} == {reason}


def test_nothing_is_quoted_before_the_inventory_is_reconciled() -> None:
    world = ladder({}, venues=1)
    world.s.paper = 0
    world.open()
    assert resting(world) == []
    assert {rows.REASONS[int(q.reason)] for q in world.s.quotes[:2]} == {"inventory not reconciled yet"}
    world.tell(rows.RECONCILED, qty=1000 * 10**8)
    spend(world, quote=1000, base=1000)
    again(world)
    assert len(resting(world)) == 2


@pytest.mark.parametrize(
    ("lot", "quantity", "lots"), [("0.01", "0.015", 2), ("0.01", "0.02", 2), ("0.1", "1.00001", 11)]
)
def test_a_venues_smallest_quantity_is_rounded_up_to_a_lot(lot: str, quantity: str, lots: int) -> None:
    world = World(None, [market(lot=Decimal(lot), min_quantity=Decimal(quantity), min_notional=Decimal(0))])
    assert world.s.markets[0].min_lots == lots
