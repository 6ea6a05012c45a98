"""Formula tests run the core as plain Python, in this process: see plain.py. A small world for them is in world.py.

What is about machine code or needs millions of rows takes the compiled functions from `stackedmm.core`, and only
through entries that the engine has anyway, so that a test compiles nothing of its own.
"""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True, scope="module")
def _hashes_wrap() -> Iterator[None]:
    """Generators and hashes wrap on purpose; plain numpy would warn of it."""
    with np.errstate(over="ignore"):
        yield
