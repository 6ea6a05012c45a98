"""The compiled loop: what it keeps for whoever asks, and that keeping changes nothing."""

import numpy as np
import pytest

from stackedmm.config import ConfigTemplates
from stackedmm.core import rows
from stackedmm.core.machine import view
from stackedmm.core.state import state_hash
from stackedmm.engine.loop import full, run
from stackedmm.lab import market_for
from stackedmm.lab.running import prepare
from stackedmm.sim import truth

CONFIG = ConfigTemplates.conservative_bera_usdt()


@pytest.fixture(scope="module")
def market():
    """Five minutes of the template's market."""
    return market_for(CONFIG, 300, seed=5)


@pytest.fixture
def begun(market):
    """A run about to begin."""
    return prepare(CONFIG, market, None, {}, seed=1, collect=False, latency_ns=5_000_000)


def turn(begun, tape, heard, until=1 << 62):
    """One call of the loop; the rows stepped, and what it kept."""
    local, exchange = view(begun.recording.local), view(begun.recording.exchange)
    stepped, written, listened = run(
        view(begun.filled.state), begun.filled.arena, begun.links, begun.X, begun.XA, local, exchange,
        view(begun.row), view(begun.out), view(tape), view(heard), until,
    )  # fmt: skip
    return stepped, tape[:written].copy(), heard[:listened].copy()


def arrays(commands, answers):
    return np.zeros(commands, rows.COMMAND), np.zeros(answers, rows.ROW)


def test_empty_arrays_keep_nothing_and_nothing_stops_the_run(begun):
    stepped, tape, heard = turn(begun, *arrays(0, 0))
    assert (stepped, len(tape), len(heard)) == (begun.state["rows"], 0, 0)
    assert begun.state["now"] >= begun.recording.local["ts"][-1]
    assert not full(0, 0, len(begun.out), 0, 0)


def test_everything_sent_and_everything_heard_of_it_is_kept(begun):
    _, tape, heard = turn(begun, *arrays(50_000, 50_000))
    counts = truth.counts(begun.X)
    assert len(tape) == begun.state["commands"] == counts["requests"]
    assert len(heard) == counts["answers"]
    assert set(heard["kind"]) <= set(range(rows.ACK, rows.UNANSWERED + 1))
    fills = np.flatnonzero(heard["kind"] == rows.FILL)
    assert len(fills) == begun.state["ledger"]["fills"] > 0
    assert (heard["kind"][fills - 1] == rows.FILL_ID).all()
    assert set(heard["ref"][fills]) <= set(tape["ref"])


@pytest.mark.parametrize("room", [(4096, 0), (0, 1), (4100, 3)])
def test_a_run_that_stops_for_want_of_room_goes_on_as_if_it_had_not(room, begun, market):
    whole = prepare(CONFIG, market, None, {}, seed=1, collect=False, latency_ns=5_000_000)
    _, tape, heard = turn(whole, *arrays(50_000, 50_000))
    tapes, answers = [], []
    while True:
        _, written, listened = turn(begun, *arrays(*room))
        tapes.append(written)
        answers.append(listened)
        if not full(len(written), len(listened), len(begun.out), *room):
            break
    assert state_hash(begun.filled.state, begun.filled.arena) == state_hash(whole.filled.state, whole.filled.arena)
    assert room[0] == 0 or np.concatenate(tapes).tobytes() == tape.tobytes()
    assert room[1] == 0 or (np.concatenate(answers) == heard).all()
    assert len(tapes) > 3
