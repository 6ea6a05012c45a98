"""From a journal to the engine that wrote it: what it was begun with, and every row since."""

from stackedmm.engine.replay.beginning import Beginning, Change, armament_blob, configuration_blob
from stackedmm.engine.replay.replay import Difference, Replay, Start

__all__ = ["Beginning", "Change", "Difference", "Replay", "Start", "armament_blob", "configuration_blob"]
