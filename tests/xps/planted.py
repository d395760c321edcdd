"""VAMAS files with planted coverage, made as a case needs them: any source, axis, unit, name, variable."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from coatbench.simulate import xps as simulate
from coatbench.simulate.write_vamas import MAGIC, UNKNOWN
from coatbench.xps.analyse import analyse
from coatbench.xps.collect import collect
from coatbench.xps.library import library
from coatbench.xps.quantify import rsf

SHIFT_EV = 1.0
SHARES = {
    "C 1s": {"adventitious": (284.8, 1.4, 0.66), "C-O": (286.3, 1.4, 0.20), "carbonate": (289.7, 1.4, 0.14)},
    "O 1s": {"lattice": (528.9, 1.15, 0.42), "surface": (531.8, 1.9, 0.58)},
    "S 2p": {
        "sulfide": (161.3, 1.3, 0.28), "polysulfide": (163.4, 1.3, 0.22), "sulfite": (166.9, 1.5, 0.14),
        "sulfate": (169.2, 1.5, 0.36),
    },
    "P 2p": {"thiophosphate": (131.8, 1.3, 0.55), "phosphate": (133.9, 1.6, 0.45)},
    "Ni 2p": {"nickel": (855.0, 2.6, 0.62), "satellite": (861.6, 4.94, 0.38)},
}  # fmt: skip
LINES = {
    "C": "C 1s", "O": "O 1s", "Ni": "Ni 2p", "S": "S 2p", "P": "P 2p", "Si": "Si 2p", "F": "F 1s", "Ca": "Ca 2p",
    "Cl": "Cl 2p", "Na": "Na 1s", "Nb": "Nb 3d",
}  # fmt: skip
REGIONS = tuple(SHARES)
CARBON, OXYGEN = 30.0, 40.0


@dataclass
class Scan:
    """One region as it goes into a file; the counts are made by `scan`."""

    region: str
    binding_eV: np.ndarray
    counts: np.ndarray
    time_s: float
    photon_eV: float = 1486.69
    sample: str = "s"
    source: str = "Al"
    kinetic: bool = True
    rate_unit: str = ""
    rate_factor: float = 1.0
    label: str = "Intensity"
    variable: float | None = None
    pass_energy_eV: float = 40.0
    scans: int = 10
    comment: Sequence[str] = ()


def scan(
    region: str,
    coverage: float = 0.5,
    shift: float = SHIFT_EV,
    seed: int = 0,
    time: float = 1.0,
    atoms: float | None = None,
    shares: Mapping[str, float] = MappingProxyType({}),
    more: Sequence[simulate.Line] = (),
    trouble: simulate.Trouble | None = None,
    **given: Any,
) -> Scan:
    """Return one region of a sample whose eq. 1 is `coverage` with sulfur and phosphorus 3:2.

    Or one of so many `atoms`, with other `shares` of its components, `more` lines, `trouble` in its shape.
    """
    photon = given.get("photon_eV", 1486.69)
    metal = 100 - CARBON - OXYGEN
    atoms = atoms if atoms is not None else {
        "C 1s": CARBON, "O 1s": OXYGEN, "S 2p": 0.6 * metal * coverage, "P 2p": 0.4 * metal * coverage,
        "Ni 2p": metal * (1 - coverage),
    }[region]  # fmt: skip
    area = 60 * atoms * (rsf("scofield", region, photon_eV=photon) or 0.0) * given.pop("scale", 1.0)
    splitting = simulate.SPLITTING_EV.get(region, 0.0)
    window = simulate.WINDOWS[region]
    x = np.arange(window.high_eV, window.low_eV - 0.05, -0.1)
    lines = [
        (n, e, f, shares.get(n, s) * area, splitting) for n, (e, f, s) in SHARES[region].items()
    ]
    rate = simulate.spectrum(x, [*lines, *more], 300.0, 0.012, shift, trouble)
    time_s = window.time_s * time
    rng = np.random.default_rng([seed, sum(map(ord, region))])
    return replace(Scan(region, x, rng.poisson(rate * time_s).astype(float), time_s), **given)


def survey(atoms: dict[str, float], shift: float = 1.4, seed: int = 1) -> Scan:
    """A survey from 0 to 1200 eV with the strongest line of each element, its O KLL, and steps behind them."""
    x = np.arange(1200.0, -0.4, -0.8)
    lines = []
    for element, share in atoms.items():
        entry = library()[LINES[element]]
        area = 900 * share * (rsf("scofield", entry.line, photon_eV=1486.69) or 0.0)
        second = (entry.ratio or 0.0) / (1 + (entry.ratio or 0.0))
        lines.append((element, entry.binding_energy_eV, 2.6, area * (1 - second), 0.0))
        if second:
            at = entry.binding_energy_eV + (entry.splitting_eV or 0.0)
            lines.append((element, at, 2.8, area * second, 0.0))
    lines.append(("O KLL", 979.0, 12.0, 900 * atoms["O"] * 1.2, 0.0))
    rate = 3000 + 2.5 * x + simulate.spectrum(x, lines, 0.0, 0.004, shift)
    counts = np.random.default_rng(seed).poisson(rate * 0.6).astype(float)
    return Scan("wide", x, counts, 0.6, 1486.69, scans=1)


def write(path: Path, scans: Sequence[Scan], variable: tuple[str, str] | None = None) -> Path:
    """Write scans as one VAMAS file."""
    lines = [MAGIC, "Lab", "AXIS", "op", "experiment", "0", "NORM", "REGULAR", str(len(scans))]
    lines += [*(("1", *variable) if variable else ("0",)), "0", "0", "0", "0", str(len(scans))]
    for s in scans:
        species, _, transition = s.region.partition(" ")
        energy = s.photon_eV - s.binding_eV if s.kinetic else s.binding_eV
        y = s.counts / s.time_s * s.rate_factor if s.rate_unit else s.counts
        lines += [s.region, s.sample, "2025", "3", "4", "10", "20", "30", "0"]
        lines += [str(len(s.comment)), *s.comment, "XPS"]
        lines += [f"{s.variable:g}"] if s.variable is not None else []
        lines += [s.source, f"{s.photon_eV:g}", *[UNKNOWN] * 3, "54.7", "0", "FAT"]
        lines += [f"{s.pass_energy_eV:g}", UNKNOWN, "0", "0", UNKNOWN, UNKNOWN, "0", "0"]
        lines += [
            species,
            transition,
            "-1",
            f"{'Kinetic' if s.kinetic else 'Binding'} Energy",
            "eV",
        ]
        lines += [
            f"{energy[0]:.6f}",
            f"{energy[1] - energy[0]:.6f}",
            "1",
            s.label,
            s.rate_unit or "d",
        ]
        lines += [
            "pulse counting",
            f"{s.time_s / s.scans:.9g}",
            str(s.scans),
            "0",
            *[UNKNOWN] * 3,
            "0",
        ]
        lines += [str(len(y)), f"{y.min():.9g}", f"{y.max():.9g}", *(f"{v:.9g}" for v in y)]
    path.write_text("\n".join([*lines, "end of experiment"]) + "\n")
    return path


def write_columns(
    path: Path,
    scans: Sequence[Scan],
    fit: Sequence[tuple[str, float, float, float, str]] = (),
    parts: Sequence[np.ndarray] = (),
    base: np.ndarray | None = None,
) -> Path:
    """Write scans as CasaXPS's "columns of tables": what is left in counts stands in counts/s on the right.

    A `fit` names components (name, position in eV, width in eV, area, shape), whose curves (counts/s) stand on its `base`.
    """
    lines: list[str] = []
    for s in scans:
        lines += [f"Cycle 0:{s.sample}:{s.region}", f"\tCharacteristic Energy eV\t{s.photon_eV:e}\tAcquisition Time s\t{s.time_s:e}"]  # fmt: skip
        for i, name in enumerate(("Name", "Position", "FWHM", "Area", "Lineshape")):
            lines.append(f"{name}\t\t" + "".join(f"{c[i]}\t" for c in fit))
        own = [c[0] for c in fit]
        lines.append("\t".join(["K.E.", "Counts", *own, *(["Background", "Envelope"] if fit else []), "", "B.E.", "CPS",
                                *own, *(["Background CPS", "Envelope CPS"] if fit else [])]))  # fmt: skip
        rates = [s.counts / s.time_s]
        if base is not None:
            rates += [*(p + base for p in parts), base, sum(parts) + base]
        for i, e in enumerate(s.binding_eV):
            left = [s.photon_eV - e, *(r[i] * s.time_s for r in rates)]
            cells = [*(f"{v:.6e}" for v in left), "", f"{e:.6e}", *(f"{r[i]:.6e}" for r in rates)]
            lines.append("\t".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_specs(
    path: Path, scans: Sequence[Scan], n: int = 1, parameter: str = "Loop", transmission: str = ""
) -> Path:
    """Write scans as SPECS Prodigy does: `n` passes with one scan each, the counts shared among them."""
    rng = np.random.default_rng(5)
    columns = "energy counts/s" + (" transmission" if transmission else "")
    lines = ["# Created by:        SpecsLab Prodigy, Version 4.100.1-r111001 ", "#"]
    lines += ["# XY-Serializer Export Settings:", "#   Comment Prefix:           #"]
    lines += [
        "#   Energy Axis:              Binding Energy",
        "#   Separate Scan Data:       yes",
        "#",
    ]
    for s in scans:
        lines += [
            f"# Group:                        {s.sample}",
            "#",
            f"# Region:                       {s.region}",
        ]
        lines += [
            "# Acquisition Date:             08/24/23 13:59:11 UTC",
            "# Analysis Method:              XPS",
        ]
        lines += [
            f"# Dwell Time:                   {s.time_s / n:.9g}",
            f"# Excitation Energy:            {s.photon_eV:g}",
        ]
        lines += [
            f"# Pass Energy:                  {s.pass_energy_eV:g}",
            "# Comment:                      a: b",
            "",
        ]
        parts = rng.multinomial(s.counts.astype(int), np.full(n, 1 / n))
        for k in range(n):
            lines += [
                f"# Cycle: {k}",
                "#",
                f'# Parameter: "{parameter}" = {k + 1}',
                "#",
                "# Number of Scans: 1",
                "",
            ]
            lines += [
                f"# Cycle: {k}, Curve: 0, Scan: 0",
                "#",
                f"# ColumnLabels:                 {columns}",
                "#",
            ]
            rates = parts[:, k] / s.time_s * n
            lines += [
                f"{e:.6f}  {v:.9g}{transmission}" for e, v in zip(s.binding_eV, rates, strict=True)
            ]
            lines += [""]
    path.write_bytes("\r\n".join(lines).encode())
    return path


def write_scienta(path: Path, scans: Sequence[Scan], slices: int = 1, gain: float = 1.0) -> Path:
    """Write scans as Scienta SES does; a `gain` makes no counts of them, as a converter (ADC) does."""
    rng = np.random.default_rng(5)
    lines = ["[Info]", f"Number of Regions={len(scans):04d}", "Version=1.3.1", ""]
    for k, s in enumerate(scans, 1):
        energy = s.photon_eV - s.binding_eV if s.kinetic else s.binding_eV
        name = "Kinetic" if s.kinetic else "Binding"
        lines += [
            f"[Region {k}]",
            f"Region Name={s.region}",
            f"Dimension 1 name={name} Energy [eV]",
        ]
        lines += [
            f"Dimension 1 size={len(energy)}",
            "Dimension 1 scale=" + " ".join(f"{e:g}" for e in energy),
        ]
        if slices > 1:
            lines += [
                "Dimension 2 name=Y-Scale [deg]",
                f"Dimension 2 size={slices}",
                "Dimension 2 scale=0",
            ]
        lines += ["", f"[Info {k}]", f"Region Name={s.region}", f"Pass Energy={s.pass_energy_eV:g}"]
        lines += [
            f"Number of Sweeps={s.scans}",
            f"Excitation Energy={s.photon_eV:g}",
            "Step Time=203",
        ]
        lines += [
            f"Sample={s.sample}",
            "Date=2023-03-08",
            f"Time per Spectrum Channel={s.time_s:.9g}",
        ]
        lines += [f"[Run Mode Information {k}]", "", "", "", f"[Data {k}]"]
        parts = rng.multinomial(s.counts.astype(int), np.full(slices, 1 / slices)) * gain
        rows = zip(energy, parts, strict=True)
        lines += [" " + "  ".join(f"{v:.14E}" for v in (e, *row)) for e, row in rows] + [""]
    path.write_text("\n".join(lines))
    return path


def write_ibw(path: Path, s: Scan, slices: int = 1) -> Path:
    """Write one scan as SES's Igor wave (version 5), its slices as a second dimension."""
    energy = s.photon_eV - s.binding_eV if s.kinetic else s.binding_eV
    parts = np.random.default_rng(5).multinomial(s.counts.astype(int), np.full(slices, 1 / slices))
    name = "Kinetic" if s.kinetic else "Binding"
    unit, axis = b"Counts [a.u.]", f"{name} Energy [eV]".encode()
    pairs = {
        "Region Name": s.region, "Pass Energy": s.pass_energy_eV, "Number of Sweeps": s.scans, "Excitation Energy": s.photon_eV,
        "Step Time": 203, "Sample": s.sample, "Date": "2023-03-08", "Time per Spectrum Channel": f"{s.time_s:.9g}",
    }  # fmt: skip
    note = ("[SES]\r" + "".join(f"{k}={v}\r" for k, v in pairs.items())).encode()
    numbers = parts.T.astype("<f8").tobytes()
    shape = (len(energy), slices if slices > 1 else 0, 0, 0)
    steps, starts = (energy[1] - energy[0], 1, 1, 1), (energy[0], 0, 0, 0)
    wave = struct.pack("<12xih10x32s8x4i4d4d", parts.size, 4, b"w", *shape, *steps, *starts)
    sizes = (320 + len(numbers), 0, len(note), len(unit), len(axis), *[0] * 10)
    raw = struct.pack("<2h15i", 5, 0, *sizes) + wave.ljust(320, b"\0")
    path.write_bytes(raw + numbers + note + unit + axis)
    return path


def tables(file: Path, config: dict[str, Any], **row: str) -> dict[str, Any]:
    """Analyse one file as one coated sample and collect; warnings stand under `warnings`."""
    found = analyse([{"sample": "s", "file": file.name, "spot": "1", **row}], [file], config)
    samples = [{"sample": "s", "role": "coated"}]
    made = collect(found.tables, samples, config, reference=None)
    return {"warnings": found.warnings} | found.tables | made


def eq1(found: dict[str, Any]) -> dict[str, Any]:
    """Return the row of eq. 1 with the headline library."""
    (row,) = [
        r
        for r in found["xps_coverage"]
        if r["definition"] == "eq1" and r["rsf_library"] == "scofield"
    ]
    return row
