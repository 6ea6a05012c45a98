"""How far a start has come: a bar in a notebook, a line on a terminal, nothing elsewhere."""

import sys
from html import escape
from typing import Any, Final

from stackedmm.engine.host import Look

WIDTH: Final = 30


class Progress:
    """One bar, from the first publication to the one that is live."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._handle: Any = _cell()
        self._terminal = self._handle is None and sys.stderr.isatty()
        self._done = False
        if self._handle is not None:
            self._handle.display(Bar(title, "compiling", 0.0))

    def show(self, look: Look) -> None:
        """Show what was published; nothing any more once it is live."""
        if self._done:
            return
        self._done = look.phase not in ("compiling", "warming up")
        bar = Bar(self._title, look.phase, 1.0 if look.phase == "live" else look.progress)
        if self._handle is not None:
            self._handle.update(bar)
        elif self._terminal:
            end = "\n" if self._done else ""
            print(f"\r{bar!r}\x1b[K", end=end, file=sys.stderr, flush=True)


class Bar:
    """A title, a word, and a part of one."""

    def __init__(self, title: str, word: str, part: float) -> None:
        self.title, self.word, self.part = title, word, part

    def __repr__(self) -> str:
        full = round(self.part * WIDTH)
        return f"{self.title}: {self.word} [{'=' * full}{' ' * (WIDTH - full)}] {self.part:4.0%}"

    def _repr_html_(self) -> str:
        said = f"{escape(self.title)}: {escape(self.word)}"
        return (
            f'<label>{said} <progress max="1" value="{self.part:.3f}" style="vertical-align:middle"></progress></label>'
        )


def _cell() -> Any:
    """A place in the running cell that can be written again, where this is a notebook."""
    shell = sys.modules.get("IPython")
    if shell is None or (found := shell.get_ipython()) is None or not hasattr(found, "kernel"):
        return None
    return sys.modules["IPython.display"].DisplayHandle()
