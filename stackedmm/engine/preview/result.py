"""A preview: two runs of the same rows compared, as values, tables and words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.core.waterfall import Bar, waterfall
from stackedmm.engine.arm import prepare
from stackedmm.engine.host.face import Fork
from stackedmm.engine.preview import measure
from stackedmm.engine.preview.bounds import Bounds, outside
from stackedmm.engine.preview.measure import Place, Quoted, Total
from stackedmm.engine.preview.play import Played, play
from stackedmm.rules import RuleSet
from stackedmm.rules.table import Table, html

SIDES: Final = ("bid", "ask")
SECOND: Final = 1_000_000_000
_SAME: Final = ("ts", "market", "line", "side", "level", "px", "qty")
"""What makes two orders one and the same."""


class Candidate(NamedTuple):
    """Rules with the values of their parameters."""

    rules: RuleSet | None
    values: Mapping[str, float] = {}
    """By `rule.parameter`, where they beat the files' defaults."""

    @property
    def ruled(self) -> list[tuple[str, int]]:
        """Name and verb of each rule."""
        return [(each.name, each.verb) for each in self.rules.rules] if self.rules is not None else []

    @property
    def hex(self) -> str:
        """The set's digest."""
        return self.rules.hex if self.rules is not None else "0" * 16


class Difference(NamedTuple):
    """The first order that the two runs do not share."""

    t: int
    """Row time, ns."""
    place: Place
    level: int
    before: Any
    """The COMMAND under the rules in force, or None where that quote was not placed at all any more."""
    after: Any
    """Likewise under the candidate."""


@dataclass(frozen=True)
class Preview:
    """What an edit would have changed. Prints as tables."""

    filled: Filled
    before: Candidate
    after: Candidate
    fork: Fork
    runs: tuple[Played, Played]
    bounds: Bounds
    seconds: float
    """Wall time it took."""

    @cached_property
    def totals(self) -> tuple[Total, Total]:
        """Both spans in all: under the rules in force, and under the candidate."""
        first, second = (measure.total(self.fork, run) for run in self.runs)
        return first, second

    @cached_property
    def quoted(self) -> tuple[dict[Place, Quoted], dict[Place, Quoted]]:
        """Both spans by line, side and market."""
        first, second = (measure.quoted(self.fork, run) for run in self.runs)
        return first, second

    @property
    def equal(self) -> bool:
        """Whether both runs ended in the same state but for the name of the rules: no decision differs."""
        a, b = (run.commands for run in self.runs)
        return len(a) == len(b) and all(np.array_equal(a[name], b[name]) for name in (*_SAME, "kind", "reason"))

    @cached_property
    def outside(self) -> list[str]:
        """The bounds that the candidate breaks, in words; empty where it may be applied without asking."""
        names = {place: self.name(place) for place in self.quoted[0]}
        s = self.runs[0].state[0]
        band = float(s["deviation"]) * float(s["unit_base"]) * float(s["reference"])
        return outside(self.bounds, self.totals, self.quoted, names, band)

    @cached_property
    def first(self) -> Difference | None:
        """The first order that differs; None where none does."""
        return _first(*(run.commands for run in self.runs))

    def name(self, place: Place) -> str:
        """`passive bid binance`."""
        return f"{self.filled.lines[place.line].id} {SIDES[place.side]} {self.filled.quoted[place.market].venue}"

    def bars(self, order: Any, candidate: Candidate) -> list[Bar]:
        """How one of the orders came by its distance from the reference."""
        kind = int(self.runs[0].state[0]["lines"]["kind"][int(order["line"])])
        return waterfall(order, candidate.ruled, kind)

    @property
    def tables(self) -> list[Table]:
        """All tables, the most important first."""
        found = [self._summary(), self._quotes(), self._refusals(), self._difference()]
        return [table for table in found if table.rows]

    @property
    def words(self) -> str:
        """One line: what would have changed."""
        if self.equal:
            idle = f"; no quote is in the scope of {', '.join(self.idle)}" if self.idle else ""
            return f"no decision differs over {self._span()}{idle}"
        a, b = self.totals
        return (
            f"over {self._span()}: orders {a.orders:,} -> {b.orders:,}, fills {a.fills:,} -> {b.fills:,}, "
            f"trading {a.trading:+.4g} -> {b.trading:+.4g}, quoting {a.quoting:.0%} -> {b.quoting:.0%}"
        )

    @property
    def idle(self) -> list[str]:
        """Rules that the candidate brings or changes, and whose scope holds no quote of this configuration."""
        first, second = (each.rules.rules if each.rules is not None else () for each in (self.before, self.after))
        known = {(each.name, each.file_digest) for each in first}
        records = self.runs[1].state[0]["rules"]
        return [
            each.name
            for each, record in zip(second, records, strict=False)
            if (each.name, each.file_digest) not in known
            and not all(int(record[part]) for part in ("lines", "sides", "markets"))
        ]

    def _span(self) -> str:
        seconds = (self.fork.end - self.fork.start) / SECOND
        return f"{seconds / 60:.3g} min" if seconds >= 60 else f"{seconds:.3g} s"

    def _summary(self) -> Table:
        a, b = self.totals
        quote, base = self.filled.quoted[0].quote, self.filled.quoted[0].base
        lines = [
            ("orders", f"{a.orders:,}", f"{b.orders:,}"),
            ("cancels", f"{a.cancels:,}", f"{b.cancels:,}"),
            ("fills", f"{a.fills:,}", f"{b.fills:,}"),
            (f"bought, sold {base}", f"{a.bought:,.6g}, {a.sold:,.6g}", f"{b.bought:,.6g}, {b.sold:,.6g}"),
            ("rejected by venues", f"{a.rejects:,}", f"{b.rejects:,}"),
            ("rules without answer", f"{a.failures:,}", f"{b.failures:,}"),
            ("quotes refused", f"{a.refused:,}", f"{b.refused:,}"),
            ("time quoting", f"{a.quoting:.1%}", f"{b.quoting:.1%}"),
            (f"profit {quote}", f"{a.profit:+.4f}", f"{b.profit:+.4f}"),
            (f"  by trading {quote}", f"{a.trading:+.4f}", f"{b.trading:+.4f}"),
            (f"position {base}", f"{a.position:,.8g}", f"{b.position:,.8g}"),
        ]
        first, second = (each.hex[:8] if each.ruled else "no rules" for each in (self.before, self.after))
        title = f"Preview over {self._span()}, {first} -> {second}"
        note = f"two runs in {self.seconds * 1e3:.0f} ms; " + (self.words if self.equal else self._verdict())
        return Table(title, ("", "in force", "candidate"), lines, note=note)

    def _verdict(self) -> str:
        return "outside the bounds: " + "; ".join(self.outside) if self.outside else "inside all bounds"

    def _quotes(self) -> Table:
        lines = []
        for place, then in self.quoted[0].items():
            now = self.quoted[1][place]
            moved = now.distance_bps - then.distance_bps
            lines.append(
                (
                    self.name(place), _number(then.distance_bps, ".2f"), _number(now.distance_bps, ".2f"),
                    _number(moved, "+.2f"), _number(then.size, ".4g"), _number(now.size, ".4g"),
                    f"{then.quoting:.0%}", f"{now.quoting:.0%}", f"{then.orders:,}", f"{now.orders:,}",
                    f"{then.fills:,}", f"{now.fills:,}",
                )
            )  # fmt: skip
        columns = ("", "bps", "→", "moved", "size", "→", "time", "→", "orders", "→", "fills", "→")
        return Table("Quotes, in force → candidate; bps from the reference", columns, lines)

    def _refusals(self) -> Table:
        first, second = (measure.refusals(self.fork, run) for run in self.runs)
        order = sorted({*first, *second}, key=lambda reason: -max(first.get(reason, 0), second.get(reason, 0)))
        lines = [(reason, f"{first.get(reason, 0):,}", f"{second.get(reason, 0):,}") for reason in order]
        return Table("Quotes that did not stand", ("reason", "in force", "candidate"), lines)

    def _difference(self) -> Table:
        found = self.first
        if found is None:
            return Table("", (), [])
        sides = ((found.before, self.before), (found.after, self.after))
        bars = [dict(self.bars(order, candidate)) if order is not None else {} for order, candidate in sides]
        owners = _merged(list(bars[0]), list(bars[1]))
        lines = [(owner, *(_number(each.get(owner, float("nan")), "+.3f") for each in bars)) for owner in owners]
        orders = [self._order(order) for order, _ in sides]
        lines += [("from the reference", *(f"{sum(each.values()):.3f}" if each else "-" for each in bars))]
        lines += [("order", *orders)]
        after = (found.t - self.fork.start) / SECOND
        title = f"First order that differs: {self.name(found.place)} level {found.level}, after {after:.1f} s, in bps"
        return Table(title, ("", "in force", "candidate"), lines)

    def _order(self, order: Any) -> str:
        if order is None:
            return "none"
        m = self.runs[0].state[0]["markets"][int(order["market"])]
        price, size = float(order["px"]) * float(m["tick_size"]), float(order["qty"]) * float(m["lot_base"])
        return f"{size:g} at {price:.10g}"

    def __repr__(self) -> str:
        return "\n\n".join(map(str, self.tables))

    def _repr_html_(self) -> str:
        return html(*self.tables)


def preview(fork: Fork, filled: Filled, before: Candidate, after: Candidate, bounds: Bounds | None = None) -> Preview:
    """Run the fork's span under both; RuleError where a set does not fit the engine."""
    begun = perf_counter()
    first, second = (play(fork, prepare(filled, each.rules, each.values)) for each in (before, after))
    return Preview(filled, before, after, fork, (first, second), bounds or Bounds(), perf_counter() - begun)


def _merged(first: list[str], second: list[str]) -> list[str]:
    """Both lists in one order: what only the second has stands behind what precedes it there."""
    merged = list(first)
    for i, each in enumerate(second):
        if each not in merged:
            merged.insert(merged.index(second[i - 1]) + 1 if i else 0, each)
    return merged


def _number(value: float, form: str) -> str:
    return format(value, form) if isfinite(value) else "-"


def _first(a: Any, b: Any) -> Difference | None:
    a, b = (each[each["kind"] == rows.PLACE] for each in (a, b))
    n = min(len(a), len(b))
    same = np.ones(n, bool)
    for name in _SAME:
        same &= a[name][:n] == b[name][:n]
    at = n if same.all() else int(np.argmin(same))
    left, right = a[at:], b[at:]
    if not len(left) and not len(right):
        return None
    # Whichever came first is the one that differs; the other side's answer to it is the same quote's next order.
    if len(left) and (not len(right) or left["ts"][0] <= right["ts"][0]):
        c = left[0]
        mine, other = c, _next(right, c)
    else:
        c = right[0]
        mine, other = _next(left, c), c
    place = Place(int(c["line"]), int(c["side"]), int(c["market"]))
    return Difference(int(c["ts"]), place, int(c["level"]), mine, other)


def _next(orders: Any, like: Any) -> Any:
    same = np.flatnonzero(orders["quote"] == like["quote"])
    return orders[same[0]] if len(same) else None
