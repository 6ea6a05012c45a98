"""A journal run again gives the same engine: in this process, in another, and from any snapshot on the way."""

import subprocess
import sys

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.rows import ROW
from stackedmm.engine.journal import Journal, frames, read, segments, thin
from stackedmm.engine.replay import Replay
from stackedmm.engine.replay.replay import Start
from stackedmm.errors import JournalError
from tests.engine.written import write_run

OTHER = """
import sys
from stackedmm.engine.replay import Replay
again = Replay(sys.argv[1])
found = again.run()
print(again.seat.hash, again.seat.told, again.seat.number, len(found))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A journal of a minute, the engine at its end, and moments of it on the way."""
    folder = tmp_path_factory.mktemp("journal")
    moments = []

    def keep(i, seat, force):
        if i % 117 == 0:
            moments.append(Start(seat.moment(), force))

    return folder, write_run(folder, each=keep), moments


def test_the_same_rows_give_the_same_engine_and_the_same_commands(written):
    folder, seat, _ = written
    again = Replay(folder)
    assert again.run() == []
    assert (again.seat.hash, again.seat.told, again.seat.number) == (seat.hash, seat.told, seat.number)
    assert again.checked > 50
    s = seat.built.filled.state[0]
    assert s["commands"] > 100
    assert again.force.config.tob_lines[0].spread_bps == 44


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_so_it_does_in_another_process(written, seed):
    folder, seat, _ = written
    command = [sys.executable, "-c", OTHER, str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, env={"PYTHONHASHSEED": seed}, check=True)
    assert answer.stdout.split() == [seat.hash, str(seat.told), str(seat.number), "0"]


@pytest.mark.slow
def test_so_it_does_as_plain_python(tmp_path):
    seat = write_run(tmp_path, seconds=8)
    command = [sys.executable, "-c", OTHER, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, env={"NUMBA_DISABLE_JIT": "1"}, check=True)
    assert answer.stdout.split() == [seat.hash, str(seat.told), str(seat.number), "0"]


def test_from_any_snapshot_on_the_way_it_ends_the_same(written):
    folder, seat, moments = written
    assert len(moments) > 4
    for start in moments:
        again = Replay(folder, start)
        assert again.seat.hash == start.moment.hash
        assert again.run() == []
        assert (again.seat.hash, again.seat.told, again.seat.number) == (seat.hash, seat.told, seat.number)


def test_it_stops_at_any_row_and_goes_on_from_there(written):
    folder, seat, moments = written
    again = Replay(folder)
    for start in moments:
        again.run(until=start.moment.number)
        assert (again.seat.number, again.seat.hash) == (start.moment.number, start.moment.hash)
    again.run()
    assert again.seat.hash == seat.hash


def rewritten(folder, to, change):
    """The journal again, its rows changed on the way."""
    to.mkdir()
    out = Journal(to)
    contents = read(folder)
    for frame in contents:
        if frame.kind == frames.ROWS:
            out.rows(change(frames.rows_in(frame, contents.layout).copy()))
        elif frame.kind == frames.BLOB:
            out.blob(*frames.blob_in(frame))
        elif frame.kind in (frames.NOTE, frames.END):
            out.note(frame.json, frame.kind)
        if out._waiting_bytes > 1 << 20:
            out.flush()
    out.close()


def more_traded(batch):
    """One more lot in one public trade."""
    trades = np.flatnonzero(batch["kind"] == rows.TRADE)
    batch["qty"][trades[:1]] += 1
    return batch


def never_paused(batch):
    """A pause becomes its contrary."""
    paused = (batch["kind"] == rows.CONTROL) & (batch["ref"] == rows.PAUSE)
    batch["ref"][paused] = rows.RESUME
    return batch


@pytest.mark.parametrize(("change", "what"), [(more_traded, "state"), (never_paused, "commands")])
def test_whatever_was_changed_is_found(written, tmp_path, change, what):
    folder, _, _ = written
    rewritten(folder, tmp_path / "changed", change)
    found = Replay(tmp_path / "changed").run()
    assert what in {each.what for each in found}
    assert "the journal says" in str(found[0])


def test_a_journal_without_its_market_rows_is_refused(written, tmp_path):
    folder, _, _ = written
    rewritten(folder, tmp_path / "thin", lambda batch: batch)
    thin.thin(segments(tmp_path / "thin")[0], 1 << 60)
    with pytest.raises(JournalError, match="were dropped"):
        Replay(tmp_path / "thin").run()


def test_a_journal_without_a_beginning_is_refused(tmp_path):
    journal = Journal(tmp_path)
    journal.rows(np.zeros(3, ROW))
    journal.close()
    with pytest.raises(JournalError, match="no beginning"):
        Replay(tmp_path)
