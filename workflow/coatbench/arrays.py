"""Named arrays with dimensions, units and attributes: what an `xarray.Dataset` holds, without importing xarray.

Importing xarray with pandas takes longer than most jobs' work. Readers hand their measurements on as these, techniques
their curves; `to_xarray` gives the dataset for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

# Dimensions, values and, where there are any, attributes: what xarray takes.
Variable = tuple[Any, ...]


class Arrays:
    """Arrays of one measurement by name, with their dimensions and units.

    Attributes
    ----------
    attrs : dict
        Attributes of the set.
    sizes : dict of dimension to length.
    coords : tuple of str
        Variables that are coordinates.

    Indexing gives a variable as numpy.ndarray; `in` tells whether there is one.
    """

    def __init__(
        self,
        variables: Mapping[str, tuple[tuple[str, ...], np.ndarray]],
        attrs: Mapping[str, Any],
        sizes: Mapping[str, int],
        about: Mapping[str, Mapping[str, Any]],
        coords: tuple[str, ...] = (),
    ) -> None:
        self._variables = dict(variables)
        self.attrs = dict(attrs)
        self.sizes = dict(sizes)
        self._about = dict(about)
        self.coords = coords

    @classmethod
    def of(
        cls,
        data: Mapping[str, Variable],
        coords: Mapping[str, Variable] | None = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> Arrays:
        """Make a set from what `xarray.Dataset` takes: (dimensions, values[, attributes]) by name.

        Raises
        ------
        ValueError
            A variable whose shape does not fit its dimensions, or those of another variable.
        """
        sizes: dict[str, int] = {}
        variables, about = {}, {}
        for name, (dim, values, *more) in {**data, **(coords or {})}.items():
            dims = (dim,) if isinstance(dim, str) else tuple(dim)
            array = np.asarray(values)
            own = dict(zip(dims, array.shape, strict=True))
            if any(sizes.setdefault(d, n) != n for d, n in own.items()):
                raise ValueError(f"{name}: expected {sizes}, got {own}")
            variables[name], about[name] = (dims, array), more[0] if more else {}
        return cls(variables, attrs or {}, sizes, about, tuple(coords or {}))

    def assign(
        self, data: Mapping[str, Variable], coords: Mapping[str, Variable] | None = None
    ) -> Arrays:
        """Return the set with more variables and coordinates, as `of` takes them."""
        whole = {k: (*v, self._about[k]) for k, v in self._variables.items()}
        own = {k: whole.pop(k) for k in self.coords}
        return Arrays.of({**whole, **data}, {**own, **(coords or {})}, self.attrs)

    def to_xarray(self) -> xr.Dataset:
        """Return the same as a dataset.

        Examples
        --------
        >>> import numpy as np
        >>> one = Arrays.of({"mass_mg": ("time", np.array([20.0, 19.5]), {"units": "mg"})})
        >>> one.to_xarray()["mass_mg"].attrs["units"]
        'mg'
        """
        import xarray as xr

        whole = {k: (*v, dict(self._about[k])) for k, v in self._variables.items()}
        return xr.Dataset(
            {k: v for k, v in whole.items() if k not in self.coords},
            {k: whole[k] for k in self.coords},
            self.attrs,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return a set of one dimension as a table; codes with the attribute `names` become categories.

        Examples
        --------
        >>> import numpy as np
        >>> Arrays.of({"step": ("record", np.array([0, 1, 1]), {"names": ["REST", "CC_CHG"]})}).to_pandas()
             step
        0    REST
        1  CC_CHG
        2  CC_CHG
        """
        import pandas as pd

        def column(name: str) -> Any:
            values, names = self[name], self.attrs_of(name).get("names")
            return values if names is None else pd.Categorical.from_codes(values, pd.Index(names))

        table = pd.DataFrame({name: column(name) for name in self.variables}, copy=False)
        table.attrs.update(self.attrs)
        return table

    @property
    def variables(self) -> Mapping[str, tuple[tuple[str, ...], np.ndarray]]:
        """Dimensions and values of all variables by name."""
        return self._variables

    def __getitem__(self, name: str) -> np.ndarray:
        return self._variables[name][1]

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def attrs_of(self, name: str) -> Mapping[str, Any]:
        """Return the attributes of a variable, its units among them."""
        return self._about[name]

    def isel(self, dim: str, index: Any) -> Arrays:
        """Return the set at one place of a dimension (an int), or at several (an index array)."""
        taken = {}
        for name, (dims, data) in self._variables.items():
            if dim in dims:
                axis = dims.index(dim)
                data = np.take(data, index, axis)
                dims = dims if data.ndim == len(dims) else dims[:axis] + dims[axis + 1 :]
            taken[name] = (dims, data)
        sizes = {k: n for k, n in self.sizes.items() if k != dim}
        if np.ndim(index):
            sizes[dim] = len(index)
        return Arrays(taken, self.attrs, sizes, self._about, self.coords)
