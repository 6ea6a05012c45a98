"""Equal runs have equal states: in this process and another, compiled and as plain Python."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import stackedmm as mm
from stackedmm.core.recording import by_exchange
from stackedmm.feeds.write import write
from stackedmm.lab import data as lab_data

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = """
import json, sys
import stackedmm as mm
config, data, rules, seconds = json.loads(sys.argv[1])
data = mm.synthetic(seed=3, seconds=seconds) if data is None else data
result = mm.backtest(config, data, rules, fees=("1", "5"))
print(json.dumps([result.summary["state_hash"], result.summary["orders"]]))
"""


def elsewhere(config, data, seconds=0.0, **environment):
    """State hash and orders of the same run in a process of its own."""
    words = [config.to_json(), data and str(data), str(ROOT / "rules"), seconds]
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


def here(config, data):
    found = mm.backtest(config, data, ROOT / "rules", fees=("1", "5")).summary
    return [found["state_hash"], found["orders"]]


@pytest.mark.slow
def test_a_synthetic_run_is_the_same_in_a_process_that_hashes_otherwise(config):
    expected = here(config, mm.synthetic(seed=3, seconds=300))
    assert expected[1] > 100
    assert elsewhere(config, None, 300, PYTHONHASHSEED="1") == expected
    assert elsewhere(config, None, 300, PYTHONHASHSEED="2") == expected


@pytest.mark.slow
def test_a_synthetic_run_is_the_same_without_the_compiler(config):
    expected = here(config, mm.synthetic(seed=3, seconds=4))
    assert expected[1] > 10
    assert elsewhere(config, None, 4, NUMBA_DISABLE_JIT="1") == expected


@pytest.fixture(scope="module")
def slice_of_btc(data, btc, tmp_path_factory):
    """The first seconds of recorded BTC, spot and perp, in a file of their own."""
    config = mm.StackedMarketMakingConfig(**btc)
    whole = lab_data.recording_for(config, data / "books" / "binance3_20240808.parquet")
    ends = max(whole.local["ts"][whole.local["market"] == i][0] for i in range(2)) + 2_000_000_000
    local = whole.local[whole.local["ts"] < ends]
    path = tmp_path_factory.mktemp("slice") / "slice.parquet"
    write(replace(whole, local=local, exchange=by_exchange(local), end=int(ends)), path)
    return config, path


@pytest.mark.slow
def test_a_recorded_run_is_the_same_in_another_process_and_without_the_compiler(slice_of_btc):
    config, path = slice_of_btc
    expected = here(config, path)
    assert expected[1] > 0
    assert elsewhere(config, path, PYTHONHASHSEED="3") == expected
    assert elsewhere(config, path, NUMBA_DISABLE_JIT="1") == expected
