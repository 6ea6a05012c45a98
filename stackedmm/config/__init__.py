"""Configuration: one typed model, and every way to read, build, compare and describe it."""

from stackedmm.config.builder import StackedMarketMakingConfigBuilder
from stackedmm.config.caution import cautions
from stackedmm.config.change import Change, changed, difference, is_live, require_live
from stackedmm.config.choices import InventoryPriceMethod, SmartPricingSource
from stackedmm.config.declarations import Declaration, declarations
from stackedmm.config.describe import schema, table
from stackedmm.config.inventory import Inventory
from stackedmm.config.legacy import import_legacy
from stackedmm.config.lines import Enabled, PassiveLine, TobLine
from stackedmm.config.model import Rules, StackedMarketMakingConfig
from stackedmm.config.pricing import Pricing, VenueSettings
from stackedmm.config.read import load, loads, validate
from stackedmm.config.risk import Hedging, Risk
from stackedmm.config.target import Target
from stackedmm.config.templates import TEMPLATES, ConfigTemplates
from stackedmm.config.venues import Venue, venue

__all__ = [
    "TEMPLATES",
    "Change",
    "ConfigTemplates",
    "Declaration",
    "Enabled",
    "Hedging",
    "Inventory",
    "InventoryPriceMethod",
    "PassiveLine",
    "Pricing",
    "Risk",
    "Rules",
    "SmartPricingSource",
    "StackedMarketMakingConfig",
    "StackedMarketMakingConfigBuilder",
    "Target",
    "TobLine",
    "Venue",
    "VenueSettings",
    "cautions",
    "changed",
    "declarations",
    "difference",
    "import_legacy",
    "is_live",
    "load",
    "loads",
    "require_live",
    "schema",
    "table",
    "validate",
    "venue",
]
