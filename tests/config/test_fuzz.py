"""Whatever stands in a document, reading it gives a valid model or a ConfigError, and nothing else."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.config import StackedMarketMakingConfig, declarations, import_legacy, loads, validate
from stackedmm.errors import ConfigError

VALID: dict[str, Any] = json.loads(
    loads(
        """{"base_coin": "BERA", "quote_currencies": ["USDT", "BTC"], "exchanges": ["binance", "gateio", "bybit_perp"],
        "inventory": {"target_inventory": "-1000", "max_inventory_deviation": "500", "start_time": "2024-01-01"},
        "tob_lines": [{"hourly_quantity": 50}, {"hourly_quantity": 5, "min_price": 1, "max_price": 2}],
        "passive_lines": [{"mid_spread_bps": 15, "quantity": 25, "levels": 3}],
        "venues": {"gate": {"max_share": "0.5"}}, "hedging_targets": {"BTC": "0.1"},
        "rules": {"values": {"lean": {"strength": 12}}}, "pricing": {"venues": ["binance"]}}"""
    ).to_json()
)
KEYS = sorted(
    {name for row in declarations(StackedMarketMakingConfig) for name in row.path.replace("[]", "").split(".")}
)
WORDS = [
    "both",
    "inventory",
    "binance",
    "gateio_perp",
    "USDT",
    "5min",
    "component",
    "NaN",
    "1e40",
    "-0",
    "٣",
    "",
    "${A}",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 5)
    | st.floats()
    | st.decimals()
    | st.sampled_from(WORDS)
    | st.text(max_size=8)
    | st.datetimes().map(str)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def refusal(read: Callable[..., object], document: object) -> str:
    """What the ConfigError says, line by line fit to print; nothing for a model, which survives its own JSON."""
    try:
        config = read(document)
    except ConfigError as error:
        message = str(error)
    else:
        assert isinstance(config, StackedMarketMakingConfig)
        assert loads(config.to_json()) == config
        return ""
    assert all(line and line.isprintable() and line.encode("utf-8") for line in message.split("\n"))
    return message


@given(values)
@settings(max_examples=100, deadline=None)
def test_any_value_is_a_valid_document_or_refused(document):
    refusal(validate, document)


@given(st.fixed_dictionaries({key: st.just(VALID[key]) | values for key in VALID}))
@settings(max_examples=100, deadline=None)
def test_a_document_with_any_of_its_parts_replaced_is_valid_or_refused(document):
    refusal(validate, document)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document in which one to three places were replaced, removed or added."""
    document = json.loads(json.dumps(VALID))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys)) if keys else None
            if key is None or not isinstance(place[key], dict | list) or draw(st.booleans()):
                break
            place = place[key]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "add" or key is None:
            extra = draw(values)
            place.append(extra) if isinstance(place, list) else place.update({draw(st.sampled_from(KEYS)): extra})
        elif change == "remove":
            del place[key]
        else:
            place[key] = draw(values)
    return document


@given(mutated())
@settings(max_examples=150, deadline=None)
def test_a_valid_document_with_a_few_mutations_is_valid_or_refused(document):
    refusal(validate, document)


@given(
    st.sampled_from([row for row in declarations(StackedMarketMakingConfig) if re.fullmatch(r"\w+\.\w+", row.path)]),
    scalars,
)
@settings(max_examples=100, deadline=None)
def test_one_wrong_setting_is_refused_under_its_own_group(row, value):
    group, name = row.path.split(".")
    document = json.loads(json.dumps(VALID))
    document[group][name] = value
    message = refusal(validate, document)
    assert all(line.startswith(f"{group}.") for line in message.split("\n") if line)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
@settings(max_examples=100, deadline=None)
def test_any_text_is_refused(text):
    for read in (loads, import_legacy):
        assert refusal(read, text).startswith(("configuration:", "the document:", "base_coin: missing"))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_text_with_characters_exchanged_is_valid_or_refused(data):
    text = json.dumps(VALID)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        patch = data.draw(
            st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "\\", "NaN", "-", "9" * 50, "e9", "#", "\ud800", "é"])
        )
        text = text[:place] + patch + text[place + data.draw(st.integers(0, 3)) :]
    refusal(loads, text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("0.01"), max_value=100, places=12))
def test_a_decimal_goes_through_a_configuration_unchanged(number):
    document = VALID | {"min_coefficient": "0.01", "max_coefficient": number}
    config = validate(document)
    assert config.max_coefficient == number
    assert loads(config.to_json()).max_coefficient.as_tuple() == number.as_tuple()
