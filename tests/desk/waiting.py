"""Waiting for what a session comes to."""

import time
from collections.abc import Callable
from typing import Any

from stackedmm.engine.host import Look
from stackedmm.session import Session


def until(session: Session, condition: Callable[[Look], Any], seconds: float = 60) -> Look:
    """The first look of which the condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        look = session.host.look()
        if look.state is not None and condition(look):
            return look
        assert look.phase not in ("failed", "ended"), f"the session has {look.phase}: {look.note}"
        time.sleep(0.02)
    raise AssertionError(f"it did not come about in {seconds} s; the last look was {session.host.look().phase}")
