"""What is read from a folder, what is passed over, and what a set of rules is called."""

import os
import socket
from pathlib import Path

import pytest

from stackedmm.errors import RuleError
from stackedmm.rules import check, examine, load, rebuild
from stackedmm.rules.reading import twins
from tests.rules.hostile import GOOD

SHAPES = "def ramp(x):\n    return max(0.0, x)\n"


def said(folder: Path) -> list[str]:
    return [str(each) for each in check(folder)]


def test_an_empty_folder_is_a_set_without_rules(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    found = load(tmp_path)
    assert (found.rules, found.digest, found.hex) == ((), 0, "0" * 16)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no-such:1: the rules folder cannot be read"):
        load(tmp_path / "no-such")


def test_only_rule_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    for name in ("_draft.py", ".#good.py", "README.md", "good.py~"):
        (tmp_path / name).write_text("import os")
    (tmp_path / "_drafts").mkdir()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "notes").mkdir()
    assert [each.name for each in load(tmp_path).rules] == ["lean"]


def test_all_refusals_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(GOOD.replace("q.inventory", "q.inventroy + open(1)"))
    (tmp_path / "b.py").write_text("import os\nimport sys\n")
    (tmp_path / "c.py").write_text(GOOD.replace("lean", "other"))
    found = said(tmp_path)
    assert [line.split(": ")[0] for line in found] == ["a.py:6", "a.py:6", "b.py:1", "b.py:2"]
    with pytest.raises(RuleError) as raised:
        load(tmp_path)
    assert str(raised.value).splitlines() == found


def test_symlinks_folders_and_pipes_are_no_rule_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(GOOD)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "link.py").symlink_to(outside)
    (folder / "dangling.py").symlink_to(tmp_path / "nothing")
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    found = said(folder)
    assert [line.split(":")[0] for line in found] == ["dangling.py", "folder.py", "link.py", "pipe.py"]
    assert "symbolic link" in found[0]
    assert "symbolic link" in found[2]
    assert "not a regular file" in found[1]
    assert "not a regular file" in found[3]


def test_a_socket_is_no_rule_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.py")
        assert len(said(tmp_path)) == 1


def test_names_that_differ_by_case_are_refused(tmp_path: Path) -> None:
    assert [str(each) for each in twins(["lean.py", "Lean.py"])] == [
        "lean.py:1: differs from Lean.py only by case; rename one of the two"
    ]
    (tmp_path / "Lean.py").write_text(GOOD)
    assert "no name for a rule file" in said(tmp_path)[0]


def test_a_rule_name_stands_once_over_all_files() -> None:
    outcome = examine({"a.py": GOOD.encode(), "b.py": GOOD.encode()})
    assert [str(each) for each in outcome.refusals] == [
        "b.py:4: the rule lean is already in a.py; give one of the two another name"
    ]


def test_a_rule_is_not_borrowed_from_another_file() -> None:
    user = 'from stackedmm import rule\nfrom a import lean\n@rule.skew\ndef f(q):\n    """Doc."""\n    return 1.0\n'
    outcome = examine({"a.py": GOOD.encode(), "b.py": user.encode()})
    assert [each.what for each in outcome.refusals] == ["lean is a rule of a.py"]


def test_functions_that_call_each_other_over_files_are_refused() -> None:
    first = b"from b import g\ndef f(x):\n    return g(x)\n"
    second = b"from a import f\ndef g(x):\n    return f(x)\n"
    files = {"a.py": first, "b.py": second}
    assert {str(each).split(";")[0] for each in examine(files).refusals} == {
        "a.py:2: f calls itself",
        "b.py:2: g calls itself",
    }


def test_what_leans_on_a_refused_file_is_not_refused_twice() -> None:
    user = GOOD.replace("import exp", "import exp\nfrom shapes import ramp").replace("q.inventory", "ramp(q.inventory)")
    outcome = examine({"shapes.py": b"import os\nwhile", "user.py": user.encode()})
    assert {each.file for each in outcome.refusals} == {"shapes.py"}


def test_too_many_rules_are_refused() -> None:
    rules = "".join(f'@rule.skew\ndef r{i}(q):\n    """Doc."""\n    return 1.0\n' for i in range(65))
    outcome = examine({"a.py": f"from stackedmm import rule\n{rules}".encode()})
    assert "65 rules in the folder" in str(outcome.refusals[0])


def test_digest_follows_the_bytes_and_not_the_order() -> None:
    files = {"a.py": GOOD.encode(), "b.py": SHAPES.encode()}
    first = rebuild(files)
    assert rebuild(dict(reversed(files.items()))).digest == first.digest
    assert first.hex == f"{first.digest & (2**64 - 1):016x}"
    assert -(2**63) <= first.digest < 2**63
    assert rebuild({**files, "b.py": SHAPES.encode() + b"#"}).digest != first.digest


def test_content_decides_and_not_time_or_size(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(GOOD)
    stamp = path.stat().st_mtime_ns
    first = load(tmp_path)
    path.write_text(GOOD.replace("* strength", "- strength"))
    os.utime(path, ns=(stamp, stamp))
    second = load(tmp_path)
    assert path.stat().st_size == len(GOOD)
    assert second.digest != first.digest
    assert second.rules[0].address != first.rules[0].address or not first.rules[0].address


def test_an_earlier_set_comes_back_from_its_own_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(GOOD)
    first = load(tmp_path)
    path.unlink()
    again = rebuild(first.files)
    assert again.digest == first.digest
    assert again.rules[0].address == first.rules[0].address
