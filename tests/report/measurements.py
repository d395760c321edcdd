"""Curves of a made study, as the techniques write them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from coatbench.arrays import Arrays
from coatbench.curves import save_curves

REGIONS = ("Su 1s", "C 1s", "O 1s", "S 2p", "P 2p", "Ni 2p")


def xps(seed: int, spots: int = 3) -> dict[str, Arrays]:
    """Three spots of six regions, as the technique writes them."""
    noise = np.random.default_rng(seed)
    sets = {}
    for spot in range(1, spots + 1):
        for k, region in enumerate(REGIONS):
            energy = 160.0 + 0.1 * np.arange(1376 if k == 0 else 300)
            peak = 1000 * np.exp(-((energy - energy.mean() - 0.02 * seed) ** 2))
            data = {"intensity_cps": ("energy", 100 + peak + noise.normal(0, 5, energy.size))}
            if k:
                data |= {
                    "background_cps": ("energy", np.full(energy.size, 100.0)),
                    "envelope_cps": ("energy", 100 + peak),
                    "component_cps": (
                        ("component", "energy"),
                        np.array([0.7, 0.3])[:, None] * peak,
                    ),
                    "component": ("component", np.array(["sulfide", "sulfate"])),
                }
            attrs = {"region": region, "quality": "doubtful" if k == 3 else "ok"}
            coords = {"binding_energy_eV": ("energy", energy)}
            sets[f"{spot}|{region}"] = Arrays.of(data, coords, attrs)
    return sets


def cycling(seed: int) -> dict[str, Arrays]:
    halves = {
        "cycle": ("half", [1, 1, 2]),
        "direction": ("half", ["charge", "discharge", "charge"]),
    }
    attrs = {"relaxation_time_s": 3600, "potential": ""}
    capacity = np.linspace(0, 200, 400) + np.zeros((3, 1))
    voltage = 2 + capacity / 150 + 0.01 * seed
    time = np.geomspace(1, 7200, 400) + np.zeros((3, 1))
    potential = np.arange(1.9, 3.7, 0.005)
    bump = np.exp(-(((potential - 3.1) / 0.05) ** 2)) + np.zeros((3, 1))
    point = ("half", "point")
    omega = np.geomspace(1e6, 0.1, 50)
    arc = 5 + 20 / (1 + 1j * omega * 1e-3)
    return {
        "profiles": Arrays.of({"capacity_mAh_g": (point, capacity), "voltage_V": (point, voltage), **halves}, attrs=attrs),
        "relaxation": Arrays.of({"time_s": (point, time), "voltage_V": (point, 3 + 1 / time), **halves}, attrs=attrs),
        "dqdv": Arrays.of(
            {"dqdv": (("curve", "potential"), 500 * bump), **{k: ("curve", v[1]) for k, v in halves.items()}},
            {"potential_V": ("potential", potential)},
            {**attrs, "bin_V": 0.005},
        ),
        "impedance": Arrays.of(
            {"frequency_Hz": (("spectrum", "point"), omega[None] / 2 / np.pi), "real_ohm": (("spectrum", "point"), arc.real[None]),
             "imaginary_ohm": (("spectrum", "point"), arc.imag[None])},
            {"cycle": ("spectrum", [1]), "after": ("spectrum", ["charge"])}, attrs,
        ),
    }  # fmt: skip


def tga_ms() -> dict[str, Arrays]:
    temperature = np.linspace(30, 800, 2321)
    loss = 1 / (1 + np.exp(-(temperature - 350) / 10))
    mz = np.array([18, 28, 32, 44, 48, 50, 64, 66])
    currents = 1e-12 * (1 + mz[:, None] * 100 * np.exp(-(((temperature - 350) / 15) ** 2)))
    coords = {"temperature_degC": ("time", temperature), "time_s": ("time", temperature * 6)}
    mass = {
        k: ("time", v)
        for k, v in {
            "mass_smooth_percent": 100 - loss,
            "dtg_percent_min": -loss,
            "dsc": loss,
        }.items()
    }
    return {
        "mass": Arrays.of(mass, coords),
        "ions": Arrays.of({"ion_current_A": (("mz", "time"), currents)}, {**coords, "mz": ("mz", mz)}),
    }  # fmt: skip


def leis(seed: int) -> dict[str, Arrays]:
    energy = np.arange(900.0, 3000.0, 2.0)
    counts = 10 + 50 * np.exp(-(((energy - 1100 - seed) / 30) ** 2))
    peaks = np.where(abs(energy - 1100) < 100, counts, np.nan) + np.zeros((6, 1))
    return {
        f"T{t}": Arrays.of(
            {"intensity": ("energy", counts), "peak_model": (("element", "energy"), peaks), "element": ("element", list("COFNSM"))},
            {"energy_eV": ("energy", energy)},
            {"heating_temperature_degC": float(t)},
        )
        for t in (200, 600)
    }  # fmt: skip


def sims() -> dict[str, Arrays]:
    mass = np.arange(12.0, 212.0)
    return {"spectrum": Arrays.of({"counts": ("peak", mass**2)}, {"mass_u": ("peak", mass)})}


def measured(results: Path, samples: list[str]) -> list[str]:
    """Write the curves of a study: those of one sample, copied for all others."""
    made = {
        "xps/{}.nc": xps(1),
        "cycling/{}/short/A.nc": cycling(1),
        "cycling/{}/long/B.nc": cycling(2),
        "tga_ms/{}.nc": tga_ms(),
        "leis/{}.nc": leis(1),
        "sims/{}/all.nc": sims(),
    }
    paths = []
    for pattern, sets in made.items():
        for sample in samples:
            path = results / pattern.format(sample)
            path.parent.mkdir(parents=True, exist_ok=True)
            if sample == samples[0]:
                save_curves(sets, path)
            else:
                shutil.copy(results / pattern.format(samples[0]), path)
            paths.append(str(path))
    return paths
