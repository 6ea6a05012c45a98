"""The laboratory: backtests, what came of them, what they are compared with, and pictures of it."""

from stackedmm.lab.backtest import backtest
from stackedmm.lab.compare import compare
from stackedmm.lab.comparison import Comparison
from stackedmm.lab.data import market_for
from stackedmm.lab.result import Result

__all__ = ["Comparison", "Result", "backtest", "compare", "market_for"]
