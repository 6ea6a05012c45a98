"""Why a quote does not stand: the first thing that stopped it, its numbers, and what would help."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from stackedmm.config.fill import Filled
from stackedmm.core import rows
from stackedmm.core.views import GATE
from stackedmm.engine.host.record import SIDES
from stackedmm.rules import RuleSet
from stackedmm.session.places import Place
from stackedmm.session.sheet import Sheet

SECOND: Final = 1_000_000_000
Facts = list[tuple[str, object]]


class Case(NamedTuple):
    """What is looked at: the engine's record, the quote, the rules."""

    s: Any
    q: Any
    filled: Filled
    rules: RuleSet | None

    @property
    def m(self) -> Any:
        """The quote's market."""
        return self.s["markets"][self.q["market"]]

    @property
    def side(self) -> str:
        """`bid` or `ask`."""
        return SIDES[int(self.q["side"])]

    @property
    def line(self) -> str:
        """The line's id."""
        return str(self.filled.lines[self.q["line"]].id)


class WhyNot(Sheet):
    """The reason in words, its numbers, and what would help; `stands` where an order does stand."""

    def __init__(self, where: str, reason: int, facts: Facts, remedy: str, *, stands: bool) -> None:
        self.stands = stands
        self.code = reason
        self.reason = "it stands" if stands else rows.REASONS[reason]
        title = f"{where}: {self.reason}"
        super().__init__(title, ("", ""), facts, left=2, notes=(f"what helps: {remedy}",) if remedy else ())


def why_not(s: Any, filled: Filled, rules: RuleSet | None, place: Place, venue: str) -> WhyNot:
    """Of one quote, from a copy of the engine's record."""
    q = s["quotes"][place.quote]
    case = Case(s, q, filled, rules)
    where = f"{case.line} {case.side} on {venue}" + (f", level {place.level}" if place.level else "")
    if q["order"] >= 0:
        o = s["orders"][q["order"]]
        price = float(o["px"]) * float(case.m["tick_size"])
        facts: Facts = [
            ("order", int(o["ref"])),
            ("price", price),
            ("age, s", (int(s["now"]) - int(o["sent_ns"])) / SECOND),
        ]
        return WhyNot(where, rows.OK, facts, "", stands=True)
    reason = int(q["reason"])
    facts_of, remedy = ABOUT.get(reason, (_nothing, ""))
    return WhyNot(where, reason, facts_of(case), remedy, stands=False)


def _nothing(case: Case) -> Facts:
    return []


def _band(case: Case) -> Facts:
    s = case.s
    unit = float(s["unit_base"])
    held = int(s["ledger"]["position"]) + int(s["ledger"]["provisional"])
    bid = case.side == "bid"
    open_units = int(s["open_units"][case.q["side"]])
    edge = int(s["target"]) + int(s["deviation"]) if bid else int(s["target"]) - int(s["deviation"])
    room = edge - held - open_units if bid else held - open_units - edge
    return [
        ("inventory", held * unit),
        (f"all open {case.side}s together", open_units * unit),
        ("edge of the band", edge * unit),
        ("room left", room * unit),
    ]


def _balance(case: Case) -> Facts:
    m, s = case.m, case.s
    return [
        ("free base", float(s["wallets"][m["base_at"]]["amount"]) * float(s["unit_base"])),
        ("free quote", float(s["wallets"][m["money_at"]]["amount"]) * float(s["currencies"][m["currency"]]["unit"])),
        (f"held by open {case.side}s", float(m["open_lots"][case.q["side"]]) * float(m["lot_base"])),
    ]


def _book(case: Case) -> Facts:
    m = case.m
    return [
        ("feed last proved alive, s ago", (int(case.s["now"]) - int(m["seen_ns"])) / SECOND),
        ("a snapshot came and no gap since", bool(m["synced"])),
        ("gaps so far", int(m["gaps"])),
        ("times crossed", int(m["crossings"])),
    ]


def _reference(case: Case) -> Facts:
    usable = [bool(m["usable"]) for m in case.s["markets"][: int(case.s["quoted_n"])]]
    names = [market.venue for market in case.filled.quoted]
    return [(f"book of {name} usable", each) for name, each in zip(names, usable, strict=True)]


def _gate(case: Case) -> Facts:
    facts: Facts = []
    for i, rule in enumerate(case.rules.rules if case.rules is not None else ()):
        if rule.verb == GATE and _concerns(case, i):
            first = int(case.s["rules"][i]["first_param"])
            given = ", ".join(f"{name} {case.s['params'][first + n]:g}" for n, (name, _) in enumerate(rule.params))
            facts.append(
                (f"gate {rule.name}", f"reads {', '.join(rule.fields) or 'nothing'}; {given or 'no parameter'}")
            )
    return facts


def _concerns(case: Case, i: int) -> bool:
    rule, q = case.s["rules"][i], case.q
    bits = (int(rule["lines"]) >> int(q["line"])) & (int(rule["sides"]) >> int(q["side"]))
    return bool(bits & (int(rule["markets"]) >> int(q["market"])) & 1)


def _rule_failed(case: Case) -> Facts:
    failed = [
        (f"rule {rule.name}: times without an answer", int(case.s["rules"][i]["failures"]))
        for i, rule in enumerate(case.rules.rules if case.rules is not None else ())
    ]
    return [each for each in failed if each[1]]


def _bucket(case: Case) -> Facts:
    m, line = case.m, case.s["lines"][case.q["line"]]
    bucket = line["bucket"][case.q["side"]] if line["shared_bucket"] else case.q["bucket"]
    return [
        ("in the bucket, coins", float(bucket)),
        ("accrues an hour, coins", float(line["base_quantity"])),
        *_minimum(case),
        ("filled in the last hour", float(case.q["filled_hour"])),
        ("message tokens", float(m["tokens"])),
    ]


def _minimum(case: Case) -> Facts:
    m = case.m
    return [
        ("venue's least quantity", float(m["min_lots"]) * float(m["lot_base"])),
        ("venue's least value", float(m["min_notional"])),
    ]


def _cost(case: Case) -> Facts:
    s, m, line = case.s, case.m, case.s["lines"][case.q["line"]]
    top = float(m["touch"][case.q["side"]]) * (1 if case.side == "bid" else -1)
    return [
        ("inventory price", float(s["inventory_price"])),
        ("reference", float(s["reference"])),
        (f"best {case.side} of others", abs(top) * float(m["tick_size"])),
        ("configured distance, bps", float(line["bps"])),
        ("largest distance behind the best, bps", float(line["max_clamp_bps"])),
    ]


def _zone(case: Case) -> Facts:
    line = case.s["lines"][case.q["line"]]
    return [("lowest price", float(line["min_price"])), ("highest price", float(line["max_price"]))]


def _messages(case: Case) -> Facts:
    return [
        ("message tokens", float(case.m["tokens"])),
        ("messages a second", float(case.m["messages_per_second"])),
        ("kept for cancels", float(case.s["cancel_reserve"])),
    ]


def _rejects(case: Case) -> Facts:
    wait = max(0, int(case.m["backoff_ns"]) - int(case.s["now"])) / SECOND
    return [("rejects in a row", int(case.m["rejects"])), ("goes on in, s", wait)]


def _open(case: Case) -> Facts:
    return [("orders of this market", int(case.m["lives"])), ("risk.max_open_orders", int(case.s["max_open_orders"]))]


def _loss(case: Case) -> Facts:
    s = case.s
    return [
        ("largest drawdown so far", float(s["max_drawdown_seen"])),
        ("risk.max_drawdown", float(s["max_drawdown"])),
        ("risk.max_loss", float(s["max_loss"])),
    ]


def _collar(case: Case) -> Facts:
    return [("reference", float(case.s["reference"])), ("risk.collar_bps", float(case.s["collar_bps"]))]


def _value(case: Case) -> Facts:
    return [("risk.max_order_value", float(case.s["max_order_value"]))]


ABOUT: Final[dict[int, tuple[Callable[[Case], Facts], str]]] = {
    rows.NOT_RECONCILED: (_nothing, "wait for the first reference price; live, for the venues' word on the position"),
    rows.KILLED: (_nothing, "session.revive(), once you know why it was killed"),
    rows.PAUSED: (_nothing, "session.resume(), or session.resume(venue)"),
    rows.LINE_DISABLED: (
        _nothing,
        "session.side(line, side, True), or the line's sides and enabled",
    ),
    rows.NO_BOOK: (_book, "wait for the feed's next snapshot; session.doctor() if it does not come"),
    rows.STALE_BOOK: (_book, "wait for the feed; risk.stale_ms says how old is too old"),
    rows.NO_REFERENCE: (_reference, "pricing.fallback: aggregated, or another smart_pricing_source"),
    rows.OUTSIDE_ZONE: (_zone, "the line's min_price and max_price"),
    rows.COST: (_cost, "the line's inventory_gate, max_clamp_bps, or spread_from_inventory"),
    rows.STRICT_COST: (_cost, "the line's inventory_gate: clamp quotes behind the best instead of staying out"),
    rows.GATE: (_gate, "session.tune(rule, ...), or edit the rule"),
    rows.RULE_FAILED: (_rule_failed, "mend the rule, or session.rollback()"),
    rows.NO_BUDGET: (_bucket, "wait for the bucket; a larger hourly_quantity or timeout_seconds fills it faster"),
    rows.BAND: (_band, "fills of the other side make room; inventory.max_inventory_deviation is the band"),
    rows.BALANCE_SHORT: (_balance, "move funds to the venue, or quote less there: venues.<id>.size_factor"),
    rows.BELOW_MINIMUM: (_minimum, "a larger quantity; sizes are never enlarged to a venue's minimum"),
    rows.WOULD_CROSS: (_nothing, "wait: there is no price inside the local spread now"),
    rows.COLLAR: (_collar, "risk.collar_bps, if the price is right and the collar is not"),
    rows.ORDER_VALUE: (_value, "a smaller quantity, or risk.max_order_value"),
    rows.OPEN_ORDERS: (_open, "fewer levels or lines, or risk.max_open_orders"),
    rows.MESSAGE_BUDGET: (
        _messages,
        "wait; a longer timeout_seconds, a larger requote_bps, risk.messages_per_second",
    ),
    rows.SELF_TRADE: (_nothing, "wait for the own order of the other side to be gone"),
    rows.WAIT_DEATH: (_nothing, "wait: nothing replaces an order before the proof that it is dead"),
    rows.WAIT_INTERVAL: (_nothing, "wait; the line's min_replace_interval_ms"),
    rows.ZERO_SIZE: (_gate, "session.why of the other side shows which coefficient is 0"),
    rows.REJECT_BACKOFF: (_rejects, "look at the orders' end in session.orders; it goes on by itself"),
    rows.LOSS_LIMIT: (_loss, "session.revive(), once you accept the loss"),
    rows.REBALANCED: (_nothing, "the target is reached; mode: two_sided quotes both sides"),
}
