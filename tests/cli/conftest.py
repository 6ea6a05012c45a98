"""A small recording in a file, and a configuration that trades it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stackedmm as mm
from stackedmm.cli.main import main
from stackedmm.feeds.write import write
from stackedmm.lab import market_for

Answer = tuple[int, str, str]


@pytest.fixture(scope="session")
def recording_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of a market of three venues."""
    path = tmp_path_factory.mktemp("data") / "small.parquet"
    write(market_for(mm.ConfigTemplates.conservative_bera_usdt(), 20), path)
    return path


@pytest.fixture
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cautious template."""
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(mm.ConfigTemplates.conservative_bera_usdt().to_json(2))
    return path


@pytest.fixture
def stackedmm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command: its exit code, what it printed, and what it said on stderr."""

    def run(*words: Any) -> Answer:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
