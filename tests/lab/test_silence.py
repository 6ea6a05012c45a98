"""A feed that says nothing: quotes go once, and stay away while it lasts."""

from dataclasses import replace

import stackedmm as mm
from stackedmm.lab import market_for

SECOND = 1_000_000_000


def test_while_a_feed_is_silent_nothing_is_quoted_on_it() -> None:
    config = mm.ConfigTemplates.conservative_bera_usdt()
    whole = market_for(config, 120)
    begin = int(whole.local["ts"][0]) + 40 * SECOND
    end = begin + 60 * SECOND
    local, exchange = (
        each[(each["ts"] < begin) | (each["ts"] > end) | (each["market"] != 0)]
        for each in (whole.local, whole.exchange)
    )
    broken = replace(whole, local=local, exchange=exchange)
    found = mm.backtest(config, broken).decisions
    times = found["time"].astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    here = (found["venue"] == "binance").to_numpy()
    placed = (found["command"] == "place").to_numpy()
    silent = here & (times > begin + 3 * SECOND) & (times < end)
    assert not silent.any()
    assert (here & placed & (times < begin)).any()
    assert (~here & placed & (times > begin + 3 * SECOND) & (times < end)).any()
