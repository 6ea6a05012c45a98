"""The small parts: rings, news, words for the browser, colours, the demonstration."""

import json
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from stackedmm.core.market import LINEAR, Market
from stackedmm.desk import demo, frame, theme
from stackedmm.engine.host.history import SPANS, History
from stackedmm.engine.host.news import KEPT, News

SECOND = 1_000_000_000


def test_a_ring_keeps_the_newest_samples_in_order():
    history = History(["t", "x"])
    for second in range(2000):
        history.append(second * SECOND, [float(second)])
    total, table = history.since(0, 0)
    assert (total, len(table)) == (2000, SPANS[0].points)
    assert table[:, 1].tolist() == list(range(2000 - SPANS[0].points, 2000))
    assert history.since(0, 1998)[1][:, 1].tolist() == [1998, 1999]
    assert history.since(0, 2000)[1].size == 0


def test_coarser_rings_keep_one_sample_a_step():
    history = History(["t", "x"])
    for second in range(601):
        history.append(second * SECOND, [float(second)])
    assert history.since(1, 0)[1][:, 1].tolist() == list(range(0, 601, 10))
    assert history.since(2, 0)[1][:, 1].tolist() == list(range(0, 601, 60))


def test_a_sample_is_due_once_a_second():
    history = History(["t", "x"])
    assert history.due(0)
    history.append(0, [1.0])
    assert not history.due(SECOND - 1)
    assert history.due(SECOND)


def test_news_keeps_the_newest_and_counts_all():
    news: News[int] = News()
    for number in range(KEPT + 10):
        news.add(number)
    count, kept = news.since(0)
    assert (count, kept[0], kept[-1], len(kept)) == (KEPT + 10, 10, KEPT + 9, KEPT)
    assert news.since(count - 2)[1] == [KEPT + 8, KEPT + 9]
    assert news.since(count)[1] == []


def test_a_message_is_json_that_a_browser_reads():
    said = {"a": float("nan"), "b": [np.float64(1.5), np.int64(2), float("inf")], "c": np.array([1.0, np.nan])}
    assert json.loads(frame.encode(said)) == {"a": None, "b": [1.5, 2, None], "c": [1.0, None]}


@pytest.mark.parametrize(("tick", "digits"), [(0.5, 1), (1.0, 0), (0.001, 3), (1e-8, 8), (0.00025, 5)])
def test_prices_show_the_digits_of_their_tick(tick, digits):
    assert frame.decimals(tick) == digits


def contrast(one, other):
    """The ratio by which the lighter of two colours is brighter, as the accessibility guidelines define it."""

    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_colour_of_words_is_readable_on_its_ground(name):
    colours = theme.THEMES[name]
    words = ("text", "muted", "bid", "ask", "good", "bad", "warn", "signal")
    found = {word: contrast(colours[word], colours[ground]) for word in words for ground in ("panel", "raised")}
    assert min(found.values()) >= 4.5, found
    assert contrast(colours["kill"], "#ffffff") >= 4.5


def test_both_themes_name_the_same_colours():
    assert theme.DARK.keys() == theme.LIGHT.keys()


def test_the_demonstration_leaves_all_shaping_to_the_rules():
    config = demo.demonstration()
    assert {line.coefficient_method for line in config.tob_lines} == {"none"}
    assert {line.spread_coefficient_method for line in config.passive_lines} == {"none"}
    assert {line.quantity_coefficient_method for line in config.passive_lines} == {"none"}


@pytest.mark.parametrize(("price", "target"), [(6.25, 1000), (60_000, Decimal("0.1")), (0.01, 600_000)])
def test_a_demonstration_fits_the_price_of_its_coin(price, target):
    sized = demo.sized(demo.demonstration("COIN", "USDT", ("binance", "bybit_perp")), price)
    assert sized.inventory.target_inventory == target
    assert sized.base_coin == "COIN"
    assert sized.exchanges == ("binance", "bybit_perp")


@pytest.mark.parametrize(
    ("venue", "kind", "name"),
    [
        ("binance", "spot", "binance"),
        ("bybit", LINEAR, "bybit_perp"),
        ("binanceusdm", LINEAR, "binanceusdm"),
    ],
)
def test_a_market_is_named_as_a_configuration_names_it(venue, kind, name):
    market = Market(venue, "X/USDT", "X", "USDT", Decimal(1), Decimal(1), kind)
    assert demo.name_of(market) == name


def test_the_session_runs_without_the_libraries_of_the_page():
    script = "import sys, stackedmm.session, stackedmm.cli.desk; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"panel", "bokeh", "tornado"} & set(loaded)
