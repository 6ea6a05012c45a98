"""`stackedmm data`: convert market data of others into recordings, and back."""

import argparse
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    from stackedmm.core.market import Market
    from stackedmm.core.recording import Recording

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

CSV: Final = (".csv", ".csv.gz")


def add(subparsers: "Subparsers") -> None:
    """Register `data` and its command; the handler is left in `args.run`."""
    commands = subparsers.add_parser("data", help=__doc__).add_subparsers(required=True, metavar="COMMAND")
    parser = commands.add_parser(
        "convert",
        help="Tardis CSV or hftbacktest npz into Parquet, and Parquet into npz",
        description="Convert Tardis CSV (incremental_book_L2, trades; several are merged) or a hftbacktest npz into "
        "neutral Parquet, or one market of neutral Parquet into npz. Names say what is what: .csv, .csv.gz, .npz, "
        ".parquet.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="what to convert")
    parser.add_argument("--out", required=True, metavar="FILE", help="what to write, .parquet or .npz")
    parser.add_argument("--venue", metavar="V", help="ccxt id: of an npz, or of the market to take out of Parquet")
    parser.add_argument(
        "--symbol", action="append", default=[], metavar="S",
        help="BASE/QUOTE or BASE/QUOTE:SETTLE, likewise; of Tardis OWN=UNIFIED, where it does not follow",
    )  # fmt: skip
    parser.add_argument("--tick", metavar="N", help="of an npz: the step of its prices")
    parser.add_argument("--lot", metavar="N", help="of an npz: the step of its quantities")
    parser.add_argument("--markets", nargs="+", default=[], metavar="JSON", help="descriptions of markets instead")
    parser.set_defaults(run=run_convert)


def run_convert(args: argparse.Namespace) -> int:
    """Convert, and say what was written and what was left out. Raises ConfigError for what cannot be converted."""
    out = Path(args.out)
    found = {suffix_of(Path(file)) for file in args.files}
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: cannot be written: no such folder")
    kinds = found.pop() if len(found) == 1 else "mixed", suffix_of(out)
    if kinds == ("csv", "parquet"):
        said = from_tardis(args, out)
    elif kinds == ("npz", "parquet"):
        said = from_npz(args, out)
    elif kinds == ("parquet", "npz"):
        said = to_npz(args, out)
    else:
        raise ConfigError(
            f"{kinds[0]} to {kinds[1]}: expected csv to parquet, npz to parquet or parquet to npz, by the names' ends"
        )
    for note in said:
        print(f"note: {note}", file=sys.stderr)
    return 0


def suffix_of(path: Path) -> str:
    """`csv`, `npz` or `parquet`. Raises ConfigError for a name that says none of them."""
    name = path.name.lower()
    for kind, ends in {"csv": CSV, "npz": (".npz",), "parquet": (".parquet",)}.items():
        if name.endswith(ends):
            return kind
    raise ConfigError(f"{path}: expected a name that ends in {', '.join(CSV)}, .npz or .parquet")


def from_tardis(args: argparse.Namespace, out: Path) -> list[str]:
    """Tardis' CSV files into one Parquet file."""
    from rich.console import Console
    from rich.progress import Progress

    from stackedmm.feeds.tardis import convert

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("converting", total=1.0)
        done = convert(
            args.files, out, symbols=named(args.symbol), markets=args.markets,
            progress=lambda part: bar.update(task, completed=part),
        )  # fmt: skip
    markets = ", ".join(market.name for market in done.markets)
    print(f"{out}: {done.rows:,} rows in {done.messages:,} messages of {markets}")
    return done.notes


def named(words: list[str]) -> dict[str, str]:
    """Unified symbols by the venue's own."""
    pairs = [word.partition("=") for word in words]
    for word, (own, _, unified) in zip(words, pairs, strict=True):
        if not own or not unified:
            raise ConfigError(f"--symbol: {word!r}, expected OWN=BASE/QUOTE, such as XBTUSD=BTC/USD:BTC")
    return {own: unified for own, _, unified in pairs}


def from_npz(args: argparse.Namespace, out: Path) -> list[str]:
    """One hftbacktest array into Parquet."""
    from stackedmm.feeds.hftbacktest import read_npz
    from stackedmm.feeds.write import write

    if len(args.files) != 1:
        raise ConfigError(f"{len(args.files)} npz files: expected one, each holds one market")
    recording = read_npz(args.files[0], described(args))
    write(recording, out)
    print(f"{out}: {len(recording.local):,} rows of {recording.markets[0].name}")
    return list(recording.notes)


def described(args: argparse.Namespace) -> "Market":
    """The market that an npz holds, as it is told: such a file does not say."""
    from stackedmm.feeds.markets import inferred, load, venue_name

    if args.venue is None or len(args.symbol) != 1:
        raise ConfigError("--venue, --symbol: expected one of each, an npz does not say whose market it holds")
    venue, symbol = venue_name(args.venue), args.symbol[0]
    for path in args.markets:
        market = load(path, [venue]).get((venue, symbol))
        if market is not None:
            return market
    if args.tick is None or args.lot is None:
        raise ConfigError("--tick, --lot: expected both, or --markets with a file that describes the market")
    return inferred(venue, symbol, step(args.tick, "--tick"), step(args.lot, "--lot"))[0]


def step(text: str, name: str) -> Decimal:
    """A tick or a lot."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{name}: {text!r}, expected a number above 0") from None
    if not number.is_finite() or number <= 0:
        raise ConfigError(f"{name}: {text}, expected a number above 0")
    return number


def to_npz(args: argparse.Namespace, out: Path) -> list[str]:
    """One market of Parquet files into hftbacktest's array."""
    from stackedmm.feeds.hftbacktest import write_npz

    recording = taken(args)
    if len(recording.markets) != 1:
        names = ", ".join(market.name for market in recording.markets)
        raise ConfigError(f"--venue, --symbol: choose one of {names}, an npz holds one market")
    write_npz(recording, 0, out)
    print(f"{out}: {recording.markets[0].name}")
    return list(recording.notes)


def taken(args: argparse.Namespace) -> "Recording":
    """What is asked for of the files."""
    from stackedmm.feeds.recording import read

    chosen: dict[str, Any] = {
        "venues": None if args.venue is None else [args.venue],
        "symbols": args.symbol or None,
        "markets": args.markets or None,
    }
    return read(args.files, **chosen)
