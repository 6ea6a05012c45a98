"""The first description's Python examples and debug calls, taken as text, run as written; its names stay importable."""

import ast
import asyncio
import contextlib
import inspect
import io

import pytest

import stackedmm as mm
from stackedmm.errors import ConfigError, StaleError

pytestmark = pytest.mark.slow

BASIC = """
from stackedmm import StackedMarketMakingStrategy
from stackedmm import ConfigTemplates

# Use pre-defined template
config = ConfigTemplates.conservative_bera_usdt()

# Create strategy instance
strategy = StackedMarketMakingStrategy(
    instance_id="stacked_bera_001",
    symbol="BERA/USDT",
    exchanges=["binance", "bybit", "gateio"],
    config=config
)

# Start strategy
await strategy.initialize()
await strategy.start()
"""
CUSTOM = """
from stackedmm import StackedMarketMakingConfigBuilder
from stackedmm import InventoryPriceMethod

# Build custom configuration
config = (StackedMarketMakingConfigBuilder()
    .set_basic_info('BERA', ['USDT'], ['binance', 'bybit'])
    .set_inventory_config(
        target_inventory=Decimal('1500'),
        max_deviation=Decimal('750'),
        price_method=InventoryPriceMethod.ACCOUNTING
    )
    .add_tob_line(
        hourly_quantity=Decimal('75'),
        spread_bps=Decimal('25'),
        coefficient_method='both'
    )
    .add_passive_line(
        mid_spread_bps=Decimal('12'),
        quantity=Decimal('40'),
        randomization_factor=Decimal('0.04')
    )
    .build()
)
"""
MONITORING = """
# Get strategy state
state = strategy.get_strategy_state()

# Check inventory status
inventory = state['inventory_state']
print(f"Current inventory: {inventory['current_inventory']}")
print(f"Inventory coefficient: {inventory['inventory_coefficient']}")

# Check line status
for tob_line in state['tob_lines']:
    print(f"TOB Line {tob_line['line_id']}: {tob_line['active_orders']} active orders")

for passive_line in state['passive_lines']:
    print(f"Passive Line {passive_line['line_id']}: coeff={passive_line['current_spread_coefficient']}")
"""
DEBUG = """
# Check inventory state
inventory_state = strategy.inventory_manager.get_inventory_state()
print(f"Inventory coefficient: {inventory_state.inventory_coefficient}")

# Check volume coefficients (using existing proven system)
coeff_status = strategy.coefficient_calculator.get_status()
print(f"Coefficient calculator status: {coeff_status}")

# Check exchange-specific coefficients
for exchange in strategy.exchanges:
    coeff = strategy.exchange_coefficients.get(exchange, 1.0)
    print(f"{exchange} coefficient: {coeff:.4f}")

# Check MA system status
ma_status = strategy.ma_calculator.get_status()
print(f"MA system: {ma_status['total_ma_configs']} configs, {ma_status['total_crossovers_detected']} crossovers")

# Check aggregated orderbook
agg_book = strategy.enhanced_orderbook_manager.get_aggregated_orderbook("BERA/USDT")
if agg_book:
    print(f"Aggregated book: {len(agg_book.contributing_exchanges)} exchanges")
"""
STATE = {
    *"instance_id strategy symbol exchanges config running active_orders_count active_orders tob_lines".split(),
    *"passive_lines inventory_state performance multi_symbol_config coefficient_config".split(),
}
TOB = set("line_id active_orders current_coefficient sides spread_bps timeout_seconds min_price max_price".split())
PASSIVE = {
    *"line_id active_orders current_spread_coefficient current_quantity_coefficient sides".split(),
    *"mid_spread_bps timeout_seconds quantity".split(),
}
INVENTORY = {
    *"current_inventory target_inventory excess_inventory excess_inventory_percentage target_excess_amount".split(),
    *"inventory_coefficient inventory_price max_inventory_deviation inventory_price_method".split(),
}
PERFORMANCE = {
    *"orders_placed_tob orders_placed_passive orders_cancelled_timeout orders_cancelled_drift".split(),
    *"orders_cancelled_replace coefficient_adjustments smart_pricing_decisions last_updated".split(),
}
NAMES = """
    InventoryManager InventoryPriceMethod VolumeCoefficientEngine VolumeCoefficiengEngine MovingAverageCalculator
    TradeDataManager EnhancedAggregatedOrderbookManager MultiReferencePricingEngine BaseStrategy
    StackedMarketMakingStrategy ConfigTemplates StackedMarketMakingConfigBuilder
"""


async def run(text, names):
    """Run text as a notebook's cell runs it; what it printed."""
    code = compile(text, "<example>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        made = eval(code, names)
        if inspect.isawaitable(made):
            await made
    return out.getvalue()


def test_the_basic_example_the_monitoring_and_the_five_debug_calls_run_as_written():
    async def notebook():
        names = {}
        await run(BASIC, names)
        strategy = names["strategy"]
        try:
            await until_quoting(strategy)
            return strategy, await run(MONITORING, names), await run(DEBUG, names), names
        finally:
            await strategy.stop()

    strategy, monitoring, debug, names = asyncio.run(notebook())
    assert "Current inventory: " in monitoring
    assert "TOB Line tob-1: " in monitoring
    assert "Passive Line passive-1: coeff=" in monitoring
    lines = debug.splitlines()
    assert [line.split(" coefficient: ")[0] for line in lines if " coefficient: " in line][1:] == strategy.exchanges
    assert "Aggregated book: 3 exchanges" in debug
    assert "MA system: 8 configs" in debug  # two periods, two averages, two kinds of volume
    assert {each["exchange"] for each in names["state"]["active_orders"]} <= set(strategy.exchanges)
    assert not strategy.running


async def until_quoting(strategy):
    """Wait, as long as a slow machine needs, until an order rests."""
    for _ in range(1000):
        if strategy.get_strategy_state()["active_orders_count"]:
            return
        await asyncio.sleep(0.02)


def test_the_custom_example_trades(start):
    from decimal import Decimal

    names = {"Decimal": Decimal}
    asyncio.run(run(CUSTOM, names))
    made = start(config=names["config"], name="custom")
    made.advance(30)
    state = made.state
    assert state["inventory_state"]["target_inventory"] == "1500"
    assert state["active_orders_count"] > 0


def test_every_name_of_the_description_is_importable():
    for name in NAMES.split():
        assert getattr(mm, name).__name__.replace("VolumeCoefficiengEngine", "") in (name, "VolumeCoefficientEngine")


@pytest.fixture
def strategy(start):
    session = start(name="instance")
    session.advance(60)
    return mm.StackedMarketMakingStrategy(
        "instance", "BERA/USDT", ["binance", "bybit", "gateio"], session.config, session=session
    )


def test_the_state_has_the_keys_that_are_promised_and_true_values(strategy):
    state = strategy.get_strategy_state()
    assert state.keys() >= STATE
    assert state["strategy"] == "stacked_market_making"
    assert all(each.keys() >= TOB for each in state["tob_lines"])
    assert all(each.keys() >= PASSIVE for each in state["passive_lines"])
    assert state["inventory_state"].keys() >= INVENTORY
    assert state["performance"].keys() >= PERFORMANCE
    s = strategy.session.host.filled.state[0]
    assert state["active_orders_count"] == len(state["active_orders"]) == int(s["open_orders"])
    assert state["performance"]["orders_placed_tob"] == int(s["lines"]["placed"][0])
    assert state["coefficient_config"]["exchange_coefficients"].keys() == set(strategy.exchanges)
    assert state["tob_lines"][0]["spread_bps"] == "30"
    strategy.session.configure("tob_lines[tob-1].spread_bps", 41)
    assert strategy.get_strategy_state()["tob_lines"][0]["spread_bps"] == "41"


def test_the_merged_book_adds_up_and_is_not_crossed(strategy):
    book = strategy.enhanced_orderbook_manager.get_aggregated_orderbook("BERA/USDT")
    assert book.bids[0][0] < book.asks[0][0]
    for side in (book.bids, book.asks):
        for _, size, shares in side:
            assert sum(shares.values()) == pytest.approx(size)
            assert shares.keys() <= set(strategy.exchanges)
    assert book.age_s < 2.0
    assert "BERA/USDT" in repr(book)
    with pytest.raises(ConfigError, match="BERA/BTC"):
        strategy.enhanced_orderbook_manager.get_aggregated_orderbook("BERA/BTC")


def test_sources_of_prices_differ_as_their_books_do(strategy):
    price = strategy.pricing_engine.price
    book = strategy.enhanced_orderbook_manager.get_aggregated_orderbook("BERA/USDT")
    small = price("BERA/USDT", "buy", book.asks[0][1] / 2, "aggregated")
    assert small.price == pytest.approx(book.asks[0][0])
    assert not small.partial
    large, larger = (price("BERA/USDT", "buy", size, "aggregated") for size in (500, 5000))
    assert small.price < large.price < larger.price
    assert price("BERA/USDT", "sell", 500, "aggregated").price < book.bids[0][0]
    single = price("BERA/USDT", "buy", 500, "single_venue")
    assert single.venues == ("binance",)
    assert single.price > large.price, "one venue cannot be cheaper than all together"
    weighted = price("BERA/USDT", "buy", 500, "liquidity_weighted")
    assert sum(weighted.weights) == pytest.approx(1.0)
    huge = price("BERA/USDT", "buy", 1e9, "aggregated")
    assert huge.partial
    assert huge.confidence < 0.5
    for wrong in ({"side": "up"}, {"quantity": 0}, {"source": "oracle"}):
        given = {"symbol": "BERA/USDT", "side": "buy", "quantity": 1.0, "source": "aggregated"} | wrong
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            price(**given)


def test_a_strategy_that_is_not_initialized_says_so():
    config = mm.ConfigTemplates.conservative_bera_usdt()
    strategy = mm.StackedMarketMakingStrategy("x", "BERA/USDT", ["binance"], config)
    assert "not initialized" in repr(strategy)
    assert not strategy.running
    with pytest.raises(StaleError, match="initialize"):
        strategy.get_strategy_state()


@pytest.mark.parametrize(
    ("symbol", "exchanges", "said"),
    [("BTC/USDT", ["binance"], "symbol"), ("BERA/USDT", ["kraken"], "kraken"), ("BERA/USDT", [], "exchanges")],
)
def test_what_contradicts_the_configuration_is_refused(symbol, exchanges, said):
    with pytest.raises(ConfigError, match=said):
        mm.StackedMarketMakingStrategy("x", symbol, exchanges, mm.ConfigTemplates.conservative_bera_usdt())
