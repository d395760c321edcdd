"""The registry: one entry per technique. Whatever lists techniques iterates over it.

To add a technique, add its entry here; docs/architecture.md says which files stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .cell_checks import (
    POSITIVE,
    TEMPERATURE,
    a_number,
    a_reason,
    an_id,
    any_text,
    cycle_numbers,
    one_of,
    with_x_rays,
)  # fmt: skip
from .index import Table


def nothing_beside(file: str) -> list[str]:
    """Return no files: an export that stands for itself."""
    return []


def beside_events(file: str) -> list[str]:
    """Return what stands beside an export of events: the properties of a GRD list, the numbers of an imzML file."""
    if file.lower().endswith(".imzml"):
        return [f"{file[: -len('.imzml')]}.ibd"]
    if not file.endswith(".grd"):
        return []
    return [f"{file.removesuffix('.grd').removesuffix('.itm')}.properties.txt"]


@dataclass(frozen=True)
class Technique:
    """One technique.

    Attributes
    ----------
    title : str
        How people write it.
    index : Table
        Columns of its index.csv.
    abscissa : str
        The coordinate that all its exports share, with unit.
    export : str
        What a laboratory's software can write that is read here, where it brings something else.
    simulated_from : tuple of str
        Columns of the index that shape an export, besides its files and its key: what the simulator may see. A mass or a
        dose is not among them, since correcting one changes no export.
    beside : callable
        From a file that the index names to those that stand beside it.
    also : tuple of str
        What else people call it, and its folder.
    guessed : str
        What of its index is proposed from file names and order (`propose.py`).
    images : bool
        Its exports are images: large, and silent about the sample.
    folder_of : str
        Regular expression of the files in a folder that is one export; empty: an export is a file.
    preferred : tuple of str
        Suffixes of files of one run, in the order in which one of them is proposed: what needs no optional library, and
        says most of itself, first.
    unit_columns, per_unit : tuple of str
        Several rows that agree in the first are one thing, which has each of the second once.
    compared_at : str
        A sample is compared with the reference at the same value of this column only.
    by_eye : tuple of str
        Settings that the bench changes beside the analysed measurement: keys of the technique's section, with dots into
        deeper ones.
    remedy : str
        What a person can do about a doubtful measurement.
    """

    title: str
    index: Table
    abscissa: str
    export: str = "text with labels and units"
    simulated_from: tuple[str, ...] = ()
    beside: Callable[[str], list[str]] = nothing_beside
    also: tuple[str, ...] = ()
    guessed: str = "sample"
    images: bool = False
    folder_of: str = ""
    preferred: tuple[str, ...] = ()
    unit_columns: tuple[str, ...] = ()
    per_unit: tuple[str, ...] = ()
    compared_at: str = ""
    by_eye: tuple[str, ...] = ()
    remedy: str = ""

    def unit(self, row: Mapping[str, str]) -> str:
        """Return how a row of the index is called in lists: its ids, else its file."""
        columns = [*self.index.key, *(c for claim in self.index.claims for c in claim)]
        ids = [c for c in dict.fromkeys(columns) if c not in self.index.files and row.get(c)]
        return "/".join(row[c] for c in (ids if len(ids) > 1 else [*ids, self.index.files[0]]))

    def files_of(self, row: Mapping[str, str]) -> list[str]:
        """Return the files that an index row names, without empty cells."""
        return [row[c] for c in self.index.files if row[c]]


TECHNIQUES: dict[str, Technique] = {
    "xps": Technique(
        "XPS",
        Table(
            {"sample": any_text, "file": any_text},
            {"spot": an_id, "sample_in_file": any_text, "level": a_number()},
            key=("sample", "file", "sample_in_file", "level"),
            claims={
                ("sample", "spot", "level"): ("spot",),
                ("file", "sample_in_file", "level"): ("file",),
            },
            apart={
                (
                    "sample",
                    "spot",
                    "level",
                ): "give it another spot, or join the regions of one spot in one file "
                "(VAMAS, or a table with a column region), or exclude one"
            },
        ),
        preferred=(".vms", ".npl", ".spe", ".txt"),
        guessed="sample, spot (numbered in order)",
        abscissa="binding_energy_eV",
        export="VAMAS (.vms), or energy and intensity as text with a line of labels",
        simulated_from=("spot",),
        also=("esca", "photoemission"),
        remedy="look at the fit; change its components (`make bench`), or leave the spot out (`exclude` in xps/index.csv)",
    ),
    "tga_ms": Technique(
        "TGA-MS",
        Table(
            {"run": an_id, "sample": any_text, "tga_file": any_text},
            {"ms_file": any_text, "blank_file": any_text, "ms_lag_s": a_number()},
            files=("tga_file", "ms_file", "blank_file"),
            key=("run",),
            claims={("tga_file",): ("tga_file",)},
        ),
        preferred=(".ngb-ss3", ".txt", ".csv"),
        guessed="run, sample, ms_file (the ion currents with the most similar name), blank_file (a baseline by name)",
        abscissa="temperature_degC",
        export="text with time, temperature and mass (or ion currents), with labels and units",
        also=("tga", "tg", "tgms", "sta"),
        by_eye=(
            "smoothing_window_K",
            "onset_k",
            "baseline_K",
            "baseline_min_K",
            "detection_sigma",
            "min_step_percent",
        ),
        remedy="measure on until the signal is back at its baseline, or give a blank (`blank_file`)",
    ),
    "leis": Technique(
        "LEIS",
        Table(
            {"sample": any_text, "file": any_text, "heating_temperature_degC": TEMPERATURE},
            {"dose_nC": POSITIVE, "intensity": one_of("counts", "counts_per_nC")},
            claims={
                ("sample", "heating_temperature_degC"): ("heating_temperature_degC",),
                ("file",): ("file",),
            },
        ),
        guessed="sample, heating_temperature_degC (from the file's name)",
        compared_at="heating_temperature_degC",
        abscissa="energy_eV",
        export="energy and intensity in two columns of text",
        simulated_from=("heating_temperature_degC", "intensity"),
        also=("iss", "qtac"),
        remedy="neutralise the charge and measure again, or leave the spectrum out (`exclude` in leis/index.csv)",
    ),
    "cycling": Technique(
        "Cycling",
        Table(
            {
                "sample": any_text,
                "cell": an_id,
                "file": any_text,
                "protocol": an_id,
                "composite_mass_mg": POSITIVE,
                "cam_mass_fraction": a_number(0, 1, above=True),
            },
            {
                "part": a_number(),
                "nominal_capacity_mAh_g": POSITIVE,
                "area_cm2": POSITIVE,
                "potential": one_of("working", "counter", "cell"),
                "leave_out_cycles": cycle_numbers,
            },
            key=("sample", "cell", "protocol", "file"),
            claims={("file",): ("file",), ("sample", "cell", "protocol", "part"): ("part",)},
        ),
        preferred=(".mpt", ".ndax", ".nda", ".mpr", ".txt"),
        guessed="sample, cell (from the file's name)",
        unit_columns=("sample", "cell", "protocol"),
        per_unit=(
            "composite_mass_mg",
            "cam_mass_fraction",
            "nominal_capacity_mAh_g",
            "area_cm2",
            "potential",
        ),
        abscissa="Test Time / s",
        export="text or CSV with time, voltage, current and capacity",
        also=("battery", "echem", "electrochemistry", "galvanostatic"),
        by_eye=("dqdv.bin_V", "dqdv.window_V", "dqdv.least_prominence_mAh_g_V", "dqdv.named"),
        remedy="wait for a running cell; leave cycles (`leave_out_cycles`) or the cell (`exclude`) out in cycling/index.csv",
    ),
    "sims": Technique(
        "ToF-SIMS",
        Table(
            {"sample": any_text, "region": an_id, "file": any_text},
            {
                "field_of_view_um": POSITIVE,
                "pixel_binning": POSITIVE,
                "shots_per_pixel": POSITIVE,
                "primary_ion_dose_cm2": POSITIVE,
                "measurement": any_text,
                "mask": any_text,
                "peak_list": any_text,
            },
            further_files=("mask", "peak_list"),
            key=("sample", "region"),
            claims={("file", "measurement"): ("file",)},
        ),
        images=True,
        folder_of=r"(?i) \(\d+\) - .*\.txt\Z",
        guessed="sample, region (numbered in order)",
        abscissa="mass_u",
        simulated_from=("measurement",),
        export="BIF6 or ASCII images",
        beside=beside_events,
        also=("tof", "tofsims"),
        remedy="look at the region; leave it out (`exclude` in sims/index.csv), or measure more regions",
    ),
    "stem": Technique(
        "STEM",
        Table(
            {"sample": any_text, "file": any_text, "kind": one_of("laadf", "edx")},
            {"field": an_id, "element": with_x_rays, "image": any_text, "pixel_size_nm": POSITIVE},
            key=("sample", "file", "kind", "element", "image"),
            claims={
                ("file", "kind", "element", "image"): ("file",),
                ("sample", "field", "kind", "element"): ("field",),
            },
            needs={("kind", "edx"): "element"},
        ),
        images=True,
        preferred=(".dm4", ".dm3", ".bcf", ".tif", ".tiff"),
        guessed="sample, kind and element (from the file's name)",
        abscissa="x_nm",
        export="TIFF with its scale, or .dm3/.dm4/.emd/.bcf",
        simulated_from=("kind", "field", "element"),
        also=("tem", "edx", "eds", "haadf"),
        by_eye=("thresholds", "smoothing_nm", "layer_contrast", "min_layer_nm", "least_coverage"),
        remedy="look at the outline; change the thresholds (`make bench`), or leave the image out (`exclude` in stem/index.csv)",
    ),
}

# What every index may have besides: a format that wins over recognition, and why a row is not analysed.
for _technique in TECHNIQUES.values():
    _technique.index.optional.update(format=any_text, exclude=a_reason)  # type: ignore[attr-defined]


def incomplete(technique: str, workflow: str | Path) -> list[str]:
    """Say what stands missing beside the entry of a technique, one line each.

    Parameters
    ----------
    technique : str
    workflow : path-like
        Folder with `rules/` and `schemas/`.
    """
    folder = Path(workflow)
    lines = []
    for path, what in (
        (folder / "rules" / f"{technique}.smk", "its rules"),
        (folder / "schemas" / "tables" / f"{technique}.yaml", "the columns of its result tables"),
    ):
        if not path.is_file():
            lines.append(f"{path}: expected {what}, found no file")
    return lines


def undescribed(tables: Mapping[str, Mapping[str, str | None]], path: str | Path) -> list[str]:
    """Return one line for each column of result tables that its schema does not describe."""
    return [
        f"{path}: {table}: {column}: expected what the column means, found nothing"
        for table, columns in tables.items()
        for column, text in columns.items()
        if not str(text or "").strip()
    ]
