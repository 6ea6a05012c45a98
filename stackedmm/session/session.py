"""The one object through which people see and steer what trades, in a notebook, a script or behind the desk."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackedmm.core.rows import PLACE
from stackedmm.core.waterfall import waterfall
from stackedmm.engine.host import Host
from stackedmm.engine.host.clock import Clock
from stackedmm.errors import StaleError
from stackedmm.lab import moment
from stackedmm.lab.frames import SIDES, Named
from stackedmm.session import places, show
from stackedmm.session import state as states
from stackedmm.session.ruling import Ruling
from stackedmm.session.sheet import Page, Sheet
from stackedmm.session.state import State
from stackedmm.session.why import Why
from stackedmm.session.why_not import WhyNot, why_not

if TYPE_CHECKING:
    from stackedmm.lab.moment import Frame


class Session(Ruling):
    """A running engine. `mm.paper` and `mm.replay` make one; `await session.start()` starts it.

    Everything it shows is a copy of one moment; nothing that is done with it holds the engine up.
    """

    def __init__(
        self,
        host: Host,
        *,
        name: str = "paper",
        mode: str = "paper",
        clock: Clock | None = None,
        values: Mapping[str, float] | None = None,
        folder: Path | None = None,
        policy: str = "off",
        store: Path | None = None,
    ) -> None:
        super().__init__(
            host, name=name, mode=mode, clock=clock, values=values, folder=folder, policy=policy, store=store
        )

    # What it does.

    @property
    def quotes(self) -> "Frame":
        """Every quote by line, venue, side and level: its order, or in words why none stands."""
        return moment.quotes(self.look().state, self._named)

    @property
    def orders(self) -> "Frame":
        """The newest orders (some thousands), from the decision to the end."""
        return moment.orders(self.host.record, self._named)

    @property
    def fills(self) -> "Frame":
        """The newest fills, with the order and line of each."""
        return moment.fills(self.host.record, self._named)

    @property
    def pnl(self) -> "Frame":
        """Reference, own best quotes, inventory, profit and volume coefficients over time.

        `pnl` is all profit since the opening in the first quote currency, fees taken out; `trading` is without what
        merely holding the opening inventory would have made.
        """
        return moment.series(self.host.record.history)

    @property
    def events(self) -> Sheet:
        """What people said and what was filled, newest first."""
        with suppress(StaleError):
            self.look()  # waits until what was said just now has been heard
        found = self.host.record.events.since(0)[1][::-1]
        rows = [(states.moment(int(each.t * 1e6))[:19], each.kind, each.text, each.who) for each in found]
        return Sheet("Events", ("market time", "", "what", "by"), rows, left=4)

    @cached_property
    def _named(self) -> Named:
        names = [places.spelled(self.config, self.filled, i) for i in range(len(self.filled.quoted))]
        return moment.named(self.filled, self.look().state, names)

    # How it stands.

    @property
    def state(self) -> State:
        """Everything as one dictionary of plain values; the same keys as `strategy.get_strategy_state()`."""
        config = self.config
        return states.state(self, self.name, f"{config.base_coin}/{config.quote_currencies[0]}", list(config.exchanges))

    @property
    def inventory(self) -> Sheet:
        """What is held against what is wanted."""
        return Sheet("Inventory", ("", ""), states.inventory(self, self.look().state).items(), left=2)

    # Why.

    def why(self, line: str | int, side: str = "bid", venue: str | None = None, level: int = 0) -> Why:
        """How the standing order of a quote, or its last, came to its price: every bps with its owner.

        Also `why(order)` by the order's number, as in `session.orders`. StaleError where there is no such order.
        """
        if isinstance(line, int):
            return self._why(self._command(line))
        place = self._place(line, side, venue, level)
        command = self.host.record.placed.get(place.quote)
        if command is None:
            said = f"why({line!r}, {side!r}, {venue!r})"
            raise StaleError(f"{said}: no order was placed there yet; session.why_not(...) says what stops it")
        return self._why(command)

    def why_not(self, line: str, side: str, venue: str | None = None, level: int = 0) -> WhyNot:
        """What stops a quote: the first reason, its numbers, and what would help."""
        place = self._place(line, side, venue, level)
        name = places.spelled(self.config, self.filled, place.market)
        return why_not(self.look().state, self.filled, self.rules, place, name)

    def _place(self, line: str, side: str, venue: str | None, level: int) -> places.Place:
        name = venue or places.spelled(self.config, self.filled, 0)
        return places.find(self.config, self.filled, self.look().state, line, side, name, level)

    def _command(self, order: int) -> Any:
        commands = self.host.record.commands.since(0)[1]
        found = commands[(commands["ref"] == order) & (commands["kind"] == PLACE)]
        if not len(found):
            raise StaleError(f"order {order}: not among the newest {len(commands)} commands; see session.orders")
        return found[0]

    def _why(self, command: Any) -> Why:
        rules = self.sets.get(int(command["rules"]))
        ruled = [(each.name, each.verb) for each in rules.rules] if rules is not None else []
        i, market = int(command["line"]), self.filled.quoted[int(command["market"])]
        bars = waterfall(command, ruled, int(self.filled.state[0]["lines"][i]["kind"]))
        price = f"{float(command['px']) * float(market.tick):.10g}"
        size = f"{float(command['qty']) * float(market.lot * market.contract_size):.10g}"
        name = places.spelled(self.config, self.filled, int(command["market"]))
        where = f"{self.filled.lines[i].id} {SIDES[int(command['side'])]} on {name}"
        return Why(int(command["ref"]), f"{where}, {size} {market.base} at {price}", command, bars, rules)

    # Keeping and showing.

    def save(self, folder: str | Path) -> Path:
        """Write orders, fills and profit as Parquet, a file a day each, into a folder; days written before are renewed.

        Raises ConfigError where the folder cannot be written.
        """
        from stackedmm.lab.days import save

        return save(Path(folder), {"orders": self.orders, "fills": self.fills, "pnl": self.pnl.reset_index()})

    def doctor(self) -> Sheet:
        """Twelve checks of what may keep it from trading as it should: what was found, why, and what helps."""
        from stackedmm.session.doctor import doctor

        return doctor(self)

    def page(self) -> Page:
        """What its repr shows."""
        return show.page(self, lambda: self.quotes)

    def __repr__(self) -> str:
        return repr(self.page())

    def _repr_html_(self) -> str:
        return self.page()._repr_html_()
