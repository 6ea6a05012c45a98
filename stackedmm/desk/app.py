"""The server of the desk: one page, one feed, nothing from elsewhere."""

import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import panel as pn

from stackedmm.desk import charts, frame, theme
from stackedmm.desk.feed import Hub, Viewer
from stackedmm.session import Session

STATIC: Final = Path(__file__).resolve().parent / "static"
ADDRESS: Final = "127.0.0.1"
PORT: Final = 5006


def free_port(wanted: int, address: str = ADDRESS) -> int:
    """The port itself where nobody has it, else one that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted


def page(session: Session) -> Any:
    """One page: the static shell with the figures in their places."""
    shell = pn.Template((STATIC / "desk.html").read_text(encoding="utf-8"))
    shell.title = f"{session.config.base_coin} · stackedmm desk"
    shell.add_variable("colours", theme.css())
    shell.add_variable("themes", theme.THEMES)
    digits = max(frame.decimals(float(market.tick)) for market in session.filled.quoted)
    for name, drawn in charts.charts(session.config, len(session.filled.quoted), digits).items():
        shell.add_panel(name, pn.pane.Bokeh(drawn, sizing_mode="stretch_both", theme=None))
    return shell


class Desk:
    """The server around a session that somebody else starts and stops; `serve` returns when it is told to."""

    def __init__(self, session: Session, *, port: int = PORT, address: str = ADDRESS) -> None:
        self.session = session
        self.hub = Hub(session)
        self.port = free_port(port, address)
        self.url = f"http://{address}:{self.port}/"
        hosts = frozenset(f"{name}:{self.port}" for name in {address, "localhost"})
        self._server = pn.serve(
            {"/": lambda: page(session)},
            port=self.port,
            address=address,
            websocket_origin=sorted(hosts),
            start=False,
            show=False,
            verbose=False,
            location=False,
            static_dirs={"desk": str(STATIC)},
            extra_patterns=[(r"/feed", Viewer, {"hub": self.hub, "hosts": hosts})],
        )

    @property
    def loop(self) -> Any:
        """The server's event loop."""
        return self._server.io_loop

    def begin(self) -> None:
        """Answer from now on, once the loop of the calling thread runs."""
        self._server.start()
        self.loop.add_callback(self.hub.begin)

    def finish(self) -> None:
        """Answer no more; on the thread of the loop, whether it still runs or not."""
        self.hub.end()
        self._server.stop()

    def serve(self, ready: Callable[[str], None], *, browser: bool = False) -> None:
        """Begin, and run the loop until Ctrl-C; `ready` hears the address once it answers."""
        self.begin()
        self.loop.add_callback(ready, self.url)
        if browser:
            threading.Thread(target=webbrowser.open, args=(self.url,), daemon=True).start()
        try:
            self.loop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.finish()
