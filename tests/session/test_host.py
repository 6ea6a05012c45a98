"""The host under a session: forks repeat the run, words are sequenced, edits take effect between two steps."""

import threading
import time

import numpy as np
import pytest

from stackedmm.config import ConfigTemplates, changed
from stackedmm.core import build, rows
from stackedmm.core.machine import view
from stackedmm.core.state import state_hash
from stackedmm.engine import loop
from stackedmm.engine.arm import install, prepare
from stackedmm.engine.host import Snapshots, Tape, words
from stackedmm.engine.host.clock import SteppedClock
from stackedmm.engine.host.revise import differences
from stackedmm.engine.host.thread import WAITING
from stackedmm.errors import ConfigError, StaleError
from stackedmm.sim import truth

pytestmark = pytest.mark.slow
SECOND = 1_000_000_000


def run_again(host, fork, armament=None):
    """Run a fork's span, under the rules in force or others; the hash of what the engine then knows."""
    links = build.links_for(fork.state)
    install(fork.state, links, armament or host.armament)
    scratch = (np.zeros(1, rows.ROW), np.zeros(4096, rows.COMMAND), np.zeros(0, rows.COMMAND), np.zeros(0, rows.ROW))
    given = (view(fork.local), view(fork.exchange), *map(view, scratch), fork.end)
    loop.run(view(fork.state), fork.arena, links, fork.X, fork.XA, *given)
    return state_hash(fork.state, fork.arena)


def test_a_fork_run_again_comes_to_the_same_state_and_leaves_the_engine_alone(session):
    host = session.host
    session.advance(240)
    now = state_hash(host.filled.state, host.filled.arena)
    for seconds in (30, 120, 240):
        fork = host.fork(seconds)
        assert fork.end - fork.start >= seconds * SECOND
        assert run_again(host, fork) == now
    without = host.fork(120)
    assert run_again(host, without, prepare(host.filled, None)) != now
    assert state_hash(host.filled.state, host.filled.arena) == now


def test_a_fork_says_what_people_said_in_its_span(session):
    session.advance(60)
    session.tune("lean", strength=20)
    session.advance(60)
    said = session.host.fork(100).said
    assert said["kind"].tolist() == [rows.PARAM]
    assert not len(session.host.fork(30).said)


def test_snapshots_keep_a_quarter_of_an_hour_and_no_more(session):
    session.advance(2000)
    kept = session.host._snapshots
    assert 30 <= len(kept._copies) <= 32
    assert sum(len(data) for copy in kept._copies for data, _ in copy.parts) < 20e6
    fork = session.host.fork(10_000)
    assert 900 * SECOND <= fork.end - fork.start <= 960 * SECOND


def test_many_rows_shorten_the_span_instead_of_filling_the_memory(session):
    kept = Snapshots(rows=5000)
    host = session.host
    for second in range(0, 300, 10):
        kept.fed(np.zeros(1000, rows.ROW))
        kept.take(second * SECOND, host._built, host._rows)
    assert kept._held <= 5000 + 3000
    assert len(kept._copies) < 4


def test_the_same_calls_give_the_same_state(start):
    hashes = []
    for _ in range(2):
        made = start(name="twin")
        made.advance(30)
        made.tune("lean", strength=15)
        made.side("tob-1", "bid", False)
        made.advance(30)
        made.configure("tob_lines[tob-1].spread_bps", 45)
        made.advance(30)
        hashes.append(state_hash(made.host.filled.state, made.host.filled.arena))
    assert hashes[0] == hashes[1]


def test_a_swap_is_one_row_and_every_order_names_the_rules_that_made_it(session, rules):
    host = session.host
    session.advance(30)
    before = int(host.look().state["rows"])
    number = host.swap(prepare(host.filled, None), rules=None, who="test")
    host.wait(number)
    host.wait(host.say(words.control(rows.RESUME), who="test", text="a row of its own"))
    assert int(host.filled.state[0]["rows"]) == before + 2
    session.advance(60)
    commands = host.record.commands.since(0)[1]
    placed = commands[commands["kind"] == rows.PLACE]
    at = host.record.events.since(0)[1]
    swapped = next(each.t for each in at if each.text.startswith("rules in force")) * 1e6
    assert set(placed["rules"][placed["ts"] < swapped]) == {rules.digest}
    assert set(placed["rules"][placed["ts"] >= swapped]) == {0}
    assert np.isnan(placed["answers"][placed["ts"] >= swapped]).all()


def test_swaps_while_it_runs_lose_no_row(start, rules):
    """Two engines on the same market, one of which is given the same rules again and again, stay equal but for that."""
    quiet, busy = start(name="quiet"), start(name="busy")
    for _ in range(60):
        busy.host.swap(prepare(busy.filled, rules), rules=rules, who="test")
        for each in (quiet, busy):
            each.advance(1)
    states = [each.host.filled.state[0] for each in (quiet, busy)]
    assert int(states[1]["rows"]) == int(states[0]["rows"]) + 60
    assert int(states[0]["ledger"]["fills"]) > 0
    for name in ("ledger", "reference", "inventory"):
        assert states[0][name].tobytes() == states[1][name].tobytes(), name


def test_a_revision_stores_what_the_edit_changes_and_nothing_else(session):
    session.advance(60)
    host = session.host
    before = host.filled.state.copy()
    digest = int(before[0]["config_digest"])
    host.wait(host.reconfigure(changed(host.config, {"passive_lines[0].quantity": 30}), who="test"))
    after = host.filled.state[0]
    assert float(after["lines"][1]["base_quantity"]) == 30
    assert int(after["config_digest"]) != digest
    moved = {store.way for store in differences(before[0], after)}
    assert {way[0] for way in moved} & {"ledger", "params", "rules", "markets_n"} == set()


def test_a_revision_leaves_switches_and_ledger_of_the_running_engine_alone(session):
    session.advance(60)
    session.side("tob-1", "bid", False)
    held = session.state["inventory_state"]["current_inventory"]
    session.configure({"tob_lines[tob-1].spread_bps": 50, "inventory.target_inventory": 1100})
    s = session.look().state
    assert s["lines"][0]["sides"].tolist() == [0, 1]
    assert session.state["inventory_state"]["current_inventory"] == held
    assert session.state["inventory_state"]["target_inventory"] == "1100"


def test_a_line_whose_method_changes_is_shaped_by_the_rules_that_stayed_out_of_it(session, rules):
    """The template's passive line leans by itself, so `lean`, which says unless="inventory", keeps off it."""
    place = [each.name for each in rules.rules].index("lean")
    assert int(session.look().state["rules"]["lines"][place]) == 0
    session.configure("passive_lines[passive-1].spread_coefficient_method", "none")
    assert int(session.look().state["rules"]["lines"][place]) == 0b10
    session.advance(30)
    commands = session.host.record.commands.since(0)[1]
    assert np.isfinite(commands["answers"][commands["line"] == 1][-1, place])
    session.host.swap(prepare(session.filled, rules), rules=rules, who="test")
    assert int(session.look().state["rules"]["lines"][place]) == 0b10
    session.revert(1)
    assert int(session.look().state["rules"]["lines"][place]) == 0


@pytest.mark.parametrize("path", ["base_coin", "exchanges", "time_periods"])
def test_what_cannot_change_while_running_is_refused(session, path):
    value = {"base_coin": "X", "exchanges": ["binance"], "time_periods": ["1min", "2min"]}[path]
    with pytest.raises(ConfigError, match=path):
        session.host.reconfigure(changed(session.config, {path: value}), who="test")


def test_levels_of_a_ladder_are_refused_with_the_reason(session):
    with pytest.raises(ConfigError, match=r"levels.*next start"):
        session.host.reconfigure(changed(session.config, {"passive_lines[0].levels": 3}), who="test")


def test_a_disabled_venue_leaves_the_stacked_book_and_comes_back(session):
    session.advance(30)
    session.configure("venues", {"gateio": {"enabled": False}})
    session.advance(5)
    assert session.host.look().bids.shares[:, 2].sum() == 0.0
    session.revert(1)
    session.advance(5)
    assert session.host.look().bids.shares[:, 2].sum() > 0.0


def test_stop_proves_that_no_order_lives(session):
    session.advance(30)
    assert int(session.look().state["open_orders"]) > 0
    session.end()
    X = session.host._built.X
    assert session.phase == "ended"
    assert sum(len(truth.resting(X, i)) for i in range(3)) == 0
    with pytest.raises(StaleError, match="has ended"):
        session.pause()
    with pytest.raises(StaleError, match="has ended"):
        session.advance(1)


def test_a_stop_without_time_ends_at_once_and_says_what_is_not_proven(session):
    session.advance(30)
    begun = time.monotonic()
    with pytest.raises(StaleError, match="not proven dead"):
        session.end(0.0)
    assert time.monotonic() - begun < 5.0
    assert session.phase == "ended"


def test_a_row_that_is_never_stepped_is_not_waited_for(session):
    with pytest.raises(StaleError, match="was not stepped"):
        session.host.wait(10_000, timeout_s=0.05)


def test_more_words_than_may_wait_are_refused_and_none_of_the_others_is_lost(session):
    held, busy = threading.Event(), threading.Event()

    def hold():
        busy.set()
        held.wait(30)

    session.host.listeners.append(hold)
    session.resume()
    assert busy.wait(30)
    for _ in range(WAITING):
        session.pause()
    with pytest.raises(StaleError, match="words are waiting"):
        session.resume()
    session.host.listeners.remove(hold)
    held.set()
    session.host.wait(session._said)
    assert session.look().state["paused"]


def test_a_failing_source_is_a_failed_session_with_the_reason(start, monkeypatch):
    caught = []
    monkeypatch.setattr(threading, "excepthook", lambda what: caught.append(what.exc_value))
    made = start(name="failing")

    def broken(seconds):
        raise ConfigError("data: torn")

    made.host.source.more = broken
    with pytest.raises(StaleError, match="ended"):
        made.advance(60)
    assert made.phase == "failed"
    assert "ConfigError: data: torn" in made.host.look().note
    assert [str(each) for each in caught] == ["data: torn"]


def test_a_tape_keeps_the_newest_in_order():
    tape = Tape(np.dtype([("n", "i8")]), 10)
    for first in range(0, 40, 4):
        tape.add(np.array([(n,) for n in range(first, first + 4)], tape._ring.dtype))
    assert tape.since(0)[1]["n"].tolist() == list(range(30, 40))
    assert tape.since(38)[1]["n"].tolist() == [38, 39]
    tape.add(np.array([(n,) for n in range(40, 90)], tape._ring.dtype))
    assert (tape.count, tape.since(0)[1]["n"].tolist()) == (90, list(range(80, 90)))


def test_a_stepped_clock_that_ends_wakes_who_waits():
    clock = SteppedClock()
    clock.begin(0)
    threading.Timer(0.05, clock.end).start()
    with pytest.raises(StaleError, match="has ended"):
        clock.advance(1)


def test_templates_can_all_be_traded(start):
    for name in ("aggressive_multi_currency", "high_frequency_single_venue"):
        made = start(config=getattr(ConfigTemplates, name)(), name=name)
        made.advance(30)
        assert int(made.look().state["open_orders"]) > 0
