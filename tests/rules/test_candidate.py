"""From a folder as it stands to the set that is to be: what fails alone, what hangs together, what stays."""

from random import Random

from stackedmm.rules import Refusal
from stackedmm.rules.candidate import consider, parts
from stackedmm.rules.proofs import Proofs
from tests.rules.hostile import GOOD, HEAD

SHAPES = b"def ramp(x):\n    return max(0.0, x)\n"
USER = (
    HEAD
    + 'from shapes import ramp\n@rule.size\ndef fade(q):\n    """Doc."""\n    return 1.0 - 0.5 * ramp(q.pressure)\n'
).encode()
LEAN, OTHER = GOOD.encode(), GOOD.replace("lean", "other").encode()
BAD = b"import os\n"


def test_a_good_edit_is_the_set_that_is_to_be() -> None:
    found = consider({"a.py": OTHER}, [], {"a.py": LEAN}, [])
    assert found.rules is not None
    assert [each.name for each in found.rules.rules] == ["other"]
    assert (found.refusals, found.notes) == ([], [])


def test_a_bad_file_keeps_its_version_and_the_others_go_on() -> None:
    found = consider({"a.py": BAD, "b.py": OTHER}, [], {"a.py": LEAN}, [])
    assert found.rules is not None
    assert found.rules.files == {"a.py": LEAN, "b.py": OTHER}
    assert [str(each).split(":")[0] for each in found.refusals] == ["a.py"]


def test_a_new_bad_file_stays_out() -> None:
    found = consider({"a.py": LEAN, "b.py": BAD}, [], {"a.py": LEAN}, [])
    assert found.rules is not None
    assert found.rules.files == {"a.py": LEAN}
    assert len(found.refusals) == 1


def test_files_tied_by_imports_fail_together() -> None:
    standing = {"shapes.py": SHAPES, "user.py": USER, "a.py": LEAN}
    moved = SHAPES.replace(b"ramp", b"rise")
    edited = USER.replace(b"0.5", b"0.25")
    found = consider({"shapes.py": moved, "user.py": edited, "a.py": OTHER}, [], standing, [])
    assert found.rules is not None
    assert found.rules.files == {**standing, "a.py": OTHER}
    assert {each.file for each in found.refusals} == {"user.py"}
    renamed = edited.replace(b"ramp", b"rise")
    whole = consider({"shapes.py": moved, "user.py": renamed, "a.py": OTHER}, [], standing, [])
    assert whole.rules is not None
    assert whole.rules.files == {"shapes.py": moved, "user.py": renamed, "a.py": OTHER}


def test_an_edited_function_reaches_the_rule_that_imports_it() -> None:
    before = consider({"shapes.py": SHAPES, "user.py": USER}, [], {}, [])
    after = consider({"shapes.py": SHAPES.replace(b"0.0", b"0.1"), "user.py": USER}, [], before.rules.files, [])  # type: ignore[union-attr]
    assert before.rules is not None
    assert after.rules is not None
    assert before.rules["fade"].value(0.05) != after.rules["fade"].value(0.05)


def test_a_deleted_file_retires_nothing() -> None:
    for present in ({"b.py": OTHER}, {"b.py": OTHER, "a.py": b""}, {"b.py": OTHER, "a.py": b" \n"}):
        found = consider(present, [], {"a.py": LEAN}, [])
        assert found.rules is not None
        assert found.rules.files == {"a.py": LEAN, "b.py": OTHER}
        assert found.notes == ["a.py is gone from the folder; in force until retired: lean"]


def test_a_renamed_file_takes_its_rules_along() -> None:
    found = consider({"b.py": LEAN}, [], {"a.py": LEAN}, [])
    assert found.rules is not None
    assert found.rules.files == {"b.py": LEAN}
    assert found.notes == ["a.py is gone from the folder; its rules now stand in b.py"]


def test_a_deleted_module_of_functions_stays_while_it_is_needed() -> None:
    standing = {"shapes.py": SHAPES, "user.py": USER}
    needed = consider({"user.py": USER}, [], standing, [])
    assert needed.rules is not None
    assert needed.rules.files == standing
    gone = consider({"user.py": LEAN, "a.py": OTHER}, [], standing, [])
    assert gone.rules is not None
    assert "shapes.py" not in gone.rules.files
    both = consider({"a.py": OTHER}, [], standing, [])
    assert both.rules is not None
    assert both.rules.files == {**standing, "a.py": OTHER}


def test_half_a_move_keeps_both_rules_once() -> None:
    two = LEAN + OTHER[len(HEAD) :]
    found = consider({"b.py": LEAN}, [], {"a.py": two}, [])
    assert found.rules is not None
    assert found.rules.files == {"a.py": two}
    assert "the rule lean is already in" in str(found.refusals[0])


def test_a_file_that_cannot_be_read_keeps_its_version() -> None:
    unread = [Refusal("a.py", 1, "is a symbolic link", "put the file itself into the folder")]
    found = consider({"b.py": OTHER}, unread, {"a.py": LEAN}, [])
    assert found.rules is not None
    assert found.rules.files == {"a.py": LEAN, "b.py": OTHER}
    assert found.refusals == unread


def test_retired_rules_stay_out_and_their_files_in() -> None:
    found = consider({"a.py": LEAN, "b.py": OTHER}, [], {"a.py": LEAN}, ["lean", "unheard"])
    assert found.rules is not None
    assert [each.name for each in found.rules.rules] == ["other"]
    assert found.rules.retired == {"lean"}
    assert found.rules.files == {"a.py": LEAN, "b.py": OTHER}


def test_one_rule_in_two_new_files_leaves_both_out() -> None:
    found = consider({"a.py": LEAN, "b.py": LEAN, "c.py": OTHER}, [], {}, [])
    assert found.rules is not None
    assert found.rules.files == {"c.py": OTHER}


def test_whatever_is_done_to_a_folder_rules_go_only_where_a_file_says_so() -> None:
    """A hundred and fifty acts at random: edits good and bad, deletions, renames, unreadable files."""
    draw = Random(7)
    names = [f"f{i}.py" for i in range(5)]
    proofs = Proofs()
    present: dict[str, bytes] = {}
    standing: dict[str, bytes] = {}
    for _ in range(150):
        name, other = draw.sample(names, 2)
        act = draw.choice(("good", "good", "bad", "torn", "gone", "empty", "renamed"))
        rule = f"r{name[1]}" if draw.random() < 0.8 else "shared"
        good = GOOD.replace("lean", rule).replace("Param(1", f"Param({draw.randrange(3)}").encode()
        if act == "renamed" and name in present:
            present[other] = present.pop(name)
        elif act == "gone":
            present.pop(name, None)
        else:
            present[name] = {"good": good, "bad": BAD, "torn": good[:-9], "empty": b""}.get(act, good)
        unread = [Refusal(each, 1, "is a symbolic link", "no") for each in names if draw.random() < 0.05]
        seen = {each: data for each, data in present.items() if each not in {r.file for r in unread}}
        found = consider(seen, unread, standing, [], proofs)
        now = found.rules.files if found.rules is not None else standing
        for each in {*now, *standing}:
            assert now.get(each) in (seen.get(each) or None, standing.get(each))
        before = {r for data in standing.values() for r in rules_of(data)}
        after = [r for data in now.values() for r in rules_of(data)]
        assert len(after) == len(set(after))
        edited = {r for each, data in standing.items() if seen.get(each, data).strip() for r in rules_of(data)}
        lost = before - set(after)
        assert lost <= edited, (lost, act, name)
        standing = now


def rules_of(data: bytes) -> frozenset[str]:
    return parts("a.py", data).rules
