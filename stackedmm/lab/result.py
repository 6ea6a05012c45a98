"""What a run came to: numbers, tables, the reasons of its orders, a picture."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.core.codes import STEPS
from stackedmm.core.rows import COMMAND, PLACE, ROW
from stackedmm.core.views import SKEW, SPREAD, WIDEN
from stackedmm.core.waterfall import Bar, waterfall
from stackedmm.lab import frames, marks, show
from stackedmm.lab.frames import Named
from stackedmm.lab.running import Running
from stackedmm.lab.series import Samples
from stackedmm.lab.summary import summary, unit
from stackedmm.rules import RuleSet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Result:
    """One finished run. Frames are made when first asked for, and then kept."""

    def __init__(
        self,
        config: StackedMarketMakingConfig,
        rules: RuleSet | None,
        running: Running,
        samples: Samples,
        mids: frames.Array,
        seconds: float,
        notes: list[str],
        values: dict[str, float],
    ) -> None:
        self.config = config
        self.rules = rules
        self.values = values
        """Rule parameters that were given, by `rule.parameter`."""
        self.markets = running.filled.markets
        self.summary = summary(config, rules, running, seconds, notes)
        """Plain values that JSON takes; amounts are text."""
        self._commands = frames.joined(running.commands, COMMAND)
        self._answers = frames.joined(running.answers, ROW)
        self._samples = samples
        self._mids = mids
        self._kinds = [int(record["kind"]) for record in running.state["lines"][: len(running.filled.lines)]]
        self._ruled = [(each.name, each.verb) for each in rules.rules] if rules is not None else []
        s = running.state
        self._named = Named(
            self.markets,
            [line.id for line in running.filled.lines],
            [name for name, _ in self._ruled],
            unit(s["unit_base"]),
            tuple(unit(s["currencies"][m["currency"]]["unit"]) for m in s["markets"][: len(self.markets)]),
        )

    @cached_property
    def orders(self) -> "pd.DataFrame":
        """Every order: what it was, what it was computed from, how it ended."""
        return frames.orders(self._commands, self._answers, self._named)

    @cached_property
    def fills(self) -> "pd.DataFrame":
        """Every fill, in the order of arrival."""
        return frames.fills(self._commands, self._answers, self._named)

    @cached_property
    def markouts(self) -> "pd.DataFrame":
        """Every fill, and in bps what it was worth 1, 10 and 60 s later; NaN where the run had ended by then."""
        return marks.frame(self.fills, self._mids)

    @cached_property
    def decisions(self) -> "pd.DataFrame":
        """Every command the engine gave, with all it was computed from."""
        return frames.decisions(self._commands, self._named)

    @cached_property
    def series(self) -> "pd.DataFrame":
        """Reference, inventory, profit and each market's state over time."""
        return self._samples.frame()

    def bars(self, order: int) -> list[Bar]:
        """The bars of one order's distance from the reference; KeyError where the run placed no such order."""
        found = self._commands[(self._commands["ref"] == order) & (self._commands["kind"] == PLACE)]
        if not len(found):
            raise KeyError(f"order {order}: not among the {self.summary['orders']} of this run; see result.orders")
        return waterfall(found[0], self._ruled, self._kinds[int(found[0]["line"])])

    def why(self, order: int) -> "pd.DataFrame":
        """How an order came to its distance from the reference: who added how many bps, and the sum so far."""
        import pandas as pd

        table = pd.DataFrame(self.bars(order), columns=["owner", "bps"])
        table["sum_bps"] = table["bps"].cumsum()
        return table.set_index("owner")

    @cached_property
    def waterfall(self) -> "pd.DataFrame":
        """The mean bars of all orders, a column a line and side; a bar that an order lacks counts as 0."""
        import pandas as pd

        sums: dict[tuple[str, str], dict[str, float]] = {}
        counts: dict[tuple[str, str], int] = {}
        for command in self._commands[self._commands["kind"] == PLACE]:
            key = self._named.lines[int(command["line"])], frames.SIDES[int(command["side"])]
            total = sums.setdefault(key, {})
            counts[key] = counts.get(key, 0) + 1
            for owner, bps in waterfall(command, self._ruled, self._kinds[int(command["line"])]):
                total[owner] = total.get(owner, 0.0) + bps
        met = {owner for total in sums.values() for owner in total}
        owners = [owner for owner in owners_of(self._ruled) if owner in met]
        means = {key: [sums[key].get(owner, 0.0) / counts[key] for owner in owners] for key in sorted(sums)}
        return pd.DataFrame(means, index=pd.Index(owners, name="owner"))

    def picture(self, path: str | Path | None = None) -> "Figure":
        """Price with own quotes and fills, inventory, coefficients and profit; written to `path` if one is given."""
        from stackedmm.lab.picture import Drawn, draw

        drawn = Drawn(self.config, self.summary, self.markets, self.series, self.orders, self.fills)
        return draw(drawn, path)

    def report(self, path: str | Path) -> Path:
        """Write the run as one HTML page that needs nothing else: pictures, tables, reasons, what ran."""
        from stackedmm.lab.report import report

        return report(self, path)

    def save(self, folder: str | Path) -> Path:
        """Write the frames as Parquet and the summary as JSON into a new folder, whole or not at all."""
        from stackedmm.lab.save import TABLES, save

        return save(Path(folder), self.summary, {name: getattr(self, name) for name in TABLES})

    def __repr__(self) -> str:
        return show.text(self.summary, self.config)

    def _repr_html_(self) -> str:
        return show.html(self.summary, self.config)

    def __getstate__(self) -> dict[str, Any]:
        """Without the rules' machine code, which belongs to this process."""
        return {**self.__dict__, "rules": None}


def owners_of(rules: Sequence[tuple[str, int]]) -> list[str]:
    """All owners of bars, in the order in which a price comes about."""
    shaping = [name for name, verb in rules if verb in (SPREAD, WIDEN)]
    leaning = [name for name, verb in rules if verb == SKEW]
    around = {"rules": shaping, "skew": [*leaning, "skew limit"], "book": ["book", "level"]}
    return [owner for step in STEPS for owner in around.get(step, [step])]
