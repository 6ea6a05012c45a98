"""The session's one API: what it may be told, what it shows, and that it says why."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.core import rows
from stackedmm.core.state import state_hash
from stackedmm.engine.host import words
from stackedmm.engine.preview import Bounds
from stackedmm.errors import ConfigError, RuleError, StaleError, VenueError
from stackedmm.lab import market_for
from stackedmm.session.life import running
from tests.session.conftest import RULES

pytestmark = pytest.mark.slow


def hash_of(session):
    """Of all the engine knows, once it has heard what was said."""
    session.look()
    return state_hash(session.host.filled.state, session.host.filled.arena)


# --- what it may be told ---


def test_a_kill_is_sticky_and_only_a_person_revives(session):
    session.advance(30)
    session.kill()
    session.advance(5)
    assert session.state["active_orders_count"] == 0
    session.resume()
    session.advance(5)
    assert session.state["active_orders_count"] == 0
    assert session.why_not("tob-1", "bid", "bybit").reason == "killed"
    session.revive()
    session.advance(5)
    assert session.state["active_orders_count"] > 0


def test_a_pause_of_one_venue_leaves_the_others(session):
    session.advance(30)
    session.pause("gateio")
    session.advance(5)
    standing = session.quotes.dropna(subset=["price"]).reset_index()["venue"]
    assert "gateio" not in set(standing)
    assert {"binance", "bybit"} <= set(standing)
    session.resume("gateio")
    session.advance(5)
    assert "gateio" in set(session.quotes.dropna(subset=["price"]).reset_index()["venue"])
    with pytest.raises(ConfigError, match="kraken"):
        session.pause("kraken")


def test_one_reads_at_once_what_one_said(session):
    session.advance(10)
    for strength in (12, 13, 14):
        session.tune("lean", strength=strength)
        place = session.slots["lean.strength"].place
        assert session.look().state["params"][place] == strength
    assert [each.text for each in session.host.record.events.since(0)[1] if each.kind == "word"][-1] == (
        "lean.strength = 14 bps"
    )


def test_a_parameter_is_clamped_and_an_unknown_one_is_named(session):
    assert "clamped to 0 … 40" in repr(session.tune("lean", strength=1e9))
    assert session.values["lean.strength"] == 40
    assert "12" in repr(session.tune("lean", 12))  # its only parameter
    for rule, given in (("leen", {"strength": 1}), ("lean", {"strenght": 1}), ("lean", {"strength": float("nan")})):
        with pytest.raises(RuleError):
            session.tune(rule, **given)
    with pytest.raises(RuleError, match="give a parameter"):
        session.tune("lean")


def test_an_edit_is_applied_whole_or_not_at_all_with_a_verdict_for_each_field(session):
    made = session.configure({"tob_lines[tob-1].spread_bps": 40, "max_coefficient": 3.0, "min_coefficient": "0.3"})
    assert made
    assert {each.path: each.verdict for each in made.verdicts} == {
        "tob_lines[tob-1].spread_bps": "applied",
        "min_coefficient": "applied",
        "max_coefficient": "unchanged",
    }
    assert session.revision == 2
    before = hash_of(session)
    refused = session.configure({"tob_lines[tob-1].spread_bps": 50, "time_periods": ["1min", "5min"]})
    assert not refused
    assert {each.verdict for each in refused.verdicts} == {"not applied", "refused"}
    assert session.revision == 2
    assert hash_of(session) == before
    ladder = session.configure("passive_lines[passive-1].levels", 3)
    assert [each.verdict for each in ladder.verdicts] == ["refused"]
    assert "next start" in repr(ladder)
    with pytest.raises(ConfigError, match="did you mean"):
        session.configure("tob_lines[tob-1].spread_bp", 50)
    with pytest.raises(ConfigError, match="found no field"):
        session.configure()


def test_a_preview_of_an_edit_changes_nothing(session):
    before = hash_of(session)
    made = session.configure(max_coefficient=4, preview=True)
    assert [each.verdict for each in made.verdicts] == ["would apply"]
    assert (session.revision, hash_of(session)) == (1, before)


def test_who_was_slower_is_told_whose_revision_is_in_force(session):
    session.configure(max_coefficient=4, base=1)
    with pytest.raises(ConfigError, match=f"found 1, expected 2, which {session.who} made"):
        session.configure(max_coefficient=5, base=1)
    session.revert(1)
    assert session.revision == 3
    assert session.config.max_coefficient == 3
    assert "revision" in repr(session.revisions)
    with pytest.raises(ConfigError, match="expected 1 to 3"):
        session.revert(9)


def test_an_edit_moves_the_orders_that_follow_it(session):
    session.advance(30)
    session.configure("passive_lines[passive-1].mid_spread_bps", 60)
    session.advance(30)
    bars = session.why("passive-1", "bid", "bybit").bars
    assert next(bar.bps for bar in bars if bar.owner == "configured") == 60


# --- why ---


def test_every_bps_of_an_order_has_an_owner_and_they_add_up(session):
    session.advance(60)
    for order in session.orders["order"].tail(20):
        why = session.why(int(order))
        assert sum(bar.bps for bar in why.bars) == why.distance_bps
    why = session.why("passive-1", "bid", "gateio")
    assert "configured" in repr(why)
    assert why.saw["sign"] == 1
    standing = session.quotes.loc[("passive-1", "gateio", "bid", 0), "order"]
    assert pd.isna(standing) or why.order == standing


def test_an_order_is_explained_by_the_rules_that_made_it(start, tmp_path):
    shutil.copytree(RULES, tmp_path / "rules")
    session = start(rules=str(tmp_path / "rules"), name="explained")
    session.advance(30)
    names = {each.name for each in session.rules.rules}
    ruled = [
        (int(order), {bar.owner for bar in session.why(int(order)).bars} & names) for order in session.orders["order"]
    ]
    old, owners = next(each for each in reversed(ruled) if each[1])
    gone, said = min(owners), repr(session.why(old))
    session.retire(gone)
    session.advance(30)
    assert repr(session.why(old)) == said
    assert gone in said
    assert all(gone not in repr(session.why(int(order))) for order in session.orders["order"].tail(5))


def test_unknown_places_and_orders_are_named(session):
    session.advance(10)
    for given, said in (
        (("tob-9", "bid", "bybit"), "did you mean tob-1"),
        (("tob-1", "up", "bybit"), "expected one of bid, ask"),
        (("tob-1", "bid", "kraken"), "gateio"),
        (("passive-1", "bid", "bybit", 4), "expected 0 to 0"),
    ):
        with pytest.raises(ConfigError, match=said):
            session.why(*given)
        with pytest.raises(ConfigError, match=said):
            session.why_not(*given)
    with pytest.raises(StaleError, match=r"session\.orders"):
        session.why(12345)
    assert session.why("tob-1", "buy", "gate").order == session.why("tob-1", "bid", "gateio").order


@pytest.mark.parametrize(
    ("edit", "line", "reason"),
    [
        ({"tob_lines[tob-1].sides": "offer"}, "tob-1", "line or side disabled"),
        ({"tob_lines[tob-1].min_price": "99"}, "tob-1", "outside price zone"),
        ({"risk.max_order_value": "1"}, "passive-1", "order value limit"),
        ({"risk.collar_bps": "1"}, "passive-1", "outside the price collar"),
        ({"tob_lines[tob-1].hourly_quantity": "0.01"}, "tob-1", "hourly bucket below the venue's minimum"),
    ],
)
def test_what_stops_a_quote_is_said_with_its_numbers_and_what_helps(session, edit, line, reason):
    session.advance(10)
    session.configure(edit)
    session.advance(130)
    found = session.why_not(line, "bid", "bybit")
    assert found.reason == reason
    assert "what helps: " in repr(found)
    session.revert(1)
    session.advance(1)


def test_an_order_that_stands_is_not_explained_away(session):
    session.advance(30)
    standing = session.quotes.dropna(subset=["price"]).iloc[0].name
    found = session.why_not(standing[0], standing[2], standing[1])
    assert found.stands
    assert "it stands" in repr(found)


# --- what it shows ---


def test_tables_agree_with_the_ledger(session):
    session.advance(600)
    s = session.look().state
    fills, orders = session.fills, session.orders
    assert len(fills) == int(s["ledger"]["fills"]) > 0
    assert len(orders) == int(s["lines"]["placed"].sum())
    bought = fills["size"].where(fills["side"] == "bid", -fills["size"]).sum()
    held = float(s["ledger"]["position"]) * float(s["unit_base"])
    assert 1000 + bought == pytest.approx(held)
    assert (orders["end"] == "open").sum() == session.state["active_orders_count"]
    assert set(fills["venue"]) <= {"binance", "bybit", "gateio"}
    pnl = session.pnl
    assert pnl.index.is_monotonic_increasing
    assert pnl.index.is_unique
    assert pnl["inventory"].iloc[-1] == pytest.approx(held)


def test_what_was_long_ago_is_dropped_and_the_tables_stay_whole(session):
    session.host.record.commands._ring = session.host.record.commands._ring[:300]
    session.host.record.answers._ring = session.host.record.answers._ring[:301]
    session.host.record.commands.count = session.host.record.answers.count = 0
    session.advance(900)
    assert 0 < len(session.orders) <= 300
    assert set(session.fills["order"]) <= set(session.orders["order"])


def test_days_are_saved_as_parquet_and_renewed(session, tmp_path):
    session.advance(60)
    for _ in range(2):
        session.save(tmp_path / "kept")
    files = sorted(path.relative_to(tmp_path / "kept").as_posix() for path in (tmp_path / "kept").rglob("*.parquet"))
    assert files == [
        f"{name}/{day}.parquet"
        for name in ("fills", "orders", "pnl")
        for day in ("2026-01-04", "2026-01-05")
        if f"{name}/{day}.parquet" in files
    ]
    found = pd.concat([pd.read_parquet(path) for path in sorted((tmp_path / "kept" / "orders").iterdir())])
    assert found["order"].tolist() == session.orders["order"].tolist()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        session.save(tmp_path / "file")


def test_the_state_is_plain_enough_for_json(session):
    session.advance(30)
    read = json.loads(json.dumps(session.state))
    assert read["control"]["rules_digest"] == session.rules.hex
    assert read["inventory_state"]["reconciled"] is True


class Checked(HTMLParser):
    """Reads HTML, and notes what is opened and not closed."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "meta", "progress"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "progress":
            assert self.open.pop() == tag


def test_everything_prints_well_as_text_and_as_html(session):
    session.advance(30)
    shown = (
        session, session.state, session.inventory, session.events, session.revisions, session.doctor(),
        session.why("passive-1", "bid", "bybit"), session.why_not("tob-1", "ask", "bybit"),
        session.configure(max_coefficient=4), session.tune("lean", 3),
    )  # fmt: skip
    for each in shown:
        text = repr(each)
        assert len(text) > 20
        assert "object at 0x" not in text
        assert max(map(len, text.splitlines())) < 400
        assert Checked(each._repr_html_()).open == []


def test_names_that_people_chose_are_text_and_never_markup(start):
    config = mm.ConfigTemplates.conservative_bera_usdt()
    session = start(config=config, name="<b>x</b>")
    session.who = "<script>"
    session.pause()
    html = session.events._repr_html_() + session._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


# --- the twelve checks ---


def test_a_healthy_session_passes_all_twelve_checks(start):
    session = start(warm_up_s=1200, name="healthy")
    session.advance(10)
    found = session.doctor()
    assert len(found.findings) == 12
    assert found, repr(found)


def test_each_trouble_is_found_by_its_check_with_a_remedy(session):
    session.advance(30)
    assert not session.doctor().findings["volume baseline"].well  # two minutes fill no window
    session.kill()
    ill = session.doctor().findings["limits and sides"]
    assert (ill.well, ill.found, ill.remedy) == (False, "killed", "session.revive()")
    session.revive()
    session.configure("tob_lines[tob-1].enabled", {"bid": False, "offer": False})
    session.advance(5)
    assert "tob-1" in session.doctor().findings["limits and sides"].found
    gap = words.blank(rows.GAP)
    gap["market"] = 0
    session.say(gap, "the feed lost something")
    assert "stale: binance" in session.doctor().findings["market data arriving"].found


# --- its life ---


def test_it_starts_and_stops_in_a_running_loop_and_of_one_name_the_newest_goes_on(rules):
    async def notebook():
        config = mm.ConfigTemplates.conservative_bera_usdt()
        first = mm.paper(config, rules, warm_up_s=60, name="cell")
        await first.start()
        assert first.running
        second = mm.paper(config, rules, warm_up_s=60, name="cell")
        await second.start()
        phases = first.phase, second.phase
        async with mm.paper(config, rules, warm_up_s=60, name="beside") as third:
            assert third.running
            assert second.running
        await second.stop()
        return phases, second.phase, third.phase

    assert asyncio.run(notebook()) == (("ended", "live"), "ended", "ended")
    assert not {"cell", "beside"} & running().keys()


def test_a_busy_cell_holds_nobody_up(rules):
    with mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), rules, warm_up_s=60, speed=5, name="busy") as session:
        begun = int(session.look().state["rows"])
        end, number = time.monotonic() + 1.5, 0
        while time.monotonic() < end:  # holds the GIL for as long as the interpreter lets it
            number += 1
        assert int(session.look().state["rows"]) > begun


SCRIPT = """
import stackedmm as mm
session = mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), {rules!r}, warm_up_s=60, policy="ask")
session.begin()
session.wait_live()
print(session.phase, flush=True)
"""


def test_a_process_that_ends_leaves_nothing_behind(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    script = SCRIPT.format(rules=str(RULES))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=240, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, "live\n"), done.stderr
    assert list(tmp_path.glob("stackedmm-*")) == []


def test_nothing_is_shown_before_there_is_anything():
    session = mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), name="never")
    assert "await session.start()" in repr(session)
    with pytest.raises(StaleError, match=r"session\.start"):
        _ = session.quotes


def test_a_wall_clock_does_not_advance_by_word(start):
    with pytest.raises(StaleError, match="stepped"):
        start(clock="wall", name="wall").advance(1)


def test_live_says_what_is_missing():
    with pytest.raises(VenueError, match=r"no wire to any venue.*mm\.paper"):
        mm.live(mm.ConfigTemplates.conservative_bera_usdt())


@pytest.mark.parametrize(
    ("options", "said"),
    [({"clock": "sun"}, "clock"), ({"speed": 0}, "speed"), ({"seed": -1}, "seed"), ({"warm_up_s": 0}, "warm_up_s")],
)
def test_options_out_of_range_are_refused_before_anything_runs(options, said):
    with pytest.raises(ConfigError, match=said):
        mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), **options)


def test_an_error_in_a_cell_is_one_paragraph():
    assert ConfigError("clock: found 'sun'")._render_traceback_() == ["ConfigError: clock: found 'sun'"]


def test_a_replay_comes_to_the_same_state_at_any_speed(rules):
    config = mm.ConfigTemplates.conservative_bera_usdt()
    recording = market_for(config, 240, seed=3)
    found = set()
    for speed in (None, 300.0):
        session = mm.replay(config, recording, rules, speed=speed, warm_up_s=60, name=f"replay {speed}")
        session.begin()
        with session._changed:
            assert session._changed.wait_for(lambda session=session: session.phase == "ended", 120)
        found.add(hash_of(session))
        assert len(session.orders)
        assert session.name not in running()
    assert len(found) == 1


# --- rules ---


def test_a_rule_is_edited_previewed_reloaded_and_taken_back_while_it_trades(start, tmp_path):
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    session = start(rules=str(folder), warm_up_s=200, name="edited")
    first = session.rules.hex
    mine = folder / "mine.py"
    mine.write_text(
        '"""Step back a little."""\nfrom stackedmm import Param, rule\n\n\n@rule.widen(line="passive")\n'
        'def aside(q, bps=Param(6.0, 0, 20, "bps")):\n    """More room on both sides."""\n    return bps\n'
    )
    trial = session.preview(mine, seconds=120)
    assert "candidate" in repr(trial)
    assert session.rules.hex == first
    made = session.reload()
    if session.waiting is not None:
        made = session.accept()
    assert "in force" in str(made)
    session.tune("aside", bps=9)
    session.advance(30)
    assert next(b.bps for b in session.why("passive-1", "bid", "bybit").bars if b.owner == "aside") == pytest.approx(9)
    mine.write_text("def broken(:\n")
    with pytest.raises(RuleError, match=r"mine\.py:1"):
        session.reload()
    with pytest.raises(RuleError, match=r"mine\.py:1"):
        session.preview(mine)
    assert "aside" in [each.name for each in session.rules.rules]
    session.rollback()
    assert session.rules.hex == first
    session.retire("lean")
    assert "lean" not in [each.name for each in session.rules.rules]
    session.restore("lean")
    assert "rolled back" in repr(session.history)
    with pytest.raises(RuleError, match="expected a number or digest"):
        session.rollback(999)


def test_rules_that_came_as_a_set_have_no_folder_to_reload(session):
    with pytest.raises(RuleError, match="no rules folder"):
        session.reload()
    with pytest.raises(RuleError, match="no folder of its own"):
        session.preview()


def test_a_session_folder_is_text(tmp_path):
    with pytest.raises(RuleError):
        mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), rules=Path(tmp_path / "absent"))


def test_an_edit_outside_the_bounds_waits_for_a_word(start, tmp_path):
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    session = start(rules=str(folder), warm_up_s=200, name="bounded")
    session.bounds = Bounds(distance_bps=1.0)
    (folder / "far.py").write_text(
        '"""Far."""\nfrom stackedmm import Param, rule\n\n\n@rule.widen(line="passive")\n'
        'def far(q, bps=Param(50.0, 0, 90, "bps")):\n    """Far away."""\n    return bps\n'
    )
    edit = session.reload()
    assert session.waiting is edit
    assert "far" not in [each.name for each in session.rules.rules]
    session.accept("I mean it")
    assert "far" in [each.name for each in session.rules.rules]
    assert session.who in repr(session.history)
