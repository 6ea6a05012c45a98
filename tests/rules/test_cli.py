"""`stackedmm rules check`: what a person sees of a folder."""

import argparse
from pathlib import Path

import pytest

from stackedmm.cli import rules
from tests.rules.hostile import GOOD

SHIPPED = Path(__file__).parents[2] / "rules"


def run(*words: str) -> int:
    """The command's exit code."""
    parser = argparse.ArgumentParser()
    rules.add(parser.add_subparsers())
    args = parser.parse_args(["rules", *words])
    code: int = args.run(args)
    return code


def test_a_fit_folder_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(SHIPPED)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(word in out for word in ("lean", "skew", "line=passive", "strength 8 bps", "inventory", "14 rules"))


def test_an_unfit_folder_says_where_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lean.py").write_text(GOOD.replace("q.inventory", "q.inventroy"))
    (tmp_path / "other.py").write_text("import os\n")
    assert run("check", str(tmp_path)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "lean.py:6: View has no field inventroy; did you mean inventory?",
        "other.py:1: import of os; import math only; data enter through the View and signals",
    ]


def test_a_missing_folder_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(tmp_path / "nothing")) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_markup_in_a_file_stays_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text(GOOD.replace("Param(1, 0, 2)", 'Param(1, 0, 2, "[red]x")'))
    assert run("check", str(tmp_path)) == 0
    assert "[red]x" in capsys.readouterr().out
