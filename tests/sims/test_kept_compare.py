"""Kept numbers of the comparison: a study in which nearly everything went wrong, and its steps alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from coatbench.quality import Quality, doubtful, unusable
from coatbench.sims.calibration import MassShift
from coatbench.sims.capture import held_share, other_widths, windows_beside
from coatbench.sims.collect import collect
from coatbench.sims.degradation import degradation_tables
from coatbench.sims.ions import other_ions
from coatbench.sims.isotopes import subtracted
from coatbench.sims.ratio import Mean, mean_of_regions, pooled_scatter, ratio_of_means, welch_t
from coatbench.sims.regions import damped, judge, judged_shift, saturated_regions
from coatbench.sims.weights import WEIGHTINGS, principal_components, scaled, weights
from kept_numbers import hold

from .kept_columns import KEPT, columns
from .troubled_study import EXACT, FRAGMENTS, NAMES, region, study

CONFIG = {
    "mass_calibration": {"search_ppm": 400, "tolerance_ppm": 20, "min_peaks": 5}, "plausible": {"mass_shift_ppm": {"doubtful": [-90, 90], "unusable": [-300, 300]}},
    "region_outlier_sd": 3.5, "match_ppm": 80, "mass_resolution": 4000, "headline_weighting": "pca_none", "bootstrap_repetitions": 60,
    "bootstrap_seed": 9, "saturated_pixels": "keep", "dead_time": "none",
    "main_groups": {"sulfur": ["polysulfide", "sulfite_sulfate"], "phosphorus": ["phosphite_phosphate"], "none": ["of no fragment"]},
}  # fmt: skip


def tables(
    reference: str | None, leave: tuple[str, ...] = (), **settings: Any
) -> dict[str, list[dict[str, Any]]]:
    rows, measured = study()
    order = (
        "one",
        "bare",
        "dust",
        "lacks",
        "events",
        "summed",
        "copies",
        "odd",
        "positive",
        "unnamed",
        "beyond",
        "far",
    )
    return collect(
        {"sims_regions": [r for r in rows if r["sample"] not in leave], "sims_acquisition": [r for r in measured if r["sample"] not in leave]},
        [{"sample": s} for s in order if s not in leave], CONFIG | settings, reference=reference, fragments=FRAGMENTS,
    )  # fmt: skip


def test_kept_study() -> None:
    made = tables("bare")
    for name, rows in made.items():
        hold(KEPT / f"study_{name.removeprefix('sims_')}.csv", columns(rows))


def test_kept_studies_without_what_is_needed() -> None:
    """No reference, a reference with one region, of which nothing is usable, one headline alone, nothing at all."""
    few = (
        "copies",
        "copy b",
        "copy c",
        "copy d",
        "copy e",
        "positive",
        "unnamed",
        "far",
        "events",
        "odd",
    )
    whole = {
        "no reference": tables(None, few), "one region": tables("one", few, saturated_pixels="leave_out", headline_weighting="equal"),
        "unusable": tables("beyond", few), "nothing": collect({}, [], CONFIG, reference="bare", fragments=FRAGMENTS),
    }  # fmt: skip
    shown = (
        "sims_degradation",
        "sims_sensitivity",
        "sims_weights",
        "sims_scores",
        "sims_fragments",
    )
    for name, made in whole.items():
        found = {}
        for table in shown:
            rows = [r for r in made[table] if r.get("weighting") in ("equal", "pca_max", None)]
            found[table] = {
                k: v
                for k, v in columns(rows).items()
                if k
                not in ("mass_u", "exact_mass_u", "group", "weighting", "matched_by", "fragment")
            }
        hold(KEPT / f"without_{name.replace(' ', '_')}.csv", found)


def test_kept_judgements_of_regions() -> None:
    rng = np.random.default_rng(12)
    rows = []
    for sample, n, odd in (
        ("a", 2, 1.7),
        ("b", 3, 2.2),
        ("c", 5, 1.9),
        ("bare", 6, 1.0),
        ("d", 1, 3.0),
    ):
        for k in range(n):
            own = region(
                sample,
                str(k),
                {"all": odd if k == 1 else 1.0, "Cl": 1.0},
                rng,
                ions=3e4 if sample == "b" else 3e5,
                by="label",
            )
            rows += [
                r | {"fragment": f, "group": g}
                for r, f in zip(own, NAMES, strict=True)
                for g in [next(x.group for x in FRAGMENTS if x.name == f)]
            ]
    rows[3] |= {
        "normalised_intensity": 0.0,
        "poisson_sd": None,
        "sum_counts": 0.0,
        "ratio_of_sums": 0.0,
    }
    made: dict[str, Any] = {}
    for sd in (2.0, 5.0):
        judged = judge(rows, "bare", sd)
        first = {(r["sample"], r["region"]): r for r in judged}.values()
        made[f"beyond {sd:.0f}"] = columns(
            [
                {
                    k: r[k]
                    for k in ("sample", "region_weight", "deviation_sd", "quality", "quality_note")
                }
                for r in first
            ]
        )
    values = np.array([[1.0, 4.0, 0.0], [1.5, 4.4, 2.0], [9.0, 0.0, 2.0], [1.2, 30.0, 2.5]])
    made["damped"] = [damped(values, np.array([1.0, w, 0.4, 1.0])) for w in (1.0, 0.0)] + [
        damped(values[:, 1], np.array([1.0, 1.0, 1.0, 0.25]))
    ]
    limits = {"doubtful": [-90, 90], "unusable": [-300, 300]}
    shifts = [
        MassShift(p, 2.0, 9, note=n)
        for p in (40.0, -120.0, 310.0, None)
        for n in ("", "mass scale not certain: x", "not checked: y")
    ]
    made["shifts"] = [judged_shift(s, limits).columns() for s in shifts]
    shares = [
        {"sample": "a", "region": str(i), "saturated_pixel_fraction": v}
        for i, v in enumerate((None, 0.0099, 0.0101, 0.6))
    ]
    made["saturated"] = [
        len(saturated_regions(shares, "leave_out")),
        {"".join(k): q.columns() for k, q in saturated_regions(shares, "keep").items()},
    ]
    hold(KEPT / "judgements.csv", made)


def test_kept_widths_and_windows() -> None:
    exact = [EXACT[n] for n in NAMES]
    rows, measured, shifts = [], [], {}
    for i, (resolution, half, off, shift) in enumerate(
        [(6000.0, 130, 0, 0.0), (5500.0, 130, 0, 20.0), (3500.0, 130, 0, -20.0), (6100.0, 60, 0, 0.0), (6000.0, 130, 70, 0.0), (6000.0, 130, 0, 140.0),
         (6000.0, 130, -90, 90.0), (None, 130, 90, 0.0), (6000.0, 130, 300, None)]
    ):  # fmt: skip
        key = ("ref" if i < 2 else "x", str(i))
        measured.append({"sample": key[0], "region": key[1], "mass_resolution": resolution})
        shifts[key] = MassShift(shift, slope_ppm=200.0 if i == 6 else 0.0, median_u=64.0)
        rows += [
            {"sample": key[0], "region": key[1], "group": "" if k % 5 == 4 else "g", "exact_u": m,
             "mass_lower_u": None if k == 3 else m * (1 + 1e-6 * (off - half * (1 + k / 30))), "mass_upper_u": m * (1 + 1e-6 * (off + half))}
            for k, m in enumerate(exact)
        ]  # fmt: skip
    made = {
        name: {" ".join(k): q.columns() for k, q in found.items()}
        for name, found in (
            ("widths", other_widths(rows, measured, "ref")), ("no reference", other_widths(rows, measured, "none")), ("beside", windows_beside(rows, measured, shifts)),
        )
    }  # fmt: skip
    hold(
        KEPT / "widths.csv",
        made | {"held": [[held_share(h, r) for h in (-50, 40, 200)] for r in (3000, 9000)]},
    )


def test_kept_isotopologues() -> None:
    """Ions of 34S, 37Cl and 6Li in narrow and in wide windows, of parents that are not usable, and where nothing was counted."""
    names = {
        "PS2": 0.2,
        "S3": 0.004,
        "PS3": 0.15,
        "S4": 0.002,
        "LiSO3": 0.1,
        "LiPO3": 0.0,
        "PO3": 0.05,
        "SO4": 0.01,
        "H2S": 0.03,
        "37Cl": 0.1,
        "Cl": 0.3,
    }
    table = [f for f in FRAGMENTS if f.name in names]
    rows = []
    for key, half in (("none", None), ("narrow", 4e-6), ("wide", 140e-6)):
        for i, (name, share) in enumerate(names.items()):
            mass = EXACT.get(name, 36.96645)
            low, high = (
                (None, None)
                if half is None
                else (mass * (1 + 60e-6 - half), mass * (1 + 60e-6 + half))
            )
            judged = {"S4": doubtful("odd"), "PO3": unusable("none")}.get(name, Quality())
            rows.append({
                "sample": "a", "region": key, "fragment": name, "group": "g", "normalised_intensity": share, "ratio_of_sums": share * 0.9, "number": i,
                "poisson_sd": None if name == "PS3" else share / 50, "mass_lower_u": low, "mass_upper_u": high,
            } | judged.columns())  # fmt: skip
    shifts = {
        ("a", "narrow"): MassShift(60.0),
        ("a", "wide"): MassShift(60.0, slope_ppm=300.0, median_u=90.0),
    }
    others = other_ions(table)
    kept = (
        "normalised_intensity",
        "ratio_of_sums",
        "poisson_sd",
        "raw_intensity",
        "isotopologue_share",
        "quality",
        "quality_note",
    )
    made = {
        str(r): columns(
            [{k: row[k] for k in kept} for row in subtracted(rows, table, others, shifts, r)]
        )
        for r in (3000.0, 90_000.0)
    }
    hold(KEPT / "isotopologues.csv", made)


def test_kept_ratios() -> None:
    own = [
        Mean(0.4, 0.03, 5, 0.07),
        Mean(0.4, 0.09, 8.0),
        Mean(0.4, None, 1),
        Mean(0.0, 0.01, 4, 0.02),
        Mean(-0.1, 0.01, 4, 0.02),
        Mean(2.0, 1e-9, 2, 0.0),
    ]
    made: dict[str, Any] = {
        "ratios": [
            asdict(ratio_of_means(a, b))
            for a in own
            for b in (Mean(1.3, 0.2, 3, 0.3), own[0], Mean(0.9, 0.1, 4.0))
        ]
    }
    made["no reference"] = [asdict(ratio_of_means(own[0], b)) for b in own[2:5]]
    values = [[3.0], [3.0, 3.3], [1.0, 2.0, 4.0, 4.0], [0.0, 0.0]]
    made["means"] = [
        asdict(mean_of_regions(v, [c] * len(v), b))
        for v in values
        for c in (0.1, 2.0)
        for b in (None, (0.2, 6.0))
    ]
    made["pooled"] = [
        pooled_scatter(own),
        pooled_scatter(own[1:3]),
        pooled_scatter([]),
        pooled_scatter([Mean(1.0, 0.1, 3, 0.0)]),
    ]
    made["factors"] = [welch_t(a, 3, b, n) for a in (0.0, 0.2) for b in (0.0, 0.5) for n in (2, 9)]
    hold(KEPT / "ratios.csv", made)


def test_kept_weights() -> None:
    rng = np.random.default_rng(3)
    x = rng.lognormal(0, 0.3, (7, 4)) * [5.0, 1.0, 0.2, 0.01]
    x[:, 3] *= np.linspace(0.3, 2.0, 7)
    empty = x * [1.0, 1.0, 0.0, 1.0]
    alike = np.ones((5, 3)) * [1.0, 2.0, 3.0]
    made: dict[str, Any] = {}
    for weighting in WEIGHTINGS:
        found = {
            "weights": [weights(v, weighting) for v in (x, empty, x[:3], x[:2], x[:, :1], alike)],
            "drawn": weights(np.stack([x[:5], x[1:6]]), weighting),
        }
        if weighting != "equal":
            parts = [principal_components(v, weighting) for v in (x, empty, x[:2], alike, x[:, :1])]
            found["components"] = [
                None if p is None else {k: v for k, v in asdict(p).items()} for p in parts
            ]
            found["scaled"] = [scaled(v, weighting) for v in (x[:2, :3], empty[:3, 1:3])]
        made[weighting] = found
    hold(KEPT / "weights.csv", made)


def test_kept_groups() -> None:
    """Groups of samples with one region and with few, a reference with one, a sample of zeros, and a lacking fragment."""
    rng = np.random.default_rng(44)
    groups = {f.name: f.group for f in FRAGMENTS}
    rows = []
    for sample, n, factor in (
        ("bare", 4, 1.0),
        ("two", 2, 0.5),
        ("three", 3, 1.6),
        ("single", 1, 0.8),
        ("zeros", 2, 0.0),
        ("few", 2, 0.6),
        ("one of zeros", 1, 0.0),
    ):
        for k in range(n):
            own = region(
                sample,
                str(k),
                {"all": factor},
                rng,
                ions=300.0 if sample == "few" else 1e5,
                by="label",
            )
            rows += [
                r | {"fragment": f, "group": groups[f], "region_weight": 0.3 if (sample, k) == ("three", 2) else 1.0} | Quality().columns()
                for r, f in zip(own, NAMES, strict=True) if not (sample in ("single", "three") and f == "S4")
            ]  # fmt: skip
    main = {
        "sulfur": ["polysulfide", "sulfite_sulfate"],
        "rest": ["phosphite_phosphate", "thiophosphate_oxygenated"],
    }
    made: dict[str, Any] = {}
    for case, reference, leave in (
        ("all", "bare", ()),
        ("one", "single", ()),
        ("several", "bare", ("single", "one of zeros")),
    ):
        given = [r for r in rows if r["sample"] not in leave]
        found = degradation_tables(
            given, reference, FRAGMENTS, main, CONFIG | {"headline_weighting": "pca_poisson"}
        )
        for name in ("sims_degradation", "sims_sensitivity"):
            shown = [r for r in found[name] if r["weighting"] in ("equal", "pca_poisson")]
            made[f"{case} {name}"] = {
                k: v for k, v in columns(shown).items() if k not in ("sample", "weighting", "group")
            }
    hold(KEPT / "groups.csv", made)
