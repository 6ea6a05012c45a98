"""Descriptions of markets: from ccxt, from the venues, from the data."""

import gzip
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from stackedmm.core.market import INVERSE, LINEAR, SPOT, Market
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import from_json, load, plain, split_symbol, to_json, venue_name
from stackedmm.feeds.recording import read

AAA = Market("binance", "AAA/USDT", "AAA", "USDT", tick=Decimal("0.01"), lot=Decimal("0.1"), source="ccxt")
ROWS = [("trade", "buy", 11.05, 1.2, 1, 1, 1), ("trade", "buy", 11.1, 3.0, 2, 2, 2)]


def ccxt(**changes) -> dict:
    record = {"symbol": "AAA/USDT", "base": "AAA", "quote": "USDT", "precision": {"price": 0.01, "amount": 0.1}}
    return {"AAA/USDT": record | changes}


def test_ccxt_descriptions_give_steps_kinds_limits_and_fees(data):
    markets = load(data / "meta" / "ccxt_markets_binanceusdm_202503.json.gz", ["binanceusdm"])
    market = markets["binanceusdm", "BERA/USDT:USDT"]
    assert (market.tick, market.lot, market.kind) == (Decimal("0.001"), Decimal("0.1"), LINEAR)
    assert (market.min_notional, market.maker_fee, market.taker_fee) == (5, Decimal("0.0002"), Decimal("0.0005"))
    assert market.settle == "USDT"


def test_a_ccxt_file_tells_its_venue_by_its_name(data):
    markets = load(data / "meta" / "ccxt_markets_bybit_202503.json.gz", ["binance", "bybit"])
    assert markets["bybit", "BERA/USDT"].kind == SPOT
    assert markets["bybit", "BTC/USD:BTC"].kind == INVERSE
    assert markets["bybit", "BTC/USD:BTC"].contract_size == 1


def test_a_ccxt_file_of_nobody_is_refused(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(ccxt()))
    with pytest.raises(ConfigError, match="cannot tell whose markets"):
        load(tmp_path / "m.json", ["binance", "gate"])


def test_precision_may_be_given_in_decimal_places(tmp_path):
    (tmp_path / "gate.json.gz").write_bytes(
        gzip.compress(json.dumps(ccxt(precision={"price": 3, "amount": 0})).encode())
    )
    market = load(tmp_path / "gate.json.gz", ["gate"])["gate", "AAA/USDT"]
    assert (market.tick, market.lot) == (Decimal("0.001"), Decimal(1))


def test_every_native_record_is_read(data):
    records = json.loads((data / "meta" / "markets_native.json").read_text())
    markets = load(data / "meta" / "markets_native.json")
    assert len(markets) == len(records) == 49
    assert all(market.tick > 0 and market.lot > 0 for market in markets.values())


@pytest.mark.parametrize(
    ("venue", "symbol", "tick", "lot", "size", "kind"),
    [
        ("bybit", "BERA/USDT:USDT", "0.0001", "1", "1", LINEAR),
        ("binancecoinm", "BTC/USD:BTC", "0.1", "1", "100", INVERSE),
        ("binancecoinm", "ETH/USD:ETH", "0.01", "1", "10", INVERSE),
        ("gate", "OMG/USDT", "0.001", "0.001", "1", SPOT),
        ("gate", "BTC/USDT:USDT", "0.1", "1", "0.0001", LINEAR),
        ("okx", "UNI/USD:UNI", "0.001", "1", "10", INVERSE),
        ("coinbase", "BERA/USD", "0.001", "0.01", "1", SPOT),
    ],
)
def test_native_records_give_steps_and_contract_sizes(data, venue, symbol, tick, lot, size, kind):
    market = load(data / "meta" / "markets_native.json")[venue, symbol]
    assert (market.tick, market.lot, market.contract_size) == (Decimal(tick), Decimal(lot), Decimal(size))
    assert (market.kind, market.source) == (kind, "native")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', '{"A/B": {"symbol": 3}}', '{"bybit|spot|A|x": {}}'])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "bybit.json").write_text(text)
    with pytest.raises(ConfigError, match=r"bybit\.json: "):
        load(tmp_path / "bybit.json", ["bybit"])


def test_half_a_gzip_is_refused(data, tmp_path):
    whole = (data / "meta" / "ccxt_markets_bybit_202503.json.gz").read_bytes()
    (tmp_path / "bybit.json.gz").write_bytes(whole[:9000])
    with pytest.raises(ConfigError, match="not JSON, plain or gzipped"):
        load(tmp_path / "bybit.json.gz", ["bybit"])


def test_steps_are_inferred_from_the_finest_decimals_and_their_divisor(neutral):
    recording = read(neutral(*ROWS))
    market = recording.markets[0]
    assert (market.tick, market.lot, market.source) == (Decimal("0.05"), Decimal("0.1"), "inferred")
    assert "binance AAA/USDT: tick 0.05 and lot 0.1 inferred" in recording.notes


def test_a_description_that_fits_is_taken_as_it_is(neutral):
    recording = read(neutral(*ROWS), markets=AAA)
    assert recording.markets == (AAA,)
    assert recording.local["px"].tolist() == [1105, 1110]
    assert recording.notes == ()


def test_steps_coarser_than_the_data_give_way_and_it_is_noted(neutral):
    recording = read(neutral(*ROWS), markets=[replace(AAA, tick=Decimal("0.1"), lot=Decimal(1))])
    assert (recording.markets[0].tick, recording.markets[0].lot) == (Decimal("0.05"), Decimal("0.1"))
    assert "tick 0.1 does not fit the data, which steps by 0.05; lot 1" in recording.notes[0]


def test_descriptions_of_files_serve_recordings(data):
    recording = read(
        data / "books" / "bybit_20260809.parquet", markets=data / "meta" / "ccxt_markets_bybit_202503.json.gz"
    )
    assert {market.source for market in recording.markets} == {"ccxt"}


def test_inverse_contracts_of_coinm_are_known_by_coin(binance3):
    sizes = {
        market.symbol: (market.kind, market.contract_size) for market in binance3.markets if market.kind == INVERSE
    }
    assert sizes == {"BTC/USD:BTC": (INVERSE, 100), "ETH/USD:ETH": (INVERSE, 10)}


def test_an_assumed_contract_size_is_noted(neutral):
    recording = read(neutral(*ROWS, venue="gate", symbol="AAA/USDT:USDT"))
    assert "a contract is taken as 1 AAA" in recording.notes[0]


@pytest.mark.parametrize("symbol", ["BTC", "BTC/", "/USDT", ""])
def test_a_symbol_without_base_or_quote_is_refused(symbol):
    with pytest.raises(ConfigError, match="expected BASE/QUOTE"):
        split_symbol(symbol)


def test_names_and_numbers_have_one_spelling():
    assert [venue_name(word) for word in ("gateio", "bybit_perp", "gateio_spot", "okx")] == [
        "gate",
        "bybit",
        "gate",
        "okx",
    ]
    assert [plain(Decimal(text)) for text in ("1E-8", "100", "1E+2", "2.50")] == ["0.00000001", "100", "100", "2.5"]


def test_descriptions_survive_their_own_text(tmp_path):
    assert from_json(tmp_path, to_json([AAA])) == [AAA]
    with pytest.raises(ConfigError, match="its own description of markets"):
        from_json(tmp_path, b'[{"venue": 3}]')
