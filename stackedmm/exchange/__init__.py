"""The local exchange: a simulated market behind a venue's own wire, for unmodified clients and no internet."""

from stackedmm.exchange.local import LocalExchange
from stackedmm.exchange.source import Played, synthetic

__all__ = ["LocalExchange", "Played", "synthetic"]
