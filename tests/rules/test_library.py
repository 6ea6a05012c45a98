"""The rules that come with the package: what each says, that they are gentle, and that none repeats another."""

import re
from itertools import combinations
from math import exp, log, prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core.views import BY_NAME, GATE, SIZE, SKEW, SPREAD, VERBS, WIDEN
from stackedmm.rules import Rule, RuleSet, View, check, load

FOLDER = Path(__file__).parents[2] / "rules"
NEUTRAL = {SKEW: 0.0, WIDEN: 0.0, SPREAD: 1.0, SIZE: 1.0, GATE: 1.0}
NAMES = (
    "come_closer keep_pace step_back hush night tilt fade lean flinch thin_out afford follow_depth breathe shelter"
).split()


@pytest.fixture(scope="module")
def shipped() -> RuleSet:
    return load(FOLDER)


def test_every_shipped_file_passes_the_check(shipped: RuleSet) -> None:
    assert check(FOLDER) == check(FOLDER / "academic") == []
    assert [each.name for each in shipped.rules] == NAMES


def test_sub_folders_are_not_loaded_with_the_default_rules(shipped: RuleSet) -> None:
    assert list((FOLDER / "academic").glob("*.py"))
    assert set(shipped.files) == {path.name for path in FOLDER.glob("*.py")}


def test_every_shipped_rule_explains_its_params_and_shows_examples(shipped: RuleSet) -> None:
    for rules in (shipped, load(FOLDER / "academic")):
        for each in rules.rules:
            assert each.doc.endswith("."), each.name
            assert all(param.help for _, param in each.params), each.name
            examples = re.findall(rf"^assert .*\b{each.name}\(View\(", rules.files[each.file].decode(), re.M)
            assert len(examples) >= 2, each.name


def test_default_rules_say_nothing_of_a_market_in_its_usual_state(shipped: RuleSet) -> None:
    for sign in (1, -1):
        assert [each.answer(View(sign=sign)) for each in shipped.rules] == [
            NEUTRAL[each.verb] for each in shipped.rules
        ]


def test_no_two_default_rules_read_one_field_for_one_verb(shipped: RuleSet) -> None:
    for first, second in combinations(shipped.rules, 2):
        shared = (first.reads & second.reads) - {"sign"}
        assert first.verb != second.verb or not shared, f"{first.name} and {second.name} both read {shared}"


def test_rules_stay_out_where_the_configuration_does_their_work(shipped: RuleSet) -> None:
    duties = {each.name: each.unless for each in shipped.rules if each.unless}
    volume, inventory = ("volume",), ("inventory",)
    assert duties == {"lean": inventory, "fade": inventory, "keep_pace": volume, "come_closer": volume}
    assert shipped["follow_depth"].scope.line == ("tob",)


# --- what each says, a line a claim ---


def test_keep_pace_grows_with_volume_within_bounds(shipped: RuleSet) -> None:
    keep_pace = shipped["keep_pace"].rule
    assert keep_pace(View(volume=1.21)) == pytest.approx(1.1)
    assert keep_pace(View(volume=0.81)) == pytest.approx(0.9)
    assert keep_pace(View(volume=0.04)) == 1 / 1.5
    assert keep_pace(View(volume=9), most=3) == 3.0
    assert keep_pace(View(volume=50), power=0) == 1.0


def test_come_closer_answers_only_to_more_than_usual(shipped: RuleSet) -> None:
    come_closer = shipped["come_closer"].rule
    assert come_closer(View(volume=2)) == pytest.approx(exp(-0.15 * log(2)))
    assert come_closer(View(volume=0.5)) == 1.0
    assert come_closer(View(volume=99)) == 0.8
    assert come_closer(View(volume=99), power=0) == 1.0


def test_follow_depth_shrinks_only_below_a_fair_share(shipped: RuleSet) -> None:
    follow_depth = shipped["follow_depth"].rule
    assert follow_depth(View(share=0.2)) == 1.0
    assert follow_depth(View(share=0.14)) == pytest.approx(0.7)
    assert follow_depth(View(share=0.01)) == 0.5
    assert follow_depth(View(share=0.01), least=0) == pytest.approx(0.05)


def test_afford_shrinks_with_the_purse(shipped: RuleSet) -> None:
    afford = shipped["afford"].rule
    assert afford(View(balance=100)) == 1.0
    assert afford(View(balance=0.5)) == 0.5
    assert afford(View(balance=0.5), enough=2) == 0.25
    assert afford(View(balance=0)) == 0.0


def test_hush_widens_after_a_long_silence(shipped: RuleSet) -> None:
    hush = shipped["hush"].rule
    assert hush(View(quiet_s=119)) == 1.0
    assert hush(View(quiet_s=360)) == 1 + 0.3 * (1 - exp(-2))
    assert hush(View(quiet_s=86400), more=-0.5) == 0.5


def test_night_crosses_midnight(shipped: RuleSet) -> None:
    night = shipped["night"].rule
    assert [night(View(hour=hour)) for hour in (21.9, 22, 24, 0, 3.9, 4)] == [1.0, 0.75, 0.75, 0.75, 0.75, 1.0]
    assert night(View(hour=23), lasts=0) == 1.0
    assert night(View(hour=21.9), lasts=24) == 0.75


def test_flinch_and_thin_out_answer_only_to_losses(shipped: RuleSet) -> None:
    flinch, thin_out = shipped["flinch"].rule, shipped["thin_out"].rule
    assert (flinch(View(adverse_bps=10)), flinch(View(adverse_bps=-10)), flinch(View(adverse_bps=99))) == (5, 0, 20)
    assert (thin_out(View(adverse_bps=5)), thin_out(View(adverse_bps=-99))) == (10 / 15, 1.0)
    assert thin_out(View(adverse_bps=1000), least=0.05) == 0.05


def test_tilt_at_full_part_is_the_mid_weighted_by_size(shipped: RuleSet) -> None:
    tilt = shipped["tilt"].rule
    bid, ask, bid_size, ask_size = 99.98, 100.02, 30.0, 10.0
    mid = (bid + ask) / 2
    weighted = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    imbalance = (bid_size - ask_size) / (bid_size + ask_size)
    view = View(imbalance=imbalance, local_spread_bps=(ask - bid) / mid * 1e4)
    assert tilt(view, part=1) == pytest.approx((weighted / mid - 1) * 1e4)
    assert tilt(view) == pytest.approx(tilt(view, part=1) / 2)
    assert tilt(View(imbalance=-1, local_spread_bps=400)) == -5.0


# --- what holds everywhere ---

RISING, FALLING = 1, -1
MONOTONE = [
    ("keep_pace", "volume", RISING),
    ("come_closer", "volume", FALLING),
    ("follow_depth", "share", RISING),
    ("afford", "balance", RISING),
    ("hush", "quiet_s", RISING),
    ("flinch", "adverse_bps", RISING),
    ("thin_out", "adverse_bps", FALLING),
    ("tilt", "imbalance", RISING),
    ("lean", "inventory", FALLING),
    ("fade", "pressure", FALLING),
    ("breathe", "volatility_bps", RISING),
    ("shelter", "volatility_ratio", FALLING),
    ("step_back", "drift_bps", FALLING),
]


def within(name: str) -> st.SearchStrategy[float]:
    """Any number of a View's field."""
    if name == "sign":
        return st.sampled_from((1.0, -1.0))
    return st.floats(BY_NAME[name].low, BY_NAME[name].high)


def ordered(rule: Rule, name: str, low: View, high: View, direction: int) -> None:
    first, second = rule(low), rule(high)
    # A bound reached by rounding may differ in the last bits.
    slack = 1e-12 * max(1.0, abs(first), abs(second))
    assert direction * (second - first) >= -slack, f"{name}: {first} at {low}, {second} at {high}"


@pytest.mark.parametrize(("name", "field", "direction"), MONOTONE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_answer_goes_one_way_with_its_input(
    shipped: RuleSet, name: str, field: str, direction: int, data: st.DataObject
) -> None:
    rule = shipped[name]
    others = {each: data.draw(within(each)) for each in rule.reads - {field, "sign"}}
    low, high = sorted((data.draw(within(field)), data.draw(within(field))))
    ordered(rule.rule, name, View(**{field: low, **others}), View(**{field: high, **others}), direction)


def test_every_default_rule_but_the_clock_is_shown_to_go_one_way() -> None:
    assert {name for name, _, _ in MONOTONE} == set(NAMES) - {"night"}


@settings(max_examples=60, deadline=None)
@given(inventory=within("inventory"), imbalance=within("imbalance"), spread=within("local_spread_bps"))
def test_skews_are_odd(shipped: RuleSet, inventory: float, imbalance: float, spread: float) -> None:
    lean, tilt = shipped["lean"].rule, shipped["tilt"].rule
    assert lean(View(inventory=-inventory)) == -lean(View(inventory=inventory))
    one = tilt(View(imbalance=imbalance, local_spread_bps=spread))
    assert tilt(View(imbalance=-imbalance, local_spread_bps=spread)) == -one


@settings(max_examples=200, deadline=None)
@given(view=st.builds(View, **{name: within(name) for name in BY_NAME}))
def test_together_the_defaults_stay_gentle(shipped: RuleSet, view: View) -> None:
    said = {verb: [each.answer(view) for each in shipped.rules if each.verb == verb] for verb in range(len(VERBS))}
    assert abs(sum(said[SKEW])) <= 8 + 5
    assert 0 <= sum(said[WIDEN]) <= 30 + 20 + 0.5 * view.volatility_bps
    assert 0.8 <= prod(said[SPREAD]) <= 1.3
    assert 0 <= prod(said[SIZE]) <= 1.5


def test_a_bad_hour_takes_most_of_the_size_but_not_all(shipped: RuleSet) -> None:
    bad = View(pressure=0.8, volume=0.3, adverse_bps=6, hour=23, share=0.1, balance=0.8)
    sizes = prod(each.answer(bad) for each in shipped.rules if each.verb == SIZE)
    assert sizes == pytest.approx(exp(-1.2) * (1 / 1.5) * (10 / 16) * 0.75 * 0.5 * 0.8)
    assert 0.02 < sizes < 0.1
