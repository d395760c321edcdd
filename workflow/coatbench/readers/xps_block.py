"""What the XPS readers share: from an axis and an intensity to one block of the data model.

Binding energy is photon energy minus kinetic energy. The work function that a file declares is metadata:
instruments write kinetic energies that are already referred to the Fermi level.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError
from ..symbols import ELEMENTS
from .units import DIMENSIONS, known_unit, split_label

MAX_POINTS = 5_000_000
MOST_JOINTS = 0.05  # share of energies that may stand twice in a region
UNNAMED = "unnamed"  # region without a name in the file
UNKNOWN = 1e36  # ISO 14976 writes 1E+37 for a number that is not known
# Nominal energies, for files that name the anode and leave the number open (NIST SRD 20).
ANODES_EV = {"al": 1486.6, "mg": 1253.6, "ag": 2984.3, "cr": 5414.8, "ga": 9251.7}
# `C1s`, `c 1s`, `C1S`, `Ni2p3`, `In 3d5/2`, `C1s Scan -`, `C1s_1`, `C 1s/2`; and Auger lines such as `NaKLL`.
_WHOLE = r"(?<![A-Za-z0-9])([A-Za-z]{1,2})[ _-]*"
_LINE = re.compile(
    _WHOLE + r"([1-7][spdf])[ _]*(?:\d{1,2}(?:[/ ]?2)?)?(?![A-Za-z0-9])", re.IGNORECASE
)
_AUGER = re.compile(_WHOLE + r"([KLMN][LMNOV1-5]{2,4})(?![A-Za-z0-9])", re.IGNORECASE)
_RATE = re.compile(r"c/s|cps|counts?/s|per second|count rate", re.IGNORECASE)


@dataclass
class RawRegion:
    """One region as a file has it, before units and order are settled.

    Attributes
    ----------
    name : str
        As in the file; see `region_name`.
    energy_eV : (n,) array
        In the order of the file.
    is_kinetic : bool
        Kinetic energy (else binding energy).
    intensity : (n,) array
    is_rate : bool
        Counts per second (else counts).
    factor : float
        What the intensities are multiplied by to be that: 1000 for kcps.
    photon_energy_eV, dwell_s : float
        NaN: not known.
    n_scans : int
    transmission : (n,) array or None
    attrs : dict
        More attributes of the block.
    """

    name: str
    energy_eV: np.ndarray
    is_kinetic: bool
    intensity: np.ndarray
    is_rate: bool
    photon_energy_eV: float
    dwell_s: float = math.nan
    n_scans: int = 1
    transmission: np.ndarray | None = None
    factor: float = 1.0
    attrs: dict[str, Any] = field(default_factory=dict)


def region_name(species: str, transition: str = "") -> str:
    """Return the field's name of a region, element and orbital: that which a name begins with, or the only one in it.

    Examples
    --------
    >>> [region_name("C", "1s"), region_name("C1s Scan", "-"), region_name("Ni2p3"), region_name("wide")]
    ['C 1s', 'C 1s', 'Ni 2p', 'wide']
    >>> [region_name("spot 1 C1S"), region_name("C 1s/2"), region_name("C1s K2p"), region_name("of C1s and N1s")]
    ['C 1s', 'C 1s', 'C 1s', 'of C1s and N1s']
    """
    text = " ".join(part for part in (_clean(species), _clean(transition)) if part)
    for pattern in (_LINE, _AUGER):
        found = {
            f"{element} {m[2].lower() if pattern is _LINE else m[2].upper()}": m.start()
            for m in reversed(list(pattern.finditer(text)))
            if (element := m[1].capitalize()) in ELEMENTS
        }
        for name, start in found.items():
            if start == 0 or len(found) == 1:
                return name
    return text or UNNAMED


def _clean(text: str) -> str:
    # MultiPak writes the NUL that ends its own strings into the file.
    text = " ".join(text.replace("\0", "").split())
    return "" if text == "-" else text


def intensity_unit(label: str, unit: str) -> tuple[bool, float]:
    """Tell whether an ordinate is a rate, by its unit or (unit dimensionless) by its label, and the factor to counts/s or counts.

    Examples
    --------
    >>> intensity_unit("Intensity", "kcps"), intensity_unit("CPS", "d"), intensity_unit("Intensity", "d")
    ((True, 1000.0), (True, 1.0), (False, 1.0))
    """
    for text in (unit, split_label(label)[1], label):
        for dimension in ("rate", "counts"):
            if name := known_unit(text, dimension):
                return dimension == "rate", DIMENSIONS[dimension][name][0]
    return bool(_RATE.search(unit) or _RATE.search(label)), 1.0


def anode_energy(label: str) -> float:
    """Return the nominal photon energy of a named anode in eV, NaN if the label names none."""
    match = re.match(r"\s*([A-Za-z]{2})\b", label)
    return ANODES_EV.get(match.group(1).lower(), math.nan) if match else math.nan


def joints(energy_eV: np.ndarray) -> np.ndarray:
    """Return which points repeat the energy before them, where scans were joined; none where too many do."""
    twice = np.r_[False, np.diff(energy_eV) == 0]
    return twice if twice.mean() <= MOST_JOINTS else np.zeros(len(twice), bool)


def make_block(raw: RawRegion, path: Path, where: str, warnings: list[str]) -> Arrays:
    """Turn a region into a block of the data model (see `readers.model`).

    Parameters
    ----------
    raw : RawRegion
        The region as the file has it.
    path, where
        File and place for messages.
    warnings : list of str
        What is assumed is appended here.

    Returns
    -------
    Arrays
        Dim `energy`; coordinates `binding_energy_eV` (ascending) and `kinetic_energy_eV`; variables
        `intensity_cps`, and `counts` where the acquisition time is known, `transmission` where given.
        Attributes: region, photon_energy_eV, dwell_s, n_scans, counting_time_s, instrument, date, vendor, ...

    Raises
    ------
    ReadError
        No points, an axis that is not strictly monotonic, values that are not finite.
    """
    energy, intensity = np.asarray(raw.energy_eV, float), np.asarray(raw.intensity, float)
    if raw.factor != 1.0:
        intensity = intensity * raw.factor
    if len(energy) < 3:
        raise ReadError(path, where, "at least 3 points", str(len(energy)))
    if len(energy) != len(intensity):
        raise ReadError(path, where, f"{len(energy)} intensities", str(len(intensity)))
    if not (np.isfinite(energy).all() and np.isfinite(intensity).all()):
        raise ReadError(path, where, "finite numbers", "a value that is not finite")
    twice = joints(energy)
    if twice.any():
        warnings.append(
            f"{where}: {twice.sum()} energies twice in a row; the second reading is left out"
        )
        energy, intensity = energy[~twice], intensity[~twice]
        if raw.transmission is not None:
            raw = replace(raw, transmission=np.asarray(raw.transmission)[~twice])
    steps = np.diff(energy)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        index = int(np.argmax(steps * np.sign(np.median(steps)) <= 0)) + 1
        found = f"{energy[index]:g} eV after {energy[index - 1]:g} eV at point {index + 1}"
        raise ReadError(path, where, "energies that only rise or only fall", found)
    photon = raw.photon_energy_eV
    known = math.isfinite(photon)
    if not known and raw.is_kinetic:
        raise ReadError(path, where, "the photon energy", "none", "binding energies need it")
    if not known:
        warnings.append(f"{where}: photon energy not given; kinetic energies are empty")
    binding = np.round(photon - energy, 9) if raw.is_kinetic else energy
    order = slice(None) if binding[-1] > binding[0] else slice(None, None, -1)
    time_s = raw.dwell_s * raw.n_scans
    timed = math.isfinite(time_s) and time_s > 0
    if not timed:
        time_s = math.nan
        what = (
            "counting statistics are unknown"
            if raw.is_rate
            else "intensities are counts, not counts/s"
        )
        warnings.append(f"{where}: acquisition time not given; {what}")
    rate = intensity if raw.is_rate or not timed else intensity / time_s
    if (intensity < 0).any():
        warnings.append(f"{where}: {int((intensity < 0).sum())} intensities are negative")
    variables = {"intensity_cps": ("energy", rate[order].copy(), {"units": "counts/s"})}
    if timed:
        counts = intensity * time_s if raw.is_rate else intensity
        variables["counts"] = ("energy", counts[order].copy(), {"units": "counts"})
    elif not raw.is_rate:
        variables["counts"] = ("energy", intensity[order].copy(), {"units": "counts"})
    if raw.transmission is not None:
        transmission = np.asarray(raw.transmission, float)
        if np.isfinite(transmission).all() and (transmission > 0).all():
            variables["transmission"] = ("energy", transmission[order].copy(), {"units": "1"})
        else:
            warnings.append(f"{where}: transmission has values that are not positive; not used")
    kinetic = photon - binding if known else np.full(len(binding), math.nan)
    return Arrays.of(
        variables,
        coords={
            "binding_energy_eV": ("energy", binding[order].copy(), {"units": "eV"}),
            "kinetic_energy_eV": ("energy", kinetic[order].copy(), {"units": "eV"}),
        },
        attrs={
            "region": raw.name,
            "photon_energy_eV": photon,
            "dwell_s": raw.dwell_s,
            "n_scans": raw.n_scans,
            "counting_time_s": time_s,
            "instrument": "",
            "date": "",
            "vendor": {},
            **raw.attrs,
        },
    )
