"""The process that checks edits: it answers as this one would, and its death costs a moment and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackedmm.rules import examine, rebuild
from stackedmm.rules.proofs import Proofs
from stackedmm.rules.workshop import Workshop
from tests.rules.hostile import GOOD, HEAD

LEAN = GOOD.encode()


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    made = Workshop()
    made.open()
    yield made
    made.close()


@pytest.mark.slow
def test_it_answers_as_this_process_would_and_proves_for_both(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = workshop.consider({"a.py": LEAN, "b.py": b"import os\n"})
    assert answer.files == {"a.py": LEAN}
    assert answer.refusals == examine({"b.py": b"import os\n"}).refusals

    def never(*_: object) -> None:
        raise AssertionError("proved twice")

    monkeypatch.setattr("stackedmm.rules.prove.prove", never)
    assert (
        rebuild(answer.files, answer.retired, Proofs(answer.proofs)).hex
        == rebuild({"a.py": LEAN}, (), Proofs(answer.proofs)).hex
    )
    with pytest.raises(AssertionError, match="proved twice"):
        rebuild({"a.py": LEAN + b"#"})


@pytest.mark.slow
def test_a_process_that_is_killed_is_replaced(workshop: Workshop) -> None:
    workshop.consider({"a.py": LEAN})
    first = workshop.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert workshop.consider({"a.py": LEAN}).files == {"a.py": LEAN}
    assert workshop.pid not in (None, first)
    assert workshop.restarts == 1


@pytest.mark.slow
def test_a_process_that_stands_still_is_ended_in_time(workshop: Workshop) -> None:
    workshop.consider({"a.py": LEAN})
    first = workshop.pid
    assert first is not None
    workshop._limit_s = 0.2
    os.kill(first, signal.SIGSTOP)
    answer = workshop.consider({"a.py": LEAN + b"#", "b.py": LEAN}, (), {"b.py": LEAN})
    assert answer.files is None
    assert [str(each) for each in answer.refusals] == [
        "a.py:1: took longer than 0.2 s to check and compile; write it in fewer or smaller rules"
    ]
    workshop._limit_s = 30.0
    assert workshop.consider({"a.py": LEAN}).files == {"a.py": LEAN}


@pytest.mark.slow
def test_machine_code_does_not_pile_up(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackedmm.rules.workshop.EDITS_MAX", 2)
    workshop.consider({"a.py": LEAN})
    first = workshop.pid
    workshop.consider({"a.py": LEAN})
    assert workshop.pid != first
    assert workshop.restarts == 0


@pytest.mark.slow
def test_a_closed_workshop_refuses(workshop: Workshop) -> None:
    workshop.close()
    assert workshop.consider({"a.py": LEAN}).files is None
    assert workshop.pid is None


@pytest.mark.slow
def test_what_a_file_holds_never_reaches_the_answers(workshop: Workshop) -> None:
    shout = (HEAD + "print('x' * 9)\n").encode()
    assert workshop.consider({"a.py": shout}).files == {}
    assert "`print('x' * 9)` at the top" in str(workshop.consider({"a.py": shout}).refusals[0])


@pytest.mark.slow
def test_the_process_ends_with_the_one_that_asked(tmp_path: Path) -> None:
    script = (
        "from stackedmm.rules.workshop import Workshop\n"
        "workshop = Workshop(); workshop.open(); workshop.consider({})\n"
        "print(workshop.pid, flush=True); input()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        asking.kill()
    deadline = time.monotonic() + 10.0
    while _runs(pid):
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether a process is there and not merely waited for."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.is_file() or ") Z " not in status.read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
