"""Reduction: the maths against plain Python, the same tables from every format, resuming, dead time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coatbench.analysis import save_rows
from coatbench.errors import AnalysisError
from coatbench.readers.sims_region import Channel, Region
from coatbench.sims.analyse import _maps, analyse
from coatbench.sims.dead_time import correct_peaks, harmonic_table
from coatbench.sims.fragments import Fragment, windows
from coatbench.sims.masses import ion_mass_u
from coatbench.sims.reduce import Reduction, reduce_region
from coatbench.sims.regions import saturated_regions
from hypothesis import given, settings
from hypothesis import strategies as st

from . import conftest as made

CONFIG = {
    "dead_time": "none",
    "shots_per_pixel": None,
    "saturated_pixels": "keep",
    "normalise_to": "total",
    "match_ppm": 100,
    "mass_calibration": {"search_ppm": 500, "tolerance_ppm": 25, "min_peaks": 4},
    "window_ppm": 150,
    "map_px": 8,
    "map_ions": 100,
}
FORMULAS = {"S_2^-": "S2", "SO_2-": "SO2", "PO_3-": "PO3", "^37Cl-": "^37Cl"}
FRAGMENTS = [Fragment(f, f, -1, "any", ion_mass_u(f)) for f in FORMULAS.values()]
WINDOWS = windows(FRAGMENTS, 150)


def region_of(images: np.ndarray, total: np.ndarray | None) -> Region:
    return Region(
        Path("made"), "BIF6", images.shape[1:], [Channel(i + 1) for i in range(len(images))],
        images.__getitem__, total, "image 0" if total is not None else "none",
    )  # fmt: skip


def plain(image: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    """The maths, pixel by pixel."""
    ratios = [
        c / t for c, t in zip(image.ravel().tolist(), total.ravel().tolist(), strict=True) if t > 0
    ]
    mean = sum(ratios) / len(ratios)
    return mean, (sum((r - mean) ** 2 for r in ratios) / (len(ratios) - 1)) ** 0.5


def test_against_plain_python(counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    reduced = reduce_region(region_of(images, total), Reduction())
    assert reduced.facts["n_empty_pixels"] == 5
    assert reduced.facts["n_pixels"] == total.size - 5
    for image, row in zip(images, reduced.rows, strict=True):
        mean, sd = plain(image, total)
        assert row["normalised_intensity"] == pytest.approx(mean, rel=1e-13)
        assert row["pixel_sd"] == pytest.approx(sd, rel=1e-9)
        assert row["sum_counts"] == image.sum()
        assert row["ratio_of_sums"] == pytest.approx(image.sum() / total.sum(), rel=1e-13)
    zeros = reduced.rows[3]  # an image of zeros is a measured 0
    assert (zeros["normalised_intensity"], zeros["pixel_sd"], zeros["largest_count"]) == (0, 0, 0)


@pytest.mark.parametrize("kind", [np.uint32, np.float64])
@pytest.mark.parametrize("largest", [9, 2**32 - 1])
def test_many_pixels_and_large_counts(kind: type, largest: int) -> None:
    """More pixels than are added at a time, and a rest; sums that 32 bits do not hold."""
    rng = np.random.default_rng(11)
    image = rng.integers(0, largest, (19, 31), dtype=np.uint32, endpoint=True)
    total = rng.integers(0, 3, image.shape).astype(np.uint32)
    row = reduce_region(region_of(image[None].astype(kind), total), Reduction()).rows[0]
    mean, sd = plain(image, total)
    assert row["normalised_intensity"] == pytest.approx(mean, rel=1e-13)
    assert row["pixel_sd"] == pytest.approx(sd, rel=1e-9)
    assert row["sum_counts"] == image.sum(dtype=np.uint64)
    assert row["largest_count"] == image.max()


def test_an_image_does_not_depend_on_its_neighbours(counts) -> None:  # type: ignore[no-untyped-def]
    images, total = (np.tile(c, (5, 3)) for c in counts)
    for number in (4, 3):  # even and odd
        together = reduce_region(region_of(images[:number], total), Reduction()).rows
        alone = [reduce_region(region_of(i[None], total), Reduction()).rows[0] for i in images]
        mixed = region_of(images[:number], total)
        mixed.read_image = lambda i: images[i].astype(float) if i == 1 else images[i]
        for rows in (alone[:number], reduce_region(mixed, Reduction()).rows):
            assert [r | {"number": 0} for r in rows] == [r | {"number": 0} for r in together]


def test_poisson_uncertainty_is_that_of_repeated_draws() -> None:
    rng = np.random.default_rng(5)
    share, expected = 0.1, rng.uniform(2, 20, (16, 16))
    total = rng.poisson(expected).astype(np.uint32)
    means, sds = [], []
    for _ in range(400):
        image = rng.binomial(total, share).astype(np.uint32)
        row = reduce_region(region_of(image[None], total), Reduction()).rows[0]
        means.append(row["normalised_intensity"])
        sds.append(row["poisson_sd"])
    assert np.mean(sds) == pytest.approx(np.std(means), rel=0.12)
    assert np.mean(means) == pytest.approx(share, rel=0.01)


def test_missing_total_uses_the_sum_and_says_so(counts) -> None:  # type: ignore[no-untyped-def]
    images, _ = counts
    reduced = reduce_region(region_of(images, None), Reduction())
    assert reduced.facts["total_source"] == "sum of images"
    assert any("no total image" in w for w in reduced.warnings)
    assert reduced.rows[0]["normalised_intensity"] == pytest.approx(
        plain(images[0], images.sum(axis=0))[0]
    )


def test_normalised_to_a_set(counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    reduced = reduce_region(region_of(images, total), Reduction(normalise_to=(1, 3)))
    assert reduced.facts["total_source"] == "sum of fragments"
    own = reduced.rows[0]["normalised_intensity"] + reduced.rows[2]["normalised_intensity"]
    assert own == pytest.approx(1)  # the parts of the denominator
    many = images * 100  # so many counts that blocks are pixels, and one count more is nothing
    row = reduce_region(region_of(many, total), Reduction(normalise_to=(1, 3))).rows[1]
    assert row["normalised_intensity"] == pytest.approx(
        plain(many[1], many[0] + many[2])[0], rel=0.002
    )


@pytest.mark.parametrize("ions", [0.3, 1.0, 3.0, 40.0])
@pytest.mark.parametrize("shape", [(32, 32), (31, 50)])
def test_a_ratio_to_few_counts_is_unbiased(ions: float, shape: tuple[int, int]) -> None:
    """Pixels differ in brightness and in their true ratio; the mean of the ratio over them comes back."""
    rng = np.random.default_rng(8)
    bright = rng.gamma(8.0, 1 / 8.0, shape)
    truth = np.linspace(1.5, 2.5, shape[1])  # along x
    found, stated = [], []
    for _ in range(60):
        a = rng.poisson(ions * bright * truth).astype(np.uint32)
        b = rng.poisson(ions * bright).astype(np.uint32)
        row = reduce_region(region_of(np.array([a, b]), None), Reduction(normalise_to=(2,))).rows[0]
        found.append(row["normalised_intensity"])
        stated.append(row["poisson_sd"])
    error = np.std(found, ddof=1)
    assert np.mean(found) == pytest.approx(truth.mean(), abs=3 * error / 60**0.5 + 0.01)
    assert 0.8 * error < np.mean(stated) < 2.5 * error


@pytest.mark.parametrize("masked", [False, True])
def test_the_scatter_between_blocks_of_any_size_is_that_of_their_counts(masked: bool) -> None:
    """Blocks that the edge or a mask cuts are smaller: binomial shares of N ions scatter by sqrt(p (1 - p) / N), and alike."""
    shape, p, ions = (95, 131), 0.3, 1.3  # blocks of 5 x 5
    mask = np.hypot(*np.ogrid[-50:45, -60:71]) < 45
    images = (
        np.random.default_rng(5)
        .poisson([[[ions * p]], [[ions * (1 - p)]]], (2, *shape))
        .astype(np.uint32)
    )
    how = Reduction(normalise_to=(1, 2))
    one, other = reduce_region(region_of(images, None), how, mask if masked else None).rows
    assert one["pixel_sd"] == pytest.approx(other["pixel_sd"])
    assert one["pixel_sd"] == pytest.approx((p * (1 - p) / (25 * ions)) ** 0.5, rel=0.12)


def test_a_mask_leaves_pixels_out(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    mask = np.zeros(total.shape, dtype=bool)
    mask[2:9, 3:12] = True
    for how in (Reduction(), Reduction("harmonic", 60), Reduction(normalise_to=(1,))):
        masked = reduce_region(region_of(images, total), how, mask)
        cut = reduce_region(region_of(images[:, 2:9, 3:12], total[2:9, 3:12]), how)
        assert masked.facts["masked_pixel_fraction"] == pytest.approx(1 - 63 / total.size)
        assert masked.facts["n_empty_pixels"] == cut.facts["n_empty_pixels"]
        for one, other in zip(masked.rows, cut.rows, strict=True):
            assert one["sum_counts"] == pytest.approx(other["sum_counts"])
            assert one["poisson_sd"] == pytest.approx(other["poisson_sd"], rel=0.3)
            same = how.normalise_to == ()
            assert one["normalised_intensity"] == pytest.approx(
                other["normalised_intensity"], rel=1e-12 if same else 0.1
            )
    file = made.bif6(tmp_path, images, total)
    (tmp_path / "corners.csv").write_text("x_px,y_px\n3,2\n12,2\n12,9\n3,9\n")
    rows = [{"sample": "s", "region": "1", "file": file.name, "mask": "corners.csv"}]
    result = analyse(rows, [file], CONFIG, fragments=[])
    acquisition = result.tables["sims_acquisition"][0]
    assert acquisition["masked_pixel_fraction"] == pytest.approx(1 - 63 / total.size)
    rows[0]["mask"] = "absent.csv"
    assert "absent.csv" in str(analyse(rows, [file], CONFIG, fragments=[]).problem)


@pytest.mark.parametrize("inside", [True, False])
def test_a_table_tells_of_no_machine(tmp_path: Path, counts, inside: bool) -> None:  # type: ignore[no-untyped-def]
    file = made.bif6(tmp_path, *counts)
    row = {"sample": "s", "region": "1", "file": "day 1/region.bif6" if inside else str(file)}
    (acquisition,) = analyse([row], [file], CONFIG, fragments=[]).tables["sims_acquisition"]
    assert acquisition["file"] == ("day 1/region.bif6" if inside else "region.bif6")


SURFACELAB = "No.\tCenter Mass (u)\tLower Mass (u)\tUpper Mass (u)\tAssignment\tArea\r\n" + "".join(
    f"{n}\t{m:.4f}\t{m * (1 - 1e-4):.5f}\t{m * (1 + 1e-4):.5f}\t{label}\t1\r\n"
    for n, m, label in [(1, 63.94469, "SO_2-"), (2, 78.95905, "PO_3-")]
) + "3\t\t\t\t(null)\t7\r\n\x00"  # fmt: skip


LISTS = [
    SURFACELAB, "fragment;centre_u\nSO2;63,9447\nPO3;78,9590\n", "Ion,m/z\nSO2-,63.9447\nPO3-,78.9590\n",
    "Species\tm/z (u)\tWidth (u)\nSO2\t63.9447\t0.012\nPO3\t78.959\t0.015\n", "SO2,63.9447\nPO3,78.9590\n",
    "Peak,Start (u),End (u)\nSO2,63.9383,63.9511\nPO3,78.9511,78.9670\n",
]  # fmt: skip


@pytest.mark.parametrize("content", LISTS)
def test_the_peak_list_of_the_analyst_names_images(tmp_path: Path, counts, content: str) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    images, total = (np.pad(c, [(0, 0)] * (c.ndim - 2) + [(0, 4), (0, 0)]) for c in counts)
    (tmp_path / "peaks.txt").write_text(content)
    for file in (made.bif6(tmp_path, images, total), made.grd(tmp_path, images, total)):
        rows = [{"sample": "s", "region": "1", "file": file.name, "peak_list": "peaks.txt"}]
        found = analyse(rows, [file], CONFIG, fragments=WINDOWS).tables["sims_regions"]
        named = {
            r["listed"].rstrip("-").replace("_", ""): r["sum_counts"] for r in found if r["listed"]
        }
        assert named == {"SO2": images[0].sum(), "PO3": images[2].sum()}  # S2 is what they call SO2
    (tmp_path / "peaks.txt").write_text("a,b\n1,2\n")
    assert "peaks.txt: header" in str(analyse(rows, [file], CONFIG, fragments=WINDOWS).problem)


def test_saturated_pixels_are_left_out_where_that_is_asked_for(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    shots = int(images.max())
    full = (images == shots).any(axis=0)
    asked = Reduction(shots_per_pixel=shots, without_saturated=True)
    found = reduce_region(region_of(images, total), asked)
    masked = reduce_region(region_of(images, total), Reduction(), ~full)
    assert [r["sum_counts"] for r in found.rows] == [r["sum_counts"] for r in masked.rows]
    for share in ("saturated_pixel_fraction", "masked_pixel_fraction"):
        assert found.facts[share] == pytest.approx(full.mean())
    for kept, level in (("keep", "doubtful"), ("leave_out", None)):
        row = {"sample": "s", "region": "1", "saturated_pixel_fraction": full.mean()}
        judged = saturated_regions([row], kept).get(("s", "1"))
        assert (judged.level if judged else None) == level


def test_dead_time_changes_neither_what_is_saturated_nor_the_whole_peaks() -> None:
    """Corrected pixels were still called none saturated, and their sum was corrected for dead time once more."""
    shots = 14
    image = np.random.default_rng(3).binomial(shots, 0.8, (1, 20, 30)).astype(np.uint32)
    full = float((image == shots).mean())
    mask = np.ones(image.shape[1:], dtype=bool)
    mask[:4] = False
    for where, kept in ((None, image), (mask, image[:, 4:])):
        as_registered, corrected = (
            reduce_region(region_of(image, image[0] + 9), Reduction(how, shots), where)
            for how in ("none", "harmonic")
        )
        share = corrected.facts["saturated_pixel_fraction"]
        assert share == as_registered.facts["saturated_pixel_fraction"] == (kept == shots).mean()
        of_peak = float(correct_peaks(np.array(kept.sum()), shots * kept[0].size))
        for found in (as_registered, corrected):
            assert found.rows[0]["corrected_counts"] == pytest.approx(of_peak)
    row = {"sample": "s", "region": "1", "saturated_pixel_fraction": full}
    assert 0.01 < full < 0.1
    assert saturated_regions([row], "keep") and not saturated_regions([row], "keep", "harmonic")
    assert "dead_time" in saturated_regions([row], "keep")["s", "1"].note
    row["saturated_pixel_fraction"] = 0.3
    assert "dead_time" not in saturated_regions([row], "keep", "harmonic")["s", "1"].note


@pytest.mark.parametrize("shape", [(2, 300), (300, 2)])
def test_a_narrow_strip_has_maps(shape: tuple[int, int]) -> None:
    image = np.ones((1, *shape), dtype=np.uint32)
    maps = _maps({"sample": "s", "region": "1"}, region_of(image, image[0] * 2), CONFIG)
    assert min(maps["total_counts"].shape) == 1
    assert np.allclose(maps["normalised_intensity"], 0.5)


def test_saturated_pixels_are_counted(counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    shots = int(images.max())
    facts = reduce_region(region_of(images, total), Reduction(shots_per_pixel=shots)).facts
    assert facts["saturated_pixel_fraction"] == (images == shots).any(axis=0).mean() > 0
    assert (
        reduce_region(region_of(images, total), Reduction()).facts["saturated_pixel_fraction"]
        is None
    )


@pytest.mark.parametrize("names", [["PO3"], ["S2", "PO3"]])
def test_normalised_to_fragments_by_name(tmp_path: Path, counts, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    numbers = tuple({"S2": 1, "PO3": 5}[name] for name in names)
    same = region_of(images, total)
    same.channels = [Channel(n) for n, _, _ in made.PEAKS]
    expected = {r["number"]: r for r in reduce_region(same, Reduction(normalise_to=numbers)).rows}
    files = [made.ascii_folder(tmp_path, images, total), made.bif6(tmp_path, images, total)]
    rows = job(tmp_path, files, CONFIG | {"normalise_to": names}).tables["sims_regions"]
    for row in rows:  # by label and by mass
        assert row["normalised_intensity"] == expected[row["number"]]["normalised_intensity"]
        assert row["total_source"] == "sum of fragments"
    result = job(tmp_path, files, CONFIG | {"normalise_to": ["SO2", "S5"]}, WINDOWS)
    assert result.problem is not None and "S5 to normalise to" in result.problem


def test_nothing_counted_is_an_error() -> None:
    empty = np.zeros((1, 4, 4), np.uint32)
    with pytest.raises(AnalysisError, match="at least one pixel with counts"):
        reduce_region(region_of(empty, empty[0]), Reduction())


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1), (3, 7), (8, 8), (5, 33)]))
@settings(max_examples=40, deadline=None)
def test_shares_of_all_ions_add_to_one(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    images = rng.poisson(rng.uniform(0, 4, (4, 1, 1)), (4, *shape)).astype(np.uint32)
    images[0, 0, 0] += 1  # one ion at least
    rows = reduce_region(region_of(images, images.sum(axis=0, dtype=np.uint32)), Reduction()).rows
    assert sum(r["normalised_intensity"] for r in rows) == pytest.approx(1)
    assert all(0 <= r["normalised_intensity"] <= 1 for r in rows)


# --- one job -------------------------------------------------------------------------------------


def job(folder: Path, files: list[Path], config=CONFIG, fragments=WINDOWS):  # type: ignore[no-untyped-def]
    rows = [{"sample": "s", "region": str(i + 1), "file": f.name} for i, f in enumerate(files)]
    return analyse(rows, files, config, fragments=fragments)


def test_every_format_gives_the_same_table(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = (
        np.pad(c, [(0, 0)] * (c.ndim - 2) + [(0, 4), (0, 0)]) for c in counts
    )  # square
    tables = []
    for write in (made.bif6, made.ascii_folder, made.grd, made.imzml, made.simsh5):
        folder = tmp_path / write.__name__
        folder.mkdir()
        result = job(folder, [write(folder, images, total)])
        assert result.problem is None
        keep = (
            "normalised_intensity",
            "pixel_sd",
            "poisson_sd",
            "ratio_of_sums",
            "sum_counts",
            "largest_count",
        )
        tables.append([[row[k] for k in keep] for row in result.tables["sims_regions"]])
        assert result.tables["sims_acquisition"][0]["n_empty_pixels"] == 5 + 4 * 16
    assert tables[0] == tables[1] == tables[2]  # bit by bit


def test_a_damaged_region_is_told_and_the_others_are_reduced(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    good = made.bif6(tmp_path, *counts)
    cut = tmp_path / "cut.bif6"
    cut.write_bytes(good.read_bytes()[:500])
    result = job(tmp_path, [good, cut])
    assert {r["region"] for r in result.tables["sims_regions"]} == {"1"}
    assert result.problem is not None and "cut.bif6" in result.problem
    assert "\n" not in result.problem


def test_equal_files_give_equal_bytes(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    files = [write(tmp_path, *counts) for write in (made.bif6, made.ascii_folder, made.grd)]
    save_rows(job(tmp_path, files), tmp_path / "first.json")
    save_rows(job(tmp_path, files), tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_changed_bytes_and_settings_are_noticed(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    path = made.bif6(tmp_path, images, total)
    first = job(tmp_path, [path]).tables["sims_regions"]
    other = job(tmp_path, [path], CONFIG | {"dead_time": "harmonic", "shots_per_pixel": 60})
    assert (
        other.tables["sims_regions"][2]["normalised_intensity"] != first[2]["normalised_intensity"]
    )
    made.bif6(tmp_path, images[:, ::-1] * 2, total[::-1] * 2)
    assert (
        job(tmp_path, [path]).tables["sims_regions"][0]["sum_counts"] == 2 * first[0]["sum_counts"]
    )


def test_blocks_give_the_bytes_of_one_job(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    files = []
    for k in range(4):
        folder = tmp_path / str(k)
        folder.mkdir()
        files.append(made.bif6(folder, np.roll(images, k, axis=2), np.roll(total, k, axis=1)))
    whole = job(tmp_path, files).tables["sims_regions"]
    parts = []
    for k in range(4):
        rows = [{"sample": "s", "region": str(k + 1), "file": files[k].name}]
        part = analyse(rows, files[k : k + 1], CONFIG, fragments=WINDOWS)
        parts += part.tables["sims_regions"]
    assert json.dumps(parts) == json.dumps(whole)


def test_threads_give_the_same_bits(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    from concurrent.futures import ThreadPoolExecutor

    regions = [
        region_of(np.roll(counts[0], k, axis=1), np.roll(counts[1], k, axis=0)) for k in range(16)
    ]
    alone = [reduce_region(r, Reduction()).rows for r in regions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda r: reduce_region(r, Reduction()).rows, regions))
    assert together == alone


# --- dead time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ions", "bias"), [(0.1, 0.002), (0.5, 0.002), (1.0, 0.004), (2.0, 0.03)])
def test_harmonic_estimate_is_unbiased(ions: float, bias: float) -> None:
    shots = 14
    registered = np.random.default_rng(1).binomial(shots, 1 - np.exp(-ions), 400_000)
    estimated = harmonic_table(shots)[registered].mean() / shots
    assert estimated == pytest.approx(ions, rel=bias + 0.004)
    assert registered.mean() / shots < estimated


def test_harmonic_table_against_the_sum() -> None:
    table = harmonic_table(5)
    assert table[0] == 0
    assert table[5] == pytest.approx(5 * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5))
    assert table[1] == pytest.approx(1)


def test_dead_time_correction_recovers_an_image() -> None:
    rng = np.random.default_rng(2)
    shots, shape = 14, (200, 200)
    truth = np.stack([np.full(shape, 8.0), np.full(shape, 2.0)])
    seen = rng.binomial(shots, 1 - np.exp(-truth / shots)).astype(np.uint32)
    region = region_of(seen, seen.sum(axis=0, dtype=np.uint32))
    raw = reduce_region(region, Reduction()).rows
    corrected = reduce_region(region, Reduction("harmonic", shots)).rows
    assert corrected[0]["normalised_intensity"] == pytest.approx(0.8, rel=0.01)
    assert raw[0]["normalised_intensity"] < 0.78
    # The spectrum's peaks, from their sums: here all pixels are alike, so that both agree with the truth.
    per_spectrum = reduce_region(region, Reduction(shots_per_pixel=shots)).rows
    for row, ions in zip(per_spectrum, truth, strict=True):
        assert row["corrected_counts"] == pytest.approx(ions.sum(), rel=0.01)
        assert row["sum_counts"] < 0.95 * ions.sum()


def test_more_counts_than_shots_is_an_error(counts) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AnalysisError, match="at most 2 counts in a pixel"):
        reduce_region(region_of(*counts), Reduction("harmonic", 2))
    with pytest.raises(AnalysisError, match="shots per pixel"):
        reduce_region(region_of(*counts), Reduction("harmonic"))


def test_spectrum_correction() -> None:
    # Each shot stops at the first ion of a peak: -N ln(1 - U/N).
    shots, ions = 1000.0, np.array([200.0, 900.0])
    seen = shots * (1 - np.exp(-ions / shots))
    np.testing.assert_allclose(correct_peaks(seen, shots), ions)
    assert np.isnan(correct_peaks(np.array([1000.0]), shots))[0]
