"""Request weights and order counts, by fixed windows of the venue's clock."""

from dataclasses import dataclass, field
from typing import Final

MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class Window:
    """So many units in each stretch of `length_ms`."""

    name: str
    length_ms: int
    limit: int
    _used: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By who uses it: number of the stretch, units used in it."""

    def used(self, who: str, now_ms: int) -> int:
        """Units used in the stretch of now."""
        stretch, used = self._used.get(who, (-1, 0))
        return used if stretch == now_ms // self.length_ms else 0

    def spend(self, who: str, units: int, now_ms: int) -> int:
        """Use units; returns ms until the next stretch where this one has no room for them, else 0."""
        used = self.used(who, now_ms) + units
        self._used[who] = (now_ms // self.length_ms, used)
        return self.length_ms - now_ms % self.length_ms if used > self.limit else 0
