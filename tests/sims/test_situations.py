"""Regions of which something is wrong: none of their numbers may look like a good one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers.mask import read_mask
from coatbench.readers.sims_region import Channel, Region
from coatbench.sims.analyse import _check_polarity
from coatbench.sims.calibration import MassShift
from coatbench.sims.capture import other_widths, windows_beside
from coatbench.sims.degradation import _ranking
from coatbench.sims.groups import GroupValues
from coatbench.sims.ratio import Ratio
from coatbench.sims.reduce import Reduction, reduce_region

from .test_compare import SHARES, as_rows, made, study
from .test_reduce import region_of


def relabelled(labels: str) -> dict:
    """Return the tables of a study whose sample `a` has other labels."""
    rows = as_rows(study(np.random.default_rng(1), n=3))
    for row in rows:
        if row["sample"] == "a":
            row["label"] = labels.format(row["fragment"])
    return made(rows)


@pytest.mark.parametrize(
    ("labels", "words"),
    [("{}+", "polarity: the labels name positive ions"), ("sum of {}", "none of 16 images is a fragment")],
)  # fmt: skip
def test_a_region_of_which_nothing_is_named_says_why(labels: str, words: str) -> None:
    tables = relabelled(labels)
    for name, level in (("sims_regions", "doubtful"), ("sims_degradation", "unusable")):
        own = [r for r in tables[name] if r["sample"] == "a"]
        assert {r["quality"] for r in own} == {level}
    assert words in own[0]["quality_note"]
    assert all(r.get("relative_degradation") is None for r in own)
    assert {r["quality"] for r in tables["sims_regions"] if r["sample"] == "b"} == {"ok"}


def test_a_group_without_a_fragment_is_not_ok() -> None:
    rows = [r for r in as_rows(study(np.random.default_rng(1), n=3)) if r["group"] != "polysulfide" or r["sample"] == "bare"]  # fmt: skip
    own = [r for r in made(rows)["sims_degradation"] if (r["sample"], r["group"]) == ("a", "polysulfide")]  # fmt: skip
    assert {(r["relative_degradation"], r["quality"]) for r in own} == {(None, "unusable")}


@pytest.mark.parametrize(("ions", "level"), [(1e6, "doubtful"), (1e3, "ok")])
def test_an_image_of_zeros_is_doubted_where_many_counts_were_to_be_expected(ions: float, level: str) -> None:  # fmt: skip
    rows = as_rows(study(np.random.default_rng(1), n=3))
    for row in rows:
        row["sum_counts"] = row["ratio_of_sums"] * ions
        if (row["sample"], row["fragment"]) == ("a", "S2"):
            row["normalised_intensity"] = row["ratio_of_sums"] = row["sum_counts"] = 0.0
    found = next(
        r for r in made(rows)["sims_fragments"] if (r["sample"], r["fragment"]) == ("a", "S2")
    )
    assert found["relative"] == 0.0
    assert found["quality"] == level


def counted_rows() -> list[dict]:
    rows = as_rows(study(np.random.default_rng(1), n=3))
    for row in rows:
        row["sum_counts"] = row["ratio_of_sums"] * 1e6
    return rows


def test_fragments_that_hold_more_than_the_total_are_unusable() -> None:
    """Image 0 is the image of a fragment, or each image was scaled to its own maximum: factors of 2 and of 17 were `ok`."""
    rows = counted_rows()
    for row in rows:
        if row["sample"] == "a":
            row["ratio_of_sums"] *= 3.0 / SHARES.sum()
            row["normalised_intensity"] *= 3.0 / SHARES.sum()
    tables = made(rows)
    own = [r for r in tables["sims_degradation"] if r["sample"] == "a"]
    assert {(r["quality"], r.get("relative_degradation")) for r in own} == {("unusable", None)}
    assert "of the total's ions" in own[0]["quality_note"]
    assert {r["quality"] for r in tables["sims_regions"] if r["sample"] == "b"} == {"ok"}


def test_one_image_under_two_labels_is_unusable() -> None:
    rows = counted_rows()
    same = ("normalised_intensity", "ratio_of_sums", "sum_counts")
    for region in "012":
        own = {r["fragment"]: r for r in rows if (r["sample"], r["region"]) == ("a", region)}
        own["S2"] |= {k: own["SO2"][k] for k in same}
    tables = made(rows)
    found = {r["fragment"]: r for r in tables["sims_fragments"] if r["sample"] == "a"}
    assert {n for n, r in found.items() if r["quality"] != "ok"} == {"S2", "SO2"}
    assert "(S2)" in found["S2"]["quality_note"] and found["S2"].get("relative") is None


@pytest.mark.parametrize("total", [Channel(2, "Total ion image"), Channel(2, "TIC"), Channel(2, "", 100.0, 0.0, 200.0)])  # fmt: skip
def test_a_total_under_another_number_is_no_fragment(counts, total: Channel) -> None:  # type: ignore[no-untyped-def]
    """It would be summed with the images that it holds, and every share be halved."""
    region = region_of(np.array([counts[0][0], counts[1]]), None)
    region.channels[1] = total
    with pytest.raises(AnalysisError, match=r"image 2: expected the total as number 0"):
        reduce_region(region, Reduction())
    region.channels[1] = Channel(2, "sum of rest")
    assert reduce_region(region, Reduction()).rows


@pytest.mark.parametrize(
    "content", ["x_px;y_px\n0;0\n8;0\n8;3,5\n0;3,5\n", "x,y\n0,0\n8,0\n8,3.5\n0,3.5\n"]
)
def test_corners_as_spreadsheets_write_them(tmp_path: Path, content: str) -> None:
    (tmp_path / "m.csv").write_text(content)
    assert read_mask(tmp_path / "m.csv", (6, 8)).sum() == 24


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x93NUMPY\1\0" + bytes(60), "binary"), (b"x,y\n90,90\n99,90\n99,99\n", "at least one pixel"),
     (b"1 1\n1 1\n", "6"), (b"hello", "corners")],
)  # fmt: skip
def test_a_mask_that_is_none_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ReadError, match=words) as caught:
        read_mask(tmp_path / "m", (6, 8))
    assert "\n" not in str(caught.value)


def test_windows_that_lose_more_of_broader_peaks_are_said() -> None:
    rows = [
        {"sample": s, "region": "1", "group": "sulfite_sulfate", "mass_lower_u": 63.9529, "mass_upper_u": 63.9721}
        for s in ("bare", "alike", "broad")
    ]  # fmt: skip
    measured = [
        {"sample": s, "region": "1", "mass_resolution": r}
        for s, r in (("bare", 7000.0), ("alike", 6600.0), ("broad", 4200.0))
    ]
    found = other_widths(rows, measured, "bare")
    assert set(found) == {("broad", "1")}
    assert found["broad", "1"].level == "doubtful"
    assert other_widths(rows, measured, None) == {}


@pytest.mark.parametrize(
    ("shift", "level"),
    [(MassShift(0.0), None), (MassShift(100.0), "doubtful"), (MassShift(-140.0), "unusable"),
     (MassShift(0.0, slope_ppm=3000.0, median_u=63.96), None)],
)  # fmt: skip
def test_windows_beside_the_peaks_are_told(shift: MassShift, level: str | None) -> None:
    """A peak list of exact masses on a shifted scale: half of every peak is outside."""
    rows = [
        {"sample": "a", "region": "1", "group": "sulfite_sulfate", "exact_u": 63.96245,
         "mass_lower_u": 63.96245 * (1 - 150e-6), "mass_upper_u": 63.96245 * (1 + 150e-6)}
    ]  # fmt: skip
    measured = [{"sample": "a", "region": "1", "mass_resolution": 9000.0}]
    found = windows_beside(rows, measured, {("a", "1"): shift}).get(("a", "1"))
    assert (found.level if found else None) == level
    assert windows_beside(rows, [], {("a", "1"): shift}) == {}


@pytest.mark.parametrize("charge", [-1, 1])
def test_ions_of_another_sign_than_all_fragments_are_refused(charge):
    region = Region(Path("x"), "grd", (2, 2), [], lambda _: None, None, "events")
    fragments = [{"charge": charge}, {"charge": 2 * charge}]
    for sign in (0, charge):
        region.attrs["polarity"] = sign
        _check_polarity(region, fragments)
    region.attrs["polarity"] = -charge
    with pytest.raises(AnalysisError, match="polarity"):
        _check_polarity(region, fragments)


def test_an_order_of_one_sample_is_no_order():
    few, more = ({s: Ratio(float(i)) for i, s in enumerate(names)} for names in ("ab", "abc"))
    draws = {s: np.arange(5.0) + 10 * i for i, s in enumerate("abc")}
    assert "same_order_fraction" not in _ranking(GroupValues(few, draws), "a")
    found = _ranking(GroupValues(more, draws), "a")
    assert (found["order"], found["same_order_fraction"]) == ("b < c", 1.0)
