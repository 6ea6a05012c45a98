"""The rows a simulation runs on: attach them, follow them with the next chunk, check their order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackedmm.core.recording import exchange_time
from stackedmm.core.rows import CLEAR
from stackedmm.errors import ConfigError


def attach(X: Any, local: NDArray[np.void], exchange: NDArray[np.void], *, more: bool = False) -> None:
    """Begin with two arrays of the same rows, in local and in exchange order.

    With `more` the run stops where it would have to know what follows them, instead of draining what is under way.
    """
    X["local_at"] = X["exchange_at"] = X["wake"] = 0
    X["local_count"], X["exchange_count"] = len(local), len(exchange)
    X["more"] = more
    X["exchange_due"] = -1


def rebase(
    X: Any,
    now: tuple[NDArray[np.void], NDArray[np.void]],
    following: tuple[NDArray[np.void], NDArray[np.void]],
    *,
    more: bool = True,
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Follow the (local, exchange) arrays of now by the next ones: what is unread comes first. Returns the new arrays.

    Each pair must hold the same rows in both orders, and no following row may come before an earlier pair's in
    exchange time by more than its lag: then a run in chunks is the run in one piece.
    """
    local = np.concatenate([now[0][int(X["local_at"][0]) :], following[0]])
    exchange = np.concatenate([now[1][int(X["exchange_at"][0]) :], following[1]])
    exchange = exchange[np.argsort(exchange_time(exchange), kind="stable")]
    attach(X, local, exchange, more=more)
    return local, exchange


def first_time(local: NDArray[np.void], exchange: NDArray[np.void]) -> int:
    """The first local or exchange time of a recording, ns."""
    return min(int(local["ts"][0]), int(exchange_time(exchange[:1])[0]))


def check_order(local: NDArray[np.void], exchange: NDArray[np.void]) -> None:
    """Refuse rows whose book updates do not arrive in the order in which the exchange made them.

    Publishing our own orders relies on it: a venue's book stream is one sequence.
    """
    if local is exchange:
        return
    for market in np.unique(local["market"]):
        a, b = (rows[(rows["market"] == market) & (rows["kind"] <= CLEAR)] for rows in (local, exchange))
        if len(a) != len(b) or not (a == b).all():
            raise ConfigError(f"simulation: market {market}: book rows overtake each other; use publish=False")
