"""A session beside a gateway: the same object, and what was written down goes on."""

import sys

import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError, JournalError

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="a gateway needs Unix sockets")]


def test_a_session_with_a_journal_goes_on_where_it_ended(rules, tmp_path):
    config, kept = mm.ConfigTemplates.conservative_bera_usdt(), {"journal": tmp_path / "journal", "warm_up_s": 300}
    with mm.paper(config, rules, **kept, name="kept") as session:
        session.tune("lean", strength=12)
        session.configure(max_coefficient=4)
        assert session.look().state["params"][session.slots["lean.strength"].place] == 12
        assert session.orders["order"].is_unique
        assert sum(bar.bps for bar in session.why("passive-1", "bid", "bybit").bars) != 0
        session.pause()
    held = session.state["inventory_state"]["current_inventory"]
    with pytest.raises(JournalError, match="earlier journal"):
        mm.paper(config, rules, **kept, name="kept")
    with mm.paper(config, rules, **kept, resume=True, name="kept") as again:
        assert again.state["inventory_state"]["current_inventory"] == held
        assert again.config.max_coefficient == 4
        assert float(again.look().state["max_coefficient"]) == 4
        assert again.values["lean.strength"] == 12
        assert again.look().state["paused"]
        again.resume()
        assert not again.look().state["paused"]


@pytest.mark.parametrize(
    ("options", "said"), [({"resume": True}, "no journal"), ({"journal": "x", "clock": "stepped"}, "expected 'wall'")]
)
def test_a_journal_that_cannot_be_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), **options)
