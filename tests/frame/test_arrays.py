"""Named arrays hold what a dataset holds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from coatbench.arrays import Arrays

DATA = {
    "voltage_V": (("half", "point"), [[3.0, 3.5, np.nan], [3.7, 3.1, 2.0]], {"units": "V"}),
    "rested": ("half", [True, False]),
    "n": ((), 3),
}
COORDS = {"direction": ("half", ["charge", "Entladung ä"]), "point": ("point", [10, 20, 30])}
ATTRS = {"sample": "c400", "bin_V": 0.005}


def test_the_same_as_a_dataset() -> None:
    xr.testing.assert_identical(
        Arrays.of(DATA, COORDS, ATTRS).to_xarray(), xr.Dataset(DATA, COORDS, ATTRS)
    )


def test_more_variables() -> None:
    more = {"current_A": (("half", "point"), np.zeros((2, 3)), {"units": "A"})}
    own = Arrays.of(DATA, COORDS, ATTRS).assign(more, {"cycle": ("half", [1, 2])})
    theirs = xr.Dataset(DATA, COORDS, ATTRS).assign(more).assign_coords(cycle=("half", [1, 2]))
    xr.testing.assert_identical(own.to_xarray(), theirs)


@pytest.mark.parametrize(
    "data",
    [
        {"a": ("x", [1, 2]), "b": ("x", [1, 2, 3])},
        {"a": (("x", "y"), [1, 2])},
    ],
)
def test_shapes_must_fit(data: dict) -> None:
    with pytest.raises(ValueError):
        Arrays.of(data)
