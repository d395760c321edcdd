"""Exports of spectrometers and of CasaXPS, made: the dialects of public files, with numbers that are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from coatbench.simulate.write_phi_spe import write_spe
from coatbench.simulate.write_vamas import SpectrumRecord, write_casaxps, write_multipak

from .made_cases import foreign, la_line
from .planted import Scan, scan, write, write_columns

PHOTON_EV = 1486.69
# What is asked of a file: the made one, the public one.
NAMES = {
    "multipak": ("multipak.npl", "Mutlipak_vms.npl"),
    "kratos": ("kratos.vms", "0-150W.vms"),
    "kratos Ni 2p": ("niw_Ni2p.txt", "0-150W_NiWNi2p_Ni2p.txt"),
    "kratos O 1s": ("niw_O1s.txt", "0-150W_NiWO1s_O1s.txt"),
    "spe": ("survey.spe", "SnO2_10nm.spe"),
    "angles": ("angles.vms", "ARXPS.vms"),
    "two samples": ("two_samples.txt", "vms_txt_export.txt"),
    "unnamed": ("unnamed.vms", "xps_eis.vms"),
    "iron": ("iron.vms", "FeO_analyzed.vms"),
    "iron columns": ("iron_columns.txt", "FeO_analyzed_lineshapes_cols.txt"),
    "iron report": ("iron_report.csv", "FeO_analyzed_results.csv"),
}
MADE = {
    "multipak.npl": ["C 1s", "O 1s", "S 2p", "P 2p"],
    "kratos.vms": ["wide", "Ni 2p", "O 1s", "C 1s", "W 4f"],
    "niw_Ni2p.txt": ["Ni 2p"],
    "niw_O1s.txt": ["O 1s"],
    "angles.vms": ["O 1s", "C 1s"] * 3,
    "iron.vms": ["Fe 2p"],
    "iron_columns.txt": ["Fe 2p"],
    "survey.spe": ["Survey"],
    "irregular.vms": ["C 1s", "O 1s"],
    "two_samples.txt": ["wide", "Ni 2p"] * 2,
    "unnamed.vms": ["unnamed"] * 2,
}
PUBLIC = {
    "0-150W.vms": ["wide", "Ni 2p", "O 1s", "C 1s", "W 4f"],
    "0-150W_NiWNi2p_Ni2p.txt": ["Ni 2p"],
    "0-150W_NiWO1s_O1s.txt": ["O 1s"],
    "ARXPS.vms": ["O 1s", "C 1s", "Al 2p"] * 5,
    "FeO_analyzed.vms": ["Fe 2p"],
    "FeO_analyzed_lineshapes_cols.txt": ["Fe 2p"],
    "Mutlipak_vms.npl": ["C 1s", "O 1s", "S 2p", "N 1s", "Mo 3d"],
    "SnO2_10nm.spe": ["Survey"],
    "irregular.vms": ["Survey"],
    "multiplex.vms": ["wide", "O 1s", "Ta 4f"],
    "regular.vms": ["Survey"],
    "single_sample.vms": [
        "wide", "I 3d", "Pb 4f", "O 1s", "N 1s", "C 1s", "S 2p", "HeI VBM", "HeI SECO",
    ],
    "survey.vms": ["wide"],
    "vms_txt_export.txt": ["Survey", "Ni 2p", "Survey", "Ni 2p"],
    "xps_eis.vms": ["unnamed"] * 4,
}  # fmt: skip
FIRST_CPS, TIME_S = 2112.5, 0.4  # of the MultiPak export
PASS_EV, N_SURVEY = 187.85, 1501  # of the PHI survey
CROSS_SECTION = (312.5, 560.0, 420.0, 2.55)
# Name of the shape: energy in eV, width in eV, area in counts/s x eV, of 2p3/2 and 2p1/2, each with a satellite.
IRON = (
    ("LF(0.54,10,80,100,6)", 709.1, 3.7, 61250.0), ("SGL(30)", 715.6, 7.4, 31480.0), ("LF(0.54,10,80,100,6)", 722.3, 4.4, 44710.0),
    ("SGL(30)", 729.6, 7.1, 16520.0),
)  # fmt: skip
AT_PERCENT = [39.78, 20.45, 29.04, 10.73]
SUM_AREA = 0.7 * math.sqrt(math.pi / math.log(2)) / 2 + 0.3 * math.pi / 2


@dataclass
class Exports:
    """Files of one origin: where they are, and the regions of each."""

    folder: Path
    regions: dict[str, list[str]]
    public: bool

    def path(self, name: str) -> Path:
        return self.folder / NAMES[name][self.public]


def curve(x: np.ndarray, shape: str, at: float, fwhm: float, area: float) -> np.ndarray:
    """Return a component: the sum of a Gaussian and a Lorentzian, or some line whose shape is known by its curve alone."""
    u = (x - at) / fwhm
    if shape.startswith("LF"):
        return area * la_line(x, at, fwhm, 1.2, 1.9, 100) * np.exp(-((u / 6) ** 8))
    both = 0.7 * np.exp(-4 * math.log(2) * u * u) + 0.3 / (1 + 4 * u * u)
    return area * both / fwhm / SUM_AREA


def losses(x: np.ndarray, line: np.ndarray, floor: float) -> np.ndarray:
    """Return what electrons of `line` that lost energy add at higher binding energies, point after point."""
    b, c, d, least = CROSS_SECTION
    above = np.zeros(len(x))
    for i in range(len(x)):
        loss = x[i] - x[:i]
        lost = np.where(loss > least, b * loss / ((c - loss**2) ** 2 + d * loss**2), 0.0)
        above[i] = lost @ (line[:i] + above[:i]) * (x[1] - x[0])
    return floor + above


def write_iron(folder: Path) -> None:
    """Write a fit that CasaXPS stored, its columns and its report: a fit on three-parameter Tougaard losses, without noise."""
    x = np.arange(672.0, 748.0, 0.1)
    parts = np.stack([curve(x, *c) for c in IRON])
    base = losses(x, parts.sum(axis=0), 20000.0)
    low, high = PHOTON_EV - x[-1] - 0.01, PHOTON_EV - x[0] + 0.01
    comment = ["Casa Info Follows", "0", "0", "1"]
    comment += [f"CASA region (*Fe 2p*) (*U 3 Tougaard*) {low:.6f} {high:.6f} 16.42 2 0 0 {' '.join(f'{v:g}' for v in CROSS_SECTION)} "
                "(*Fe 2p*) 55.8458 0 16.42", str(len(IRON))]  # fmt: skip
    for shape, at, fwhm, area in IRON:
        e = PHOTON_EV - at
        comment.append(
            f"CASA comp (*Fe 2p*) (*{shape}*) Area {area:.8g} 1e-020 6e+006 -1 1 MFWHM {fwhm:g} 1.07 26.75 -1 1 Position {e:.6f} "
            f"{e - 6:.6f} {e + 6:.6f} -1 1 RSF 16.42 MASS 55.8458 INDEX -1 (*Fe 2p*) CONST (**) UNCORRECTEDRSF 16.42"
        )
    total = parts.sum(axis=0) + base
    iron = Scan("Fe 2p", x[::-1], 2.0 * total[::-1], 2.0, PHOTON_EV, comment=comment)
    write(folder / "iron.vms", [iron])
    fit = [("Fe 2p", at, fwhm, area, shape) for shape, at, fwhm, area in IRON]
    write_columns(folder / "iron_columns.txt", [iron], fit, list(parts[:, ::-1]), base[::-1])
    lines = ["C:\\fits\\iron.vms\t", "", "Name\tPosition\tFWHM\tRaw Area\tArea/(RSF*T*MFP)\t%At Conc\tGoodness of Fit\t"]  # fmt: skip
    lines += [f"Fe 2p\t{at:.2f}\t{w:.2f}\t{area:.2f}\t{area / 44:.2f}\t{share:.2f}\t-1.#IND\t" for (_, at, w, area), share in zip(IRON, AT_PERCENT, strict=True)]  # fmt: skip
    lines += ["", "Peak Area Results Compact form (Atomic Concentrations)", "Name\t%Conc\tSample Identifier", "\tSt.Dev."]  # fmt: skip
    lines += [f"Fe 2p\t{share:.2f}\tiron\n\t " for share in AT_PERCENT]
    (folder / "iron_report.csv").write_text("\n".join([*lines, ""]))


def write_exports(folder: Path, wide: Callable[..., Scan]) -> Exports:
    """Write all files; `wide` makes a survey of atoms."""

    def record(s: Scan) -> SpectrumRecord:
        return SpectrumRecord(s.region, float(s.binding_eV[0]), -0.1, s.counts / s.time_s, s.time_s, 29.35)  # fmt: skip

    phi = [replace(record(scan(r, 0.4)), time_s=TIME_S) for r in MADE["multipak.npl"]]
    phi[0].rate_cps[0] = FIRST_CPS
    write_multipak(folder / "multipak.npl", "s", phi)
    write_casaxps(folder / "irregular.vms", "s", [record(scan(r)) for r in ("C 1s", "O 1s")])
    survey = wide({"C": 20.0, "O": 40.0, "Ni": 15.0})
    tungsten = [("W", 35.5, 1.2, 9000.0, 2.18)]
    kratos = [survey, scan("Ni 2p"), scan("O 1s"), scan("C 1s"), foreign("W 4f", (28.0, 46.0), tungsten, 1.0)]  # fmt: skip
    write(folder / "kratos.vms", kratos)
    for s in kratos[1:3]:
        rows = [f"{e:.1f}\t{n:.1f}" for e, n in zip(s.binding_eV, s.counts, strict=True)]
        name = s.region.replace(" ", "")
        (folder / f"niw_{name}.txt").write_text("\r\n".join(["BE/eV\tPE: 20.0 eV", *rows, ""]))
    tilted = [scan(r, atoms=20.0 + v / 4, variable=float(v)) for v in (0, 40, 60) for r in ("O 1s", "C 1s")]  # fmt: skip
    write(folder / "angles.vms", tilted, ("Take-off angle", "degree"))
    phi_wide = np.interp(1200.0 - 0.8 * np.arange(N_SURVEY), survey.binding_eV[::-1], survey.counts[::-1] / 0.6)  # fmt: skip
    write_spe(folder / "survey.spe", "s", [SpectrumRecord("Su 1s", 1200.0, -0.8, phi_wide, 0.6, PASS_EV)])  # fmt: skip
    two = [replace(s, sample=sample) for sample in ("Ni", "NiO") for s in (survey, scan("Ni 2p"))]
    write_columns(folder / "two_samples.txt", two)
    write(folder / "unnamed.vms", [replace(scan(r), region="") for r in ("C 1s", "O 1s")])
    write_iron(folder)
    return Exports(folder, MADE, False)
