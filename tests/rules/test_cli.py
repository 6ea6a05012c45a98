"""`stackedmm rules`: what a person sees of a folder, of one rule, of an edit, and of what was."""

import argparse
from pathlib import Path

import pytest

from stackedmm.cli import rules
from stackedmm.errors import ConfigError, RuleError
from stackedmm.rules import rebuild
from stackedmm.rules.store import Act, Store, digest, place_of
from stackedmm.rules.template import template
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


def test_the_examples_of_a_folder_or_of_one_file_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("test", str(SHIPPED / "inventory.py")) == 0
    assert capsys.readouterr().out == "inventory.py: 5 examples hold\n"
    assert run("test", str(SHIPPED)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "lean.py").write_text(GOOD.replace("lean", "other") + "assert other(View()) == 1.0\n")
    assert run("test", str(tmp_path / "good.py")) == 0
    assert capsys.readouterr().out == "good.py: 0 examples hold\n"
    assert run("test", str(tmp_path)) == 2
    assert "lean.py:7: the example `other(View()) == 1.0` does not hold: 0 against 1" in capsys.readouterr().err
    with pytest.raises(RuleError, match="no such rule file"):
        run("test", str(tmp_path / "nothing.py"))


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "fade", "--rules", str(SHIPPED), "--at", "steepness=0.7", "--points", "3") == 0
    out = capsys.readouterr().out
    assert "steepness=0.7" in out
    assert [line.split() for line in out.splitlines()[2:5]] == [["-1", "1"], ["0", "1"], ["1", "0.4966"]]
    with pytest.raises(ConfigError, match="expected NAME=NUMBER"):
        run("explain", "fade", "--rules", str(SHIPPED), "--at", "steepness")


def test_a_new_rule_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "size", "shrink", "--rules", str(tmp_path / "mine")) == 0
    assert run("check", str(tmp_path / "mine")) == 0
    assert "shrink" in capsys.readouterr().out
    with pytest.raises(RuleError, match="is there already"):
        run("new", "size", "shrink", "--rules", str(tmp_path / "mine"))
    with pytest.raises(RuleError, match="no name for a rule file"):
        run("new", "size", "../shrink", "--rules", str(tmp_path / "mine"))
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["shrink.py"]


def test_history_difference_and_the_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuleError, match="no versions are kept here"):
        run("history", "--rules", str(tmp_path))
    store = Store(place_of(tmp_path))
    for text in (GOOD, GOOD.replace("* strength", "* strength * 2")):
        name = store.keep_set(rebuild({"a.py": text.encode()}))
        store.note(Act("applied", "quant", "try", name, files={"a.py": digest(text.encode())}))
        (tmp_path / "a.py").write_text(text)
    (tmp_path / "b.py").write_text(GOOD.replace("lean", "other"))
    assert run("history", "--rules", str(tmp_path)) == 0
    assert "applied" in capsys.readouterr().out
    assert run("history", "a.py", "--rules", str(tmp_path)) == 0
    assert "in force" in capsys.readouterr().out
    assert run("diff", "--rules", str(tmp_path)) == 0
    assert "+    return q.inventory * strength * 2" in capsys.readouterr().out
    assert run("rollback", "--rules", str(tmp_path), "--why", "worse") == 0
    assert "2 files put back" in capsys.readouterr().out
    assert [each.name for each in tmp_path.glob("*.py")] == ["a.py"]
    assert (tmp_path / "a.py").read_text() == GOOD
    last = store.history(1)[0]
    assert (last.what, last.why, set(last.files)) == ("put back", "worse", {"a.py", "b.py"})
    assert store.file(last.files["b.py"]).decode() == GOOD.replace("lean", "other")


@pytest.mark.slow
def test_a_file_is_previewed_beside_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cautious.py").write_text(template("widen", "cautious"))
    picture = tmp_path / "found.png"
    words = ("--rules", str(SHIPPED), "--seconds", "60", "--picture", str(picture))
    assert run("preview", str(tmp_path / "cautious.py"), *words) in (0, 1)
    out = capsys.readouterr().out
    assert all(
        word in out for word in ("Preview over 1 min", "in force  candidate", "passive-1 bid binance", "cautious")
    )
    assert picture.stat().st_size > 10_000
    assert run("preview", str(SHIPPED), "--rules", str(SHIPPED), "--seconds", "60") == 0
    assert "no decision differs" in capsys.readouterr().out
