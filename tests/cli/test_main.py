"""The command line itself: help, versions, exit codes, and ends that are nobody's fault."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import stackedmm as mm
from stackedmm.cli import main as module

ROOT = Path(__file__).resolve().parent.parent.parent


def start(*words: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "stackedmm", *words]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def test_help_lists_every_command_and_loads_none():
    script = (
        "import sys; from stackedmm.cli.main import main; code = main(['--help']); print('loaded:', *sys.modules); "
        "sys.exit(code)"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    shown, _, loaded = answer.stdout.partition("loaded:")
    assert all(f"    {name} " in shown for name in module.COMMANDS)
    assert not {"numpy", "numba", "pandas", "pydantic", "rich", "pyarrow"} & set(loaded.split())


@pytest.mark.parametrize("name", module.COMMANDS)
def test_each_command_has_help_of_its_own(name, stackedmm):
    code, out, err = stackedmm(name, "--help")
    assert (code, err) == (0, "")
    assert f"usage: stackedmm {name}" in out


def test_the_version_is_the_package_s(stackedmm):
    assert stackedmm("--version") == (0, f"stackedmm {mm.__version__}\n", "")


@pytest.mark.parametrize("words", [(), ("trade",), ("--frequency", "high"), ("backtest", "--speed", "9")])
def test_words_that_mean_nothing_are_refused_with_the_usage(words, stackedmm):
    code, out, err = stackedmm(*words)
    assert (code, out) == (2, "")
    assert err.startswith("usage: stackedmm")


def test_commands_of_other_files_run_through_it(stackedmm, recording_file, tmp_path):
    code, out, _ = stackedmm("config", "template", "conservative_bera_usdt")
    assert code == 0
    (tmp_path / "c.json").write_text(out)
    assert stackedmm("config", "validate", tmp_path / "c.json")[0] == 0
    assert stackedmm("rules", "check", ROOT / "rules")[0] == 0
    code, out, _ = stackedmm("book", "--data", recording_file, "--venue", "bybit", "--symbol", "BERA/USDT", "--json")
    assert (code, out.startswith('{"venue": "bybit"')) == (0, True)


@pytest.mark.parametrize(
    ("error", "code"), [(mm.ConfigError, 2), (mm.RuleError, 2), (mm.StaleError, 1), (mm.JournalError, 1)]
)
def test_an_error_is_one_message_and_an_exit_code(error, code, stackedmm, monkeypatch):
    def fail(*args, **options):
        raise error("lines[0].size: -1, expected 0 or more")

    monkeypatch.setattr("stackedmm.lab.backtest", fail)
    answer = stackedmm("backtest", "--template", "conservative_bera_usdt")
    assert answer == (code, "", "stackedmm: lines[0].size: -1, expected 0 or more\n")


def test_a_pipe_that_closes_ends_it_quietly():
    with start("config", "schema", stdout=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == module.CLOSED


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_said_once():
    with open("/dev/full", "w") as full, start("config", "schema", stdout=full) as process:
        assert process.stderr.read() == "stackedmm: [Errno 28] No space left on device\n"
        assert process.wait(60) == 1


@pytest.mark.slow
def test_ctrl_c_ends_a_run_and_leaves_nothing_half_written(tmp_path):
    words = ("backtest", "--template", "conservative_bera_usdt", "--seconds", "400000", "--out", str(tmp_path / "out"))
    process = start(*words, stdout=subprocess.PIPE)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (module.INTERRUPTED, "")
    assert err.splitlines()[-1] == "stackedmm: interrupted"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
