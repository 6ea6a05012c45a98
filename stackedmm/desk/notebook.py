"""The desk in a notebook: the whole page in a cell, or a few controls beside one."""

import asyncio
import threading
from contextlib import suppress
from html import escape
from typing import Any, Final
from weakref import WeakKeyDictionary

import ipywidgets as w

from stackedmm.desk.app import Desk
from stackedmm.engine.host.record import SIDES
from stackedmm.errors import StackedmmError, StaleError
from stackedmm.session import Session
from stackedmm.session.words import Slot

HEIGHT: Final = 900
READY_S: Final = 30.0


class Opened:
    """A desk that serves one session from a thread of its own; in a notebook it shows itself."""

    def __init__(self, session: Session, *, port: int, height: int) -> None:
        self.height = height
        self._session = session
        self._ready = threading.Event()
        self._desk: Desk | None = None
        self._done: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._serve, args=(port,), name="stackedmm desk", daemon=True)
        self._thread.start()
        if not self._ready.wait(READY_S) or self._desk is None:
            raise StaleError(f"desk: the page did not answer within {READY_S:g} s; open it again")

    def _serve(self, port: int) -> None:
        try:
            asyncio.run(self._run(port))
        finally:
            self._ready.set()

    async def _run(self, port: int) -> None:
        self._done = asyncio.Event()
        desk = Desk(self._session, port=port)
        desk.begin()
        self._desk = desk
        self._ready.set()
        await self._done.wait()
        desk.finish()

    @property
    def url(self) -> str:
        """Where the page is."""
        assert self._desk is not None
        return self._desk.url

    @property
    def open(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Answer no more; the session goes on."""
        if self.open and self._desk is not None and self._done is not None:
            self._desk.loop.add_callback(self._done.set)
            self._thread.join()

    def __repr__(self) -> str:
        return f"the desk of {self._session.name}: {self.url if self.open else 'closed'}"

    def _repr_html_(self) -> str:
        if not self.open:
            return escape(repr(self))
        style = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe src="{escape(self.url)}" style="{style}" title="stackedmm desk"></iframe>'


_opened: WeakKeyDictionary[Session, Opened] = WeakKeyDictionary()


def desk(session: Session, *, port: int = 0, height: int = HEIGHT) -> Opened:
    """Open the desk of a session; the same page again where it is open already.

    In a notebook the page stands in the cell, and does not wait for other cells; elsewhere open its `url`. `port` 0
    takes a free one. StaleError where the page does not answer.
    """
    found = _opened.get(session)
    if found is None or not found.open:
        found = _opened[session] = Opened(session, port=port, height=height)
    return found


class Controls:
    """A slider for each rule's parameter, a toggle for each line's side, and pause and kill: widgets for one cell.

    What others change meanwhile is shown after `refresh`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._quiet = False
        self._said = w.HTML()
        self.sliders = {name: self._slider(name, slot) for name, slot in session.slots.items()}
        self.sides = {(line.id, side): self._side(line.id, side) for line in session.filled.lines for side in SIDES}
        self.buttons = [self._button(name) for name in ("pause", "resume", "kill", "revive")]
        self.refresh()
        self.widget = w.VBox([w.HBox(self.buttons), *self._rows(), w.VBox(list(self.sliders.values())), self._said])

    def _rows(self) -> list[Any]:
        return [
            w.HBox([w.Label(line.id, layout={"width": "8em"}), *(self.sides[line.id, side] for side in SIDES)])
            for line in self._session.filled.lines
        ]

    def refresh(self) -> None:
        """Show what is in force."""
        with suppress(StaleError):
            s = self._session.look().state
            self._quiet = True
            try:
                for name, slider in self.sliders.items():
                    slider.value = float(s["params"][self._session.slots[name].place])
                for i, line in enumerate(self._session.filled.lines):
                    for j, side in enumerate(SIDES):
                        self.sides[line.id, side].value = bool(s["lines"][i]["sides"][j])
            finally:
                self._quiet = False

    def _slider(self, name: str, slot: Slot) -> Any:
        param = slot.param
        made = w.FloatSlider(
            value=param.default,
            min=param.low,
            max=param.high,
            step=(param.high - param.low) / 200,
            description=name,
            tooltip=param.help or name,
            continuous_update=False,
            readout_format=".4g",
            style={"description_width": "14em"},
            layout={"width": "42em"},
        )
        made.observe(lambda change: self._do(lambda: self._session.tune(name, float(change["new"]))), names="value")
        return made

    def _side(self, line: str, side: str) -> Any:
        made = w.ToggleButton(value=True, description=side, layout={"width": "6em"})
        made.observe(lambda change: self._do(lambda: self._session.side(line, side, change["new"])), names="value")
        return made

    def _button(self, name: str) -> Any:
        style = {"kill": "danger", "pause": "warning"}.get(name, "")
        made = w.Button(description=name, button_style=style, layout={"width": "7em"})
        made.on_click(lambda _: self._do(lambda: self._session.control(name)))
        return made

    def _do(self, say: Any) -> None:
        """Say it, and show what was refused: an exception in a widget's callback would be seen by nobody."""
        if self._quiet:
            return
        try:
            say()
        except StackedmmError as error:
            self._said.value = f"<b>{escape(str(error))}</b>"
            self.refresh()
        else:
            self._said.value = ""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return f"controls of {self._session.name}: {len(self.sliders)} parameters, {len(self.sides)} sides"
