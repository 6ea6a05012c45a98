"""A file that is not usable is refused in words that say where and why."""

from pathlib import Path

import pytest

from stackedmm.errors import ConfigError
from stackedmm.feeds.recording import read

T = 1_700_000_000_000_000_000
ROWS = [("trade", "buy", 11.0, 1.0, n, n, n) for n in range(1, 5)]
NAN = float("nan")
BAD_VALUES = {
    "price": [(NAN, "nan"), (float("inf"), "inf"), (-1.0, "-1.0"), (0.0, "0.0"), (1e300, "1e[+]300")],
    "size": [(NAN, "nan"), (-1.0, "-1.0"), (1e299, "1e[+]299")],
    "ts_local_ns": [(1_700_000_000_000, "this looks like milliseconds"), (1_700_000_000_000_000, "microseconds")],
    "ts_exchange_ns": [(1_700_000_000, "this looks like seconds"), (-5, "-5"), (2**62, "2009 and 2100")],
    "seq_last": [(-3, "-3")],
}


@pytest.mark.parametrize(
    ("column", "value", "words"), [(name, *each) for name, bad in BAD_VALUES.items() for each in bad]
)
def test_a_bad_value_is_named_with_file_row_and_column(neutral, column, value, words):
    good = {"price": 11.0, "size": 1.0, "seq_last": 1}.get(column, T + 4_000_000)
    values = [good, good, value, good]
    path = neutral(*ROWS, **{column: values})
    with pytest.raises(ConfigError, match=rf"a\.parquet: row 2, column .*{column}.*{words}"):
        read(path)


@pytest.mark.parametrize(("column", "value", "words"), [("kind", "quote", "'quote'"), ("side", "bid", "buy or sell")])
def test_an_unknown_word_is_named(neutral, column, value, words):
    good = {"kind": "trade", "side": "buy"}[column]
    path = neutral(*ROWS, **{column: [good, value, good, good]})
    with pytest.raises(ConfigError, match=f"row 1, column {column}: .*{words}"):
        read(path)


def test_a_missing_column_is_named(neutral):
    with pytest.raises(ConfigError, match="column seq_last missing; found ts_exchange_ns"):
        read(neutral(*ROWS, seq_last=None))


def test_an_extra_column_is_noted(neutral):
    recording = read(neutral(*ROWS, colour=[1, 2, 3, 4]))
    assert "a.parquet: columns not used: colour" in recording.notes


@pytest.mark.parametrize(("column", "values"), [("price", ["1"] * 4), ("ts_local_ns", [1.5] * 4), ("kind", [1] * 4)])
def test_a_column_of_another_type_is_named(neutral, column, values):
    with pytest.raises(ConfigError, match=f"column {column} is .*, expected"):
        read(neutral(*ROWS, **{column: values}))


@pytest.mark.parametrize("column", ["price", "venue", "side", "ts_local_ns"])
def test_a_null_is_named(neutral, column):
    good = {"price": 11.0, "venue": "binance", "side": "buy", "ts_local_ns": T}[column]
    path = neutral(*ROWS, **{column: [good, good, None, good]})
    with pytest.raises(ConfigError, match=f"row 2, column {column}: null"):
        read(path)


def test_rows_out_of_order_are_refused(neutral):
    path = neutral(*ROWS, ts_local_ns=[T, T + 5, T + 3, T + 9])
    with pytest.raises(ConfigError, match=r"row 2, column ts_local_ns: .* earlier than the row before"):
        read(path)


def test_messages_torn_apart_are_refused(neutral):
    with pytest.raises(ConfigError, match=r"row 2, column msg: .* lower than in the row before"):
        read(neutral(*ROWS[:2], ROWS[0], ts_local_ns=[T, T, T]))


def test_a_price_of_too_many_digits_is_refused(neutral):
    with pytest.raises(ConfigError, match=r"row 1, column price: 0\.1234567890123456.*at most 15 digits"):
        read(neutral(ROWS[0], ("trade", "buy", 0.1234567890123456, 1.0, 2, 2, 2)))


def test_values_too_far_apart_to_count_are_refused(neutral):
    with pytest.raises(ConfigError, match="row 1, column price"):
        read(neutral(("trade", "buy", 1e-15, 1.0, 1, 1, 1), ("trade", "buy", 1e14, 1.0, 2, 2, 2)))


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none\.parquet: no such file"):
        read(tmp_path / "none.parquet")
    with pytest.raises(ConfigError, match="no file to read"):
        read([])


def test_other_bytes_are_refused(tmp_path: Path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but nothing else")
    with pytest.raises(ConfigError, match="not a whole Parquet file"):
        read(tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match=f"{tmp_path}: not a whole Parquet file"):
        read(tmp_path)


def test_half_a_file_is_refused(neutral):
    path = neutral(*ROWS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConfigError, match="not a whole Parquet file"):
        read(path)


def test_damaged_pages_are_refused(neutral):
    path = neutral(*[("trade", "buy", 11.0 + n / 7.0 // 0.01 / 100, 1.0, n, n, n) for n in range(1, 2000)])
    content = bytearray(path.read_bytes())
    content[4:4000] = bytes(3996)
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        read(path)


def test_a_file_without_rows_is_refused(neutral):
    with pytest.raises(ConfigError, match="no rows"):
        read(neutral())


def test_a_time_span_that_ends_before_it_starts_is_refused(neutral):
    with pytest.raises(ConfigError, match="is not before end"):
        read(neutral(*ROWS), start=T + 2, end=T + 1)


def test_a_row_without_any_time_is_refused(neutral):
    with pytest.raises(ConfigError, match="row 0, column ts_local_ns: 0"):
        read(neutral(*ROWS, ts_local_ns=[0] * 4, ts_exchange_ns=[0] * 4))


def test_rows_are_numbered_as_in_the_file_where_markets_were_chosen(neutral):
    path = neutral(*ROWS, venue=["gate", "binance", "gate", "binance"], price=[1.0, 1.0, 1.0, -1.0])
    with pytest.raises(ConfigError, match="row 3, column price: -1"):
        read(path, venues=["binance"])


def test_recordings_of_different_times_are_not_one(neutral):
    day = 86_400 * 10**9
    week = neutral(*ROWS, ts_local_ns=[T, T + 1, T + 7 * day, T + 14 * day])
    assert len(read(week).local) == 4
    years = neutral(*ROWS, ts_local_ns=[T, T + 1, T + 7 * day + 2, T + 8 * day])
    words = r"no row from 2023-11-14 22:13:20 to 2023-11-21 22:13:20 UTC, expected no silence above 7 days; read"
    with pytest.raises(ConfigError, match=words):
        read(years)
