"""The desk: the page that shows a session in a browser, and lets people steer it from there.

The package itself may be called: `mm.desk(session)` opens the page, in a notebook's cell or in a browser.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackedmm.desk.notebook import Opened
    from stackedmm.session import Session


class _Callable(ModuleType):
    """This package, which `mm.desk(...)` calls as if it were a function."""

    def __call__(self, session: "Session", **options: Any) -> "Opened":
        """See `stackedmm.desk.notebook.desk`."""
        from stackedmm.desk.notebook import desk

        return desk(session, **options)


sys.modules[__name__].__class__ = _Callable
