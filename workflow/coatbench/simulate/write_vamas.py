"""VAMAS files as PHI MultiPak exports them (.npl) and as CasaXPS saves them again (IRREGULAR), of one or several samples."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .xps_surface import PHOTON_EV, TRANSMISSION

MAGIC = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
UNKNOWN = "1e+037"
PHI_NAMES = {"Ni 2p": "Ni 2p3"}  # a VersaProbe's periodic table offers lines of one spin


@dataclass(frozen=True)
class SpectrumRecord:
    """One region as acquired.

    Attributes
    ----------
    region : str
        ``S 2p``.
    start_eV, step_eV : float
        Binding energy of the first channel and step (negative: descending).
    rate_cps : (n,) array
        Counts/s in the order of acquisition.
    time_s : float
    pass_energy_eV : float
    lines : list of (component, measured binding energy in eV, FWHM in eV, area in counts/s x eV, splitting in eV)
        What the operator's fit would find; CasaXPS keeps it in its comments. Splitting 0: no doublet.
    """

    region: str
    start_eV: float
    step_eV: float
    rate_cps: np.ndarray
    time_s: float
    pass_energy_eV: float
    lines: list[tuple[str, float, float, float, float]] = field(default_factory=list)


def write_multipak(path: Path, sample: str, spectra: list[SpectrumRecord]) -> None:
    """Write regions as MultiPak does: binding energy descending, counts/s, NUL after the transition."""
    lines = [MAGIC, "Ulvac-Phi,Inc.", "PHI VersaProbe II ", " ", f"{sample} "]
    lines += ["3", "exported from PHI-MultiPak", " ", " ", "NORM", "REGULAR", f"{len(spectra)} "]
    lines += ["0"] * 5 + [f"{len(spectra)} "]
    for number, s in enumerate(spectra, 1):
        species, transition = PHI_NAMES.get(s.region, s.region).split()
        lines += [f"Block No.{number} ", f"Sample ID : {sample}", "2025 ", "3 ", "11 "]
        lines += ["-1"] * 4
        lines += ["2", f"IntensityCalCoeff: {TRANSMISSION[0]:.6f} {TRANSMISSION[1]:.6f} ", "0"]
        lines += ["XPS", "Al mono", f"{PHOTON_EV:.2f}", "50.000000", "200", "200", "45.000000"]
        lines += ["270.000000", "FAT", f"{s.pass_energy_eV:.6f}", "5.000000", "4.190000", "0"]
        lines += ["100.000000", "100.000000", "45.000000", "90.000000", species, f"{transition}\0"]
        lines += ["-1", "Binding Energy", "eV", f"{s.start_eV:.6f}", f"{s.step_eV:.6f}"]
        lines += ["1", "Intensity", "c/s", "pulse counting", f"{s.time_s:.6f}", "1", "0"]
        lines += ["9.399414e-003", "90", f"{s.step_eV:.6f}", "0", str(len(s.rate_cps))]
        lines += [f"{s.rate_cps.min():.6f}", f"{s.rate_cps.max():.6f}"]
        lines += [f"{value:.6f}" for value in s.rate_cps]
    lines.append("end of experiment")
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def write_casaxps(path: Path, sample: str, spectra: list[SpectrumRecord]) -> None:
    """Write regions as CasaXPS re-saves them: kinetic energy, counts and transmission side by side."""
    lines = [*_casa_head(sample), str(len(spectra))]
    for number, s in enumerate(spectra):
        lines += _casa_block(sample, number, s, s.region, *s.region.split())
    lines.append("end of experiment")
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def add_sample(path: Path, sample: str, spectra: list[SpectrumRecord]) -> None:
    """Add a sample to a file of several, which is made where there is none: regions as Kratos counts them (``C 1s/3``), no fits."""
    head = _casa_head(path.stem)
    lines = path.read_text("latin-1").splitlines()[:-1] if path.exists() else []
    if not lines or sample in lines:  # none, or one of an earlier simulation
        lines = [*head, "0"]
    n = int(lines[len(head)])
    lines[len(head)] = str(n + len(spectra))
    for number, s in enumerate(spectra, n):
        name = f"{s.region}/{number + 1}"
        lines += _casa_block(sample, number, replace(s, lines=[]), name, name, "")
    lines.append("end of experiment")
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def _casa_head(sample: str) -> list[str]:
    """All lines before the number of spectra."""
    lines = [MAGIC, "Ulvac-Phi,Inc.", "PHI VersaProbe II", "Not Specified", sample]
    lines += ["4", "Casa Info Follows CasaXPS Version 2.3.25PR1.0", "0"]
    lines += ["exported from PHI-MultiPak", f"CasaRowLabel:{sample}", "NORM", "IRREGULAR", "0"]
    return [*lines, "1", "Exp Variable", "d", "0", "0", "0", "0"]


def _casa_block(
    sample: str, number: int, s: SpectrumRecord, name: str, species: str, transition: str
) -> list[str]:
    binding = s.start_eV + s.step_eV * np.arange(len(s.rate_cps))
    kinetic = PHOTON_EV - binding
    a, b = TRANSMISSION
    law = s.pass_energy_eV * (a * a / (a * a + (kinetic / s.pass_energy_eV) ** 2)) ** b
    comment = _casa_comment(s, float(kinetic.min()), float(kinetic.max()))
    lines = [name, sample, "2025", "3", "11", "0", "0", "0", "0"]
    lines += [str(len(comment)), *comment, "XPS", str(number), "Al mono", f"{PHOTON_EV:g}"]
    lines += ["50", "200", "200", "45", "270", "FAT", f"{s.pass_energy_eV:g}", "5", "4.19"]
    lines += [UNKNOWN] * 5 + [species, transition, "-1"]
    lines += ["3", "Kinetic Energy", "eV", "Intensity", "d", "transmission", "d", "pulse counting"]
    lines += [f"{s.time_s:g}", "1"] + [UNKNOWN] * 4
    lines += ["1", "MFP Exponent", "d", "0", str(3 * len(s.rate_cps))] + ["0", "1"] * 3
    for e, rate, t in zip(kinetic, s.rate_cps, law, strict=True):
        lines += [f"{e:.6g}", f"{rate * s.time_s:.6g}", f"{t:.6g}"]
    return lines


def _casa_comment(s: SpectrumRecord, low: float, high: float) -> list[str]:
    """Regions and components; one calibration of 0 eV, since the operator corrected nothing here."""
    lines = ["Casa Info Follows", "0", "0", "1" if s.lines else "0"]
    if s.lines:
        lines.append(
            f"CASA region (*{s.region}*) (*Shirley*) {low + 1:.8g} {high - 1:.8g} 1 5 0 0 0 0 0 0 "
            f"(*{s.region}*) 1 0 1"
        )
    components: list[str] = []
    for name, binding, fwhm, area, splitting in s.lines:
        position, first = PHOTON_EV - binding, len(components)
        main = area * (2 / 3 if splitting else 1.0)
        limits = f"{position - 2:.8g} {position + 2:.8g} -1 1"
        components.append(
            _component(s.region, name, f"{main:.8g} 1e-020 1e+007 -1 1", f"{fwhm:.8g} 0.5 10 -1 1",
                       f"{position:.8g} {limits}")
        )  # fmt: skip
        if splitting:
            components.append(
                _component(s.region, name, f"{main / 2:.8g} 0 0 {first} 0.5", f"{fwhm:.8g} 0 0 {first} 1",
                           f"{position - splitting:.8g} 0 0 {first} {-splitting:g}")
            )  # fmt: skip
    return [*lines, str(len(components)), *components]


def _component(region: str, name: str, area: str, fwhm: str, position: str) -> str:
    return (
        f"CASA comp (*{name}*) (*GL(30)*) Area {area} MFWHM {fwhm} Position {position} RSF 1 MASS 1 "
        f"INDEX -1 (*{region}*) CONST (**) UNCORRECTEDRSF 1"
    )
