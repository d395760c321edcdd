"""A study of ToF-SIMS alone: two samples with three small regions each."""

from __future__ import annotations

import csv
from pathlib import Path

from coatbench.simulate.sims import simulate

SAMPLES = {"bare": 1.0, "coated": 0.5}
GROUPS = ("polysulfide", "sulfite_sulfate", "phosphite_phosphate", "thiophosphate_oxygenated")
TRUTH = {"sims.empty_pixel_fraction": 0.07, "sims.region_cv": 0.1}


def write_index(folder: Path, rows: list[dict[str, str]]) -> None:
    """Write sims/index.csv."""
    with (folder / "sims" / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["sample", "region", "file"])
        writer.writeheader()
        writer.writerows(rows)


def make_study(folder: Path, regions: int = 3, kind: str = "bif6") -> list[dict[str, str]]:
    """Write the study and return the rows of its index."""
    (folder / "sims").mkdir(parents=True)
    (folder / "samples.csv").write_text("sample,role\nbare,uncoated\ncoated,coated\n")
    rows = [
        {"sample": s, "region": str(r + 1), "file": f"{s}_{r + 1}.{kind}"}
        for s in SAMPLES
        for r in range(regions)
    ]
    write_index(folder, rows)
    settings = {
        "sims": {
            "raster_px": {"bif6": 32, "grd": 32},
            "ions_per_pixel": {"bif6": 120.0, "grd": 60.0},
        }
    }
    for sample, factor in SAMPLES.items():
        truth = TRUTH | {f"sims.relative.{g}": factor for g in GROUPS}
        simulate(
            sample,
            [r for r in rows if r["sample"] == sample],
            folder / "sims",
            truth,
            settings,
            seed=1,
        )
    return rows
