"""What is asked of every trial, from the venue's side: each oracle says how often it was reached and what broke it."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import numpy as np

from stackedmm.core import inventory, rows
from stackedmm.core.check import check_orders
from stackedmm.core.codes import FOREIGN_FILL, LATE_FILL
from stackedmm.core.own import LIVE, PENDING
from stackedmm.engine import witness
from stackedmm.sim import truth
from tests.campaign.trial import KILL_S, LIVENESS_S, OPENING_PRICE, REJECTED_S, SAFETY_S, SECOND, VALID_S, Trial, begin

CHECK_S: Final = 2
EXCUSES: Final = {
    rows.OUTSIDE_ZONE,
    rows.COST,
    rows.NO_BUDGET,
    rows.BAND,
    rows.BALANCE_SHORT,
    rows.BELOW_MINIMUM,
    rows.SELF_TRADE,
    rows.WAIT_INTERVAL,
    rows.ZERO_SIZE,
    rows.STRICT_COST,
    rows.MESSAGE_BUDGET,
}
"""Why a quote may be away in a healthy market: it trades, it waits its turn, or the configuration says so."""
LARGEST_COEFFICIENT: Final = 2
ENGINE_CHECKS = True
"""Whether the engine's own sums are asked as well; planted bugs must be found without."""


class Findings:
    """What a trial broke, and how often each oracle was reached."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.reached: Counter[str] = Counter()

    def ask(self, oracle: str, holds: Any, what: Callable[[], str]) -> None:
        """Enter one verdict; `what` words the failure."""
        self.reached[oracle] += 1
        if not holds:
            self.broken.append(f"{oracle}: {what()}")


def run(seed: int, until_broken: bool = False) -> tuple[Trial, Findings]:
    """Take a seed through all phases; with `until_broken` the first finding ends it."""
    t, found = begin(seed), Findings()
    for phase in (safety, liveness, kill):
        if not (until_broken and found.broken):
            phase(t, found, until_broken)
    if not (until_broken and found.broken):
        afterwards(t, found)
    witnessed(t, found)
    return t, found


def witnessed(t: Trial, found: Findings) -> None:
    """Enter what was seen while the simulation ran, before all else: it came first."""
    w = t.W[0]
    for i, name in enumerate(witness.NAMES):
        found.reached[name] += int(w["reached"][i])
        if w["broken"][i]:
            when = (int(w["first_ns"][i]) - t.start) / 1e9
            found.broken.insert(0, f"{name}: {w['broken'][i]} times, first at {when:.3f} s, about {w['about'][i]}")


def safety(t: Trial, found: Findings, hasty: bool) -> None:
    """All drawn faults are on."""
    t.switch(True)
    for second in range(CHECK_S, SAFETY_S + 1, CHECK_S):
        t.until(second)
        sound(t, found)
        if hasty and (found.broken or t.W[0]["broken"].any()):
            return
    t.switch(False)


def liveness(t: Trial, found: Findings, hasty: bool) -> None:
    """Faults are over: quotes come back, nothing stays unknown, positions are equal. Refusals in a row delay them."""
    limit = LIVENESS_S
    second, missing = 0.0, "nothing looked at"
    while missing and second < limit:
        second += 0.25
        t.until(SAFETY_S + second)
        if second % 1 == 0:
            sound(t, found)
        missing = not_back(t)
        waits = int(t.s["markets"]["backoff_ns"].max()) - int(t.s["now"])
        limit = min(max(limit, int(second) + waits // SECOND + 3), REJECTED_S)
    found.ask("quotes back", not missing, lambda: f"{limit} s after the faults: {missing}")


def kill(t: Trial, found: Findings, hasty: bool) -> None:
    """A person kills, in half the seeds while the network fails again."""
    now = max((int(t.s["now"]) - t.start) / 1e9, SAFETY_S + VALID_S) + 0.05
    t.until(now)
    faulty = bool(t.draws["kill_in_faults"])
    t.switch(faulty)
    t.until(now + 2, rows.KILL)
    if not faulty:
        found.ask("dead in 2 s", not left(t), lambda: f"orders left: {left(t)}")
    for step in range(4, KILL_S + 1, 2):
        t.switch(faulty and step <= 4)
        t.until(now + step)
        sound(t, found)


def sound(t: Trial, found: Findings) -> None:
    """Every sum the engine keeps is what its parts add up to."""
    if not ENGINE_CHECKS:
        return
    try:
        check_orders(t.s)
        inventory.check(t.s)
    except AssertionError as finding:
        what = f"{(int(t.s['now']) - t.start) / 1e9:.3f} s: {finding}"
        found.ask("sound", False, lambda: what)
    else:
        found.ask("sound", True, str)


def true_position(t: Trial) -> int:
    """Ledger units by the venues' own books."""
    units = t.s["markets"]["lot_units"]
    lots = [truth.account(t.X, i).position for i in range(len(t.recording.markets))]
    return int(t.s["opening"]) + sum(n * int(units[i]) for i, n in enumerate(lots))


def not_back(t: Trial) -> str:
    """What is still wrong with a market that is healthy again, empty if nothing."""
    s = t.s
    if s["unknown_orders"] or s["ledger"]["provisional"]:
        return f"{s['unknown_orders']} unknown orders, {s['ledger']['provisional']} units provisional"
    if true_position(t) != s["ledger"]["position"]:
        return f"position {s['ledger']['position']}, at the venues {true_position(t)}"
    quoted = set()
    for k in range(int(s["quotes_n"])):
        q = s["quotes"][k]
        o = s["orders"][q["order"]]
        if q["order"] >= 0 and o["life"] in (LIVE, PENDING):
            quoted.add(int(q["market"]))
        elif int(q["reason"]) not in EXCUSES:
            return f"quote {k} is away: {rows.REASONS[int(q['reason'])]}"
    away = set(range(len(t.recording.markets))) - quoted
    return f"markets {sorted(away)} have no quote at all" if away else ""


def left(t: Trial) -> list[int]:
    """Client ids that rest at the venues."""
    return [int(ref) for i in range(len(t.recording.markets)) for ref in truth.resting(t.X, i)["ref"]]


def afterwards(t: Trial, found: Findings) -> None:
    """Everything is over: no order left, ledgers equal to the last unit, sizes within their hourly rate."""
    s = t.s
    open_orders = int(s["open_orders"])
    found.ask("all dead", not left(t) and open_orders == 0, lambda: f"resting {left(t)}, believed open {open_orders}")
    truth.check(t.X, t.XA)
    found.ask("heard all", t.G["overflow"][0] == 0, lambda: "the gateway had no room for a fill")
    fills = t.fills()
    units = s["markets"]["lot_units"]
    reported = int(((1 - 2 * fills["side"]) * fills["lots"] * units[fills["market"]]).sum()) + int(s["opening"])
    found.ask("venues agree", reported == true_position(t), lambda: f"fills {reported}, accounts {true_position(t)}")
    position = int(s["ledger"]["position"])
    found.ask("position", position == true_position(t), lambda: f"{position}, at the venues {true_position(t)}")
    astray = int(s["events"][[LATE_FILL, FOREIGN_FILL]].sum())
    found.ask("no fill after death", astray == 0, lambda: f"{astray} fills of orders that were thought over")
    booked = t.G[0]["booked"][: t.G[0]["booked_n"]].tolist()
    found.ask("booked once", sorted(booked) == fills["trade"].tolist(), lambda: f"{len(booked)} of {len(fills)} fills")
    if sorted(booked) == fills["trade"].tolist():
        ledger(t, found, fills, booked)
    paced(t, found, fills)


def ledger(t: Trial, found: Findings, fills: Any, booked: list[int]) -> None:
    """The same fills in the same order, by a ledger of fractions: flow exact, realised within a unit a fill."""
    s = t.s
    by_id = {int(f["trade"]): f for f in fills}
    position = int(s["opening"])
    cost = flow = Fraction(int(position * (Fraction(OPENING_PRICE) * Fraction(s["unit_base"] / s["unit_cost"]))))
    realised = Fraction(0)
    for trade in booked:
        f = by_id[trade]
        m = s["markets"][f["market"]]
        sign, lots = 1 - 2 * int(f["side"]), int(f["lots"])
        units = lots * int(m["lot_units"])
        paid = sign * int(f["px"]) * lots * int(m["cost_units"]) + int(f["fee"])
        flow += paid
        if sign * position >= 0:
            cost += paid
        else:
            assert units < abs(position)
            share = cost * units / abs(position)
            realised -= share + paid
            cost -= share
        position += sign * units
    mine = s["ledger"]
    found.ask("ledger flow", mine["flow"] == flow, lambda: f"{mine['flow']}, by fractions {flow}")
    apart = abs(int(mine["realised"]) - realised)
    found.ask("ledger realised", apart <= len(booked), lambda: f"{mine['realised']}, by fractions {float(realised)}")


def paced(t: Trial, found: Findings, fills: Any) -> None:
    """Each token bucket, refilled at its largest rate and debited when the venue trades, never goes below nothing."""
    s = t.s
    sent = t.commands()
    placed = sent[sent["kind"] == rows.PLACE]
    quote_of = dict(zip(placed["ref"].tolist(), placed["quote"].tolist(), strict=True))
    buckets: dict[tuple[int, ...], tuple[float, int]] = {}
    for f in fills[np.argsort(fills["at"], kind="stable")]:
        q = s["quotes"][quote_of[int(f["ref"])]]
        line = s["lines"][q["line"]]
        if line["kind"] != 0:
            continue
        shared = bool(line["shared_bucket"])
        key = (int(q["line"]), int(q["side"])) if shared else (int(q["line"]), int(q["side"]), int(q["market"]))
        cap = float(line["base_quantity"] * line["timeout_ns"] / 3.6e12)
        level, then = buckets.get(key, (cap, 0))
        rate = float(line["base_quantity"]) * LARGEST_COEFFICIENT / 3.6e12
        level = min(cap, level + rate * (int(f["at"]) - then)) - int(f["lots"]) * float(
            s["markets"][q["market"]]["lot_base"]
        )
        buckets[key] = (level, int(f["at"]))
        found.ask("paced", level > -1e-6, lambda k=key, v=level: f"bucket {k} at {v}")  # type: ignore[misc]
