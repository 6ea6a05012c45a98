"""The book as the venue publishes it, with the ids by which clients follow it."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Change(NamedTuple):
    """What changed since the last message: absolute lots by price in ticks, 0 where a level went."""

    first: int
    last: int
    bids: dict[int, int]
    asks: dict[int, int]


@dataclass(slots=True)
class Book:
    """Lots by price in ticks, both sides; each change of a level takes the next update id."""

    id: int
    sides: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    changed: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    told: int = 0
    """The last id that was published."""

    def put(self, side: int, px: int, lots: int) -> None:
        """One level is worth this much now."""
        levels = self.sides[side]
        if levels.get(px, 0) == lots:
            return
        self.id += 1
        if lots:
            levels[px] = lots
        else:
            del levels[px]
        self.changed[side][px] = lots

    def clear(self) -> None:
        """Every level goes; those that come back at once were never away for who follows the changes."""
        for side in range(2):
            for px in list(self.sides[side]):
                self.put(side, px, 0)

    def flush(self) -> Change | None:
        """What changed since the last call, None where nothing did."""
        if not self.changed[0] and not self.changed[1]:
            return None
        change = Change(self.told + 1, self.id, self.changed[0], self.changed[1])
        self.changed, self.told = ({}, {}), self.id
        return change

    def best(self, side: int) -> tuple[int, int] | None:
        """Price and lots of the best level, None where the side is empty."""
        levels = self.sides[side]
        if not levels:
            return None
        px = min(levels) if side else max(levels)
        return px, levels[px]

    def depth(self, side: int, limit: int) -> list[tuple[int, int]]:
        """The best levels of one side, best first."""
        return sorted(self.sides[side].items(), reverse=side == 0)[:limit]
