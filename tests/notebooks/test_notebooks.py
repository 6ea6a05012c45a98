"""Every notebook runs from its first cell to its last, and its checked outputs are what stands in the file."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
HERE = Path(__file__).resolve().parent
NOTEBOOKS = sorted((HERE.parent.parent / "notebooks").glob("*.ipynb"))
LARGEST = 200_000


@pytest.fixture(scope="session")
def nbval():
    """The library that runs notebooks as tests; continuous integration has to have it."""
    missing = [name for name in ("nbval", "ipykernel") if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def run(notebook):
    """The notebook in a kernel of its own, under nbval."""
    command = [sys.executable, "-m", "pytest", "-c", str(HERE / "nbval.ini"), "--nbval-lax", "--nbval-current-env"]
    command += ["--nbval-sanitize-with", str(HERE / "nbval.cfg"), str(notebook)]
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_as_written(notebook, nbval):
    done = run(notebook)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_a_checked_output_that_differs_fails(tmp_path, nbval):
    cells = json.loads(NOTEBOOKS[0].read_text())
    cells["cells"] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "a",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["3\n"]}],
            "source": "# NBVAL_CHECK_OUTPUT\nprint(2)",
        }
    ]
    planted = tmp_path / "planted.ipynb"
    planted.write_text(json.dumps(cells))
    assert run(planted).returncode == 1


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_carries_only_the_outputs_that_are_checked(notebook):
    assert notebook.stat().st_size < LARGEST
    for cell in json.loads(notebook.read_text())["cells"]:
        if "NBVAL_CHECK_OUTPUT" not in "".join(cell["source"]):
            assert not cell.get("outputs"), "clear the outputs of cells that are not checked"
