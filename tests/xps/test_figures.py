"""Figures draw whatever a study has: all of it, some of it, nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.factors import Factor
from coatbench.figures import layout, xps_common, xps_coverage, xps_quicklook, xps_stacks
from coatbench.figures.drawing import Drawing
from coatbench.order import with_axis
from coatbench.tables import read_table, write_table
from coatbench.xps.analyse import analyse
from coatbench.xps.collect import collect
from matplotlib.figure import Figure

from .conftest import ROOT


@pytest.fixture(scope="module")
def study(simulate, config: dict, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Three samples on disk as the workflow leaves them."""
    folder = tmp_path_factory.mktemp("figures")
    joined: dict[str, list[dict]] = {}
    roles = {"uncoated": "uncoated", "c200": "coated", "c300": "coated"}
    temperatures = {"c200": "200", "c300": ""}
    samples = [
        {"sample": s, "role": r, "label": "", "annealing_temperature_degC": temperatures.get(s, "")}
        for s, r in roles.items()
    ]
    for sample in roles:
        file = simulate(sample)
        found = analyse([{"sample": sample, "file": file.name, "spot": "1"}], [file], config)
        save_curves(found.curves, folder / f"{sample}.nc")
        save_rows(found, folder / f"{sample}.json")
        for name, rows in found.tables.items():
            joined.setdefault(name, []).extend(rows)
    tables = collect(joined, samples, config, reference="uncoated")
    columns = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/xps.yaml").read_text(encoding="utf-8")
    )
    for name in columns:
        write_table(tables.get(name, []), list(columns[name]), folder / f"{name}.csv")
    style = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
    return {"folder": folder, "style": style, "samples": samples}


SETTING = {"coating": ["S 2p", "P 2p"], "substrate": "Ni 2p", "lattice_region": "O 1s"}


def drawing(study: dict, folder: Path) -> Drawing:
    output = {kind: str(folder / f"figure.{kind}") for kind in ("pdf", "png", "csv")}
    return Drawing(output, study["samples"], True, study["style"], "uncoated")


@pytest.mark.parametrize(
    ("regions", "rows"),
    [(["S 2p", "O 1s"], True), (["P 2p"], True), (["Mo 3d"], False), ([], False)],
)
def test_stacks(
    study: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regions: list[str], rows: bool
) -> None:
    kept: list[Figure] = []
    write = xps_stacks.style.save
    monkeypatch.setattr(
        xps_stacks.style,
        "save",
        lambda figure, *a, **k: (kept.append(figure), write(figure, *a, **k)),
    )
    curves = [str(p) for p in sorted(study["folder"].glob("*.nc"))]
    xps_stacks.draw(drawing(study, tmp_path), curves, regions)
    lines = (tmp_path / "figure.csv").read_text(encoding="utf-8").splitlines()
    assert (len(lines) > 100) == rows
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    for axes in kept[0].axes:  # also the noise of a region that is not there
        drawn = [v for line in axes.lines if line.get_marker() == "." for v in line.get_ydata()]
        assert not drawn or (axes.get_ylim()[0] < min(drawn) and max(drawn) < axes.get_ylim()[1])


def test_a_stack_of_one_spectrum_can_be_read(
    study: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    xps_stacks.draw(drawing(study, tmp_path), [str(study["folder"] / "c200.nc")], ["Ni 2p"])
    assert caplog.messages == []


@pytest.mark.parametrize("apart_eV", [0.1, 0.6, 2.5, 6.0])
def test_positions_that_lie_close_are_written_beside_each_other(apart_eV: float) -> None:
    def line(data: object) -> tuple:
        return ("part",), np.array(data)

    curve = Arrays(
        {
            "component": line(["a", "b"]), "part_of": line(["a", "b"]),
            "area_cps_eV": line([1.0, 0.5]), "position_eV": line([531.4, 531.4 + apart_eV]),
        },
        {}, {"part": 2}, {},
    )  # fmt: skip
    figure = Figure(figsize=(2.4, 1.5), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(538, 527)
    xps_common._guides(axes, [curve])
    figure.draw_without_rendering()
    assert layout.problems(figure) == []
    assert sorted(t.get_text() for t in axes.texts) == ["531.4", f"{531.4 + apart_eV:.1f}"]


def test_a_stack_of_noise_stays_within_its_room(study: dict) -> None:
    """Alone in its study, a region without its element: the scatter is far larger than the fit."""
    x = np.linspace(850.0, 880.0, 301)
    noise = np.random.default_rng(1).normal(0, 70, x.size)
    attrs = {
        "quality": "doubtful",
        "region": "Ni 2p",
        "window_low_eV": 850.0,
        "window_high_eV": 880.0,
    }
    fit = 9 * np.exp(-(((x - 855) / 2) ** 2))
    variables = {
        "intensity_cps": ("energy", 1000 + noise), "background_cps": ("energy", np.full(x.size, 1000.0)),
        "envelope_cps": ("energy", 1000 + fit), "component_cps": (("component", "energy"), fit[None]),
        "area_cps_eV": ("component", [32.0]), "position_eV": ("component", [855.0]),
    }  # fmt: skip
    names = {n: ("component", np.array(["nickel"])) for n in ("component", "part_of")}
    data = Arrays.of(variables, names | {"binding_energy_eV": ("energy", x)}, attrs)
    axes = Figure().subplots()
    rows = xps_common.stack(axes, {"c200": data}, study["samples"], "Ni 2p")
    low, high = axes.get_ylim()
    drawn = (1000 + noise - 1000) / rows[0]["divided_by_cps"]
    assert low < drawn.min() and drawn.max() < high and low > -1.6


@pytest.mark.parametrize(
    ("definition", "column"),
    [("eq1", "coverage"), ("nickel_fraction", "relative_signal"), ("none", "coverage")],
)
def test_coverage(study: dict, tmp_path: Path, definition: str, column: str) -> None:
    folder = study["folder"]
    xps_coverage.draw(
        drawing(study, tmp_path), str(folder / "xps_coverage.csv"), str(folder / "xps_sensitivity.csv"),
        definition=definition, column=column, library="scofield", setting=SETTING,
    )  # fmt: skip
    rows = read_table(tmp_path / "figure.csv")
    points = [r for r in rows if r["choice"] == "points"]
    assert len(points) == (0 if definition == "none" else 3)
    # The thin lines are plotted numbers, too.
    assert (len(rows) > len(points)) == bool(points)


def test_a_coated_sample_that_was_not_annealed_stands_at_0(study: dict, tmp_path: Path) -> None:
    folder = study["folder"]
    xps_coverage.draw(
        drawing(study, tmp_path), str(folder / "xps_coverage.csv"), str(folder / "xps_sensitivity.csv"),
        definition="eq1", column="coverage", library="scofield", setting=SETTING,
    )  # fmt: skip
    at = {r["sample"]: r["annealing_temperature_degC"] for r in read_table(tmp_path / "figure.csv")}
    assert at["c300"] == 0
    assert at["c200"] == 200
    assert at["uncoated"] is None  # a level line, at no temperature


def test_samples_at_one_setting_that_differ_in_many_factors_stand_side_by_side(
    study: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_table(study["folder"] / "xps_coverage.csv")
    first = [r for r in rows if r["sample"] == "c200"]
    names = [f"n{i}" for i in range(8)]
    factors = [Factor("annealing_temperature_degC", "annealing temperature", "°C"), Factor("b", "b", ""), Factor("c", "c", "")]  # fmt: skip
    samples = [
        {
            "sample": n, "role": "coated", "label": f"sample {n} with a long name",
            "annealing_temperature_degC": str(300 + 50 * min(i // 2, i - 3)), "b": str(i // 4), "c": str(i * i % 7),
        }
        for i, n in enumerate(names)
    ]  # fmt: skip
    table = tmp_path / "xps_coverage.csv"
    write_table([r | {"sample": n} for n in names for r in first], list(rows[0]), table)
    kept: list[Figure] = []
    monkeypatch.setattr(xps_coverage.style, "save", lambda figure, *_, **__: kept.append(figure))
    xps_coverage.draw(
        replace(drawing(study, tmp_path), samples=with_axis(samples, factors)),
        str(table), str(study["folder"] / "xps_sensitivity.csv"),
        definition="eq1", column="coverage", library="scofield", setting=SETTING,
    )  # fmt: skip
    axes = kept[0].axes[0]
    points = next(c for c in axes.containers if c.get_label().startswith("Scofield")).lines[0]
    assert list(points.get_xdata()) == list(range(8))
    kept[0].canvas.draw()
    assert layout.problems(kept[0]) == []
    assert axes.child_axes[0].get_xlabel() == "annealing temperature / °C"


def test_quicklook_of_a_sample_and_of_nothing(study: dict, tmp_path: Path) -> None:
    folder = study["folder"]
    for name in ("c200", "nothing"):
        if name == "nothing":
            from coatbench.analysis import Analysis

            save_curves({}, folder / "nothing.nc")
            save_rows(Analysis(problem="a.npl: byte 0: empty"), folder / "nothing.json")
        png = tmp_path / f"{name}.png"
        own = Drawing({"png": str(png)}, study["samples"][1:2], True, study["style"])
        xps_quicklook.draw(own, str(folder / f"{name}.nc"), str(folder / f"{name}.json"))
        assert png.stat().st_size > 3000
    (folder / "nothing.nc").unlink()


def test_figures_are_the_same_bytes_every_time(study: dict, tmp_path: Path) -> None:
    curves = [str(p) for p in sorted(study["folder"].glob("*.nc"))]
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        figure = drawing(study, tmp_path / name)
        xps_stacks.draw(figure, curves, ["P 2p"])
        made.append([Path(p).read_bytes() for p in figure.output.values()])
    assert made[0] == made[1]


def test_axis_and_caption_speak_of_the_studys_own_elements() -> None:
    from coatbench.report.wording import read_caption

    assert xps_coverage.axis_label("eq1", ["Nb 3d"], "Ni 2p", "O 1s").endswith("= Nb / (Nb + Ni)")
    assert "(S + P) / (S + P + Mn)" in xps_coverage.axis_label(
        "eq1", ["S 2p", "P 2p"], "Mn 2p", "O 1s"
    )
    assert xps_coverage.axis_label("nickel_fraction", ["Nb 3d"], "Co 2p", "O 1s").startswith("Co ")
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["xps"]["coverage"] |= {"coating": ["Nb 3d"], "substrate": "Co 2p"}
    text = " ".join(read_caption(ROOT / "workflow/report/fig2.rst", config))
    assert "Nb 3d over Nb 3d + Co 2p" in text
    assert "S 2p" not in text and "Ni" not in text
