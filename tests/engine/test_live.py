"""The live loop: fed row by row or by a socket it is the backtest's loop, and what it shows is what it is."""

import socket
import threading
import time

import numpy as np
import pytest

from stackedmm.config import ConfigTemplates
from stackedmm.config.change import changed
from stackedmm.core import rows
from stackedmm.core.codes import ALL
from stackedmm.core.machine import view
from stackedmm.core.rows import ROW
from stackedmm.core.state import STATE, state_hash
from stackedmm.engine import instruments, loop
from stackedmm.engine.arm import install, prepare
from stackedmm.engine.assembly import assemble
from stackedmm.engine.host.revise import apply, revision
from stackedmm.engine.host.stacked import Stacked
from stackedmm.engine.instruments import BEAT_ROW, FRAME
from stackedmm.engine.seat import Seat
from stackedmm.errors import StaleError
from stackedmm.lab import market_for
from stackedmm.lab.data import first_prices
from stackedmm.rules import rebuild
from stackedmm.sim import feed

CONFIG = ConfigTemplates.conservative_bera_usdt()
SECOND = 1_000_000_000
LEAN = b'''"""Lean."""
from stackedmm import Param, rule


@rule.skew
def lean(q, strength=Param(%d, 0, 40, "bps")):
    """Lean away from inventory."""
    return -strength * q.inventory
'''


@pytest.fixture(scope="module")
def market():
    """Five minutes of the template's market."""
    return market_for(CONFIG, 300, seed=5)


@pytest.fixture(scope="module")
def sets():
    return [rebuild({"lean.py": LEAN % strength}) for strength in (5, 20)]


def built(market, rules=None):
    return assemble(CONFIG, market.markets, first_prices(market), rules, None, seed=1, latency_ns=5_000_000)


def marks(*times, stamp=0):
    made = np.zeros(len(times), ROW)
    made["ts"], made["kind"], made["marks"], made["ref"] = times, rows.TIMER, rows.LAST, stamp
    return made


def word(kind, ts, **fields):
    made = np.zeros(1, ROW)
    made["kind"], made["ts"], made["market"], made["marks"] = kind, ts, ALL, rows.LAST
    for name, value in fields.items():
        made[name] = value
    return made


def frames_of(market, step=SECOND // 10, ahead=2 * SECOND, end=None):
    """The market as the gateway sends it: rows ahead of time, and marks."""
    local, at, now = market.local, 0, int(market.local["ts"][0])
    end = end or market.end - 1
    while now < end:
        now = min(now + step, end)
        until = int(np.searchsorted(local["ts"], now + ahead))
        yield np.concatenate([local[at:until], marks(now)])
        at = until


def reference(market, end, rules=None):
    """The same by the backtest's loop."""
    made = built(market, rules)
    feed.attach(made.X, market.local, market.exchange)
    run_on(made, market, end)
    return made


def run_on(made, market, end):
    scratch = [view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, rows.COMMAND), (0, rows.COMMAND), (0, ROW))]
    loop.run(view(made.filled.state), made.filled.arena, made.links, made.X, made.XA, view(market.local),
             view(market.exchange), *scratch, end)  # fmt: skip


def hash_of(made):
    return state_hash(made.filled.state, made.filled.arena)


@pytest.mark.parametrize("step", [3_141_592, SECOND // 10, 7 * SECOND])
def test_in_any_pieces_it_is_the_backtest(market, step):
    seat = Seat(built(market), ahead_rows=1 << 14)
    end = market.start + 60 * SECOND
    for each in frames_of(market, step, ahead=9 * SECOND, end=end):
        seat.take(each)
    made = reference(market, end)
    assert seat.hash == hash_of(made)
    assert int(seat.dials["tape_n"][0]) == made.filled.state[0]["commands"] > 50
    assert (int(seat.dials["late"][0]), int(seat.dials["late_exchange"][0])) == (0, 0)


def test_time_goes_on_where_no_rows_come(market):
    seat = Seat(built(market))
    first = market.local[:3000]
    seat.take(first)
    last = int(first["ts"][-1])
    seat.take(marks(last + 30 * SECOND))
    s = seat.built.filled.state[0]
    assert last + 29 * SECOND < s["now"] <= last + 30 * SECOND
    assert s["open_orders"] == 0, "all books are stale"


def test_rows_that_come_late_happen_as_soon_as_they_can_and_are_counted(market):
    seat = Seat(built(market))
    local = market.local
    seat.take(local[:3000])
    now = int(local["ts"][2999])
    seat.take(marks(now))
    seat.take(local[2000:2010])
    late = local[3000:3010].copy()
    late["ts"] = now + 1000
    late["lag_us"] = 500_000
    seat.take(late)
    seat.take(marks(now + SECOND // 2))
    assert (int(seat.dials["late"][0]), int(seat.dials["late_exchange"][0])) == (10, 20)
    assert seat.built.filled.state[0]["now"] >= now


def test_too_many_rows_ahead_are_refused(market):
    seat = Seat(built(market), ahead_rows=1 << 10)
    with pytest.raises(StaleError, match="too far ahead"):
        seat.take(market.local[:5000])


def test_a_swap_takes_effect_at_its_row_and_equals_an_engine_armed_by_hand(market, sets):
    seat, made = Seat(built(market, sets[0])), built(market, sets[0])
    other = prepare(seat.built.filled, sets[1])
    half, end = market.start + 30 * SECOND, market.start + 60 * SECOND
    sent = list(frames_of(market, SECOND, end=end))
    for each in sent[:30]:
        seat.take(each)
    ticket = seat.arm(other)
    assert seat.built.filled.state[0]["rules_digest"] == sets[0].digest
    seat.take(word(rows.RULE_SET, seat.row_ns, ref=other.digest, px=ticket))
    assert seat.built.filled.state[0]["rules_digest"] == sets[1].digest
    for each in sent[30:]:
        seat.take(each)
    assert seat.row_ns == end

    feed.attach(made.X, market.local, market.exchange)
    half = int(sent[29]["ts"][-1])
    run_on(made, market, half)
    said = word(rows.RULE_SET, half, ref=other.digest)
    install(made.filled.state, made.links, other)
    from stackedmm.core.step import step_rows
    from stackedmm.sim import pump

    out = view(np.zeros(4096, rows.COMMAND))
    made.X["now"] = half
    n = step_rows(view(made.filled.state), made.filled.arena, made.links, view(said), out)
    pump.send_all(made.X, made.XA, out[:n])
    made.filled.state["out_n"] = 0
    run_on(made, market, end)
    assert seat.hash == hash_of(made)


def test_a_ticket_nobody_prepared_changes_nothing_and_is_counted(market, sets):
    seat = Seat(built(market, sets[0]))
    seat.take(market.local[:100])
    before = seat.built.links.copy()
    seat.take(word(rows.RULE_SET, seat.row_ns, ref=5, px=3))
    assert int(seat.dials["unknown_tickets"][0]) == 1
    assert (seat.built.links == before).all()


def test_at_most_so_many_changes_wait(market, sets):
    seat = Seat(built(market, sets[0]))
    armament = prepare(seat.built.filled, sets[1])
    for _ in range(instruments.SLOTS):
        seat.arm(armament)
    with pytest.raises(StaleError, match="wait for the engine"):
        seat.arm(armament)


def test_a_revised_configuration_is_stored_byte_for_byte_as_by_hand(market):
    seat, made = Seat(built(market)), built(market)
    edited = changed(CONFIG, {"tob_lines[tob-1].spread_bps": "44", "max_coefficient": "2.5", "risk.collar_bps": "222"})
    prices = [float(m.tick) * at for m, at in zip(market.markets, first_prices(market), strict=True)]
    made_of = revision(CONFIG, edited, made.filled, prices, seed=1)
    assert len(made_of.stores) >= 3
    for each in frames_of(market, SECOND, end=market.start + 5 * SECOND):
        seat.take(each)
    before = seat.built.filled.state.copy()
    apply(before, made_of)
    seat.take(word(rows.RULE_SET, seat.row_ns, px=seat.arm(None, made_of)))
    for store in made_of.stores:
        ours, theirs = seat.built.filled.state[0], before[0]
        for step in store.way:
            ours, theirs = ours[step], theirs[step]
        assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()
    assert seat.built.filled.state[0]["collar_bps"] == 222


def test_an_engine_goes_on_from_a_moment_as_if_it_had_never_stopped(market):
    whole, first, second = (Seat(built(market)) for _ in range(3))
    sent = list(frames_of(market, SECOND, end=market.start + 60 * SECOND))
    for i, each in enumerate(sent):
        whole.take(each)
        (first if i < 35 else second).take(each)
        if i == 34:
            second.go_on_from(first.moment())
            assert second.hash == first.hash == second.moment().hash
    assert (second.hash, second.told, second.number) == (whole.hash, whole.told, whole.number)


class Wire:
    """The other end of the loop's socket."""

    def __init__(self, seat):
        self.seat = seat
        ours, theirs = socket.socketpair()
        self.ours, self.theirs = ours, theirs
        self.ours.settimeout(60)
        self.ending = []
        self.thread = threading.Thread(target=lambda: self.ending.append(seat.serve(theirs.fileno())))
        self.thread.start()
        self.number = 1

    def send(self, batch, number=None, kind=instruments.TAKE):
        head = np.zeros(1, FRAME)
        head["length"], head["kind"], head["number"] = batch.nbytes, kind, number or self.number
        self.ours.sendall(head.tobytes() + batch.tobytes())
        self.number += len(batch)

    def frame(self):
        head = np.frombuffer(self.exactly(16), FRAME)[0]
        return int(head["kind"]), int(head["number"]), self.exactly(int(head["length"]))

    def exactly(self, size):
        parts = b""
        while len(parts) < size:
            more = self.ours.recv(size - len(parts))
            assert more, "the loop closed its socket"
            parts += more
        return parts

    def until_beat(self):
        found = []
        while True:
            kind, number, data = self.frame()
            found.append((kind, number, data))
            if kind in (instruments.BEAT, instruments.ENDED):
                return found

    def end(self):
        self.ours.close()
        self.thread.join(30)
        self.theirs.close()
        return self.ending


@pytest.fixture
def wire(market):
    wires = []

    def make(**options):
        wires.append(Wire(Seat(built(market), **options)))
        return wires[-1]

    yield make
    for each in wires:
        each.end()


def test_by_a_socket_it_is_the_same_engine_and_answers_every_frame(market, wire):
    over = wire()
    alone = Seat(built(market))
    commands, answers = [], []
    for each in frames_of(market, SECOND // 10, end=market.start + 40 * SECOND):
        for part in np.array_split(each, 1 + len(each) // 4000):
            alone.take(part)
            over.send(part)
            *said, (kind, number, beat) = over.until_beat()
            commands += [np.frombuffer(data, rows.COMMAND) for k, _, data in said if k == instruments.COMMANDS]
            answers += [np.frombuffer(data, ROW) for k, _, data in said if k == instruments.ANSWERS]
            found = np.frombuffer(beat, BEAT_ROW)[0]
            assert (kind, number) == (instruments.BEAT, alone.number)
            assert (found["told"], found["row_ns"], found["stepped"]) == (
                alone.told, alone.row_ns, alone.dials["stepped"][0],
            )  # fmt: skip
    over.send(np.zeros(0, ROW), kind=instruments.STOP)
    assert over.until_beat()[-1][0] == instruments.ENDED
    assert over.end() == ["stopped"]
    assert over.seat.hash == alone.hash
    commands = np.concatenate(commands)
    assert len(commands) == alone.built.filled.state[0]["commands"]
    assert commands.tobytes() == alone.tape[: len(commands)].tobytes()
    assert (np.concatenate(answers) == alone.heard[: int(alone.dials["heard_n"][0])]).all()


@pytest.mark.parametrize(
    ("send", "ending"),
    [
        (lambda over: over.send(marks(5), number=7), "not the next frame"),
        (lambda over: over.send(marks(5), kind=9), "not the next frame"),
        (lambda over: over.send(np.zeros(5000, ROW)), "not the next frame"),
        (lambda over: over.ours.close(), "gone"),
        (lambda over: (over.ours.sendall(b"\x28\x00"), over.ours.close()), "gone"),
    ],
)
def test_whatever_else_comes_ends_the_loop_with_its_reason(wire, send, ending):
    over = wire()
    send(over)
    over.thread.join(30)
    assert ending in over.ending[0]


def test_the_page_is_the_engine(market, wire):
    over = wire()
    over.seat.dials["publish_every"] = 1
    for each in frames_of(market, SECOND // 10, end=market.start + 30 * SECOND):
        over.send(each)
        over.until_beat()
    over.send(np.zeros(0, ROW), kind=instruments.STOP)
    over.until_beat()
    over.end()
    page, state = over.seat.page(), over.seat.built.filled.state
    assert (page.head["number"], page.head["cut"]) == (over.seat.number, 0)
    before_markets = {name for name in state.dtype.names if STATE.fields[name][1] < STATE.fields["markets"][1]}
    for name in before_markets | {"quotes"}:
        assert page.state[name].tobytes() == state[name].tobytes(), name
    n = int(state["markets_n"][0])
    assert page.state["markets"][0, :n].tobytes() == state["markets"][0, :n].tobytes()
    live = [slot for m in state["markets"][0, :n] for slot in m["live"][: m["lives"]]]
    assert len(live) > 4
    assert page.state["orders"][0, live].tobytes() == state["orders"][0, live].tobytes()
    bids, asks = Stacked(n).read(view(state.copy()), over.seat.built.filled.arena)
    for shown, true in zip(page.sides, (bids, asks), strict=True):
        k = len(shown[0])
        assert 50 < k <= len(true.prices)
        assert (shown[0] == true.prices[:k]).all()
        assert (shown[1] == true.shares[:k]).all()


def test_publishing_and_copying_leave_no_trace_in_the_engine(market, wire):
    over, alone = wire(), Seat(built(market))
    over.seat.dials["publish_every"] = 1
    for i, each in enumerate(frames_of(market, SECOND // 10, end=market.start + 30 * SECOND)):
        alone.take(each)
        if i % 50 == 49:
            over.seat.ask_moment()
        over.send(each)
        over.until_beat()
        if i % 50 == 49:
            deadline = time.monotonic() + 10
            while (moment := over.seat.taken_moment()) is None:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            assert (moment.hash, moment.number, moment.told) == (alone.hash, alone.number, alone.told)
    over.send(np.zeros(0, ROW), kind=instruments.STOP)
    over.until_beat()
    over.end()
    assert over.seat.hash == alone.hash
    assert int(over.seat.dials["published"][0]) > 200


def test_readers_never_see_a_page_half_written(market, wire):
    over = wire()
    over.seat.dials["publish_every"] = 1
    stop, seen, torn = threading.Event(), set(), []

    def look():
        while not stop.is_set():
            page = over.seat.page()
            if page is not None:
                s = page.state[0]
                seen.add(int(page.head["number"]))
                if int(s["rows"]) != int(page.head["stepped"]):
                    torn.append((int(s["rows"]), int(page.head["stepped"])))

    reader = threading.Thread(target=look)
    reader.start()
    for each in frames_of(market, SECOND // 50, end=market.start + 60 * SECOND):
        over.send(each)
        over.until_beat()
    stop.set()
    reader.join()
    assert not torn
    assert len(seen) > 20
