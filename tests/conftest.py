"""What every test may ask for."""

import os
import shutil
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


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is: `STACKEDMM_CHROMIUM`, else on the path. Continuous integration has to have one."""
    found = os.environ.get("STACKEDMM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    missing = "" if found else "no chromium on the path and none in STACKEDMM_CHROMIUM"
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        missing = "playwright is not installed"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return str(found)
