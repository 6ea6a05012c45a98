"""Writes what was measured as tables into docs/performance.md, between two marks; the prose around them stays."""

import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.tasks import TASKS

BEGIN: Final = "<!-- measured: begin, written by make bench -->"
END: Final = "<!-- measured: end -->"
LIBRARIES: Final = ("numba", "llvmlite", "numpy", "hftbacktest")


NAUTILUS: Final = {
    "cancel and new order, 1 venue": ("one", 1, "cancel", 500),
    "amended in place, 1 venue": ("one", 1, "modify", 0),
    "cancel and new order, 3 venues": ("three", 3, "cancel", 500),
    "no orders, the book read on every message, 1 venue": ("one", 1, "read", 0),
}
"""What NautilusTrader does: our task beside it, venues, its mode, and the bar."""


class Measured(NamedTuple):
    """Everything of one `make bench`."""

    tasks: dict[str, dict[str, list[dict[str, Any]]]]
    fresh: dict[str, list[dict[str, Any]]]
    cold_s: float
    edit: dict[str, Any]
    growth: dict[str, Any]
    slower: dict[str, list[dict[str, Any]]]
    rounds: int


def rates(answers: list[dict[str, Any]]) -> float:
    """Rows a second, the median of all runs."""
    return float(statistics.median(each["rows"] / seconds for each in answers for seconds in each["runs"]))


def median(answers: list[dict[str, Any]], name: str) -> float:
    """The median of one number."""
    return float(statistics.median(each[name] for each in answers))


def compared(result: Measured) -> list[str]:
    """The table of ratios."""
    lines = [
        "| task | ours, M rows/s | theirs, M rows/s | ratio | bar | aim | orders, ours / theirs | fills | decided |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    shown = []
    for name, sides in result.tasks.items():
        task = TASKS[name]
        ours, peer = rates(sides["ours"]), rates(sides["peer"])
        a, b = sides["ours"][0], sides["peer"][0]
        pairs = [f"{a[key]:,} / {b[key]:,}" for key in ("submits", "fills", "decisions")]
        bars = [f"{number:g}x" if number else "" for number in (task.bar, task.aim)]
        speeds = [f"{ours / 1e6:.1f}", f"{peer / 1e6:.2f}", f"**{ours / peer:.1f}x**"]
        lines.append(f"| {' | '.join([task.text, *speeds, *bars, *pairs])} |")
        if sides["shown"]:
            shown.append(f"{task.text} {rates(sides['shown']) / 1e6:.1f}")
    return [*lines, "", f"With our orders published in the feed, M rows/s: {'; '.join(shown)}."]


def far_behind(result: Measured) -> list[str]:
    """The table beside NautilusTrader, if it was measured."""
    if not result.slower:
        return []
    lines = [
        "| NautilusTrader 1.231.0, two-sided quoter in Python | its rows/s | ours | bar | its orders | its fills |",
        "|---|---|---|---|---|---|",
    ]
    for name, (ours, _, _, bar) in NAUTILUS.items():
        theirs = result.slower[name]
        ratio = rates(result.tasks[ours]["ours"]) / rates(theirs)
        bars = f"{bar}x" if bar else ""
        counts = [f"{theirs[0][key]:,}" for key in ("submits", "fills")]
        lines.append(f"| {' | '.join([name, f'{rates(theirs):,.0f}', f'**{ratio:,.0f}x**', bars, *counts])} |")
    return [*lines, ""]


def started(result: Measured) -> list[str]:
    """The table of fresh processes."""
    peer_s, peer_mb = median(result.fresh["peer"], "wall_s"), median(result.fresh["peer"], "rss_mb")
    lines = ["| fresh process to result, 3 venues | s | of theirs | peak MB | of theirs |", "|---|---|---|---|---|"]
    names = {"ours": "ours, quoter", "stacked": "ours, 30 quotes, whole engine", "peer": "hftbacktest, quoter"}
    for name, text in names.items():
        s, mb = median(result.fresh[name], "wall_s"), median(result.fresh[name], "rss_mb")
        lines.append(f"| {text} | {s:.2f} | 1/{peer_s / s:.1f} | {mb:.0f} | {mb / peer_mb:.2f} |")
    edit = result.edit
    return [
        *lines,
        "",
        f"First run ever, everything compiled: {result.cold_s:.0f} s, once. A changed rule, checked, proved and "
        f"compiled: {edit['compiled']:.0f} ms; loaded again: {edit['loaded']:.0f} ms; armed: {edit['armed']:.2f} ms; "
        f"a changed parameter: {edit['parameter'] * 1e3:.1f} µs.",
    ]


def grown(result: Measured) -> list[str]:
    """The two curves."""
    lines = []
    for name, text in (("lines", "passive lines, 1 venue"), ("venues", "venues, 2 TOB and 3 passive lines")):
        curve = result.growth[name]
        lines += [
            f"| {text} | {' | '.join(curve)} |",
            "|---" * (len(curve) + 1) + "|",
            f"| ns a row | {' | '.join(f'{ns:.0f}' for ns, _ in curve.values())} |",
            f"| quotes priced a row | {' | '.join(f'{priced:.2f}' for _, priced in curve.values())} |",
            "",
        ]
    return lines[:-1]


def tables(result: Measured) -> str:
    """All of it as Markdown."""
    used = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    machine = f"{processor()}, Python {platform.python_version()}, {used}"
    head = [f"{datetime.now(UTC):%Y-%m-%d}, {machine}; medians of {result.rounds} rounds.", ""]
    return "\n".join([*head, *compared(result), "", *far_behind(result), *started(result), "", *grown(result)])


def processor() -> str:
    """The CPU as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return f"{len(names)} x {names[0]}"
    return platform.processor() or platform.machine()


def write(path: Path, result: Measured) -> None:
    """Put the tables between the marks."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{tables(result)}\n{END}{after}")
