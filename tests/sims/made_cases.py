"""Studies of ToF-SIMS that went wrong, made by the simulator: the traps of the handed ones with other numbers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml
from coatbench.simulate.sims import simulate

FACTORS = {
    "polysulfide": 0.70, "sulfite_sulfate": 1.22, "phosphite_phosphate": 0.76, "thiophosphate_oxygenated": 1.10,
}  # fmt: skip
SHIFTS_PPM = {"shift110": 95.0, "shift278": 284.0, "events_scale": 125.0, "plain": 0.0}
# Files of a sample's regions; rows of one folder differ by `measurement`.
FILES = {
    **{s: [f"{s}_{i}.bif6" for i in (1, 2)] for s in ("bare", "plain", "shift110", "shift278", "partner", "copies")},
    "dust": [f"dust_{i}.bif6" for i in range(1, 6)],
    **{s: [f"{s}_1.grd"] for s in ("events", "events_scale", "events_positive")},
    "labels": ["labels"], "onefolder": ["onefolder"] * 2, "container_itm": ["measurement.itm"],
    "container_raw": ["measurement.raw"], "profile": ["profile/profile (0) - total.txt"],
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "raster_px": {"bif6": 24, "ascii": 24, "grd": 24},
    "ions_per_pixel": {"bif6": 400.0, "ascii": 400.0, "grd": 60.0},
    "mass_error_ppm": 5.0,
    "samples": {
        "dust": {"dusty_region": "r2", "dust_factor": 3.0},
        "partner": {"listed_partners": ["S3", "SO4"]},
        "events_positive": {"polarity": "Positive"},
        **{s: {"mass_shift_ppm": v} for s, v in SHIFTS_PPM.items()},
    },
}
PROFILE = """# Profile Smoothing is Disabled
#\t\t\t\ttotal\tS_2-\t
#\t\t\t\tN/A\t63.9447\t
#Data Point #\tSputter Time (s)\tDose (ions)\tFluence (ions/cm^2)\tIntensity\t
1\t1.200\t2e+09\t3e+12\t7310\t214\t
2\t2.400\t4e+09\t6e+12\t7295\t216\t
"""


def write_study(folder: Path, files: dict[str, list[str]], settings: dict, **sims: Any) -> None:
    """Write tables and the regions that the simulator makes of `FACTORS`; of `bare` those of the reference."""
    (folder / "sims").mkdir(parents=True)
    index, samples = ["sample,region,file,measurement"], ["sample,role"]
    (folder / "study.yaml").write_text(yaml.safe_dump({"sims": sims}))
    for sample, names in files.items():
        samples.append(f"{sample},{'uncoated' if sample == 'bare' else 'coated'}")
        rows = [
            {"region": f"r{i}", "file": n, "measurement": f"place{i}" if n == "onefolder" else ""}
            for i, n in enumerate(names, 1)
        ]
        index += [f"{sample},{r['region']},{r['file']},{r['measurement']}" for r in rows]
        factors = FACTORS if settings is SETTINGS and sample != "bare" else dict.fromkeys(FACTORS, 1.0)  # fmt: skip
        truth = {"sims.empty_pixel_fraction": 0.05, "sims.region_cv": 0.02}
        truth |= {f"sims.relative.{group}": v for group, v in factors.items()}
        if not sample.startswith(("container", "profile")):
            simulate(sample, rows, folder / "sims", truth, {"sims": settings}, 3)
    (folder / "sims" / "index.csv").write_text("\n".join([*index, ""]))
    (folder / "samples.csv").write_text("\n".join([*samples, ""]))


def write_cases(folder: Path) -> None:
    """Write both studies."""
    write_study(folder / "study", FILES, SETTINGS)
    regions = folder / "study" / "sims"
    shutil.copy(regions / "copies_1.bif6", regions / "copies_2.bif6")
    for path in (regions / "labels").iterdir():
        label = path.name.replace("PO_2-", "62.96u").replace("S_2-", "S_2- _ ( SO_2- )")
        if " - PO_2-." in path.name or " - S_2-." in path.name:
            path.rename(path.with_name(label))
    (regions / "measurement.itm").write_bytes(b"ITStrF01\4\0\0\0[directory]" + bytes(180))
    (regions / "measurement.raw").write_bytes(b"SOFH\r\nPlatform: TRIFT V nanoTOF\r\nAcqPolarity: -\r\nEOFH\r\n" + bytes(64))  # fmt: skip
    (regions / "profile").mkdir()
    (regions / "profile" / "profile (0) - total.txt").write_text(PROFILE)
    few = {s: [f"{s}_{i}.bif6" for i in (1, 2)] for s in ("bare", "coated")}
    # Of PS2, which all is divided by, 3 counts a pixel in the one and 1 in the other.
    counts = {"raster_px": {"bif6": 64}, "ions_per_pixel": {"bif6": 115.0}, "samples": {"coated": {"ions_per_pixel": {"bif6": 38.0}}}}  # fmt: skip
    write_study(folder / "few_counts", few, counts, normalise_to=["PS2"], headline_weighting="equal")  # fmt: skip
