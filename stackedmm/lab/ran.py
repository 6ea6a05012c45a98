"""What pictures, pages and measures need of a finished run: so a run may ask for them without a ring of imports."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.market import Market
from stackedmm.rules import RuleSet

if TYPE_CHECKING:
    import pandas as pd


class Ran(Protocol):
    """A finished run; `stackedmm.lab.result.Result` says what each of these holds."""

    @property
    def config(self) -> StackedMarketMakingConfig:
        """What ran."""

    @property
    def rules(self) -> RuleSet | None:
        """Which rules were in force."""

    @property
    def values(self) -> Mapping[str, float]:
        """Rule parameters that were given."""

    @property
    def markets(self) -> Sequence[Market]:
        """Where it traded."""

    @property
    def summary(self) -> dict[str, Any]:
        """Its numbers as plain values."""

    @property
    def orders(self) -> "pd.DataFrame":
        """Every order."""

    @property
    def fills(self) -> "pd.DataFrame":
        """Every fill."""

    @property
    def markouts(self) -> "pd.DataFrame":
        """Every fill, and what it was worth later."""

    @property
    def series(self) -> "pd.DataFrame":
        """The state over time."""

    @property
    def waterfall(self) -> "pd.DataFrame":
        """The mean bars of all orders."""


class Compared(Protocol):
    """Strategies that ran over the same rows; `stackedmm.lab.comparison.Comparison` is one."""

    @property
    def config(self) -> StackedMarketMakingConfig:
        """That of the first strategy."""

    @property
    def results(self) -> Mapping[str, Ran]:
        """A run a strategy, in the order of the table."""

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Names of strategies, and for each measure its name and a cell a strategy."""
