"""The volume coefficient against published numbers, a recorded oracle, and a slow reading of the specification."""

import json
import math
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackedmm.core import rows
from stackedmm.core.market import Market
from tests.core.plain import core
from tests.core.world import SECOND, T0, World, document, market

volume = core.volume
BUCKET = 10 * SECOND
SMA, EWMA = 0, 1
CLOSES = """
    10.5 9.78 10.46 10.51 10.55 10.72 10.16 10.25 9.4 9.5 9.23 8.5 8.8 8.33 7.53 7.61 6.78 8.6 9.21 8.95 9.22 9.1 8.31
    8.37 8.3 7.78 8.05 8.1 8.08 7.49 7.58 8.17 8.83 8.91 9.2 9.76 9.42 9.3 9.32 9.04 9.0 9.33 9.34 8.49 9.21 10.15 10.3
    10.59 10.23 10.0
""".split()
VOLUMES = """
    55.03 117.86 301.04 157.94 39.96 42.87 191.95 55.09 131.58 249.69 77.75 197.33 107.93 35.86 269.05 34.18 209.1
    241.95 162.86 112.99 66.53 87.5 349.14 44.38 45.79 139.4 46.49 27.45 16.44 83.54 15.08 60.72 140.22 171.6 209.26
    199.2 165.77 61.71 29.73 12.93 4.14 12.45 42.23 133.29 120.02 255.3 111.55 108.27 48.29 81.66
""".split()


class Tape:
    """The trades of one market, bucket by bucket; the first bucket is passed over, so that whole ones follow."""

    def __init__(self, *markets: Market, **config: Any) -> None:
        wide = {"min_coefficient": "0.01", "max_coefficient": "100"}
        self.world = World(document(**wide | config), list(markets) or None)
        self.s, self.A, self.m = self.world.s, self.world.A, self.world.s.markets[0]
        self.number = T0 // BUCKET
        self.s.now = T0 + 1
        volume.advance(self.s, self.A, self.m, self.number)
        self.close()

    def trade(self, size: Any, *, sold: bool = False, price: Any = 1) -> None:
        volume.trade(self.s, self.A, self.m, int(sold), self.world.ticks(price), self.world.lots(size))

    def close(self) -> float:
        """End the open bucket; the coefficient."""
        self.number += 1
        self.s.now = self.number * BUCKET
        volume.advance(self.s, self.A, self.m, self.number)
        return float(self.m.volume)

    def buckets(self, *sizes: Any, **how: Any) -> float:
        for size in sizes:
            self.trade(size, **how)
            self.close()
        return float(self.m.volume)

    def average(self, period: int, kind: int, volume_type: int = 0) -> float:
        return float(volume.average(self.m, self.m.periods[period], kind, volume_type) * self.m.lot_base)


def only(kind: str, of: str = "base", *periods: str, **more: Any) -> dict[str, Any]:
    return {"ma_types": [kind], "volume_types": [of], "time_periods": list(periods or ("50s", "150s", "5min"))} | more


@pytest.mark.parametrize(("method", "expected"), [("min", 0.959517), ("max", 1.309165), ("mid", 1.134341)])
def test_published_volumes_give_the_published_averages_and_ratios(method: str, expected: float) -> None:
    tape = Tape(**only("sma", coefficient_method=method))
    assert tape.buckets(*VOLUMES) == pytest.approx(expected, abs=5e-7)
    assert [tape.average(i, SMA) for i in range(3)] == pytest.approx([121.014, 92.436, 96.336], abs=5e-4)


def test_exponential_averages_are_seeded_by_the_plain_average_of_their_first_window() -> None:
    tape = Tape(**only("ewma", "base", "200s", "210s"))
    found = []
    for close in CLOSES:
        tape.buckets(close)
        found.append((tape.average(0, EWMA), tape.average(0, SMA)))
    assert found[19][0] == pytest.approx(found[19][1])
    assert [e for e, _ in found[-3:]] == pytest.approx([9.319374, 9.406100, 9.462662], abs=5e-7)
    assert [a for _, a in found[-3:]] == pytest.approx([9.0755, 9.1830, 9.3085], abs=5e-7)


def test_recorded_trades_fill_the_windows_of_the_oracle(data: Path) -> None:
    table = pq.read_table(data / "trades" / "trades_binance_ltcusdt_20250621.parquet").slice(0, 20_000).to_pydict()
    oracle = json.loads((data / "oracles" / "volume_windows_ltc_20250621.json").read_text())[:4]
    tape = Tape(market(tick=Decimal("0.01"), lot=Decimal("0.001")), **only("sma", "base", "5min", "15min", "30min"))
    tape.m.bucket = 0
    trades = iter(zip(*(table[name] for name in ("ts_exchange_ns", "side", "price", "size")), strict=True))
    ts, side, price, size = next(trades)
    for expected in oracle:
        while ts <= expected["t_ns"]:
            tape.s.now = ts
            volume.trade(tape.s, tape.A, tape.m, int(side == "sell"), round(price * 100), round(size * 1000))
            ts, side, price, size = next(trades)
        tape.s.now = expected["t_ns"]
        volume.advance(tape.s, tape.A, tape.m, expected["t_ns"] // BUCKET)
        for period, name in zip(tape.m.periods, ("5m", "15m", "30m"), strict=False):
            window = expected[name]
            assert windows(period) == pytest.approx([window["base"], window["quote"], window["imbalance"]], abs=1e-4)


def windows(period: Any) -> list[float]:
    """Sum of size, of value and of signed size, of a market with tick 0.01 and lot 0.001."""
    bought, sold, bought_quote, sold_quote = (int(n) for n in period.sums)
    return [(bought + sold) / 1e3, (bought_quote + sold_quote) / 1e5, (bought - sold) / 1e3]


# --- a slow reading of the specification ---

Bucket = list[float]  # bought and sold in base, bought and sold in quote
TYPES = ("base", "quote", "both", "ratio", "imbalance")
PERIODS = ("30s", "1min", "90s")
LENGTHS = (3, 6, 9)


def slow_average(buckets: list[Bucket], length: int, kind: str, of: str) -> float | None:
    """One average of one volume type over the last `length` buckets."""
    means = []
    for k in range(4):
        series = [bucket[k] for bucket in buckets]
        if kind == "sma":
            tail = series[-length:]
            means.append(sum(tail) / len(tail))
        elif len(series) < length:
            return None
        else:
            mean = sum(series[:length]) / length
            for value in series[length:]:
                mean += 2 / (length + 1) * (value - mean)
            means.append(mean)
    bought, sold, bought_quote, sold_quote = means
    if of == "ratio":
        return 1.0 if bought == sold == 0 else min(max(bought / sold if sold else math.inf, 0.1), 10.0)
    if of == "imbalance":
        return 1.0 + (abs(bought - sold) / (bought + sold) if bought + sold else 0.0)
    return bought + sold if of == "base" else bought_quote + sold_quote


def slow_coefficient(buckets: list[Bucket], config: dict[str, Any]) -> float:
    """Section 5, read word by word."""
    types = [each for of in config["volume_types"] for each in (("base", "quote") if of == "both" else (of,))]
    ratios = []
    for kind in config["ma_types"]:
        for of in types:
            for short, long in combinations(LENGTHS, 2):
                if not buckets or len(buckets) < float(config["min_fill"]) * long:
                    continue
                averages = [slow_average(buckets, length, kind, of) for length in (short, long)]
                if averages[0] is not None and averages[1]:
                    ratios.append(averages[0] / averages[1])
    if not ratios:
        return 1.0
    pooled = {"min": min(ratios), "max": max(ratios), "mid": (min(ratios) + max(ratios)) / 2}
    low, high = float(config["min_coefficient"]), float(config["max_coefficient"])
    return min(max(pooled[config["coefficient_method"]], low), high)


one_trade = st.tuples(st.integers(1, 10_000), st.booleans(), st.integers(9_900, 10_100))
one_bucket = st.one_of(st.just([]), st.lists(one_trade, max_size=3), st.just("gap"))
settings_of = st.fixed_dictionaries(
    {
        "volume_types": st.lists(st.sampled_from(TYPES), min_size=1, max_size=5, unique=True),
        "ma_types": st.sampled_from([["sma"], ["ewma"], ["sma", "ewma"]]),
        "min_fill": st.sampled_from(["1", "0.5", "0.2"]),
        "coefficient_method": st.sampled_from(["min", "max", "mid"]),
        "min_coefficient": st.sampled_from(["0.01", "0.5"]),
        "max_coefficient": st.sampled_from(["100", "1.5"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(one_bucket, min_size=1, max_size=24), settings_of)
def test_the_coefficient_is_what_a_slow_reading_of_the_specification_gives(
    story: list[Any], config: dict[str, Any]
) -> None:
    tape = Tape(time_periods=list(PERIODS), **config)
    buckets: list[Bucket] = []
    for trades in story:
        if trades == "gap":
            tape.s.now += 1
            tape.trade(1)
            volume.forget(tape.s, tape.A, tape.m)
            tape.trade(1)
            buckets.clear()
            assert tape.close() == 1.0
            continue
        buckets.append([0.0] * 4)
        for lots, sold, ticks in trades:
            tape.trade(Decimal(lots) / 100, sold=sold, price=Decimal(ticks) / 10_000)
            buckets[-1][sold] += lots
            buckets[-1][2 + sold] += lots * ticks
        assert tape.close() == pytest.approx(slow_coefficient(buckets, config), rel=1e-9)


# --- buckets, gaps, time ---


def test_the_coefficient_is_1_until_a_longer_window_is_full() -> None:
    tape = Tape(**only("sma", "base", "30s", "1min", "2min"))
    found = [tape.buckets(size) for size in (1, 1, 1, 1, 1, 4, 1)]
    assert found[:5] == [1.0] * 5
    assert found[5] == pytest.approx(2.0 / 1.5)


def test_without_trades_a_long_average_of_zero_skips_the_pair() -> None:
    tape = Tape(**only("sma", "base", "30s", "1min"))
    assert tape.buckets(*[5] * 6) == 1.0
    assert [tape.close() for _ in range(3)][-1] == 0.01
    assert [tape.close() for _ in range(3)][-1] == 1.0


def test_the_bucket_in_which_listening_began_does_not_count() -> None:
    world = World(document(**only("sma", "base", "30s", "1min")))
    world.now += 1
    world.book({"0.9998": 1000}, {"1.0002": 1000})
    world.tell(rows.TRADE, px=10_000, qty=1)
    m = world.s.markets[0]
    found = []
    for _ in range(7):
        world.wait(10)
        found.append(int(m.clean))
    assert found == [0, 1, 2, 3, 4, 5, 6]
    assert m.periods[0].sums.tolist() == [0] * 4


def test_no_window_over_a_gap_in_the_trades_counts() -> None:
    world = World(document(**only("sma", "base", "30s", "1min")))
    world.open()
    m = world.s.markets[0]

    def buckets(*sizes: int) -> float:
        for size in sizes:
            world.tell(rows.TRADE, px=10_000, qty=size)
            world.wait(10)
        return float(m.volume)

    assert buckets(1, 1, 1, 1, 1, 1, 7) == pytest.approx(1.5)
    world.tell(rows.GAP)
    assert m.volume == pytest.approx(1.5), "the book's stream alone says nothing of trades"
    world.tell(rows.GAP, marks=rows.TRADES)
    assert m.volume == 1.0
    world.wait(600)
    world.open()
    assert buckets(1, 1, 1, 1, 1, 1) == 1.0
    assert buckets(7) == pytest.approx(1.5)


def test_a_late_trade_enters_the_bucket_of_its_arrival() -> None:
    tape = Tape(**only("sma", "base", "30s", "1min"))
    world = tape.world
    world.book({"0.9998": 1000}, {"1.0002": 1000})
    tape.close()
    world.now = int(tape.s.now) + SECOND
    world.row[0].lag_us = 9_000_000
    world.tell(rows.TRADE, px=10_000, qty=300)
    tape.close()
    index = (tape.number - 1) & tape.m.volume_mask
    assert tape.A[tape.m.volume_ring + 4 * index] == 300


def test_buckets_begin_at_whole_tens_of_seconds_of_utc() -> None:
    world = World(document(**only("sma", "base", "30s", "1min")))
    world.open()
    m = world.s.markets[0]
    world.wait(9.8)
    before = int(m.bucket)
    world.wait(0.1)
    assert (before, int(m.bucket)) == (T0 // BUCKET, T0 // BUCKET + 1)


def test_a_long_silence_empties_every_window() -> None:
    tape = Tape(**only("sma", "base", "30s", "1min"))
    tape.buckets(*[5] * 12)
    tape.number += 100_000
    assert tape.close() == 1.0
    assert not any(period.sums.any() for period in tape.m.periods)


def test_each_market_has_its_own_coefficient() -> None:
    pair = [market("binance"), market("bybit")]
    world = World(document(exchanges=["binance", "bybit"], **only("sma", "base", "30s", "1min")), pair)
    world.open()
    world.wait(9.9)
    for i in range(7):
        world.tell(rows.TRADE, px=10_000, qty=100 if i < 4 else 300)
        world.tell(rows.TRADE, px=10_000, qty=100, at=1)
        world.wait(10)
    assert [float(m.volume) for m in world.s.markets[:2]] == pytest.approx([1.5, 1.0])


def test_a_shorter_average_passing_a_longer_one_is_a_crossover() -> None:
    tape = Tape(**only("sma", "base", "30s", "1min"))
    tape.buckets(1, 1, 1, 5, 5, 5)
    assert tape.m.crossovers == 0
    tape.buckets(1, 1, 1, 1)
    assert tape.m.crossovers == 1
    tape.buckets(9)
    assert tape.m.crossovers == 2


def test_pairs_beyond_sixty_four_are_told_apart() -> None:
    periods = ["10s", "20s", "30s", "40s", "50s", "1min"]
    tape = Tape(ma_types=["sma", "ewma"], volume_types=list(TYPES), time_periods=periods)
    for i in range(40):
        tape.trade(100 + 7 * i, price=Decimal(10_000 + i) / 10_000)
        tape.trade(50, sold=True)
        tape.close()
    assert tape.m.crossovers == 0
    assert sum((int(word) & (1 << 64) - 1).bit_count() for word in tape.m.compared) == 180


def test_an_exponential_average_ends_at_an_hour() -> None:
    tape = Tape(**only("ewma", "base", "30s", "1h", "2h"))
    for i in range(740):
        tape.buckets(1 if i < 700 else 9)
    assert [bool(period.seeded) for period in tape.m.periods[:3]] == [True, True, False]
