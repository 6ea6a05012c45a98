"""The page of shipped rules shows what the files say, and a picture of each."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from stackedmm.rules import RuleSet, load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rule-library.md"
SIZE_MAX = 400_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rule_library", ROOT / "docs" / "rule_library.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folders(script: ModuleType) -> dict[str, RuleSet]:
    return {mark: load(ROOT / folder) for mark, folder in script.FOLDERS.items()}


def test_page_shows_every_shipped_rule_as_it_is(script: ModuleType, folders: dict[str, RuleSet]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for mark, rules in folders.items():
        assert script.filled(page, mark, script.table(rules)) == page, "run python docs/rule_library.py"
        assert script.filled(page, f"{mark} pictures", script.images(rules)) == page, "run python docs/rule_library.py"
        assert all(f"**{each.name}**" in page for each in rules.rules)


def test_every_rule_has_its_picture_and_no_picture_lacks_its_rule(folders: dict[str, RuleSet]) -> None:
    found = {path.name: path for path in (ROOT / "docs" / "pictures").glob("rule-*.png")}
    assert set(found) == {f"rule-{each.name}.png" for rules in folders.values() for each in rules.rules}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found.values())
    assert sum(path.stat().st_size for path in found.values()) <= SIZE_MAX


def test_a_picture_is_drawn_again_by_the_script(
    script: ModuleType, folders: dict[str, RuleSet], tmp_path: Path
) -> None:
    script.draw(folders["default"]["night"], tmp_path / "night.png")
    assert (tmp_path / "night.png").read_bytes().startswith(b"\x89PNG")
    labels = [label for label, _ in script.turned(folders["default"]["night"], script.SWEEPS["night"])]
    assert labels == ["part 0.375", "part 0.75", "part 1"]


def test_every_sweep_runs_over_a_field_that_its_rule_reads(script: ModuleType, folders: dict[str, RuleSet]) -> None:
    for rules in folders.values():
        for each in rules.rules:
            sweep = script.SWEEPS[each.name]
            assert {sweep.field, *dict(sweep.others)} <= each.reads
            assert sweep.param in {"", *dict(each.params)}


def test_a_mark_that_the_page_lacks_is_a_mistake(script: ModuleType) -> None:
    assert script.filled("<!-- a -->\nold\n<!-- /a -->", "a", "new") == "<!-- a -->\nnew\n<!-- /a -->"
    with pytest.raises(AssertionError, match="no mark b"):
        script.filled("<!-- a -->\n<!-- /a -->", "b", "new")


def test_page_names_the_command_that_renews_it() -> None:
    assert re.search(r"^python docs/rule_library\.py$", PAGE.read_text(encoding="utf-8"), re.M)
