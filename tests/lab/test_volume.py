"""Volume coefficients of markets: pooled as an independent computation says, and as the engine itself does."""

import itertools

import numpy as np
import pandas as pd
import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError
from stackedmm.lab import backtest
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.stored import TradeDataManager
from stackedmm.lab.volume import VolumeCoefficiengEngine, VolumeCoefficientEngine

S = 1_000_000_000
T0 = 1_700_000_000 * S
PERIODS = {"1min": 6, "3min": 18, "10min": 60}


def trades(seed: int, count: int, **more) -> pd.DataFrame:
    """Seeded trades, busy and quiet by turns, the first at T0."""
    rng = np.random.default_rng(seed)
    steps = np.where(np.arange(count) % 200 < 100, 1.0, 9.0) * rng.exponential(1.0, count)
    steps[0] = 0.0
    return pd.DataFrame(
        {
            "ts": T0 + np.cumsum((steps * 1e9).astype(np.int64)),
            "price": np.round(50 + np.cumsum(rng.normal(0, 0.05, count)), 2),
            "size": np.round(rng.lognormal(0, 1.0, count) + 0.01, 2),
            "side": np.array(["buy", "sell"])[rng.integers(0, 2, count)],
            **more,
        }
    )


def averages(frame: pd.DataFrame, volume_types, ma_types) -> dict:
    """Every average at each bucket's end, by pandas alone, seeded as stated."""
    bucket = (frame["ts"] - T0) // (10 * S)
    number = pd.RangeIndex(bucket.max())
    quote, bought = frame["size"] * frame["price"], frame["side"] == "buy"
    of = {"base": frame["size"], "quote": quote, "bought": frame["size"] * bought, "sold": frame["size"] * ~bought}
    summed = {name: values.groupby(bucket).sum().reindex(number, fill_value=0.0) for name, values in of.items()}
    found = {}
    for ma, (period, n) in itertools.product(ma_types, PERIODS.items()):
        mean = {name: simple(values, n) if ma == "sma" else seeded(values, n) for name, values in summed.items()}
        mean["ratio"] = (mean["bought"] / mean["sold"]).clip(0.1, 10).where(mean["sold"].notna())
        mean["imbalance"] = 1 + (mean["bought"] - mean["sold"]).abs() / (mean["bought"] + mean["sold"])
        found |= {(ma, kind, period): mean[kind] for kind in volume_types}
    return found


def simple(values: pd.Series, n: int) -> pd.Series:
    return values.rolling(n).mean()


def seeded(values: pd.Series, n: int) -> pd.Series:
    start = values.copy()
    start.iloc[: n - 1], start.iloc[n - 1] = np.nan, values.iloc[:n].mean()
    return start.iloc[n - 1 :].ewm(span=n, adjust=False).mean().reindex(values.index)


@pytest.mark.parametrize("method", ["min", "max", "mid"])
@pytest.mark.parametrize("volume_types", [("base", "quote"), ("both", "ratio"), ("imbalance",)])
@pytest.mark.parametrize("ma_types", [("sma", "ewma"), ("ewma",)])
def test_the_coefficient_pools_all_ratios_of_shorter_to_longer(method, volume_types, ma_types):
    frame = trades(1, 900)
    engine = VolumeCoefficientEngine(
        time_periods=tuple(PERIODS), coefficient_method=method, volume_types=volume_types, ma_types=ma_types,
        min_coefficient=0.5, max_coefficient=1.6,
    )  # fmt: skip
    engine.add_frame(frame, "binance", "LTC/USDT")
    flat = [name for kind in volume_types for name in (("base", "quote") if kind == "both" else (kind,))]
    found = averages(frame, flat, ma_types)
    pairs = [("1min", "3min"), ("1min", "10min"), ("3min", "10min")]
    ratios = pd.DataFrame(
        {(ma, kind, *pair): found[ma, kind, pair[0]] / found[ma, kind, pair[1]]
         for ma, kind, pair in itertools.product(ma_types, flat, pairs)}
    )  # fmt: skip
    low, high = ratios.min(axis=1), ratios.max(axis=1)
    pooled = {"min": low, "max": high, "mid": (low + high) / 2}[method].clip(0.5, 1.6).fillna(1.0)
    ours = engine.series()["binance LTC/USDT"]
    np.testing.assert_allclose(ours, pooled, rtol=1e-9)
    assert ours[:17].eq(1.0).all()
    assert len(set(ours)) > 100


def volumes_of_the_reference(**options) -> VolumeCoefficientEngine:
    """Averages 121.014, 92.436 and 96.336 over 5, 15 and 30 buckets, by three constant stretches."""
    engine = VolumeCoefficientEngine(
        time_periods=("50s", "150s", "300s"), volume_types=("base",), ma_types=("sma",), **options
    )
    sizes = [100.236] * 15 + [78.147] * 10 + [121.014] * 5
    engine.watch("a", "X/Y").advance(T0)
    for i, size in enumerate(sizes):
        engine.add("a", "X/Y", T0 + i * 10 * S, 2.0, size, "buy")
    engine.advance(T0 + 300 * S)
    return engine


@pytest.mark.parametrize(("method", "expected"), [("min", 0.959517), ("max", 1.309165), ("mid", 1.134341)])
def test_the_worked_ratios_give_the_worked_coefficients(method, expected):
    engine = volumes_of_the_reference(coefficient_method=method)
    assert engine.calculator().averages()["average"].tolist() == pytest.approx([121.014, 92.436, 96.336])
    assert engine.coefficient("a", "X/Y") == pytest.approx(expected, abs=1e-6)


def test_the_bounds_hold():
    assert volumes_of_the_reference(min_coefficient="0.97").coefficient() == 0.97
    assert volumes_of_the_reference(max_coefficient="0.5", coefficient_method="max").coefficient() == 0.5


def test_until_a_longer_window_is_full_the_coefficient_is_one():
    engine = VolumeCoefficientEngine(time_periods=("20s", "40s"), volume_types=("base",))
    half = VolumeCoefficientEngine(time_periods=("20s", "40s"), volume_types=("base",), min_fill=0.5, ma_types=("sma",))
    for each in (engine, half):
        each.watch("a", "X/Y").advance(T0)
        for i, size in enumerate((4.0, 1.0, 1.0, 1.0, 1.0)):
            each.add("a", "X/Y", T0 + (10 * i + 5) * S, 1.0, size, "sell")
        each.advance(T0 + 50 * S)
    assert engine.series()["a X/Y"].tolist() == [1.0, 1.0, 1.0, pytest.approx(1 / 1.75), pytest.approx(0.8, abs=0.2)]
    assert half.series()["a X/Y"].tolist() == pytest.approx([1.0, 1.0, 0.5, 1 / 1.75, 1.0])
    assert engine.get_status()["markets"]["a X/Y"]["ready"]


def test_a_market_without_volume_has_no_pair_and_a_coefficient_of_one():
    engine = VolumeCoefficientEngine(time_periods=("20s", "40s"))
    engine.watch("a", "X/Y").advance(T0)
    engine.advance(T0 + 100 * S)
    assert (engine.coefficient(), engine.calculator().ready) == (1.0, True)


def test_each_market_of_a_frame_has_its_own_coefficient():
    quiet, busy = trades(3, 400, venue="kraken", symbol="A/B"), trades(4, 400, venue="okx", symbol="A/B")
    both = pd.concat([quiet, busy]).sort_values("ts")
    engine = VolumeCoefficientEngine(time_periods=("30s", "2min"))
    assert engine.add_frame(both) == 800
    for name, frame in (("kraken", quiet), ("okx", busy)):
        alone = VolumeCoefficientEngine(time_periods=("30s", "2min"))
        alone.add_frame(frame)
        assert engine.coefficient(name) == alone.coefficient() != 1.0
    assert sorted(engine.coefficients) == [("kraken", "A/B"), ("okx", "A/B")]
    assert sorted(engine.series()) == ["kraken A/B", "okx A/B"]
    with pytest.raises(ConfigError, match="2 found, expected one of: okx A/B, kraken A/B"):
        engine.coefficient()
    with pytest.raises(ConfigError, match="market bybit: 0 found"):
        engine.coefficient("bybit")


def test_a_gap_brings_one_market_back_to_one():
    engine = VolumeCoefficientEngine(time_periods=("30s", "2min"))
    engine.add_frame(trades(3, 400), "a", "X/Y")
    engine.add_frame(trades(3, 400), "b", "X/Y")
    engine.gap("a")
    assert engine.coefficient("a") == 1.0 != engine.coefficient("b")
    assert engine.get_status()["markets"]["a X/Y"]["gaps"] == 1


def test_the_status_tells_method_bounds_and_warm_up():
    engine = VolumeCoefficientEngine(mm.ConfigTemplates.aggressive_multi_currency(), max_coefficient=2.5)
    status = engine.get_status()
    assert (status["calculation_method"], status["min_coefficient"], status["max_coefficient"]) == ("mid", 0.2, 2.5)
    assert status["time_periods"] == ["5min", "10min", "15min"]
    engine.add_frame(trades(1, 20), "a", "X/Y")
    market = engine.get_status()["markets"]["a X/Y"]
    assert (market["ready"], market["trades"], market["coefficient"]) == (False, 20, 1.0)
    assert market["needed_buckets"] == {"5min": 30, "10min": 60, "15min": 90}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"coefficient_method": "mean"}, "coefficient_method: found .*mean"),
        ({"min_coefficient": 4}, "min_coefficient"),
        ({"time_periods": ("5minutes",)}, "did you mean 5min"),
        ({"config": {"base_coin": "A"}}, "config: found .* expected a configuration"),
    ],
)
def test_settings_are_refused_as_the_configuration_refuses_them(arguments, said):
    with pytest.raises(ConfigError, match=said):
        VolumeCoefficientEngine(**arguments)


def test_the_older_spelling_is_the_same_engine():
    assert VolumeCoefficiengEngine is VolumeCoefficientEngine


def test_it_reads_well_in_a_notebook():
    engine = VolumeCoefficientEngine()
    assert repr(engine).endswith("within 0.2 and 3\n  no trades yet")
    engine.add_frame(trades(1, 20), "a", "X/Y")
    assert repr(engine).splitlines() == [
        "VolumeCoefficientEngine: min of ratios over 5min, 15min, 30min, within 0.2 and 3",
        "  a X/Y  1.0000           20 trades  warming up: no pair of averages counts yet",
    ]


def test_the_picture_is_a_file_of_its_kind_or_an_error(tmp_path):
    engine = VolumeCoefficientEngine(time_periods=("30s", "2min"))
    with pytest.raises(ConfigError, match="no bucket is closed yet"):
        engine.picture()
    engine.add_frame(trades(1, 900), "a", "X/Y")
    axes = engine.picture(tmp_path / "out.png").axes
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert axes[0].get_lines()[0].get_label() == "a X/Y"
    assert len(axes[1].patches) > 20
    with pytest.raises(ConfigError, match="expected a name that ends in"):
        engine.picture(tmp_path / "out.doc")


def test_the_engine_itself_finds_the_same_coefficients():
    settings = {
        "base_coin": "BERA", "exchanges": ["binance", "bybit"], "time_periods": ["30s", "1min", "2min"],
        "inventory": {"target_inventory": 0, "max_inventory_deviation": 100}, "tob_lines": [{"hourly_quantity": 1}],
        "volume_types": ["base", "both", "ratio"], "coefficient_method": "mid",
    }  # fmt: skip
    config = mm.StackedMarketMakingConfig(**settings)
    recording = mm.synthetic(["binance", "bybit"], "BERA/USDT", seconds=300)
    series = backtest(config, recording).series
    stored = TradeDataManager()
    stored.add_recording(recording)
    for market in recording.markets:
        calculator = MovingAverageCalculator.of(config, tick=market.tick, lot=market.lot)
        calculator.advance(int(recording.local["ts"][0]))
        stored.back_fill(calculator, market.venue, market.symbol)
        ours = calculator.buckets()["coefficient"]
        theirs = series[f"volume_coefficient {market.name}"].reindex(ours.index + pd.Timedelta(seconds=5)).dropna()
        assert theirs.tolist() == ours[: len(theirs)].tolist()
        assert len(set(theirs)) > 10
