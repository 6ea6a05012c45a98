"""Moving averages of volume against published numbers, pandas and a recorded day."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stackedmm.config import ConfigTemplates
from stackedmm.errors import ConfigError
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.stored import TradeDataManager

S = 1_000_000_000
T0 = 1_700_000_000 * S  # a bucket begins here
# The test series of talipp (MIT), and what its tests publish of it.
CLOSES = [float(x) for x in """
    10.5 9.78 10.46 10.51 10.55 10.72 10.16 10.25 9.4 9.5 9.23 8.5 8.8 8.33 7.53 7.61 6.78 8.6 9.21 8.95 9.22 9.1 8.31
    8.37 8.3 7.78 8.05 8.1 8.08 7.49 7.58 8.17 8.83 8.91 9.2 9.76 9.42 9.3 9.32 9.04 9.0 9.33 9.34 8.49 9.21 10.15 10.3
    10.59 10.23 10.0""".split()]  # fmt: skip
VOLUMES = [float(x) for x in """
    55.03 117.86 301.04 157.94 39.96 42.87 191.95 55.09 131.58 249.69 77.75 197.33 107.93 35.86 269.05 34.18 209.1
    241.95 162.86 112.99 66.53 87.5 349.14 44.38 45.79 139.4 46.49 27.45 16.44 83.54 15.08 60.72 140.22 171.6 209.26
    199.2 165.77 61.71 29.73 12.93 4.14 12.45 42.23 133.29 120.02 255.3 111.55 108.27 48.29
    81.66""".split()]  # fmt: skip


def begun(*arguments, **options) -> MovingAverageCalculator:
    """A calculator that watches from the first moment of the bucket at T0."""
    calculator = MovingAverageCalculator(*arguments, **options)
    calculator.advance(T0)
    return calculator


def fed(calculator, sizes, prices=None, side="buy", first=0):
    """One trade a bucket, in its middle; all are closed at the end."""
    for i, size in enumerate(sizes, first):
        if size:
            calculator.add(T0 + i * 10 * S + 5 * S, prices[i] if prices else 1.0, size, side)
        calculator.advance(T0 + (i + 1) * 10 * S)
    return calculator


def of(calculator, period, volume_type="base", ma_type="sma"):
    """One average."""
    table = calculator.averages().set_index(["period", "volume_type", "ma_type"])
    return table.loc[(period, volume_type, ma_type), "average"]


def last_three(sizes, *key, prices=None):
    """One average of 20 buckets after each of the last three."""
    calculator = fed(begun(("200s",)), sizes[:-3], prices)
    found = []
    for i in range(len(sizes) - 3, len(sizes)):
        fed(calculator, [sizes[i]], prices, first=i)
        found.append(of(calculator, "200s", *key))
    return found


def test_the_simple_average_is_the_published_one():
    assert last_three(CLOSES) == pytest.approx([9.0755, 9.1830, 9.3085], abs=1e-9)


def test_the_exponential_average_is_seeded_by_the_simple_one_as_published():
    ours = last_three(CLOSES, "base", "ewma")
    assert ours == pytest.approx([9.319374, 9.406100, 9.462662], abs=1e-6)
    for adjust, published in ((False, [9.306419, 9.394380, 9.452058]), (True, [9.296555, 9.386119, 9.444979])):
        pandas = pd.Series(CLOSES).ewm(span=20, adjust=adjust).mean().tail(3).tolist()
        assert pandas == pytest.approx(published, abs=1e-6)
        assert ours != pytest.approx(pandas, abs=1e-3)


def test_quote_over_base_is_the_published_volume_weighted_average():
    base, quote = (last_three(VOLUMES, name, prices=CLOSES) for name in ("base", "quote"))
    assert [q / b for q, b in zip(quote, base, strict=True)] == pytest.approx([9.320203, 9.352603, 9.457708], abs=1e-6)


def test_averages_of_5_15_and_30_buckets_are_those_of_the_reference():
    calculator = fed(begun(("50s", "150s", "300s")), VOLUMES)
    found = [of(calculator, period) for period in ("50s", "150s", "300s")]
    assert found == pytest.approx([121.014, 92.436, 96.336], abs=5e-4)


def test_the_defaults_keep_twelve_averages_of_three_periods():
    calculator = MovingAverageCalculator()
    assert (calculator.periods, calculator.volume_types) == ({"5min": 30, "15min": 90, "30min": 180}, ("base", "quote"))
    assert calculator.get_status()["total_ma_configs"] == len(calculator.averages()) == 12


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ((("5min", "15min", "30min"), ("both",)), 12),
        ((("5min", "15min", "30min"), ("base", "both", "ratio", "imbalance")), 24),
        ((("5min", "4h"), ("base",)), 3),  # no exponential average of 4 h
        ((("5min", "4h"), ("base",), ("ewma",)), 1),
        ((("1h",), ("base",)), 2),
    ],
)
def test_averages_are_counted_as_kept(arguments, kept):
    calculator = MovingAverageCalculator(*arguments)
    assert calculator.get_status()["total_ma_configs"] == len(calculator.averages()) == kept


def test_buckets_are_aligned_to_utc_and_empty_ones_count_as_zero():
    calculator = begun(("10s", "40s"))
    for ns in (9_999_999_999, 10_000_000_000, 39_999_999_999):
        calculator.add(T0 + ns, 2.0, 4.0, "sell")
    calculator.advance(T0 + 40 * S)
    assert calculator.buckets()["base"].tolist() == [4.0, 4.0, 0.0, 4.0]
    assert calculator.buckets()["quote"].tolist() == [8.0, 8.0, 0.0, 8.0]
    assert calculator.buckets().index[0] == pd.Timestamp(T0 + 10 * S, tz="UTC")
    assert of(calculator, "40s") == 3.0


def test_ratio_and_imbalance_are_those_of_the_averages():
    calculator = begun(("20s", "40s"), ("ratio", "imbalance"), ("sma",))
    fed(calculator, [3.0, 0, 0, 0])
    assert (of(calculator, "40s", "ratio"), of(calculator, "40s", "imbalance")) == (10.0, 1.0)
    assert (of(calculator, "20s", "ratio"), of(calculator, "20s", "imbalance")) == (1.0, 0.0)
    fed(calculator, [6.0, 0, 0], side="sell", first=4)
    assert of(calculator, "40s", "imbalance") == -1.0
    calculator.add(T0 + 71 * S, 1.0, 2.0, "buy")
    calculator.advance(T0 + 80 * S)
    assert of(calculator, "40s", "ratio") == pytest.approx(2 / 6)
    assert of(calculator, "40s", "imbalance") == pytest.approx(-4 / 8)


def test_a_late_trade_counts_in_the_bucket_of_its_arrival():
    calculator = begun(("10s", "20s"))
    calculator.add(T0 + 12 * S, 1.0, 1.0, "buy")
    calculator.add(T0 + 8 * S, 1.0, 5.0, "buy")
    calculator.advance(T0 + 20 * S)
    assert calculator.buckets()["base"].tolist() == [0.0, 6.0]
    assert calculator.get_status()["late_trades"] == 1
    assert calculator.get_status()["last_update"] == "2023-11-14T22:13:40.000000000Z"


def test_a_bucket_that_is_not_seen_whole_does_not_count():
    late, whole = MovingAverageCalculator(("10s", "20s")), begun(("10s", "20s"))
    late.advance(T0 + 3 * S)
    for calculator in (late, whole):
        fed(calculator, [7.0, 1.0])
    assert (late.whole_buckets, whole.whole_buckets) == (1, 2)
    assert late.full == {"10s": True, "20s": False}
    fed(late, [3.0], first=2)
    assert of(late, "20s") == 2.0


def test_no_window_over_a_gap_counts_and_its_outage_is_no_quiet_time():
    calculator = fed(begun(("20s", "40s")), [1.0, 2.0, 4.0, 8.0])
    assert calculator.ready
    calculator.add(T0 + 41 * S, 1.0, 99.0, "buy")
    calculator.gap()
    assert (calculator.coefficient, calculator.whole_buckets) == (1.0, 0)
    calculator.add(T0 + 95 * S, 1.0, 50.0, "buy")
    fed(calculator, [3.0, 5.0], first=10)
    assert calculator.full == {"20s": True, "40s": False}
    assert (of(calculator, "20s"), calculator.coefficient) == (4.0, 1.0)
    assert np.isnan(of(calculator, "40s", "base", "ewma"))
    assert [int(t.value // S - T0 // S) for t in calculator.buckets().index] == [10, 20, 30, 40, 100, 110, 120]
    fed(calculator, [0, 8.0], first=12)
    assert of(calculator, "40s") == 4.0
    assert calculator.coefficient == pytest.approx(1.0)


def test_silence_longer_than_the_ring_leaves_windows_true():
    calculator = fed(begun(("20s", "30s")), [1.0, 2.0, 4.0, 8.0, 16.0])
    fed(calculator, [0] * 20, first=5)
    quiet = fed(begun(("20s", "30s")), [1.0, 2.0, 4.0, 8.0, 16.0])
    quiet.advance(T0 + 250 * S)
    for each in (calculator, quiet):
        fed(each, [3.0, 5.0, 7.0], first=25)
        assert (of(each, "20s"), of(each, "30s")) == (6.0, 5.0)
    pd.testing.assert_frame_equal(calculator.averages(), quiet.averages())


def test_a_silence_beyond_all_periods_is_a_gap():
    calculator = fed(begun(("20s", "30s")), [1.0, 2.0, 4.0])
    calculator.advance(T0 + 70_000 * 10 * S)
    assert (calculator.whole_buckets, calculator.ready) == (0, False)
    assert len(calculator.buckets()) == 3


def test_crossovers_are_passings_and_not_the_first_comparison():
    calculator = begun(("10s", "20s"), ("base",), ("sma",))
    fed(calculator, [1.0, 3.0])
    assert calculator.get_status()["total_crossovers_detected"] == 0
    fed(calculator, [3.0, 1.0, 1.0, 2.0], first=2)
    crossed = calculator.crossovers()
    assert crossed["direction"].tolist() == ["down", "up"]
    assert [int(t.value // S - T0 // S) for t in crossed.index] == [40, 60]
    assert crossed.iloc[0].tolist() == ["sma", "base", "10s", "20s", "down"]
    assert calculator.get_status()["total_crossovers_detected"] == 2


def test_a_gap_is_not_a_crossing():
    calculator = fed(begun(("10s", "20s"), ("base",), ("sma",)), [1.0, 3.0])
    calculator.gap()
    calculator.advance(T0 + 30 * S)
    fed(calculator, [3.0, 1.0], first=3)
    assert calculator.get_status()["total_crossovers_detected"] == 0


def test_crossings_of_all_180_pairs_are_told_apart():
    periods = ("10s", "20s", "30s", "1min", "2min", "4min")
    calculator = MovingAverageCalculator(periods, ("both", "ratio", "imbalance"))
    calculator.add_frame(scenario().trades(3, 3000))
    crossed = calculator.crossovers()
    assert len(crossed) == calculator.get_status()["total_crossovers_detected"]
    alternating = crossed.groupby(["ma_type", "volume_type", "shorter", "longer"])["direction"]
    assert len(alternating) > 110
    assert all((way != way.shift()).all() for _, way in alternating)


@pytest.mark.parametrize("bucket_seconds", [1, 60])
def test_buckets_of_another_length_hold_what_pandas_counts(bucket_seconds):
    frame = scenario().trades(2, 500)
    calculator = MovingAverageCalculator(("2min", "10min"), bucket_seconds=bucket_seconds)
    calculator.add_frame(frame)
    times = pd.to_datetime(frame["ts"], utc=True)
    counted = frame["size"].groupby(times.dt.floor(f"{bucket_seconds}s")).sum().iloc[:-1]
    found = calculator.buckets()["base"]
    found.index -= pd.Timedelta(seconds=bucket_seconds)
    assert found[found > 0].tolist() == pytest.approx(counted.tolist())
    assert found[found > 0].index.tolist() == counted.index.tolist()
    assert of(calculator, "2min") == pytest.approx(found.tail(120 // bucket_seconds).mean())


def test_finer_digits_may_come_later():
    coarse, fine = begun(("20s", "40s")), begun(("20s", "40s"), tick="0.001", lot="0.000001")
    sizes, prices = [1.0, 20.0, 3.0, 40.0, 0.123456, 6.0], [100.0, 101.5, 99.0, 98.0, 97.125, 96.0]
    for calculator in (coarse, fine):
        fed(calculator, sizes, prices)
    np.testing.assert_allclose(coarse.averages()["average"], fine.averages()["average"], rtol=1e-12)
    assert of(coarse, "20s", "quote") == pytest.approx((0.123456 * 97.125 + 6 * 96) / 2, rel=1e-14)
    assert coarse.buckets()["quote"].iloc[1] == 2030.0


def test_given_steps_round():
    calculator = begun(("10s", "20s"), tick="0.1", lot=0.5)
    fed(calculator, [1 / 3, 2 / 3], [10 / 3, 20 / 3])
    assert calculator.buckets()["base"].tolist() == [0.5, 0.5]
    assert calculator.buckets()["quote"].tolist() == pytest.approx([1.65, 3.35])


def test_numbers_that_are_no_decimals_are_refused_and_nothing_is_entered():
    calculator = begun(("10s", "20s"))
    frame = pd.DataFrame({"ts": [T0, T0 + S], "price": [1.0, 1.0], "size": [1.0, 2 / 3], "side": "buy"})
    with pytest.raises(ConfigError, match=r"row 1, column size: found 0.6666.*15 digits"):
        calculator.add_frame(frame)
    calculator.advance(T0 + 10 * S)
    assert calculator.buckets()["base"].tolist() == [0.0]
    with pytest.raises(ConfigError, match="too many digits"):
        calculator.add(T0 + 11 * S, 123456.789012, 98765432.123456, "buy")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"periods": ("5m",)}, "periods: found '5m', expected a period such as"),
        ({"periods": ("15s",)}, "expected a multiple of 10 s"),
        ({"periods": ("60s", "1min")}, "found '1min' beside '60s'"),
        ({"periods": ()}, "periods: found 0, expected 1 to 6"),
        ({"periods": ("8d",)}, "at most 7d"),
        ({"bucket_seconds": 0}, "bucket_seconds: found 0"),
        ({"bucket_seconds": 7}, "a multiple of 7 s"),
        ({"volume_types": ("weight",)}, "volume_types"),
        ({"ma_types": ("sma", "sma")}, "ma_types"),
        ({"min_fill": 0}, "min_fill"),
        ({"tick": -1}, "tick: found -1, expected a step above 0"),
        ({"lot": "fine"}, "lot: found 'fine'"),
    ],
)
def test_arguments_are_refused_with_what_was_expected(arguments, said):
    with pytest.raises(ConfigError, match=said):
        MovingAverageCalculator(**arguments)


@pytest.mark.parametrize(
    ("trade", "said"),
    [
        ((T0, 0.0, 1.0, "buy"), "price: found 0.0, expected a number above 0"),
        ((T0, 1.0, float("nan"), "buy"), "size: found nan"),
        ((T0, 1.0, None, "buy"), "size: found None"),
        ((T0, 1.0, 1.0, "b"), "side: found 'b', expected buy or sell"),
        ((T0 // 10**6, 1.0, 1.0, "buy"), "ts: found 1700000000000.*this looks like ms"),
        ((float(T0), 1.0, 1.0, "buy"), "ts: found 1.7e"),
        ((pd.NaT, 1.0, 1.0, "buy"), "ts: found NaT"),
    ],
)
def test_a_trade_is_refused_with_what_was_expected(trade, said):
    with pytest.raises(ConfigError, match=said):
        MovingAverageCalculator().add(*trade)


def test_time_is_told_in_many_ways_and_never_runs_back():
    calculator = begun(("10s", "20s"))
    moment = pd.Timestamp(T0 + 5 * S, tz="UTC")
    for ts in (
        moment,
        moment.tz_localize(None),
        moment.to_datetime64(),
        moment.to_pydatetime(),
        str(moment),
        moment.value,
    ):
        calculator.advance(ts)
    calculator.advance(np.int64(moment.value) + 1)
    with pytest.raises(ConfigError, match="expected no time before the last one"):
        calculator.advance(moment)


def test_a_frame_may_not_begin_before_the_last_trade():
    calculator = fed(begun(("10s", "20s")), [1.0, 1.0])
    frame = pd.DataFrame({"ts": [T0], "price": [1.0], "size": [1.0], "side": ["buy"]})
    with pytest.raises(ConfigError, match=r"begin at 2023-11-14T22:13:20.0*Z, expected none before the last one"):
        calculator.add_frame(frame)


def test_a_frame_of_several_markets_is_refused():
    frame = pd.DataFrame({"ts": [T0, T0], "price": 1.0, "size": 1.0, "side": "buy", "venue": ["a", "b"]})
    with pytest.raises(ConfigError, match="of 2 markets, a, b; expected one"):
        MovingAverageCalculator().add_frame(frame)


def test_a_configuration_gives_its_own_settings():
    calculator = MovingAverageCalculator.of(ConfigTemplates.aggressive_multi_currency())
    assert list(calculator.periods) == ["5min", "10min", "15min"]


def test_the_newest_buckets_are_remembered_and_no_more():
    calculator = begun(("10s", "20s"))
    calculator.add(T0 + S, 1.0, 1.0, "buy")
    for n in (60_000, 120_000, 180_000, 240_000):
        calculator.advance(T0 + n * 10 * S)
    assert len(calculator.buckets()) == 100_000
    assert calculator.buckets().index[-1] == pd.Timestamp(T0 + 2_400_000 * S, tz="UTC")
    assert calculator.whole_buckets == 240_000


def test_it_reads_well_in_a_notebook():
    calculator = fed(begun(("20s", "40s")), [1.0, 2.0, 3.0])
    assert repr(calculator) == (
        "MovingAverageCalculator: 8 averages (sma, ewma) of base, quote volume in 10 s buckets\n"
        "  trades      3 until 2023-11-14T22:13:50.000000000Z, 0 gaps\n"
        "  windows     20s full, 40s 3 of 4\n"
        "  crossovers  0"
    )
    assert "<table" in calculator._repr_html_()
    assert "<td>2.5</td>" in calculator._repr_html_()


def test_windows_of_a_recorded_day_hold_what_was_traded(data: Path):
    stored = TradeDataManager()
    stored.read(data / "trades" / "trades_binance_ltcusdt_20250621.parquet")
    expected = json.loads((data / "oracles" / "volume_windows_ltc_20250621.json").read_text())
    calculator = MovingAverageCalculator(("5min", "15min", "30min"), ("base", "quote", "imbalance"), ("sma",))
    start = None
    for mark in expected:
        calculator.enter(stored._of(None, None)[slice(*_places(stored, start, mark["t_ns"]))])
        calculator.advance(mark["t_ns"])
        start = mark["t_ns"]
        for name, period, n in (("5m", "5min", 30), ("15m", "15min", 90), ("30m", "30min", 180)):
            base = n * of(calculator, period)
            assert base == pytest.approx(mark[name]["base"], rel=1e-9)
            assert n * of(calculator, period, "quote") == pytest.approx(mark[name]["quote"], abs=6e-5)
            assert base * of(calculator, period, "imbalance") == pytest.approx(mark[name]["imbalance"], abs=1e-6)
    assert len(expected) == 22


def _places(stored, start, end):
    times = stored._of(None, None)["ts"]
    return (0 if start is None else int(np.searchsorted(times, start)), int(np.searchsorted(times, end)))


HERE = Path(__file__).resolve().parent


def scenario():
    spec = importlib.util.spec_from_file_location("volume_scenario", HERE / "volume_scenario.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_machine_code_python_and_trades_without_a_timer_end_in_the_same_bits():
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(HERE.parent.parent)}
    command = [sys.executable, str(HERE / "volume_scenario.py")]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    interpreted, jumped = output.splitlines()
    assert interpreted == scenario().run()
    assert int(interpreted.split()[1]) > 100
    assert jumped.split() == interpreted.split()[1 : len(jumped.split()) + 1]
