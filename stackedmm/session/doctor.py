"""Twelve checks of what may keep a session from trading as it should; each names what it found, and what helps."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.core import codes, rows
from stackedmm.session import places
from stackedmm.session.ruling import Ruling
from stackedmm.session.sheet import Sheet

SECOND: Final = 1_000_000_000
QUIET_S: Final = 300.0
"""A market on which nobody traded for this long is worth a look."""
BUCKET_S: Final = 10


class Finding(NamedTuple):
    """What one check came to."""

    well: bool
    found: str
    remedy: str = ""
    """What helps, where it is not well."""


class Diagnosis(Sheet):
    """The twelve findings; true where all is well."""

    def __init__(self, findings: dict[str, Finding]) -> None:
        self.findings = findings
        rows = [(name, "ok" if f.well else "LOOK", f.found, f.remedy) for name, f in findings.items()]
        bad = sum(not f.well for f in findings.values())
        title = "All twelve checks are well" if not bad else f"{bad} of {len(findings)} checks want a look"
        super().__init__(title, ("check", "", "found", "what helps"), rows, left=4)

    def __bool__(self) -> bool:
        return all(each.well for each in self.findings.values())


class Patient(NamedTuple):
    """The session and one moment of it."""

    session: Ruling
    s: Any
    rows_per_s: float

    @property
    def markets(self) -> list[tuple[str, Any]]:
        """Name, as the configuration spells it, and record of each market."""
        session = self.session
        n = len(session.filled.quoted)
        return [(places.spelled(session.config, session.filled, i), self.s["markets"][i]) for i in range(n)]

    def refused(self, *reasons: int) -> int:
        """How often quotes did not stand for these reasons."""
        return int(sum(int(self.s["refusals"][reason]) for reason in reasons))

    def lacking(self, field: str) -> list[str]:
        """Markets of which the field is 0."""
        return [name for name, m in self.markets if not m[field]]


def doctor(session: Ruling) -> Diagnosis:
    """Examine a session as it stands."""
    look = session.look()
    patient = Patient(session, look.state, look.rows_per_s)
    return Diagnosis({name: check(patient) for name, check in CHECKS.items()})


# The inventory coefficient.


def inventory_configuration(p: Patient) -> Finding:
    """Target, band and price method make sense together, and the coefficient follows."""
    held, s = p.session.config.inventory, p.s
    found = f"target {held.target_inventory} ± {held.max_inventory_deviation}, coefficient {float(s['inventory']):+.3f}"
    if not s["opened"]:
        return Finding(False, f"{found}; not opened yet", "wait for the first reference price")
    if not np.isfinite(s["inventory_price"]) and str(held.inventory_price_method) != "accounting":
        return Finding(False, f"{found}; no inventory price", "set inventory.manual_inventory_price")
    return Finding(True, found)


def trade_confirmations(p: Patient) -> Finding:
    """Every fill was booked once, and none came from an order that nobody remembers."""
    booked, heard = int(p.s["ledger"]["fills"]), p.session.host.record.fills.count
    foreign, twice = int(p.s["events"][codes.FOREIGN_FILL]), int(p.s["events"][codes.DUPLICATE_FILL])
    found = f"{booked:,} fills booked, {twice} doubles left out"
    if foreign:
        return Finding(False, f"{found}, {foreign} of unknown orders", "another program trades on this account")
    if heard < booked:
        return Finding(False, f"{found}, {heard:,} heard", "events were dropped: look at the orders' ends")
    return Finding(True, found)


def position_updates(p: Patient) -> Finding:
    """The venues' positions agree with the fills."""
    differences = int(p.s["events"][codes.RECONCILE_DIFFERENCE])
    unknown = int(p.s["unknown_orders"])
    agreed = "reconciled" if p.s["reconciled"] else "NOT reconciled"
    found = f"{agreed}, {differences} differences, {unknown} orders unknown"
    if not p.s["reconciled"]:
        return Finding(False, found, "nothing quotes until the venues' position agrees with own fills")
    return Finding(unknown == 0, found, "" if unknown == 0 else "wait: unknown orders are asked about every second")


# The aggregated price.


def books_running(p: Patient) -> Finding:
    """The stacked book has two sides and gives a price."""
    s = p.s
    if not s["reference"] > 0.0:
        unusable = ", ".join(p.lacking("usable")) or "none"
        return Finding(False, f"no reference price; not usable: {unusable}", "see the check of market data")
    found = f"reference {float(s['reference']):.8g}, best {float(s['best_bid']):.8g} / {float(s['best_ask']):.8g}"
    if s["reference_partial"]:
        return Finding(False, f"{found}, from less depth than asked", "a smaller pricing.quantity, or more venues")
    return Finding(True, found)


def feed_alive(p: Patient) -> Finding:
    """Rows come in, and each market's are fresh."""
    old = int(p.s["stale_ns"])
    stale = [name for name, m in p.markets if int(p.s["now"]) - int(m["seen_ns"]) > old or not m["synced"]]
    found = f"{p.session.host.title}: {p.rows_per_s:,.0f} rows a second"
    if stale:
        return Finding(False, f"{found}; stale: {', '.join(stale)}", "wait for a snapshot; else the feed is down")
    return Finding(p.session.phase == "live", found, "" if p.session.running else f"the session is {p.session.phase}")


def symbols_tracked(p: Patient) -> Finding:
    """Every venue and quote currency that the configuration names is traded."""
    config, filled = p.session.config, p.session.filled
    traded = {(m.venue, "spot" if m.kind == "spot" else "perp") for m in filled.quoted}
    absent = [name for name, v in config.venues_by_name.items() if (v.id, v.kind) not in traded]
    others = config.quote_currencies[1:]
    found = ", ".join(m.name for m in filled.quoted)
    if absent or others:
        missing = ", ".join([*absent, *(f"{config.base_coin}/{q}" for q in others)])
        return Finding(False, f"{found}; not traded: {missing}", "not listed there, or its currency not quoted yet")
    return Finding(True, found)


# Volume coefficients.


def volume_configuration(p: Patient) -> Finding:
    """There are pairs of windows to compare, and bounds that let the coefficient move."""
    config = p.session.config
    low, high = config.min_coefficient, config.max_coefficient
    found = f"{config.coefficient_method} of {', '.join(config.time_periods)}, within {low} … {high}"
    if len(config.time_periods) < 2:
        return Finding(False, f"{found}; one window has none to compare with", "give at least two time_periods")
    if low == high:
        return Finding(False, found, "let max_coefficient be above min_coefficient: equal bounds fix the coefficient")
    return Finding(True, found)


def trades_captured(p: Patient) -> Finding:
    """Public trades arrive on every market."""
    ages = {name: (int(p.s["now"]) - int(m["trade_ns"])) / SECOND for name, m in p.markets}
    quiet = [name for name, age in ages.items() if age > QUIET_S]
    found = "last trade " + ", ".join(f"{name} {age:.0f} s ago" for name, age in ages.items() if age < 1e9)
    remedy = "a quiet market, or a feed without trades: its coefficient stays at 1"
    return Finding(not quiet, found, "" if not quiet else f"{', '.join(quiet)}: {remedy}")


def baseline_set(p: Patient) -> Finding:
    """The longest average that is compared covers a whole window."""
    n = int(p.s["periods_n"])
    least = float(p.s["min_fill"])
    short = []
    for name, m in p.markets:
        needed = int(m["periods"]["buckets"][:n].max())
        if int(m["clean"]) < needed * least:
            short.append(f"{name} {max(int(m['clean']), 0) * BUCKET_S} of {needed * BUCKET_S} s")
    if short:
        return Finding(False, f"longest window not full: {', '.join(short)}", "wait; a gap in the trades restarts it")
    volumes = ", ".join(f"{name} {float(m['volume']):.3f}" for name, m in p.markets)
    return Finding(True, f"coefficients {volumes}")


# Orders.


def local_books(p: Patient) -> Finding:
    """The taker check finds room inside each local book."""
    unusable = p.lacking("usable")
    crossing = p.refused(rows.WOULD_CROSS)
    check = "on" if p.session.config.taker_check else "OFF: orders may take"
    found = f"taker check {check}, {crossing:,} quotes kept from crossing"
    if unusable:
        return Finding(False, f"{found}; not usable: {', '.join(unusable)}", "see the check of market data")
    return Finding(True, found)


def venues_answer(p: Patient) -> Finding:
    """Venues take orders of these symbols."""
    rejecting = [f"{name} {int(m['rejects'])}" for name, m in p.markets if m["rejects"]]
    found = ", ".join(f"{m.venue} {m.symbol}" for m in p.session.filled.quoted)
    backing = p.refused(rows.REJECT_BACKOFF)
    if rejecting:
        return Finding(False, f"rejects in a row: {', '.join(rejecting)}", "session.orders names each reject's reason")
    return Finding(True, f"{found}; {backing:,} waits after rejects so far")


def limits_and_sides(p: Patient) -> Finding:
    """Something may quote: no kill, no pause, room in the band, sides switched on."""
    s, session = p.s, p.session
    for switched, what, remedy in (
        (s["killed"], "killed", "session.revive()"),
        (s["halted"], f"halted: {rows.REASONS[int(s['halted'])]}", "session.revive(), once you accept the loss"),
        (s["paused"], "paused", "session.resume()"),
    ):
        if switched:
            return Finding(False, what, remedy)
    lines = s["lines"][: int(s["lines_n"])]
    off = [session.filled.lines[i].id for i in np.flatnonzero(~lines["sides"].any(axis=1))]
    found = f"band used {float(s['band_used']):+.0%}, {int(s['open_orders'])} orders open"
    if off:
        return Finding(False, f"{found}; switched off: {', '.join(off)}", "session.side(line, side, True)")
    quotes = s["quotes"][: int(s["quotes_n"])]
    if not (quotes["order"] >= 0).any():
        codes_, counts = np.unique(quotes["reason"], return_counts=True)
        why = rows.REASONS[int(codes_[np.argmax(counts)])]
        return Finding(False, f"{found}; most quotes: {why}", "session.why_not(line, side, venue)")
    return Finding(True, found)


CHECKS: Final[dict[str, Callable[[Patient], Finding]]] = {
    "inventory configuration": inventory_configuration,
    "trade confirmations": trade_confirmations,
    "position updates": position_updates,
    "order books running": books_running,
    "market data arriving": feed_alive,
    "symbols tracked": symbols_tracked,
    "volume configuration": volume_configuration,
    "trades captured": trades_captured,
    "volume baseline": baseline_set,
    "taker check, local book": local_books,
    "venues and symbols": venues_answer,
    "limits and sides": limits_and_sides,
}
