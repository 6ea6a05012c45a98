"""`stackedmm backtest`: what it prints and writes, and that bad input is refused whole, with one clear message."""

import json
import resource

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stackedmm as mm
from stackedmm.lab import ready

OUT = {"orders.parquet", "fills.parquet", "decisions.parquet", "series.parquet", "summary.json"}


@pytest.fixture
def backtest(stackedmm, config_file):
    """Run the backtest of the template on files."""
    return lambda *words: stackedmm("backtest", "--config", config_file, *words)


def test_json_is_one_object_and_equal_to_the_library_s_summary(backtest, recording_file):
    code, out, _ = backtest("--data", recording_file, "--json", "--fees", "1,5", "--latency-ms", "7", "--seed", 3)
    assert code == 0
    assert out.count("\n") == 1
    config = mm.ConfigTemplates.conservative_bera_usdt()
    expected = mm.backtest(config, recording_file, fees=(1, 5), latency_ms=7, seed=3).summary
    timed = {"seconds": 0, "rows_per_second": 0}
    assert json.loads(out) | timed == expected | timed


def test_without_data_a_synthetic_market_of_the_asked_length_is_traded(stackedmm):
    code, out, _ = stackedmm("backtest", "--template", "high_frequency_single_venue", "--seconds", 30, "--json")
    found = json.loads(out)
    assert (code, found["start"][:19], found["end"][:19]) == (0, "2025-03-03T10:00:00", "2025-03-03T10:00:30")
    assert [each["venue"] for each in found["venues"]] == ["binance"]


def test_tables_name_lines_venues_refusals_and_notes(backtest, recording_file):
    code, out, err = backtest(
        "--data", recording_file, "--start", "2025-03-03T10:00:05", "--end", "2025-03-03T10:00:15"
    )
    assert (code, err) == (0, "")
    for word in ("Result", "10:00:05", "Lines", "tob-1", "Venues", "bybit", "Quotes that did not stand"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 110


def test_everything_asked_for_is_written(backtest, recording_file, tmp_path):
    words = ("--out", tmp_path / "out", "--picture", tmp_path / "run.png", "--report", tmp_path / "run.html")
    code, _, _ = backtest("--data", recording_file, *words)
    assert code == 0
    assert {each.name for each in (tmp_path / "out").iterdir()} == OUT
    assert {each.name for each in tmp_path.iterdir()} == {"out", "run.png", "run.html"}


def test_what_was_inferred_is_said_and_what_a_file_of_markets_says_is_not(backtest, recording_file, tmp_path):
    table = pq.read_table(recording_file).replace_schema_metadata(None)
    bare = tmp_path / "bare.parquet"
    pq.write_table(table, bare)
    code, out, _ = backtest("--data", bare, "--json")
    notes = json.loads(out)["notes"]
    assert code == 0
    assert any("tick" in note and "inferred" in note for note in notes)
    assert any(note.startswith("fees: none are known for binance BERA/USDT") for note in notes)
    record = {
        "symbol": "BERA/USDT", "base": "BERA", "quote": "USDT", "precision": {"price": "0.001", "amount": "0.1"},
        "limits": {"amount": {"min": "0.1"}, "cost": {"min": "5"}}, "maker": "0.0002", "taker": "0.0004",
    }  # fmt: skip
    markets = tmp_path / "ccxt_binance.json"
    markets.write_text(json.dumps({"BERA/USDT": record}))
    code, out, _ = backtest("--data", bare, "--markets", markets, "--json")
    found = json.loads(out)
    assert code == 0
    assert [each["steps_from"] for each in found["venues"]] == ["ccxt", "inferred", "inferred"]
    assert (found["venues"][0]["maker_fee_bps"], found["venues"][0]["taker_fee_bps"]) == (2.0, 4.0)


def truncated(path, source, table):
    data = source.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def unsorted(path, source, table):
    pq.write_table(table.take(np.arange(len(table))[::-1]), path)


def holed(path, source, table):
    price = table["price"].to_numpy().copy()
    price[1000] = np.nan
    pq.write_table(table.set_column(table.schema.get_field_index("price"), "price", pa.array(price)), path)


def misshapen(path, source, table):
    pq.write_table(table.drop_columns(["msg"]).append_column("comment", pa.array(["x"] * len(table))), path)


def retyped(path, source, table):
    place = table.schema.get_field_index("ts_local_ns")
    pq.write_table(table.set_column(place, "ts_local_ns", pa.array(np.zeros(len(table)))), path)


def empty(path, source, table):
    pq.write_table(table.slice(0, 0), path)


def nothing(path, source, table):
    path.write_bytes(b"")


def absent(path, source, table):
    """No file at all."""


def foreign(path, source, table):
    symbol = pa.array(["DOGE/USDT"] * len(table))
    bare = table.replace_schema_metadata(None)
    pq.write_table(bare.set_column(table.schema.get_field_index("symbol"), "symbol", symbol), path)


def nameless(path, source, table):
    venue = pa.array([None, *["binance"] * (len(table) - 1)])
    pq.write_table(table.set_column(table.schema.get_field_index("venue"), "venue", venue), path)


BAD_FILES = [
    (truncated, "not a whole Parquet file"),
    (unsorted, "is earlier than the row before; expected order of arrival"),
    (holed, "row 1000, column price: nan, expected a price above 0"),
    (misshapen, "column msg missing"),
    (retyped, "column ts_local_ns is double, expected int64"),
    (empty, "no rows"),
    (nothing, "not a whole Parquet file"),
    (absent, "no such file"),
    (foreign, "gate DOGE/USDT; expected BERA/USDT on binance, bybit, gateio"),
    (nameless, "column venue: null"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD_FILES, ids=[each.__name__ for each, _ in BAD_FILES])
def test_a_bad_file_is_refused_with_where_and_what(spoil, said, backtest, recording_file, tmp_path):
    path = tmp_path / "bad.parquet"
    spoil(path, recording_file, pq.read_table(recording_file))
    before = set(tmp_path.iterdir())
    code, out, err = backtest("--data", path, "--out", tmp_path / "out", "--picture", tmp_path / "run.png")
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("stackedmm: ")
    assert "Traceback" not in err
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fees", "1"), "fees: found ('1',), expected two numbers"),
        (("--fees", "one,two"), "fees: maker 'one', expected a number of bps"),
        (("--fees", "nan,1"), "fees: maker nan bps"),
        (("--start", "tomorrow"), "start: found 'tomorrow', expected an ISO time or ns"),
        (("--end", "2020-01-01"), "no row lies before the end asked for"),
        (("--start", "2025-03-03T10:00:10", "--end", "2025-03-03T10:00:05"), "is not before end"),
        (("--start", "2030-01-01"), "no row lies"),
        (("--queue", "lifo"), "queue model 'lifo' is none of risk_averse, power_prob"),
        (("--latency-ms", "-3"), "latency_ms: found -3.0, expected 0 to 60000 ms"),
        (("--latency-ms", "nan"), "latency_ms: found nan"),
        (("--latency-ms", "soon"), "invalid float value: 'soon'"),
        (("--seed", "-1"), "seed: found -1"),
        (("--seconds", "10"), "--seconds: is of the synthetic market"),
        (("--rules", "nowhere"), "nowhere"),
        (("--markets", "nowhere.json"), "nowhere.json"),
        (("--picture", "run.bmp"), "expected a name that ends in .png, .svg, .pdf"),
        (("--picture", "nowhere/run.png"), "no such folder"),
        (("--report", "run.pdf"), "expected a name that ends in .html"),
        (("--report", "nowhere/run.html"), "no such folder"),
    ],
)
def test_bad_words_are_refused_before_anything_is_written(words, said, backtest, recording_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = backtest("--data", recording_file, "--out", "out", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found nothing, expected an object"),
        ('{"base_coin": "BERA"', "not JSON"),
        ('{"base_coin": "BERA", "exchanges": ["binance"], "tob": []}', "tob: unknown"),
        ("[1, 2]", "expected an object"),
        ('{"base_coin": NaN}', "found NaN, expected a finite number"),
    ],
)
def test_a_bad_configuration_is_refused(text, said, stackedmm, recording_file, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(text)
    code, out, err = stackedmm("backtest", "--config", path, "--data", recording_file)
    assert (code, out) == (2, "")
    assert said in err


def test_a_configuration_or_a_template_is_needed_and_must_be_there(stackedmm, tmp_path):
    assert "one of the arguments --config --template is required" in stackedmm("backtest")[2]
    code, _, err = stackedmm("backtest", "--template", "reckless")
    assert (code, "conservative_bera_usdt" in err) == (2, True)
    code, _, err = stackedmm("backtest", "--config", tmp_path / "none.json")
    assert (code, "cannot be read: No such file" in err) == (2, True)
    code, _, err = stackedmm("backtest", "--template", "conservative_bera_usdt", "--seconds", "0")
    assert (code, "seconds: 0, expected 1 to" in err) == (2, True)


def test_a_place_that_holds_something_else_is_left_alone(backtest, recording_file, tmp_path):
    (tmp_path / "out").write_text("mine")
    code, out, err = backtest("--data", recording_file, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert "is a file; expected a folder" in err
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_leaves_nothing_half_written(backtest, recording_file, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    try:
        code, out, err = backtest("--data", recording_file, "--out", tmp_path / "out", "--json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out) == (2, "")
    assert "out: cannot be written" in err
    assert list(tmp_path.iterdir()) == []


def test_waiting_for_the_compiler_is_announced(backtest, recording_file, monkeypatch):
    monkeypatch.setattr(ready, "ready", lambda entries: not entries)
    code, _, err = backtest("--data", recording_file)
    assert code == 0
    assert err == "compiling what reads market data, once\ncompiling the engine, once, about half a minute\n"


def test_machine_code_is_known_to_be_there_or_not(monkeypatch, tmp_path):
    backtest = mm.backtest(mm.ConfigTemplates.high_frequency_single_venue(), collect=False)
    assert backtest.summary["orders"] > 0
    assert ready.ready(ready.LOOP)
    monkeypatch.setattr(ready.machine, "CACHE", tmp_path)
    monkeypatch.setattr(ready.loop.run, "overloads", {}, raising=False)
    assert not ready.ready(ready.LOOP)
    (tmp_path / "engine_0").mkdir()
    (tmp_path / "engine_0" / "loop.stackedmm.engine.loop.run-9.py311.nbi").write_bytes(b"")
    assert ready.ready(ready.LOOP)


def test_warming_compiles_what_is_cold_and_says_so(stackedmm, monkeypatch):
    used = []
    parts = [
        ready.Part("engine", (1,), lambda: used.append("engine")),
        ready.Part("books", (), lambda: used.append("b")),
    ]
    monkeypatch.setattr(ready, "parts", lambda: parts)
    monkeypatch.setattr(ready, "ready", lambda entries: not entries)
    code, _, err = stackedmm("warm")
    assert (code, used) == (0, ["engine"])
    assert "compiled in" in err
    assert err.endswith("engine\n")


@pytest.mark.slow
def test_each_part_of_the_product_can_be_used_and_is_ready_then():
    for part in ready.parts():
        part.use()
        assert ready.ready(part.entries), part.name
