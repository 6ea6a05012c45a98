"""The settings described for people and for programs: a Markdown table and a JSON schema, from the declarations."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stackedmm.config.declarations import Declaration, declarations
from stackedmm.config.model import StackedMarketMakingConfig

BEGIN: Final = "<!-- settings: generated, do not edit between the markers -->"
END: Final = "<!-- end of settings -->"


def table() -> Iterator[str]:
    """The rows, heading first."""
    yield "| setting | type | default | bounds | unit | live | meaning |"
    yield "|---|---|---|---|---|---|---|"
    for row in declarations(StackedMarketMakingConfig):
        yield _row(row)


def _row(row: Declaration) -> str:
    cells = [f"`{row.path}`", row.type, row.default, row.bounds, row.unit, "yes" if row.live else "no", row.help]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def renewed(page: str) -> str:
    """A page with the table between its markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, "", *table(), "", END + after])


def renew(path: str) -> None:
    """Make the table of a file anew, after a declaration changed."""
    file = Path(path)
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration document; a decimal may be text or a number."""
    document = StackedMarketMakingConfig.model_json_schema()
    tidied = _tidied(document)
    assert isinstance(tidied, dict)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **tidied}


_BOUNDS: Final = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def _tidied(part: Any) -> Any:
    """A bound on a decimal comes from pydantic under a name that JSON schema does not know, on text as on numbers."""
    if isinstance(part, list):
        return [_tidied(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    made = {key: _tidied(value) for key, value in part.items() if key not in _BOUNDS}
    bounds = {
        _BOUNDS[key]: float(value) for key, value in part.items() if key in _BOUNDS and not isinstance(value, dict)
    }
    if bounds:
        numbers = [choice for choice in made.get("anyOf", [made]) if choice.get("type") in ("number", "integer")]
        for choice in numbers:
            choice |= bounds
    return made
