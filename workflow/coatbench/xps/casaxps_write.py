"""Write our fits as CasaXPS keeps its own, so that a colleague opens them there.

A VAMAS file, IRREGULAR as CasaXPS saves it: kinetic energy, counts and transmission side by side; in each
block's comment the calibration, the region and the components, with limits and ties of the configuration: pressing
Fit there fits our model. The second line of a doublet is a component linked to the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import write_atomically
from ..arrays import Arrays
from ..readers.xps_block import ANODES_EV
from . import background
from .model import Component, build
from .quantify import WITHIN_EV, rsf

if TYPE_CHECKING:
    from ..config_types import ComponentConfig, XpsConfig
    from .parameters import Key

MAGIC = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
UNKNOWN = "1E+37"
BACKGROUNDS = {
    "shirley": "Shirley",
    "active_shirley": "Shirley",
    "linear": "Linear",
    "tougaard": "U 2 Tougaard",
}


def write_vamas(
    path: str | Path, sample: str, groups: Mapping[str, Arrays], config: XpsConfig
) -> None:
    """Write all spots and regions of a sample.

    Parameters
    ----------
    path : path-like
    sample : str
    groups : dict of ``<spot>|<region>`` to curves
        As the sample's job saves them.
    """
    spectra = {g: d for g, d in groups.items() if math.isfinite(d.attrs["photon_energy_eV"])}
    lines = [MAGIC, "Not Specified", "Not Specified", "Not Specified", sample, "1"]
    lines += ["fitted by coatbench", "NORM", "IRREGULAR", "0", "1", "Spot", "d"]
    lines += ["0", "0", "0", "0", str(len(spectra))]
    for number, (group, data) in enumerate(spectra.items(), 1):
        lines += _block(sample, group.split("|")[0], number, data, config)
    lines.append("end of experiment")
    write_atomically(path, "".join(f"{line}\n" for line in lines))


def _block(sample: str, spot: str, number: int, data: Arrays, config: XpsConfig) -> list[str]:
    attrs = data.attrs
    shift = attrs["charge_shift_eV"] if math.isfinite(attrs["charge_shift_eV"]) else 0.0
    photon, time_s = attrs["photon_energy_eV"], attrs["counting_time_s"]
    timed = math.isfinite(time_s)
    kinetic = photon - (data["binding_energy_eV"] + shift)
    comment = _comment(data, shift, config)
    species, _, transition = attrs["base"].partition(" ")
    lines = [f"{attrs['region']}", f"{sample} spot {spot}", *["0"] * 7]
    lines += [str(len(comment)), *comment, "XPS", str(number), _source(photon), f"{photon:.6g}"]
    lines += [UNKNOWN] * 5 + ["FAT", _number(attrs["pass_energy_eV"]), UNKNOWN, UNKNOWN]
    lines += [UNKNOWN] * 5 + [species, transition, "-1"]
    lines += ["3", "Kinetic Energy", "eV", "Intensity", "d", "transmission", "d", "pulse counting"]
    lines += [_number(time_s), "1", *[UNKNOWN] * 4, "0", str(3 * len(kinetic)), *["0", "1"] * 3]
    values = data["intensity_cps"] * (time_s if timed else 1.0)
    t = attrs["transmission"]
    for energy, counts in zip(kinetic[::-1], values[::-1], strict=True):
        lines += [f"{energy:.9g}", f"{counts:.9g}", f"{t:.6g}"]
    return lines


def _comment(data: Arrays, shift: float, config: XpsConfig) -> list[str]:
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
    edge = 0.4 * float(
        window[1] - window[0]
    )  # between two channels: rounding must not lose the last one
    width = background.end_points(window, config["end_width_eV"], config.get("end_points")) // 2
    lines += [
        "1",
        f"CASA region (*{name}*) (*{BACKGROUNDS[attrs['background']]}*) {photon - window[-1] - edge:.9g} "
        f"{photon - window[0] + edge:.9g} {factor:.8g} {width} 0 0 0 0 0 0 (*{name}*) 1 0 {factor:.8g}",
    ]
    components = _components(data, photon, factor, config)
    return [*lines, str(len(components)), *components]


def _components(data: Arrays, photon: float, factor: float, config: XpsConfig) -> list[str]:
    """Return one line per photoelectron line: value, limits and links as the model of the configuration has them."""
    base = data.attrs["base"]
    model = build(base, config["regions"][base], config)
    firsts = list(np.cumsum([0, *(len(c.shares) for c in model.components)])[:-1])
    shift = data.attrs["placed_eV"] - (
        data.attrs["charge_shift_eV"] if math.isfinite(data.attrs["charge_shift_eV"]) else 0.0
    )
    held = data["held"] if "held" in data else np.zeros(len(model.components))
    lines: list[str] = []
    for j, component in enumerate(model.components):
        entry = model.config[component.name]
        position = photon - float(data["position_eV"][j])
        fwhm, area = float(data["fwhm_eV"][j]), float(data["area_cps_eV"][j])
        own = component_factor(component, photon, config) or factor
        ties = {
            key: _tie(entry.get(key), model.names, firsts, is_position=key == TIED[2])
            for key in TIED
        }
        for k, (offset, share) in enumerate(
            zip(component.offsets_eV, component.shares, strict=True)
        ):
            if k:
                first = firsts[j]
                links = [(first, share / component.shares[0]), (first, 1.0), (first, -offset)]
                limits = ["0 0"] * 3
            else:
                links = [
                    ties["area"] or FREE,
                    ties["fwhm_eV"] or FREE,
                    ties["binding_energy_eV"] or FREE,
                ]
                other = model.components[firsts.index(links[0][0])] if ties["area"] else component
                # Areas are tied as whole doublets, stored as their first lines.
                links[0] = (links[0][0], links[0][1] * share / other.shares[0])
                links[2] = (links[2][0], -links[2][1] if ties["binding_energy_eV"] else 1.0)
                limits = [
                    _area_limits(entry, area, share),
                    *_limits(entry, fwhm, position, photon, shift, held[j] > 0),
                ]
                limits = [
                    x if link[0] < 0 else "0 0" for x, link in zip(limits, links, strict=True)
                ]
            (a, f, p) = (
                f"{limit} {at} {by:.8g}" for limit, (at, by) in zip(limits, links, strict=True)
            )
            lines.append(
                f"CASA comp (*{component.name}*) (*{_shape(component.shape)}*) "
                f"Area {area * share:.9g} {a} MFWHM {fwhm:.9g} {f} Position {position - offset:.9g} {p} "
                f"RSF {own:.8g} MASS 1 INDEX -1 (*{base}*) CONST (**) UNCORRECTEDRSF {own:.8g}"
            )
    return lines


TIED: tuple[Key, ...] = ("area", "fwhm_eV", "binding_energy_eV")
FREE = (-1, 1.0)
_NUMBER = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"


def _tie(
    text: Any, names: list[str], firsts: list[int], *, is_position: bool
) -> tuple[int, float] | None:
    """Return the line that an expression ties to, with its factor or (position) its distance in binding energy.

    None for what is free, or more than CasaXPS can say: a tie to one component, by a factor or a distance.
    """
    if not isinstance(text, str):
        return None
    for name, first in zip(names, firsts, strict=True):
        at = re.escape(name)
        if re.fullmatch(rf"\s*{at}\s*", text):
            return int(first), 0.0 if is_position else 1.0
        if is_position and (m := re.fullmatch(rf"\s*{at}\s*([+-])\s*({_NUMBER})\s*", text)):
            return int(first), float(f"{m[1]}{m[2]}")
        product = rf"\s*(?:({_NUMBER})\s*\*\s*{at}|{at}\s*\*\s*({_NUMBER}))\s*"
        if not is_position and (m := re.fullmatch(product, text)):
            return int(first), float(m[1] or m[2])
    return None


def _area_limits(entry: ComponentConfig, area: float, share: float) -> str:
    if "area" in entry:  # an expression that CasaXPS cannot say: as fitted
        return f"{area * share:.9g} {area * share:.9g}"
    return f"1e-020 {10 * area + 1:.8g}"


def _limits(
    entry: ComponentConfig, fwhm: float, position: float, photon: float, shift: float, held: bool
) -> list[str]:
    """Return the limits of width and position (kinetic energy) of a component that is not tied."""
    low, high = entry.get("fwhm_limits_eV", (fwhm, fwhm))
    within = float(entry.get("within_eV", 0.0))
    nominal = entry["binding_energy_eV"]
    if held or isinstance(nominal, str):
        return [f"{fwhm:.9g} {fwhm:.9g}", f"{position:.9g} {position:.9g}"]
    middle = photon - float(nominal) - shift
    return [f"{low:.9g} {high:.9g}", f"{middle - within:.9g} {middle + within:.9g}"]


def component_factor(component: Component, photon_eV: float, config: XpsConfig) -> float | None:
    """Return the sensitivity factor of a component, its own or that of its line."""
    if component.rsf is not None:
        return component.rsf
    return rsf(config["rsf_library"], component.line, config.get("rsf_extra"), photon_eV)


def _shape(name: str) -> str:
    # CasaXPS has no Voigt of that name; SGL is its nearest one.
    return re.sub(r"^Voigt", "SGL", name.replace(" ", ""))


def _source(photon_eV: float) -> str:
    """Return the anode whose line the photon energy is."""
    near = (name for name, energy in ANODES_EV.items() if abs(energy - photon_eV) < WITHIN_EV)
    return next((name.capitalize() for name in near), "Not Specified")


def _number(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else UNKNOWN
