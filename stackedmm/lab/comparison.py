"""What a comparison came to: one table, one picture, and each strategy's whole result."""

import json
import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.errors import ConfigError
from stackedmm.lab.measures import MEASURES, measure
from stackedmm.lab.result import Result
from stackedmm.lab.show import WIDTH, cell

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SUMMARY: Final = "comparison.json"
TABLE: Final = "comparison.csv"


class Comparison:
    """Finished runs of several strategies in one market, by name."""

    def __init__(self, config: StackedMarketMakingConfig, results: Mapping[str, Result]) -> None:
        self.config = config
        """That of the first strategy."""
        self.results = dict(results)

    def __getitem__(self, name: str) -> Result:
        return self.results[name]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row a strategy, one column a measure; `stackedmm.lab.measures` says what each is."""
        import pandas as pd

        rows = {name: measure(result) for name, result in self.results.items()}
        return pd.DataFrame.from_dict(rows, "index", columns=[each.name for each in MEASURES]).rename_axis("strategy")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Plain values that JSON takes: each strategy's measures (null where there is none), digests and notes."""
        found = {}
        for name, result in self.results.items():
            measures = {key: None if value != value else value for key, value in self.table.loc[name].items()}
            kept = ("refusals", "state_hash", "config_digest", "rules_digest", "notes")
            found[name] = {"measures": measures, **{key: result.summary[key] for key in kept}}
        first = next(iter(self.results.values())).summary
        return {"start": first["start"], "end": first["end"], "strategies": found}

    def picture(self, path: str | Path | None = None) -> "Figure":
        """Profit and inventory of each strategy, side by side on equal scales; written to `path` if one is given."""
        from stackedmm.lab.comparison_picture import draw

        return draw(self, None if path is None else Path(path))

    def report(self, path: str | Path) -> Path:
        """Write the comparison as one HTML page that needs nothing else."""
        from stackedmm.lab.comparison_report import report

        return report(self, path)

    def save(self, folder: str | Path) -> Path:
        """Write the table as CSV and JSON, and each strategy's result in a folder of its own; whole or not at all."""
        return save(self, Path(folder))

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """The table as people read it: names of strategies, and for each measure its name and a cell a strategy."""
        quote, base = self.config.quote_currencies[0], self.config.base_coin
        units = {"money": quote, "coins": base, "bps": "bps"}
        rows = []
        for each in MEASURES:
            unit = f", {units[each.kind]}" if each.kind in units else ""
            rows.append([each.name + unit, *(cell(value, each.kind) for value in self.table[each.name])])
        return list(self.results), rows

    def renderable(self) -> Table:
        """The table for a rich console: measures down, strategies across."""
        names, rows = self.cells()
        table = Table(title="Comparison", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("", no_wrap=True)
        for name in names:
            table.add_column(Text(name), justify="right", overflow="fold", min_width=9)
        for row in rows:
            table.add_row(*map(Text, row))
        return table

    def __repr__(self) -> str:
        out = StringIO()
        Console(file=out, width=WIDTH, no_color=True).print(self.renderable())
        return out.getvalue().rstrip()

    def _repr_html_(self) -> str:
        names, rows = self.cells()
        style = "padding:2px 12px 2px 0;text-align:{}"
        head = "".join(f'<th style="{style.format("right")}">{escape(name)}</th>' for name in names)
        body = ""
        for (label, *values), each in zip(rows, MEASURES, strict=True):
            cells = "".join(f'<td style="{style.format("right")}">{escape(value)}</td>' for value in values)
            body += (
                f'<tr title="{escape(each.text)}"><td style="{style.format("left")}">{escape(label)}</td>{cells}</tr>'
            )
        return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def check_place(folder: Path) -> None:
    """A comparison goes into a new folder, an empty one, or over an earlier comparison; never over anything else."""
    try:
        if folder.is_dir():
            found = {each.name for each in folder.iterdir()}
            if found and not {SUMMARY, TABLE} <= found:
                raise ConfigError(f"{folder}: holds {min(found)} and is no comparison; choose another folder")
        elif os.path.lexists(folder) or not folder.name:
            raise ConfigError(f"{folder}: expected a folder, or a name that is free")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error


def save(comparison: Comparison, folder: Path) -> Path:
    """Write into a draft beside the folder, then give it its name."""
    from stackedmm.lab.save import put

    check_place(folder)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        draft.mkdir(parents=True)
        for name, result in comparison.results.items():
            result.save(draft / name.replace("/", "_"))
        comparison.table.to_csv(draft / TABLE)
        (draft / SUMMARY).write_text(json.dumps(comparison.summary, indent=2) + "\n", encoding="utf-8")
        put(draft, folder)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
