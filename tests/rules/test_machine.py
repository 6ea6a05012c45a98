"""The machine code of rules: its calling form, its cache, and the same answers without it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stackedmm.core.machine import COMPILED
from stackedmm.core.views import VIEW
from stackedmm.rules import LoadedRule, View, rebuild
from stackedmm.rules.prove import _CALL

ROOT = Path(__file__).parents[2]
RULES = b'''from math import log
from stackedmm import Param, rule

@rule.skew
def tilt(q, a=Param(2, 0, 4), b=Param(1, 0, 4)):
    """No answer beyond the range that the proof covers."""
    return a * q.inventory + b * log(q.volume) / (q.hour + 1)

@rule.size
def shrink(q):
    """Negative beyond the range of inventory."""
    return 1 - q.inventory

@rule.gate
def stop(q, most=Param(0.5, 0, 1)):
    """A truth."""
    return q.balance > most
'''

compiled_only = pytest.mark.skipif(not COMPILED, reason="machine code is switched off")


@pytest.fixture(scope="module")
def loaded() -> dict[str, LoadedRule]:
    return {each.name: each for each in rebuild({"a.py": RULES}).rules}


def called(rule: LoadedRule, views: np.ndarray, params: list[float]) -> list[float]:  # type: ignore[type-arg]
    """What the engine gets when it calls the address."""
    answers = np.full(len(views), -7.0)
    given = np.array([*params, 0.0])
    _CALL(rule.address)(views.ctypes.data, len(views), given.ctypes.data, answers.ctypes.data)
    return answers.tolist()


def filled(rule: LoadedRule, views: np.ndarray, params: list[float]) -> list[float]:  # type: ignore[type-arg]
    answers = np.full(len(views), -7.0)
    rule.fill(views, len(views), params, answers)
    return answers.tolist()


def views(*rows: View) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate([row.row() for row in rows])


@compiled_only
def test_machine_code_answers_each_view(loaded: dict[str, LoadedRule]) -> None:
    rows = views(View(), View(inventory=0.5), View(inventory=-1, volume=2, hour=1))
    assert called(loaded["tilt"], rows, [2.0, 1.0]) == [0.0, 1.0, -2.0 + np.log(2.0) / 2.0]
    assert called(loaded["shrink"], rows, []) == [1.0, 0.5, 2.0]
    assert called(loaded["stop"], views(View(balance=0.4), View(balance=0.6)), [0.5]) == [0.0, 1.0]


@compiled_only
def test_no_views_means_nothing_is_written(loaded: dict[str, LoadedRule]) -> None:
    answers = np.full(2, -7.0)
    given = np.zeros(2)
    _CALL(loaded["tilt"].address)(0, 0, given.ctypes.data, answers.ctypes.data)
    assert answers.tolist() == [-7.0, -7.0]


def test_no_answer_is_nan_alike_in_both_modes(loaded: dict[str, LoadedRule]) -> None:
    rows = views(View(), View(), View(), View(inventory=1))
    rows["volume"][:3] = [-1.0, 0.0, np.nan]
    rows["hour"][3] = -1.0
    tilt = filled(loaded["tilt"], rows, [2.0, 1.0])
    assert np.isnan(tilt).all()
    assert not COMPILED or np.isnan(called(loaded["tilt"], rows, [2.0, 1.0])).all()


def test_a_negative_coefficient_is_no_answer_alike_in_both_modes(loaded: dict[str, LoadedRule]) -> None:
    rows = views(View(inventory=1), View())
    rows["inventory"][1] = 2.0
    assert np.array_equal(filled(loaded["shrink"], rows, []), [0.0, np.nan], equal_nan=True)
    assert not COMPILED or np.array_equal(called(loaded["shrink"], rows, []), [0.0, np.nan], equal_nan=True)


SCRIPT = """
import json, sys, ctypes
import numpy as np
from stackedmm.core.views import VIEW
from stackedmm.rules import load
from stackedmm.rules.prove import machine_answers, probes
found = []
for each in load(sys.argv[1]).rules:
    points = probes(each)
    answers = machine_answers(each, points) if each.address else [each.value(*point) for point in points]
    found.append([each.name, bool(each.address), [float(answer).hex() for answer in answers]])
print(json.dumps(found))
"""


def other_process(folder: Path, cache: Path, **environment: str) -> list[list[object]]:
    """Names, whether compiled, and answers at all probes, as another process finds them."""
    settings = {**os.environ, "STACKEDMM_CACHE": str(cache), "PYTHONHASHSEED": "7", **environment}
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@compiled_only
def test_answers_are_the_same_without_the_compiler(tmp_path: Path) -> None:
    compiled = other_process(ROOT / "rules", tmp_path, NUMBA_DISABLE_JIT="0")
    plain = other_process(ROOT / "rules", tmp_path, NUMBA_DISABLE_JIT="1")
    assert [each[1] for each in compiled] == [True] * len(compiled)
    assert [each[1] for each in plain] == [False] * len(plain)
    assert [each[2] for each in compiled] == [each[2] for each in plain]


@pytest.mark.slow
@compiled_only
def test_machine_code_is_kept_for_the_next_process(tmp_path: Path) -> None:
    first = other_process(ROOT / "rules", tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("rule_*.nbc")}
    assert len(kept) == len(first)
    assert other_process(ROOT / "rules", tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("rule_*.nbc")} == kept


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("kind", ["nbc", "nbi", "py"])
def test_torn_cache_files_are_left_behind(kind: str, tmp_path: Path) -> None:
    first = other_process(ROOT / "rules", tmp_path)
    torn = list(tmp_path.rglob(f"rule_*.{kind}"))
    for path in torn:
        path.write_bytes(path.read_bytes()[:40])
    assert torn
    assert other_process(ROOT / "rules", tmp_path) == first


@pytest.mark.slow
def test_rules_load_where_the_cache_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the cache folder should be")
    assert {each[1] for each in other_process(ROOT / "rules", blocked)} == {COMPILED}


def test_importing_rules_stays_light() -> None:
    script = "import sys, json, stackedmm.rules; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numba", "pandas", "pyarrow", "rich"} & set(json.loads(answer.stdout))


def test_the_view_is_packed_as_machine_code_expects() -> None:
    assert VIEW.itemsize == 8 * len(VIEW.names or ())
