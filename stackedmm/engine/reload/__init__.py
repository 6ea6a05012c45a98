"""Rules that reload in a running engine: watched, checked, previewed, swapped between two steps, and taken back."""

from stackedmm.engine.reload.probation import Guard, Probation
from stackedmm.engine.reload.reload import Reload

__all__ = ["Guard", "Probation", "Reload"]
