"""The shadow run: equal rules give equal hashes, others differ where they must, and it is quick."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from stackedmm.core.rows import PLACE
from stackedmm.engine.preview import Bounds, Candidate, Preview, preview
from stackedmm.engine.preview.bounds import NONE
from stackedmm.errors import RuleError
from stackedmm.rules import RuleSet, rebuild
from tests.engine.running import Running
from tests.rules.hostile import HEAD

pytestmark = pytest.mark.slow

LEAN = HEAD + (
    '@rule.skew(line="passive")\ndef lean(q, strength=Param(8, 0, 40, "bps")):\n    """Doc."""\n'
    "    return -strength * q.inventory\n"
)
WIDE = HEAD + '@rule.widen(line="passive")\ndef wide(q, by=Param(5, 0, 40, "bps")):\n    """Doc."""\n    return by\n'
SHUT = HEAD + '@rule.gate(side="bid")\ndef shut(q):\n    """Doc."""\n    return q.hour < 0.0\n'


def rules(*texts: str) -> RuleSet:
    return rebuild({f"f{i}.py": text.encode() for i, text in enumerate(texts)})


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("preview"), {"f0.py": LEAN}, policy="off") as made:
        made.clock.advance(240.0)
        yield made


def compare(engine: Running, after: RuleSet | None, bounds: Bounds | None = None, **values: float) -> Preview:
    before = Candidate(engine.host.rules)
    return preview(engine.host.fork(180.0), engine.host.filled, before, Candidate(after, values), bounds)


def test_equal_rules_give_equal_hashes_and_the_engines_own(engine: Running) -> None:
    found = compare(engine, rules(LEAN))
    assert found.runs[0].hash == found.runs[1].hash
    assert found.equal
    assert found.first is None
    assert found.outside == []
    assert "no decision differs" in found.words
    kept = engine.host.record.commands.since(0)[1]
    ours = found.runs[0].commands
    n = min(len(kept), len(ours))
    assert n > 100
    assert np.array_equal(kept["px"][-n:], ours["px"][-n:])
    assert np.array_equal(kept["ts"][-n:], ours["ts"][-n:])


def test_an_edit_of_words_alone_changes_no_decision(engine: Running) -> None:
    found = compare(engine, rules(LEAN + "# a word\n"))
    assert found.equal
    assert found.runs[0].hash != found.runs[1].hash  # the state names its rules
    assert found.before.hex != found.after.hex


def test_five_bps_more_are_five_bps_further_away(engine: Running) -> None:
    found = compare(engine, rules(LEAN, WIDE))
    moved = [
        found.quoted[1][place].distance_bps - then.distance_bps
        for place, then in found.quoted[0].items()
        if "passive" in found.name(place) and isfinite(then.distance_bps)
    ]
    assert len(moved) == 6
    assert np.mean(moved) == pytest.approx(5.0, abs=1.5)
    first = found.first
    assert first is not None
    bars = dict(found.bars(first.after, found.after))
    assert bars["wide"] == pytest.approx(5.0)
    assert "wide" not in dict(found.bars(first.before, found.before))
    shown = repr(found)
    assert all(word in shown for word in ("in force", "candidate", "passive-1 bid", "wide", "First order that differs"))
    assert "<table>" in found._repr_html_()


def test_a_value_is_previewed_like_a_file(engine: Running) -> None:
    found = compare(engine, rules(LEAN, WIDE), **{"wide.by": 0.0})
    assert found.equal


def test_a_gate_takes_quotes_off_and_the_table_says_so(engine: Running) -> None:
    found = compare(engine, rules(LEAN, SHUT))
    for place, now in found.quoted[1].items():
        assert now.orders == 0 or place.side == 1
    assert "closed by a rule's gate" in repr(found)
    assert any("of the time" in why for why in found.outside)
    bids = found.runs[1].commands[(found.runs[1].commands["kind"] == PLACE) & (found.runs[1].commands["side"] == 0)]
    assert len(bids) == 0


def test_bounds_say_what_is_too_much(engine: Running) -> None:
    far = compare(engine, rules(LEAN, WIDE), Bounds(distance_bps=1.0))
    assert any("moves by +" in why and "at most 1" in why for why in far.outside)
    small = compare(
        engine, rules(LEAN, HEAD + '@rule.size\ndef half(q):\n    """Doc."""\n    return 0.2\n'), Bounds(size=2.0)
    )
    assert any("times as large" in why for why in small.outside)
    assert compare(engine, rules(LEAN, SHUT), NONE).outside == []


def test_a_rule_that_concerns_nothing_is_named(engine: Running) -> None:
    found = compare(engine, rules(LEAN, WIDE.replace('line="passive"', 'venue="kraken"')))
    assert found.equal
    assert found.idle == ["wide"]
    assert "no quote is in the scope of wide" in found.words


def test_no_rules_at_all_may_be_compared(engine: Running) -> None:
    found = compare(engine, None)
    assert found.after.hex == "0" * 16
    assert not found.equal
    assert found.totals[1].orders > 0


def test_a_set_that_does_not_fit_is_refused(engine: Running) -> None:
    many = "".join(f'@rule.skew\ndef r{i}(q):\n    """Doc."""\n    return 0.0\n' for i in range(33))
    with pytest.raises(RuleError, match="at most 32"):
        compare(engine, rules(HEAD + many))


def test_the_engine_and_the_fork_are_left_as_they_were(engine: Running) -> None:
    fork = engine.host.fork(180.0)
    before = fork.state.tobytes(), fork.arena.tobytes(), fork.XA.tobytes()
    rows = int(engine.host.look().state["rows"])
    preview(fork, engine.host.filled, Candidate(engine.host.rules), Candidate(rules(WIDE)))
    assert (fork.state.tobytes(), fork.arena.tobytes(), fork.XA.tobytes()) == before
    assert int(engine.host.look().state["rows"]) == rows


def test_numbers_of_a_span_add_up(engine: Running) -> None:
    found = compare(engine, rules(LEAN, WIDE))
    for total, quoted in zip(found.totals, found.quoted, strict=True):
        assert total.orders == sum(each.orders for each in quoted.values())
        assert total.fills == sum(each.fills for each in quoted.values())
        assert total.messages >= total.orders + total.cancels
        assert 0.0 < total.quoting <= 1.0
    s = found.fork.state[0]
    opening = float(s["ledger"]["position"]) * float(s["unit_base"])
    for total in found.totals:
        assert total.position == pytest.approx(opening + total.bought - total.sold, abs=1e-6)


def test_it_is_quick_enough_to_wait_for(engine: Running) -> None:
    """Three minutes of three venues in 0.1 s on a quiet machine; here within a wide margin."""
    taken = min(compare(engine, rules(LEAN, WIDE)).seconds for _ in range(3))
    assert taken < 0.5


def test_it_is_seen_in_a_picture(engine: Running, tmp_path: Path) -> None:
    from stackedmm.lab.preview import picture

    figure = picture(compare(engine, rules(LEAN, WIDE)), tmp_path / "preview.png")
    assert len(figure.axes) == 3
    assert (tmp_path / "preview.png").stat().st_size > 10_000
