"""Numbers of a played span: in all, and of each line, side and venue."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackedmm.core import rows
from stackedmm.core.codes import ORDERS
from stackedmm.engine.host.face import Fork
from stackedmm.engine.preview.play import Played

STOPPED: Final = frozenset(rows.REASONS) - {rows.OK}


class Total(NamedTuple):
    """A whole span."""

    orders: int
    cancels: int
    messages: int
    """Orders, cancels and questions sent."""
    fills: int
    bought: float
    """Base coins."""
    sold: float
    rejects: int
    """By the venues."""
    failures: int
    """Times a rule had no answer."""
    decisions: int
    refused: int
    """Decisions that ended without a quote where one was wanted."""
    quoting: float
    """Part of the time, 0 to 1, mean over all quotes."""
    profit: float
    """Quote currency, over the span."""
    trading: float
    """Of it, what trading made: without what merely holding the first position would have."""
    position: float
    """Base coins at the end."""


class Place(NamedTuple):
    """Which quotes a row of the table is about: all levels of a line, a side and a market."""

    line: int
    side: int
    market: int


class Quoted(NamedTuple):
    """Those quotes over the span."""

    distance_bps: float
    """Mean distance from the reference where one stood; NaN where none ever did."""
    size: float
    """Mean resting size where one stood, base coins; NaN likewise."""
    quoting: float
    """Part of the time that one stood, 0 to 1."""
    orders: int
    fills: int


def total(fork: Fork, played: Played) -> Total:
    """The span in all."""
    before, after, samples = fork.state[0], played.state[0], played.samples
    kinds = played.commands["kind"]
    filled = played.answers[played.answers["kind"] == rows.FILL]
    asks = (filled["marks"] & rows.ASK) != 0
    coins = filled["qty"] * after["markets"]["lot_base"][filled["market"]]
    refusals = _refusals(before, after)
    first = _opening(before)
    last = samples.equity[-1]
    held = float(before["ledger"]["position"]) * float(before["unit_base"])
    moved = float(samples.reference[-1]) - float(before["reference"]) if before["reference"] > 0.0 else 0.0
    profit = float(last - first)
    return Total(
        orders=int((kinds == rows.PLACE).sum()),
        cancels=int((kinds == rows.CANCEL).sum()),
        messages=len(kinds),
        fills=len(filled),
        bought=float(coins[~asks].sum()),
        sold=float(coins[asks].sum()),
        rejects=int((played.answers["kind"] == rows.REJECT).sum()),
        failures=int(after["rules"]["failures"].sum()),
        decisions=int(after["decisions"] - before["decisions"]),
        refused=int(sum(refusals.values())),
        quoting=float(np.isfinite(samples.size).mean()) if samples.size.size else 0.0,
        profit=profit,
        trading=profit - held * moved,
        position=float(samples.position[-1]),
    )


def _opening(s: Any) -> float:
    ledger, unit = s["ledger"], float(s["unit_cost"])
    position = float(ledger["position"]) * float(s["unit_base"])
    return (float(ledger["realised"]) - float(ledger["cost"])) * unit + position * float(s["reference"])


def refusals(fork: Fork, played: Played) -> dict[str, int]:
    """Why quotes did not stand, by reason, and how often that was found in the span."""
    return _refusals(fork.state[0], played.state[0])


def _refusals(before: Any, after: Any) -> dict[str, int]:
    counts = after["refusals"] - before["refusals"]
    return {rows.REASONS[int(i)]: int(counts[i]) for i in np.flatnonzero(counts > 0) if int(i) in STOPPED}


def quoted(fork: Fork, played: Played) -> dict[Place, Quoted]:
    """Each line, side and market that has quotes."""
    s = played.state[0]
    quotes = s["quotes"][: int(s["quotes_n"])]
    places = np.stack([quotes["line"], quotes["side"], quotes["market"]], axis=1)
    placed = played.commands[played.commands["kind"] == rows.PLACE]
    lines = _lines_of_fills(fork, played, placed)
    hits = played.answers[played.answers["kind"] == rows.FILL]
    found: dict[Place, Quoted] = {}
    for line, side, market in np.unique(places, axis=0).tolist():
        mine = (places == (line, side, market)).all(axis=1)
        distance, size = played.samples.distance_bps[:, mine], played.samples.size[:, mine]
        ours = (placed["line"] == line) & (placed["side"] == side) & (placed["market"] == market)
        here = (lines == line) & ((hits["marks"] & rows.ASK) == side) & (hits["market"] == market)
        found[Place(line, side, market)] = Quoted(
            _mean(distance),
            _mean(size),
            float(np.isfinite(size).any(axis=1).mean()),
            int(ours.sum()),
            int(here.sum()),
        )
    return found


def _mean(numbers: NDArray[np.float64]) -> float:
    known = numbers[np.isfinite(numbers)]
    return float(known.mean()) if len(known) else float("nan")


def _lines_of_fills(fork: Fork, played: Played, placed: NDArray[Any]) -> NDArray[np.int64]:
    """Whose order each fill was, by client id: placed in the span, or before it."""
    refs = played.answers["ref"][played.answers["kind"] == rows.FILL]
    homes = dict(zip(placed["ref"].tolist(), placed["line"].tolist(), strict=True))
    old = fork.state[0]["orders"]
    for ref in set(refs.tolist()) - homes.keys():
        order = old[ref & (ORDERS - 1)]
        if order["ref"] == ref:
            homes[ref] = int(order["line"])
    return np.array([homes.get(ref, -1) for ref in refs.tolist()], np.int64)
