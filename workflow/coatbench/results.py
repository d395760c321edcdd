"""The way into a results folder for people who think in pandas, xarray and lmfit. It reads, and never writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import CoatbenchError, StudyError

if TYPE_CHECKING:
    import lmfit
    import pandas as pd
    import xarray as xr


class ResultsError(CoatbenchError):
    """Something that was asked for is not in the results folder."""


class Tables(Mapping[str, "pd.DataFrame"]):
    """The result tables by name; each is read when it is asked for, and yours to change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> pd.DataFrame:
        import csv

        import pandas as pd

        from .tables import read_table

        path = self._folder / f"{name}.csv"
        if not path.is_file():
            raise ResultsError(
                f"{path}: expected one of the tables {', '.join(self) or '(none)'}, found none of this name"
            )
        with path.open(encoding="utf-8", newline="") as stream:
            columns = next(csv.reader(stream), [])
        return pd.DataFrame(read_table(path), columns=columns)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(p.stem for p in self._folder.glob("*.csv")))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return (self._folder / f"{name}.csv").is_file()

    def __repr__(self) -> str:
        return f"<tables {', '.join(self)}>"


class Results:
    """A finished results folder.

    Parameters
    ----------
    folder : path-like

    Attributes
    ----------
    folder : Path
    tables : Tables
        Mapping of name to DataFrame. Ids (sample, cell, run, spot, ...) are text, empty cells are NaN or None.

    Raises
    ------
    ResultsError
        No results there.

    Examples
    --------
    >>> import coatbench
    >>> r = coatbench.open("results")
    >>> r.tables["xps_fits"].loc[0, "sample"]
    'c300'
    >>> float(r.samples["annealing_temperature_degC"].max())
    400.5
    """

    def __init__(self, folder: str | Path = "results") -> None:
        self.folder = Path(folder)
        if not (self.folder / "tables").is_dir():
            raise ResultsError(
                f"{self.folder}: expected a results folder with tables/, found none; run snakemake first"
            )
        self.tables = Tables(self.folder / "tables")

    def __repr__(self) -> str:
        return f"<coatbench results in {self.folder}: {len(self.tables)} tables>"

    def _run(self) -> dict[str, Any]:
        path = self.folder / "provenance.json"
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ResultsError(
                f"{path}: expected the description of a finished run, found {error}; run snakemake to its end"
            ) from error
        return document

    @property
    def config(self) -> dict[str, Any]:
        """The whole configuration of the run: config.yaml with what study.yaml and the command line changed.

        Examples
        --------
        >>> coatbench.open("results").config["xps"]["charge_reference"]["region"]
        'C 1s'
        """
        return dict(self._run()["parameters"])

    @property
    def samples(self) -> pd.DataFrame:
        """The study's table of samples: ids text, temperatures and times numbers.

        Examples
        --------
        >>> coatbench.open("results").samples[["sample", "role"]].iloc[0].tolist()
        ['uncoated', 'uncoated']
        """
        import pandas as pd

        from .study import read_samples

        try:
            rows = read_samples(self._study_folder())
        except StudyError as error:
            raise ResultsError(str(error)) from error
        table = pd.DataFrame(rows)
        for column in table.columns:
            if column.rsplit("_", 1)[-1] in ("degC", "h", "min", "s", "nm", "percent", "mg"):
                table[column] = pd.to_numeric(table[column], errors="coerce")
        return table

    def _study_folder(self) -> Path:
        named = Path(self._run()["study"]["folder"])
        above = [Path(), *self.folder.resolve().parents]
        known = [folder / named for folder in above if (folder / named).is_dir()]
        if not known:
            raise ResultsError(f"{named}: expected the study folder of the run, found none")
        return known[0]

    def units(self, technique: str) -> list[str]:
        """Return what `curves` may be asked for: samples, runs, or cells as ``sample/protocol/cell``.

        Examples
        --------
        >>> coatbench.open("results").units("xps")
        ['c300']
        """
        folder = self.folder / technique
        return sorted(
            p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.nc")
        )

    def curves(self, technique: str, *ids: str) -> xr.DataTree:
        """Return measured and fitted curves with their units, one node a curve set.

        Parameters
        ----------
        technique : str
            As the folder of the study is called: `xps`, `tga_ms`, `leis`, `cycling`, `sims`, `stem`.
        *ids : str
            What `units` lists, or its beginning: `curves("cycling", "c300")` has all protocols and cells of a sample.

        Raises
        ------
        ResultsError
            Nothing of that name.

        Examples
        --------
        >>> tree = coatbench.open("results").curves("xps", "c300")
        >>> tree["1|S 2p"]["intensity_cps"].attrs["units"]
        'counts/s'
        >>> tree["1|S 2p"].dataset["binding_energy_eV"].dims
        ('energy',)
        """
        import xarray as xr

        from .curves import load_curves

        units = self.units(technique)
        wanted = "/".join(ids)
        chosen = [u for u in units if u == wanted or u.startswith(f"{wanted}/") or not wanted]
        if not chosen:
            raise ResultsError(
                f"{self.folder / technique}: expected curves of {wanted}, found those of "
                f"{', '.join(units) or 'nothing'}"
            )
        nodes = {}
        for unit in chosen:
            below = unit[len(wanted) :].strip("/")
            for name, arrays in load_curves(self.folder / technique / f"{unit}.nc").items():
                nodes["/".join(filter(None, [below, name]))] = arrays.to_xarray()
        return xr.DataTree.from_dict(nodes, name=wanted or technique)

    def fit(
        self, technique: str, sample: str, *, spot: str = "1", region: str
    ) -> lmfit.model.ModelResult:
        """Return the fit of a region as lmfit's result: to look at, to vary, to plot, to fit again.

        Parameters
        ----------
        technique : str
            `xps`, whose regions are fitted.
        sample, spot, region : str
            As in the table xps_fits.

        Raises
        ------
        ResultsError
            No such region, or none that was fitted.

        Examples
        --------
        >>> result = coatbench.open("results").fit("xps", "c300", spot="1", region="S 2p")
        >>> bool(result.success)
        True
        >>> free = result.redchi
        >>> result.params["position_sulfide"].set(value=162.0, vary=False)
        >>> result.fit(params=result.params)
        >>> bool(result.redchi > free)
        True
        """
        from .curves import load_set
        from .xps.by_lmfit import refit

        if technique != "xps":
            raise ResultsError(f"fit: expected xps, whose regions are fitted, found {technique}")
        path = self.folder / technique / f"{sample}.nc"
        if not path.is_file():
            raise ResultsError(
                f"{path}: expected one of the samples {', '.join(self.units(technique))}, found none of this name"
            )
        data = load_set(path, f"{spot}|{region.replace('/', '_')}")
        if data is None:
            names = ", ".join(self.curves(technique, sample).children)
            raise ResultsError(f"{path}: expected spot|region {spot}|{region}, found {names}")
        try:
            return refit(data, self.config[technique])
        except ValueError as error:
            raise ResultsError(f"{path}: {error}") from error
