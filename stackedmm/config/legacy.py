"""Import of configurations in older spellings; what is read differently is said in a list of warnings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from stackedmm.config.caution import cautions
from stackedmm.config.fields import read_number
from stackedmm.config.model import StackedMarketMakingConfig
from stackedmm.config.read import parse, validate
from stackedmm.config.report import refusal_of, shown
from stackedmm.errors import ConfigError

_INVENTORY: Final = {
    "max_deviation": "max_inventory_deviation",
    "price_method": "inventory_price_method",
    "manual_price": "manual_inventory_price",
}
_AROUND: Final = ("instance_id", "strategy", "strategy_name", "strategy_type", "symbol", "name", "description")
"""What older documents said around a configuration, and what now is an argument of the strategy."""


def import_legacy(
    text: str, max_inventory_deviation: Decimal | int | str | None = None, name: str = "configuration"
) -> tuple[StackedMarketMakingConfig, list[str]]:
    """The configuration that an older JSON text meant, and what to check about it.

    A deviation of 0, which once meant no limit, is refused unless a value is given in its place.
    """
    document = parse(text, name)
    if not isinstance(document, Mapping):
        raise ConfigError(f"the document: found {shown(document)}, expected an object")
    warnings: list[str] = []
    settings = _unwrapped(dict(document), warnings)
    _rename(settings, "inventory_config", "inventory", "", warnings)
    if isinstance(settings.get("inventory"), Mapping):
        settings["inventory"] = _inventory(dict(settings["inventory"]), max_inventory_deviation, warnings)
    config = validate(settings)
    for written, meant in config.venues_by_name.items():
        if written != meant.id:
            warnings.append(f"exchanges: {written} is read as {meant.id}, {meant.kind} market")
    return config, [*warnings, *cautions(config)]


def _unwrapped(document: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Without the extra nesting; a setting that stood outside it counts where the inside has none."""
    inner = document.get("config")
    if not isinstance(inner, Mapping):
        return document
    warnings.append("config: the settings inside it are read as the document")
    settings = dict(inner)
    for key, value in document.items():
        if key in _AROUND:
            warnings.append(f"{key}: left out; it is not part of a configuration")
        elif key != "config" and key not in settings:
            settings[key] = value
        elif key != "config" and settings[key] != value:
            raise ConfigError(f"{key}: found one value outside config and another inside, expected one of them")
    return settings


def _inventory(inventory: dict[str, Any], deviation: Decimal | int | str | None, warnings: list[str]) -> dict[str, Any]:
    for old, new in _INVENTORY.items():
        _rename(inventory, old, new, "inventory.", warnings)
    written = inventory.get("max_inventory_deviation")
    if not _is_zero(written):
        return inventory
    if deviation is None:
        raise ConfigError(
            "inventory.max_inventory_deviation: found 0, which once meant no limit; "
            "expected a decimal > 0: give the value to use in its place"
        )
    warnings.append(f"inventory.max_inventory_deviation: 0 is replaced by {deviation}, as asked")
    return inventory | {"max_inventory_deviation": deviation}


def _is_zero(value: object) -> bool:
    try:
        return read_number(value) == 0
    except ValueError:
        return False


def _rename(settings: dict[str, Any], old: str, new: str, where: str, warnings: list[str]) -> None:
    if old not in settings:
        return
    if new in settings:
        raise refusal_of([f"{where}{old}: found beside {where}{new}, expected one of them"])
    settings[new] = settings.pop(old)
    warnings.append(f"{where}{old}: read as {where}{new}")
