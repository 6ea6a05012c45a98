"""A result on disk: four tables and a summary in one folder, which appears whole or not at all."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

TABLES: Final = ("orders", "fills", "decisions", "series")
SUMMARY: Final = "summary.json"


def save(folder: Path, summary: Mapping[str, Any], tables: Mapping[str, "pd.DataFrame"]) -> Path:
    """Write into a draft beside the folder, then give it its name. A folder of an earlier result is replaced.

    Raises ConfigError where something else is in the place, and where the disk does not take it; then nothing is left.
    """
    check_place(folder)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        draft.mkdir(parents=True)
        for name in TABLES:
            pq.write_table(pa.Table.from_pandas(tables[name]), draft / f"{name}.parquet", compression="zstd")
        (draft / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        put(draft, folder)
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{folder}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def check_place(folder: Path) -> None:
    """A result goes into a new folder, an empty one, or the place of an earlier result; never over anything else."""
    if not folder.name:
        raise ConfigError(f"{folder}: expected the name of a folder")
    try:
        if folder.is_dir():
            strange = {each.name for each in folder.iterdir()} - {SUMMARY, *(f"{name}.parquet" for name in TABLES)}
            if strange:
                raise ConfigError(f"{folder}: holds {min(strange)}, which is no result; choose another folder")
        elif os.path.lexists(folder):
            raise ConfigError(f"{folder}: is a file; expected a folder, or a name that is free")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error


def put(draft: Path, folder: Path) -> None:
    """The draft takes the folder's name; an earlier result steps aside first and goes when the new one stands."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
