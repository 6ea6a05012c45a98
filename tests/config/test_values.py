"""Single values and keys: what is accepted, what is refused, and how the refusal reads."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from stackedmm.config import validate
from stackedmm.errors import ConfigError


def put(document, path, value):
    """Set the value at a path of keys and indices."""
    *way, last = path
    for step in way:
        document = document[step]
    document[last] = value


SPREAD = ("tob_lines", 0, "spread_bps")
TARGET = ("inventory", "target_inventory")
BAND = ("inventory", "max_inventory_deviation")


@pytest.mark.parametrize(
    "value",
    [" 30", "30 ", "1_000", "٣٠", "３０", "+30", "", "-", ".", "1e", "0x1e", "1,5", "NaN", "Infinity", "-inf", "sNaN",
     "1e999999", "9" * 41, "0." + "1" * 41, "1e40", "1e-41", "1" * 400, 10**400, True, False, None, [], {}, b"30",
     float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+999999"), 1e300],
    ids=lambda value: ascii(value)[:20],
)  # fmt: skip
def test_what_is_no_plain_number_is_refused_with_its_path(document, problems, value):
    put(document, SPREAD, value)
    (line,) = problems(document)
    assert line.startswith("tob_lines[0].spread_bps: found ")
    assert ", expected a " in line


@pytest.mark.parametrize(
    ("value", "digits"),
    [("30", "30"), ("30.00", "30.00"), (30, "30"), (Decimal("3.5"), "3.5"), (0.1, "0.1"), (1e-7, "0.0000001"),
     ("1e2", "100"), ("2.5E-1", "0.25"), ("007", "7"), ("9999." + "9" * 36, "9999." + "9" * 36)],
)  # fmt: skip
def test_a_number_keeps_its_digits_exactly(document, value, digits):
    put(document, SPREAD, value)
    config = validate(document)
    assert config.model_dump(mode="json")["tob_lines"][0]["spread_bps"] == digits


def test_minus_zero_is_zero(document):
    put(document, TARGET, "-0")
    config = validate(document)
    assert config.model_dump(mode="json")["inventory"]["target_inventory"] == "0"


@pytest.mark.parametrize("value", ["0", "-1000", "499", 1, "-0.5", str(10**12)])
def test_a_target_of_zero_negative_or_below_the_deviation_is_accepted(document, value):
    put(document, TARGET, value)
    assert validate(document).inventory.target_inventory == Decimal(value)


REFUSED = [
    (BAND, 0, "> 0"),
    (BAND, "0.0", "> 0"),
    (BAND, "-500", "> 0"),
    (("inventory", "manual_inventory_price"), 0, "> 0"),
    (("tob_lines", 0, "hourly_quantity"), 0, "> 0"),
    (("tob_lines", 0, "hourly_quantity"), "1e12", "<= 100000000000"),
    (SPREAD, 0, "> 0"),
    (SPREAD, -1, "> 0"),
    (SPREAD, "1e6", "<= 10000"),
    (("tob_lines", 0, "timeout_seconds"), 0, ">= 0.1"),
    (("tob_lines", 0, "timeout_seconds"), -5, ">= 0.1"),
    (("tob_lines", 0, "timeout_seconds"), "1e9", "<= 86400"),
    (("tob_lines", 0, "min_requote_ticks"), 0, ">= 1"),
    (("tob_lines", 0, "min_requote_ticks"), "1.5", "a whole number"),
    (("tob_lines", 0, "min_requote_ticks"), True, "a number"),
    (("passive_lines", 0, "randomization_factor"), 1, "< 1"),
    (("passive_lines", 0, "randomization_factor"), "1.5", "< 1"),
    (("passive_lines", 0, "randomization_factor"), "-0.01", ">= 0"),
    (("passive_lines", 0, "min_spread_bps"), 0, "> 0"),
    (("passive_lines", 0, "levels"), 0, ">= 1"),
    (("passive_lines", 0, "levels"), 21, "<= 20"),
    (("min_coefficient",), 0, ">= 0.01"),
    (("min_coefficient",), -1, ">= 0.01"),
    (("max_coefficient",), 101, "<= 100"),
    (("min_fill",), 0, "> 0"),
    (("leverage",), 0, "> 0"),
    (("leverage",), 126, "<= 125"),
    (("risk",), {"cancel_reserve": 1}, "<= 0.9"),
    (("risk",), {"max_open_orders": 0}, ">= 1"),
    (("hedging",), {"base_ratio": "1.1"}, "<= 1"),
    (("hedging_targets",), {"BTC": "1e13"}, "<= 1000000000000"),
    (("taker_check",), "true", "true or false"),
    (("taker_check",), 1, "true or false"),
    (("hedging_enabled",), None, "true or false"),
    (("base_coin",), "", "a coin's code"),
    (("base_coin",), 5, "text"),
    (("base_coin",), "BERA/USDT", "one coin such as BERA, not a symbol"),
    (("base_coin",), "bera", "did you mean BERA?"),
    (("base_coin",), "BE RA", "a coin's code"),
    (("exchanges",), [], "1 to 64 entries"),
    (("exchanges",), "binance", "a list"),
    (("exchanges",), {"binance": {}}, "a list"),
    (("exchanges",), ["binanse"], "did you mean binance?"),
    (("exchanges",), ["Binance"], "did you mean binance?"),
    (("exchanges",), ["coinbase_prep"], "did you mean coinbase?"),
    (("exchanges",), ["krakenfutures_spot"], "a kind of market that krakenfutures has: perp"),
    (("exchanges",), [7], "a ccxt id"),
    (("quote_currencies",), [], "1 to 16 entries"),
    (("tob_lines",), {}, "a list"),
    (("tob_lines",), "x", "a list"),
    (("tob_lines",), [7], "an object"),
    (("tob_lines",), [{"hourly_quantity": 1}] * 17, "0 to 16 entries"),
    (("inventory",), [], "an object"),
    (("inventory",), None, "an object"),
    (("tob_lines", 0, "sides"), "", "both | bid | offer"),
    (("tob_lines", 0, "sides"), "neither", "both | bid | offer"),
    (("tob_lines", 0, "sides"), "bidd", "did you mean bid?"),
    (("tob_lines", 0, "sides"), [], "both | bid | offer"),
    (("tob_lines", 0, "coefficient_method"), "inventry", "did you mean inventory?"),
    (("coefficient_method",), "median", "min | max | mid"),
    (("smart_pricing_source",), "agregated", "did you mean aggregated?"),
    (("volume_types",), ["bas"], "did you mean base?"),
    (("inventory", "inventory_price_method"), "mark-to-market", "did you mean mark_to_market?"),
    (("time_periods",), [], "1 to 8 entries"),
    (("time_periods",), ["5mins"], "did you mean 5min?"),
    (("time_periods",), ["5 minutes"], "did you mean 5min?"),
    (("time_periods",), ["0min"], "a period such as"),
    (("time_periods",), [0], "a period such as"),
    (("time_periods",), ["5min", "15s"], "a multiple of 10 s"),
    (("time_periods",), ["8d"], "at most 7d"),
    (("time_periods",), ["9999999d"], "at most 7d"),
    (("version",), 2, "<= 1"),
    (("version",), 0, ">= 1"),
    (("rules",), {"folder": "../rules"}, "without .. or ~ or $"),
    (("rules",), {"folder": "rules/../../x"}, "without .. or ~ or $"),
    (("rules",), {"folder": "rules\\..\\x"}, "without .. or ~ or $"),
    (("rules",), {"folder": "~/rules"}, "without .. or ~ or $"),
    (("rules",), {"folder": ""}, "a folder's path"),
    (("rules",), {"folder": "a\0b"}, "a folder's path"),
    (("rules",), {"values": {"lean": 5}}, "an object"),
    (("rules",), {"values": {"lean": {"strength": "much"}}}, "a finite number"),
    (("target",), {"url": "ftp://host/x"}, "an http or https address"),
    (("target",), {"url": "http://"}, "an http or https address"),
    (("target",), {"url": "http://host:99999/"}, "an http or https address"),
    (("tob_lines", 0, "id"), "a b", "a name"),
    (("tob_lines", 0, "id"), 5, "text"),
    (("tob_lines", 0, "enabled"), "yes", "an object"),
    (("tob_lines", 0, "enabled"), {"bid": 1}, "true or false"),
    (("inventory", "opening_inventory"), "venues", "a finite number"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "said"), REFUSED, ids=lambda part: ascii(part)[:40])
def test_a_value_out_of_its_range_or_kind_is_refused_with_path_and_bound(document, problems, path, value, said):
    put(document, path, value)
    lines = problems(document)
    assert len(lines) == 1
    assert lines[0].startswith(path[0])
    assert said in lines[0].partition(", expected ")[2]


ACCEPTED = [
    (("exchanges",), ["gateio"]),
    (("exchanges",), ["binance", "binance_perp", "bybit_spot", "bybit_perp", "hyperliquid_perp"]),
    (("smart_pricing_source",), "single_venue"),
    (("time_periods",), ["30min", "5min"]),
    (("time_periods",), ["10s", "30s", "10min", "4h", "1d", "7d"]),
    (("tob_lines", 0, "min_requote_ticks"), "3"),
    (("tob_lines", 0, "min_requote_ticks"), 3.0),
    (("inventory", "opening_inventory"), "12.5"),
    (("inventory", "opening_inventory"), "venue"),
    (("rules",), {"folder": "my/rules", "values": {"lean": {"strength": "12"}}}),
    (("target",), {"url": "https://host:8080/target"}),
    (("venues",), {"bybit": {"max_share": "0.5", "maker_fee_bps": -1}}),
    (("risk",), {"max_loss": 100, "messages_per_second": None}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), ACCEPTED, ids=lambda part: ascii(part)[:40])
def test_a_documented_spelling_is_accepted(document, problems, path, value):
    put(document, path, value)
    assert problems(document) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [("buy", "bid"), ("bid", "bid"), ("sell", "offer"), ("ask", "offer"), ("offer", "offer"), ("both", "both")],
)
def test_sides_are_understood_by_all_their_names(document, written, meant):
    put(document, ("tob_lines", 0, "sides"), written)
    put(document, ("passive_lines", 0, "sides"), written)
    config = validate(document)
    assert config.tob_lines[0].sides == config.passive_lines[0].sides == meant


@pytest.mark.parametrize(
    ("written", "bid", "offer"),
    [(True, True, True), (False, False, False), ({"bid": False}, False, True), ({"ask": False}, True, False),
     ({"sell": False, "buy": False}, False, False)],
)  # fmt: skip
def test_a_line_is_switched_as_a_whole_or_per_side(document, written, bid, offer):
    put(document, ("tob_lines", 0, "enabled"), written)
    enabled = validate(document).tob_lines[0].enabled
    assert (enabled.bid, enabled.offer) == (bid, offer)


def test_one_side_switched_under_two_names_is_refused(document, problems):
    put(document, ("tob_lines", 0, "enabled"), {"ask": False, "sell": True})
    assert problems(document) == ["tob_lines[0].enabled.ask: unknown", "tob_lines[0].enabled.sell: unknown"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-01-01T00:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01 12:30", datetime(2024, 1, 1, 12, 30, tzinfo=UTC)),
        ("2024-01-01T02:00:00+02:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-3))), datetime(2024, 1, 1, 3, tzinfo=UTC)),
    ],
)
def test_a_start_time_is_utc_unless_it_says_otherwise(document, written, meant):
    put(document, ("inventory", "start_time"), written)
    config = validate(document)
    assert config.inventory.start_time == meant
    assert config.inventory.start_time.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2024-02-30T00:00:00Z", "a time that exists"),
        ("2023-02-29", "a time that exists"),
        ("2024-01-01T25:00:00Z", "a time that exists"),
        ("2999-01-01T00:00:00Z", "not in the future"),
        (datetime.now(UTC) + timedelta(hours=1), "not in the future"),
        ("0001-01-01T00:00:00+10:00", "between the years"),
        ("yesterday", "an ISO time"),
        ("2024-01-01T00:00:00 UTC", "an ISO time"),
        (1704067200, "an ISO time"),
        (True, "an ISO time"),
    ],
)
def test_a_start_time_that_is_none_is_refused(document, problems, written, said):
    put(document, ("inventory", "start_time"), written)
    (line,) = problems(document)
    assert line.startswith("inventory.start_time: found ")
    assert said in line


KEYS = [
    ((), "base_coins", "base_coins: unknown; did you mean base_coin?"),
    ((), "Base_Coin", "Base_Coin: unknown; did you mean base_coin?"),
    ((), "zzz", "zzz: unknown"),
    ((), "target_inventory", "target_inventory: unknown here; did you mean inventory.target_inventory?"),
    ((), "a\nb\x1b[31m", '"a\\nb\\u001b[31m": unknown'),
    ((), "k" * 90, "text of 90 characters: unknown"),
    (("inventory",), "max_deviation", "inventory.max_deviation: unknown; did you mean max_inventory_deviation?"),
    (("tob_lines", 0), "hourly_qty", "tob_lines[0].hourly_qty: unknown; did you mean hourly_quantity?"),
    (("passive_lines", 0), "level", "passive_lines[0].level: unknown; did you mean levels?"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "key", "said"), KEYS, ids=lambda part: ascii(part)[:30])
def test_an_unknown_key_is_refused_with_the_nearest_known_one(document, problems, path, key, said):
    put(document, (*path, key), "x")
    assert problems(document) == [said]


@pytest.mark.parametrize("key", ["self", "cls", "model_config", "__class__", "checks"])
def test_a_key_that_means_something_to_python_is_just_unknown(document, problems, key):
    put(document, (key,), "x")
    (line,) = problems(document)
    assert line.startswith(f"{key}: unknown")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("base_coin",), "base_coin: missing, expected text"),
        (("inventory",), "inventory: missing, expected an object"),
        (("exchanges",), "exchanges: missing, expected a list of text of 1 to 64 entries"),
        (("tob_lines", 0, "hourly_quantity"),
         "tob_lines[0].hourly_quantity: missing, expected a decimal > 0, <= 100000000000 per hour"),
    ],
)  # fmt: skip
def test_a_missing_setting_is_named(document, problems, path, line):
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    del place[last]
    assert problems(document) == [line]


SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.mark.parametrize(
    "path",
    [("api_key",), ("inventory", "apiSecret"), ("tob_lines", 0, "passphrase"), ("tob_lines", 0, "hourly_quantity"),
     ("base_coin",), ("tob_lines", 0, "sides"), ("exchanges", 0), ("rules",), (SECRET,), ("inventory", SECRET)],
    ids=lambda path: str(path)[:30],
)  # fmt: skip
def test_a_secret_is_refused_and_never_shown(document, problems, path):
    put(document, path, SECRET)
    lines = problems(document)
    assert lines
    assert SECRET not in "\n".join(lines)


@pytest.mark.parametrize("url", ["http://user:hunter2@host/", "https://host/?token=hunter2", "https://host/#hunter2"])
def test_an_address_with_a_password_is_refused_and_never_shown(document, problems, url):
    put(document, ("target",), {"url": url})
    (line,) = problems(document)
    assert line.endswith("expected an http or https address without user, password, query or fragment")
    assert "hunter2" not in line


def test_a_short_opaque_value_is_not_shown(document, problems):
    put(document, ("tob_lines", 0, "sides"), "x8Kq2mZp9LwR4tYv7B")
    assert "text of 18 characters" in problems(document)[0]


@pytest.mark.parametrize(
    "path", [("base_coin",), ("exchanges", 0), ("rules", "folder"), ("target", "url"), ("leverage",)]
)
def test_placeholders_are_refused_because_nothing_fills_them_in(document, problems, path):
    document |= {"rules": {}, "target": {}}
    put(document, path, "${BASE_COIN}")
    (line,) = problems(document)
    assert "(placeholders are not filled in)" in line


@pytest.mark.parametrize("document", [None, [], "x", 5, {1: 2}, {None: {}}])
def test_what_is_no_object_with_text_keys_is_refused(document):
    with pytest.raises(ConfigError, match="the document: found "):
        validate(document)
