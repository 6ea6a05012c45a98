"""A session without a notebook: a status line, and an end that is proven, hurried or by itself."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-u", "-m", "stackedmm", "paper", "--policy", "off"]
PATIENCE_S = 240  # the engine may have to be compiled first


def started(*words, **options):
    """A session whose first status line has been printed."""
    process = subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)
    assert process.stdout is not None
    assert any("reference " in line for line in process.stdout)
    return process


def test_ctrl_c_cancels_proves_and_ends():
    process = started("--speed", "5")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "every order is proven dead" in out
    assert "orders open         0" in out


def test_it_ends_by_itself_after_a_time_and_keeps_what_happened(tmp_path):
    words = ["--seconds", "1", "--speed", "60", "--save", str(tmp_path / "kept")]
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    days = sorted((tmp_path / "kept" / "orders").glob("*.parquet"))
    assert len(pd.concat([pd.read_parquet(path) for path in days])) > 0


def test_a_recording_ends_with_its_rows(recording_file, config_file):
    words = ["--data", str(recording_file), "--config", str(config_file), "--speed", "1000"]
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "replay BERA/USDT: ended" in done.stdout


def test_a_terminal_gets_one_line_that_is_written_again():
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, "--seconds", "2"], cwd=ROOT, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # the other end is closed: the command has ended
    assert process.wait(PATIENCE_S) == 0
    assert shown.count(b"\rreference") + shown.count(b"\x1b[K") >= 2
    assert b"proven dead" in shown


def test_options_that_mean_nothing_are_refused(stackedmm):
    code, _, err = stackedmm("paper", "--resume")
    assert code == 2
    assert "journal" in err
    code, _, err = stackedmm("run", "--policy", "always")
    assert code == 2
    assert "--policy" in err
