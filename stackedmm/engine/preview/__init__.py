"""What an edit would have done: the last minutes run twice, under the rules in force and under the candidate."""

from stackedmm.engine.preview.bounds import Bounds
from stackedmm.engine.preview.play import Played, play
from stackedmm.engine.preview.result import Candidate, Preview, preview

__all__ = ["Bounds", "Candidate", "Played", "Preview", "play", "preview"]
