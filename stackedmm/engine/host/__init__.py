"""A running engine behind one face, whatever runs it: a thread of this process, or a process of its own."""

from stackedmm.engine.host.clock import SteppedClock, WallClock
from stackedmm.engine.host.face import PHASES, BookSide, Fork, Host, Look
from stackedmm.engine.host.news import Event, Fill, News, Tape
from stackedmm.engine.host.record import Record
from stackedmm.engine.host.snapshots import Snapshots
from stackedmm.engine.host.source import Source
from stackedmm.engine.host.thread import ThreadHost

__all__ = [
    "PHASES",
    "BookSide",
    "Event",
    "Fill",
    "Fork",
    "Host",
    "Look",
    "News",
    "Record",
    "Snapshots",
    "Source",
    "SteppedClock",
    "Tape",
    "ThreadHost",
    "WallClock",
]
