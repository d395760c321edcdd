"""Exports as laboratories bring them, made: the traps of the handed ones with other numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from coatbench.simulate import xps as simulate
from coatbench.xps.quantify import rsf

from .planted import REGIONS, SHARES, Scan, scan, write

C_1S = {"adventitious": 0.60, "C-O": 0.24, "carbonate": 0.16}
S_2P = {"sulfide": 0.25, "polysulfide": 0.30, "sulfite": 0.12, "sulfate": 0.33}
PER_PERCENT = (
    60.0  # counts/s eV of an atomic percent and a sensitivity factor of 1, as `scan` has it
)
LENGTH_NM, KINETIC_EV, DENSITY = 3.0, 955.0, 0.55  # of O 1s electrons; carbon over what lies below
WHAT_IS_RIGHT = {
    "samples": {"bare 1": (0.6, 0.10), "coated 2": (1.9, 0.35), "coated 3": (-0.4, 0.60)},
    "region_names_thermo.vms": (1.3, 0.40),
    "region_names_phi.vms": (-0.7, 0.62),
    "potassium": 4.0,
    "carbon": 27.0,
    "charge": 6.8,
    "fractions": C_1S | S_2P,
    "carbon_nm": ("carbon_bare_0.8nm.vms", "carbon_bare_1.7nm.vms", 1.7),
    "layers": {"carbon_1.7nm_layer_1.5nm.vms": 1.5, "carbon_0.4nm_layer_2.8nm.vms": 2.8},
    "niobate": 0.40,
    "widths": {"Mo a": 1.05, "Mo b": 1.55, "W": 1.30},
}


def regions(coverage: float = 0.5, shift: float = 1.0, **given: Any) -> list[Scan]:
    """Return all regions of a sample; arguments of one stand under its name with underscore."""
    more = {r: given.pop(r.replace(" ", "_"), {}) for r in REGIONS}
    shares = {"C 1s": C_1S, "S 2p": S_2P}
    return [
        scan(r, coverage, shift, **{"shares": shares.get(r, {})} | given | more[r]) for r in REGIONS
    ]


def under_carbon(carbon_nm: float, layer_nm: float = 0.0, **given: Any) -> list[Scan]:
    """Return the scans of an oxide below a layer below carbon; lengths grow with energy to the power 0.75."""
    energy = {"C 1s": 1201.0, "O 1s": 955.0, "S 2p": 1324.0, "P 2p": 1354.0, "Ni 2p": 631.0}
    length = {r: LENGTH_NM * (e / KINETIC_EV) ** 0.75 for r, e in energy.items()}
    through = {r: math.exp(-carbon_nm / length[r]) for r in REGIONS}
    left = {r: math.exp(-layer_nm / length[r]) for r in REGIONS}

    def below(region: str, substrate: float, layer: float) -> float:
        own = substrate * left[region] + layer * (1 - left[region])
        return 33 * own * length[region] / LENGTH_NM * through[region]

    atoms = {r: below(r, 0.0, x) for r, x in (("S 2p", 0.14), ("P 2p", 0.10))}
    atoms["Ni 2p"], atoms["O 1s"] = below("Ni 2p", 0.28, 0.0), below("O 1s", 0.62, 0.66)
    atoms["C 1s"] = 33 * DENSITY * 0.9 * length["C 1s"] / LENGTH_NM * (1 - through["C 1s"])
    lattice = below("O 1s", 0.62, 0.0) / atoms["O 1s"]
    shares = {"O 1s": {"lattice": lattice, "surface": 1 - lattice}, "C 1s": C_1S, "S 2p": S_2P}
    given = {"shift": 0.7} | given
    return [scan(r, atoms=atoms[r], shares=shares.get(r, {}), **given) for r in REGIONS]


def foreign(region: str, window: tuple[float, float], lines: list[simulate.Line], shift: float) -> Scan:  # fmt: skip
    """Return a region of lines that no model of the demo has."""
    x = np.arange(window[1], window[0], -0.1)
    rate = simulate.spectrum(x, lines, 300.0, 0.012, shift)
    return Scan(region, x, np.random.default_rng(8).poisson(rate * 8.0).astype(float), 8.0)


def niobate(coverage: float) -> list[Scan]:
    """Return a sample with niobium over nickel; 3d5/2 and 3d3/2 stand 3:2."""
    area, metal = PER_PERCENT * 8.21 * 30 * coverage, 30 * (1 - coverage)
    pair = [("Nb", 207.3, 1.3, 0.6 * area, 0.0), ("Nb", 207.3 + 2.73, 1.3, 0.4 * area, 0.0)]
    rest = [scan(r, shift=1.2) for r in ("C 1s", "O 1s")]
    return [*rest, foreign("Nb 3d", (198.0, 219.0), pair, 1.2), scan("Ni 2p", atoms=metal, shift=1.2)]  # fmt: skip


def la_line(x: np.ndarray, at: float, fwhm: float, a: float, b: float, m: float) -> np.ndarray:
    """Return a line LA(a,b,m) of unit area whose whole line, Gaussian included, is `fwhm` wide."""
    u = np.arange(-60, 60, 0.01)
    curve = (1 / (1 + 4 * u * u)) ** np.where(u > 0, a, b)
    curve = np.convolve(curve, np.exp(-4 * np.log(2) * (np.arange(-6, 6, 0.01) * 100 / m) ** 2), "same")  # fmt: skip
    wide = np.ptp(u[curve >= curve.max() / 2]) / fwhm
    return np.asarray(np.interp((x - at) * wide, u, curve / curve.sum() / 0.01 * wide))


def stored(region: str, sample: str, lines: dict[str, tuple], shape: str, window: tuple) -> Scan:
    """Return a region with the components that an operator stored in its comment."""
    a, *b, m = (float(v) for v in shape[3:-1].split(","))
    x = np.arange(window[1], window[0], -0.1)
    total = sum(area * la_line(x, at, w, a, *(b or [a]), m) for at, w, area in lines.values())
    rate = 400 + total + 0.01 * 0.1 * np.cumsum(total[::-1])[::-1]
    counts = np.random.default_rng(3).poisson(rate * 8.0).astype(float)
    low, high = 1486.69 - window[1] + 1, 1486.69 - window[0] - 1
    comment = ["Casa Info Follows", "0", "0", "1"]
    comment += [f"CASA region (*{region}*) (*Shirley*) {low:.4f} {high:.4f} 1 2 0 0 0 0 0 0 (*{region}*) 32 0 1", str(len(lines))]  # fmt: skip
    for name, (at, w, area) in lines.items():
        e = 1486.69 - at
        comment += [f"CASA comp (*{name}*) (*{shape}*) Area {area:g} 1e-020 1e+006 -1 1 MFWHM {w:g} 0.2 6 -1 1 Position "
                    f"{e:.5f} {e - 1.5:.5f} {e + 1.5:.5f} -1 0 RSF 1 MASS 32 INDEX -1 (*{region}*) CONST (**) UNCORRECTEDRSF 1"]  # fmt: skip
    return Scan(region, x, counts, 8.0, sample=sample, comment=comment)


def write_cases(folder: Path) -> None:
    """Write all files."""
    right: dict[str, Any] = WHAT_IS_RIGHT

    def put(name: str, scans: list[Scan]) -> None:
        write(folder / name, scans)

    several = [s for n, (e, c) in right["samples"].items() for s in regions(c, e, sample=n)]
    put("three_samples_one_file.vms", several)
    thermo, phi = (right[f"region_names_{v}.vms"][::-1] for v in ("thermo", "phi"))
    put("region_names_thermo.vms", [replace(s, region=s.region.replace(" ", "") + " Scan") for s in regions(*thermo)])  # fmt: skip
    names = {"C 1s": "C1s", "O 1s": "O1s", "S 2p": "S2p", "P 2p": "P2p3", "Ni 2p": "Ni2p3"}
    put("region_names_phi.vms", [replace(s, region=names[s.region]) for s in regions(*phi)])
    potassium = ("K", 292.9, 1.4, PER_PERCENT * 3.97 * right["potassium"], 2.77)
    carbon = {"atoms": right["carbon"], "more": [potassium]}
    rest = {r.replace(" ", "_"): {"atoms": 69.0 * n} for r, n in (("O 1s", 0.6), ("S 2p", 0.1), ("P 2p", 0.1), ("Ni 2p", 0.2))}  # fmt: skip
    put("overlap_K2p.vms", regions(C_1s=carbon, **rest))
    put("charge_7.2.vms", regions(shift=right["charge"]))
    aborted = regions()
    aborted[3].counts[:] = 0
    put("zeros_P2p.vms", aborted)
    put("photon_5414.8.vms", regions(photon_eV=5414.8, source="Cr"))
    bismuth = [("Bi", 158.8, 1.2, 20000.0, 0.0)]
    put("unmodelled_line.vms", regions(S_2p={"more": bismuth}))
    for name in (*right["carbon_nm"][:2], *right["layers"]):
        numbers = [float(v.removesuffix("nm")) for v in name[:-4].split("_") if v.endswith("nm")]
        put(name, under_carbon(*numbers))
    put("niobate_bare.vms", niobate(0.0))
    put("niobate_450.vms", niobate(right["niobate"]))
    w = right["widths"]
    molybdenum = {"Mo a": (229.4, w["Mo a"], 5000.0), "Mo b": (232.9, w["Mo b"], 2200.0)}
    put("stored_LA.vms", [
        scan("C 1s", shift=0.0),
        stored("Mo 3d", "t", molybdenum, "LA(1.53,243)", (222.0, 241.0)),
        stored("W 4f", "u", {"W": (35.5, w["W"], 4500.0)}, "LA(2.5,2.8,70)", (28.0, 46.0)),
    ])  # fmt: skip
    put("interval_tougaard.vms", regions(trouble=simulate.Trouble(tougaard=True))[:3:2])
    put("interval_asymmetric.vms", regions(trouble=simulate.Trouble(tail_share=0.1))[:3:2])
    area = PER_PERCENT * 30 * (rsf("scofield", "C 1s") or 1.0) * C_1S["C-O"]
    # The configured tie holds it 1.5 eV above the adventitious line.
    off = [("C-O", SHARES["C 1s"]["C-O"][0] + 0.1, 1.4, area, 0.0)]
    put("interval_C-O_1.6.vms", regions(C_1s={"shares": C_1S | {"C-O": 0.0}, "more": off})[:3:2])
