"""`stackedmm exchange serve`, in a process of its own."""

import asyncio
import re
import signal
import subprocess
import sys
from typing import Any

import ccxt.pro
import pytest

from stackedmm.cli.main import main


@pytest.mark.slow
def test_serves_until_interrupted() -> None:
    command = [sys.executable, "-m", "stackedmm", "exchange", "serve", "--port", "0", "--speed", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            told = ""
            while "})" not in told:
                line = serving.stdout.readline()  # type: ignore[union-attr]
                assert line, told
                told += line
            options = dict(re.findall(r"'(\w+)': '([^']+)'", told))
            assert asyncio.run(traded({**options, "options": {"defaultType": "spot"}})) == "canceled"
        finally:
            serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 130


async def traded(options: dict[str, Any]) -> str:
    """Place and cancel as anybody would."""
    client = ccxt.pro.binance(options)
    try:
        book = await client.watch_order_book("BERA/USDT")
        price = client.price_to_precision("BERA/USDT", book["bids"][0][0] * 0.98)
        made = await client.create_order("BERA/USDT", "limit", "buy", 10, price)
        return str((await client.cancel_order(made["id"], "BERA/USDT"))["status"])
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--symbol", "BERA=6"], "expected BASE/QUOTE=PRICE"),
        (["--symbol", "BERA/USDT=-1"], "expected BASE/QUOTE=PRICE"),
        (["--symbol", "BERA/USDT", "--data", "x.parquet"], "give one of the two"),
        (["--data", "nowhere.parquet"], "nowhere.parquet"),
        (["--speed", "-1"], "expected 0 to 1000"),
    ],
)
def test_says_what_is_wrong(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exchange", "serve", *words]) != 0
    assert said in capsys.readouterr().err
