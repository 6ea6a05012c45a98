"""Public trades in a pandas frame, as people have them, read into checked records market by market."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from stackedmm.errors import ConfigError
from stackedmm.feeds.staged import EARLIEST, LATEST
from stackedmm.lab.times import nanoseconds

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
Key = tuple[str, str]
"""Venue and symbol."""

TRADE: Final = np.dtype([("ts", "i8"), ("price", "f8"), ("size", "f8"), ("sold", "i8"), ("id", "i8")])
"""One public trade: ns since 1970, quote a coin, coins, 1 where the aggressor sold, the venue's id or 0."""

TIMES: Final = ("ts", "timestamp", "time", "datetime", "date")
LOCAL, EXCHANGE = "ts_local_ns", "ts_exchange_ns"
PRICES: Final = ("price", "px")
SIZES: Final = ("size", "amount", "quantity", "qty")
IDS: Final = ("id", "trade_id", "seq_last")
SIDES: Final = ("buy", "sell")


class Traded(NamedTuple):
    """The trades of one market in order of time, and the row of the frame each stood in."""

    key: Key
    records: Array
    rows: Array


def read(trades: "pd.DataFrame", venue: str | None = None, symbol: str | None = None) -> list[Traded]:
    """The trades of each market of a frame, checked.

    Time is the column ts, timestamp, time, datetime or date, else a datetime index, in datetimes (UTC where they name
    no zone) or ns; or the neutral form's ts_local_ns, with ts_exchange_ns where that is 0. Price is price or px, size
    is size, amount, quantity or qty, side is buy or sell, the aggressor's. `venue` and `symbol` name the market where
    the frame has no such columns. A column `kind` leaves only its trades. Raises ConfigError naming row and column.
    """
    import pandas as pd

    if not isinstance(trades, pd.DataFrame):
        raise ConfigError(f"trades: found {type(trades).__name__}, expected a pandas frame")
    rows: Array = np.arange(len(trades))
    if "kind" in trades.columns:
        rows = np.flatnonzero((trades["kind"] == "trade").to_numpy())
        trades = trades.iloc[rows]
    records = np.zeros(len(trades), TRADE)
    records["ts"] = _times(trades, rows)
    records["price"] = _numbers(trades, PRICES, rows)
    records["size"] = _numbers(trades, SIZES, rows)
    records["sold"] = _sides(trades, rows)
    records["id"] = _ids(trades, rows)
    found = []
    markets = _markets(trades, rows, {"venue": venue, "symbol": symbol})
    for key, here in markets:
        mine = Traded(key, records, rows) if len(markets) == 1 else Traded(key, records[here], rows[here])
        ordered(mine.records["ts"], mine.rows)
        found.append(mine)
    return found


def ordered(times: Array, rows: Array) -> None:
    """Refuse a market's times that run backwards: most often such a frame has its newest trade first."""
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        at = int(back[0]) + 1
        raise fault(rows[at], "time", f"{times[at]} ns", "order of time, as the rows before; sort the frame first")


def single(trade: tuple[Any, Any, Any, Any]) -> Array:
    """One record from (ts, price, quantity, side)."""
    ts, price, quantity, side = trade
    record = np.zeros(1, TRADE)
    record["ts"] = instant(ts)
    for name, value in (("price", price), ("size", quantity)):
        try:
            record[name] = float(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{name}: found {value!r}, expected a number above 0") from None
        if not 0 < record[name][0] < np.inf:
            raise ConfigError(f"{name}: found {value!r}, expected a number above 0")
    if str(side).lower() not in SIDES:
        raise ConfigError(f"side: found {side!r}, expected buy or sell")
    record["sold"] = SIDES.index(str(side).lower())
    return record


def instant(ts: object, name: str = "ts") -> int:
    """One moment in ns: a whole number of ns, a datetime or Timestamp, or ISO text; UTC where it names no zone."""
    if ts != ts:  # NaN and NaT
        raise ConfigError(f"{name}: found {ts!r}, expected a datetime or ns since 1970")
    if isinstance(ts, np.datetime64):
        ts = int(ts.astype("datetime64[ns]").astype(np.int64))
    elif isinstance(ts, np.integer):
        ts = int(ts)
    elif isinstance(ts, datetime) and hasattr(ts, "as_unit"):  # a Timestamp, whose ns a datetime would lose
        ts = int(ts.as_unit("ns").value)
    if isinstance(ts, bool) or not isinstance(ts, int | str | datetime):
        raise ConfigError(f"{name}: found {ts!r}, expected a datetime or ns since 1970")
    ns = nanoseconds(ts, name)
    if not EARLIEST <= ns <= LATEST:
        raise ConfigError(f"{name}: found {ns}, expected ns between 2009 and 2100{_unit(ns)}")
    return ns


def choose(known: Iterable[Key], venue: str | None, symbol: str | None) -> Key:
    """The one known market of these names; a name may be left out where the rest says which is meant."""
    keys = list(known)
    found = [key for key in keys if venue in (None, key[0]) and symbol in (None, key[1])]
    if len(found) == 1:
        return found[0]
    there = ", ".join(map(named, keys)) or "none"
    raise ConfigError(f"market {named((venue or '', symbol or ''))}: {len(found)} found, expected one of: {there}")


def named(key: Key) -> str:
    """`venue symbol`, as people write it."""
    return " ".join(part for part in key if part) or "(unnamed)"


def whole(value: object, name: str, least: int, most: int) -> int:
    """The value, if it is a whole number within these bounds; else ConfigError."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name}: found {value!r}, expected a whole number from {least} to {most}")
    return value


def fault(row: int, column: str, found: object, expected: str) -> ConfigError:
    """What is wrong with one value of a frame; rows count from 0."""
    return ConfigError(f"trades: row {row}, column {column}: found {found}, expected {expected}")


def _column(trades: "pd.DataFrame", names: Sequence[str]) -> str:
    for name in names:
        if name in trades.columns:
            return name
    columns = ", ".join(map(str, trades.columns))
    raise ConfigError(f"trades: no column {' or '.join(names)}; found {columns}")


def _times(trades: "pd.DataFrame", rows: Array) -> Array:
    import pandas as pd

    name = next((name for name in (LOCAL, EXCHANGE, *TIMES) if name in trades.columns), "index")
    if name == "index" and not isinstance(trades.index, pd.DatetimeIndex):
        name = _column(trades, TIMES)
    values = trades.index.to_series() if name == "index" else trades[name]
    if pd.api.types.is_integer_dtype(values.dtype) and not values.hasnans:
        times = values.to_numpy(np.int64)
        if name == LOCAL and EXCHANGE in trades.columns:
            times = np.where(times == 0, trades[EXCHANGE].to_numpy(np.int64), times)
    elif pd.api.types.is_numeric_dtype(values.dtype):
        raise fault(rows[0] if len(rows) else 0, name, values.dtype, "datetimes, or whole ns")
    else:
        written = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_convert(None).to_numpy()
        _refuse(np.isnat(written), rows, name, values, "a datetime")
        strange = (written < np.datetime64("2009")) | (written > np.datetime64("2100"))
        _refuse(strange, rows, name, values, "a time between 2009 and 2100")
        times = written.astype("datetime64[ns]").astype(np.int64)
    wrong = (times < EARLIEST) | (times > LATEST)
    hint = _unit(int(times[np.argmax(wrong)])) if wrong.any() else ""
    _refuse(wrong, rows, name, values, f"a time between 2009 and 2100, in ns{hint}")
    return np.asarray(times)


def _unit(value: int) -> str:
    for factor, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "us")):
        if EARLIEST <= value * factor < 4 * EARLIEST:
            return f"; this looks like {unit}: pd.to_datetime(column, unit='{unit}') reads it"
    return ""


def _numbers(trades: "pd.DataFrame", names: Sequence[str], rows: Array) -> Array:
    import pandas as pd

    name = _column(trades, names)
    values = trades[name]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    _refuse(~((numbers > 0) & (numbers < np.inf)), rows, name, values, "a number above 0")
    return np.asarray(numbers)


def _sides(trades: "pd.DataFrame", rows: Array) -> Array:
    import pandas as pd

    values = trades[_column(trades, ("side",))]
    codes, words = pd.factorize(values)
    known = np.array([SIDES.index(str(w).lower()) if str(w).lower() in SIDES else -1 for w in words] + [-1])
    sold = known[codes]
    _refuse(sold < 0, rows, "side", values, "buy or sell, the aggressor's side")
    return np.asarray(sold)


def _ids(trades: "pd.DataFrame", rows: Array) -> Array:
    """Ids that are whole numbers; venues whose ids are words have none here."""
    import pandas as pd

    name = next((name for name in IDS if name in trades.columns), None)
    if name is None:
        return np.zeros(len(rows), np.int64)
    numbers = pd.to_numeric(trades[name], errors="coerce")
    if not pd.api.types.is_integer_dtype(numbers.dtype) or numbers.hasnans:
        return np.zeros(len(rows), np.int64)
    return np.asarray(numbers.to_numpy(np.int64))


def _markets(trades: "pd.DataFrame", rows: Array, given: dict[str, str | None]) -> list[tuple[Key, Array]]:
    """Each market of the frame in order of appearance, with its places."""
    import pandas as pd

    codes = np.zeros(len(rows), np.int64)
    names: list[Sequence[str]] = []
    for column, name in given.items():
        if column not in trades.columns:
            names.append([name or ""])
            continue
        if name is not None:
            raise ConfigError(f"{column}: found {name!r} beside a column {column}, expected one of them")
        place, words = pd.factorize(trades[column])
        _refuse(place < 0, rows, column, trades[column], f"a {column}")
        names.append([str(word) for word in words])
        codes = codes * len(words) + place
    count = max(1, len(names[1]))
    return [
        ((names[0][code // count], names[1][code % count]), np.flatnonzero(codes == code))
        for code in pd.unique(pd.Series(codes)).tolist()
    ]


def _refuse(wrong: Array, rows: Array, column: str, values: Any, expected: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        value = values.iloc[at]
        raise fault(rows[at], column, repr(value.item() if isinstance(value, np.generic) else value), expected)
