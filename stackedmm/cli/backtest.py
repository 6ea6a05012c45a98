"""Run a configuration over recorded or synthetic markets, and say what came of it."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    from stackedmm.config import StackedMarketMakingConfig
    from stackedmm.core.recording import Recording
    from stackedmm.lab import Comparison, Result

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

WIDTH: Final = 110
"""Of the tables where the output is no terminal."""


def add(subparsers: "Subparsers") -> None:
    """Register `backtest`; its handler is left in `args.run`."""
    parser = subparsers.add_parser("backtest", help=__doc__, description=__doc__)
    add_run(parser)
    parser.add_argument("--out", metavar="DIR", help="write orders, fills, decisions, series and summary there")
    parser.add_argument("--picture", metavar="FILE", help="draw the run: .png, .svg or .pdf")
    parser.add_argument("--report", metavar="FILE", help="write the run as one .html page that needs nothing else")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.set_defaults(run=run)


def add_run(parser: argparse.ArgumentParser) -> None:
    """What says what to run over which market, for all commands that do."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", metavar="FILE", help="configuration as JSON")
    what.add_argument("--template", metavar="NAME", help="a configuration that comes with stackedmm")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="neutral Parquet; without it a synthetic market")
    parser.add_argument("--seconds", type=float, metavar="N", help="of the synthetic market, 1800")
    parser.add_argument("--rules", metavar="DIR", help="folder of rule files")
    parser.add_argument("--latency-ms", type=float, default=5.0, metavar="N", help="one way, %(default)s")
    parser.add_argument("--queue", default="power_prob_3", metavar="MODEL", help="of the queue's motion, %(default)s")
    parser.add_argument("--fees", metavar="M,T", help="maker and taker in bps: 1,5, or --fees=-0.5,3 for a rebate")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of everything drawn, %(default)s")
    parser.add_argument("--start", metavar="T", help="ISO time (UTC without a zone) or ns; earlier rows are warm-up")
    parser.add_argument("--end", metavar="T", help="likewise; rows from here on are not read")
    parser.add_argument("--markets", nargs="+", metavar="FILE", help="descriptions of markets, ccxt's or the venues'")


def run_options(args: argparse.Namespace) -> dict[str, Any]:
    """The same as keywords of `lab.backtest`, without configuration, data and rules."""
    return {
        "latency_ms": args.latency_ms,
        "queue": args.queue,
        "fees": tuple(args.fees.split(",")) if args.fees is not None else None,
        "seed": args.seed,
        "start": args.start,
        "end": args.end,
        "markets": args.markets,
    }


def run(args: argparse.Namespace) -> int:
    """Run, show, write. Bad input raises ConfigError or RuleError before anything is written."""
    from stackedmm.lab import backtest
    from stackedmm.lab.save import check_place

    config = config_of(args)
    check_places(args, check_place)
    with Told(args.data is not None) as told:
        result = backtest(config, data_of(args, config), args.rules, progress=told, **run_options(args))
    write(args, result)
    _show(result, args.json)
    return 0


def check_places(args: argparse.Namespace, check_place: Callable[[Path], None]) -> None:
    """Refuse, before anything runs, a folder, picture or page that could not be written afterwards."""
    from stackedmm.lab.picture import check_name
    from stackedmm.lab.report import check_page

    for name, check in ((args.out, check_place), (args.picture, check_name), (args.report, check_page)):
        if name is not None:
            check(Path(name))


def write(args: argparse.Namespace, found: "Result | Comparison") -> None:
    """Write what was asked for."""
    for name, put in ((args.out, found.save), (args.picture, found.picture), (args.report, found.report)):
        if name is not None:
            put(name)


def config_of(args: argparse.Namespace) -> "StackedMarketMakingConfig":
    """The configuration named. Raises ConfigError where there is none such."""
    from stackedmm.config import TEMPLATES, load

    if args.config is not None:
        return load(args.config)
    if args.template not in TEMPLATES:
        raise ConfigError(f"--template: {args.template!r}, expected one of {', '.join(TEMPLATES)}")
    return TEMPLATES[args.template]()


def data_of(args: argparse.Namespace, config: "StackedMarketMakingConfig") -> "list[str] | Recording":
    """The files named, else a synthetic market of the length asked for."""
    from stackedmm.lab.data import SYNTHETIC_SECONDS, market_for

    if args.data is not None:
        if args.seconds is not None:
            raise ConfigError("--seconds: is of the synthetic market; with --data say --start and --end")
        return list(args.data)
    if args.markets is not None:
        raise ConfigError("--markets: describes the markets of --data")
    return market_for(config, SYNTHETIC_SECONDS if args.seconds is None else args.seconds, seed=args.seed)


def _show(result: Any, as_json: bool) -> None:
    from stackedmm.lab.show import renderable

    if as_json:
        print(json.dumps(result.summary))
        return
    output().print(renderable(result.summary, result.config))


def output() -> Any:
    """The console that tables go to: as wide as the terminal, or of a fixed width where there is none."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


class Told:
    """Progress on stderr: a bar where a person looks, else one line where something takes long."""

    def __init__(self, reads: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
        )
        self._bar: Progress = Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        )
        self._task = self._bar.add_task("loading", total=1.0, rate="")
        self._stage = ""
        self._began = 0.0
        self._reads = reads

    def __enter__(self) -> "Told":
        self._bar.start()
        self("loading", 0.0, 0)
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: float, rows: int) -> None:
        """What `backtest` calls."""
        now = self._bar.get_time()
        if stage != self._stage:
            self._stage, self._began = stage, now
            self._bar.update(self._task, description=self._words(stage))
        passed = now - self._began
        rate = f"{rows / passed / 1e6:.1f} million rows/s" if stage == "running" and passed > 0.2 else ""
        self._bar.update(self._task, completed=done, rate=rate)

    def _words(self, stage: str) -> str:
        """What a stage is called; one that waits for the compiler says so, on a screen or in a log."""
        from stackedmm.lab.ready import LOOP, MAKERS, READERS, ready

        entries = {"loading": READERS if self._reads else MAKERS, "compiling": LOOP}.get(stage, ())
        if ready(entries):
            return "running" if stage == "compiling" else stage
        what = "the engine, once, about half a minute" if stage == "compiling" else "what reads market data, once"
        if not self._console.is_terminal:
            print(f"compiling {what}", file=sys.stderr, flush=True)
        return f"compiling {what}"
