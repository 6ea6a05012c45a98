"""Public trades kept in memory market by market: read, checked for gaps, and played into averages."""

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from stackedmm.core.recording import Recording
from stackedmm.core.rows import GAP, SELL, TRADES
from stackedmm.core.rows import TRADE as TRADE_ROW
from stackedmm.errors import ConfigError
from stackedmm.feeds.decimals import as_floats
from stackedmm.feeds.recording import Described
from stackedmm.feeds.recording import read as read_recording
from stackedmm.lab.averages import MovingAverageCalculator
from stackedmm.lab.tail import Tail
from stackedmm.lab.times import iso
from stackedmm.lab.trades import SIDES, TRADE, Array, Key, choose, instant, named, read, whole
from stackedmm.lab.volume import VolumeCoefficientEngine

if TYPE_CHECKING:
    import pandas as pd

KEPT: Final = 1_000_000
"""Trades a market that are kept where nothing else is said: 40 MB."""
CONTIGUOUS: Final = 0.9
"""Ids number the trades one by one where at least this part of their steps is 1; other ids tell of no gaps."""
FEW: Final = 10
"""Fewer ids than this tell nothing."""


class TradeDataManager:
    """The newest public trades of each market, at most `max_trades` of each, in order of time.

    >>> TradeDataManager(max_trades=10_000)
    TradeDataManager: no trades yet
    """

    def __init__(self, max_trades: int = KEPT) -> None:
        self.max_trades = whole(max_trades, "max_trades", 1, 10**9)
        self._kept: dict[Key, Tail] = {}
        self._lost: dict[Key, list[int]] = {}
        self._again: dict[Key, int] = {}

    def add_frame(self, trades: "pd.DataFrame", venue: str | None = None, symbol: str | None = None) -> int:
        """Trades in order of time; the columns are those of `trades.read`. Returns how many were new.

        Where ids number the trades, those that are here already are passed over; else none may be older than the last.
        """
        return sum(self._add(each.key, each.records) for each in read(trades, venue, symbol))

    def read(
        self,
        paths: str | Path | list[str | Path],
        *,
        venues: Iterable[str] | None = None,
        symbols: Iterable[str] | None = None,
        start: object = None,
        end: object = None,
        markets: Described | Iterable[Described] | None = None,
    ) -> int:
        """The trades of neutral Parquet files, by the recorder's clock; returns how many were new."""
        recording = read_recording(
            paths,
            venues=venues,
            symbols=symbols,
            start=None if start is None else instant(start, "start"),
            end=None if end is None else instant(end, "end"),
            markets=markets,
        )
        return self.add_recording(recording, start=start)

    def add_recording(self, recording: Recording, *, start: object = None) -> int:
        """The trades of a recording, from `start` on, and the gaps its feed reported; returns how many were new."""
        rows = recording.local
        if start is not None:
            rows = rows[rows["ts"] >= instant(start, "start") + recording.shift]
        added = 0
        for i, market in enumerate(recording.markets):
            mine = rows[rows["market"] == i]
            traded = mine[mine["kind"] == TRADE_ROW]
            records = np.zeros(len(traded), TRADE)
            records["ts"] = traded["ts"] - recording.shift
            records["price"] = as_floats(traded["px"], market.tick)
            records["size"] = as_floats(traded["qty"], market.lot)
            records["sold"] = traded["marks"] & SELL
            records["id"] = traded["ref"]
            key = market.venue, market.symbol
            added += self._add(key, records[records["size"] > 0])
            lost = (mine["ts"][(mine["kind"] == GAP) & (mine["marks"] & TRADES != 0)] - recording.shift).tolist()
            self._lost.setdefault(key, []).extend(lost)
        return added

    def trades(
        self, venue: str | None = None, symbol: str | None = None, *, start: object = None, end: object = None
    ) -> "pd.DataFrame":
        """The trades kept of one market, from `start` to before `end`, as a frame by time that `add_frame` reads."""
        import pandas as pd

        records = _between(self._of(venue, symbol), start, end)
        index = pd.DatetimeIndex(pd.to_datetime(records["ts"], utc=True), name="time")
        columns = {name: records[name].copy() for name in ("price", "size", "id")}
        return pd.DataFrame({**columns, "side": np.array(SIDES)[records["sold"]]}, index)

    def gaps(self, venue: str | None = None, symbol: str | None = None) -> "pd.DataFrame":
        """Where trades are missing: the last before, the first after, and how many by their ids (0: the feed said so).

        Without names, of all markets.
        """
        import pandas as pd

        rows = []
        for key in self._kept if venue is None and symbol is None else [choose(self._kept, venue, symbol)]:
            records = self._kept[key].records
            for at, missing in self._breaks(key, records):
                rows.append((*key, records["ts"][at - 1], records["ts"][at], missing))
        table = pd.DataFrame(rows, columns=["venue", "symbol", "after", "before", "missing"])
        for name in ("after", "before"):
            table[name] = pd.to_datetime(table[name].astype("int64"), utc=True)
        return table

    def back_fill(
        self,
        target: MovingAverageCalculator | VolumeCoefficientEngine,
        venue: str | None = None,
        symbol: str | None = None,
        *,
        start: object = None,
        end: object = None,
        tolerate: int = 0,
    ) -> int:
        """Play the kept trades into averages bucket by bucket, gaps as gaps; returns how many.

        A calculator takes one market, an engine all that match the names. Gaps of at most `tolerate` trades that are
        known to be missing do not count as such.
        """
        if isinstance(target, MovingAverageCalculator):
            key = choose(self._kept, venue, symbol)
            records = _between(self._kept[key].records, start, end)
            return sum(self._play(target, key, records, tolerate))
        keys = [key for key in self._kept if venue in (None, key[0]) and symbol in (None, key[1])]
        if not keys:
            choose(self._kept, venue, symbol)
        return sum(self.back_fill(target.watch(*key), *key, start=start, end=end, tolerate=tolerate) for key in keys)

    def summary(self) -> "pd.DataFrame":
        """A row a market: how many trades, from when to when, how much, who took, what is missing."""
        import pandas as pd

        rows = []
        for key, tail in self._kept.items():
            records = tail.records
            missing = [n for _, n in self._breaks(key, records)]
            bought = float(records["size"][records["sold"] == 0].sum())
            base = float(records["size"].sum())
            rows.append(
                {
                    "venue": key[0],
                    "symbol": key[1],
                    "trades": len(records),
                    "first": iso(int(records["ts"][0])) if len(records) else "",
                    "last": iso(int(records["ts"][-1])) if len(records) else "",
                    "base": base,
                    "quote": float((records["size"] * records["price"]).sum()),
                    "bought": bought / base if base else np.nan,
                    "gaps": len(missing),
                    "missing": sum(missing),
                    "dropped": tail.added - len(records),
                    "repeated": self._again.get(key, 0),
                }
            )
        columns = "venue symbol trades first last base quote bought gaps missing dropped repeated".split()
        return pd.DataFrame(rows, columns=columns)

    def _of(self, venue: str | None, symbol: str | None) -> Array:
        return self._kept[choose(self._kept, venue, symbol)].records

    def _add(self, key: Key, records: Array) -> int:
        tail = self._kept.setdefault(key, Tail(TRADE, self.max_trades))
        last = tail.records[-1:]
        if len(last) and len(records) and last["id"][0] > 0 and _numbered(records["id"]):
            new = records[records["id"] > last["id"][0]]
            self._again[key] = self._again.get(key, 0) + len(records) - len(new)
            records = new
        if len(last) and len(records) and records["ts"][0] < last["ts"][0]:
            found, expected = iso(int(records["ts"][0])), iso(int(last["ts"][0]))
            raise ConfigError(
                f"trades of {named(key)}: begin at {found}, expected none before the last one, {expected}"
            )
        tail.extend(records)
        return len(records)

    def _breaks(self, key: Key, records: Array) -> Iterator[tuple[int, int]]:
        """Places before which trades are missing, and how many by their ids; 0 where the feed itself reported a gap."""
        found = {int(at): 0 for at in np.searchsorted(records["ts"], self._lost.get(key, []))}
        ids = records["id"]
        if _numbered(ids):
            steps = np.diff(ids)
            found |= {int(at) + 1: int(steps[at]) - 1 for at in np.flatnonzero(steps > 1)}
        return iter(sorted((at, missing) for at, missing in found.items() if 0 < at < len(records)))

    def _play(self, calculator: MovingAverageCalculator, key: Key, records: Array, tolerate: int) -> Iterator[int]:
        first = 0
        for at, missing in self._breaks(key, records):
            if 0 < missing <= tolerate:
                continue
            yield calculator.enter(records[first:at])
            calculator.gap()
            first = at
        yield calculator.enter(records[first:])

    def __repr__(self) -> str:
        if not self._kept:
            return "TradeDataManager: no trades yet"
        table = self.summary()
        return f"TradeDataManager: {int(table['trades'].sum()):,} trades\n{table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        if not self._kept:
            return f"<pre>{escape(repr(self))}</pre>"
        return str(self.summary().to_html(index=False, float_format="{:,.6g}".format))


def _numbered(ids: Array) -> bool:
    """Whether ids rise one by one, but for gaps."""
    if len(ids) < FEW or ids[0] <= 0:
        return False
    steps = np.diff(ids)
    return bool((steps >= 0).all() and (steps == 1).mean() >= CONTIGUOUS)


def _between(records: Array, start: object, end: object) -> Array:
    first = 0 if start is None else int(np.searchsorted(records["ts"], instant(start, "start")))
    last = len(records) if end is None else int(np.searchsorted(records["ts"], instant(end, "end")))
    return records[first:last]
