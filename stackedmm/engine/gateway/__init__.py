"""The gateway: the one process that numbers, writes down and sends every row; and the host that runs beside it."""

from stackedmm.engine.gateway.host import Described, GatewayHost

__all__ = ["Described", "GatewayHost"]
