"""Where the gateway's market rows come from. A source is made from its description, in the gateway's own process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.rows import ROW
from stackedmm.errors import ConfigError
from stackedmm.sim.synthetic import Stream

SECOND: Final = 1_000_000_000
CHUNK_S: Final = 10.0
PAST: Final = 65_536
"""Rows already handed out that are kept, for their times."""
Description = Mapping[str, Any]
"""Plain JSON: `kind` is `synthetic` or `rows`, the rest what that kind needs."""


class Feed(Protocol):
    """Rows by local time, each time all before `fed`."""

    fed: int
    """Row time before which everything was handed out, ns."""

    def more(self, seconds: float) -> NDArray[Any] | None:
        """The rows of the next seconds; None when there are no more."""


class Synthetic:
    """The simulated market. The same description gives the same rows, so that it can be taken up anywhere."""

    def __init__(self, description: Description) -> None:
        said = dict(description)
        self._place = np.array(said["place"], np.int64)
        self._stream = Stream(
            said["venues"], said["symbol"], seed=said["seed"], start=said["start"], gaps=said["gaps"],
        )  # fmt: skip
        self.fed = int(said["start"])

    def more(self, seconds: float) -> NDArray[Any]:
        """The rows of the next seconds, of the markets that are traded, by their numbers."""
        rows = self._stream.advance(seconds)
        self.fed = self._stream.now
        market = self._place[rows["market"]]
        rows["market"] = np.where(market < 0, 0, market)
        return rows if bool((market >= 0).all()) else rows[market >= 0]


class Stored:
    """Rows of a file, as numpy keeps an array of ROW."""

    def __init__(self, description: Description) -> None:
        path = Path(description["path"])
        try:
            self._rows = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read as rows: {error}") from error
        if self._rows.dtype != ROW or not len(self._rows):
            raise ConfigError(f"{path}: found {len(self._rows)} of {self._rows.dtype}, expected rows")
        self.fed = int(description.get("start", self._rows["ts"][0]))
        self._end = int(description.get("end", self._rows["ts"][-1] + 1))
        self._at = 0

    def more(self, seconds: float) -> NDArray[Any] | None:
        """The rows of the next seconds; None after the last."""
        if self.fed >= self._end:
            return None
        self.fed = min(self.fed + int(seconds * SECOND), self._end)
        last = int(np.searchsorted(self._rows["ts"], self.fed))
        rows = np.array(self._rows[self._at : last])
        self._at = last
        return rows


KINDS: Final[dict[str, Callable[[Description], Feed]]] = {"synthetic": Synthetic, "rows": Stored}


def feed_of(description: Description) -> Feed:
    """The source that is described."""
    kind = str(description.get("kind"))
    if kind not in KINDS:
        raise ConfigError(f"source: found kind {kind!r}, expected one of {', '.join(KINDS)}")
    return KINDS[kind](description)


class Supply:
    """A source's rows, handed out up to a row time; rows that were taken in an earlier life are passed over."""

    def __init__(self, feed: Feed, *, taken: int = 0) -> None:
        self._feed = feed
        self._waiting = np.zeros(0, ROW)
        self._at = 0
        self.over = False
        self._skip(taken)

    @property
    def end(self) -> int:
        """Row time before which everything is known, ns."""
        return self._feed.fed

    def up_to(self, until: int, most: int) -> NDArray[Any]:
        """The next rows with times up to `until`, at most so many."""
        self.know(until)
        last = int(np.searchsorted(self._waiting["ts"], until, side="right"))
        rows = self._waiting[self._at : min(max(last, self._at), self._at + most)]
        self._at += len(rows)
        return rows

    def know(self, until: int) -> None:
        """Fetch everything up to `until`, or to the end: then it is `over`."""
        while self._feed.fed <= until and not self.over:
            self._fetch()

    def next_mark(self, after: int) -> int | None:
        """Time of the first row behind `after` that is known, handed out or not."""
        i = int(np.searchsorted(self._waiting["ts"], after, side="right"))
        return int(self._waiting["ts"][i]) if i < len(self._waiting) else None

    def _fetch(self) -> None:
        rows = self._feed.more(CHUNK_S if len(self._waiting) - self._at < 1000 else 1.0)
        self.over = rows is None
        if rows is not None:
            first = max(0, self._at - PAST)
            self._waiting = np.concatenate([self._waiting[first:], rows])
            self._at -= first

    def _skip(self, taken: int) -> None:
        while taken > 0 and not self.over:
            if self._at == len(self._waiting):
                self._fetch()
            n = min(taken, len(self._waiting) - self._at)
            self._at += n
            taken -= n
