"""What the watcher hands out: whole files, once, whatever editors, git and hostile neighbours do to the folder."""

import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackedmm.rules.watch import PATIENCE_S, Snapshot, Watcher
from tests.rules.hostile import GOOD

WAIT_S = 10.0
QUIET_S = 0.3
"""Long enough for a change that must not be handed out to be handed out."""


class Heard:
    """A folder under watch, and what was heard of it."""

    def __init__(self, folder: Path, *, poll: bool) -> None:
        self.folder = folder
        self.snapshots: queue.Queue[Snapshot] = queue.Queue()
        self.watcher = Watcher(folder, self.snapshots.put, poll=poll)
        self.ready = threading.Event()

    def next(self) -> Snapshot:
        return self.snapshots.get(timeout=WAIT_S)

    def quiet(self) -> bool:
        try:
            found = self.snapshots.get(timeout=QUIET_S)
        except queue.Empty:
            return True
        pytest.fail(f"heard {sorted(found.files)} {found.refusals}")
        return False

    def until(self, **files: str | None) -> Snapshot:
        """The first snapshot in which these files are like this."""
        while True:
            found = self.next()
            if all(found.files.get(f"{n}.py") == (None if t is None else t.encode()) for n, t in files.items()):
                return found


@pytest.fixture(params=[False, True], ids=["events", "polling"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Heard]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.py").write_text(GOOD)
    made = Heard(folder, poll=request.param)
    made.watcher.start(Snapshot({}, []))
    made.until(a=GOOD)
    yield made
    made.watcher.stop()
    assert made.watcher.kind == ("polling" if request.param else "events"), made.watcher.fault


def test_a_save_is_heard_once(heard: Heard) -> None:
    (heard.folder / "a.py").write_text(GOOD + "# 1\n")
    assert heard.next().files == {"a.py": (GOOD + "# 1\n").encode()}
    assert heard.quiet()


def test_an_editor_that_writes_aside_and_renames_is_heard(heard: Heard) -> None:
    aside = heard.folder / "a.py~"
    aside.write_text(GOOD + "# 2\n")
    aside.replace(heard.folder / "a.py")
    assert heard.next().files == {"a.py": (GOOD + "# 2\n").encode()}


def test_an_editor_that_moves_the_old_file_away_first_is_heard_once(heard: Heard) -> None:
    path = heard.folder / "a.py"
    path.replace(heard.folder / "a.py~")
    path.write_text(GOOD + "# 3\n")
    assert heard.next().files == {"a.py": (GOOD + "# 3\n").encode()}
    assert heard.quiet()


def test_half_a_file_is_waited_for(heard: Heard) -> None:
    with (heard.folder / "a.py").open("w") as file:
        file.write(GOOD[: GOOD.index("@rule")])
        file.flush()
        assert heard.snapshots.empty()
        threading.Event().wait(PATIENCE_S / 3)
        file.write(GOOD[GOOD.index("@rule") :] + "# 4\n")
    assert heard.next().files == {"a.py": (GOOD + "# 4\n").encode()}


def test_a_file_that_is_emptied_and_written_again_is_heard_once(heard: Heard) -> None:
    (heard.folder / "a.py").write_text("")
    threading.Event().wait(PATIENCE_S / 4)
    (heard.folder / "a.py").write_text(GOOD + "# 5\n")
    assert heard.next().files == {"a.py": (GOOD + "# 5\n").encode()}
    assert heard.quiet()


def test_a_file_written_twice_at_once_ends_with_the_second(heard: Heard) -> None:
    for text in (GOOD + "# 6\n", GOOD + "# 7\n"):
        (heard.folder / "a.py").write_text(text)
    heard.until(a=GOOD + "# 7\n")
    assert heard.quiet()


def test_an_equal_file_with_another_time_is_not_heard(heard: Heard) -> None:
    os.utime(heard.folder / "a.py", ns=(1, 1))
    (heard.folder / "a.py").write_text(GOOD)
    assert heard.quiet()


def test_another_file_with_the_same_time_and_size_is_heard(heard: Heard) -> None:
    path = heard.folder / "a.py"
    before = path.stat()
    changed = GOOD.replace("* strength", "- strength")
    path.write_text(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    heard.until(a=changed)


def test_a_deleted_file_is_heard_after_a_while(heard: Heard) -> None:
    (heard.folder / "a.py").unlink()
    assert heard.next().files == {}


def test_a_folder_that_goes_and_comes_back_is_watched_on(heard: Heard) -> None:
    aside = heard.folder.with_name("aside")
    heard.folder.rename(aside)
    gone = heard.next()
    assert gone.files == {}
    assert "cannot be read" in str(gone.refusals[0])
    shutil.copytree(aside, heard.folder)
    heard.until(a=GOOD)
    (heard.folder / "a.py").write_text(GOOD + "# 8\n")
    heard.until(a=GOOD + "# 8\n")


@pytest.mark.slow
def test_git_changes_many_files_and_one_set_is_heard(heard: Heard) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(heard.folder), *words], check=True, capture_output=True)

    git("init", "-q", "-b", "one")
    git("config", "user.email", "quant@example.org")
    git("config", "user.name", "quant")
    git("add", "-A")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two")
    names = [f"r{i}" for i in range(8)]
    for name in names:
        (heard.folder / f"{name}.py").write_text(GOOD.replace("lean", name))
    heard.until(**{name: GOOD.replace("lean", name) for name in names})
    git("add", "-A")
    git("commit", "-qm", "two")
    assert heard.quiet()
    git("checkout", "-q", "one")
    assert heard.next().files == {"a.py": GOOD.encode()}
    git("checkout", "-q", "two")
    heard.until(**{name: GOOD.replace("lean", name) for name in names})


def test_what_is_no_rule_file_is_refused_by_name_and_holds_nobody_up(heard: Heard, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(GOOD)
    folder = heard.folder
    (folder / "link.py").symlink_to(outside)
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    (folder / "Ｌean.py").write_text(GOOD)
    with (folder / "large.py").open("wb") as file:
        file.truncate(50 << 20)
    (folder / "b.py").write_text(GOOD.replace("lean", "other"))
    found = heard.until(b=GOOD.replace("lean", "other"))
    while len(found.refusals) < 3 or "large.py" not in found.files:
        found = heard.next()
    assert [each.file for each in found.refusals] == ["folder.py", "link.py", "pipe.py"]
    assert len(found.files["large.py"]) == 256_001
    assert "link.py" not in found.files


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(heard: Heard) -> None:
    path = heard.folder / "secret.py"
    path.write_text(GOOD)
    path.chmod(0)
    found = heard.next()
    while not found.refusals:
        found = heard.next()
    assert "cannot be read" in str(found.refusals[0])


def test_a_file_that_never_rests_is_taken_in_the_end(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackedmm.rules.watch.LONGEST_S", 0.5)
    stop = threading.Event()

    def write() -> None:
        count = 0
        while not stop.wait(0.005):
            count += 1
            (heard.folder / "b.py").write_text(f"# {count}\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while "b.py" not in heard.next().files:
            continue
    finally:
        stop.set()
        writer.join()


def test_it_stops_at_once_and_without_a_folder(tmp_path: Path) -> None:
    heard: list[Snapshot] = []
    watcher = Watcher(tmp_path / "nothing", heard.append)
    watcher.start()
    watcher.stop()
    assert not watcher.alive


def test_notices_that_the_system_refuses_are_replaced_by_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[None]:
        raise OSError("OS file watch limit reached")
        yield

    monkeypatch.setattr("watchfiles.watch", refuse)
    heard: queue.Queue[Snapshot] = queue.Queue()
    watcher = Watcher(tmp_path, heard.put)
    (tmp_path / "a.py").write_text(GOOD)
    watcher.start(Snapshot({}, []))
    assert heard.get(timeout=WAIT_S).files == {"a.py": GOOD.encode()}
    (tmp_path / "a.py").write_text(GOOD + "# later\n")
    assert heard.get(timeout=WAIT_S).files == {"a.py": (GOOD + "# later\n").encode()}
    assert watcher.kind == "polling"
    assert "watch limit" in watcher.fault
    watcher.stop()
