"""imzML and SIMS-H5: what is wrong with them in one line, and the mass scale of their spectra."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis
from coatbench.errors import MissingExtraError, ReadError
from coatbench.propose import propose
from coatbench.readers.recognise import read
from coatbench.readers.sims_open import open_region, read_spectrum
from coatbench.sims.analyse import analyse
from coatbench.sims.fragments import load_fragments
from coatbench.sims.inside import describe
from coatbench.sims.jobs import has_events, parts, reduce_config, reduce_fragments
from coatbench.sims.spectrum import find_peaks
from conftest import ROOT

from . import conftest as made
from .write_simsh5 import write_simsh5


@pytest.mark.parametrize("write", [made.grd, made.imzml, made.simsh5])
def test_peaks_stand_at_their_masses(tmp_path: Path, counts, write: made.Writer) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    spectrum = read_spectrum(write(tmp_path, images * 9, total * 9))
    assert spectrum is not None
    found = sorted(p.mass_u for p in find_peaks(spectrum))
    expected = [
        made.OTHER_MASS,
        *sorted(m for (_, _, m), i in zip(made.PEAKS, images, strict=True) if i.any()),
    ]
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def cut_numbers(path: Path) -> None:
    binary = path.with_suffix(".ibd")
    binary.write_bytes(binary.read_bytes()[:-30])


def other_numbers(path: Path) -> None:
    binary = path.with_suffix(".ibd")
    binary.write_bytes(bytes(16) + binary.read_bytes()[16:])


def cut_text(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-900])


def two_depths(path: Path) -> None:
    z = '<cvParam cvRef="IMS" accession="IMS:1000052" name="position z" value="2"/></scan>'
    path.write_text(path.read_text().replace("</scan>", z, 1))


def without_position(path: Path) -> None:
    path.write_text(path.read_text().replace("IMS:1000050", "IMS:1999999"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda p: p.with_suffix(".ibd").unlink(), "region.ibd beside it"), (cut_numbers, "region.ibd: byte"),
     (other_numbers, "different exports"), (cut_text, "XML"), (two_depths, "2 depths"), (without_position, "position")],
)  # fmt: skip
def test_damaged_imzml(tmp_path: Path, counts, damage: Callable[[Path], None], words: str) -> None:  # type: ignore[no-untyped-def]
    path = made.imzml(tmp_path, *counts)
    damage(path)
    with pytest.raises(ReadError, match=words) as caught:
        open_region(path)
    assert "\n" not in str(caught.value)


def test_terms_under_other_names_are_read_in_silence(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    """As exports of this technique have them; the number of a term tells."""
    path = made.imzml(tmp_path, *counts)
    path.write_text(path.read_text().replace('"max count of pixels', '"max count of pixel'))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_region(path).total.tolist() == counts[1].tolist()


def drop(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def set_attribute(name: str, key: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[name].attrs.__setitem__(key, value)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(drop("data/mass_csr/count"), "data/mass_csr"), (drop("calibration"), "calibration"), (drop("geometry"), "row_shape"),
     (set_attribute("/", "acquisition_mode", "depth_profile"), "a depth profile"),
     (set_attribute("/", "acquisition_mode", "mosaic"), "a mosaic"),
     (set_attribute("geometry", "row_shape", [1, 2, 2]), "pixel_id"),
     (lambda f: f["data/mass_csr/indptr"].__setitem__(-1, 3), "do not fit")],
)  # fmt: skip
def test_damaged_simsh5(
    tmp_path: Path, counts, damage: Callable[[h5py.File], None], words: str
) -> None:  # type: ignore[no-untyped-def]
    path = made.simsh5(tmp_path, *counts)
    with h5py.File(path, "a") as file:
        damage(file)
    with pytest.raises(ReadError, match=words) as caught:
        open_region(path)
    assert "\n" not in str(caught.value)


def test_a_cut_simsh5_is_told(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    path = made.simsh5(tmp_path, *counts)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(ReadError):
        open_region(path)


def test_counts_above_255_and_frames(tmp_path: Path) -> None:
    pixel = np.r_[np.zeros(400, int), np.full(3, 5), np.full(7, 4 + 5)]  # two frames of 2 x 2
    write_simsh5(tmp_path / "x.h5", pixel % 8, np.full(pixel.size, 31.97262), (2, 2), frames=2)
    assert open_region(tmp_path / "x.h5").total.tolist() == [[0, 0], [400, 10]]


@pytest.mark.parametrize(
    ("write", "package"), [(made.imzml, "pyimzml.ImzMLParser"), (made.simsh5, "hdf5plugin")]
)
def test_an_absent_package_is_named(
    tmp_path: Path, counts, write: made.Writer, package: str, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path, *counts)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"coatbench\[sims\]"):
        open_region(path)


def test_jobs_know_exports_of_events(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    assert [has_events({"file": f}) for f in ("a.grd", "a.imzML", "a.H5", "a.bif6")] == [
        True,
        True,
        True,
        False,
    ]
    assert has_events({"file": "a.dat", "format": "SIMS-H5"})
    path = made.imzml(tmp_path, *counts)
    assert parts(path) == [path.with_suffix(".ibd").as_posix()]


@pytest.mark.parametrize("write", [made.grd, made.imzml, made.simsh5])
@pytest.mark.parametrize("listed", [False, True])
def test_ions_of_which_the_plan_did_not_know_are_a_problem(
    tmp_path: Path, counts, write: made.Writer, listed: bool
) -> None:  # type: ignore[no-untyped-def]
    """The plan tells them by ending or `format`, the reader by content: without windows there were no images, and no word."""
    path = write(tmp_path, *counts)
    beside = [
        (p, p.name.removeprefix(path.stem.removesuffix(".itm"))) for p in map(Path, parts(path))
    ]
    for p, ending in beside:
        p.rename(tmp_path / f"ions{ending}")
    path = path.rename(tmp_path / "ions")
    row = {"sample": "s", "region": "1", "file": path.name}
    if listed:
        row["peak_list"] = "peaks.csv"
        (tmp_path / "peaks.csv").write_text("name,mass_u\nPO3-,78.95905\n")
    config: Any = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["sims"]

    def reduced(rows: list[dict[str, str]]) -> Analysis:
        fragments = reduce_fragments(rows, load_fragments(), config)
        return analyse(rows, [path], reduce_config(rows, config), fragments=fragments)

    said = str(reduced([row]).problem)
    name = {made.grd: "GRD", made.imzml: "imzML", made.simsh5: "SIMS-H5"}[write]
    assert f"{path}: file name: expected" in said and "\n" not in said
    assert f"write {name} into its column format" in said
    assert reduced([row | {"format": name}]).problem is None


@pytest.mark.parametrize("write", [made.grd, made.imzml, made.simsh5])
def test_check_and_init_know_exports_of_events(tmp_path: Path, counts, write: made.Writer) -> None:  # type: ignore[no-untyped-def]
    """Windows are chosen by the analysis: no fragment is missing; what stands beside a file is no export of its own."""
    config = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["sims"]
    (tmp_path / "sims").mkdir()
    path = write(tmp_path / "sims", *counts)
    inside, lacking = describe(read(path, "sims"), config)
    assert inside.startswith(f"{counts[1].sum()} ions in") and lacking == ""
    proposal = propose(tmp_path)
    assert proposal.unknown == [] and len(proposal.found) == 1
