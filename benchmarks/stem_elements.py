"""How surely elements are told in spectrum images of a layer: 2 at.% found, absent ones not.

Simulated spectra of a thin oxide layer: a continuum that falls with the energy, lines by Cliff-Lorimer factors of a usual
detector, 20,000 to 500,000 counts. Run from the project's root: python benchmarks/stem_elements.py [maps]
"""

from __future__ import annotations

import sys

import numpy as np
from coatbench.arrays import Arrays
from coatbench.stem import lines, spectra

# Relative atomic mass over the factor k (to Si K): counts per atom.
PER_ATOM = {
    ("O", "K"): 16.0 / 1.8, ("F", "K"): 19.0 / 1.6, ("Na", "K"): 23.0 / 1.3, ("Al", "K"): 27.0 / 1.05, ("Si", "K"): 28.1,
    ("P", "K"): 31.0 / 1.05, ("S", "K"): 32.1 / 1.05, ("Cl", "K"): 35.5 / 1.1, ("Mn", "K"): 54.9 / 1.35,
    ("Mn", "L"): 54.9 / 2.5, ("Co", "K"): 58.9 / 1.5, ("Co", "L"): 58.9 / 2.5, ("Ni", "K"): 58.7 / 1.55, ("Ni", "L"): 58.7 / 2.5,
    ("Zr", "L"): 91.2 / 2.0, ("Nb", "L"): 92.9 / 2.0, ("Zr", "K"): 91.2 / 6.0, ("Nb", "K"): 92.9 / 6.0,
}  # fmt: skip
SOUGHT = ("S", "P", "Nb", "Zr")
ABSENT = ("F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti", "Zr", "Nb", "W", "Mo", "La")
CONTINUUM = 0.35  # of all counts
TOP_KEV, STEP_KEV = 10.0, 0.01


def spectrum(
    composition: dict[str, float],
    counts: float,
    offset_keV: float = 0.0,
    second: float = 1.0,
    gain: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Energy in keV and expected counts per channel of a composition in at.%.

    Lines stand off by the calibration's error; the second ones of L and M series are `second` times as high as the table's.
    """
    energy = np.arange(0.1, TOP_KEV, STEP_KEV)
    emitted = np.zeros_like(energy)
    for (element, series), per_atom in PER_ATOM.items():
        if element not in composition:
            continue
        known = lines.SECOND_LINE[series]
        shares = (1.0, known if series == "K" else second * known)
        for line, share in zip(lines.SERIES[series][element], shares, strict=False):
            # The electronic noise of one's detector is not that of the table.
            sigma = 1.02 * lines.fwhm_keV(line) / 2.3548
            height = composition[element] * per_atom * share
            emitted += (
                height
                / sigma
                * np.exp(-0.5 * ((energy - line * (1 + gain) - offset_keV) / sigma) ** 2)
            )
    window = 1 - np.exp(-((energy / 0.5) ** 2))
    continuum = window / energy
    return energy, counts * (
        (1 - CONTINUUM) * emitted / emitted.sum() + CONTINUUM * continuum / continuum.sum()
    )


def matrix(rng: np.random.Generator) -> dict[str, float]:
    """An oxide layer with some of the metals of the particle below it."""
    base = {"O": 60.0, "Ni": rng.uniform(0, 15), "Mn": rng.uniform(0, 4), "Co": rng.uniform(0, 4)}
    main = rng.choice(["P", "S", "Zr", "Nb", "Al", "Si"])
    return base | {str(main): rng.uniform(5, 25)}


def cube(
    composition: dict[str, float], counts: float, rng: np.random.Generator, n: int = 12
) -> tuple[Arrays, np.ndarray]:
    """A spectrum image whose left half is layer."""
    energy, expected = spectrum(
        composition, counts, rng.normal(0, 0.003), rng.uniform(0.7, 1.2), rng.normal(0, 5e-4)
    )
    layer = np.zeros((n, n), bool)
    layer[:, : n // 2] = True
    values = rng.poisson(expected / layer.sum() * (0.02 + layer[:, :, None]))
    block = Arrays.of(
        {"counts": (("y", "x", "energy"), values)}, {"energy_keV": ("energy", energy)}
    )
    return block, layer


def rates(maps: int) -> dict[str, float]:
    """Shares found at 2 at.%, and of absent elements detected (without reserve, and at all)."""
    rng = np.random.default_rng(7)
    found: dict[str, list[bool]] = {e: [] for e in SOUGHT}
    beside_zirconium: list[bool] = []
    phantom: list[bool] = []
    sure: list[bool] = []
    named: list[bool] = []
    for i in range(maps):
        element = SOUGHT[i % len(SOUGHT)]
        base = {k: v for k, v in matrix(rng).items() if k != element}
        composition = base | {element: 2.0}
        counts = float(np.exp(rng.uniform(np.log(2e4), np.log(5e5))))
        block, layer = cube(composition, counts, rng)
        row = spectra.seek_element(block, element, layer, 5)
        # Zr L lies a third of a detector's width from P K: what that leaves is counted on its own.
        hard = element == "P" and "Zr" in composition
        (beside_zirconium if hard else found[element]).append(bool(row["detected"]))
        if "Zr" in composition and "P" not in composition:
            phantom.append(bool(spectra.seek_element(block, "P", layer, 5)["detected"]))
        for other in rng.permutation([e for e in ABSENT if e not in composition])[:6]:
            row = spectra.seek_element(block, str(other), layer, 5)
            sure.append(bool(row["detected"]) and row.get("quality") == "ok")
            named.append(bool(row["detected"]))
    return {f"{e} found": float(np.mean(v)) for e, v in found.items()} | {
        "P beside Zr found": float(np.mean(beside_zirconium)),
        "P beside Zr, absent": float(np.mean(phantom)),
        "false, ok": float(np.mean(sure)),
        "false, any": float(np.mean(named)),
    }


if __name__ == "__main__":
    for name, rate in rates(int(sys.argv[1]) if len(sys.argv) > 1 else 500).items():
        print(f"{name}: {100 * rate:.1f} %")
