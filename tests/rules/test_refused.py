"""No wrong or hostile rule file becomes active, each is told where and why, and nothing of it runs."""

from pathlib import Path

import pytest

from stackedmm.rules import examine
from tests.rules.hostile import CORPUS, Hostile


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda each: each.name)
def test_hostile_file_is_refused_at_its_line_and_never_runs(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = examine({f"{hostile.name}.py": hostile.data})
    found = [(each.line, each.what + "; " + each.remedy) for each in outcome.refusals]
    assert outcome.rules is None
    assert any(line == hostile.line and hostile.reason in said for line, said in found), found
    assert all(each.file == f"{hostile.name}.py" and each.line >= 1 for each in outcome.refusals)
    assert list(tmp_path.iterdir()) == []
