"""Snapshots: read back bit for bit, refused where damaged, and for another core the ledger alone."""

import json

import numpy as np
import pytest

from stackedmm.engine import snapshot
from stackedmm.engine.replay import Replay
from stackedmm.engine.replay.replay import Start
from stackedmm.engine.seat import Seat
from stackedmm.engine.snapshot import file
from stackedmm.errors import JournalError
from tests.engine.written import beginning, write_run


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A journal, the engine at its end, and snapshots of the way."""
    folder = tmp_path_factory.mktemp("journal")

    def keep(i, seat, force):
        if i % 140 == 139:
            snapshot.write(folder / "snapshots", seat.moment(), force)

    return folder, write_run(folder, seconds=80, each=keep)


def paths(folder):
    return sorted((folder / "snapshots").glob("*.snapshot"))


def test_a_restart_is_a_snapshot_and_the_rest_of_the_journal(written):
    folder, seat = written
    assert len(paths(folder)) == file.KEEP
    for path in paths(folder):
        found = snapshot.read(path)
        again = Replay(folder, Start(found.moment, found.blobs))
        again.run()
        assert (again.seat.hash, again.seat.told) == (seat.hash, seat.told)
        assert path.stat().st_size < 1_500_000


def test_a_damaged_one_is_refused_and_the_one_before_it_taken(written, tmp_path):
    folder, _ = written
    good, bad = (path.read_bytes() for path in paths(folder)[-2:])
    names = [path.name for path in paths(folder)[-2:]]
    for damaged in (bad[:-1], bad[: len(bad) // 2], b"", bad[:500] + bytes([bad[500] ^ 1]) + bad[501:]):
        (tmp_path / names[0]).write_bytes(good)
        (tmp_path / names[1]).write_bytes(damaged)
        with pytest.raises(JournalError, match="damaged or cut short"):
            snapshot.read(tmp_path / names[1])
        found, passed = snapshot.newest(tmp_path, 1 << 60)
        assert found.number == int(names[0].removesuffix(".snapshot"))
        assert len(passed) == 1


def test_one_that_is_ahead_of_the_journal_is_passed_over(written):
    folder, _ = written
    first, *_, last = (snapshot.read(path).number for path in paths(folder))
    found, passed = snapshot.newest(folder / "snapshots", last - 1)
    assert found.number < last
    assert "the journal ends at" in passed[0]
    assert snapshot.newest(folder / "snapshots", first - 1)[0] is None


def test_for_another_core_the_ledger_is_left(written, tmp_path, monkeypatch):
    folder, _ = written
    path = paths(folder)[-1]
    monkeypatch.setattr(file, "DIGEST", "of another version")
    found = snapshot.read(path)
    assert found.moment is None
    ours = json.loads(json.dumps(found.ledger))
    begun, _ = beginning(1)
    seat = Seat(begun.assembled())
    s, x = seat.built.filled.state[0], seat.built.X[0]
    open_orders = snapshot.restore(s, x, ours)
    again = snapshot.checkpoint(s, x)
    assert json.dumps(again | {"orders": open_orders}) == json.dumps(found.ledger)  # NaN is equal to itself there
    assert s["ledger"]["fills"] > 0
    assert s["reconciled"] == 1
    assert len(open_orders) > 3
    assert min(each["ref"] for each in open_orders) > 0
    assert s["counter"] >= max(each["ref"] for each in open_orders)


def test_a_ledger_of_other_units_or_another_version_is_refused(written):
    folder, _ = written
    ledger = snapshot.read(paths(folder)[-1]).ledger
    begun, _ = beginning(1)
    fresh = Seat(begun.assembled())
    s, x = fresh.built.filled.state[0], fresh.built.X[0]
    with pytest.raises(JournalError, match="version"):
        snapshot.restore(s, x, ledger | {"version": 1})
    with pytest.raises(JournalError, match="unit_cost"):
        snapshot.restore(s, x, ledger | {"whole": ledger["whole"] | {"unit_cost": 0.5}})
    assert s["ledger"]["fills"] == 0


def test_an_engine_begun_from_a_ledger_quotes_on_and_never_reuses_a_client_id(written):
    folder, _ = written
    ledger = snapshot.read(paths(folder)[-1]).ledger
    begun, market = beginning(60)
    seat = Seat(begun.assembled())
    s, x = seat.built.filled.state[0], seat.built.X[0]
    snapshot.restore(s, x, ledger)
    s["paused"] = 0
    from tests.engine.written import frames_of

    for frame in frames_of(market):
        seat.take(frame)
    tape = seat.tape[: int(seat.dials["tape_n"][0])]
    placed = tape[tape["kind"] == 1]
    assert len(placed) > 20
    assert placed["ref"].min() > ledger["whole"]["counter"]
    position = sum(int(m["position"]) * int(m["lot_units"]) for m in x["markets"][: int(s["markets_n"])])
    assert int(s["ledger"]["position"]) == int(s["opening"]) + position
    assert np.isfinite(s["reference"])
