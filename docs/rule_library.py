"""Renews docs/rule-library.md: its tables of shipped rules, its pictures, and the reproduced table of a paper.

From the project's root:  python docs/rule_library.py
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from stackedmm.core.views import BY_NAME
from stackedmm.rules import LoadedRule, Param, RuleSet, View, load

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rule-library.md"
PICTURES = ROOT / "docs" / "pictures"
FOLDERS = {"default": "rules", "academic": "rules/academic"}
"""A folder of rules by the mark of its part of the page."""


class Sweep(NamedTuple):
    """What a picture shows: the field that runs along, and what stands still beside it."""

    field: str
    low: float
    high: float
    param: str = ""
    """The Param drawn at half, once and twice its default; the first where none is said."""
    others: tuple[tuple[str, float], ...] = ()


SWEEPS = {
    "lean": Sweep("inventory", -1, 1),
    "fade": Sweep("pressure", -1, 1),
    "step_back": Sweep("drift_bps", -80, 40),
    "breathe": Sweep("volatility_bps", 0, 60, others=(("volatility_ratio", 2.0),)),
    "shelter": Sweep("volatility_ratio", 0, 30),
    "keep_pace": Sweep("volume", 0.1, 4),
    "come_closer": Sweep("volume", 0.1, 4),
    "follow_depth": Sweep("share", 0, 0.6),
    "afford": Sweep("balance", 0, 3),
    "hush": Sweep("quiet_s", 0, 900),
    "night": Sweep("hour", 0, 24, "part"),
    "flinch": Sweep("adverse_bps", -20, 60),
    "thin_out": Sweep("adverse_bps", -20, 60),
    "tilt": Sweep("imbalance", -1, 1, others=(("local_spread_bps", 10.0),)),
    "reservation": Sweep("inventory", -1, 1, "gamma"),
    "optimal_spread": Sweep("volatility_bps", 0, 60, "gamma"),
    "asymptotic_skew": Sweep("inventory", -1, 1, "arrivals"),
    "asymptotic_spread": Sweep("volatility_bps", 0, 60, "arrivals"),
}
ANSWERS = {"skew": "bps on the reference", "widen": "bps added", "spread": "× half-spread", "size": "× size"}
STYLE = {
    "font.size": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


def table(rules: RuleSet) -> str:
    """One row a rule: what it is called, does, reads, and lets a person turn."""
    head = "| rule | file | verb | where | reads | params | what |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(_row(each) for each in rules.rules)


def _row(rule: LoadedRule) -> str:
    where = str(rule.scope).replace("line=", "") + "".join(f", unless {duty}" for duty in rule.unless)
    reads = "<br>".join(rule.fields)
    params = "<br>".join(f"{name} {_param(param)}" for name, param in rule.params)
    file = f"`{rule.file.removesuffix('.py')}`"
    return f"| **{rule.name}** | {file} | {rule.verb_name} | {where} | {reads} | {params} | {rule.doc} |"


def _param(param: Param) -> str:
    unit = f" {param.unit}" if param.unit else ""
    return f"{param.default:g}{unit} ({param.low:g} to {param.high:g})"


def images(rules: RuleSet) -> str:
    """The pictures, side by side."""
    return "\n".join(f"![{each.name}](pictures/{_file(each)})" for each in rules.rules)


def _file(rule: LoadedRule) -> str:
    return f"rule-{rule.name}.png"


def paper(rows: Iterable[tuple[tuple[float, str], Iterable[float]]]) -> str:
    """The reproduced table: risk aversion, strategy, and what came of it."""
    head = "| γ | strategy | spread | profit | std | final q | std |\n|---|---|---|---|---|---|---|\n"
    lines = (f"| {g:g} | {name} | " + " | ".join(f"{value:z.2f}" for value in row) + " |" for (g, name), row in rows)
    return head + "\n".join(lines)


def filled(page: str, mark: str, text: str) -> str:
    """The page with what stands between two marks replaced."""
    between = re.compile(f"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.S)
    assert between.search(page), f"the page has no mark {mark}"
    return between.sub(lambda found: found[1] + text + "\n" + found[2], page)


def turned(rule: LoadedRule, sweep: Sweep) -> Iterator[tuple[str, dict[str, float]]]:
    """Label and values of each line drawn: a Param at half, once and twice its default, within its bounds."""
    params = dict(rule.params)
    name = sweep.param or next(iter(params))
    values = (params[name].clamp(params[name].default * factor) for factor in (0.5, 1.0, 2.0))
    yield from ((f"{name} {value:g}", {name: value}) for value in dict.fromkeys(values))


def draw(rule: LoadedRule, path: Path) -> None:
    """One rule's answer over its main input."""
    sweep = SWEEPS[rule.name]
    along = np.linspace(sweep.low, sweep.high, 481)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.0, 1.9), dpi=100, layout="constrained")
        axes = figure.add_subplot()
        for (label, values), color in zip(turned(rule, sweep), ("#9ecae1", "#08519c", "#6baed6"), strict=False):
            views = (View(**{sweep.field: x, **dict(sweep.others)}) for x in along)
            axes.plot(along, [rule.answer(view, **values) for view in views], color=color, lw=1.2, label=label)
        still = "".join(f", {name} {value:g}" for name, value in sweep.others)
        axes.set_title(f"{rule.name}{still}", loc="left", fontsize=8)
        unit = BY_NAME[sweep.field].unit
        axes.set_xlabel(f"{sweep.field} ({unit})" if unit and unit not in sweep.field else sweep.field)
        axes.set_ylabel(ANSWERS.get(rule.verb_name, "stands"))
        axes.legend(fontsize=6)
        # The name of the drawing program's version would change the file for nothing.
        figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Write the page and its pictures."""
    from stackedmm.lab.research import avellaneda_stoikov_table

    page = PAGE.read_text(encoding="utf-8")
    for mark, folder in FOLDERS.items():
        rules = load(ROOT / folder)
        page = filled(page, mark, table(rules))
        page = filled(page, f"{mark} pictures", images(rules))
        for each in rules.rules:
            draw(each, PICTURES / _file(each))
    frame = avellaneda_stoikov_table(ROOT / FOLDERS["academic"])
    page = filled(page, "paper", paper(zip(frame.index, frame.to_numpy(), strict=True)))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
