"""LEIS of one sample: every spectrum to windows, surface peaks and curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import readers
from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError
from . import peaks, stopping, windows
from .kinematics import Geometry
from .spectrum import Spectrum, prepare

if TYPE_CHECKING:
    from ..config_types import LeisConfig


def analyse(rows: list[dict[str, str]], files: list[Path], config: LeisConfig) -> Analysis:
    """Read and analyse all spectra of one sample.

    Returns
    -------
    Analysis
        Tables leis_spectra, leis_windows, leis_surface_peaks; one curve set per spectrum
        (`T200`: heated to 200 degC).

    Raises
    ------
    ReadError, AnalysisError
        A file cannot be read, or two spectra claim the same heating temperature.
    """
    result = Analysis()
    geometry = Geometry(config)
    depths = stopping.depth_scale(config["matrix_material"], geometry, config["edge_element"])
    ranges = windows.from_config(config["windows"], geometry, depths)
    impossible = [f"window {w.name}: {w.problem}" for w in ranges if w.problem]
    result.warnings += dict.fromkeys([*([depths.missing] if depths.missing else []), *impossible])
    seen: dict[float, Path] = {}
    for row, file in zip(rows, files, strict=True):
        export = readers.read(file, "leis", row.get("format", ""))
        spectrum = prepare(row, file, export.sets[0], config)
        temperature = spectrum.heating_temperature_degC
        if temperature in seen:
            raise AnalysisError(
                file, "index", "one spectrum per sample and heating temperature",
                f"{temperature:g} degC also for {seen[temperature].name}",
                "give repeats a sample id of their own",
            )  # fmt: skip
        seen[temperature] = file
        notes = [*export.warnings, *spectrum.warnings]
        result.warnings += [f"{file.name}: {note}" for note in notes]
        key = {"sample": row["sample"], "heating_temperature_degC": temperature}
        result.add("leis_spectra", **key, **_describe(spectrum, config), note="; ".join(notes))
        for window in ranges:
            values = windows.integrate(spectrum, window, depths)
            result.add("leis_windows", **key, **values)
        found = peaks.find(spectrum, config, geometry)
        for peak in found:
            result.add("leis_surface_peaks", **key, **peak.row())
        result.curves[group(temperature)] = _curves(spectrum, found, depths)
    return result


def group(temperature_degC: float) -> str:
    """Name of the curve set of one heating temperature."""
    return f"T{temperature_degC:g}"


def _describe(spectrum: Spectrum, config: LeisConfig) -> dict[str, Any]:
    fluence = spectrum.fluence_ions_cm2(config["analysis_area_mm2"])
    relative = config["beam_current_nA_sd"] / config["beam_current_nA"]
    known = spectrum.dose_source == "config"
    return {
        "file": spectrum.file.name,
        "n_channels": len(spectrum.energy_eV),
        "energy_first_eV": float(spectrum.energy_eV[0]),
        "energy_last_eV": float(spectrum.energy_eV[-1]),
        "dose_nC": spectrum.dose_nC,
        "dose_nC_sd": relative * spectrum.dose_nC if known else None,
        "dose_source": spectrum.dose_source,
        "fluence_ions_cm2": fluence,
        "fluence_ions_cm2_sd": relative * fluence if known else None,
    }


def _curves(spectrum: Spectrum, found: list[peaks.Peak], depths: stopping.DepthScale) -> Arrays:
    energy = spectrum.energy_eV
    background = np.full((len(found), len(energy)), np.nan)
    model = background.copy()
    for i, peak in enumerate(found):
        background[i, peak.channels] = peak.background
        model[i, peak.channels] = peak.model
    per_nC = {"units": "counts/nC"}
    return Arrays.of(
        {
            "intensity": ("energy", spectrum.counts_per_nC, per_nC),
            "intensity_sd": ("energy", np.sqrt(spectrum.variance()), per_nC),
            "peak_background": (("element", "energy"), background, per_nC),
            "peak_model": (("element", "energy"), model, per_nC),
        },
        coords={
            "energy_eV": ("energy", energy, {"units": "eV"}),
            **{
                f"depth_{kind}_nm": ("energy", depths.depth_nm(energy, kind), {"units": "nm"})
                for kind in ("total", "electronic")
            },
            "element": ("element", [peak.element for peak in found]),
        },
        attrs={
            "heating_temperature_degC": spectrum.heating_temperature_degC,
            "dose_nC": spectrum.dose_nC,
            "file": spectrum.file.name,
        },
    )
