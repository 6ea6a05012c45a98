"""A session at a glance."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stackedmm.core.rows import REASONS
from stackedmm.engine.host import sample
from stackedmm.session import places
from stackedmm.session.ruling import Ruling
from stackedmm.session.sheet import Page, Sheet

if TYPE_CHECKING:
    from stackedmm.lab.moment import Frame


def page(session: Ruling, quotes: "Callable[[], Frame]") -> Page:
    """What it trades, how it stands, what each line shows."""
    config, look = session.config, session.host.look()
    title = f"{session.mode} {config.base_coin}/{config.quote_currencies[0]}: {session.phase}"
    rules = ", ".join(each.name for each in session.rules.rules) if session.rules is not None else ""
    rows = [("market", session.host.title), ("rules", rules or "none"), ("revision", session.revision)]
    if look.note:
        rows.append(("note", look.note))
    if look.state is None:
        word = "await session.start()" if session.phase == "compiling" else f"{look.progress:.0%}"
        return Page(Sheet(title, ("", ""), [*rows, ("", word)], left=2))
    s = look.state
    unit, quote = float(s["unit_base"]), config.quote_currencies[0]
    total = sample.profit(s)
    trading = sample.traded(s, total, session.host.record.opening)
    rows += [
        ("quoting", quoting(s)),
        ("reference", f"{float(s['reference']):.8g}"),
        ("inventory", f"{float(s['ledger']['position']) * unit:g} {config.base_coin}, target {_band(session)}"),
        ("coefficient", f"{float(s['inventory']):+.4f}"),
        ("profit by trading", f"{trading:+.4f} {quote}"),
        ("orders open", int(s["open_orders"])),
        ("fills", int(s["ledger"]["fills"])),
        ("rows a second, lag", f"{look.rows_per_s:,.0f}, {look.lag_s * 1000:.0f} ms"),
    ]
    return Page(Sheet(title, ("", ""), rows, left=2), lines(session, quotes()))


def _band(session: Ruling) -> str:
    held = session.config.inventory
    return f"{held.target_inventory} ± {held.max_inventory_deviation}"


def quoting(s: object) -> str:
    """Whether anything may quote, in words."""
    record: dict[str, int] = s  # type: ignore[assignment]  # a numpy record, read by name
    if record["killed"]:
        return "KILLED: session.revive() lets it quote again"
    if record["halted"]:
        return f"halted: {REASONS[int(record['halted'])]}"
    return "paused" if record["paused"] else "yes"


def lines(session: Ruling, quotes: "Frame") -> Sheet:
    """What each line shows on each venue: bid and ask of its innermost level."""
    rows = []
    quotes = quotes.reset_index()
    for line in session.filled.lines:
        for i in range(len(session.filled.quoted)):
            venue = places.spelled(session.config, session.filled, i)
            here = quotes[(quotes["line"] == line.id) & (quotes["venue"] == venue) & (quotes["level"] == 0)]
            cells = {side: _quote(here[here["side"] == side].iloc[0]) for side in ("bid", "ask")}
            rows.append((line.id, venue, cells["bid"], cells["ask"]))
    return Sheet("Quotes", ("line", "venue", "bid", "ask"), rows, left=2)


def _quote(row: object) -> str:
    found: dict[str, float] = row  # type: ignore[assignment]  # a row of a frame, read by name
    if found["price"] != found["price"] or found["price"] is None:
        return str(found["state"])
    return f"{found['size']:g} @ {found['price']:.10g}"
