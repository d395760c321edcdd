"""Libraries that jobs hide from xarray and pandas.

Both import these, where they are installed, only to find that no array is one of theirs; that costs a job more than its
curves do. The few readers that need one take it back.
"""

from __future__ import annotations

import sys

HIDDEN = ("dask", "pint", "pyarrow")


def hide() -> None:
    """Make importing them fail, as if they were not installed; one that is already imported stays."""
    for name in HIDDEN:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def unhide() -> None:
    """Let them be imported again."""
    for name in HIDDEN:
        if sys.modules.get(name, name) is None:
            del sys.modules[name]
