"""The feed: one frame for all viewers, encoded once; a viewer that is slow misses frames, never holds anyone up."""

import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from stackedmm.desk import frame
from stackedmm.engine.host.history import SPANS
from stackedmm.errors import RuleError, StaleError
from stackedmm.session import Session

VIEWERS: Final = 50
PATIENCE_S: Final = 10.0
LARGEST: Final = 2048
"""Characters of the longest message a page has reason to send."""


class Hub:
    """Hands each new picture to every viewer. Lives on the server's thread."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.viewers: set[Viewer] = set()
        self._sent = self._counts()
        self._bars: dict[int, tuple[int, list[Any]]] = {}
        self._known: tuple[Any, Any] = (session.host.armament, session.host.config)
        self._loop: IOLoop | None = None

    def begin(self) -> None:
        """Listen to the session; call on the server's thread, once its loop is known."""
        self._loop = IOLoop.current()
        self.session.host.listeners.append(self._called)

    def end(self) -> None:
        """Listen no longer, and say goodbye to every viewer."""
        self.session.host.listeners.remove(self._called)
        for viewer in list(self.viewers):
            viewer.close(1001, "the desk has ended")

    def _called(self) -> None:
        """On the session's thread: wake the server's."""
        if self._loop is not None:
            self._loop.add_callback(self._push)

    def _push(self) -> None:
        if not self.viewers:
            return
        if self._changed():
            for viewer in list(self.viewers):
                viewer.greet()
        text = frame.encode(self.frame())
        for viewer in list(self.viewers):
            viewer.offer(text)

    def _changed(self) -> bool:
        """Whether rules or configuration are others than the pages were told."""
        known, host = self._known, self.session.host
        self._known = (host.armament, host.config)
        return known[0] is not host.armament or known[1] is not host.config

    def frame(self) -> dict[str, Any]:
        """The newest picture, with what was appended since the last frame and where that began."""
        record, since = self.session.host.record, self._sent
        history = [record.history.since(i, since["points"][i]) for i in range(len(SPANS))]
        fills, events = record.fills.since(since["fills"]), record.events.since(since["events"])
        self._sent = {"points": [total for total, _ in history], "fills": fills[0], "events": events[0]}
        return frame.frame(self.session, self.session.host.look()) | {
            "from": since,
            "to": self._sent,
            "points": [frame.points(table) for _, table in history],
            "fills": frame.fills(fills[1]),
            "events": frame.events(events[1]),
            "bars": frame.bars(self.session, self._bars),
        }

    def greeting(self) -> str:
        """What does not change, and everything appended up to the last frame: the next one goes on from there."""
        if not self.viewers:
            self.frame()  # nobody watched: what was appended since belongs to the past
        record, sent = self.session.host.record, self._sent
        history = []
        for i in range(len(SPANS)):
            total, table = record.history.since(i, 0)
            history.append(frame.points(table[: len(table) - (total - sent["points"][i])]))
        fills, events = record.fills.since(0), record.events.since(0)
        return frame.encode(
            frame.hello(self.session)
            | {
                "to": sent,
                "points": history,
                "fills": frame.fills(fills[1][: len(fills[1]) - (fills[0] - sent["fills"])]),
                "events": frame.events(events[1][: len(events[1]) - (events[0] - sent["events"])]),
            }
        )

    def _counts(self) -> dict[str, Any]:
        return {"points": [0] * len(SPANS), "fills": 0, "events": 0}


class Viewer(WebSocketHandler):
    """One open page. What it may say is a short list of words; anything else is answered, and changes nothing."""

    hub: Hub

    def initialize(self, hub: Hub, hosts: frozenset[str]) -> None:
        """Called by the server for each connection."""
        self.hub = hub
        self._allowed = hosts
        self._last: Any = None
        self._late = time.monotonic()

    def check_origin(self, origin: str) -> bool:
        """Only pages that came from this server may listen and speak."""
        return urlsplit(origin).netloc in self._allowed

    def open(self, *args: str, **kwargs: str) -> None:
        """A page begins to listen: it gets the past first."""
        if len(self.hub.viewers) >= VIEWERS:
            self.close(1013, "too many pages are open")
            return
        self.set_nodelay(True)
        self.greet()
        self.hub.viewers.add(self)

    def on_close(self) -> None:
        """A page has gone."""
        self.hub.viewers.discard(self)

    def offer(self, text: str) -> None:
        """Send a frame, unless what went before is still under way; who stays behind for long is let go."""
        if self._ready():
            self._send(text)
        elif time.monotonic() - self._late > PATIENCE_S:
            self.close(1013, "too slow")

    def _ready(self) -> bool:
        done = self._last is None or self._last.done()
        if done:
            self._late = time.monotonic()
        return done

    def on_message(self, message: str | bytes) -> None:
        """A word from the page."""
        try:
            self._obey(json.loads(message) if len(message) <= LARGEST else None)
        except (RuleError, StaleError, ValueError, KeyError, TypeError) as error:
            self._send(frame.encode({"type": "refused", "text": str(error)}))

    def _obey(self, said: Any) -> None:
        session = self.hub.session
        match said:
            case {"do": "backfill"}:
                if self._ready():
                    self.greet()
            case {"do": "tune", "name": str(name), "value": int(value) | float(value)}:
                session.tune(name, float(value))
            case {"do": "side", "line": str(line), "side": str(side), "on": bool(on)}:
                session.side(line, side, on)
            case {"do": "control", "name": str(name)}:
                session.control(name)
            case _:
                raise ValueError("not understood; nothing was changed")

    def greet(self) -> None:
        """Tell the page everything anew."""
        self._send(self.hub.greeting())
        self._send(frame.encode(frame.frame(self.hub.session, self.hub.session.host.look())))

    def _send(self, text: str) -> None:
        try:
            self._last = self.write_message(text)
            self._last.add_done_callback(_heard)
        except WebSocketClosedError:
            self.hub.viewers.discard(self)


def _heard(sent: Any) -> None:
    """Take note of how a message ended: a page may close at any moment, and that is no fault."""
    if not sent.cancelled():
        sent.exception()
