"""The documentation and the schema come from the declarations and from nowhere else."""

import doctest
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import stackedmm.config
from stackedmm.config import StackedMarketMakingConfig, declarations, loads, schema, table
from stackedmm.config.describe import renewed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_page_holds_the_table_that_the_declarations_give():
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run stackedmm.config.describe.renew('docs/configuration.md')"


def test_the_table_has_a_row_for_every_setting():
    heading, rule, *rows = table()
    assert heading.count("|") == rule.count("|") == 8
    assert [row.split("`")[1] for row in rows] == [row.path for row in declarations(StackedMarketMakingConfig)]


def test_renewing_leaves_the_rest_of_a_page_alone():
    page = PAGE.read_text(encoding="utf-8")
    changed = page.replace("| `base_coin` |", "| `base_con` |")
    assert changed != page
    assert renewed("before " + changed + " after") == "before " + page + " after"


def test_the_json_examples_of_the_page_are_valid():
    blocks = PAGE.read_text(encoding="utf-8").split("```json\n")[1:]
    assert blocks
    for block in blocks:
        loads(block.partition("```")[0])


def test_the_schema_states_types_bounds_defaults_units_and_help():
    found = schema()
    line = found["$defs"]["TobLine"]
    assert line["additionalProperties"] is False
    assert line["required"] == ["hourly_quantity"]
    spread = line["properties"]["spread_bps"]
    assert spread["default"] == "50"
    assert spread["unit"] == "bps"
    assert spread["live"] is True
    assert spread["description"] == "required distance from the inventory price"
    assert {"type": "number", "exclusiveMinimum": 0.0, "maximum": 10000.0} in spread["anyOf"]
    assert found["$defs"]["Risk"]["properties"]["max_loss"]["anyOf"][-1] == {"type": "null"}


def test_the_schema_is_plain_json_without_words_that_json_schema_does_not_know():
    text = json.dumps(schema())
    for word in ('"gt":', '"ge":', '"lt":', '"le":', "Decimal"):
        assert word not in text


@pytest.mark.parametrize("module", sorted(module.name for module in pkgutil.iter_modules(stackedmm.config.__path__)))
def test_the_examples_in_docstrings_run(module):
    assert doctest.testmod(importlib.import_module(f"stackedmm.config.{module}")).failed == 0
