"""Kept numbers of one job: regions of every kind reduced, whole exports analysed, parts of pixels, requests of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.errors import AnalysisError
from coatbench.readers.sims_region import Channel, Region, to_export
from coatbench.sims import jobs
from coatbench.sims.analyse import analyse
from coatbench.sims.dead_time import correct_peaks, harmonic_table
from coatbench.sims.fragments import Fragment, load_fragments, windows
from coatbench.sims.inside import describe
from coatbench.sims.masses import ion_mass_u
from coatbench.sims.nmf import factorise
from coatbench.sims.peaks import named_intervals, named_peaks
from coatbench.sims.reduce import Reduction, reduce_region
from coatbench.simulate.sims import simulate
from coatbench.simulate.write_bif6 import write_bif6
from coatbench.simulate.write_surfacelab import write_surfacelab
from kept_numbers import hold

from .kept_columns import KEPT, columns

FRAGMENTS = load_fragments()
CONFIG = {
    "dead_time": "none", "shots_per_pixel": None, "saturated_pixels": "keep", "normalise_to": "total", "match_ppm": 70,
    "mass_calibration": {"search_ppm": 300, "tolerance_ppm": 30, "min_peaks": 3}, "window_ppm": 110, "map_px": 40, "map_ions": 60,
    "fragments": "",
}  # fmt: skip


def few_ions(ny: int = 23, nx: int = 37) -> tuple[np.ndarray, np.ndarray]:
    """Return images of few ions, darker to one side and with an empty corner, and a total that holds other ions too."""
    rng = np.random.default_rng(15)
    light = np.linspace(0.4, 1.6, nx) * np.ones((ny, 1))
    light[:4, :5] = 0.0
    images = np.stack([rng.poisson(m * light) for m in (1.3, 0.2, 0.6, 0.0, 2.2)]).astype(np.uint32)
    return images, images.sum(axis=0, dtype=np.uint32) + rng.poisson(0.7 * light).astype(np.uint32)


def region_of(images: np.ndarray, total: np.ndarray | None, **attrs: Any) -> Region:
    channels = [
        Channel(3 * i + 2, f"i{i}", 20.0 + i, 19.99 + i, 20.02 + i) for i in range(len(images))
    ]
    channels[1] = Channel(5, "no interval")
    source = "none" if total is None else "image 0"
    return Region(
        Path("made.bif6"),
        "BIF6",
        images.shape[1:],
        channels,
        images.__getitem__,
        total,
        source,
        attrs,
    )


def test_kept_reductions() -> None:
    images, total = few_ions()
    most = int(images.max())
    mask = np.hypot(*np.ogrid[-9:14, -20:17]) < 13
    known = region_of(images, total, shots_per_pixel=most, field_of_view_um=77.0)
    single = region_of(images[:, 9:10, 30:31], total[9:10, 30:31])
    cases = {
        "total": (region_of(images, total), Reduction(), None),
        "total, mask": (known, Reduction(), mask),
        "by two": (region_of(images, total), Reduction(normalise_to=(2, 8)), None),
        "by two, mask, dead time": (known, Reduction("harmonic", most + 3, (2, 8)), mask),
        "by a rare one": (region_of(images, total), Reduction(normalise_to=(5,)), mask),
        "dead time": (known, Reduction("harmonic"), None),
        "without saturated": (known, Reduction(shots_per_pixel=most - 2, without_saturated=True), mask),
        "without saturated, no mask": (known, Reduction(without_saturated=True), None),
        "saturated": (region_of(images, total), Reduction(shots_per_pixel=most - 1), mask),
        "sum of images": (region_of(images, None), Reduction("harmonic", most), mask),
        "intensities": (region_of(images * 0.37, total * 0.37), Reduction(), None),
        "beyond the total": (region_of(images * 5, total), Reduction(), None),
        "one pixel": (single, Reduction(), None),
    }  # fmt: skip
    made = {}
    for name, (region, how, where) in cases.items():
        found = reduce_region(region, how, where)
        kept = (
            "normalised_intensity",
            "pixel_sd",
            "poisson_sd",
            "ratio_of_sums",
            "sum_counts",
            "corrected_counts",
            "largest_count",
        )
        made[name] = {
            "facts": found.facts, "warnings": found.warnings,
            "rows": {k: np.round([np.nan if r[k] is None else r[k] for r in found.rows], 8) for k in kept},
        }  # fmt: skip
    hold(
        KEPT / "reductions.csv",
        {k: {"facts": v["facts"], "warnings": v["warnings"]} for k, v in made.items()},
    )
    told = ("saturated", "one pixel", "without saturated, no mask", "intensities")
    hold(KEPT / "reduced_rows.csv", {k: v["rows"] for k, v in made.items() if k not in told})


def test_kept_refusals_of_a_reduction() -> None:
    images, total = few_ions()
    refused = {}
    for name, region, how in (
        ("floats", region_of(images * 0.5, total), Reduction("harmonic", 9)),
        ("too many", region_of(images, total), Reduction("harmonic", 2)),
        ("no shots", region_of(images, total), Reduction("harmonic")),
        ("nothing", region_of(images * 0, total * 0), Reduction()),
        ("no parts", region_of(images, total), Reduction(normalise_to=(11,))),
    ):
        with pytest.raises(AnalysisError) as caught:
            reduce_region(region, how)
        refused[name] = str(caught.value)
    made: dict[str, Any] = {"refused": refused, "harmonic": [harmonic_table(1), harmonic_table(4)]}
    made["peaks"] = correct_peaks(np.array([0.0, 3.0, 7.0, 9.0]), 7.0)
    with pytest.raises(ValueError, match="one shot"):
        harmonic_table(0)
    hold(KEPT / "refusals.csv", made)


# --- whole exports -------------------------------------------------------------------------------

PEAKS = "name,centre_u,lower_u,upper_u\nS2,63.9530,63.9440,63.9600\nPO2-,62.9700,,\nPO3,78.9650,,78.975\n"
TRUTH = {"sims.empty_pixel_fraction": 0.1, "sims.region_cv": 0.05, "sims.relative.polysulfide": 0.6}
SIMULATED = {"raster_px": {"bif6": 20, "grd": 20}, "ions_per_pixel": {"bif6": 90.0, "grd": 90.0}, "field_of_view_um": 88.0,
             "mass_shift_ppm": 160.0, "mass_error_ppm": 6.0}  # fmt: skip


def write_exports(folder: Path) -> None:
    """Write two exports of images that are not square, two of the simulator, peaks, and a mask."""
    images, total = few_ions(50, 110)
    masses = [ion_mass_u(f) * (1 + 40e-6) for f in ("S2", "PO2", "SO2", "PO3", "Cl")]
    nan = float("nan")
    write_bif6(
        folder / "wide.bif6",
        [
            (0, (nan, nan, nan), total),
            *(
                (i + 3, (m, m - 0.01, m + 0.008), c)
                for i, (m, c) in enumerate(zip(masses, images, strict=True))
            ),
        ],
    )
    labels = ("S_2-", "PO_2-", "sum of rest", "C_2-", "Cl-")
    write_surfacelab(
        folder / "tall",
        "cell (b)",
        {
            2 * i + 1: (n, c.T[:52, :26])
            for i, (n, c) in enumerate(zip(labels, images, strict=True))
        },
    )
    (folder / "corners.csv").write_text("x_px,y_px\n10,5\n100,5\n100,44\n10,40\n")
    (folder / "peaks.csv").write_text(PEAKS)
    rows = [{"region": r, "file": f} for r, f in (("a", "a.grd"), ("b", "b.bif6"))]
    simulate("x", rows, folder, TRUTH, {"sims": SIMULATED}, seed=4)


def cases(folder: Path) -> dict[str, tuple[list[dict[str, str]], dict[str, Any]]]:
    """Return index rows and settings that differ from the default."""
    wide = {
        "file": "wide.bif6",
        "field_of_view_um": "150",
        "primary_ion_dose_cm2": "2e12",
        "pixel_binning": "2.5",
        "shots_per_pixel": "8",
    }
    return {
        "wide": ([wide | {"mask": "corners.csv", "peak_list": "peaks.csv"}], {"normalise_to": ["Cl", "S2"]}),
        "tall": ([{"file": "tall", "measurement": "cell (b)"}], {"dead_time": "harmonic", "shots_per_pixel": 12, "map_px": 13}),
        "events": ([{"file": "a.grd"}, {"file": "a.grd", "mask": "half.csv"}, {"file": "b.bif6"}], {"saturated_pixels": "leave_out"}),
        "events listed": ([{"file": "a.grd", "peak_list": "peaks.csv", "format": "grd"}], {"map_ions": 1, "normalise_to": ["PO3"]}),
        "refused": (
            [wide | {"shots_per_pixel": "0"}, wide | {"shots_per_pixel": "5", "field_of_view_um": ""},
             {"file": "tall", "shots_per_pixel": "1.5"}, {"file": "a.grd", "mask": "none.csv"}],
            {"normalise_to": ["Cl"]},
        ),
        "not there": ([{"file": "wide.bif6"}], {"normalise_to": ["Cl", "S5", "SO3"]}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder)
    (folder / "half.csv").write_text("x_px,y_px\n0,0\n20,0\n0,20\n")
    return folder


@pytest.mark.parametrize("name", list(cases(Path())))
def test_kept_jobs(exports: Path, name: str) -> None:
    given, settings = cases(exports)[name]
    rows = [{"sample": "x", "region": str(i)} | r for i, r in enumerate(given, 1)]
    widths_ppm = {"POS": 60.0, "Cl": 250.0}
    table = [
        *FRAGMENTS[:12],
        *(Fragment(n, n, -1, "x", ion_mass_u(n), w) for n, w in widths_ppm.items()),
    ]
    found = analyse(
        rows, [exports / r["file"] for r in rows], CONFIG | settings, fragments=windows(table, 110)
    )
    made: dict[str, Any] = {n: columns(part) for n, part in found.tables.items()}
    for curve, arrays in found.curves.items():
        content = arrays.to_xarray()
        made[curve] = {
            v: np.asarray(content[v], object if v == "label" else float) for v in content.variables
        }
        made[curve]["label"] = " ".join(map(str, made[curve].get("label", [])))
        made[curve]["attrs"] = arrays.attrs
    made |= {"warnings": found.warnings, "problem": str(found.problem).replace(str(exports), "")}
    if "sims_regions" in found.tables:
        made["intervals"] = columns(
            named_intervals(found.tables["sims_regions"], FRAGMENTS, CONFIG)
        )
    if "spectrum" in found.curves:
        made["peaks"] = columns(named_peaks(found.curves["spectrum"], FRAGMENTS))
    hold(KEPT / f"job_{name.replace(' ', '_')}.csv", made)


def test_kept_words_about_exports() -> None:
    images, total = few_ions()
    masses = [ion_mass_u(f) for f in ("S2", "PO2", "SO2", "PO3", "Cl")]
    region = region_of(images, total)
    named = Region(
        region.path,
        "BIF6",
        region.shape,
        [Channel(i, "", m) for i, m in enumerate(masses)],
        region.read_image,
        total,
        "image 0",
    )
    events = Region(
        region.path, "GRD", region.shape, region.channels, region.read_image, total, "events"
    )
    made = {
        k: describe(to_export(r), CONFIG)
        for k, r in (("labels", region), ("masses", named), ("events", events))
    }
    hold(KEPT / "words_about_exports.csv", made)


def test_kept_parts_of_pixels(tmp_path: Path) -> None:
    """Two samples of different size, one with a fragment that the other lacks, and pixels without any ion."""
    rng = np.random.default_rng(9)
    names = ["S2", "SO2", "PO2", "PO3", "other"]
    curves, regions = [], []
    for sample, (ny, nx), n in (("bare", (14, 21), 5), ("coated", (17, 9), 4)):
        share = np.clip(np.linspace(-0.2, 1.2, nx) * np.ones((ny, 1)), 0, 1)
        parts = np.array([[0.6, 0.25, 0.05, 0.0, 0.1], [0.05, 0.0, 0.45, 0.4, 0.1]])[:, :n]
        counts = rng.poisson(
            9 * np.einsum("kyx,kf->fyx", np.stack([share, 1 - share]), parts)
        ).astype(float)
        counts[:, :3, :2] = 0
        total = counts.sum(axis=0)
        with np.errstate(invalid="ignore"):
            ratio = counts / total
        maps = Arrays.of(
            {"normalised_intensity": (("image", "y", "x"), ratio), "total_counts": (("y", "x"), total)},
            coords={"number": ("image", np.arange(n) + 3)}, attrs={"sample": sample, "region": "7"},
        )  # fmt: skip
        curves.append(str(tmp_path / f"{sample}.nc"))
        save_curves({"maps": maps}, curves[-1])
        regions += [
            {"sample": sample, "region": "7", "number": i + 3, "fragment": f, "group": "g"}
            for i, f in enumerate(names[:n])
        ]
    save_curves({"none": maps}, tmp_path / "none.nc")
    found = factorise([*curves, str(tmp_path / "none.nc")], regions, 2, 5)
    assert found is not None
    made = {
        "fragments": found.fragments, "loadings": np.round(found.loadings, 3), "shares": np.round(found.shares, 3),
        "maps": {s: [float(np.round(np.nanmean(m), 3)), np.isnan(m).sum(), *m.shape] for s, m in found.maps.items()},
    }  # fmt: skip
    hold(KEPT / "parts.csv", made)
    assert factorise(curves, regions, 5, 5) is None


def test_kept_requests() -> None:
    rows = {
        "images": [{"file": "a.bif6"}, {"file": "b"}],
        "events": [{"file": "a.GRD"}, {"file": "b.x", "format": "SIMSH5"}],
        "none": [],
    }
    rows |= {
        "mixed": [{"file": "a.h5", "format": "BIF6"}, {"file": "a.imzML"}],
        "images stated": [{"file": "a.h5", "format": "BIF6"}],
    }
    made: dict[str, Any] = {}
    for name, own in rows.items():
        made[name] = {
            "events": [jobs.has_events(r) for r in own], "memory": [jobs.memory_mb(s, own, a) for s, a in ((0, 1), (3000.0, 2))],
            "reduce": {k: str(v) for k, v in jobs.reduce_config(own, CONFIG).items()},
            "by name": str(jobs.reduce_config(own, CONFIG | {"normalise_to": ["Cl"]})["match_ppm"]),
            "windows": [len(jobs.reduce_fragments(own, FRAGMENTS, CONFIG | {"normalise_to": n})) for n in ("total", ["Cl"])],
        }  # fmt: skip
    made["minutes"] = [jobs.runtime_min(s, a) for s, a in ((0, 1), (599, 1), (90_000, 3))]
    many = [{"region": str(i)} for i in range(7)]
    made["blocks"] = {
        str(n): {
            b: [r["region"] for r in jobs.block_rows(many, b, n)] for b in jobs.blocks(len(many), n)
        }
        for n in (0, 1, 3, 6, 7, 9)
    }
    hold(KEPT / "requests.csv", made)


def test_kept_files_behind_an_entry(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    for name in (
        "folder/b.txt",
        "folder/a",
        "x.itm.grd",
        "x.properties.txt",
        "x.itm.properties.txt",
        "y.imzML",
        "y.ibd",
        "z.IMZML",
        "z.IBD",
        "w.GRD",
        "w.properties.txt",
    ):
        (tmp_path / name).touch()
    entries = ("folder", "x.itm.grd", "x.grd", "y.imzML", "z.IMZML", "w.GRD", "y.ibd", "absent")
    hold(KEPT / "files.csv", {e: [Path(p).name for p in jobs.parts(tmp_path / e)] for e in entries})
