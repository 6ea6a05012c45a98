"""A run as one page: whole, readable on any screen, and in need of nothing else."""

import json
import re
from html.parser import HTMLParser

import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError
from stackedmm.lab import comparison_report, market_for, report_pictures
from stackedmm.lab.report import page

SECTIONS = [
    "Profit", "Inventory", "Quotes against the market", "Fills and mark-outs", "Lines and venues", "Where orders stood",
    "Why not quoting", "All measures", "Rules", "What ran",
]  # fmt: skip
VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def text(ruled):
    return page(ruled)


@pytest.fixture(scope="module")
def beside(compared):
    """The page of a comparison."""
    return comparison_report.page(compared)


@pytest.fixture(params=["text", "beside"])
def any_page(request):
    """Each kind of page in turn."""
    return request.getfixturevalue(request.param)


class Page(HTMLParser):
    """Every tag opened is closed; what is referred to is kept."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_is_well_formed_and_has_every_part(text, ruled):
    found = Page(text)
    assert found.open == []
    assert re.findall("<h2>(.*?)</h2>", text) == SECTIONS
    for word in (ruled.summary["config_digest"], ruled.summary["rules_digest"], ruled.summary["state_hash"]):
        assert word in text
    for reason in ruled.summary["refusals"]:
        assert reason in found.texts
    for note in ruled.summary["notes"]:
        assert note in found.texts
    for name in ("tob-1", "passive-1", "binance BERA/USDT", "lean", "fade", "breathe"):
        assert name in text


def test_a_comparison_s_page_has_every_strategy_on_equal_scales(beside, compared):
    found = Page(beside)
    assert found.open == []
    assert re.findall("<h2>(.*?)</h2>", beside) == ["Comparison", "Profit and inventory", "Measures", "What ran"]
    assert re.findall("<h3>(.*?)</h3>", beside)[:-1] == list(compared.results)
    for result in compared.results.values():
        assert result.summary["state_hash"] in beside
    low, high = comparison_report.reach(compared)
    for result in compared.results.values():
        assert low < result.series["equity"].min() <= result.series["equity"].max() < high
    assert comparison_report.page(compared) == beside


def test_a_page_asks_nothing_of_anyone(any_page):
    text, found = any_page, Page(any_page)
    assert "http" not in text
    assert "@import" not in text
    assert "<script" not in text
    assert all(each.startswith("#") for each in re.findall(r"url\(([^)]*)\)", text))
    assert not [a for a in found.attributes if a[1] in ("src", "srcset", "data", "action")]
    assert all(value.startswith("#") for _, name, value in found.attributes if name == "href")


def test_what_pictures_refer_to_is_there_and_once(any_page):
    text = any_page
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) == set(ids)


def test_pictures_take_the_page_s_colours_in_light_and_dark(any_page):
    text = any_page
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    light, dark = style.split("prefers-color-scheme: dark")
    defined = set(re.findall(r"--([\w-]+):", light))
    assert used <= defined
    assert set(re.findall(r"--([\w-]+):", dark)) == defined - {"sans"}
    drawn = "".join(re.findall("<svg.*?</svg>", text, re.DOTALL))
    assert not re.findall(r"(?:fill|stroke): #[0-9a-fA-F]{6}", drawn)
    assert "DejaVu" not in text


def test_equal_results_have_equal_pages(config):
    short = market_for(config, 60)
    pages = [page(mm.backtest(config, short, "rules")) for _ in range(2)]
    assert pages[0] == pages[1]


def test_the_configuration_in_the_page_is_the_one_that_ran(text, config):
    folded = re.search("<pre>(.*?)</pre>", text, re.DOTALL)[1].replace("&quot;", '"').replace("&amp;", "&")
    assert mm.StackedMarketMakingConfig(**json.loads(folded)) == config


def test_words_from_outside_are_text(config):
    result = mm.backtest(config, market_for(config, 60))
    result.summary["notes"].append("file <b>&name</b>.parquet")
    text = page(result)
    assert "<b>" not in text
    assert "file <b>&name</b>.parquet" in Page(text).texts


def test_a_run_without_orders_has_a_page_that_says_why(config):
    zone = {"min_price": 1000, "hourly_quantity": 5}
    off = mm.StackedMarketMakingConfig(**{**config.model_dump(), "passive_lines": (), "tob_lines": [zone]})
    text = page(mm.backtest(off, market_for(config, 5)))
    assert "No order was placed" in text
    assert "outside price zone" in text
    assert "No rules." in text
    assert Page(text).open == []


def test_a_page_is_written_whole_or_not_at_all(ruled, config, tmp_path):
    path = ruled.report(tmp_path / "run.html")
    assert path.read_text().startswith("<!DOCTYPE html>")
    with pytest.raises(ConfigError, match=r"expected a name that ends in \.html"):
        ruled.report(tmp_path / "run.txt")
    with pytest.raises(ConfigError, match="no such folder"):
        ruled.report(tmp_path / "none" / "run.html")
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        ruled.report(tmp_path / "taken.html")
    bare = mm.backtest(config, market_for(config, 5), collect=False)
    with pytest.raises(ConfigError, match="collect=True"):
        bare.report(tmp_path / "bare.html")
    with pytest.raises(ConfigError, match="no such folder"):
        mm.compare(config, market_for(config, 5), baselines=False).report(tmp_path / "none" / "c.html")
    assert {each.name for each in tmp_path.iterdir()} == {"run.html", "taken.html"}


def test_a_long_series_is_thinned_and_keeps_its_heights(config):
    series = mm.backtest(config, market_for(config, 1200)).series
    thin = report_pictures.thinned(series)
    assert len(thin) <= report_pictures.POINTS + 2 < len(series)
    assert (thin["equity"].min(), thin["equity"].max()) == (series["equity"].min(), series["equity"].max())
    assert (thin.index[0], thin.index[-1]) == (series.index[0], series.index[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("width", "shown"), [(1280, "wide"), (390, "narrow")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_the_screen_and_shows_the_picture_that_fits(ruled, chromium, tmp_path, width, shown, scheme):
    from playwright.sync_api import sync_playwright

    path = ruled.report(tmp_path / "run.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked, said = [], []
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.goto(path.as_uri())
        assert view.evaluate("document.documentElement.scrollWidth") <= width
        for form in ("wide", "narrow"):
            assert view.locator(f".{form} svg").first.is_visible() == (form == shown)
        # A letter of a picture is as high as people can read.
        heights = view.evaluate(
            f"[...document.querySelectorAll('.{shown} svg text')].map(t => t.getBoundingClientRect().height)"
        )
        assert min(height for height in heights if height) >= 9
        paper = view.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
        browser.close()
    assert asked == [path.as_uri()]
    assert said == []
