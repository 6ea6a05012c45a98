"""Recordings written as neutral Parquet, so that other tools read them and `read` gives equal rows back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from stackedmm.core.machine import entry, view
from stackedmm.core.recording import Recording, exchange_time
from stackedmm.core.rows import ASK, BBO, CLEAR, DEPTH, GAP, LAST, SNAPSHOT, TRADE
from stackedmm.errors import ConfigError
from stackedmm.feeds import parquet
from stackedmm.feeds.decimals import as_floats
from stackedmm.feeds.staged import IN_BBO, IN_DELTA, IN_GAP, IN_SNAPSHOT, IN_TRADE

GROUP: Final = 1 << 20
"""Rows of one row group."""


def write(recording: Recording, path: str | Path) -> None:
    """Write a recording's market rows as one neutral file (zstd), with its markets' descriptions in the metadata.

    Reading the file gives equal rows where the markets are sorted by venue and symbol. A gap is a row of kind `gap`
    without price or size. Times are those of the rows: a corrected clock stays corrected.
    """
    path = Path(path)
    strange = np.flatnonzero((recording.local["kind"] < DEPTH) | (recording.local["kind"] > GAP))
    if len(strange):
        kind = recording.local["kind"][strange[0]]
        raise ConfigError(f"{path}: row {strange[0]} is of kind {kind}; only market rows can be written")
    parquet.save(path, recording.markets, _parts(recording))


def _parts(recording: Recording) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    rows = recording.local
    messages = np.zeros(len(rows), np.int32)
    firsts = np.zeros(len(rows), np.int64)
    number(view(rows), np.full(len(recording.markets), -1, np.int64), messages, firsts)
    for begin in range(0, max(1, len(rows)), GROUP):
        part = slice(begin, begin + GROUP)
        chosen = rows["kind"][part] != CLEAR  # a CLEAR is what the first row of a snapshot says already
        yield {name: values[chosen] for name, values in _columns(recording, part, messages, firsts).items()}


def _columns(
    recording: Recording, part: slice, messages: np.ndarray[Any, Any], firsts: np.ndarray[Any, Any]
) -> dict[str, np.ndarray[Any, Any]]:
    rows = recording.local[part]
    price, quantity = np.zeros(len(rows)), np.zeros(len(rows))
    for index, market in enumerate(recording.markets):
        of = rows["market"] == index
        price[of] = as_floats(rows["px"][of], market.tick)
        quantity[of] = as_floats(rows["qty"][of], market.lot)
    depth = np.where(rows["marks"] & SNAPSHOT, IN_SNAPSHOT, IN_DELTA)
    kind = np.select(
        [rows["kind"] == TRADE, rows["kind"] == BBO, rows["kind"] == GAP], [IN_TRADE, IN_BBO, IN_GAP], depth
    )
    side = (rows["marks"] & ASK) + 2 * (rows["kind"] == TRADE)  # SELL is the same bit as ASK
    return {
        "ts_exchange_ns": exchange_time(rows),
        "ts_local_ns": rows["ts"],
        "venue": rows["market"],
        "symbol": rows["market"],
        "kind": kind,
        "side": side,
        "price": price,
        "size": quantity,
        "msg": messages[part],
        "seq_first": firsts[part],
        "seq_last": rows["ref"],
    }


@entry
def number(rows: Any, last: Any, messages: Any, firsts: Any) -> Any:
    """Number the messages, and give each delta the first id that continues its chain: rows carry only the last."""
    message = 0
    for i in range(len(rows)):
        r = rows[i]
        messages[i] = message
        firsts[i] = r.ref
        if r.kind == DEPTH or r.kind == CLEAR:
            if r.kind == DEPTH and r["marks"] & SNAPSHOT == 0 and last[r.market] > 0:
                firsts[i] = last[r.market] + 1 if last[r.market] < r.ref else firsts[i - 1]
            last[r.market] = r.ref
        if r["marks"] & LAST:
            message += 1
