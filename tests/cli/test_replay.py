"""`stackedmm replay`: a journal run again, from its beginning or from a snapshot."""

import json

import pytest

from stackedmm.cli.main import main
from stackedmm.engine import snapshot
from stackedmm.engine.journal import segments
from tests.engine.written import write_run


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")

    def keep(i, seat, force):
        if i == 130:
            snapshot.write(folder / "snapshots", seat.moment(), force)

    return folder, write_run(folder, seconds=30, each=keep)


def test_it_says_what_the_engine_came_to(written, capsys):
    folder, seat = written
    assert main(["replay", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["last row"], found["differences"]) == (seat.hash, seat.number, [])
    assert found["compared"] > 20
    assert main(["replay", str(folder)]) == 0
    assert seat.hash in capsys.readouterr().out


def test_it_stops_where_it_is_told_and_begins_at_a_snapshot(written, capsys):
    folder, seat = written
    assert main(["replay", str(folder), "--json", "--until", "1234"]) == 0
    assert json.loads(capsys.readouterr().out)["last row"] == 1234
    assert main(["replay", str(folder), "--json", "--snapshot"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == seat.hash
    assert 0 < found["rows"] < seat.number


def test_a_torn_end_is_said_and_damage_is_refused(written, tmp_path, capsys):
    folder, _ = written
    whole = segments(folder)[0].read_bytes()
    path = tmp_path / segments(folder)[0].name
    path.write_bytes(whole[:-5])
    assert main(["replay", str(tmp_path), "--json"]) == 0
    assert "torn at byte" in capsys.readouterr().err
    path.write_bytes(whole[:5000] + b"\0" + whole[5001:])
    assert main(["replay", str(tmp_path)]) == 1
    assert "damaged at byte" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "nothing")]) == 1
    assert "expected a journal" in capsys.readouterr().err
