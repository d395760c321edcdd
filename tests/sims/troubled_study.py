"""A study of ToF-SIMS in which nearly everything went wrong, as rows of a reduction."""

from __future__ import annotations

from typing import Any

import numpy as np
from coatbench.sims.fragments import load_fragments

FRAGMENTS = load_fragments()
NAMES = ["S2", "S3", "S4", "SO2", "SO3", "LiSO3", "PO2", "LiPO3", "POS", "PS2", "PS3", "Cl"]
EXACT = {f.name: f.mass_u for f in FRAGMENTS}
SHARES = dict(zip(NAMES, np.geomspace(0.09, 0.006, len(NAMES)).tolist(), strict=True)) | {
    "PS2": 0.12,
    "PS3": 0.1,
}


def region(
    sample: str,
    name: str,
    factors: dict[str, float],
    rng: np.random.Generator,
    ions: float = 4e5,
    shift_ppm: float = 0.0,
    by: str = "mass",
) -> list[dict[str, Any]]:
    """Return the rows of a region: shares of its ions that scatter, with the uncertainty of their counts."""
    common = float(rng.lognormal(0, 0.08))
    rows: list[dict[str, Any]] = []
    for i, fragment in enumerate(NAMES):
        share = (
            SHARES[fragment]
            * factors.get(fragment, factors.get("all", 1.0))
            * common
            * float(rng.lognormal(0, 0.05))
        )
        counts = float(rng.poisson(share * ions))
        mass = EXACT[fragment] * (1 + 1e-6 * (shift_ppm + float(rng.normal(0, 4))))
        whole = {
            "mass_u": None,
            "mass_lower_u": None,
            "mass_upper_u": None,
            "label": f"{fragment}-",
            "listed": "",
        }
        known = whole | {
            "label": "",
            "mass_u": mass,
            "mass_lower_u": mass * (1 - 140e-6),
            "mass_upper_u": mass * (1 + 140e-6),
        }
        rows.append({
            "sample": sample, "region": name, "number": 2 * i + 1, "normalised_intensity": counts / ions * 1.02, "pixel_sd": share / 3,
            "poisson_sd": counts**0.5 / ions, "ratio_of_sums": counts / ions, "sum_counts": counts, "corrected_counts": None,
            "largest_count": 9.0, "n_pixels": 900, "n_empty_pixels": 40 + i, "total_source": "image 0",
        } | (known if by == "mass" else whole))  # fmt: skip
    return rows


def study() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows and acquisitions of samples of which each has a trouble of its own."""
    rng = np.random.default_rng(31)
    rows: list[dict[str, Any]] = []
    for name in ("1", "2", "3"):
        rows += region("bare", name, {}, rng, shift_ppm=25.0)
    for name in ("1", "2", "3", "4"):
        more = {"S2": 2.1, "SO2": 2.4, "S3": 2.2, "SO3": 2.3, "S4": 2.0} if name == "3" else {}
        rows += region("dust", name, {"all": 0.7} | more, rng, shift_ppm=-60.0)
    rows += region("one", "1", {"S2": 0.4, "SO2": 1.3, "S3": 0.3}, rng, shift_ppm=120.0)
    for name in ("1", "2"):
        rows += [
            r
            for r in region("lacks", name, {"all": 1.4}, rng, by="label")
            if r["label"] not in ("LiPO3-", "S4-", "PS3-")
        ]
    events = [
        r | {"total_source": "events"}
        for name in ("1", "2")
        for r in region("events", name, {"all": 0.8}, rng, 9e4)
    ]
    rows += events
    sums = [r | {"total_source": "sum of images"} for r in region("summed", "1", {"all": 1.1}, rng)]
    rows += [*sums, *region("summed", "2", {"all": 1.1}, rng)]
    again = region("copies", "1", {"all": 0.5}, rng, shift_ppm=10.0)
    rows += (
        again
        + [r | {"region": "2"} for r in again]
        + [r | {"sample": s} for s in ("copy b", "copy c", "copy d", "copy e") for r in again]
    )
    odd = [r for name in ("1", "2") for r in region("odd", name, {"all": 0.9}, rng, by="label")]
    for r in odd:
        r |= {
            "S2-": {"label": "S2 or SO2"},
            "SO2-": {"label": "SO2?"},
            "S3-": {"listed": "S4"},
            "POS-": {"label": "sum of rest"},
        }.get(r["label"], {})
        if r["label"] in ("LiSO3-", "Cl-"):
            r |= {
                "normalised_intensity": 0.0,
                "ratio_of_sums": 0.0,
                "sum_counts": 0.0,
                "poisson_sd": 0.0,
            }
        if r["label"] == "PO2-":
            r |= {
                k: odd[5][k]
                for k in ("sum_counts", "normalised_intensity", "ratio_of_sums", "pixel_sd")
            }
    rows += odd
    rows += [
        r | {"label": r["label"].replace("-", "+")}
        for r in region("positive", "1", {}, rng, by="label")
    ]
    rows += [
        r | {"label": f"peak {r['number']}"} for r in region("unnamed", "1", {}, rng, by="label")
    ]
    rows += [
        r | {"ratio_of_sums": r["ratio_of_sums"] * 2.1} for r in region("beyond", "1", {}, rng)
    ]
    rows += region("far", "1", {}, rng, shift_ppm=333.0) + region(
        "far", "2", {}, rng, shift_ppm=-205.0
    )
    keys = list(dict.fromkeys((r["sample"], r["region"]) for r in rows))
    measured: list[dict[str, Any]] = [
        {
            "sample": s,
            "region": r,
            "file": f"{s}{r}",
            "saturated_pixel_fraction": 0.04 if s == "one" else 0.002,
            "mass_resolution": None,
        }
        for s, r in keys
    ]
    for row in measured:
        if row["sample"] in ("events", "bare"):
            row |= {"mass_resolution": 3100.0 if row["region"] == "2" else 6000.0}
        if row["sample"] == "events":
            row |= {"mass_source": "events", "mass_shift_ppm": 31.0, "mass_shift_ppm_sd": 1.5, "peaks_used": 14,
                    "mass_slope_ppm": 120.0, "mass_median_u": 80.0, "mass_note": "the scale is tilted" if row["region"] == "2" else None}  # fmt: skip
    return rows, measured
