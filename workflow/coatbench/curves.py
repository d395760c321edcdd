"""Curves on disk: one netCDF-4 file per job, one group per curve set (any netCDF reader opens them).

Written from `Arrays` and read back as such: figures and tables need no more. h5netcdf and h5py
are used directly, which does without importing xarray. What netCDF has no type for (a vendor's keys and values, lists of
text) is an attribute in JSON, named in the attribute `json`; a slash in a name, which netCDF does not allow, is `%2F`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Arrays

if TYPE_CHECKING:
    import h5py

BARE_DIMENSION = "This is a netCDF dimension but not a netCDF variable"
JSON = "json"
OF_FILES = ("coordinates", JSON)  # attributes of the file, not of what stands in it
OF_VARIABLES = ("units", "exo", "dtype", "label", "names")


class _Attributes(Mapping[str, Any]):
    """Attributes of a group, each read when asked for: most groups are passed over for one or two of them."""

    def __init__(self, stored: h5py.AttributeManager) -> None:
        self._stored = stored

    def __getitem__(self, key: str) -> Any:
        return _read_attribute(self._stored, key)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._stored if key not in OF_FILES)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def save_curves(curves: Mapping[str, Arrays], path: str | Path) -> None:
    """Write each set as one group of a netCDF file, atomically."""
    import h5netcdf

    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    # A file without groups is valid: a measurement with a problem has no curves.
    with h5netcdf.File(part, "w") as file:
        for name, given in curves.items():
            group = file.create_group(name)
            group.dimensions = given.sizes
            group.attrs.update(_attributes(given.attrs))
            if beside := [_name(c) for c in given.coords if c not in given.sizes]:
                group.attrs["coordinates"] = " ".join(beside)
            for key, (dims, values) in given.variables.items():
                data, attrs = _stored(values), dict(given.attrs_of(key))
                if values.dtype == bool:
                    attrs["dtype"] = "bool"  # as xarray marks it
                stored = group.create_variable(_name(key), dims, data.dtype)
                stored[...] = data
                stored.attrs.update(_attributes(attrs))
    part.replace(path)


def _name(name: str) -> str:
    return name.replace("/", "%2F")


def _attributes(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as netCDF holds them: numbers, text and arrays of numbers, all else in JSON."""
    plain = {k: v for k, v in attrs.items() if isinstance(v, (str, int, float)) or _numeric(v)}
    rest = {k: json.dumps(v, ensure_ascii=False) for k, v in attrs.items() if k not in plain}
    return {**plain, **rest, JSON: " ".join(rest)} if rest else plain


def _numeric(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") in tuple("iuf")


def _read_attribute(stored: h5py.AttributeManager, key: str) -> Any:
    value = _plain(stored[key])
    if JSON in stored and key in _plain(stored[JSON]).split(" "):
        return json.loads(value)
    return value


def _stored(data: np.ndarray) -> np.ndarray:
    """Return an array as netCDF holds it: text of any length, truth values as bytes."""
    if data.dtype.kind in "UO":
        import h5py

        return data.astype(h5py.string_dtype())
    return data.astype("i1") if data.dtype == bool else data


def load_curves(
    path: str | Path,
    wanted: Callable[[Mapping[str, Any]], bool] | None = None,
    names: Collection[str] | None = None,
) -> dict[str, Arrays]:
    """Read the groups of a file into memory, in the order they were written.

    `wanted`, if given, says by a group's attributes whether it is read, and `names`, which of its variables.
    """
    import h5py

    curves = {}
    with h5py.File(path) as file:
        for name, group in file.items():
            attrs = _Attributes(group.attrs)
            if wanted is None or wanted(attrs):
                curves[name] = _read(group, attrs, names)
    return curves


def load_set(path: str | Path, which: str | Callable[[Mapping[str, Any]], bool]) -> Arrays | None:
    """Read one group of a file: that of a name, or the first whose attributes suit; none if there is none."""
    import h5py

    with h5py.File(path) as file:
        for name, group in file.items():
            attrs = _Attributes(group.attrs)
            if name == which if isinstance(which, str) else which(attrs):
                return _read(group, attrs)
    return None


def _read(
    group: h5py.Group, attrs: Mapping[str, Any], names: Collection[str] | None = None
) -> Arrays:
    datasets = dict(group.items())
    scales = {name: data for name, data in datasets.items() if data.is_scale}
    number = {int(data.attrs["_Netcdf4Dimid"]): name for name, data in scales.items()}
    variables, about = {}, {}
    for name, data in datasets.items():
        if names is not None and name.replace("%2F", "/") not in names:
            continue
        own = data.attrs
        if name in scales and _plain(own["NAME"]).startswith(BARE_DIMENSION):
            continue
        places = own["_Netcdf4Coordinates"] if data.shape else ()
        dims = tuple(number[i] for i in places)
        values = data.asstr()[...].astype("U") if data.dtype.kind == "O" else data[...]
        about[name] = {k: _read_attribute(own, k) for k in OF_VARIABLES if k in own}
        if about[name].get("dtype") == "bool":
            values = values.astype(bool)
        variables[name] = dims, values
    beside = _plain(group.attrs["coordinates"]).split(" ") if "coordinates" in group.attrs else []
    coords = tuple(n.replace("%2F", "/") for n in variables if n in scales or n in beside)
    return Arrays(
        {n.replace("%2F", "/"): v for n, v in variables.items()},
        attrs,
        {n: d.shape[0] for n, d in scales.items()},
        {n.replace("%2F", "/"): v for n, v in about.items()},
        coords,
    )


def _plain(value: Any) -> Any:
    """Return an attribute as Python's own number or text; longer arrays as they are."""
    if getattr(value, "size", 0) == 1:
        value = value.item()
    return value.decode() if isinstance(value, bytes) else value
