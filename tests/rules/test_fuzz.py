"""Damaged rule files are refused, never a crash; what passes answers alike in both modes."""

import ast
import math
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackedmm.core.machine import COMPILED
from stackedmm.core.views import BY_NAME
from stackedmm.rules import Refusal
from stackedmm.rules.compiled import code
from stackedmm.rules.folder import _loaded
from stackedmm.rules.language import MATH
from stackedmm.rules.outline import outline
from stackedmm.rules.program import link
from stackedmm.rules.prove import machine_answers, probes
from stackedmm.rules.reading import decode
from stackedmm.rules.ruleset import same
from stackedmm.rules.syntax import parse
from tests.rules.hostile import CORPUS

SHIPPED = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "rules").glob("*.py"))]
SOURCES = [*SHIPPED, *(each.data for each in CORPUS if len(each.data) < 4000)]
WORDS = (
    b"q q. q.inventory lean while def return lambda yield async await import from * ** // % ( ) [ ] { } : := , . ; @ = "
    b"== < is in not and or if else elif for range(3) range(9**9) try except with class global nonlocal del pass None "
    b"True 'x' f'{q}' __import__ exec _x 1e999 9999999999999999999 1j \n \n\n \r \t # \\ \xff \x00 \xe2\x80\xae View( "
    b"Param( rule. assert match case type x: print( exp( max( ... ~ | -> 0x 0b1 1_0 \xef\xbd\x91"
).split(b" ")


def verified(data: bytes) -> list[Refusal]:
    """Every step before compiling, as `examine` takes them."""
    sources, refusals = decode({"file.py": data})
    for source in sources:
        tree, faults = parse(source)
        refusals += faults
        if tree is not None:
            found = outline(source, tree)
            link({source.module: found}, ())
            refusals += found.refusals
    return refusals


EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.sampled_from(WORDS)), max_size=6)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def attack(source: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    """Damage a file and have it looked at."""
    for place, length, word in edits:
        at = int(place * len(source))
        source = source[:at] + word + source[at + length :]
    for each in verified(source):
        assert 1 <= each.line <= source.count(b"\n") + source.count(b"\r") + 2
        assert each.what
        assert each.remedy


@settings(max_examples=150, **QUIET)
@given(source=st.sampled_from(SOURCES), edits=EDITS)
def test_damaged_files_are_refused_by_line_or_pass(source: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    attack(source, edits)


@pytest.mark.slow
@settings(max_examples=10_000, **QUIET)
@given(source=st.sampled_from(SOURCES), edits=EDITS)
def test_ten_thousand_damaged_files_are_refused_or_pass(source: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    attack(source, edits)


@settings(max_examples=200, **QUIET)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_any_bytes_are_refused_or_pass(data: bytes) -> None:
    assert all(isinstance(each, Refusal) for each in verified(data))


def test_every_part_of_a_good_file_can_be_lost() -> None:
    draw = random.Random(5)
    source = SHIPPED[1]
    for at in range(0, len(source), 9):
        assert all(each.what for each in verified(source[:at] + source[at + draw.randint(1, 9) :]))


class Author:
    """Writes random rules that are in the language, to have both modes answer them."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._names = ["a"]

    def number(self, depth: int) -> str:
        """An expression that is a number."""
        draw = self._draw
        if depth == 0:
            leaf = draw.choice(["q." + draw.choice(list(BY_NAME)), draw.choice(self._names), repr(draw.uniform(-9, 9))])
            return f"({leaf})"
        left, right = self.number(depth - 1), self.number(depth - 1)
        forms = [f"({left} {draw.choice('+-*/%')} {right})", f"({left} // {right})", f"(-{left})", f"abs({left})"]
        forms += [
            f"({left} if {self.truth(depth - 1)} else {right})",
            f"{draw.choice(['max', 'min'])}({left}, {right})",
        ]
        forms += [f"float({self.truth(depth - 1)})", f"({left} ** {draw.choice(['2', '3', '0.5', '-1', right])})"]
        name = draw.choice(list(MATH))
        forms += [f"math.{name}({', '.join((left, right)[: MATH[name]])})"] * 3
        return draw.choice(forms)

    def truth(self, depth: int) -> str:
        """An expression that is true or false."""
        draw = self._draw
        left, right = self.number(max(0, depth - 1)), self.number(max(0, depth - 1))
        plain = f"({left} {draw.choice(['<', '<=', '>', '>=', '==', '!='])} {right})"
        return draw.choice([plain, plain, f"(not {plain})", f"({plain} and {plain})", f"({left} < {right} < 3)"])

    def rule(self, name: str) -> str:
        """A whole rule; what is not finite or has no value is kept from its answer, not from its middle."""
        lines = [f"x = {self.number(2)}"]
        self._names.append("x")
        lines += [f"for i in range({self._draw.randint(1, 4)}):", f"    x = x * 0.5 + {self.number(1)}"]
        lines += [f"if {self.truth(1)}:", f"    x = {self.number(2)}", "else:", f"    x += {self.number(2)}"]
        body = "".join(f"    {line}\n" for line in [*lines, f"return x + {self.number(2)}"])
        return f'@rule.skew\ndef {name}(q, a=Param(1, -2, 3)):\n    """Doc."""\n{body}'


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="machine code is switched off")
def test_random_rules_compile_and_answer_alike_wherever_they_are_asked() -> None:
    answered = 0
    for seed in range(int(os.environ.get("STACKEDMM_RANDOM_RULES", "20"))):
        text = "import math\nfrom stackedmm import Param, rule\n" + Author(seed).rule("f")
        (source,), _ = decode({"file.py": text.encode()})
        found = outline(source, ast.parse(text))
        (checked,) = link({"file": found}, ())
        loaded = _loaded(checked, code(checked.declared.verb, checked.body, checked.functions).address)
        points = probes(loaded)
        ours = [loaded.value(*point) for point in points]
        for point, answer, other in zip(points, ours, machine_answers(loaded, points), strict=True):
            assert same(answer, other), (text, point)
        answered += sum(not math.isnan(answer) for answer in ours)
    assert answered > 1000
