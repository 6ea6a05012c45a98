"""A time series of what the engine knew, sampled between chunks of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib.recfunctions import repack_fields

from stackedmm.core.market import Market

if TYPE_CHECKING:
    import pandas as pd

SECOND: Final = 1_000_000_000
SAMPLES: Final = 3600
"""Runs of an hour or more are sampled about this often, shorter ones once a second."""
HEAD: Final = [
    *("reference", "best_bid", "best_ask", "inventory", "inventory_price", "open_orders"),
    *("unit_base", "unit_cost", "equity_open", "ledger"),
]
EACH: Final = ["volume", "mid", "basis", "position"]


def sampling_ns(duration: int) -> int:
    """Row time between two samples: whole seconds."""
    return SECOND * max(1, -(-duration // (SAMPLES * SECOND)))


class Samples:
    """Raw fields of the state at some times: taking one costs microseconds, so a run does not feel it."""

    def __init__(self, state: Any, markets: Sequence[Market], most: int) -> None:
        self.markets = tuple(markets)
        self._head, self._each = state[HEAD], state["markets"][0, : len(markets)][EACH]
        self._times = np.zeros(most, np.int64)
        self._heads = np.zeros(most, repack_fields(self._head.dtype))
        self._eaches = np.zeros((most, len(markets)), repack_fields(self._each.dtype))
        self._count = 0

    def take(self, time: int) -> None:
        """One sample more, of now."""
        i = self._count
        self._times[i] = time
        self._heads[i : i + 1] = self._head
        self._eaches[i] = self._each
        self._count += 1

    def frame(self) -> "pd.DataFrame":
        """The samples by time: coins and quote, and a column `mid binance BERA/USDT` for what each market has."""
        import pandas as pd

        head, each = self._heads[: self._count], self._eaches[: self._count]
        ledger, coin, money = head["ledger"], head["unit_base"], head["unit_cost"]
        reference = _known(head["reference"])
        position, realised = ledger["position"] * coin, ledger["realised"] * money
        unrealised = position * reference - ledger["cost"] * money
        columns = {
            "reference": reference,
            "best_bid": _known(head["best_bid"]),
            "best_ask": _known(head["best_ask"]),
            "inventory": position,
            "inventory_coefficient": head["inventory"],
            "inventory_price": head["inventory_price"],
            "realised_pnl": realised,
            "unrealised_pnl": unrealised,
            "fees": ledger["fees"] * money,
            "equity": realised + unrealised - head["equity_open"],
            "open_orders": head["open_orders"],
        }
        for i, market in enumerate(self.markets):
            columns[f"volume_coefficient {market.name}"] = each["volume"][:, i]
            columns[f"mid {market.name}"] = _known(each["mid"][:, i])
            columns[f"basis_bps {market.name}"] = each["basis"][:, i] * 1e4
            columns[f"position {market.name}"] = each["position"][:, i] * coin
        return pd.DataFrame(columns, pd.to_datetime(self._times[: self._count], utc=True).rename("time"))

    def __getstate__(self) -> dict[str, Any]:
        """Without the views of a state that is somebody else's."""
        return {**self.__dict__, "_head": None, "_each": None}


def _known(prices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The engine says 0 for a price it does not know."""
    return np.where(prices > 0.0, prices, np.nan)
