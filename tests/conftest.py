"""What every test may ask for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recorded markets: `STACKEDMM_DATA`, else `../shared/data` beside the project; read in place."""
    folder = ROOT / os.environ.get("STACKEDMM_DATA", "../shared/data")
    if folder.is_dir():
        return folder.resolve()
    reason = f"no recorded markets: {folder} is not a folder; point STACKEDMM_DATA at one"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
