"""What earlier systems of this design got wrong, each fault as a test that fails where it comes back.

Not here, because this part has nothing that could have the fault: hedges that accumulate without feedback, words in
error texts taken as success, blocking calls, reported settings that are defaults. Settings that are parsed and never
used are in test_ablation.py.
"""

from decimal import Decimal
from typing import Any

import pytest

from stackedmm.config.fill import fill
from stackedmm.config.templates import TEMPLATES
from stackedmm.core import rows
from stackedmm.core.codes import AGGREGATED, PARTIAL_REFERENCE, SINGLE_VENUE
from stackedmm.core.state import state_hash
from tests.core.plain import core
from tests.core.test_limits import acknowledge, resting
from tests.core.test_stack import story
from tests.core.world import SECOND, Document, World, document, market, placed

BID, ASK = 0, 1
COIN = 10**8


def both(**changes: Any) -> Document:
    """A line of each kind, 1000 ± 100."""
    held = {"target_inventory": "1000", "max_inventory_deviation": "100"} | changes.pop("inventory", {})
    free = {"max_order_value": "1000000", "collar_bps": "5000", "messages_per_second": "1000"}
    gate = {"inventory_gate": "off"}
    return document(**{"tob": gate, "passive": {}, "risk": free, "inventory": held} | changes)


def trading(config: Document | None = None, **how: Any) -> World:
    """An engine whose first orders rest."""
    world = World(config or both(), **how)
    acknowledge(world, world.open())
    return world


def crept(world: World, steps: int, bps: float) -> list[Any]:
    """The whole book moves up in small steps; the cancels of that."""
    found = []
    for i in range(1, steps + 1):
        shift = Decimal(str(bps * i)) / 10_000
        world.now += SECOND
        world.tell(rows.CLEAR)
        world.level(BID, Decimal("0.9998") + shift, 1000, last=False)
        found += [c.copy() for c in world.level(ASK, Decimal("1.0002") + shift, 1000)]
        found += [c.copy() for c in world.wait(0)]
    return [c for c in found if c.kind == rows.CANCEL]


def test_band_not_enforced() -> None:
    world = trading(both(inventory={"opening_inventory": "50000"}))
    assert {o.side for o in resting(world)} == {ASK}
    assert world.s.open_units[BID] == 0


@pytest.mark.parametrize("kind", ["tob", "passive"])
def test_drift_that_never_fires_because_its_anchor_is_overwritten(kind: str) -> None:
    still: Document = {"drift_bps": "22", "timeout_seconds": "3600", "sides": "bid"}
    still |= {"min_requote_ticks": 10_000, "inventory_gate": "off"} if kind == "tob" else {"requote_bps": "9999"}
    lines: Document = {"tob": None, "passive": None} | {kind: still}
    world = trading(both(**lines))
    assert crept(world, 4, 5) == []
    assert [int(c.reason) for c in crept(world, 5, 5)] == [rows.DRIFT]


def test_top_of_book_outbidding_itself_tick_by_tick() -> None:
    world = World(both(passive=None))
    commands = [c.copy() for c in world.open()]
    acknowledge(world, commands)
    for c in commands:
        world.now += 1_000_000
        world.level(c.side, Decimal(int(c.px)) / 10_000, Decimal(int(c.qty)) / 100)
    assert sum(len(world.wait(0.5)) for _ in range(50)) == 0


def test_cold_start_read_as_fully_short() -> None:
    world = World(both())
    world.s.paper = 0
    world.open()
    assert resting(world) == []
    world.tell(rows.RECONCILED, qty=1000 * COIN)
    assert world.s.inventory == 0
    paper = World(both())
    paper.open()
    assert paper.s.inventory == 0


def test_message_without_positions_read_as_zero() -> None:
    world = trading()
    world.tell(rows.BALANCE, px=0, qty=0)
    world.wait()
    assert (world.s.ledger.position, world.s.inventory) == (1000 * COIN, 0)


def test_other_quotes_silently_filtered() -> None:
    config = TEMPLATES["aggressive_multi_currency"]()
    said = " ".join(fill(config, [market(venue) for venue in ("binance", "bybit")], [1.0, 1.0]).notes)
    assert "BTC" in said
    assert "ETH" in said


def test_stop_leaving_orders_behind() -> None:
    world = World(both())
    sent = [c.copy() for c in world.open()]
    live, lost, late, pending = sent
    world.answer(rows.ACK, live)
    world.answer(rows.UNANSWERED, lost)
    told = [c.copy() for c in world.tell(rows.CONTROL, ref=rows.KILL, at=65535)]
    assert (rows.CANCEL, live.ref) in [(c.kind, c.ref) for c in told]
    world.answer(rows.UNANSWERED, lost)
    told += [c.copy() for c in world.answer(rows.ACK, late)]
    told += [c.copy() for c in world.answer(rows.LIVE, lost)]
    told += [c.copy() for c in world.answer(rows.ACK, pending)]
    assert {int(c.ref) for c in told if c.kind == rows.CANCEL} == {int(c.ref) for c in sent}
    acknowledge(world, told)
    assert resting(world) == []


def test_failed_cancel_followed_by_its_replacement() -> None:
    world = trading(both(passive=None, tob={"inventory_gate": "off", "sides": "bid", "timeout_seconds": "1"}))
    order = resting(world)[0].copy()
    told: list[Any] = []
    for _ in range(20):
        for c in [c.copy() for c in world.wait(0.5)]:
            told.append(c)
            if c.kind == rows.CANCEL:
                world.answer(rows.CANCEL_REJECT, c)
            elif c.kind == rows.QUERY:
                world.answer(rows.LIVE, c)
    kinds = {int(c.kind) for c in told}
    assert kinds == {rows.CANCEL, rows.QUERY}
    assert {int(c.ref) for c in told} == {int(order.ref)}


def test_no_post_only() -> None:
    world = World(both())
    assert {int(c.marks) for c in world.open()} == {rows.POST_ONLY}


def test_one_constant_tick() -> None:
    markets = [market("binance"), market("bybit", tick=Decimal("0.00005"))]
    world = World(both(exchanges=["binance", "bybit"]), markets)
    commands = world.open()
    tops = [float(c.px * markets[c.market].tick) for c in commands if c.line == 0 and c.side == BID]
    assert tops == pytest.approx([0.9999, 0.99985])


def test_sizes_enlarged_to_minimums() -> None:
    world = trading(both(tob={"inventory_gate": "off"}, passive={"quantity": "4.99"}))
    assert [o for o in resting(world) if o.line == 1] == []
    bid = next(o for o in resting(world) if o.side == BID)
    world.filling(as_command(world, bid), int(bid.lots))
    world.wait(60)
    assert [o for o in resting(world) if o.line == 0 and o.side == BID] == []


def as_command(world: World, order: Any) -> Any:
    """An order in the form in which it was sent."""
    made = world.out[0].copy()
    made.ref, made.px, made.side, made.market = order.ref, order.px, order.side, order.market
    return made


def test_colliding_client_ids() -> None:
    world = trading(both(passive={"timeout_seconds": "0.5"}, tob={"inventory_gate": "off", "timeout_seconds": "0.5"}))
    refs: list[int] = []
    for _ in range(30):
        commands = [c.copy() for c in world.wait(0.5)]
        refs += [int(c.ref) for c in commands if c.kind == rows.PLACE]
        acknowledge(world, commands)
    assert len(refs) > 30
    assert len(set(refs)) == len(refs)


def test_volume_coefficients_from_own_fills() -> None:
    world = trading(both(ma_types=["sma"], volume_types=["base"]))
    bid = next(o for o in resting(world) if o.side == BID)
    world.filling(as_command(world, bid), int(bid.lots))
    assert not world.s.markets[0].open_volume.any()


def test_one_venues_volume_coefficient_used_for_all() -> None:
    line = {"quantity_coefficient_method": "volume", "sides": "bid"}
    world = World(both(tob=None, passive=line, exchanges=["binance", "bybit"]), [market("binance"), market("bybit")])
    world.s.out_max = 0
    world.open()
    world.s.out_max = 4096
    world.s.markets[0].volume, world.s.markets[1].volume = 0.5, 2.0
    assert [lots for _, _, lots in placed(world.wait())] == [1250, 5000]


def two_venues(bid: str, ask: str, size: Any = 100) -> World:
    world = World(both(exchanges=["binance", "bybit"]), [market("binance"), market("bybit")])
    world.book({"0.9998": 100}, {"1.0002": 100})
    world.book({bid: size}, {ask: size}, at=1)
    return world


def test_pricing_sources_that_all_return_the_same_number() -> None:
    world = two_venues("1.0005", "1.0009", 50)
    found = set()
    world.s.source_market = 1
    for source in (AGGREGATED, SINGLE_VENUE):
        found.add(round(float(core.stack.price_of(world.s, world.A, source)), 7))
    world.s.markets[0].weight, world.s.markets[1].weight = 0.75, 0.25
    found.add(round(float(core.stack.weighted_price(world.s, world.A)), 7))
    assert len(found) == 3


def test_partial_depth_accepted_silently() -> None:
    world = two_venues("0.9997", "1.0003")
    world.s.source_quantity = 1000.0
    before = int(world.s.events[PARTIAL_REFERENCE])
    core.stack.refresh(world.s, world.A)
    assert (world.s.reference_partial, world.s.events[PARTIAL_REFERENCE]) == (1, before + 1)


def test_crossed_merged_books_used() -> None:
    world = two_venues("1.0010", "1.0014", 30)
    assert world.s.crossed_base == 30
    assert (world.s.best_bid, world.s.best_ask) == pytest.approx((0.9998, 1.0002))
    assert 0.9998 <= world.s.reference <= 1.0002


def test_realised_profit_mixed_into_average_cost() -> None:
    world = World(both(inventory={"inventory_price_method": "accounting"}))
    for sign, money in ((1, 200), (-1, 297)):
        core.inventory.book_fill(world.s, sign, (100 if sign > 0 else 99) * COIN, money * 10**9, 0, 0)
    assert core.inventory.price(world.s) == 2.0


@pytest.mark.parametrize(("currency", "expected"), [(rows.FEE_QUOTE, 1.01), (rows.FEE_BASE, 1 / 0.99)])
def test_fees_ignored(currency: int, expected: float) -> None:
    world = trading(both(inventory={"target_inventory": "0", "inventory_price_method": "accounting"}))
    bid = next(o for o in resting(world) if o.side == BID)
    paid = float(bid.px) / 10_000 * float(bid.lots) / 100
    fee = round(paid * 0.01 * 10**9) if currency == rows.FEE_QUOTE else int(bid.lots) * 10_000
    world.filling(as_command(world, bid), int(bid.lots), fee=fee, currency=currency)
    assert world.s.inventory_price == pytest.approx(float(bid.px) / 10_000 * expected, rel=1e-6)


def test_stale_books_served_for_ever() -> None:
    world = trading(both(exchanges=["binance", "bybit"]), markets=[market("binance"), market("bybit")])
    world.now += 3 * SECOND
    world.tell(rows.TIMER)
    assert (world.s.reference, {bool(o.canceling) for o in resting(world)}) == (0, {True})


def test_unseeded_randomness() -> None:
    found = []
    for _ in range(2):
        world = trading(both(passive={"randomization_factor": "0.5"}))
        placed_n = [int(world.s.lines["placed"].sum()) for _ in story(world, 5, 150)]
        found.append((state_hash(world.filled.state, world.A), placed_n[-1]))
    assert found[0] == found[1]
    assert found[0][1] > 4


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_templates_failing_their_own_validator(name: str) -> None:
    config = TEMPLATES[name]()
    names = [venue.id for venue in config.venues_by_name.values()]
    filled = fill(config, [market(venue) for venue in names], [1.0] * len(names))
    lines = len(config.tob_lines) + len(config.passive_lines)
    assert filled.state[0]["quotes_n"] == 2 * lines * len(names)
