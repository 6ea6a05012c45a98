"""Venues' own instrument records, as their public endpoints give them, read into markets."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from stackedmm.core.market import INVERSE, LINEAR, SPOT, Market
from stackedmm.errors import ConfigError

Record = Mapping[str, Any]


def markets(path: Path, records: Record) -> dict[tuple[str, str], Market]:
    """Markets of a file whose keys read `venue|kind|native symbol|date`; of several dates the last stands."""
    found: dict[tuple[str, str], Market] = {}
    for name in sorted(records, key=lambda name: name.rpartition("|")[2]):
        venue, kind, _, _ = name.split("|")
        reader = READERS.get(venue)
        if reader is None:
            continue
        try:
            market = reader(venue, kind.lower(), records[name])
        except (KeyError, TypeError, ValueError, StopIteration, InvalidOperation) as error:
            raise ConfigError(f"{path}: record {name!r} is not of {venue}'s form: {error!r}") from error
        found[venue, market.symbol] = market
    return found


def bybit(venue: str, kind: str, record: Record) -> Market:
    """`/v5/market/instruments-info`."""
    lots = record["lotSizeFilter"]
    return _market(
        venue,
        kind,
        base=record["baseCoin"],
        quote=record["quoteCoin"],
        settle=record.get("settleCoin", ""),
        tick=record["priceFilter"]["tickSize"],
        lot=lots["basePrecision"] if kind == SPOT else lots["qtyStep"],
        min_quantity=lots["minOrderQty"],
        min_notional=lots.get("minOrderAmt") or lots.get("minNotionalValue"),
    )


def binance(venue: str, kind: str, record: Record) -> Market:
    """`exchangeInfo` of spot, USD-M, COIN-M and Binance US."""
    filters = {each["filterType"]: each for each in record["filters"]}
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    return _market(
        venue,
        kind,
        base=record["baseAsset"],
        quote=record["quoteAsset"],
        settle=record.get("marginAsset", ""),
        tick=filters["PRICE_FILTER"]["tickSize"],
        lot=filters["LOT_SIZE"]["stepSize"],
        min_quantity=filters["LOT_SIZE"]["minQty"],
        min_notional=notional.get("minNotional") or notional.get("notional"),
        contract_size=record.get("contractSize", 1),
    )


def gate(venue: str, kind: str, record: Record) -> Market:
    """`/spot/currency_pairs` and `/futures/usdt/contracts`; futures quantities are contracts."""
    if kind == SPOT:
        return _market(
            venue,
            kind,
            base=record["base"],
            quote=record["quote"],
            tick=Decimal(1).scaleb(-record["precision"]),
            lot=Decimal(1).scaleb(-record["amount_precision"]),
            min_quantity=record.get("min_base_amount"),
            min_notional=record.get("min_quote_amount"),
            maker=_number(record["fee"]) / 100,
            taker=_number(record["fee"]) / 100,
        )
    base, _, quote = record["name"].partition("_")
    return _market(
        venue,
        kind,
        base=base,
        quote=quote,
        settle=quote,
        tick=record["order_price_round"],
        lot=1,
        min_quantity=record["order_size_min"],
        contract_size=record["quanto_multiplier"],
        maker=record.get("maker_fee_rate"),
        taker=record.get("taker_fee_rate"),
    )


def okx(venue: str, kind: str, record: Record) -> Market:
    """`/api/v5/public/instruments`."""
    base, quote, *tail = record["instId"].split("-")
    kind = {"linear": LINEAR, "inverse": INVERSE}.get(record["ctType"], SPOT)
    return _market(
        venue,
        kind,
        base=base,
        quote=quote,
        settle=record["settleCcy"],
        tick=record["tickSz"],
        lot=record["lotSz"],
        min_quantity=record["minSz"],
        contract_size=record["ctVal"] or 1,
        expiry=tail[0] if tail and tail[0].isdigit() else "",
    )


def coinbase(venue: str, kind: str, record: Record) -> Market:
    """Advanced Trade `products`."""
    return _market(
        venue,
        kind,
        base=record["base_currency_id"] if "base_currency_id" in record else record["product_id"].split("-")[0],
        quote=record["quote_currency_id"],
        tick=record.get("price_increment") or record["quote_increment"],
        lot=record["base_increment"],
        min_quantity=record["base_min_size"],
        min_notional=record["quote_min_size"],
    )


READERS: Final[dict[str, Callable[[str, str, Record], Market]]] = {
    "bybit": bybit,
    "binance": binance,
    "binanceus": binance,
    "binanceusdm": binance,
    "binancecoinm": binance,
    "gate": gate,
    "okx": okx,
    "coinbase": coinbase,
}


def _market(
    venue: str,
    kind: str,
    *,
    base: str,
    quote: str,
    tick: Any,
    lot: Any,
    settle: str = "",
    expiry: str = "",
    min_quantity: Any = None,
    min_notional: Any = None,
    contract_size: Any = 1,
    maker: Any = None,
    taker: Any = None,
) -> Market:
    if kind not in (SPOT, LINEAR, INVERSE):
        raise ValueError(f"kind {kind!r}, expected {SPOT}, {LINEAR} or {INVERSE}")
    symbol = f"{base}/{quote}"
    if kind == SPOT:
        settle = ""
    else:
        symbol += f":{settle}" + (f"-{expiry}" if expiry else "")
    lot = _number(lot)
    return Market(
        venue=venue,
        symbol=symbol,
        base=base,
        quote=quote,
        tick=_number(tick),
        lot=lot,
        kind=kind,
        settle=settle,
        contract_size=_number(contract_size),
        min_quantity=_number(min_quantity) or lot,
        min_notional=_number(min_notional),
        maker_fee=_number(maker),
        taker_fee=_number(taker),
        source="native",
    )


def _number(value: Any) -> Decimal:
    return Decimal(0) if value is None or value == "" else Decimal(str(value))
