"""What a valid configuration says that a person may not have meant."""

from collections.abc import Iterator

from stackedmm.config.model import StackedMarketMakingConfig


def cautions(config: StackedMarketMakingConfig) -> Iterator[str]:
    """One line for each thing to think about twice; none of them is an error."""
    if config.inventory.target_inventory < 0 and not any(
        meant.kind == "perp" for meant in config.venues_by_name.values()
    ):
        yield "inventory.target_inventory: below 0, and no venue can go short"
    if not config.taker_check:
        yield "taker_check: false, so orders may cross the book and pay the taker's fee"
    if len(config.time_periods) == 1:
        yield "time_periods: one period has no longer one to be compared with; the volume coefficient stays 1"
    off = [line.id for line in config.tob_lines if not (line.enabled.bid or line.enabled.offer)]
    off += [line.id for line in config.passive_lines if not (line.enabled.bid or line.enabled.offer)]
    if off:
        yield f"lines with both sides off: {', '.join(off)}"
