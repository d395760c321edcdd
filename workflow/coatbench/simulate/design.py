"""A study of four factors with planted surfaces: python -m coatbench.simulate.design data/demo_factors

Writes samples.csv, truth.csv and the indexes of a design of 18 samples: annealing temperature and time, oxygen in the gas,
amount of precursor. A few are made twice. The surfaces are assumed, and of one piece: a conversion that grows with temperature,
time and oxygen, a decay of what was formed when it is too hot for too long, and an amount that must suffice to cover and must not
block. `planted` is what an analysis of the study has to find again.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

TEMPERATURE, TIME, OXYGEN, AMOUNT = (
    "annealing_temperature_degC", "annealing_time_h", "oxygen_percent", "precursor_wt_percent",
)  # fmt: skip
REFERENCE = "uncoated"
# Temperature in degC, time in h, oxygen in %, amount in wt%: spread evenly over the four ranges, the last two made twice.
DESIGN = (
    (250, 1, 21, 1.0), (250, 8, 100, 2.0), (250, 4, 60, 0.5), (300, 2, 100, 0.5), (300, 16, 21, 1.5),
    (300, 0.5, 60, 2.0), (350, 8, 60, 1.0), (350, 1, 100, 1.5), (350, 4, 21, 2.0), (400, 0.5, 21, 0.5),
    (400, 2, 100, 1.0), (400, 16, 60, 1.5), (450, 1, 60, 1.5), (450, 8, 21, 0.5), (500, 0.5, 100, 1.0),
    (500, 4, 60, 2.0), (400, 2, 100, 1.0), (350, 8, 60, 1.0),
)  # fmt: skip
REGIONS, SPOTS, CELLS = 4, 2, 2
# What a surface has whatever was done to it: binding energies and widths in eV.
FIXED = {
    "xps.Ni 2p.measured": 1, "xps.S 2p.sulfide.binding_energy_eV": 161.22, "xps.S 2p.sulfide.fwhm_eV": 1.25,
    "xps.S 2p.polysulfide.binding_energy_eV": 163.22, "xps.S 2p.polysulfide.fwhm_eV": 1.25,
    "xps.S 2p.sulfite.binding_energy_eV": 167, "xps.S 2p.sulfite.fwhm_eV": 1.55,
    "xps.S 2p.sulfate.binding_energy_eV": 169.39, "xps.S 2p.sulfate.fwhm_eV": 1.55,
    "xps.P 2p.thiophosphate.binding_energy_eV": 131.85, "xps.P 2p.thiophosphate.fwhm_eV": 1.3,
    "xps.P 2p.phosphate.binding_energy_eV": 133.9, "xps.P 2p.phosphate.fwhm_eV": 1.6,
    "xps.O 1s.lattice.binding_energy_eV": 528.7, "xps.O 1s.lattice.fwhm_eV": 1.15, "xps.O 1s.surface.fwhm_eV": 1.9,
    "xps.C 1s.adventitious.binding_energy_eV": 284.8, "xps.C 1s.adventitious.fwhm_eV": 1.4,
    "xps.C 1s.carbonate.binding_energy_eV": 289.8, "xps.C 1s.carbonate.fwhm_eV": 1.4,
    "xps.Ni 2p.nickel.binding_energy_eV": 854.8, "xps.Ni 2p.nickel.fwhm_eV": 2.6,
    "cycling.cell_spread_percent": 0.6, "cycling.cell_spread_efficiency_percent": 0.25, "cycling.cell_spread_V": 0.002,
    "sims.empty_pixel_fraction": 0.07, "sims.region_cv": 0.13,
}  # fmt: skip


def conversion(temperature: float, time: float, oxygen: float) -> float:
    """Return the share of the precursor that has become sulfate and phosphate, 0 to 1."""
    drive = (temperature - 280) / 45 + 0.9 * math.log(time / 2) + 0.8 * (oxygen - 60) / 40
    return 1 / (1 + math.exp(-drive))


def decay(temperature: float, time: float) -> float:
    """Return how much of the layer was lost again to the cathode material, 0 to 1."""
    drive = (temperature - 450) / 30 + 1.3 * math.log(time / 4)
    return 1 / (1 + math.exp(-drive))


def planted(temperature: float, time: float, oxygen: float, amount: float) -> dict[str, float]:
    """Return the planted properties of a coated sample.

    Parameters
    ----------
    temperature : annealing temperature in degC
    time : annealing time in h
    oxygen : share of oxygen in the gas in %
    amount : precursor in wt%

    Returns
    -------
    dict
        coverage (1), efficiency_percent, relaxed_potential_charge_V, relaxed_potential_discharge_V, polysulfide and
        oxygenated (degradation relative to the uncoated sample).
    """
    made, lost = conversion(temperature, time, oxygen), decay(temperature, time)
    thick = 1 - math.exp(-amount / 0.45)
    spread = math.exp(
        -0.1 * math.log(time / 2) ** 2
    )  # too short: not yet spread; too long: coarsened
    protects = made * (1 - lost) * thick * spread
    blocks = 0.35 * max(amount - 1.2, 0.0) ** 2 / 0.64
    good = protects * (1 - blocks)
    return {
        "coverage": 0.45 + 0.52 * thick * (0.75 + 0.25 * made) * (1 - 0.6 * lost),
        "efficiency_percent": 84.6 + 4.4 * good,
        "relaxed_potential_charge_V": 3.585 + 0.065 * good,
        "relaxed_potential_discharge_V": 2.94 - 0.1 * good,
        "polysulfide": 0.95 - 0.6 * protects,
        "oxygenated": 0.95 - 0.5 * made * (1 - 1.1 * lost) * thick,
    }


def truth(temperature: float, time: float, oxygen: float, amount: float) -> dict[str, float]:
    """Return the truth of a coated sample: what the exports are simulated from."""
    value = planted(temperature, time, oxygen, amount)
    made, lost = conversion(temperature, time, oxygen), decay(temperature, time)
    charge = 208 + 12 * (value["efficiency_percent"] - 84.6) / 4.4
    left = 1 - made
    return FIXED | {
        "surface.coverage": value["coverage"],
        "surface.layer_thickness_nm": max(4.0, 18 * amount * (1 - 0.7 * lost)),
        "xps.charge_shift_eV": round(1.5 * math.cos(temperature / 40 + 3 * amount), 2),
        "xps.coating_sulfur_per_nm3": 13 + 8 * left,
        "xps.coating_phosphorus_per_nm3": 5.5 + 0.5 * left,
        "xps.coating_oxygen_per_nm3": 46 - 20 * left,
        "xps.carbonate_nm": 0.6 + 0.4 * left,
        "xps.carbon_nm": 0.7 + 0.1 * left,
        "xps.oxidised_carbon_fraction": 0.22 - 0.02 * left,
        "xps.S 2p.sulfide.fraction": 0.5 * left,
        "xps.S 2p.polysulfide.fraction": 0.12 * left,
        "xps.S 2p.sulfite.fraction": 0.015 + 0.12 * left * made,
        "xps.S 2p.sulfate.fraction": 1 - 0.62 * left - 0.015 - 0.12 * left * made,
        "xps.P 2p.thiophosphate.fraction": 0.01 + 0.6 * left,
        "xps.P 2p.phosphate.fraction": 0.99 - 0.6 * left,
        "xps.O 1s.surface.binding_energy_eV": 532.2 - 0.3 * left,
        "cycling.first_charge_capacity_mAh_g": charge,
        "cycling.first_discharge_capacity_mAh_g": charge * value["efficiency_percent"] / 100,
        "cycling.second_charge_capacity_mAh_g": charge * value["efficiency_percent"] / 100 + 1.2,
        "cycling.relaxed_potential_charge_V": value["relaxed_potential_charge_V"],
        "cycling.relaxed_potential_discharge_V": value["relaxed_potential_discharge_V"],
        "cycling.overpotential_V": 0.066 - 0.04 * (value["efficiency_percent"] - 84.6) / 4.4,
        "cycling.hindrance_length_mAh_g": 5 - 3.5 * (value["efficiency_percent"] - 84.6) / 4.4,
        "sims.relative.polysulfide": value["polysulfide"],
        **{
            f"sims.relative.{group}": value["oxygenated"] + shift
            for group, shift in (
                ("sulfite_sulfate", -0.02), ("phosphite_phosphate", 0.05), ("thiophosphate_oxygenated", -0.03),
            )
        },
    }  # fmt: skip


def bare() -> dict[str, float]:
    """Return the truth of the uncoated sample."""
    return FIXED | {
        "surface.coverage": 0, "surface.layer_thickness_nm": 0, "xps.charge_shift_eV": 0.42,
        "xps.coating_sulfur_per_nm3": 0, "xps.coating_phosphorus_per_nm3": 0, "xps.coating_oxygen_per_nm3": 0,
        "xps.carbonate_nm": 2, "xps.carbon_nm": 0.8, "xps.oxidised_carbon_fraction": 0.2,
        "xps.S 2p.sulfide.fraction": 0, "xps.S 2p.polysulfide.fraction": 0, "xps.S 2p.sulfite.fraction": 0,
        "xps.S 2p.sulfate.fraction": 1, "xps.P 2p.thiophosphate.fraction": 0, "xps.P 2p.phosphate.fraction": 1,
        "xps.O 1s.surface.binding_energy_eV": 531.4,
        "cycling.first_charge_capacity_mAh_g": 205, "cycling.first_discharge_capacity_mAh_g": 174.3,
        "cycling.second_charge_capacity_mAh_g": 176.2, "cycling.relaxed_potential_charge_V": 3.595,
        "cycling.relaxed_potential_discharge_V": 2.932, "cycling.overpotential_V": 0.066,
        "cycling.hindrance_length_mAh_g": 5,
        "sims.relative.polysulfide": 1, "sims.relative.sulfite_sulfate": 1, "sims.relative.phosphite_phosphate": 1,
        "sims.relative.thiophosphate_oxygenated": 1,
    }  # fmt: skip


def tables() -> dict[str, list[dict[str, object]]]:
    """Return the tables of the study by their path below its folder."""
    names = [f"s{i:02d}" for i in range(1, len(DESIGN) + 1)]
    samples: list[dict[str, object]] = [
        {
            "sample": REFERENCE,
            "role": "uncoated",
            "label": "bare NCM85",
            TEMPERATURE: "",
            TIME: "",
            OXYGEN: "",
            AMOUNT: "",
        }
    ]
    planted_truth = {REFERENCE: bare()}
    for name, setting in zip(names, DESIGN, strict=True):
        t, h, o, a = setting
        samples.append(
            {"sample": name, "role": "coated", "label": f"{t} °C, {h:g} h, {o} % O₂, {a:g} wt%"}
            | dict(
                zip((TEMPERATURE, TIME, OXYGEN, AMOUNT), (t, f"{h:g}", o, f"{a:g}"), strict=True)
            )
        )
        planted_truth[name] = truth(*setting)
    everyone = [REFERENCE, *names]
    for i, name in enumerate(everyone):
        for c in range(1, CELLS + 1):
            planted_truth[name][f"cycling.composite_mass_mg.short.P{c}"] = _mass(i, c) + 0.003
    return {
        "samples.csv": samples,
        "truth.csv": [
            {"sample": s, "quantity": q, "value": f"{v:.6g}", "unit": _unit(q), "source": "assumed"}
            for s, values in planted_truth.items()
            for q, v in values.items()
        ],
        "xps/index.csv": [
            {"sample": s, "file": f"{s}_spot{k}.npl", "spot": str(k)}
            for s in everyone
            for k in range(1, SPOTS + 1)
        ],
        "cycling/index.csv": [
            {
                "sample": s, "cell": f"P{c}", "file": f"{s}_P{c}_01_GCPL_CD{c}.mpt", "protocol": "short",
                "composite_mass_mg": f"{_mass(i, c):.2f}", "cam_mass_fraction": "0.8",
            }
            for i, s in enumerate(everyone)
            for c in range(1, CELLS + 1)
        ],
        "sims/index.csv": [
            {
                "sample": s, "region": f"{r:02d}", "file": f"{s}/{r:02d}.bif6", "field_of_view_um": "150",
                "pixel_binning": "2", "shots_per_pixel": "56", "primary_ion_dose_cm2": "1e12",
            }
            for s in everyone
            for r in range(1, REGIONS + 1)
        ],
    }  # fmt: skip


def _mass(i: int, cell: int) -> float:
    return round(11.9 + 0.3 * math.sin(2.1 * i + cell), 2)


def _unit(quantity: str) -> str:
    for end, unit in (
        ("_nm", "nm"), ("_eV", "eV"), ("_per_nm3", "1/nm3"), ("_mAh_g", "mAh/g"), ("_percent", "%"), ("_V", "V"),
    ):  # fmt: skip
        if quantity.endswith(end):
            return unit
    return "mg" if "_mass_mg" in quantity else "1"


def write(folder: Path) -> None:
    """Write the tables of the study into its folder."""
    for path, rows in tables().items():
        _write(folder / path, rows)


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
