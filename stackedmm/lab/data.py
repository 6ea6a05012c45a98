"""What a backtest runs on: only the markets that the configuration trades, in the order of its exchanges."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.config.traded import choose, with_fees
from stackedmm.core.market import LINEAR
from stackedmm.core.recording import Recording
from stackedmm.core.rows import DEPTH
from stackedmm.errors import ConfigError
from stackedmm.feeds.markets import inferred
from stackedmm.feeds.parquet import BATCH, Source
from stackedmm.feeds.recording import Described, read
from stackedmm.sim.synthetic import WORTH, synthetic

Files = str | Path | Sequence[str | Path]
Described_ = Described | Iterable[Described] | None
SYNTHETIC_SECONDS: Final = 1800.0
USUAL_PRICE: Final = 6.25
"""Of a coin about which nothing is known."""


def recording_for(
    config: StackedMarketMakingConfig,
    data: object,
    *,
    start: int | None = None,
    end: int | None = None,
    markets: Described_ = None,
    seed: int = 1,
    fees: tuple[Decimal, Decimal] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Recording:
    """The recording of exactly the markets that the configuration trades.

    `data` are neutral Parquet files, a recording, or None for a synthetic market; `start` and `end` are on the
    recorder's clock, `fees` (maker, taker) as parts of one beat the configuration's and the markets' own. Raises
    ConfigError where the data hold nothing that the configuration trades.
    """
    if data is None:
        found = market_for(config, seed=seed)
    elif isinstance(data, Recording):
        found = data
    else:
        found = from_files(config, paths(data), start, end, markets, progress)
    if markets is not None and (data is None or isinstance(data, Recording)):
        raise ConfigError("markets: they describe files, and no file is read")
    traded = bounded(only(found, choose(config, found.markets)), start, end)
    return replace(traded, markets=tuple(with_fees(config, market, fees) for market in traded.markets))


def paths(data: object) -> list[Path]:
    """The files meant."""
    given = [data] if isinstance(data, str | Path) else data
    if not isinstance(given, Sequence) or not given or not all(isinstance(each, str | Path) for each in given):
        raise ConfigError(f"data: found {data!r:.80}, expected a recording, the path of a file, or several")
    return [Path(each) for each in given]


def from_files(
    config: StackedMarketMakingConfig,
    files: Sequence[Path],
    start: int | None,
    end: int | None,
    markets: Described_,
    progress: Callable[[float], None] | None,
) -> Recording:
    """Read what the configuration trades; the other markets of the files are passed over."""
    pairs = sorted({pair for path in files for pair in pairs_of(path)})
    wanted = [pairs[i] for i in choose(config, [inferred(*pair, Decimal(1), Decimal(1))[0] for pair in pairs])]
    told = None if progress is None else lambda done, total: progress(done / total)
    return read(
        files,
        venues={venue for venue, _ in wanted},
        symbols={symbol for _, symbol in wanted},
        start=start,
        end=end,
        markets=markets,
        progress=told,
    )


def pairs_of(path: Path) -> set[tuple[str, str]]:
    """Venue and symbol of every market of a neutral file. Two columns are read: a tenth of a second a million rows."""
    source = Source(path)
    found: set[tuple[str, str]] = set()
    try:
        for batch in source.file.iter_batches(BATCH, columns=["venue", "symbol"]):
            venues, symbols = (_codes(batch.column(name)) for name in ("venue", "symbol"))
            for code in np.unique(venues[1] * len(symbols[0]) + symbols[1]):
                found.add((venues[0][code // len(symbols[0])], symbols[0][code % len(symbols[0])]))
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: cannot be read, the file is damaged: {error}") from error
    return {pair for pair in found if None not in pair}


def _codes(column: Any) -> tuple[list[str | None], np.ndarray[Any, Any]]:
    """The different texts of a column, none for null at the end, and for each row the place of its own."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    texts = [*column.dictionary.to_pylist(), None]
    return texts, column.indices.fill_null(len(texts) - 1).to_numpy().astype(np.int64)


def only(recording: Recording, chosen: Sequence[int]) -> Recording:
    """The recording of the chosen markets, numbered in their order; the very same one where nothing changes."""
    if list(chosen) == list(range(len(recording.markets))):
        return recording
    place = np.full(len(recording.markets), -1, np.int64)
    place[list(chosen)] = np.arange(len(chosen))
    local = _renumbered(recording.local, place)
    same = recording.exchange is recording.local
    return replace(
        recording,
        markets=tuple(recording.markets[i] for i in chosen),
        local=local,
        exchange=local if same else _renumbered(recording.exchange, place),
    )


def _renumbered(rows: np.ndarray[Any, Any], place: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    market = place[rows["market"]]
    kept: np.ndarray[Any, Any] = rows[market >= 0]
    kept["market"] = market[market >= 0]
    return kept


def bounded(recording: Recording, start: int | None, end: int | None) -> Recording:
    """Traded from `start` to before `end` of the recorder's clock, as far as the recording goes."""
    first = recording.start if start is None else max(recording.start, start + recording.shift)
    last = recording.end if end is None else min(recording.end, end + recording.shift)
    if first >= last or not len(recording.local):
        begin, stop = recording.start - recording.shift, recording.end - recording.shift
        raise ConfigError(f"start, end: no row lies between them; the recording runs from {begin} to {stop} ns")
    return replace(recording, start=first, end=last)


def market_for(
    config: StackedMarketMakingConfig, seconds: float = SYNTHETIC_SECONDS, *, seed: int = 1, price: float | None = None
) -> Recording:
    """A synthetic market of the configuration's venues, about where its prices are."""
    if not 1 <= seconds <= 7 * 86_400:
        raise ConfigError(f"seconds: {seconds:g}, expected 1 to {7 * 86_400}")
    base, quote = config.base_coin, config.quote_currencies[0]
    enabled = {venue: name for name, venue in config.venues_by_name.items() if config.settings_of(name).enabled}
    if not enabled:
        raise ConfigError("venues: none of the exchanges is enabled")
    names = {venue.id if venue.kind == "spot" else f"{venue.id}_perp": venue for venue in enabled}
    others = () if any(venue.kind == "perp" for venue in enabled) else config.quote_currencies[1:]
    made = synthetic(
        list(names), f"{base}/{quote}", seed=seed, seconds=seconds, price=price or _price(config), quotes=others
    )
    kinds = [names[market.venue] for market in made.markets]
    markets = tuple(
        replace(market, venue=venue.id)
        if venue.kind == "spot"
        else replace(market, venue=venue.id, symbol=f"{market.symbol}:{quote}", kind=LINEAR, settle=quote)
        for market, venue in zip(made.markets, kinds, strict=True)
    )
    return replace(made, markets=markets)


def _price(config: StackedMarketMakingConfig) -> float:
    """A price the configuration itself names, else what the coin is usually worth."""
    held = config.inventory
    zones = [(line.min_price, line.max_price) for line in config.tob_lines]
    middles = [(low + high) / 2 for low, high in zones if low is not None and high is not None]
    named = held.manual_inventory_price or held.opening_price or next(iter(middles), None)
    if named is not None:
        return float(named)
    worth = WORTH.get(config.quote_currencies[0], 1)
    return WORTH.get(config.base_coin, USUAL_PRICE) / worth


def first_prices(recording: Recording) -> list[int]:
    """About where each market trades, in ticks: its first level, else its first row with a price."""
    local, found = recording.local, []
    level, priced = local["kind"] == DEPTH, local["px"] > 0
    for i, market in enumerate(recording.markets):
        here = priced & (local["market"] == i)
        first = np.argmax(here & level) if (here & level).any() else np.argmax(here)
        if not here[first]:
            raise ConfigError(f"data: {market.name} has no row with a price")
        found.append(int(local["px"][first]))
    return found
