"""The few calls of the C library that the live loop makes, and the order of its stores; all without the GIL."""

import ctypes
import sys
from typing import Any, Final

import numpy as np
from numba import types
from numba.extending import intrinsic

from stackedmm.core.machine import COMPILED, part

NO_SIGNAL: Final = 0x4000 if sys.platform == "linux" else 0
"""Flag of `send`: a closed peer is an error, not a signal."""
MONOTONIC: Final = 1 if sys.platform == "linux" else 6
INTERRUPTED: Final = 4  # errno EINTR, the same everywhere

recv: Any = types.ExternalFunction("recv", types.intp(types.int32, types.uintp, types.uintp, types.int32))
send: Any = types.ExternalFunction("send", types.intp(types.int32, types.uintp, types.uintp, types.int32))
clock_gettime: Any = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.uintp))
memcpy: Any = types.ExternalFunction("memcpy", types.uintp(types.uintp, types.uintp, types.uintp))
errno_at: Any = types.ExternalFunction("__errno_location" if sys.platform == "linux" else "__error", types.uintp())


@intrinsic  # type: ignore[untyped-decorator]
def _int_at(typing: Any, address: Any) -> Any:
    """The C int at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        return builder.load(builder.inttoptr(args[0], ir.IntType(32).as_pointer()))

    return types.int32(types.uintp), codegen


@intrinsic  # type: ignore[untyped-decorator]
def _fence(typing: Any) -> Any:
    """Stores before it are seen by other threads before stores behind it, and loads likewise."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("acq_rel")
        return context.get_dummy_value()

    return types.void(), codegen


def _no_fence() -> None:
    pass


fence: Any = _fence if COMPILED else _no_fence
int_at: Any = _int_at


@part
def read_all(d, address, size):
    """Read `size` bytes from the loop's socket; false at its end or on an error, which is then in `d.errno`."""
    done = np.int64(0)
    while done < size:
        got = recv(np.int32(d.fd), np.uintp(address + done), np.uintp(size - done), np.int32(0))
        if got > 0:
            done += got
        elif got == 0:
            d.errno = 0
            return False
        else:
            d.errno = int_at(errno_at())
            if d.errno != INTERRUPTED:
                return False
    return True


@part
def write_all(d, address, size):
    """Write `size` bytes to the loop's socket; false on an error, which is then in `d.errno`."""
    done = np.int64(0)
    while done < size:
        put = send(np.int32(d.fd), np.uintp(address + done), np.uintp(size - done), np.int32(NO_SIGNAL))
        if put >= 0:
            done += put
        else:
            d.errno = int_at(errno_at())
            if d.errno != INTERRUPTED:
                return False
    return True


@part
def monotonic(d):
    """ns of the monotonic clock."""
    clock_gettime(np.int32(MONOTONIC), np.uintp(d.clock_at))
    return d.clock[0] * 1_000_000_000 + d.clock[1]


def _copy(to, source, size):
    """Copy bytes from one address to another; returns the first address behind the copy."""
    if COMPILED:
        memcpy(np.uintp(to), np.uintp(source), np.uintp(size))
    else:
        ctypes.memmove(int(to), int(source), int(size))
    return to + size


copy = part(_copy)
