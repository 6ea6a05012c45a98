"""Edits of a folder under a running engine: taken up, refused, held back, taken back; never a row missed."""

import time
from pathlib import Path

import numpy as np
import pytest

from stackedmm.engine.preview import Bounds
from stackedmm.engine.preview.bounds import NONE
from stackedmm.engine.reload import Guard
from stackedmm.errors import RuleError
from stackedmm.rules import edit as stages
from tests.engine.running import Replayed, Running, differences
from tests.rules.hostile import HEAD

pytestmark = pytest.mark.slow

LEAN = HEAD + (
    '@rule.skew\ndef lean(q, strength=Param(8, 0, 40, "bps")):\n    """Doc."""\n    return -strength * q.inventory\n'
)
WIDE = HEAD + '@rule.widen\ndef wide(q, by=Param(2, 0, 40, "bps")):\n    """Doc."""\n    return by\n'
FAILING = HEAD + '@rule.widen\ndef fails(q, by=Param(1, 1, 2)):\n    """Doc."""\n    return by / max(0.0, by - 1.5)\n'


def test_an_edit_is_checked_previewed_and_in_force(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        edit = engine.save("lean.py", LEAN.replace("-strength", "-2.0 * strength"))
        assert edit.stage == stages.IN_FORCE, edit
        assert edit.trial is not None
        assert {"check", "load", "preview", "apply", "all"} <= edit.seconds.keys()
        engine.clock.advance(5.0)
        assert engine.names == ["lean"]
        assert engine.host.rules is not None
        assert engine.host.rules.hex == edit.set
        act = engine.reload.history()[0]
        assert (act.what, act.who, act.set, act.row) == ("applied", "rules folder", edit.set, edit.row)
        assert edit.set[:8] in repr(engine.reload.history())
        assert "lean.py" in repr(engine.reload.status)
        assert "+    return -2.0 * strength" in repr(engine.reload.diff())
        assert any(each.kind == "rules" for each in engine.host.record.events.since(0)[1])


def test_a_refused_edit_is_told_and_nothing_is_touched(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        before = engine.host.rules
        edit = engine.save("lean.py", LEAN.replace("q.inventory", "q.inventroy"))
        assert edit.stage == stages.REFUSED
        assert str(edit.refusals[0]) == "lean.py:6: View has no field inventroy; did you mean inventory?"
        assert engine.host.rules is before
        assert "did you mean inventory" in repr(engine.reload.status)
        assert engine.reload.history()[0].what == "refused"
        assert engine.save("lean.py", LEAN).stage == stages.UNCHANGED


def test_what_is_outside_the_bounds_waits_for_a_word(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}, bounds=Bounds(distance_bps=5.0)) as engine:
        edit = engine.save("wide.py", WIDE.replace("Param(2,", "Param(30,"))
        assert edit.stage == stages.WAITING
        assert any("moves by +" in why for why in edit.why), edit
        assert engine.names == ["lean"]
        assert engine.reload.accept("quant", "wanted").stage == stages.IN_FORCE
        engine.clock.advance(1.0)
        assert engine.names == ["lean", "wide"]
        assert engine.reload.history()[0].who == "quant"
        with pytest.raises(RuleError, match="no edit waits"):
            engine.reload.accept("quant")


def test_the_policy_asks_or_looks_away(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}, policy="ask") as engine:
        edit = engine.save("wide.py", WIDE)
        assert (edit.stage, engine.names) == (stages.WAITING, ["lean"])
        assert edit.trial is not None
        newer = engine.save("wide.py", WIDE.replace("Param(2,", "Param(3,"))
        assert (edit.stage, newer.stage) == (stages.SUPERSEDED, stages.WAITING)
        assert engine.reload.withdraw("quant").stage == stages.WITHDRAWN
        other = engine.save("lean.py", LEAN + "# one more\n")
        assert other.files == ("lean.py",)
        assert engine.reload.accept("quant").stage == stages.IN_FORCE
        assert "wide.py" not in engine.host.rules.files  # type: ignore[union-attr]
        engine.reload.policy = "off"
        assert engine.save("lean.py", LEAN + "# two more\n").stage == stages.LOOKED_PAST
        with pytest.raises(RuleError, match="auto, ask, off"):
            engine.reload.policy = "sometimes"


def test_a_rollback_needs_no_folder_and_holds_against_it(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        first = engine.host.rules
        assert first is not None
        edit = engine.save("lean.py", LEAN.replace("-strength", "-2.0 * strength"))
        (engine.folder / "lean.py").unlink()
        begun = time.perf_counter()
        assert engine.reload.rollback(who="quant", why="worse") == first.hex
        assert time.perf_counter() - begun < 1.0
        engine.clock.advance(1.0)
        assert engine.host.rules.hex == first.hex
        assert engine.reload.rollback(edit.set[:8], who="quant") == edit.set
        assert engine.reload.rollback(who="quant") == first.hex
        assert [each.what for each in engine.reload.history(3)] == ["rolled back"] * 3


def test_a_version_that_was_rolled_back_comes_again_only_when_edited(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        doubled = LEAN.replace("-strength", "-2.0 * strength")
        engine.save("lean.py", doubled)
        engine.reload.rollback(who="quant")
        assert "counts again once edited" in repr(engine.reload.status)
        other = engine.save("wide.py", WIDE)
        assert other.stage == stages.IN_FORCE
        assert engine.host.rules.files["lean.py"] == LEAN.encode()  # type: ignore[union-attr]
        again = engine.lived(engine.reload.reload)
        assert again.stage == stages.IN_FORCE
        assert engine.host.rules.files["lean.py"] == doubled.encode()  # type: ignore[union-attr]


def test_deleting_a_file_retires_nothing_and_retire_does(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN, "wide.py": WIDE}) as engine:
        edit = engine.lived((engine.folder / "wide.py").unlink)
        assert edit.stage == stages.UNCHANGED
        assert edit.notes == ["wide.py is gone from the folder; in force until retired: wide"]
        engine.clock.advance(1.0)
        assert engine.names == ["lean", "wide"]
        engine.reload.retire("wide", "quant", "no longer wanted")
        engine.clock.advance(1.0)
        assert engine.names == ["lean"]
        with pytest.raises(RuleError, match="no rule wide"):
            engine.reload.retire("wide", "quant")
        assert engine.save("lean.py", LEAN + "# edited\n").stage == stages.IN_FORCE
        assert engine.host.rules.retired == {"wide"}  # type: ignore[union-attr]
        engine.reload.restore("wide", "quant")
        engine.reload.retire("lean.py", "quant")
        engine.clock.advance(1.0)
        assert engine.names == ["wide"]


def test_the_last_rule_may_be_retired_and_comes_back(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        empty = engine.reload.retire("lean", "quant")
        engine.clock.advance(1.0)
        assert engine.names == []
        assert engine.store.content().files == {"lean.py": LEAN.encode()}
        assert (engine.store.content().hex, engine.store.content().retired) == (empty, ("lean",))
        engine.reload.restore("lean", "quant")
        engine.clock.advance(1.0)
        assert engine.names == ["lean"]
        assert engine.reload.rollback(who="quant") == empty


def test_tuned_values_stay_through_reloads_and_are_clamped(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN, "wide.py": WIDE}) as engine:
        engine.reload.tune("wide.by", 7.0, who="quant")
        engine.clock.advance(1.0)
        early = WIDE.replace("def wide", "def away").replace("Param(2", "Param(3")
        assert engine.save("away.py", early).stage == stages.IN_FORCE
        engine.clock.advance(1.0)
        assert engine.reload.values() == {"away.by": 3.0, "lean.strength": 8.0, "wide.by": 7.0}
        assert engine.host.look().state["params"][:3].tolist() == [3.0, 8.0, 7.0]
        engine.save("wide.py", WIDE.replace("0, 40", "0, 5"))
        engine.clock.advance(1.0)
        assert engine.host.look().state["params"][:3].tolist() == [3.0, 8.0, 5.0]
        with pytest.raises(RuleError, match="is no Param"):
            engine.reload.tune("wide.bye", 1.0, who="quant")


def test_a_rule_that_strikes_out_is_taken_back(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}, bounds=NONE) as engine:
        before = engine.host.rules
        assert engine.save("fails.py", FAILING).stage == stages.REFUSED
        sound = FAILING.replace("by / max(0.0, by - 1.5)", "by / max(1e-9, 1.5 - by)")
        assert engine.save("fails.py", sound).stage == stages.IN_FORCE
        armament = engine.host.armament
        broken = armament.record.copy()
        broken["params"][0][list(armament.names).index("fails.by")] = np.nan
        engine.host.swap(armament._replace(record=broken), rules=engine.host.rules, who="test")
        _advance_until(engine, lambda: engine.reload.reverts > 0)
        assert engine.host.rules.hex == before.hex  # type: ignore[union-attr]
        alert = engine.host.record.events.since(0)[1][-1]
        assert alert.text.startswith("ALERT: fails gave no answer 3 times within a minute; back to ")
        assert engine.reload.history()[0].what == "reverted"
        assert engine.save("wide.py", WIDE).stage == stages.IN_FORCE
        assert engine.names == ["lean", "wide"]


def test_rules_that_lose_soon_after_a_swap_are_taken_back(tmp_path: Path) -> None:
    with Running(tmp_path, {"wide.py": WIDE}, bounds=NONE, guard=Guard(seconds=600, loss_bps=0.5)) as engine:
        before = engine.host.rules
        giving = HEAD + '@rule.skew\ndef give(q):\n    """Doc."""\n    return 100.0\n'
        assert engine.save("give.py", giving).stage == stages.IN_FORCE
        _advance_until(engine, lambda: engine.reload.reverts > 0, seconds=300)
        assert engine.host.rules.hex == before.hex  # type: ignore[union-attr]
        assert "trading lost" in engine.host.record.events.since(0)[1][-1].text


def _advance_until(engine: Running, done: object, seconds: int = 60) -> None:
    for _ in range(seconds):
        engine.clock.advance(1.0)
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            if done():  # type: ignore[operator]
                engine.clock.advance(1.0)
                return
            time.sleep(0.005)
    pytest.fail("it did not happen")


def test_a_full_disk_refuses_edits_and_still_takes_rules_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        first = engine.host.rules
        assert engine.save("lean.py", LEAN + "# 1\n").stage == stages.IN_FORCE

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        edit = engine.save("lean.py", LEAN + "# 2\n")
        assert edit.stage == stages.REFUSED
        assert "free the disk" in edit.why[0]
        assert engine.reload.rollback(who="quant") == first.hex  # type: ignore[union-attr]
        assert engine.host.rules.hex == first.hex  # type: ignore[union-attr]


def test_a_dead_workshop_costs_a_moment(tmp_path: Path) -> None:
    import os
    import signal

    with Running(tmp_path, {"lean.py": LEAN}) as engine:
        pid = engine.reload.life.workshop.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert engine.save("wide.py", WIDE).stage == stages.IN_FORCE


def test_of_thirty_saves_in_a_row_the_last_is_in_force(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}, bounds=NONE) as engine:
        for i in range(30):
            engine.write("lean.py", LEAN.replace("-strength", f"-{i + 1}.0 * strength"))
            time.sleep(0.02)
        last = LEAN.replace("-strength", "-30.0 * strength").encode()
        deadline = time.monotonic() + 30.0
        while engine.host.rules.files["lean.py"] != last:  # type: ignore[union-attr]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        engine.reload.life.settle()
        assert {each.stage for each in engine.reload.life.edits} <= {
            stages.IN_FORCE,
            stages.SUPERSEDED,
            stages.UNCHANGED,
        }
        assert engine.reload.life.fault == ""


def test_twenty_reloads_decide_as_an_engine_given_each_set_at_its_row(tmp_path: Path) -> None:
    with Running(tmp_path, {"lean.py": LEAN}, bounds=NONE) as engine:
        first = engine.host.armament
        sets = {first.digest: first}
        engine.reload.swapped.append(lambda rules, who, why: sets.__setitem__(rules.digest, engine.host.armament))
        for i in range(20):
            edit = engine.save("lean.py", LEAN.replace("-strength", f"-(1.0 + {i + 1} / 7.0) * strength"))
            assert edit.stage == stages.IN_FORCE, edit
            engine.clock.advance(0.37 + 0.11 * i)
        fork = engine.host.fork(900.0)
        assert (fork.said["kind"] == 32).sum() == 20
        twin = Replayed(fork, first, sets)
        assert differences(twin.state[0], engine.host.look().state) == []
        commands = np.concatenate(twin.commands)
        kept = engine.host.record.commands.since(0)[1]
        assert len(np.unique(kept["rules"])) > 12
        n = min(len(commands), len(kept))
        assert n > 200
        for name in ("ts", "ref", "px", "qty", "reference", "rules", "quote", "kind", "reason"):
            assert np.array_equal(commands[name][-n:], kept[name][-n:]), name
