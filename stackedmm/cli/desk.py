"""`stackedmm desk`: trade a simulated market, or a recording at real speed, and watch it in the browser."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stackedmm.config import StackedMarketMakingConfig
    from stackedmm.session.source import Embedded, Recorded

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

WARM_UP_S = 2100.0
"""35 minutes: the longest usual volume window, and some more."""


def add(subparsers: "Subparsers") -> None:
    """Register `desk`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("desk", help=__doc__)
    parser.add_argument("--data", nargs="+", metavar="FILE", help="neutral Parquet to trade at real speed")
    parser.add_argument("--config", metavar="FILE", help="configuration; by default a demonstration that fits the data")
    parser.add_argument("--rules", metavar="DIR", help="rules folder; by default the configuration's, where it exists")
    parser.add_argument("--markets", nargs="+", metavar="JSON", help="descriptions of markets, ccxt's or the venue's")
    parser.add_argument("--policy", choices=("ask", "auto", "off"), default="auto", help="of edited rules, %(default)s")
    parser.add_argument("--speed", type=speed, default=1.0, metavar="X", help="times real time, %(default)g")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of the simulated market, %(default)s")
    parser.add_argument("--port", type=int, default=5006, metavar="P", help="%(default)s, or a free one where taken")
    parser.add_argument("--no-browser", action="store_true", help="open no browser, only print the address")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C; 2 and the reason on stderr where the desk is not installed."""
    try:
        from stackedmm.desk.app import Desk
    except ModuleNotFoundError as error:
        print(f"stackedmm: the desk needs {error.name}: pip install 'stackedmm[desk]'", file=sys.stderr)
        return 2
    from stackedmm.engine.host import WallClock
    from stackedmm.session.make import session_of

    config, source = chosen(args)
    folder = folder_of(args, config)
    mode = "replay" if args.data else "paper"
    session = session_of(
        config, source, folder, None, WallClock(args.speed), policy=args.policy, name="desk", mode=mode
    )
    desk = Desk(session, port=args.port)
    venues = ", ".join(market.name for market in source.markets)
    print(f"stackedmm desk: paper trading on a {source.title}: {venues}")
    print(f"  {len(session.rules or ()) or 'no'} rules; no order leaves this machine. Ctrl-C ends it.")
    session.begin()
    try:
        desk.serve(lambda url: print(f"  {url}", flush=True), browser=not args.no_browser)
    finally:
        session.end()
    print("\nstackedmm desk: ended")
    return 0


def chosen(args: argparse.Namespace) -> "tuple[StackedMarketMakingConfig, Embedded | Recorded]":
    """The configuration and the rows it trades."""
    from stackedmm.config import load
    from stackedmm.desk import demo
    from stackedmm.lab.data import first_prices, recording_for
    from stackedmm.session.source import Embedded, Recorded

    config = load(args.config) if args.config else None
    if not args.data:
        config = config or demo.demonstration()
        return config, Embedded(config, warm_up_s=WARM_UP_S, seed=args.seed)
    fitted = config or demo.coin_of(demo.markets_in(args.data))
    recording = recording_for(fitted, args.data, markets=args.markets)
    if config is None:
        price = float(recording.markets[0].tick) * first_prices(recording)[0]
        fitted = demo.sized(fitted, price)
    return fitted, Recorded(recording, warm_up_s=WARM_UP_S)


def folder_of(args: argparse.Namespace, config: "StackedMarketMakingConfig") -> Path | None:
    """The rules folder named, else the configuration's where it exists; says so where there is none."""
    folder = Path(args.rules or config.rules.folder)
    if args.rules is None and not folder.is_dir():
        print(f"stackedmm: no folder {folder} here, so no rules are in force", file=sys.stderr)
        return None
    return folder


def speed(text: str) -> float:
    """Times real time, as an option gives it."""
    times = float(text)
    if not 0.01 <= times <= 1000:
        raise argparse.ArgumentTypeError(f"{text}, expected 0.01 to 1000")
    return times
