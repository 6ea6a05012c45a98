"""Every version stays, whatever happens to the folder, the process or the disk's last line."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stackedmm.errors import JournalError, RuleError
from stackedmm.rules import RuleSet, rebuild
from stackedmm.rules.store import Act, Store, digest, opening, place_of
from tests.rules.hostile import GOOD

FIRST = {"a.py": GOOD.encode()}
SECOND = {"a.py": GOOD.replace("q.inventory * strength", "-q.inventory * strength").encode()}


def put(store: Store, rules: RuleSet, what: str = "applied", before: str = "", **values: float) -> str:
    name = store.keep_set(rules)
    files = {each: digest(data) for each, data in rules.files.items()}
    store.note(Act(what, "quant", "a reason", name, before, files, values or rules.defaults()))
    return name


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_what_was_kept_comes_back(store: Store) -> None:
    first, second = rebuild(FIRST), rebuild(SECOND)
    names = [put(store, each) for each in (first, second)]
    again = Store(store.folder)
    assert again.content().files == SECOND
    assert again.content("-1").files == FIRST
    assert again.content(names[0][:8]).hex == first.hex
    assert rebuild(again.content("-1").files).digest == first.digest
    assert again.in_force() == names


def test_retired_rules_are_part_of_a_set(store: Store) -> None:
    whole, less = rebuild(FIRST), rebuild(FIRST, ["lean"])
    assert (whole.retired, less.retired, len(less)) == (frozenset(), {"lean"}, 0)
    both = {**FIRST, "b.py": GOOD.replace("lean", "other").encode()}
    one, two = rebuild(both, ["lean"]), rebuild(both, ["other"])
    assert len({one.digest, two.digest, rebuild(both).digest}) == 3
    put(store, one)
    assert store.content().retired == ("lean",)


def test_a_line_torn_by_a_crash_is_passed_over_and_the_next_stands(store: Store) -> None:
    put(store, rebuild(FIRST))
    record = store.folder / "acts.jsonl"
    whole = record.read_bytes()
    record.write_bytes(whole + whole[: len(whole) // 2])
    put(store, rebuild(SECOND))
    assert [each.number for each in store.acts()] == [1, 2]
    assert store.torn() == 1
    assert store.content().files == SECOND


@pytest.mark.parametrize("place", [0, 5, 9, 40, -2])
def test_a_changed_byte_of_the_record_is_found(store: Store, place: int) -> None:
    put(store, rebuild(FIRST))
    record = store.folder / "acts.jsonl"
    data = bytearray(record.read_bytes())
    data[place] ^= 1
    record.write_bytes(bytes(data))
    assert store.acts() == []
    assert store.torn() == 1


def test_a_damaged_version_is_not_handed_out(store: Store) -> None:
    put(store, rebuild(FIRST))
    path = next((store.folder / "files").rglob("*.py"))
    path.write_bytes(path.read_bytes() + b"#")
    with pytest.raises(JournalError, match="does not hold what its name says"):
        store.content()


def test_a_file_torn_while_it_was_kept_is_written_again(store: Store) -> None:
    store.keep(FIRST)
    path = next((store.folder / "files").rglob("*.py"))
    path.write_bytes(b"")
    store.keep(FIRST)
    assert store.file(digest(FIRST["a.py"])) == FIRST["a.py"]
    assert not list(store.folder.rglob("*.new"))


def test_two_processes_write_without_losing_a_line(store: Store) -> None:
    script = (
        "import sys; from stackedmm.rules.store import Act, Store\n"
        "store = Store(sys.argv[1])\n"
        "for i in range(50): store.note(Act('refused', sys.argv[2], 'x' * 300))\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(store.folder), who]) for who in "ab"]
    seen = 0
    while any(each.poll() is None for each in processes):
        found = len(store.acts())
        assert found >= seen
        seen = found
    assert [each.wait() for each in processes] == [0, 0]
    acts = store.acts()
    assert (len(acts), store.torn()) == (100, 0)
    assert {who: sum(each.who == who for each in acts) for who in "ab"} == {"a": 50, "b": 50}


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_sound_store(store: Store) -> None:
    script = (
        "import sys; from stackedmm.rules import rebuild; from stackedmm.rules.store import Act, Store\n"
        "store, text = Store(sys.argv[1]), open(sys.argv[2]).read()\n"
        "print('begun', flush=True)\n"
        "for i in range(100_000):\n"
        "    rules = rebuild({'a.py': f'{text}# {i}\\n'.encode()})\n"
        "    store.note(Act('applied', 'quant', '', store.keep_set(rules)))\n"
    )
    source = store.folder.parent / "a.py"
    source.write_text(GOOD)
    for wait_s in (0.01, 0.06, 0.11):
        words = [sys.executable, "-c", script, str(store.folder), str(source)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            threading.Event().wait(wait_s)
            process.kill()
        again = Store(store.folder)
        put(again, rebuild(SECOND))
        assert again.torn() <= 3
        for name in again.in_force():
            content = again.content(name)
            assert content.files["a.py"].startswith((GOOD.encode(), SECOND["a.py"]))
        assert again.content().files == SECOND


def test_history_prints_and_counts(store: Store) -> None:
    assert repr(store.history()) == "nothing has happened to the rules yet"
    put(store, rebuild(FIRST))
    put(store, rebuild(SECOND))
    shown = repr(store.history())
    assert [each.number for each in store.history()] == [2, 1]
    assert all(word in shown for word in ("applied", "quant", "a.py", "a reason", rebuild(SECOND).hex[:8]))
    assert "<table>" in store.history()._repr_html_()
    assert len(store.history(last=1)) == 1


def test_a_difference_shows_lines_and_values(store: Store) -> None:
    put(store, rebuild(FIRST), **{"lean.strength": 1.0})
    put(store, rebuild({**SECOND, "b.py": b"# nothing\n"}), **{"lean.strength": 2.0})
    shown = repr(store.diff())
    assert "-    return q.inventory * strength" in shown
    assert "+    return -q.inventory * strength" in shown
    assert "--- nothing" in shown
    assert "lean.strength: 1 -> 2" in shown
    assert not store.diff("", "")
    assert "no difference" in repr(store.diff("", ""))


@pytest.mark.parametrize(("reference", "said"), [("-7", "no set -7"), ("abc", "is too short"), ("abcdef", "fits 0")])
def test_a_set_that_is_not_there_is_refused(store: Store, reference: str, said: str) -> None:
    put(store, rebuild(FIRST))
    with pytest.raises(RuleError, match=said):
        store.content(reference)


def test_versions_of_one_file_and_their_fates(store: Store) -> None:
    put(store, rebuild(FIRST))
    store.note(Act("refused", "quant", files=store.keep({"a.py": b"import os"})))
    assert [(each.fate, each.digest) for each in store.versions("a.py")] == [
        ("in force", digest(FIRST["a.py"])),
        ("refused", digest(b"import os")),
    ]
    assert digest(b"import os")[:8] in repr(store.versions("a.py"))
    assert repr(store.versions("b.py")) == "b.py: no version was seen"
    found = store.diff(digest(FIRST["a.py"])[:10], digest(b"import os")[:10])
    assert "+import os" in found.lines
    assert found.lines[0] == f"--- a.py@{digest(FIRST['a.py'])[:8]}"


def test_what_is_too_large_is_named_and_not_kept(store: Store) -> None:
    names = store.keep({"a.py": b"#" * 300_000})
    assert names == {"a.py": digest(b"#" * 300_000)}
    assert not list((store.folder / "files").rglob("*.py"))


def test_old_refused_versions_are_forgotten_and_sets_in_force_never(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stackedmm.rules.store.REFUSED_KEPT", 2)
    put(store, rebuild(FIRST))
    for i in range(5):
        store.note(Act("refused", "quant", files=store.keep({"a.py": b"import os # %d" % i})))
    store.note(Act("refused", "quant", files=store.keep(FIRST)))
    assert store.prune() == 4
    assert store.content().files == FIRST
    assert store.file(digest(b"import os # 4"))
    with pytest.raises(JournalError, match="cannot be read"):
        store.file(digest(b"import os # 0"))


def test_a_store_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="no rule store can be kept here"):
        Store(tmp_path / "file")


def test_a_start_passes_over_what_was_rolled_back(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    store = Store(place_of(folder))
    (folder / "a.py").write_bytes(FIRST["a.py"])
    assert opening(folder, store).files == FIRST
    put(store, rebuild(FIRST))
    put(store, rebuild(SECOND))
    (folder / "a.py").write_bytes(SECOND["a.py"])
    assert opening(folder, store).files == SECOND
    back = rebuild(FIRST, ["lean"])
    store.note(Act("rolled back", "quant", "", store.keep_set(back), files={"a.py": digest(SECOND["a.py"])}))
    assert opening(folder, store).files == FIRST
    assert opening(folder, store).retired == {"lean"}
    (folder / "a.py").write_bytes(SECOND["a.py"] + b"# edited\n")
    assert opening(folder, store).files["a.py"].endswith(b"# edited\n")
    (folder / "b.py").symlink_to(folder / "a.py")
    with pytest.raises(RuleError, match=r"b\.py:1: is a symbolic link"):
        opening(folder, store)


def test_the_store_hides_from_git_and_from_rules(tmp_path: Path) -> None:
    store = Store(place_of(tmp_path))
    put(store, rebuild(FIRST))
    assert (store.folder / ".gitignore").read_text() == "*\n"
    assert os.listdir(tmp_path) == [".versions"]
    assert len(opening(tmp_path, Store(tmp_path / "other"))) == 0
