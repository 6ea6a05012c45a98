"""What may be written in a rule, and that Python and machine code answer it alike."""

import importlib.util
import math
import random
from pathlib import Path
from types import ModuleType

import pytest

from stackedmm import rules
from stackedmm.core.machine import COMPILED
from stackedmm.errors import RuleError
from stackedmm.rules import LoadedRule, Param, RuleSet, View, examine, rebuild, rule
from stackedmm.rules.language import MATH, PLAIN_PYTHON
from stackedmm.rules.prove import machine_answers, probes
from stackedmm.rules.ruleset import same

SHIPPED = Path(__file__).parents[2] / "rules"
HEAD = "from math import exp, floor, sqrt\nimport math\nfrom stackedmm import Param, View, rule\n"


def written(body: str, verb: str = "skew", top: str = "", params: str = "a=Param(1, 0, 2)") -> LoadedRule:
    """The rule with this body, checked and compiled."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text = f'{HEAD}{top}\n@rule.{verb}\ndef f(q, {params}):\n    """Doc."""\n{lines}'
    outcome = examine({"file.py": text.encode()})
    assert outcome.rules, outcome.refusals
    return outcome.rules["f"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return 7 // 2 + 7 % 4", 6.0),
        ("return -7 // 2", -4.0),
        ("return -7 % 3", 2.0),
        ("return 1 / 4", 0.25),
        ("return 2 ** 10 + 2 ** -1", 1024.5),
        ("return -2 ** 2", -4.0),
        ("return abs(-3) + float(2) + max(1, 2, 3) + min(4, 5)", 12.0),
        ("return (q.inventory >= 0) + True", 2.0),
        ("return 1 if -1 < q.inventory < 1 else 2", 1.0),
        ("return 1 if not (q.inventory > 0 or a > 1) and bool(a) else 2", 1.0),
        ("x = 1\nx += 2\nx *= 3\nx **= 2\nreturn x", 81.0),
        ("x = 0\nfor i in range(4):\n    x += i\nreturn x + i", 9.0),
        ("x = 0\nfor i in range(3):\n    for j in range(2):\n        x += i * j\nreturn x", 3.0),
        ("for i in range(9):\n    if i > 3:\n        return i\nreturn 0", 4.0),
        ("if q.inventory > 0:\n    x = 1\nelif q.inventory < 0:\n    x = 2\nelse:\n    x = 3\nreturn x", 3.0),
        ("if a > 5:\n    return 1\nx = 2\nreturn x", 2.0),
        ("return floor(-0.5) + math.ceil(0.5) + math.trunc(-1.5)", -1.0),
        ("return math.copysign(1, math.floor(-0.0))", 1.0),
        ("return math.atan2(0, 1) + math.fmod(5, 3) + math.pow(2, 3)", 10.0),
        ("a = a * 2\nreturn a", 2.0),
    ],
)
def test_language_means_what_python_means(body: str, answer: float) -> None:
    found = written(body)
    assert found.answer(View()) == answer
    assert not COMPILED or machine_answers(found, [(0.0,) * len(found.fields) + (1.0,)]) == [answer]


def test_constants_and_functions_serve_rules() -> None:
    top = "HALF = 1 / 2\nLEVELS = 2 * 2\ndef twice(x):\n    return later(x) * 2\ndef later(x):\n    return x + HALF\n"
    found = written("x = 0.0\nfor i in range(LEVELS):\n    x += twice(i)\nreturn x + math.pi - math.pi", top=top)
    assert found.answer(View()) == 16.0


def test_functions_come_from_other_files_of_the_folder() -> None:
    shapes = b"def ramp(x):\n    return max(0.0, x)\n"
    user = HEAD + 'from shapes import ramp\n@rule.skew\ndef f(q):\n    """Doc."""\n    return ramp(q.inventory)\n'
    loaded = rebuild({"shapes.py": shapes, "user.py": user.encode()})
    assert loaded["f"].answer(View(inventory=0.5)) == 0.5
    other = rebuild({"shapes.py": shapes.replace(b"0.0", b"0.1"), "user.py": user.encode()})
    assert other["f"].answer(View()) == 0.1
    assert other.digest != loaded.digest


def test_types_of_arguments_are_welcome_and_mean_nothing() -> None:
    text = HEAD + '@rule.gate\ndef f(q: View, a: float = Param(1, 0, 2)) -> bool:\n    """Doc."""\n    return a > 0.5\n'
    assert rebuild({"a.py": text.encode()})["f"].answer(View()) is True


def test_comments_and_docstrings_speak_every_language() -> None:
    text = HEAD + '# Größe, 数量\n@rule.size\ndef f(q):\n    """Θ: Größe."""\n    return 1.0\n'
    assert rebuild({"a.py": text.encode()})["f"].doc == "Θ: Größe."
    assert rebuild({"a.py": text.replace("\n", "\r\n").encode()})["f"].answer(View()) == 1.0


def test_fields_read_decide_how_often_a_rule_is_asked() -> None:
    side = written("return q.pressure + q.hour")
    quote = written("return q.pressure + q.balance")
    assert side.reads == {"pressure", "hour"}
    assert side.per_side
    assert not quote.per_side


def test_scope_reaches_the_loaded_rule() -> None:
    text = HEAD + (
        '@rule.skew(line="passive", side="bid", venue=("bybit", "gate"), unless="inventory")\n'
        'def f(q):\n    """Doc."""\n    return 1.0\n'
    )
    found = rebuild({"a.py": text.encode()})["f"]
    assert found.scope == ((("passive",)), ("bid",), ("bybit", "gate"))
    assert found.unless == ("inventory",)
    assert found.scope.covers("passive", "passive-1", "bid", "gate")
    assert not found.scope.covers("tob", "tob-1", "bid", "gate")


@pytest.mark.parametrize("name", MATH)
def test_machine_code_calls_the_same_library_to_the_last_bit(name: str) -> None:
    if not COMPILED:
        pytest.skip("machine code is switched off")
    import numba

    from stackedmm.rules.arithmetic import MACHINE_CODE

    call = MACHINE_CODE[f"_math_{name}"]
    if MATH[name] == 1:
        compiled = numba.njit("float64(float64)")(lambda x: call(x))
    else:
        compiled = numba.njit("float64(float64, float64)")(lambda x, y: call(x, y))
    draw = random.Random(name)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e308, -1e308, 5e-324, 710.0, math.inf, -math.inf, math.nan]

    def point() -> float:
        return draw.choice(
            [draw.choice(special), draw.uniform(-2, 2), draw.uniform(-1e3, 1e3), 10 ** draw.uniform(-9, 9)]
        )

    for _ in range(3000):
        given = [point() for _ in range(MATH[name])]
        assert same(tried(compiled, given), tried(PLAIN_PYTHON[f"_math_{name}"], given)), given


def tried(function: object, given: list[float]) -> float:
    """The answer, NaN where the function raises."""
    try:
        return function(*given)  # type: ignore[operator, no-any-return]
    except (ArithmeticError, ValueError):
        return math.nan


def test_powers_are_not_replaced_by_products() -> None:
    found = written("return q.drift_bps ** 2 + q.drift_bps ** 0 + 2 ** q.inventory")
    points = [(random.Random(i).uniform(-1, 1), random.Random(i).uniform(-1e3, 1e3), 1.0) for i in range(20_000)]
    assert not found.address or machine_answers(found, points) == [found.value(*point) for point in points]


@pytest.fixture(scope="module")
def shipped() -> RuleSet:
    return rules.load(SHIPPED)


def test_shipped_rules_stand(shipped: RuleSet) -> None:
    assert {"step_back", "fade", "lean", "breathe", "shelter"} <= {each.name for each in shipped.rules}
    assert shipped["lean"].unless == shipped["fade"].unless == ("inventory",)
    assert [each.name for each in shipped.rules if not each.per_side] == ["afford"]


def test_lean_moves_both_quotes_against_the_position(shipped: RuleSet) -> None:
    lean = shipped["lean"].rule
    assert lean(View(inventory=0.5)) == -4.0
    assert lean(View(inventory=-0.5)) == 4.0
    assert lean(View(inventory=0.5), strength=12) == -6.0
    assert lean(View()) == 0.0


def test_fade_shrinks_only_the_side_that_adds(shipped: RuleSet) -> None:
    fade = shipped["fade"].rule
    assert fade(View(pressure=-1)) == 1.0
    assert fade(View(pressure=1)) == math.exp(-1.5)
    assert fade(View(pressure=0.2)) > fade(View(pressure=0.4))


def test_breathe_adds_only_what_exceeds_the_usual(shipped: RuleSet) -> None:
    breathe = shipped["breathe"].rule
    assert breathe(View(volatility_bps=20, volatility_ratio=2)) == 5.0
    assert breathe(View(volatility_bps=4, volatility_ratio=0.5)) == 0.0


def test_shelter_stops_in_a_storm(shipped: RuleSet) -> None:
    shelter = shipped["shelter"].rule
    assert shelter(View()) is True
    assert shelter(View(volatility_ratio=12)) is False


def test_step_back_widens_the_side_the_drift_comes_for(shipped: RuleSet) -> None:
    step_back = shipped["step_back"].rule
    assert step_back(View(sign=1, drift_bps=-10)) == 5.0
    assert step_back(View(sign=-1, drift_bps=10)) == 5.0
    assert step_back(View(sign=1, drift_bps=10)) == 0.0
    assert step_back(View(sign=1, drift_bps=-1000)) == 30.0


def imported(path: Path) -> ModuleType:
    """The file run as plain Python, as a notebook would."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", sorted(path.stem for path in SHIPPED.glob("*.py")))
def test_shipped_file_answers_alike_as_plain_python(
    file: str, shipped: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Param", "View", "rule"):
        monkeypatch.setattr(f"stackedmm.{name}", getattr(rules, name), raising=False)
    module = imported(SHIPPED / f"{file}.py")
    for each in (each for each in shipped.rules if each.file == f"{file}.py"):
        plain = getattr(module, each.name)
        assert plain.params == dict(each.params)
        for point in probes(each)[:300]:
            view = View(**dict(zip(each.fields, point, strict=False)))
            params = dict(zip(plain.params, point[len(each.fields) :], strict=True))
            assert same(plain(view, **params), each.value(*point))


def test_a_rule_is_a_value_that_registers_nothing() -> None:
    @rule.skew(line="passive")
    def lean(q, strength=Param(8.0, 0, 40, "bps")):  # type: ignore[no-untyped-def]  # noqa: B008
        """Doc."""
        return -strength * q.inventory / abs(q.quiet_s)

    assert lean(View(inventory=0.5)) == -4.0
    assert math.isnan(lean(View(quiet_s=0)))
    assert repr(lean) == "<rule.skew lean line=passive>"
    with pytest.raises(RuleError, match="did you mean strength"):
        lean(View(), strenght=1)
    with pytest.raises(RuleError, match="from 0 to 40"):
        lean(View(), strength=41)
    with pytest.raises(RuleError, match="takes a View"):
        lean(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [math.nan, math.inf, -1.0, 1e400, "1", None, 1j, True, 10**400, [1.0]])
def test_only_a_number_of_its_kind_is_an_answer(answer: object) -> None:
    @rule.size
    def fade(q):  # type: ignore[no-untyped-def]
        """Doc."""
        return answer

    assert math.isnan(fade(View()))


def test_a_view_is_frozen_neutral_and_within_range() -> None:
    view = View(inventory=0.5, hour=3)
    assert (view.inventory, view.hour, view.volume) == (0.5, 3.0, 1.0)
    assert repr(view) == "View(inventory=0.5, hour=3)"
    assert view == View(hour=3, inventory=0.5)
    assert view.row()["inventory"][0] == 0.5
    for name, value in (("inventory", 2), ("inventory", math.nan), ("inventory", True), ("sign", 0), ("hour", "3")):
        with pytest.raises(RuleError, match=name):
            View(**{name: value})
    with pytest.raises(RuleError, match="did you mean inventory"):
        View(inventroy=0.5)
    with pytest.raises(RuleError, match="never changed"):
        view.inventory = 0.1
    with pytest.raises(AttributeError, match="did you mean volume"):
        _ = view.volumes


@pytest.mark.parametrize(
    "bounds", [(3, 0, 2), (1, 2, 0), (math.nan, 0, 1), (0, -math.inf, 1), (1, 0, 1e13), ("1", 0, 2)]
)
def test_a_param_keeps_its_default_within_finite_bounds(bounds: tuple[float, float, float]) -> None:
    with pytest.raises(RuleError):
        Param(*bounds)


def test_values_are_checked_by_name_and_clamped_to_bounds(shipped: RuleSet) -> None:
    assert shipped.defaults()["lean.strength"] == 8.0
    values, warnings = shipped.values({"lean.strength": 99, "fade.steepness": 2})
    assert values["lean.strength"] == 40.0
    assert values["fade.steepness"] == 2.0
    assert warnings == ["lean.strength=99 clamped to 40; it runs from 0 to 40"]
    with pytest.raises(RuleError, match=r"did you mean lean.strength\?"):
        shipped.values({"lean.strenght": 1})
    with pytest.raises(RuleError, match="give a number"):
        shipped.values({"lean.strength": math.nan})
