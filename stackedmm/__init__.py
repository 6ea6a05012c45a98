"""Market making with stacked quoting lines on many venues, under one inventory, shaped by small rules.

>>> import stackedmm as mm
>>> result = mm.backtest(mm.ConfigTemplates.conservative_bera_usdt(), rules="rules")  # doctest: +SKIP
>>> result.summary["position"], result.picture("out.png")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from stackedmm.config import ConfigTemplates as ConfigTemplates
    from stackedmm.config import InventoryPriceMethod as InventoryPriceMethod
    from stackedmm.config import SmartPricingSource as SmartPricingSource
    from stackedmm.config import StackedMarketMakingConfig as StackedMarketMakingConfig
    from stackedmm.config import StackedMarketMakingConfigBuilder as StackedMarketMakingConfigBuilder
    from stackedmm.desk.notebook import Controls as controls  # noqa: F401
    from stackedmm.desk.notebook import desk as desk
    from stackedmm.errors import ConfigError as ConfigError
    from stackedmm.errors import JournalError as JournalError
    from stackedmm.errors import RuleError as RuleError
    from stackedmm.errors import StackedmmError as StackedmmError
    from stackedmm.errors import StaleError as StaleError
    from stackedmm.errors import VenueError as VenueError
    from stackedmm.feeds.recording import read as read_recording  # noqa: F401
    from stackedmm.lab import Result as Result
    from stackedmm.lab import backtest as backtest
    from stackedmm.lab import compare as compare
    from stackedmm.lab.averages import MovingAverageCalculator as MovingAverageCalculator
    from stackedmm.lab.lookahead import lookahead as lookahead
    from stackedmm.lab.stored import TradeDataManager as TradeDataManager
    from stackedmm.lab.volume import VolumeCoefficiengEngine as VolumeCoefficiengEngine
    from stackedmm.lab.volume import VolumeCoefficientEngine as VolumeCoefficientEngine
    from stackedmm.rules import Param as Param
    from stackedmm.rules import View as View
    from stackedmm.rules import load as load_rules  # noqa: F401
    from stackedmm.rules import rule as rule
    from stackedmm.session import Session as Session
    from stackedmm.session import live as live
    from stackedmm.session import paper as paper
    from stackedmm.session import replay as replay
    from stackedmm.sim.synthetic import synthetic as synthetic
    from stackedmm.strategy import BaseStrategy as BaseStrategy
    from stackedmm.strategy import StackedMarketMakingStrategy as StackedMarketMakingStrategy
    from stackedmm.views import EnhancedAggregatedOrderbookManager as EnhancedAggregatedOrderbookManager
    from stackedmm.views import InventoryManager as InventoryManager
    from stackedmm.views import MultiReferencePricingEngine as MultiReferencePricingEngine

__version__: Final = "0.1.0"

# Public name -> module, and its name there (none: the module itself). Loaded when first used, so that
# `import stackedmm` stays light.
_HOMES: Final[dict[str, tuple[str, str]]] = {
    **{
        name: ("stackedmm.config", name)
        for name in (
            "ConfigTemplates",
            "InventoryPriceMethod",
            "SmartPricingSource",
            "StackedMarketMakingConfig",
            "StackedMarketMakingConfigBuilder",
        )
    },
    **{
        name: ("stackedmm.errors", name)
        for name in ("ConfigError", "JournalError", "RuleError", "StackedmmError", "StaleError", "VenueError")
    },
    **{name: ("stackedmm.rules", name) for name in ("Param", "View", "rule")},
    "load_rules": ("stackedmm.rules", "load"),
    "backtest": ("stackedmm.lab", "backtest"),
    **{name: ("stackedmm.session", name) for name in ("Session", "live", "paper", "replay")},
    **{name: ("stackedmm.strategy", name) for name in ("BaseStrategy", "StackedMarketMakingStrategy")},
    **{
        name: ("stackedmm.views", name)
        for name in ("EnhancedAggregatedOrderbookManager", "InventoryManager", "MultiReferencePricingEngine")
    },
    "compare": ("stackedmm.lab", "compare"),
    "lookahead": ("stackedmm.lab.lookahead", "lookahead"),
    "controls": ("stackedmm.desk.notebook", "Controls"),
    "desk": ("stackedmm.desk", ""),
    "Result": ("stackedmm.lab", "Result"),
    "MovingAverageCalculator": ("stackedmm.lab.averages", "MovingAverageCalculator"),
    "TradeDataManager": ("stackedmm.lab.stored", "TradeDataManager"),
    "VolumeCoefficientEngine": ("stackedmm.lab.volume", "VolumeCoefficientEngine"),
    "VolumeCoefficiengEngine": ("stackedmm.lab.volume", "VolumeCoefficiengEngine"),
    "synthetic": ("stackedmm.sim.synthetic", "synthetic"),
    "read_recording": ("stackedmm.feeds.recording", "read"),
}
__all__ = sorted(["__version__", *_HOMES])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stackedmm' has no attribute {name!r}")
    module, there = _HOMES[name]
    value = getattr(import_module(module), there) if there else import_module(module)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
