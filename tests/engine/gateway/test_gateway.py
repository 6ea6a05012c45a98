"""A session beside its gateway: the same decisions as alone, through swaps, silence, a full disk and an ordered end."""

import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.core.state import state_hash
from stackedmm.engine import loop
from stackedmm.engine.arm import prepare
from stackedmm.engine.host import words
from stackedmm.engine.journal import COMMANDS, read, segments
from stackedmm.engine.journal.frames import EXPLAINED, commands_in
from stackedmm.engine.replay import Replay
from stackedmm.errors import ConfigError, JournalError, StaleError
from stackedmm.sim import feed
from tests.engine.gateway.lives import STRENGTH, host, live, until
from tests.engine.written import CONFIG, EDITED, beginning, marks, rule_set

SECOND = 1_000_000_000
pytestmark = pytest.mark.slow


@pytest.fixture
def begun(tmp_path):
    """Starts hosts and ends them with the test."""
    started = []

    def start(**options):
        made = host(tmp_path, **options)
        started.append(made)
        made.start()
        return made

    yield start
    for each in started:
        if each.phase not in ("ended", "failed"):
            try:
                each.stop(5)
            except StaleError:
                each._child.process.kill()


def alone(seconds):
    """The hash of an engine that ran the same market by the backtest's loop."""
    made, market = beginning(seconds, rule_set(STRENGTH))
    built = made.assembled()
    later = marks(market.end + 60 * SECOND)  # time goes on to the end, as where a feed is merely quiet
    local, exchange = (np.concatenate([each, later]) for each in (market.local, market.exchange))
    feed.attach(built.X, local, exchange)
    scratch = [view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, COMMAND), (0, COMMAND), (0, ROW))]
    loop.run(view(built.filled.state), built.filled.arena, built.links, built.X, built.XA, view(local),
             view(exchange), *scratch, market.end)  # fmt: skip
    return state_hash(built.filled.state, built.filled.arena)


def replayed(folder):
    again = Replay(folder / "journal")
    assert again.run() == []
    return again


def test_a_market_traded_to_its_end_is_the_backtest_of_it(begun, tmp_path):
    running = begun(seconds=60, speed=50.0)
    until(running, lambda look: look.phase == "ended")
    assert running.seat.hash == alone(60)
    again = replayed(tmp_path)
    assert again.seat.hash == running.seat.hash
    contents = read(tmp_path / "journal")
    written = np.concatenate([commands_in(f, contents.layout) for f in contents if f.kind == COMMANDS])
    count, seen = running.record.commands.since(0)
    assert len(written) == count == running.look().state["commands"] > 100
    placed = seen["kind"] == rows.PLACE
    for name in COMMAND.names:
        which = placed if name in EXPLAINED else slice(None)
        np.testing.assert_array_equal(written[name][which], seen[name][which])
    assert running.record.fills.count == running.look().state["ledger"]["fills"] > 0


def test_a_thousand_swaps_under_full_feed_lose_no_row_and_each_decides_from_its_row_on(begun, tmp_path):
    running = begun(seconds=400, warm_up_s=5, speed=4.0)
    live(running)
    sets = [rule_set(strength) for strength in (5, 9, 14)]
    made = [prepare(running.filled, each) for each in sets]
    numbers = []
    for i in range(1000):
        numbers.append(running.swap(made[i % 3], rules=sets[i % 3], who="test"))
        if i % 20 == 19:
            running.wait(numbers[-1])
            assert running.look().state["rules_digest"] == sets[i % 3].digest
    assert running.look().phase == "live"
    running.stop()
    again = replayed(tmp_path)
    assert (again.seat.hash, again.seat.told) == (running.seat.hash, running.seat.told)
    contents = read(tmp_path / "journal")
    found = {}
    for n, batch in contents.rows():
        for at in np.flatnonzero(batch["kind"] == rows.RULE_SET):
            found[int(n[at])] = int(batch["ref"][at])
    assert list(found) == numbers
    assert list(found.values()) == [sets[i % 3].digest for i in range(1000)]
    # Each command names the set that was in force when its row was stepped.
    contents = read(tmp_path / "journal")
    in_force, checked = rule_set(STRENGTH).digest, 0
    for frame in contents:
        if frame.kind == COMMANDS:
            asked = commands_in(frame, contents.layout)
            before = [digest for number, digest in found.items() if number <= frame.number]
            assert set(asked["rules"].tolist()) == {before[-1] if before else in_force}
            checked += len(asked)
    assert checked > 50


def test_words_edits_and_forks(begun, tmp_path):
    running = begun(seconds=300, speed=1.0)
    live(running)
    running.wait(running.say(words.param(0, 17.0), who="test", text="lean.strength = 17"))
    assert running.look().state["params"][0] == 17.0
    running.wait(running.reconfigure(EDITED, who="test"))
    assert running.look().state["max_coefficient"] == 2.5
    with pytest.raises(ConfigError, match="base_coin"):
        running.reconfigure(CONFIG.model_copy(update={"base_coin": "X"}), who="test")
    running.wait(running.say(words.control(rows.PAUSE), who="test", text="pause"))
    until(running, lambda look: look.state["open_orders"] == 0, 20)
    running.wait(running.say(words.control(rows.RESUME), who="test", text="resume"))
    until(running, lambda look: look.state["open_orders"] > 0, 20)
    assert next(e.text for e in running.record.events.since(0)[1] if e.kind == "word") == "lean.strength = 17"
    until(running, lambda look: running._past._kept, 40)
    fork = running.fork(1.0)
    assert fork.start < fork.end
    assert len(fork.local) > 10
    running.stop()
    assert running.look().phase == "ended"
    assert running.look().state["open_orders"] == 0
    replayed(tmp_path)


def test_what_is_said_between_a_moment_and_its_file_is_no_part_of_the_snapshot(begun, tmp_path, monkeypatch):
    running = begun(seconds=300, speed=1.0, moment_s=3.0)
    live(running)
    true, said = running._past.keep, []

    def keep(moment):
        if not said:
            said.append((moment.number, running.reconfigure(EDITED, who="test")))
        true(moment)

    monkeypatch.setattr(running._past, "keep", keep)
    until(running, lambda look: said and list((running.folder / "snapshots").glob("*")), 30)
    moment, number = said[0]
    assert moment < number
    running.wait(number)
    os.kill(running._child.pid, signal.SIGKILL)
    until(running, lambda look: look.phase == "failed", 10)
    again = host(tmp_path, seconds=300, resume=True)
    assert again.config.max_coefficient == EDITED.max_coefficient
    assert again.seat.built.filled.state["max_coefficient"][0] == 2.5
    assert again.filled.lines[0].spread_bps == 44
    replayed(tmp_path)


def test_a_fork_run_again_is_the_engine(begun, tmp_path):
    from stackedmm.core import build
    from stackedmm.engine.arm import install

    running = begun(seconds=300, speed=10.0)
    live(running)
    until(running, lambda look: len(running._past._kept) > 1, 60)
    fork = running.fork(20.0)
    running.stop()
    again = Replay(tmp_path / "journal")
    frames = [n for n, batch in read(tmp_path / "journal").rows() if (batch["ts"] == fork.end).any()]
    again.run(until=int(frames[0][-1]))
    assert again.seat.row_ns == fork.end
    links = build.links_for(fork.state)
    install(fork.state, links, running.armament)
    scratch = [view(np.zeros(n, t)) for n, t in ((1, ROW), (4096, COMMAND), (0, COMMAND), (0, ROW))]
    loop.run(view(fork.state), fork.arena, links, fork.X, fork.XA, view(fork.local), view(fork.exchange), *scratch,
             fork.end)  # fmt: skip
    assert state_hash(fork.state, fork.arena) == again.seat.hash


def test_an_engine_that_falls_silent_is_paused_first_when_it_comes_back_and_it_is_said(begun):
    running = begun(seconds=300, speed=1.0)
    live(running)
    # All of this process stands still for two seconds, as a machine that was put to sleep.
    stop = "import os, signal, sys, time; pid = int(sys.argv[1]); os.kill(pid, signal.SIGSTOP); time.sleep(2)"
    command = [sys.executable, "-c", f"{stop}; os.kill(pid, signal.SIGCONT)", str(os.getpid())]
    subprocess.run(command, check=True)

    def texts():
        return [event.text for event in running.record.events.since(0)[1] if event.who == "gateway"]

    until(running, lambda look: any("that is over" in t for t in texts()), 20)
    assert any("silent" in t and "everything is cancelled" in t for t in texts())
    until(running, lambda look: look.state["paused"] == 0 and look.state["open_orders"] > 0, 20)
    running.stop()
    pauses = [b["ref"][b["kind"] == rows.CONTROL].tolist() for _, b in read(running.folder).rows()]
    said = [code for each in pauses for code in each]
    assert said == [rows.PAUSE, rows.RESUME, rows.PAUSE]


def test_a_dead_gateway_is_seen_at_once_and_nothing_is_heard_any_more(begun):
    running = begun(seconds=300, speed=1.0)
    live(running)
    os.kill(running._child.pid, signal.SIGKILL)
    look = until(running, lambda look: look.phase == "failed", 5)
    assert look.note == "the gateway has gone"
    with pytest.raises(StaleError, match="failed"):
        running.say(words.control(rows.PAUSE), who="test", text="pause")
    running.stop()


def test_told_to_end_the_gateway_cancels_everything_first(begun):
    running = begun(seconds=300, speed=1.0)
    live(running)
    os.kill(running._child.pid, signal.SIGTERM)
    look = until(running, lambda look: look.phase in ("ended", "failed"), 10)
    assert look.state["open_orders"] == 0
    assert look.phase == "ended"


def test_an_earlier_journal_is_not_written_over(begun, tmp_path):
    running = begun(seconds=60, speed=50.0)
    until(running, lambda look: look.phase == "ended")
    with pytest.raises(JournalError, match="resume it"):
        host(tmp_path, seconds=60)


def sizes(folder):
    return sum(path.stat().st_size for path in segments(folder))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit, to fill another process's disk")
def test_on_a_full_disk_everything_is_cancelled_and_nothing_unwritten_is_sent(begun, tmp_path):
    running = begun(seconds=400, speed=1.0)
    live(running)
    until(running, lambda look: look.state["open_orders"] > 0)
    pid, folder, forever = running._child.pid, running.folder, resource.RLIM_INFINITY
    full = sizes(folder) + 5_000
    assert full < 500_000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, forever))
    until(running, lambda look: not (folder / "reserve").exists(), 30)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (full + 300_000, forever))  # what the reserve has left free
    look = until(running, lambda look: look.state["paused"] == 1 and look.state["open_orders"] == 0, 30)
    alerts = [event.text for event in running.record.events.since(0)[1] if event.kind == "ALERT"]
    assert any("the disk is full" in text for text in alerts)
    before = look.state["rows"]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (forever, forever))
    until(running, lambda look: look.state["paused"] == 0 and look.state["open_orders"] > 0, 30)
    assert (folder / "reserve").exists()
    assert running.look().state["rows"] > before
    running.stop()
    again = replayed(tmp_path)
    assert (again.seat.number, again.seat.hash) == (running.seat.number, running.seat.hash)


def test_above_its_quota_the_journal_loses_market_rows_and_can_still_be_resumed(begun, tmp_path):
    running = begun(seconds=300, speed=20.0, moment_s=5.0, quota_bytes=300_000)
    live(running)
    said = [running.say(words.param(0, float(i)), who="test", text="tune") for i in range(5)]
    until(running, lambda look: len(segments(running.folder)) > 12 or look.phase == "ended", 60)
    until(running, lambda look: look.phase == "ended")
    contents = read(running.folder)
    params = [int(n) for numbers, batch in contents.rows() for n in numbers[batch["kind"] == rows.PARAM]]
    assert contents.thinned
    assert params == said
    with pytest.raises(JournalError, match="dropped"):
        Replay(running.folder).run()
    again = host(tmp_path, seconds=300, resume=True)
    assert (again.seat.hash, again.seat.number) == (running.seat.hash, running.seat.number)


def test_resumed_just_before_the_end_it_goes_to_the_end_and_no_further(begun, tmp_path):
    running = begun(seconds=20, warm_up_s=17, speed=1.0)
    until(running, lambda look: look.phase == "live" and look.state is not None and rows_left(look, running) < 0.7)
    os.kill(running._child.pid, signal.SIGKILL)
    until(running, lambda look: look.phase == "failed", 10)
    rest = host(tmp_path, seconds=20, warm_up_s=17, speed=1000.0, resume=True)  # one turn would pass the end
    rest.start()
    until(rest, lambda look: look.phase == "ended", 60)
    assert rest.seat.row_ns == rest.source.source["end"]
    assert rest.seat.hash == alone(20)


def rows_left(look, running):
    """Seconds of row time to the end of the market."""
    return (running.source.source["end"] - int(look.state["now"])) / SECOND
