"""Rows that damage or a program's habit put out of place, as fuzzing found them."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import surfacelab_ascii
from coatbench.readers.xps_block import joints


def test_one_wrong_coordinate_does_not_make_an_image_without_its_empty_pixels(tmp_path):
    """Whole images have a row for each pixel; a wider one with a single pixel in its last column has a wrong number."""
    rows = [f"{x} {y} {1 + x + y}" for y in range(6) for x in range(5)]
    path = tmp_path / "good (0) - total.txt"
    path.write_text("\n".join([*rows[:-1], "9 5 10"]) + "\n")
    with pytest.raises(ReadError, match="wrong coordinate"):
        surfacelab_ascii.read(path)


def test_energies_where_scans_were_joined_are_few():
    energy = np.arange(40.0)
    energy[21:] -= 1
    assert np.flatnonzero(joints(energy)).tolist() == [21]
    assert not joints(np.repeat(energy, 2)).any()
