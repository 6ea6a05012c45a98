"""The page in a real browser: it streams, speaks, fits, stays at home, and says when it is dead."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.conftest import RULES

pytestmark = pytest.mark.slow

START = "import sys; from stackedmm.cli.main import main; sys.exit(main(sys.argv[1:]))"
ARGUMENTS = ("desk", "--no-browser", "--port", "0", "--rules", str(RULES))
FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
)
PATIENCE_MS = 240_000


@pytest.fixture(scope="module")
def server(chromium) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`stackedmm desk` as a person starts it, and its address; Ctrl-C must end it in good order."""
    command = [sys.executable, "-u", "-c", START, *ARGUMENTS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = ""
    while "http://" not in said:
        line = process.stdout.readline()
        assert line, f"the desk ended before it said where it is: {said}"
        said += line
    yield process, said.split()[-1]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said + rest
    assert rest.split()[-3:] == ["stackedmm", "desk:", "ended"], rest


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def open_page(server, browser):
    """Opens the desk in a window of a size; whatever goes wrong in the page fails the test."""
    _, url = server
    faults: list[str] = []
    opened = []

    def show(width=1920, height=1080, query=""):
        context = browser.new_context(viewport={"width": width, "height": height})
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
        page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else faults.append(r.url))
        page.goto(url + query)
        page.wait_for_function("document.getElementById('veil').hidden", timeout=PATIENCE_MS)
        page.wait_for_function("Number(document.body.dataset.number) > 0")
        return page

    yield show
    found = list(faults)  # closing a window breaks off what it was loading, which is no fault
    for context in opened:
        context.close()
    assert found == []


def number(page) -> int:
    """Of the last frame painted."""
    return int(page.evaluate("document.body.dataset.number"))


def test_figures_and_charts_stream(open_page):
    page = open_page()
    ladder, samples = (
        "document.getElementById('ladder').innerText",
        "Bokeh.documents[0].get_model_by_name('points').data.t",
    )
    before, first, last = page.evaluate(ladder), number(page), page.evaluate(f"{samples}.at(-1)")
    page.wait_for_function(f"Number(document.body.dataset.number) > {first + 12}")
    assert page.evaluate(ladder) != before
    assert page.evaluate(f"{samples}.at(-1)") > last
    assert page.evaluate(f"{samples}.length") <= 900
    assert page.evaluate("document.querySelectorAll('.own-chip').length") > 0


def test_a_slider_moved_here_changes_the_engine_and_every_other_page(open_page):
    page, other = open_page(), open_page()
    slider = page.get_by_label("lean.strength bps")
    slider.evaluate("(node) => { node.value = 30; node.dispatchEvent(new Event('input')); }")
    reading = "document.getElementById('param-lean.strength').parentNode.querySelector('output').textContent"
    # The other page shows what the engine's own record says, not what this page asked for.
    other.wait_for_function(f"{reading}.startsWith('30')")
    page.locator(".param", has=slider).get_by_role("button", name="reset").click()
    other.wait_for_function(f"{reading}.startsWith('8')")


def test_a_side_switched_off_says_so_in_words(open_page):
    page = open_page()
    page.get_by_role("switch", name="passive-1 bid").click()
    page.wait_for_function("document.getElementById('quotes').innerText.includes('line or side disabled')")
    page.locator("#quotes [title='line or side disabled']").first.wait_for(state="attached")
    page.get_by_role("switch", name="passive-1 bid").click()
    page.wait_for_function("!document.getElementById('quotes').innerText.includes('line or side disabled')")


def test_a_kill_asks_first_leaves_nothing_and_is_cleared_by_hand(open_page):
    page = open_page()
    page.get_by_role("button", name="KILL").first.click()
    page.keyboard.type("kil")
    page.keyboard.press("Enter")
    assert page.evaluate("document.body.dataset.mode") == "PAPER"
    page.keyboard.type("l")
    page.keyboard.press("Enter")
    page.wait_for_function("document.body.dataset.mode === 'KILLED'")
    page.wait_for_function("document.querySelectorAll('#ladder .own-chip').length === 0")
    page.get_by_role("button", name="Clear").click()
    page.keyboard.type("QUOTE")
    page.keyboard.press("Enter")
    page.wait_for_function("document.body.dataset.mode === 'PAPER'")
    page.wait_for_function("document.querySelectorAll('#ladder .own-chip').length > 0")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1440, 900), (1100, 900), (390, 844)])
def test_nothing_is_wider_than_the_window_and_kill_is_always_in_it(open_page, width, height):
    page = open_page(width, height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width > 1280:
        assert page.evaluate("document.documentElement.scrollHeight") <= height
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    box = page.locator("#kill").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert 0 <= box["y"] <= height - box["height"]


@pytest.mark.parametrize("width", [1920, 1440, 390])
def test_the_foot_of_the_ladder_is_one_line_however_much_it_has_to_say(open_page, width):
    page = open_page(width, 900)
    measure = """() => {
        const foot = document.querySelector(".foot");
        document.getElementById("ladder-out").textContent = "further out: 1234 asks, 1234 bids, and more words";
        return [foot.scrollHeight - foot.clientHeight, foot.scrollWidth - foot.clientWidth];
    }"""
    assert page.evaluate(measure) == [0, 0]


def test_every_tab_has_something_to_show_and_both_themes_hold(open_page):
    page = open_page(query="?theme=light")
    for name in ("fills", "orders", "refused", "venues", "log", "rules"):
        page.locator(f"#tab-{name}").click()
        page.wait_for_function(f"document.getElementById('pane-{name}').innerText.trim().length > 20")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) != light
    axis = "Bokeh.documents[0].get_model_by_name('price-chart').right[0].major_label_text_color"
    assert page.evaluate(f"({axis}.value ?? {axis}) === THEMES.dark.muted")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process cannot be held here")
def test_a_page_whose_server_is_silent_says_so_and_recovers_without_a_hole(open_page, server):
    process, _ = server
    page = open_page()
    process.send_signal(signal.SIGSTOP)
    try:
        page.wait_for_function("document.body.dataset.feed === 'STALE'")
        assert page.evaluate("document.body.classList.contains('stale')")
    finally:
        process.send_signal(signal.SIGCONT)
    page.wait_for_function("document.body.dataset.feed === 'LIVE'")
    then = number(page)
    page.wait_for_function(f"Number(document.body.dataset.number) > {then + 8}")
    times = "Bokeh.documents[0].get_model_by_name('points').data.t"
    assert page.evaluate(f"Array.from({times}).every((t, i, all) => i === 0 || all[i] > all[i - 1])")


def test_the_recorder_of_a_file_is_refused_in_words(tmp_path):
    missing = Path(tmp_path) / "none.parquet"
    command = [sys.executable, "-c", START, "desk", "--no-browser", "--data", str(missing)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "none.parquet" in answer.stderr
    assert "Traceback" not in answer.stderr
