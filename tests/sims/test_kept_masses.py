"""Kept numbers of mass scales: labels, ions beside each other, common shifts, names, peaks of spectra."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.errors import StudyError
from coatbench.readers.sims_region import Spectrum
from coatbench.sims.calibration import MassShift, _between, _refined, _slope, _votes, common_shift
from coatbench.sims.fragments import load_fragments, windows
from coatbench.sims.ions import ISOTOPOLOGUE, other_ions
from coatbench.sims.masses import composition, ion_mass_u, read_label
from coatbench.sims.naming import Image, name_images, shift_of
from coatbench.sims.neighbours import close_neighbours, told_apart
from coatbench.sims.spectrum import find_peaks, resolution
from kept_numbers import hold

from .kept_columns import KEPT, columns

FRAGMENTS = load_fragments()
OTHERS = other_ions(FRAGMENTS)
RIVALS_U = [o.mass_u for o in OTHERS if o.kind != ISOTOPOLOGUE]
# Formula, charge and group far from the default table: two charges, isotopes, elements of coatings.
TABLE = """\ufeff# ions of a coating
fragment,formula,charge,group,window_ppm

Nb,NbO_3,-1,coating,80
b10,^10BO2,-1,coating,
SO4,SO4,-2,sulfite_sulfate,99999
Li,^6Li2F,-1,matrix,0.5
heavy,^37Cl_2H12C4N,-1,matrix,
NiCl,NiCl2,-1,matrix,120
"""
LABELS = [
    "S_2- ", "^37Cl_2^-", "³⁷Cl₂⁻", "SO₄²⁻", "SO_4^2-", "Na⁺", "LiSO3", "62.96u", "62.9641 u", "m/z 62,96", "Mass_94.936 PS2-",
    "peak: 78.9591", "63 amu", "63.9445 S_2- ?", "S_2- or SO_2-", "S2 (SO2)", "S2|SO2|PO2-", "~PO3-", "tentative: PO3-", "PO3 / total",
    "total", "Cl-^37Cl-", "[PO_2]-", "10BO2-", "H0", "H00", "Xx", "^99S", "C12H22O11-", "H2O+", "", "12", "S2+-", "1.5 Da (x)",
]  # fmt: skip


def test_kept_labels() -> None:
    made = {}
    for label in LABELS:
        found = read_label(label)
        atoms = [sorted(f"{n}{e}{k}" for (n, e), k in c) for c in found.compositions]
        made[label.strip() or "empty"] = {
            "ions": " or ".join(map(" ".join, atoms)), "sign": found.sign, "mass_u": found.mass_u,
            "rounding_u": found.rounding_u, "marked": found.marked,
        }  # fmt: skip
    hold(KEPT / "labels.csv", made)


def test_kept_fragment_table(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(TABLE, encoding="utf-8")
    own = load_fragments(path)
    made: dict[str, Any] = {"windows": columns(windows(own, 175.0))}
    made["atoms"] = {
        f.name: " ".join(f"{n}{e}{k}" for (n, e), k in sorted(f.composition)) for f in own
    }
    made["ions"] = columns([asdict(o) for o in other_ions(own)])
    light = ("H", "^2H", "^6Li", "Li", "Be", "^10B", "B", "C", "^13C", "N", "^15N", "O", "^17O")
    made["light"] = {f: ion_mass_u(f, z) for f in light for z in (1,)}
    intervals = {"NiCl": (127.86, 127.90), "b10": (41.9, 42.1), "Nb": (140.8, 140.9)}
    amounts = {"NiCl": 0.02, "b10": 0.01, "Nb": 0.0, "heavy": 0.3, "Li": 0.1}
    close = [
        close_neighbours(table, found, resolution, amount)
        for table, found, resolution, amount in (
            (own, intervals, 900.0, amounts), (FRAGMENTS[:9], {"S3": (95.9, 95.93)}, 12000.0, None),
        )
    ]  # fmt: skip
    made["close"] = [columns(rows) for rows in close]
    made["told"] = [told_apart(rows) for rows in close]
    hold(KEPT / "fragment_table.csv", made)


WRONG = [
    "fragment,formula,charge,group\n", "a,b\n", "fragment,formula,charge,group\n,S2,-1,x\nA,,-1,x\nB,S2,-1,\nC,S2,x,y\nD,S2,0,y\nE,Q,1,y\n",
    "fragment,formula,charge,group,window_ppm\nA,S2,-1,x,0\nB,S2,-1,x,100000\nC,S2,-1,x,nan\nD,S2,-1,x,-3\nE,S,-1,x,1e4\nE,S,-1,x,1\n",
]  # fmt: skip


def test_kept_complaints_of_fragment_tables(tmp_path: Path) -> None:
    made = []
    for text in [*WRONG, None]:
        path = tmp_path / "own.csv"
        path.write_text(text or "", encoding="utf-8") if text else path.write_bytes(
            b"fragment\xff\n"
        )
        with pytest.raises(StudyError) as caught:
            load_fragments(path)
        made.append([p.replace(str(tmp_path), "") for p in caught.value.problems])
    atoms = {}
    for formula in ("S0", "", "2S", "^3He", "Q", "^12S", "s2"):
        with pytest.raises(ValueError, match=r"formula|mass|atoms") as refused:
            composition(formula)
        atoms[formula or "empty"] = str(refused.value)
    with pytest.raises(ValueError, match="charge"):
        ion_mass_u("S2", 0)
    hold(KEPT / "fragment_complaints.csv", {"tables": made, "formulas": atoms})


def masses_of(rng: np.random.Generator) -> tuple[list[float], dict[str, float], dict[str, float]]:
    """Return measured masses, what was planted, and how to look for it: anything from a clean list to one that is all wrong."""
    known, unknown = int(rng.integers(3, 28)), int(rng.choice([0, 0, 2, 8, 40]))
    exact = rng.choice([f.mass_u for f in FRAGMENTS], min(known, len(FRAGMENTS)), replace=False)
    planted = {
        "ppm": float(rng.uniform(-450, 450)), "scatter": float(rng.choice([0.5, 4.0, 12.0, 25.0, 40.0])),
        "slope": float(rng.choice([0.0, 0.0, -400.0, 900.0, -2600.0, 4000.0])), "beside": float(rng.choice([0.0, 0.0, 18.0, 30.0])),
    }  # fmt: skip
    off = (
        planted["ppm"]
        + planted["slope"] * (exact**-0.5 - 0.1)
        + planted["beside"] * rng.choice([-1, 1], exact.size)
    )
    exact = exact * (1 + 1e-6 * (off + rng.normal(0, planted["scatter"], exact.size)))
    others = np.round(rng.uniform(12, 200, unknown)) * (1 + 1e-6 * rng.uniform(-800, 1200, unknown))
    how = {
        "search_ppm": float(rng.choice([300, 500])), "tolerance_ppm": float(rng.choice([15, 25, 40])),
        "min_peaks": int(rng.choice([3, 4, 6])),
    }  # fmt: skip
    return rng.permutation([*exact, *others]).tolist(), planted, how


def test_kept_shifts() -> None:
    rng = np.random.default_rng(77)
    made = []
    for _ in range(250):
        masses, planted, how = masses_of(rng)
        found = common_shift([*masses, float("nan")], [f.mass_u for f in FRAGMENTS], RIVALS_U, how)
        made.append(
            {f"planted_{k}": v for k, v in planted.items()}
            | how
            | {"n": len(masses)}
            | asdict(found)
        )
    hold(KEPT / "shifts.csv", columns(made))


def test_kept_steps_of_a_shift() -> None:
    """The steps alone, at their limits: ions beyond the grid, masses too few for a slope, none near the start."""
    rng = np.random.default_rng(5)
    distance = np.concatenate(
        [
            rng.uniform(-330, 330, (7, 9)),
            [[-303.0, 308.0, 900.0], [-395.0, 380.0, 371.0]][0:2] * np.ones((2, 1)) @ np.eye(3, 9),
        ]
    )
    grid = np.arange(-300.0, 301.0, 10.0)
    weight = np.array([1.0] * 4 + [0.6] * 5)
    made: dict[str, Any] = {"votes": [_votes(distance, weight, grid, t) for t in (8.0, 33.0)]}
    masses = np.geomspace(16.0, 190.0, 9)
    straight = 40.0 + 700.0 * masses**-0.5
    uneven = np.resize([6.0, -6.0, 3.0], 9)
    made["slopes"] = [
        _slope(straight[:n] + noise * uneven[:n], masses[:n]) for n in (7, 8, 9) for noise in (0.0, 1.0, 6.0, 30.0)
    ]  # fmt: skip
    near = [
        np.array(v, dtype=float)
        for v in (
            [3.0],
            [1.0, 2.0, 2.5],
            [-2.0, 14.0],
            [-9.0, 9.0, -8.0, 8.0],
            [*range(-30, 30, 5), 61, 70],
            [500.0],
            uneven * 3,
        )
    ]
    for tolerance in (6.0, 25.0):
        for start in (0.0, 12.0):
            found = [_refined(v, start, tolerance) for v in near]
            made[f"refined {tolerance:.0f} {start:.0f}"] = [
                (s, w, int(u.sum())) for s, w, u in found
            ]
    shift = MassShift(120.0, slope_ppm=-800.0, median_u=64.0)
    made["scale"] = [
        (s.at(20.0), s.corrected(20.0) - 20, s.measured(20.0) - 20)
        for s in (shift, MassShift(slope_ppm=9.0))
    ]
    hold(KEPT / "steps_of_a_shift.csv", made)


def test_kept_names() -> None:
    """The same images on scales of different certainty, by mass, label and peak list."""
    labels = [
        "S_2-",
        "63.96u S2-",
        "S2 or SO2",
        "PO2?",
        "PO_2+",
        "62.96u",
        "63u",
        "SO3-",
        "79.98 SO3-",
        "LiPO3",
        "sum",
        "",
    ]
    by_mass = [
        "S3",
        "SO2",
        "SO3",
        "SO4",
        "LiSO3",
        "POS2",
        "PS3",
        "HPS2",
        "HPO2",
        "HPO4",
        "S2O",
        "PO3S",
        "PO2S2",
        "HPS4",
        "CN",
        "OH",
    ]
    listed = [
        ("S2", 63.9540),
        ("S2", 63.96),
        ("Cl", 64.2),
        ("PO3", 78.959),
        ("LiPO3-", 86.0),
        ("62.9645 u", 62.9),
        ("PO2?", 62.96),
        ("x", 50.0),
    ]
    images = [Image(i + 1, label) for i, label in enumerate(labels)]
    for k, off_ppm in enumerate((0, 30, -42, 85, -105)):
        images += [
            Image(100 * k + i, "", ion_mass_u(f) * (1 + 1e-6 * off_ppm))
            for i, f in enumerate(by_mass[k::2], 50)
        ]
    images += [Image(700 + i, labels[i % 3], mass, name) for i, (name, mass) in enumerate(listed)]
    made: dict[str, Any] = {}
    for match_ppm, shift in (
        (100.0, MassShift()), (60.0, MassShift(22.0, 3.0, 9, 4.0)), (140.0, MassShift(-20.0, 5.0, 12, 12.0)),
        (100.0, MassShift(10.0, 9.0, 8, 26.0, -300.0, 70.0)),
    ):  # fmt: skip
        found = name_images(images, FRAGMENTS, OTHERS, match_ppm, shift)
        made[f"scatter {shift.scatter_ppm:.0f}"] = {
            "name": " | ".join(n.name for n in found), "by": " ".join(n.by[:1] or "-" for n in found),
            "fragment": [n.number for n in found if n.fragment],
            "judged": {n.number: n.quality.columns() for n in found if n.quality.notes},
        }  # fmt: skip
    how = {"search_ppm": 200, "tolerance_ppm": 30, "min_peaks": 5}
    made["shift"] = asdict(shift_of(images, FRAGMENTS, OTHERS, how))
    hold(KEPT / "names.csv", made)


def spectrum_of(
    width_ppm: float, factor: float, offset: float, ions: float, background: float, seed: int
) -> Spectrum:
    """Return a spectrum of the table's ions, one in three of them weak, with a background and a shoulder beside some."""
    rng = np.random.default_rng(seed)
    n = int(factor * 170**0.5 + offset)
    counts = rng.poisson(background, n)
    for i, mass in enumerate([f.mass_u for f in FRAGMENTS] + [9.4, 13.008, 24.0005]):
        drawn = rng.poisson(ions * (0.02 if i % 3 == 2 else 1.0))
        off = rng.normal(0, width_ppm / 2.355, drawn) + (160 if i % 5 == 1 else 0) * (
            rng.random(drawn) < 0.4
        )
        channel = np.rint(factor * np.sqrt(mass * (1 + 1e-6 * off)) + offset).astype(int)
        counts += np.bincount(channel[channel < n], minlength=n)[:n]
    return Spectrum(counts, factor, offset)


def test_kept_peaks() -> None:
    made = {}
    for name, given in {
        "narrow": (110.0, 33000.0, -400.0, 900.0, 0.003), "broad": (330.0, 20000.0, 250.0, 3000.0, 0.02),
        "coarse": (180.0, 2600.0, -30.0, 400.0, 0.3), "noisy": (150.0, 15000.0, 0.0, 60.0, 0.4),
    }.items():  # fmt: skip
        peaks = find_peaks(spectrum_of(*given, seed=8))
        made[name] = columns([asdict(p) for p in peaks]) | {"resolution": resolution(peaks)}
    late = Spectrum(
        np.bincount([0, 1, 1, 2, 900, 901, 901, 902], [40, 90, 90, 40, 30, 60, 60, 30]),
        3000.0,
        -3000.0 * 12**0.5,
    )
    made["begins late"] = columns([asdict(p) for p in find_peaks(late)])
    made["short"] = [len(find_peaks(Spectrum(np.ones(50), 2000.0, 0.0))), resolution([])]
    hold(KEPT / "peaks.csv", made)


def test_a_second_shift_that_chance_would_give_is_none():
    """Of masses that stand anywhere, as many agree beside the shift as at any other place."""
    masses, tolerance = np.linspace(20.0, 200.0, 400), 25.0
    found = MassShift(0.0, 1.0, 5, 5.0)
    rng = np.random.default_rng(3)
    anywhere = rng.uniform(-600, 600, (400, 2))
    assert _between(found, anywhere, masses, tolerance) == found
    there = anywhere.copy()
    there[:120, 0] = rng.normal(40.0, 3.0, 120)
    between = _between(found, there, masses, tolerance)
    assert between.ppm == pytest.approx(20.0, abs=6) and between.peaks > 100
