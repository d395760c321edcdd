"""Figures 2 and S3 of made tables: who has a place on the axis, and which doubts are explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.factors import Factor
from coatbench.figures import xps_common, xps_coverage
from coatbench.figures.drawing import Drawing
from coatbench.order import with_axis
from coatbench.tables import read_table, write_table
from matplotlib.figure import Figure

from .conftest import ROOT

COLUMNS = yaml.safe_load((ROOT / "workflow/schemas/tables/xps.yaml").read_text(encoding="utf-8"))
STYLE = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
SETTING = {"coating": ["S 2p", "P 2p"], "substrate": "Ni 2p", "lattice_region": "O 1s"}
DRAWING = Drawing({}, [], True, STYLE)
ROW = {
    "definition": "eq1", "rsf_library": "scofield", "coverage": 0.4, "coverage_sd": 0.05, "n_spots": 1,
    "quality": "ok",
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    write_table([], list(COLUMNS["xps_sensitivity"]), tmp_path / "xps_sensitivity.csv")
    return tmp_path


def output(folder: Path) -> dict[str, str]:
    return {kind: str(folder / f"figure.{kind}") for kind in ("pdf", "png", "csv")}


@pytest.mark.parametrize("varied", ["cycles", "kind"])
def test_a_sample_without_a_setting_has_no_place_on_the_axis(
    tables: Path, monkeypatch: pytest.MonkeyPatch, varied: str
) -> None:
    """It stood at its annealing temperature on an axis of cycles, and at the first of the categories."""
    settings = {"a": "10", "b": "20", "none": ""}
    samples = [
        {"sample": n, "role": "coated", "label": n, "annealing_temperature_degC": "400", varied: v}
        for n, v in settings.items()
    ]
    kind = "continuous" if varied == "cycles" else "categorical"
    table = tables / "xps_coverage.csv"
    write_table(
        [r | {"sample": n} for n in settings for r in [ROW]], list(COLUMNS["xps_coverage"]), table
    )
    kept: list[Figure] = []
    save = xps_coverage.style.save
    monkeypatch.setattr(
        xps_coverage.style, "save", lambda figure, *a: (kept.append(figure), save(figure, *a))
    )
    xps_coverage.draw(
        replace(DRAWING, output=output(tables), samples=with_axis(samples, [Factor(varied, varied, kind=kind)])),
        str(table), str(tables / "xps_sensitivity.csv"),
        definition="eq1", column="coverage", library="scofield", setting=SETTING,
    )  # fmt: skip
    (points,) = [c.lines[0] for c in kept[0].axes[0].containers]
    assert list(points.get_xdata()) == ([10, 20] if kind == "continuous" else [0, 1])
    assert {r["sample"] for r in read_table(tables / "figure.csv")} == {"a", "b"}
    assert [t.get_text() for t in kept[0].texts if "none" in t.get_text()] == ["without a setting: none"]  # fmt: skip


def test_doubts_of_any_series_are_explained(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [
        {"sample": f"{gas}{t}", "role": "coated", "label": "", "annealing_temperature_degC": t, "gas": gas}
        for gas in ("air", "N2")
        for t in ("200", "300", "400")
    ]  # fmt: skip
    factors = [Factor("annealing_temperature_degC", "annealing temperature", "°C"), Factor("gas", "gas", kind="categorical")]  # fmt: skip
    for doubted in ("N2", "air"):
        table = tables / "xps_coverage.csv"
        judged = [
            r | {"sample": s["sample"], "quality": "doubtful" if s["gas"] == doubted else "ok"}
            for s in samples
            for r in [ROW]
        ]
        write_table(judged, list(COLUMNS["xps_coverage"]), table)
        kept: list[Figure] = []
        monkeypatch.setattr(xps_coverage.style, "save", lambda f, *_, kept=kept: kept.append(f))
        xps_coverage.draw(
            replace(DRAWING, output=output(tables), samples=with_axis(samples, factors)),
            str(table), str(tables / "xps_sensitivity.csv"),
            definition="eq1", column="coverage", library="scofield", setting=SETTING,
        )  # fmt: skip
        assert xps_coverage.DOUBTFUL in kept[0].axes[0].get_legend_handles_labels()[1]


def test_a_component_has_the_colour_of_the_legend_in_every_spectrum() -> None:
    """A spectrum without the first component drew its second in the colour of the first."""

    def spectrum(*names: str) -> Arrays:
        x = np.linspace(200.0, 210.0, 11)
        part = np.exp(-(((x - 205.0) / 1.5) ** 2))
        total = part * len(names)
        return Arrays.of(
            {
                "component": ("component", np.array(names)), "part_of": ("component", np.array(names)),
                "area_cps_eV": ("component", np.ones(len(names))), "position_eV": ("component", np.full(len(names), 205.0)),
                "component_cps": (("component", "energy"), np.stack([part] * len(names))),
                "intensity_cps": ("energy", total + 1.0), "background_cps": ("energy", 0 * x + 1.0),
                "envelope_cps": ("energy", total + 1.0),
            },
            {"binding_energy_eV": ("energy", x)}, {"quality": "ok"},
        )  # fmt: skip

    spectra = {"a": spectrum("niobate", "oxide"), "b": spectrum("oxide")}
    samples = [{"sample": s, "role": "coated", "label": s} for s in spectra]
    axes = Figure().subplots()
    xps_common.stack(axes, spectra, samples, "Nb 3d")
    first, oxide, alone = (tuple(c.get_facecolor()[0]) for c in axes.collections)
    assert alone == oxide != first
