"""Tables on disk, a Parquet file a day: `orders/2026-01-05.parquet`. Each file appears whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def save(folder: Path, tables: Mapping[str, "pd.DataFrame"]) -> Path:
    """Write each table by the UTC day of its first column of times; ConfigError where the disk does not take it."""
    try:
        for name, table in tables.items():
            write(folder / name, table)
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{folder}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return folder


def write(folder: Path, table: "pd.DataFrame") -> None:
    """One table; a day that is there already is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    times = next(table[column] for column in table.columns if str(table[column].dtype).startswith("datetime64"))
    for day, rows in table.groupby(times.dt.strftime("%Y-%m-%d")):
        path = folder / f"{day}.parquet"
        draft = folder / f".{day}.{os.getpid()}.part"
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), draft, compression="zstd")
        draft.replace(path)
