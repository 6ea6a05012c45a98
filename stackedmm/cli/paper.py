"""`stackedmm paper`: a session without a notebook, on a simulated market or a recording; Ctrl-C cancels and ends it."""

import argparse
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TextIO

from stackedmm.cli import desk
from stackedmm.errors import StaleError

if TYPE_CHECKING:
    from stackedmm.session import Session

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EVERY_S: Final = 1.0
"""Between two status lines on a terminal; elsewhere ten times as long."""


def add(subparsers: "Subparsers", name: str = "paper") -> None:
    """Register the command; its handler is left in `args.run`."""
    parser = subparsers.add_parser(name, help=__doc__)
    parser.add_argument("--data", nargs="+", metavar="FILE", help="neutral Parquet to trade at real speed")
    parser.add_argument("--config", metavar="FILE", help="configuration; by default a demonstration that fits the data")
    parser.add_argument("--rules", metavar="DIR", help="rules folder; by default the configuration's, where it exists")
    parser.add_argument("--markets", nargs="+", metavar="JSON", help="descriptions of markets, ccxt's or the venue's")
    parser.add_argument("--policy", choices=("ask", "auto", "off"), default="auto", help="of edited rules, %(default)s")
    parser.add_argument("--store", metavar="DIR", help="keeps every version of the rules beyond this session")
    parser.add_argument("--journal", metavar="DIR", help="write everything down here before it happens")
    parser.add_argument("--resume", action="store_true", help="go on where that journal ends; it comes back paused")
    parser.add_argument("--speed", type=desk.speed, default=1.0, metavar="X", help="times real time, %(default)g")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of the simulated market, %(default)s")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after this long; by default it goes on")
    parser.add_argument("--save", metavar="DIR", help="at the end keep orders, fills and profit here, a file a day")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trade until Ctrl-C, the end of the data, or `--seconds`; 1 where orders were not proven dead or it failed."""
    from stackedmm.engine.host import WallClock
    from stackedmm.session.make import session_of

    config, source = desk.chosen(args)
    session = session_of(
        config,
        source,
        desk.folder_of(args, config),
        None,
        WallClock(args.speed),
        policy=args.policy,
        store=args.store,
        journal=args.journal,
        resume=args.resume,
        name="command line",
        mode="replay" if args.data else "paper",
    )
    print(
        f"stackedmm {session.mode}: {config.base_coin} on a {source.title}; no order leaves this machine.", flush=True
    )
    print("  Ctrl-C cancels every order and ends it; a second Ctrl-C hurries.", flush=True)
    with Stops() as stops:
        session.begin()
        watch(session, stops, args.seconds)
        return finish(session, stops, args.save)


class Stops:
    """Counts what asks for the end: SIGINT and SIGTERM. The handlers before are put back afterwards."""

    def __init__(self) -> None:
        self.count = 0
        self.asked = threading.Event()
        self.hurry = threading.Event()
        self._before: dict[int, Any] = {}

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.asked.set()
        if self.count > 1:
            self.hurry.set()

    def __enter__(self) -> "Stops":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def watch(session: "Session", stops: Stops, seconds: float | None) -> None:
    """Show a status line until somebody asks for the end, the time is over, or the session ends by itself."""
    line = StatusLine(sys.stdout)
    told = 0
    live_since = None
    while session.phase not in ("ended", "failed"):
        if session.phase == "live":
            live_since = live_since or time.monotonic()
            line.show(session)
        told = tell(session, line, told)
        left = EVERY_S if seconds is None or live_since is None else seconds - (time.monotonic() - live_since)
        if left <= 0.0 or stops.asked.wait(min(EVERY_S, left)):
            break
    tell(session, line, told)
    line.end()


def tell(session: "Session", line: "StatusLine", told: int) -> int:
    """Print what was said of rules since, above the status line."""
    count, events = session.host.record.events.since(told)
    for each in events:
        if each.kind == "rules":
            line.above(each.text)
    return count


def finish(session: "Session", stops: Stops, folder: str | None) -> int:
    """Cancel, prove, end; say how it ended."""
    from stackedmm.errors import ConfigError

    failed = session.phase == "failed"
    hurrying = threading.Thread(target=_hurry, args=(session, stops), daemon=True)
    hurrying.start()
    try:
        session.end()
    except StaleError as error:
        print(f"stackedmm {session.mode}: {error}", file=sys.stderr)
        failed = True
    finally:
        stops.hurry.set()
    if session.phase == "failed":
        print(f"stackedmm {session.mode}: {session.host.look().note}", file=sys.stderr)
        return 1
    s = session.host.look().state
    if s is not None and s["opened"]:
        print(session)
        if folder is not None:
            try:
                print(f"  kept in {session.save(folder)}")
            except ConfigError as error:
                print(f"stackedmm {session.mode}: {error}", file=sys.stderr)
                failed = True
    if not failed:
        print(f"stackedmm {session.mode}: ended, every order is proven dead")
    return int(failed)


def _hurry(session: "Session", stops: Stops) -> None:
    """End at once when somebody asks a second time."""
    stops.hurry.wait()
    if stops.count > 1 and session.phase not in ("ended", "failed"):
        try:
            session.host.stop(0.0)
        except StaleError:
            return  # the thread that ends the session says so


class StatusLine:
    """One line that is written again on a terminal, and now and then a new one elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._terminal = out, out.isatty()
        self._last = 0.0

    def show(self, session: "Session") -> None:
        """The session now."""
        now = time.monotonic()
        if not self._terminal and now - self._last < 10 * EVERY_S and self._last:
            return
        self._last = now
        text = status(session)
        self._out.write(f"\r{text}\x1b[K" if self._terminal else f"{text}\n")
        self._out.flush()

    def above(self, text: str) -> None:
        """A line that stays."""
        self._out.write(f"\r\x1b[K{text}\n" if self._terminal else f"{text}\n")
        self._out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._terminal:
            self._out.write("\n")


def status(session: "Session") -> str:
    """Reference, inventory, profit, orders and fills, in one line."""
    from stackedmm.engine.host import sample
    from stackedmm.session.show import quoting

    look = session.host.look()
    s = look.state
    if s is None:
        return look.phase
    total = sample.profit(s)
    held = float(s["ledger"]["position"]) * float(s["unit_base"])
    word = quoting(s)
    parts = [
        time.strftime("%H:%M:%S", time.gmtime(int(s["now"]) / 1e9)),
        f"reference {float(s['reference']):.8g}",
        f"inventory {held:g} ({float(s['inventory']):+.3f})",
        f"profit {sample.traded(s, total, session.host.record.opening):+.4f}",
        f"{int(s['open_orders'])} open",
        f"{int(s['ledger']['fills'])} fills",
        *([] if word == "yes" else [word.split(":")[0]]),
    ]
    return "  ".join(parts)
