"""The laboratory: backtests, what came of them, and pictures of it."""

from stackedmm.lab.backtest import backtest
from stackedmm.lab.data import market_for
from stackedmm.lab.result import Result

__all__ = ["Result", "backtest", "market_for"]
