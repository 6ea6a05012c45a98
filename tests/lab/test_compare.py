"""Several strategies in one market: the same numbers as alone, in any order and number of threads, in one table."""

import doctest
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError
from stackedmm.lab import baselines, market_for, measures, running, show
from stackedmm.lab.measures import MEASURES

NAMES = ["stacked", "stacked, no rules", "market making", "passive quoting", "volume-weighted top of book"]


def hashes(found):
    return {name: result.summary["state_hash"] for name, result in found.results.items()}


def test_each_strategy_comes_out_as_if_it_ran_alone(compared, ruled, config, market):
    assert list(compared.results) == NAMES
    assert compared["stacked"].summary["state_hash"] == ruled.summary["state_hash"]
    alone = mm.backtest(baselines.passive_quoting(config), market, fees=("1", "5"))
    assert compared["passive quoting"].summary["state_hash"] == alone.summary["state_hash"]
    assert len(set(hashes(compared).values())) == len(NAMES)


def test_neither_threads_nor_neighbours_change_a_result(config):
    short = market_for(config, 60)
    one, many = (mm.compare(config, short, "rules", threads=threads) for threads in (1, 4))
    assert hashes(one) == hashes(many)
    pd.testing.assert_frame_equal(one.table, many.table)
    other = {"other": mm.ConfigTemplates.high_frequency_single_venue()}
    fewer = mm.compare(config, short, "rules", baselines=False, also=other)
    assert list(fewer.results) == ["stacked", "stacked, no rules", "other"]
    assert hashes(fewer)["stacked"] == hashes(one)["stacked"]


def test_files_are_read_for_each_as_it_would_read_them(config, tmp_path):
    from stackedmm.feeds.write import write

    path, made = tmp_path / "short.parquet", market_for(config, 20)
    write(made, path)
    dear = {**config.model_dump(), "venues": {"bybit": {"maker_fee_bps": "3", "taker_fee_bps": "9"}}}
    other = mm.ConfigTemplates.high_frequency_single_venue()
    found = mm.compare(dear, path, baselines=False, also={"other": config, "single": other})
    rates = {
        name: [each["maker_fee_bps"] for each in result.summary["venues"]] for name, result in found.results.items()
    }
    own = [float(10_000 * market.maker_fee) for market in made.markets]
    assert rates == {"stacked": [own[0], 3.0, own[2]], "other": own, "single": own[:1]}
    assert hashes(found)["single"] == mm.backtest(other, path).summary["state_hash"]


def test_the_parts_of_the_profit_add_up(compared):
    table = compared.table
    whole = table["from opening inventory"] + table["from trading"] - table["fees"]
    assert whole.to_numpy() == pytest.approx(table["profit"].to_numpy(), abs=1e-6)
    assert (table["realised"] + table["unrealised"]).to_numpy() == pytest.approx(table["profit"].to_numpy())


def test_what_the_opening_inventory_gained_is_the_target_times_the_price_s_move(compared, config):
    result = compared["stacked"]
    series = result.series["reference"]
    opened = float(result.decisions["reference"].iloc[0])
    moved = float(config.inventory.target_inventory) * (series.iloc[-1] - opened)
    assert compared.table.loc["stacked", "from opening inventory"] == pytest.approx(moved, abs=1e-6)


def test_the_measures_say_what_the_frames_say(compared, ruled):
    row, fills = compared.table.loc["stacked"], ruled.fills
    assert row["fills"] == len(fills)
    assert row["orders per fill"] == len(ruled.orders) / len(fills)
    assert row["volume"] == pytest.approx(sum(each["price"] * each["size"] for _, each in fills.iterrows()))
    assert row["fees"] == pytest.approx(fills["fee"].sum())
    used = (ruled.series["inventory"] - 1000).abs() / 500
    assert row["band used, mean"] == pytest.approx(used.mean(), abs=0.01)
    assert row["band used, most"] >= used.max() - 1e-9
    assert row["time in band"] == 1.0
    marked = ruled.markouts.dropna()
    value = marked["price"] * marked["size"]
    assert row["mark-out 60 s"] == pytest.approx((marked["markout_60s_bps"] * value).sum() / value.sum())
    assert 0.5 < row["quoted, both sides"] <= row["quoted, any side"] <= 1.0


@pytest.mark.slow
def test_quoted_time_is_found_again_by_looking_at_every_moment(ruled):
    start, end = (pd.Timestamp(ruled.summary[name]) for name in ("start", "end"))
    shares, chance = [], np.random.default_rng(1)
    for market in ruled.markets:
        here = ruled.orders[ruled.orders["venue"] == market.venue]
        moments = start + pd.to_timedelta(chance.uniform(0, 600, 4000), "s")
        stands = {}
        for side in ("bid", "ask"):
            mine = here[here["side"] == side]
            begins, ends = mine["placed"], mine["ended"].fillna(end)
            stands[side] = np.array([((begins <= at) & (ends > at)).any() for at in moments])
        shares.append((stands["bid"] & stands["ask"]).mean())
    assert measures.measure(ruled)["quoted, both sides"] == pytest.approx(np.mean(shares), abs=0.012)


def test_a_table_prints_within_a_terminal_and_shows_in_a_notebook(compared):
    text, html = repr(compared), compared._repr_html_()
    assert max(map(len, text.splitlines())) <= 110
    for name in ("profit, USDT", "mark-out 10 s, bps", "quoted, both sides", "market making"):
        assert name in text
        assert name in html
    assert html.count("<tr") == len(MEASURES) + 1


def test_the_summary_is_json_with_null_for_what_there_is_not(compared, config):
    found = json.loads(json.dumps(compared.summary, allow_nan=False))
    assert list(found["strategies"]) == NAMES
    assert found["strategies"]["stacked"]["config_digest"] == config.digest()
    quiet = mm.compare(config, market_for(config, 3), baselines=False)
    assert quiet.summary["strategies"]["stacked"]["measures"]["mark-out 60 s"] is None


def test_a_comparison_is_saved_whole_and_only_over_another(compared, tmp_path):
    folder = compared.save(tmp_path / "out")
    assert json.loads((folder / "comparison.json").read_text()) == compared.summary
    again = pd.read_csv(folder / "comparison.csv", index_col=0)
    pd.testing.assert_frame_equal(again, compared.table)
    assert len(pd.read_parquet(folder / "stacked" / "fills.parquet")) == len(compared["stacked"].fills)
    compared.save(folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"holds thesis\.txt and is no comparison"):
        compared.save(tmp_path / "mine")
    assert {each.name for each in tmp_path.iterdir()} == {"out", "mine"}


@pytest.mark.slow
def test_the_picture_has_two_panels_a_strategy_on_equal_scales(compared, tmp_path):
    figure = compared.picture(tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert len(figure.axes) == 2 * len(NAMES)
    assert len({axes.get_ylim() for axes in figure.axes[: len(NAMES)]}) == 1


def test_progress_rises_to_the_end_over_all_runs(config):
    told = []
    mm.compare(config, market_for(config, 20), progress=lambda *each: told.append(each), threads=2)
    done = [each[1] for each in told]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)


def test_one_run_that_fails_stops_the_others_and_is_raised(config, monkeypatch):
    from stackedmm.lab import side_by_side

    ran, telling = [], side_by_side.Telling(None, 3)

    def run(name):
        if name == "bad":
            raise ConfigError("this one")
        tell = telling.of(name)
        telling.stop.wait(30)
        tell("running", 0.5, 1)
        ran.append(name)

    with pytest.raises(ConfigError, match="this one"):
        side_by_side.side_by_side(run, ["good", "bad", "late"], 2, telling)
    assert ran == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"also": {"stacked": {}}}, "also: 'stacked' is the name of another strategy"),
        ({"threads": 0}, "threads: 0, expected 1 or more"),
        ({"also": {f"s{i}": mm.ConfigTemplates.conservative_bera_usdt() for i in range(12)}}, "expected at most 12"),
        ({"latency_ms": -1}, "latency_ms: found -1"),
    ],
)
def test_bad_arguments_are_refused(config, options, said):
    with pytest.raises(ConfigError) as refusal:
        mm.compare(config, market_for(config, 3), **options)
    assert said in str(refusal.value)


@pytest.mark.parametrize("module", [show, measures])
def test_examples_in_docstrings_hold(module):
    outcome = doctest.testmod(module)
    assert (outcome.attempted > 0, outcome.failed) == (True, 0)


def test_the_order_of_rows_is_checked_once_a_market_and_anew_for_another(config, monkeypatch):
    checked, honest = [], running.feed.check_order
    monkeypatch.setattr(running.feed, "check_order", lambda *rows: checked.append(rows) or honest(*rows))
    short = market_for(config, 3)
    for _ in range(2):
        mm.backtest(config, short)
    assert len(checked) == 1
    copied = replace(short, local=short.local.copy(), exchange=short.exchange.copy())
    mm.backtest(config, copied)
    assert len(checked) == 2
    turned = copied.exchange.copy()
    books = np.flatnonzero((turned["market"] == 0) & (turned["kind"] <= 2))
    turned[books[[5, -5]]] = turned[books[[-5, 5]]]
    for _ in range(2):
        with pytest.raises(ConfigError, match="book rows overtake each other"):
            mm.backtest(config, replace(copied, exchange=turned))
