"""Sessions: a configuration traded on paper or on a recording, seen and steered through one object."""

from stackedmm.session.make import live, paper, replay
from stackedmm.session.session import Session

__all__ = ["Session", "live", "paper", "replay"]
