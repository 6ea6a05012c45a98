"""Waiting for what a session comes to."""

import time
from collections.abc import Callable
from typing import Any

from stackedmm.desk.paper import Paper, Picture


def until(paper: Paper, condition: Callable[[Picture], Any], seconds: float = 60) -> Picture:
    """The first picture of which the condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        picture = paper.picture
        if picture.state is not None and condition(picture):
            return picture
        assert picture.phase not in ("failed", "ended"), f"the session has {picture.phase}: {picture.note}"
        time.sleep(0.02)
    raise AssertionError(f"it did not come about in {seconds} s; the last picture was {paper.picture.phase}")
