"""Compile numeric loops with numba, cached on disk wherever a disk can be written.

numba keeps compiled code beside the source, or in the user's cache folder when the source is read-only. On
a node where neither can be written it refuses to cache: then the loop is compiled in memory, which costs
seconds per job and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function compiled without the interpreter's lock and without reordered arithmetic.

    `fastmath` stays off: sums keep the written order, so that equal input gives equal bits.
    """
    import numba

    def compile_it(cache: bool) -> Callable[..., Any]:
        return numba.njit(cache=cache, nogil=True, error_model="numpy")(function)

    try:
        return compile_it(cache=True)
    except RuntimeError:  # "cannot cache function: no locator available"
        return compile_it(cache=False)
