"""Write our fits as CasaXPS keeps its own, so that a colleague opens them there.

A VAMAS file, IRREGULAR as CasaXPS saves it: kinetic energy, counts and transmission side by side; in each
block's comment the calibration, the region and the components. The second line of a doublet is a component
linked to the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis import write_atomically
from ..arrays import Arrays
from . import background
from .model import build
from .quantify import rsf

MAGIC = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
UNKNOWN = "1E+37"
BACKGROUNDS = {
    "shirley": "Shirley",
    "active_shirley": "Shirley",
    "linear": "Linear",
    "tougaard": "U 2 Tougaard",
}


def write_vamas(
    path: str | Path, sample: str, groups: Mapping[str, Arrays], config: Mapping[str, Any]
) -> None:
    """Write all spots and regions of a sample.

    Parameters
    ----------
    path : path-like
    sample : str
    groups : dict of ``<spot>|<region>`` to curves
        As the sample's job saves them.
    config : mapping
        The section `xps`.
    """
    spectra = {g: d for g, d in groups.items() if math.isfinite(d.attrs["photon_energy_eV"])}
    lines = [MAGIC, "Not Specified", "Not Specified", "Not Specified", sample, "1"]
    lines += ["fitted by coatbench", "NORM", "IRREGULAR", "0", "1", "Spot", "d"]
    lines += ["0", "0", "0", "0", str(len(spectra))]
    for number, (group, data) in enumerate(spectra.items(), 1):
        lines += _block(sample, group.split("|")[0], number, data, config)
    lines.append("end of experiment")
    write_atomically(path, "".join(f"{line}\n" for line in lines))


def _block(
    sample: str, spot: str, number: int, data: Arrays, config: Mapping[str, Any]
) -> list[str]:
    attrs = data.attrs
    shift = attrs["charge_shift_eV"] if math.isfinite(attrs["charge_shift_eV"]) else 0.0
    photon, time_s = attrs["photon_energy_eV"], attrs["counting_time_s"]
    timed = math.isfinite(time_s)
    kinetic = photon - (data["binding_energy_eV"] + shift)
    comment = _comment(data, shift, config)
    species, _, transition = attrs["base"].partition(" ")
    lines = [f"{attrs['region']}", f"{sample} spot {spot}", *["0"] * 7]
    lines += [str(len(comment)), *comment, "XPS", str(number), "Al", f"{photon:.6g}"]
    lines += [UNKNOWN] * 5 + ["FAT", _number(attrs["pass_energy_eV"]), UNKNOWN, UNKNOWN]
    lines += [UNKNOWN] * 5 + [species, transition, "-1"]
    lines += ["3", "Kinetic Energy", "eV", "Intensity", "d", "transmission", "d", "pulse counting"]
    lines += [_number(time_s), "1", *[UNKNOWN] * 4, "0", str(3 * len(kinetic)), *["0", "1"] * 3]
    values = data["intensity_cps"] * (time_s if timed else 1.0)
    t = attrs["transmission"]
    for energy, counts in zip(kinetic[::-1], values[::-1], strict=True):
        lines += [f"{energy:.9g}", f"{counts:.9g}", f"{t:.6g}"]
    return lines


def _comment(data: Arrays, shift: float, config: Mapping[str, Any]) -> list[str]:
    attrs = data.attrs
    lines = ["Casa Info Follows"]
    reference = config["charge_reference"]["binding_energy_eV"]
    if shift:
        lines += ["1", f"Calib M = {reference + shift:.4f} A = {reference:.4f} BE ADD"]
    else:
        lines.append("0")
    lines.append("0")  # annotations
    if not attrs["fitted"]:
        return [*lines, "0", "0"]
    photon_eV = float(attrs["photon_energy_eV"])
    factor = rsf(config["rsf_library"], attrs["base"], config.get("rsf_extra"), photon_eV) or 1.0
    window = data["binding_energy_eV"][np.isfinite(data["envelope_cps"])]
    photon, name = attrs["photon_energy_eV"], attrs["base"]
    width = background.end_points(window, config["end_width_eV"], config.get("end_points")) // 2
    lines += [
        "1",
        f"CASA region (*{name}*) (*{BACKGROUNDS[attrs['background']]}*) {photon - window[-1]:.9g} "
        f"{photon - window[0]:.9g} {factor:.8g} {width} 0 0 0 0 0 0 (*{name}*) 1 0 {factor:.8g}",
    ]
    components = _components(data, photon, factor, config)
    return [*lines, str(len(components)), *components]


def _components(data: Arrays, photon: float, factor: float, config: Mapping[str, Any]) -> list[str]:
    base = data.attrs["base"]
    model = build(base, config["regions"][base], config)
    lines: list[str] = []
    for j, component in enumerate(model.components):
        position = photon - float(data["position_eV"][j])
        fwhm, area = float(data["fwhm_eV"][j]), float(data["area_cps_eV"][j])
        first = len(lines)
        for offset, share in zip(component.offsets_eV, component.shares, strict=True):
            ratio = share / component.shares[0]
            own = area * share
            links = ("-1 1", "-1 1", "-1 1")
            limits = (
                f"1e-020 {10 * area + 1:.8g}",
                "0.2 20",
                f"{position - 2:.8g} {position + 2:.8g}",
            )
            if len(lines) > first:
                links = (f"{first} {ratio:.8g}", f"{first} 1", f"{first} {-offset:.8g}")
                limits = ("0 0", "0 0", "0 0")
            lines.append(
                f"CASA comp (*{component.name}*) (*{_shape(component.shape)}*) "
                f"Area {own:.9g} {limits[0]} {links[0]} MFWHM {fwhm:.9g} {limits[1]} {links[1]} "
                f"Position {position - offset:.9g} {limits[2]} {links[2]} RSF {factor:.8g} MASS 1 "
                f"INDEX -1 (*{base}*) CONST (**) UNCORRECTEDRSF {factor:.8g}"
            )
    return lines


def _shape(name: str) -> str:
    # CasaXPS has no Voigt of that name; SGL is its nearest one.
    return re.sub(r"^Voigt", "SGL", name.replace(" ", ""))


def _number(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else UNKNOWN
