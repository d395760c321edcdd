"""Depth profiles and angle series: one table over the levels of an export."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.errors import AnalysisError, ReadError
from coatbench.figures import xps_profile, xps_quicklook
from coatbench.figures.drawing import Drawing
from coatbench.readers import read
from coatbench.readers.xps_levels import may_hold_levels
from coatbench.tables import read_table, write_table
from coatbench.xps.analyse import analyse
from coatbench.xps.choose import choose
from conftest import SHARED, inputs
from matplotlib.figure import Figure

from .conftest import ROOT
from .made_cases import under_carbon
from .planted import scan, write


def block(region: str, sample: str = "s", **variables: float) -> Arrays:
    return Arrays.of({}, {}, {"region": region, "sample": sample, "variables": variables})


def levels(blocks: list[Arrays], **row: str) -> list[tuple[float, list[str]]]:
    found = choose(blocks, row, Path("a.vms"), [])
    return [(x.value, [b.attrs["region"] for b in x.blocks]) for x in found]


def test_levels_are_the_values_of_the_variable_that_regions_share() -> None:
    blocks = [block(r, etch_s=t) for t in (0.0, 30.0, 60.0) for r in ("C 1s", "O 1s")]
    assert levels(blocks) == [(t, ["C 1s", "O 1s"]) for t in (0.0, 30.0, 60.0)]
    assert levels(blocks, level="30") == [(30.0, ["C 1s", "O 1s"])]
    with pytest.raises(AnalysisError, match="expected 31, as the index says, found 0, 30, 60"):
        levels(blocks, level="31")


def test_a_running_number_is_no_level() -> None:
    blocks = [block(r, row=i) for i, r in enumerate(("C 1s", "O 1s", "S 2p"))]
    ((value, regions),) = levels(blocks)
    assert np.isnan(value) and regions == ["C 1s", "O 1s", "S 2p"]


def test_regions_that_repeat_as_a_whole_are_measurements_of_their_own() -> None:
    blocks = [block(r) for _ in range(3) for r in ("C 1s", "O 1s")]
    with pytest.raises(AnalysisError, match="3: 1 = 's"):
        levels(blocks)
    assert levels(blocks, sample_in_file="2")[0][1] == ["C 1s", "O 1s"]
    # One region twice is a second scan of it, not a second sample.
    assert len(levels([block(r) for r in ("C 1s", "O 1s", "C 1s")])[0][1]) == 3


def test_samples_whose_regions_do_not_repeat_are_one() -> None:
    blocks = [block("C 1s", "a"), block("O 1s", "b")]
    assert levels(blocks)[0][1] == ["C 1s", "O 1s"]
    assert levels(blocks, sample_in_file="b")[0][1] == ["O 1s"]


@pytest.mark.parametrize("source", inputs("realdata/xps"))
def test_every_level_is_placed_by_its_own_charge(source: str, config: dict, tmp_path: Path) -> None:
    """An insulated foil at five angles: the share of carbon on top grows with the angle."""
    file, charges = SHARED / "realdata/xps/ARXPS.vms", dict.fromkeys((0, 40, 55, 63, 70), -3.95)
    if source == "made":
        charges = {0: 0.6, 35: 1.0, 50: 1.4, 60: 1.8, 68: 2.3}
        file = write(tmp_path / "a.vms", [
            s for v, charge in charges.items()
            for s in under_carbon(0.8 / math.cos(math.radians(v)), shift=charge, variable=float(v)) if s.region in ("C 1s", "O 1s", "Ni 2p")
        ], ("Take-off angle", "degree"))  # fmt: skip
    assert len(read(file, "xps").sets) == 15
    found = analyse([{"sample": "x", "file": file.name, "spot": ""}], [file], config)
    rows = found.tables["xps_profile"]
    assert [x for x in dict.fromkeys(r["level"] for r in rows)] == list(charges)
    assert all(r["angle_deg"] == r["level"] and r["sputter_time_s"] is None for r in rows)
    shifts = {r["level"]: r["charge_shift_eV"] for r in rows}
    assert shifts == pytest.approx(charges, abs=0.1)
    carbon = [
        sum(r["at_percent"] for r in rows if r["level"] == v and r["region"] == "C 1s")
        for v in shifts
    ]
    assert carbon == sorted(carbon)
    for level in shifts:
        own = [r["at_percent"] for r in rows if r["level"] == level]
        assert sum(own) == pytest.approx(100)
    save_curves(found.curves, tmp_path / "x.nc")
    save_rows(found, tmp_path / "x.json")
    style = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
    sample = {"sample": "x", "role": "coated", "label": "foil"}
    drawing = Drawing({"png": str(tmp_path / "x.png")}, [sample], False, style)
    xps_quicklook.draw(drawing, str(tmp_path / "x.nc"), str(tmp_path / "x.json"))
    assert (tmp_path / "x.png").stat().st_size > 3000


N_LEVELS, REGIONS = 31, ("C 1s", "O 1s", "S 2p", "Ni 2p")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth profile of 31 levels and 4 regions: the coating goes, the nickel comes."""
    from coatbench.simulate.write_phi_spe import write_pro
    from coatbench.simulate.write_vamas import SpectrumRecord

    levels = []
    for k in range(N_LEVELS):
        scans = [scan(r, 0.8 * (1 - k / N_LEVELS), seed=k) for r in REGIONS]
        levels.append(
            [
                SpectrumRecord(s.region, s.binding_eV[0], -0.1, s.counts / s.time_s, s.time_s, 40.0)
                for s in scans
            ]
        )
    path = tmp_path_factory.mktemp("profile") / "a.pro"
    write_pro(path, "s", levels, [30.0 * k for k in range(N_LEVELS)])
    return path


def test_a_depth_profile_of_phi(config: dict, profile: Path) -> None:
    assert len(read(profile, "xps").sets) == N_LEVELS * len(REGIONS)
    found = analyse([{"sample": "x", "file": profile.name, "spot": ""}], [profile], config)
    rows = [r for r in found.tables["xps_profile"] if r["component"] == "nickel"]
    assert [r["sputter_time_s"] for r in rows] == [30.0 * k for k in range(N_LEVELS)]
    percent = np.array([r["at_percent"] for r in rows])
    sd = np.array([r["at_percent_sd"] for r in rows])
    smooth = np.polynomial.Polynomial.fit(np.arange(N_LEVELS), percent, 3)(np.arange(N_LEVELS))
    assert percent[-1] > 3 * percent[0]
    assert 0.4 < np.mean(np.abs(percent - smooth) / sd) < 1.3
    (level,) = analyse([{"sample": "x", "file": "", "level": "90"}], [profile], config).tables[
        "xps_fits"
    ][:1]
    assert level["quality"] == "ok"


def test_a_plan_knows_which_exports_may_hold_levels(profile: Path, tmp_path: Path) -> None:
    assert may_hold_levels(profile) and not may_hold_levels(tmp_path / "absent.pro")
    assert not may_hold_levels(write(tmp_path / "a.vms", [scan("C 1s")]))
    for variable in (("Etch Time", "s"), ("Take-off angle", "degree"), ("Sputter", "min")):
        scans = [scan("C 1s", variable=float(v)) for v in (0, 30)]
        assert may_hold_levels(write(tmp_path / "a.vms", scans, variable))
    other = [scan("C 1s", variable=0.0)]
    assert not may_hold_levels(write(tmp_path / "a.vms", other, ("PositionX [mm]", "n")))


@pytest.mark.parametrize("n_samples", [0, 1, 3])
def test_figure_of_levels(tmp_path: Path, n_samples: int) -> None:
    columns = yaml.safe_load((ROOT / "workflow/schemas/tables/xps.yaml").read_text("utf-8"))
    rows = [
        {
            "sample": sample, "spot": "1", "level": t, "sputter_time_s": 60.0 * t, "region": region, "component": part,
            "at_percent": share, "at_percent_sd": 3.0, "quality": "doubtful" if t and part == "b" else "ok",
        }
        for sample in "abc"[:n_samples]
        for t in (2.0, 0.0)
        for region, part, share in (("C 1s", "a", 20.0), ("C 1s", "b", 10.0), ("O 1s", "a", 70.0))
    ]  # fmt: skip
    write_table(rows, list(columns["xps_profile"]), tmp_path / "xps_profile.csv")
    style = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["figures"]
    output = {kind: str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")}
    samples = [{"sample": s, "role": "coated", "label": f"sample {s}"} for s in "abc"]
    xps_profile.draw(Drawing(output, samples, True, style), str(tmp_path / "xps_profile.csv"))
    drawn = read_table(tmp_path / "figure.csv")
    assert len(drawn) == 4 * n_samples
    for row, time_s in zip(drawn, [0.0, 120.0] * len(drawn), strict=False):
        carbon = row["region"] == "C 1s"
        assert (row["sputter_time_s"], row["at_percent"]) == (time_s, 30.0 if carbon else 70.0)
        assert row["at_percent_sd"] == pytest.approx(3.0 * 2**0.5 if carbon else 3.0)
        assert (row["quality"] == "doubtful") == (carbon and time_s > 0)
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_a_region_has_one_colour_in_all_panels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One legend stands below them: a sample without C 1s had its oxygen in the colour of carbon."""
    columns = yaml.safe_load((ROOT / "workflow/schemas/tables/xps.yaml").read_text("utf-8"))
    rows = [
        {"sample": sample, "spot": "1", "level": t, "region": region, "component": region, "at_percent": 50.0, "at_percent_sd": 3.0, "quality": "ok"}
        for sample, regions in (("a", ("C 1s", "O 1s")), ("b", ("O 1s", "Ni 2p")))
        for t in (0.0, 1.0)
        for region in regions
    ]  # fmt: skip
    write_table(rows, list(columns["xps_profile"]), tmp_path / "xps_profile.csv")
    style = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["figures"]
    kept: list[Figure] = []
    monkeypatch.setattr(xps_profile.style, "save", lambda figure, *_: kept.append(figure))
    samples = [{"sample": s, "role": "coated", "label": s} for s in "ab"]
    xps_profile.draw(Drawing({}, samples, True, style), str(tmp_path / "xps_profile.csv"))
    drawn = {
        (c.get_label(), c.lines[0].get_color()) for axes in kept[0].axes for c in axes.containers
    }
    assert len(drawn) == len({name for name, _ in drawn}) == 3
    assert len({colour for _, colour in drawn}) == 3


def test_a_damaged_depth_profile_is_refused(profile: Path, tmp_path: Path) -> None:
    raw = profile.read_bytes()
    cut = tmp_path / "cut.pro"
    cut.write_bytes(raw[:-400])
    with pytest.raises(ReadError, match="the file is cut"):
        read(cut, "xps")
    other = tmp_path / "other.pro"
    other.write_bytes(raw.replace(b"DEPTHPRO", b"LINESCAN"))
    with pytest.raises(ReadError, match="FileType SPECTRUM or DEPTHPRO"):
        read(other, "xps")
