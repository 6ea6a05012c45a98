"""Where an engine sits in a process: the arrays that the live loop works on, and what may be done with them."""

from stackedmm.engine.seat.seat import Moment, Page, Seat

__all__ = ["Moment", "Page", "Seat"]
