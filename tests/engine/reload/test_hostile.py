"""Hundreds of wrong and hostile files under a watched folder of a running engine: none in force, no row missed."""

import os
import shutil
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from stackedmm.rules import edit as stages
from tests.engine.running import Replayed, Running, differences
from tests.rules.hostile import CORPUS, EXAMPLES, GOOD, PROOFS, Hostile

pytestmark = pytest.mark.slow

BATCH = 40
"""Files at a time: each fails alone, and names of a batch differ."""
KEEP = GOOD.replace("lean", "keep")


def batches() -> list[dict[str, Hostile]]:
    """The corpus in parts in which no name stands twice; what is found only when rules run stands alone."""
    alone = [each for each in CORPUS if each in (*PROOFS, *EXAMPLES) or "has no answer" in each.reason]
    found: list[dict[str, Hostile]] = []
    for each in CORPUS:
        if each in alone:
            continue
        home = next((part for part in found if len(part) < BATCH and each.name not in part), None)
        if home is None:
            home = {}
            found.append(home)
        home[each.name] = each
    return [*found, *({each.name: each} for each in alone)]


class Feed:
    """Row time goes on at the side, as fast as the engine can, while the folder is under attack."""

    def __init__(self, engine: Running) -> None:
        self._engine, self._stop = engine, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            self._engine.clock.advance(0.05)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()


def test_three_hundred_hostile_files_and_not_one_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(CORPUS) >= 300
    with Running(tmp_path, {"keep.py": KEEP}) as engine:
        standing, first = engine.host.rules, engine.host.armament
        with Feed(engine):
            for batch in batches():
                attack(engine, batch)
                assert engine.host.rules is standing
            calm = engine.save("keep.py", KEEP + "# still edited\n")
            assert calm.stage == stages.IN_FORCE
        sets = {first.digest: first, engine.host.armament.digest: engine.host.armament}
        fork = engine.host.fork(900.0)
        assert fork.start < int(fork.said["ts"][0])
        twin = Replayed(fork, first, sets)
        assert differences(twin.state[0], engine.host.look().state) == []
        assert engine.names == ["keep"]
        assert engine.reload.reverts == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rules", "store"]


def attack(engine: Running, batch: dict[str, Hostile]) -> None:
    """Put the files there, see each refused at its line and with a remedy, and take them away."""
    aside = engine.folder.with_name("aside")
    aside.mkdir()
    for name, each in batch.items():
        (aside / f"{name}.py").write_bytes(each.data)

    def put() -> None:
        for path in list(aside.iterdir()):
            path.replace(engine.folder / path.name)

    edit = engine.lived(put)
    while {each.file for each in edit.refusals} != {f"{name}.py" for name in batch}:
        engine.reload.life.wait_for(edit.number + 1)
        engine.reload.life.settle()
        edit = engine.reload.latest
    assert edit.stage == stages.REFUSED
    for name, each in batch.items():
        said = [(r.line, f"{r.what}; {r.remedy}") for r in edit.refusals if r.file == f"{name}.py"]
        if each.reason.startswith("no file ") and f"{each.reason.split()[2]}" in {f"{n}.py" for n in batch}:
            continue
        assert any(line == each.line and each.reason in text for line, text in said), (name, said)
        assert f"{name}.py:{said[0][0]}: " in repr(engine.reload.status)

    def away() -> None:
        for name in batch:
            (engine.folder / f"{name}.py").unlink()

    assert engine.lived(away).stage == stages.UNCHANGED
    shutil.rmtree(aside)


def test_what_is_no_file_is_refused_and_edits_go_on(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(GOOD)
    with Running(tmp_path, {"keep.py": KEEP}) as engine:
        folder = engine.folder

        def put() -> None:
            (folder / "link.py").symlink_to(outside)
            (folder / "dangling.py").symlink_to(tmp_path / "nothing")
            (folder / "upward.py").symlink_to("../outside.py")
            (folder / "folder.py").mkdir()
            os.mkfifo(folder / "pipe.py")
            with suppress(PermissionError):  # only root makes devices
                os.mknod(folder / "device.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
            with (folder / "large.py").open("wb") as file:
                file.truncate(50 << 20)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(os.path.relpath(folder / "socket.py"))
            for name in ("Ｋeep.py", "kee\u200bp.py", "КЕЕР.py", "keep\n.py", "..py", "con.py\u202e.py"):
                (folder / name).write_text(GOOD)

        edit = engine.lived(put)
        while len({each.file for each in edit.refusals}) < 11:
            engine.reload.life.wait_for(edit.number + 1)
            engine.reload.life.settle()
            edit = engine.reload.latest
        assert engine.names == ["keep"]
        assert all(each.line >= 1 and each.remedy for each in edit.refusals)
        assert {"link.py", "dangling.py", "upward.py", "folder.py", "pipe.py", "large.py", "socket.py"} <= {
            each.file for each in edit.refusals
        }
        assert engine.save("keep.py", KEEP + "# edited\n").stage == stages.IN_FORCE


def test_the_file_in_force_replaced_by_a_link_stays_in_force(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(GOOD)
    with Running(tmp_path, {"keep.py": KEEP}) as engine:

        def swap() -> None:
            (engine.folder / ".link").symlink_to(outside)
            (engine.folder / ".link").replace(engine.folder / "keep.py")

        edit = engine.lived(swap)
        assert edit.stage == stages.REFUSED
        assert "is a symbolic link" in str(edit.refusals[0])
        engine.clock.advance(1.0)
        assert engine.names == ["keep"]
