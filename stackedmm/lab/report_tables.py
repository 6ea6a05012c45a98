"""The tables of a report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from stackedmm.lab.marks import HORIZONS_S, column
from stackedmm.lab.measures import MEASURES
from stackedmm.lab.show import Grid, cell, grids, money

if TYPE_CHECKING:
    import pandas as pd

    from stackedmm.lab.ran import Ran

WORST: Final = 8
"""Fills shown one by one: those that turned out worst."""


def title(result: "Ran") -> str:
    """What a run is called."""
    venues = dict.fromkeys(market.venue for market in result.markets)
    return f"{result.config.base_coin}/{result.config.quote_currencies[0]} on {' + '.join(venues)}"


def fills(result: "Ran") -> list[Grid]:
    """Fills by line and side, by market and side, and the worst of them."""
    table = result.markouts.copy()
    table["value"] = table["price"] * table["size"]
    table["fee"] = result.fills["fee"]
    table["market"] = table["venue"] + " " + table["symbol"]
    return [marked(result, table, "line"), marked(result, table, "market"), worst(table)]


def marked(result: "Ran", table: "pd.DataFrame", by: str) -> Grid:
    """Fills grouped by a column and by side: how many, how much, and their mean mark-outs weighted by value."""
    quote = result.config.quote_currencies[0]
    rows = []
    for (name, side), group in table.groupby([by, "side"]):
        marks = [weighted(group, column(seconds)) for seconds in HORIZONS_S]
        counts = (f"{len(group):,}", money(group["value"].sum()), money(group["fee"].sum()))
        rows.append((str(name), str(side), *counts, *(cell(mark, "bps") for mark in marks)))
    horizons = [f"{seconds} s, bps" for seconds in HORIZONS_S]
    return Grid(f"By {by}", (by, "side", "fills", f"value, {quote}", f"fees, {quote}", *horizons), rows, 2)


def weighted(group: "pd.DataFrame", name: str) -> float:
    """Mean of a column by value, over the fills that have it; NaN where none has."""
    known = group[group[name].notna()]
    value = float(known["value"].sum())
    return float((known[name] * known["value"]).sum() / value) if value else float("nan")


def worst(table: "pd.DataFrame") -> Grid:
    """The fills that lost most money by the middle horizon."""
    seconds = HORIZONS_S[1]
    loss = table["value"] * table[column(seconds)] / 1e4
    chosen = table.loc[loss[loss < 0].nsmallest(WORST).index]
    rows = [
        (
            f"{each.time:%H:%M:%S.%f}"[:-3], each.market, each.line, each.side, f"{each.price:,.10g}",
            f"{each.size:,.8g}", *(cell(getattr(each, column(s)), "bps") for s in HORIZONS_S),
        )
        for each in chosen.itertuples()
    ]  # fmt: skip
    horizons = [f"{s} s, bps" for s in HORIZONS_S]
    names = ("time", "market", "line", "side", "price", "size", *horizons)
    return Grid(f"Worst fills after {seconds} s", names, rows, 4)


def places(result: "Ran") -> Sequence[Grid]:
    """Lines and venues, as a terminal shows them."""
    return grids(result.summary, result.config)[1:3]


def waterfall(result: "Ran") -> Grid:
    """The mean bars of orders, by line and side, and their sum."""
    table = result.waterfall
    if table.empty:
        return Grid("", (), ())
    names = [f"{line} {side}" for line, side in table.columns]
    rows = [(str(owner), *(cell(v, "bps") if v else "" for v in values)) for owner, values in _rows(table)]
    rows.append(("distance", *(cell(float(table[name].sum()), "bps") for name in table.columns)))
    return Grid("", ("owner", *names), rows)


def _rows(table: "pd.DataFrame") -> list[tuple[Any, list[float]]]:
    return [(owner, [float(v) for v in values]) for owner, values in zip(table.index, table.to_numpy(), strict=True)]


def refusals(result: "Ran") -> Grid:
    """Reasons for which quotes did not stand, and each one's part of all."""
    found = result.summary["refusals"]
    total = sum(found.values())
    rows = [(reason, f"{count:,}", cell(count / total, "share")) for reason, count in found.items()]
    return Grid("", ("reason", "times", "part"), rows)


def measures(result: "Ran", measured: dict[str, float]) -> Grid:
    """Every measure, and what it is."""
    units = {"money": result.config.quote_currencies[0], "coins": result.config.base_coin, "bps": "bps"}
    rows = [
        (each.name, each.text, f"{cell(measured[each.name], each.kind)} {units.get(each.kind, '')}".strip())
        for each in MEASURES
    ]
    return Grid("", ("measure", "meaning", "value"), rows, 2)


def rules(result: "Ran") -> Grid:
    """The rules in force, the numbers they had, and the digests of their files."""
    if result.rules is None:
        return Grid("", ("",), [("No rules.",)]) if result.summary["rules_digest"] is None else Grid("", (), ())
    values = result.rules.values(result.values).values
    rows = []
    for rule in result.rules.rules:
        numbers = ", ".join(f"{name} {values[f'{rule.name}.{name}']:g}" for name, _ in rule.params)
        rows.append((rule.name, rule.verb_name, str(rule.scope), numbers, f"{rule.file} {rule.file_digest[:12]}"))
    return Grid("", ("rule", "verb", "where", "values", "file and digest"), rows, 5)


def origin(result: "Ran") -> Grid:
    """What makes this run the one it is: equal digests and data give an equal state."""
    found = result.summary
    rows = [
        ("configuration", found["config_digest"]),
        ("rules", found["rules_digest"] or "none"),
        ("state at the end", found["state_hash"]),
        ("rows", f"{found['rows']:,}"),
    ]
    for each in found["venues"]:
        fees = f"fees {each['maker_fee_bps']:g} and {each['taker_fee_bps']:g} bps"
        steps = f"tick {each['tick']}, lot {each['lot']} ({each['steps_from']})"
        rows.append((f"{each['venue']} {each['symbol']}", f"{steps}, {fees}, {each['gaps']} gaps"))
    return Grid("", ("", ""), rows, 2)
