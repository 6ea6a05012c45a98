"""The pages about rules say what the code does."""

import re
from pathlib import Path

import pytest

from stackedmm.cli.main import main
from stackedmm.core.views import FIELDS
from stackedmm.engine.preview import Bounds
from stackedmm.engine.reload import Guard
from stackedmm.rules import examine
from stackedmm.rules.language import COST_MAX, MATH, MATH_CONSTANTS, PARAMS_MAX, SIZE_MAX
from stackedmm.rules.life import POLICIES
from stackedmm.rules.prove import CORNERS_MAX
from stackedmm.rules.reading import BYTES_MAX

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def filled(page: str) -> str:
    """The page with its generated parts as the code has them; write it back where the test says that they differ."""
    head = "| field | range | neutral | unit | kind | what |\n|---|---|---|---|---|---|\n"
    rows = [
        f"| {name} | {low:g} to {high:g} | {neutral:g} | {unit} | {per} | {text} |"
        for name, low, neutral, high, unit, per, text in FIELDS
    ]
    functions = "  " + " ".join(f"`{name}`" for name in (*MATH, *(f"math.{name}" for name in MATH_CONSTANTS)))
    for mark, text in (("view", head + "\n".join(rows)), ("math", functions)):
        page = re.sub(
            f"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", lambda m, t=text: m[1] + t + "\n" + m[2], page, flags=re.S
        )
    return page


def test_page_shows_the_fields_and_functions_of_the_code() -> None:
    page = PAGE.read_text()
    assert filled(page) == page
    assert all(f"| {field.name} |" in page for field in FIELDS)


def test_page_names_the_limits_of_the_code() -> None:
    page = PAGE.read_text()
    for limit in (COST_MAX, SIZE_MAX, CORNERS_MAX, BYTES_MAX):
        assert f"{limit:,}" in page
    assert f"at most {PARAMS_MAX};" in page


def test_first_example_of_the_page_is_a_fit_rule_file() -> None:
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert source
    outcome = examine({"inventory.py": source[1].encode()})
    assert outcome.refusals == []
    assert outcome.rules is not None
    assert outcome.rules["lean"].fields == ("inventory",)


def test_the_first_rule_is_what_new_writes_and_explain_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (PAGE.parent / "first-rule.md").read_text()
    monkeypatch.chdir(tmp_path)
    for command in re.findall(r"^\$ stackedmm (rules (?:new|explain) .*)$", page, re.M):
        assert main(command.split()) == 0
        printed = capsys.readouterr().out
        assert f"$ stackedmm {command}\n{printed}```" in page
    written = (tmp_path / "rules" / "gentle.py").read_text()
    assert f"```python\n{written}```" in page
    wrong = written.replace("q.pressure)", "q.presure)")
    assert str(examine({"gentle.py": wrong.encode()}).refusals[0]) in page


def test_the_page_about_reload_names_the_bounds_of_the_code() -> None:
    page = (PAGE.parent / "reload.md").read_text()
    bounds = Bounds()._asdict()
    assert {name: float(value) for name, value in re.findall(r"\| `(\w+)` \| ([\d.]+) \|", page)} == bounds
    guard = Guard()
    assert f"more than {guard.loss_bps:g} bps of the band's value" in page
    assert guard.seconds == 120.0
    assert guard.rejects == 0.5
    assert all(f"| `{policy}` |" in page for policy in POLICIES)
