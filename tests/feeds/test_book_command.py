"""`stackedmm book` as a person and as a script see it."""

import argparse
import gzip
import json
import re
from decimal import Decimal

import pytest

from stackedmm.cli.book import add

AT = "1617643150000000000"


@pytest.fixture
def command(data, capsys):
    """Run `book` on a recording; answers exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        add(parser.add_subparsers(required=True))
        file = str(data / "books" / "binanceus_20210405.parquet")
        args = parser.parse_args(["book", "--data", file, *words])
        return (args.run(args), *capsys.readouterr())

    return run


def test_json_gives_the_levels_best_first_digit_for_digit(command):
    code, out, err = command("--venue", "binanceus", "--symbol", "BTC/USD", "--at", AT, "--depth", "3", "--json")
    book = json.loads(out, parse_float=Decimal, parse_int=Decimal)
    assert (code, err) == (0, "")
    assert [len(book[side]) for side in ("bids", "asks")] == [3, 3]
    assert book["bids"][0] > book["bids"][1] > book["bids"][2]
    assert book["bids"][0][0] < book["asks"][0][0] < book["asks"][1][0]
    assert not re.search(r"\d[eE]", out)


def test_json_equals_the_rebuilt_book(command, data):
    with gzip.open(data / "oracles" / "book_every10s_binanceus_20210405.jsonl.gz", "rt") as lines:
        each = next(e for e in map(json.loads, lines) if e["symbol"] == "ETH/BTC" and str(e["ts_local_ns"]) == AT)
    _, out, _ = command("--venue", "binanceus", "--symbol", "ETH/BTC", "--at", AT, "--depth", "5", "--json")
    book = json.loads(out)
    assert (book["bids"], book["asks"]) == (each["bids"], each["asks"])


def test_a_person_gets_a_table(command):
    code, out, _ = command("--venue", "binanceus", "--symbol", "ETH/BTC", "--at", AT, "--depth", "2")
    assert code == 0
    assert "bid size" in out
    assert "binanceus ETH/BTC" in out


def test_an_unknown_venue_is_an_error_with_the_nearest(command):
    code, out, err = command("--venue", "binance", "--symbol", "BTC/USD", "--at", AT)
    assert (code, out) == (2, "")
    assert "no venue 'binance'; nearest: binanceus" in err


def test_before_the_snapshot_no_book_stands(command):
    code, out, err = command("--venue", "binanceus", "--symbol", "BTC/USD", "--at", "1617643092260000000", "--json")
    assert code == 0
    assert json.loads(out)["bids"] == []
    assert "no book stands" in err


def test_a_moment_is_an_iso_time_or_ns(command):
    words = ("--venue", "binanceus", "--symbol", "ETH/BTC", "--depth", "3", "--json")
    _, by_ns, _ = command(*words, "--at", AT)
    code, by_iso, err = command(*words, "--at", "2021-04-05T17:19:10")
    assert (code, err, by_iso) == (0, "", by_ns)
    code, out, err = command(*words, "--at", "noon")
    assert (code, out) == (2, "")
    assert "--at: found 'noon', expected an ISO time or ns since 1970" in err


def test_points_stand_below_each_other(command):
    _, out, _ = command("--venue", "binanceus", "--symbol", "BTC/USD", "--at", AT, "--depth", "10")
    prices = re.findall(r"\d+\.\d+", out)
    rows = [line for line in out.split("\n") if line.count("│") == 5 and "." in line]
    assert len(rows) == 10
    assert len(prices) == 40 + 1  # four to a row, and the seconds of the title
    for column in range(1, 5):
        assert len({len(row.split("│")[column].strip().partition(".")[2]) for row in rows}) == 1
