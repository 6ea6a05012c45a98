"""The comparison is fair only while both sides do the same: decisions, orders and fills of ours and of hftbacktest."""

import numpy as np
import pytest

from tests.bench import tasks

ROWS = 100_000
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    found = tmp_path_factory.mktemp("rows")
    tasks.prepare(found, ROWS, None)
    return found


@pytest.mark.parametrize("name", ["one", "timer", "three"])
def test_the_quoter_decides_sends_and_trades_as_in_hftbacktest(folder, name: str) -> None:
    pytest.importorskip("hftbacktest", reason="hftbacktest is not installed: nothing to compare with")
    from tests.bench import peer, quoter

    task = tasks.TASKS[name]
    recording = tasks.recording(folder, task, ROWS)
    ours = quoter.backtest(recording, every_ms=task.every_ms)
    events = [np.load(tasks.events_path(folder, task, ROWS, at))["data"] for at in range(task.venues)]
    hbt = peer.build(events, 0.01, 0.01, 0.0, 400.0)
    decisions, submits = peer.quoter(hbt, task.venues, task.every_ms * 1_000_000, 1.0, 10.0)
    fills = sum(hbt.state_values(v).num_trades for v in range(task.venues))
    hbt.close()
    assert ours.fills > 50
    assert abs(ours.decisions - decisions) <= 2 * task.venues
    assert ours.submits == pytest.approx(submits, rel=0.001)
    assert ours.fills == pytest.approx(fills, rel=0.01)
