"""What settings of different groups must agree on. Each check reads the settings its parameters name."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from stackedmm.config.choices import SmartPricingSource
from stackedmm.config.fields import Problem, plain
from stackedmm.config.lines import PassiveLine, TobLine
from stackedmm.config.periods import seconds
from stackedmm.config.pricing import Pricing, VenueSettings
from stackedmm.config.target import Target
from stackedmm.config.venues import venue

Found = Iterator[Problem]


def _repeated(path: tuple[str, ...], items: tuple[str, ...], key: Callable[[str], Hashable]) -> Found:
    """Entries that mean what an earlier one means, whatever their spelling."""
    first: dict[Hashable, str] = {}
    for place, item in enumerate(items):
        if key(item) in first:
            earlier = first[key(item)]
            yield Problem((*path, place), item, f"each once; it means the same as {earlier}")
        first.setdefault(key(item), item)


def _exchanges_once(exchanges: tuple[str, ...]) -> Found:
    yield from _repeated(("exchanges",), exchanges, venue)


def _quotes_once(quote_currencies: tuple[str, ...]) -> Found:
    yield from _repeated(("quote_currencies",), quote_currencies, str.upper)


def _base_is_no_quote(base_coin: str, quote_currencies: tuple[str, ...]) -> Found:
    for place, quote in enumerate(quote_currencies):
        if quote.upper() == base_coin.upper():
            yield Problem(("quote_currencies", place), quote, "a currency other than base_coin")


def _periods_once(time_periods: tuple[str, ...]) -> Found:
    yield from _repeated(("time_periods",), time_periods, seconds)


def _volume_types_once(volume_types: tuple[str, ...]) -> Found:
    yield from _repeated(("volume_types",), volume_types, str)


def _ma_types_once(ma_types: tuple[str, ...]) -> Found:
    yield from _repeated(("ma_types",), ma_types, str)


def _coefficients_in_order(min_coefficient: Decimal, max_coefficient: Decimal) -> Found:
    if min_coefficient > max_coefficient:
        yield Problem(("min_coefficient",), min_coefficient, f"at most max_coefficient, {plain(max_coefficient)}")


def _some_line(tob_lines: tuple[TobLine, ...], passive_lines: tuple[PassiveLine, ...]) -> Found:
    if not tob_lines and not passive_lines:
        yield Problem(("tob_lines",), "no line", "at least one line here or in passive_lines")


def _line_ids_once(tob_lines: tuple[TobLine, ...], passive_lines: tuple[PassiveLine, ...]) -> Found:
    """Reports and control messages name a line by its id alone."""
    seen: set[str] = set()
    ids = {"tob_lines": [line.id for line in tob_lines], "passive_lines": [line.id for line in passive_lines]}
    for kind, names in ids.items():
        for place, name in enumerate(names):
            if name.lower() in seen:
                yield Problem((kind, place, "id"), name, "an id that no other line has")
            seen.add(name.lower())


def _no_leverage_on_spot(leverage: Decimal, exchanges: tuple[str, ...]) -> Found:
    spot = [name for name in exchanges if venue(name).kind == "spot"]
    if leverage != 1 and spot:
        yield Problem(("leverage",), leverage, f"1, because of the spot venues {', '.join(spot)}")


def _settings_of_known_venues(venues: Mapping[str, VenueSettings], exchanges: tuple[str, ...]) -> Found:
    known = {venue(name): name for name in exchanges}
    seen: dict[object, str] = {}
    for name in venues:
        meant = venue(name)
        if meant not in known:
            yield Problem(("venues", name), name, f"one of exchanges: {', '.join(exchanges)}")
        elif meant in seen:
            yield Problem(("venues", name), name, f"each venue once; it means the same as {seen[meant]}")
        seen.setdefault(meant, name)


def _some_venue_enabled(venues: Mapping[str, VenueSettings], exchanges: tuple[str, ...]) -> Found:
    off = {venue(name) for name, settings in venues.items() if not settings.enabled}
    if exchanges and off >= {venue(name) for name in exchanges}:
        yield Problem(("venues",), "all venues disabled", "at least one enabled")


def _priced_venues_are_quoted(pricing: Pricing, exchanges: tuple[str, ...]) -> Found:
    known = {venue(name) for name in exchanges}
    expected = f"one of exchanges: {', '.join(exchanges)}"
    for place, name in enumerate(pricing.venues or ()):
        if venue(name) not in known:
            yield Problem(("pricing", "venues", place), name, expected)
    if pricing.venue is not None and venue(pricing.venue) not in known:
        yield Problem(("pricing", "venue"), pricing.venue, expected)
    yield from _repeated(("pricing", "venues"), pricing.venues or (), venue)


def _component_needs_venues(smart_pricing_source: SmartPricingSource, pricing: Pricing) -> Found:
    if smart_pricing_source is SmartPricingSource.COMPONENT_VENUES and pricing.venues is None:
        expected = "the venues to price from, because smart_pricing_source is component_venues"
        yield Problem(("pricing", "venues"), None, expected)


def _hedged_currencies_are_quoted(hedging_targets: Mapping[str, Decimal], quote_currencies: tuple[str, ...]) -> Found:
    """The first quote currency is what everything is counted in: it is never hedged."""
    hedged = quote_currencies[1:]
    expected = f"a quote currency after the first: {', '.join(hedged) or 'there is none'}"
    for name in hedging_targets:
        if name not in hedged:
            yield Problem(("hedging_targets", name), name, expected)


def _source_has_its_address(target_source: str, target: Target) -> Found:
    needed = {"http": "url", "signal": "signal"}.get(target_source)
    if needed and getattr(target, needed) is None:
        yield Problem(("target", needed), None, f"a value, because target_source is {target_source}")


CHECKS: Final = (
    _base_is_no_quote,
    _quotes_once,
    _exchanges_once,
    _some_line,
    _line_ids_once,
    _volume_types_once,
    _ma_types_once,
    _periods_once,
    _coefficients_in_order,
    _priced_venues_are_quoted,
    _component_needs_venues,
    _settings_of_known_venues,
    _some_venue_enabled,
    _hedged_currencies_are_quoted,
    _no_leverage_on_spot,
    _source_has_its_address,
)
"""In the order in which the configuration is written, so that the report reads from top to bottom."""
