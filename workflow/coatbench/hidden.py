"""What jobs leave out of their imports.

xarray and pandas import the hidden ones, where they are installed, only to find that no array is one of theirs; that costs
a job more than its curves do. The few readers that need one take it back. scipy fetches every part of numpy by name;
the lazy ones are imported when something is looked up in them, which costs a tenth of a second less.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

HIDDEN = ("dask", "pint", "pyarrow")
LAZY = ("numpy.f2py", "numpy.testing")


class _Lazy:
    """Finds modules that are imported when they are used (no base class: importlib.abc costs half of what this saves)."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in LAZY else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def hide() -> None:
    """Make importing the hidden ones fail, as if they were not installed; one that is already imported stays."""
    for name in HIDDEN:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    sys.meta_path.insert(0, _Lazy())


def unhide() -> None:
    """Let the hidden ones be imported again."""
    for name in HIDDEN:
        if sys.modules.get(name, name) is None:
            del sys.modules[name]
