"""Curves on disk: what a job writes is what figures read, and what any netCDF reader reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from coatbench.arrays import Arrays
from coatbench.curves import load_curves, load_set, save_curves
from conftest import ROOT


@pytest.fixture
def written(tmp_path: Path) -> tuple[dict[str, Arrays], Path]:
    """Two sets that hold all that techniques store: text, truth values, NaN, units, coordinates of both kinds."""
    halves = Arrays.of(
        {
            "voltage_V": (("half", "point"), [[3.0, 3.5, np.nan], [3.7, 3.1, 2.0]], {"units": "V"}),
            "rested": ("half", [True, False]),
            "n": ((), 3),
        },
        coords={
            "direction": ("half", np.array(["charge", "Entladung ä"], dtype=object)),
            "point": ("point", [10, 20, 30]),
        },
        attrs={"sample": "c400", "bin_V": 0.005, "fitted": 1, "limits": np.array([1.0, 2.0])},
    )
    curves = {"profiles": halves, "a": Arrays.of({"z": ("t", [3])}, attrs={"sample": "c500"})}
    save_curves(curves, tmp_path / "c.nc")
    return curves, tmp_path / "c.nc"


def test_groups_come_back_in_their_order(written) -> None:
    assert list(load_curves(written[1])) == ["profiles", "a"]


def test_arrays_and_attributes_come_back(written) -> None:
    back = load_curves(written[1])["profiles"]
    np.testing.assert_array_equal(back["voltage_V"], [[3.0, 3.5, np.nan], [3.7, 3.1, 2.0]])
    assert back["rested"].dtype == bool and back["rested"].tolist() == [True, False]
    assert back["direction"].tolist() == ["charge", "Entladung ä"]
    assert back["point"].tolist() == [10, 20, 30]
    assert int(back["n"]) == 3
    assert back.attrs["sample"] == "c400" and back.attrs["bin_V"] == 0.005
    assert back.attrs["limits"].tolist() == [1.0, 2.0]
    assert back.sizes == {"half": 2, "point": 3}
    assert back.attrs_of("voltage_V") == {"units": "V"}
    assert "half" not in back  # a dimension without values is no variable


def test_any_netcdf_reader_reads_the_same(written) -> None:
    curves, path = written
    for name, dataset in curves.items():
        with xr.open_dataset(path, group=name, engine="h5netcdf") as found:
            xr.testing.assert_equal(found.load(), dataset.to_xarray())


def test_one_place_of_a_dimension_and_several(written) -> None:
    back = load_curves(written[1])["profiles"]
    one = back.isel("half", 1)
    assert one["voltage_V"].tolist() == [3.7, 3.1, 2.0]
    assert one["direction"] == "Entladung ä" and one.sizes == {"point": 3}
    some = back.isel("point", np.array([0, 2]))
    assert some["voltage_V"].shape == (2, 2) and some.sizes == {"half": 2, "point": 2}
    assert some["direction"].tolist() == back["direction"].tolist()


def test_only_wanted_groups_are_read(written) -> None:
    assert list(load_curves(written[1], lambda attrs: attrs["sample"] == "c500")) == ["a"]


def test_one_group_is_read_by_its_name(written) -> None:
    one, whole = load_set(written[1], "a"), load_curves(written[1])["a"]
    assert one is not None and one.attrs == whole.attrs and one.sizes == whole.sizes
    assert load_set(written[1], "b") is None


def test_one_group_is_read_by_its_attributes(written) -> None:
    found = load_set(written[1], lambda attrs: attrs["sample"] == "c500")
    assert found is not None and found.attrs == load_curves(written[1])["a"].attrs
    assert load_set(written[1], lambda attrs: attrs["sample"] == "none") is None


def test_only_the_variables_that_are_asked_for(written) -> None:
    curves, path = written
    found = load_curves(path, lambda attrs: attrs["sample"] == "c400", ("voltage_V",))["profiles"]
    assert list(found.variables) == ["voltage_V"]
    assert found.sizes == curves["profiles"].sizes
    np.testing.assert_array_equal(found["voltage_V"], curves["profiles"]["voltage_V"])


def test_a_job_without_curves(tmp_path: Path) -> None:
    save_curves({}, tmp_path / "c.nc")
    assert load_curves(tmp_path / "c.nc") == {}
    assert load_set(tmp_path / "c.nc", "profiles") is None


def test_reading_needs_neither_xarray_nor_pandas(written) -> None:
    code = """
import sys
from coatbench.arrays import Arrays
from coatbench.curves import load_curves
load_curves(sys.argv[1])["profiles"].isel("half", 0)
print(*[n for n in ("xarray", "pandas", "h5netcdf") if n in sys.modules])
"""
    found = subprocess.run(
        [sys.executable, "-c", code, str(written[1])],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
    ).stdout  # fmt: skip
    assert found.split() == []
