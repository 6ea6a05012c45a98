"""The gateway's own table of orders: what may be alive at the venues, whatever becomes of the engine."""

from typing import Any

from numpy.typing import NDArray

from stackedmm.core import rows

DEATHS = (rows.REJECT, rows.CANCELED)


class Orders:
    """Client ids of orders that were sent and are not proven dead, with the lots that are left of each."""

    def __init__(self) -> None:
        self.alive: dict[int, int] = {}

    def sent(self, commands: NDArray[Any]) -> None:
        """Enter the orders among commands."""
        for command in commands[commands["kind"] == rows.PLACE]:
            self.alive[int(command["ref"])] = int(command["qty"])

    def heard(self, answers: NDArray[Any]) -> None:
        """Take out what was filled, refused or cancelled."""
        for row in answers:
            ref, kind = int(row["ref"]), int(row["kind"])
            if ref not in self.alive:
                continue
            if kind == rows.FILL:
                self.alive[ref] -= int(row["qty"])
            if kind in DEATHS or self.alive[ref] <= 0:
                del self.alive[ref]
