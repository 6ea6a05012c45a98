"""A small valid document, and a way to say what is wrong with a changed one."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from stackedmm.config import validate
from stackedmm.errors import ConfigError

Document = dict[str, Any]
MINIMAL: Document = {
    "base_coin": "BERA",
    "exchanges": ["binance", "bybit"],
    "inventory": {"target_inventory": "1000", "max_inventory_deviation": "500"},
    "tob_lines": [{"hourly_quantity": "50"}],
    "passive_lines": [{"mid_spread_bps": "15", "quantity": "25"}],
}


@pytest.fixture
def document() -> Document:
    """The smallest document with a line of each kind, to be changed at will."""
    return deepcopy(MINIMAL)


@pytest.fixture
def problems() -> Callable[[object], list[str]]:
    """The lines of the ConfigError that a document raises; none when it is valid."""

    def report(document: object) -> list[str]:
        try:
            validate(document)
        except ConfigError as error:
            return str(error).split("\n")
        return []

    return report
