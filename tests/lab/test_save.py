"""A result on disk stands whole or not at all."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stackedmm.errors import ConfigError
from stackedmm.lab.save import SUMMARY, TABLES

FILES = {SUMMARY, *(f"{name}.parquet" for name in TABLES)}


def test_what_is_saved_reads_back_as_it_was(ruled, tmp_path):
    folder = ruled.save(tmp_path / "deep" / "out")
    assert {each.name for each in folder.iterdir()} == FILES
    assert json.loads((folder / SUMMARY).read_text()) == ruled.summary
    for name in TABLES:
        again = pd.read_parquet(folder / f"{name}.parquet")
        pd.testing.assert_frame_equal(again, getattr(ruled, name), check_freq=False)


def test_a_result_takes_the_place_of_an_earlier_one_and_leaves_nothing_beside_it(ruled, tmp_path):
    folder = ruled.save(tmp_path / "out")
    (folder / SUMMARY).write_text("{}")
    ruled.save(folder)
    assert json.loads((folder / SUMMARY).read_text()) == ruled.summary
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_nothing_but_a_result_is_ever_replaced(ruled, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="is a file"):
        ruled.save(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds thesis\.txt, which is no result"):
        ruled.save(tmp_path / "folder")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="is a file"):
        ruled.save(tmp_path / "link")
    assert (tmp_path / "file").read_text() == (tmp_path / "folder" / "thesis.txt").read_text() == "mine"


def test_a_disk_that_fills_leaves_the_earlier_result_and_nothing_else(ruled, tmp_path):
    folder = ruled.save(tmp_path / "out")
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(ConfigError, match="out: cannot be written"):
            ruled.save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_name_that_cannot_be_given_puts_the_earlier_result_back(ruled, tmp_path, monkeypatch):
    folder = ruled.save(tmp_path / "out")
    rename = Path.rename

    def refuse(path, target):
        if path.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ConfigError, match="Input/output error"):
        ruled.save(folder)
    assert {each.name for each in folder.iterdir()} == FILES
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_importing_the_package_loads_nothing_heavy():
    script = "import sys, stackedmm; dir(stackedmm); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "numba", "pandas", "pydantic", "pyarrow", "rich", "matplotlib"} & set(loaded)
