"""Differences between configurations, and making a changed one."""

from decimal import Decimal

import pytest

from stackedmm.config import Change, ConfigTemplates, changed, difference, is_live, require_live, validate
from stackedmm.errors import ConfigError

BASE = ConfigTemplates.aggressive_multi_currency()


def test_equal_configurations_differ_in_nothing():
    assert difference(BASE, ConfigTemplates.aggressive_multi_currency()) == []


def test_a_difference_names_path_old_and_new():
    other = changed(BASE, {"risk.collar_bps": 250, "tob_lines[tob-2].enabled.bid": False, "tob_lines[0].sides": "buy"})
    assert difference(BASE, other) == [
        Change("tob_lines[tob-1].sides", "both", "bid"),
        Change("tob_lines[tob-2].enabled.bid", True, False),
        Change("risk.collar_bps", Decimal(300), Decimal(250)),
    ]
    path, old, new = difference(other, BASE)[-1]
    assert (path, old, new) == ("risk.collar_bps", 250, 300)


def test_numbers_that_are_equal_do_not_differ():
    assert difference(BASE, changed(BASE, {"risk.collar_bps": "300.00"})) == []


def test_lines_are_matched_by_id_and_not_by_position():
    document = BASE.model_dump()
    document["tob_lines"] = document["tob_lines"][1:]
    (change,) = difference(BASE, validate(document))
    assert change.path == "tob_lines[tob-1]"
    assert change.old["hourly_quantity"] == 100
    assert change.new is None


def test_a_venue_that_gets_settings_is_one_difference():
    other = changed(BASE, {"venues": {"bybit": {"max_share": "0.5"}}})
    (change,) = difference(BASE, other)
    assert (change.path, change.old) == ("venues.bybit", None)
    again = changed(other, {"venues.bybit.max_share": "0.4"})
    assert difference(other, again) == [Change("venues.bybit.max_share", Decimal("0.5"), Decimal("0.4"))]


def test_a_change_is_validated_as_a_whole():
    with pytest.raises(ConfigError) as refusal:
        changed(BASE, {"passive_lines[0].mid_spread_bps": 5, "tob_lines[0].spread_bsp": 5, "leverage": 2})
    assert [line.partition(":")[0] for line in str(refusal.value).split("\n")] == [
        "tob_lines[0].spread_bsp",
        "passive_lines[0].mid_spread_bps",
        "leverage",
    ]
    assert ConfigTemplates.aggressive_multi_currency() == BASE


@pytest.mark.parametrize(
    "path", ["", "nothing.here", "tob_lines[9].spread_bps", "tob_lines[none].x", "[0]", "leverage.x"]
)
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(ConfigError, match="expected the path of a setting"):
        changed(BASE, {path: 1})


@pytest.mark.parametrize(
    ("path", "live"),
    [
        ("tob_lines[tob-1].spread_bps", True),
        ("tob_lines[0].enabled.offer", True),
        ("inventory.target_inventory", True),
        ("venues.bybit.max_share", True),
        ("venues.bybit", True),
        ("rules.values.lean.strength", True),
        ("hedging_targets.BTC", True),
        ("tob_lines[tob-1]", False),
        ("tob_lines[tob-1].id", False),
        ("base_coin", False),
        ("exchanges", False),
        ("inventory.start_time", False),
        ("rules.folder", False),
        ("no.such.setting", False),
    ],
)
def test_a_setting_says_whether_it_may_change_while_running(path, live):
    assert is_live(path) is live


def test_a_change_that_needs_a_restart_is_refused_while_running():
    with pytest.raises(ConfigError) as refusal:
        require_live(BASE, changed(BASE, {"base_coin": "HONEY", "risk.collar_bps": 100, "rules.folder": "mine"}))
    assert str(refusal.value).split("\n") == [
        'base_coin: found "HONEY", expected "BERA" for as long as the engine runs',
        'rules.folder: found "mine", expected "rules" for as long as the engine runs',
    ]


def test_a_change_that_needs_no_restart_is_handed_on():
    other = changed(BASE, {"risk.collar_bps": 100})
    assert require_live(BASE, other) == difference(BASE, other) != []
