"""The summary of a run: one plain dictionary that JSON takes as it is.

Amounts of coins and money are exact decimals and stand as text; coefficients, rates and times taken are floats.
"""

from decimal import Decimal
from typing import Any

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.decimals import plain
