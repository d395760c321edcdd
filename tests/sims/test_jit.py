"""Compiled loops where no cache can be written."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from coatbench import jit


def test_without_a_place_for_the_cache_it_compiles_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, tried = numba.njit, []

    def refuses(*args: object, cache: bool = False, **options: object) -> object:
        tried.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, cache=cache, **options)

    monkeypatch.setattr(numba, "njit", refuses)
    assert jit.compiled(lambda x: x + 1)(np.float64(2)) == 3
    assert tried[:2] == [True, False]  # numba compiles parts of its own the same way
