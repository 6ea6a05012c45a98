"""The desk in a notebook: a page in a cell, and a few controls beside it."""

import urllib.request

import pytest

pytest.importorskip("panel")
pytest.importorskip("ipywidgets")

import stackedmm as mm
from stackedmm.desk.notebook import Controls
from tests.desk.waiting import until

pytestmark = [
    pytest.mark.slow,
    # Bokeh itself calls what tornado and numpy have announced to change.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def test_a_page_stands_in_a_cell_once_and_closes(traded):
    opened = mm.desk(traded)
    try:
        assert mm.desk(traded) is opened, "running the cell again reuses the page"
        with urllib.request.urlopen(opened.url, timeout=30) as answer:
            assert b"desk/main.js" in answer.read()
        assert f'<iframe src="{opened.url}"' in opened._repr_html_()
    finally:
        opened.close()
    assert not opened.open
    assert "closed" in repr(opened)
    assert traded.running


def test_controls_say_to_the_session_what_is_moved_and_show_what_is_refused(traded):
    shown = Controls(traded)
    slot = traded.slots["lean.strength"]
    shown.sliders["lean.strength"].value = 21.0
    until(traded, lambda look: look.state["params"][slot.place] == 21.0)
    shown.sides["tob-1", "bid"].value = False
    until(traded, lambda look: look.state["lines"][0]["sides"][0] == 0)
    traded.tune("lean", strength=5)
    shown.refresh()
    assert shown.sliders["lean.strength"].value == 5.0
    assert traded.look().state["params"][slot.place] == 5.0, "showing is not saying"
    next(each for each in shown.buttons if each.description == "kill").click()
    until(traded, lambda look: look.state["killed"])
    assert shown._said.value == ""
    traded.end()
    shown.sliders["lean.strength"].value = 7.0
    assert "not heard" in shown._said.value
    assert repr(shown) == f"controls of {traded.name}: {len(traded.slots)} parameters, 4 sides"
