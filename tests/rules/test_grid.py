"""What `explain` shows of a rule, and the files that `new` writes."""

import pytest

from stackedmm.errors import RuleError
from stackedmm.rules import examine, rebuild
from stackedmm.rules.grid import explain
from stackedmm.rules.ruleset import LoadedRule
from stackedmm.rules.template import VERBS, template
from tests.rules.hostile import HEAD


def rule(body: str, verb: str = "skew", params: str = "") -> LoadedRule:
    text = f'{HEAD}@rule.{verb}\ndef f(q{params}):\n    """Why it is."""\n    return {body}\n'
    return rebuild({"a.py": text.encode()})["f"]


def test_one_field_gives_a_row_a_value() -> None:
    table = explain(rule("-8.0 * q.inventory"), points=5)
    assert table.columns == ("inventory", "skew")
    assert table.rows == [("-1", "8"), ("-0.5", "4"), ("0", "0"), ("0.5", "-4"), ("1", "-8")]
    assert "Why it is." in str(table)


def test_two_fields_give_a_matrix_and_a_third_stays_neutral() -> None:
    table = explain(rule("q.inventory + q.volume + q.hour", params=""), points=3)
    assert table.columns == ("inventory \\ volume", "0.01", "2.005", "4")
    assert "hour=12" in table.title
    assert table.rows[1] == ("0", "12.01", "14", "16")


def test_held_numbers_are_fields_and_params() -> None:
    found = rule("strength * q.inventory * q.sign", params=", strength=Param(2, 0, 5)")
    table = explain(found, {"strength": 3, "sign": -1}, points=3)
    assert table.rows == [("-1", "3"), ("0", "0"), ("1", "-3")]


def test_gates_speak_words_and_a_rule_without_fields_is_always_so() -> None:
    assert explain(rule("q.pressure < 0.5", "gate"), points=3).rows[2] == ("1", "closed")
    assert explain(rule("1.0")).rows == [("always", "1")]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"inventroy": 1}, "did you mean inventory"),
        ({"inventory": 2}, "out of range"),
        ({"strength": 9}, "it runs from 0 to 5"),
        ({"volume": 1}, "reads no volume"),
    ],
)
def test_what_the_rule_does_not_have_is_refused(held: dict[str, float], said: str) -> None:
    found = rule("strength * q.inventory", params=", strength=Param(2, 0, 5)")
    with pytest.raises(RuleError, match=said):
        explain(found, held)


@pytest.mark.parametrize("verb", VERBS)
def test_a_template_is_sound_as_it_stands(verb: str) -> None:
    outcome = examine({"mine.py": template(verb, "mine").encode()})
    assert outcome.rules is not None, outcome.refusals
    assert outcome.rules["mine"].verb_name == verb
    assert template(verb, "mine").count("assert ") >= 1
