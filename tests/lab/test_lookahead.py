"""Hiding the future changes nothing before it, and a glance at the future is found out."""

import numpy as np
import pytest

import stackedmm as mm
from stackedmm.core.recording import exchange_time
from stackedmm.errors import ConfigError
from stackedmm.lab import data as lab_data
from stackedmm.lab import market_for
from stackedmm.lab.lookahead import cut_times, known_before, lookahead
from stackedmm.lab.running import Running

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def short(config):
    return market_for(config, 120, seed=5)


def test_a_synthetic_run_knows_nothing_of_what_follows(config, short, ruled):
    found = lookahead(config, short, ruled.rules, cuts=6)
    assert not found
    assert found.first is None
    assert len(found.cuts) == 6
    assert all(cut.commands > 0 for cut in found.cuts[1:])
    assert "no lookahead" in repr(found)
    assert found.summary["lookahead"] is False


@pytest.mark.slow
@pytest.mark.parametrize("latency_ms", [0, 5, 200])
def test_a_recorded_run_of_spot_and_perp_knows_nothing_of_what_follows(btc, data, latency_ms):
    path = data / "books" / "binance3_20240808.parquet"
    found = lookahead(btc, path, "rules", cuts=12, latency_ms=latency_ms, feed_latency_ms=3, seed=latency_ms)
    assert not found, found
    assert sum(cut.commands for cut in found.cuts) > 5_000


def peeking(ahead):
    """An engine whose first line's distance follows the price that is known so many ns later than it is used."""
    honest = Running.advance

    def advance(self, until):
        rows = self.recording.local
        at = np.searchsorted(rows["ts"], int(self.state["now"]) + ahead) - 1
        self.state["lines"]["bps"][0] = 30 + rows["px"][max(at, 0)] % 7
        honest(self, until)

    return advance


def test_a_glance_a_second_ahead_is_found_with_time_order_and_field(config, short, monkeypatch):
    honest = lookahead(config, short, cuts=6)
    monkeypatch.setattr(Running, "advance", peeking(SECOND))
    found = lookahead(config, short, cuts=6)
    assert found
    assert not honest
    first = found.first
    assert short.start <= first.time < found.cuts[-1].time
    assert first.whole != first.cut
    assert str(first.order) in found.verdict
    assert first.field in repr(found)
    assert first.field in found._repr_html_()
    assert any(cut["difference"] for cut in found.summary["cuts"])


def test_an_engine_that_looks_only_at_what_it_knows_is_not_accused(config, short, monkeypatch):
    monkeypatch.setattr(Running, "advance", peeking(-SECOND))
    assert not lookahead(config, short, cuts=6)


SHIFT = '''"""Shift."""

from stackedmm import Param, rule


@rule.skew
def shift(q, by=Param(0.0, -5, 5, "bps")):
    """Moves both quotes by a number."""
    return by
'''


def test_a_fit_over_all_the_data_is_found_and_one_made_beforehand_is_not(config, short, tmp_path):
    (tmp_path / "shift.py").write_text(SHIFT)

    def over_all(recording):
        px = recording.local["px"][recording.local["px"] > 0]
        return {"shift.by": float(px.mean() % 1)}

    def beforehand(recording):
        px = recording.local["px"][recording.local["ts"] < recording.start + SECOND]
        return {"shift.by": float(px.mean() % 1)}

    assert lookahead(config, short, tmp_path, values=over_all, cuts=3)
    assert not lookahead(config, short, tmp_path, values=beforehand, cuts=3, start=short.start + 5 * SECOND)


def test_a_command_that_is_missing_is_a_difference(config, short, monkeypatch):
    honest = Running.keep

    def forgetful(self, commands, answers):
        until = self.recording.end - SECOND
        honest(self, commands[(commands["ts"] < until)], answers)

    monkeypatch.setattr(Running, "keep", forgetful)
    found = lookahead(config, short, cuts=6)
    assert any(cut.difference and cut.difference.field == "count" for cut in found.cuts)


def test_what_is_known_before_a_time_is_what_had_arrived_and_what_had_happened(btc, data):
    config = mm.StackedMarketMakingConfig(**btc)
    whole = lab_data.recording_for(config, data / "books" / "binance3_20240808.parquet")
    late = (whole.local["lag_us"] > 5_000) & (whole.local["ts"] > whole.start + 100 * SECOND)
    cut = int(whole.local["ts"][np.argmax(late)]) - 1  # that row had happened, and had not arrived
    known = known_before(whole, cut, feed_ns=3_000_000)
    assert (known.local["ts"][:-1] < cut - 3_000_000).all()
    assert (exchange_time(known.exchange[:-1]) < cut).all()
    assert len(known.exchange) > len(known.local)
    assert exchange_time(known.exchange)[-1] >= cut
    assert known.end == cut


def test_cuts_are_drawn_by_the_seed_and_half_of_them_right_after_a_command(config, short):
    result = mm.backtest(config, short)
    commands = result._commands
    times = cut_times(short, commands, 40, 3)
    assert times == cut_times(short, commands, 40, 3) == sorted(times)
    assert times != cut_times(short, commands, 40, 4)
    assert sum(time - 1 in set(commands["ts"].tolist()) for time in times) >= 15
    assert all(short.start < time < short.end for time in times)


@pytest.mark.parametrize("cuts", [0, 1001, True, 2.5])
def test_a_number_of_cuts_that_is_none_is_refused(config, short, cuts):
    with pytest.raises(ConfigError, match="cuts: found"):
        lookahead(config, short, cuts=cuts)
