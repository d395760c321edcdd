"""Figures 5 and 7 and the quick-look with any number of samples, and with what real studies lack."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis, save_rows
from coatbench.curves import save_curves
from coatbench.figures import cycling_quicklook, fig5, fig7
from coatbench.figures.drawing import Drawing
from coatbench.tables import write_table

from .conftest import DEMO, ROOT, read_csv

PROTOCOLS = {
    "protocols": {"short": ["short"], "long": ["long"]},
    "potential_reference": "In/InLi",
}
FIG5 = {"cells": "cycling_cells", "metrics": "cycling_metrics", "features": "cycling_dqdv_features"}
FIG7 = {"cells": "cycling_cells", "metrics": "cycling_metrics"}


@pytest.fixture(scope="module")
def style_config() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]


@pytest.fixture(scope="module")
def curve_files(analyses, tmp_path_factory) -> dict[tuple[str, str, str], str]:
    folder = tmp_path_factory.mktemp("curves")
    paths = {}
    for key, analysis in analyses.items():
        paths[key] = str(folder / ("_".join(key) + ".nc"))
        save_curves(analysis.curves, paths[key])
    return paths


def write_tables(folder: Path, tables: dict, columns: dict) -> dict[str, str]:
    for name, rows in tables.items():
        write_table(rows, list(columns[name]), folder / f"{name}.csv")
    return {name: str(folder / f"{name}.csv") for name in tables}


def study(count: int) -> tuple[list[dict], dict[str, str]]:
    """Samples of a study with this many, and which demo sample each one copies."""
    demo = [s for s in read_csv(DEMO / "samples.csv") if s["role"] != "precursor"]
    samples, copies = [], {}
    for i in range(count):
        source = demo[round(i * (len(demo) - 1) / max(count - 1, 1))]
        name = source["sample"] if count <= len(demo) else f"s{i:02d}"
        temperature = "" if source["role"] == "uncoated" else f"{25 + 35 * i}"
        role = "uncoated" if i == 0 else "coated"
        label = (
            source["label"] if count <= len(demo) else (f"{temperature} °C" if i else "bare NCM85")
        )
        samples.append({"sample": name, "role": role, "label": label,
                        "annealing_temperature_degC": "" if i == 0 else temperature or "25"})  # fmt: skip
        copies[name] = source["sample"]
    return samples, copies


def copied(tables: dict, copies: dict[str, str]) -> dict:
    return {
        name: [
            row | {"sample": new}
            for new, old in copies.items()
            for row in tables[name]
            if row["sample"] == old
        ]
        for name in ("cycling_metrics", "cycling_dqdv_features", "cycling_cells")
    }


@pytest.mark.parametrize("count", [1, 3, 20])
def test_figures_take_any_number_of_samples(
    tables, columns, curve_files, style_config, tmp_path, count
):
    samples, copies = study(count)
    paths = write_tables(tmp_path, copied(tables, copies), columns)
    units = [(new, p, c) for new, old in copies.items() for s, p, c in curve_files if s == old]
    curves = [curve_files[copies[new], p, c] for new, p, c in units]
    keep = ROOT / "tests" / "artefacts"
    keep.mkdir(exist_ok=True)
    for name, draw, tabs in (
        ("fig5", fig5.draw, FIG5),
        ("fig7", fig7.draw, FIG7),
    ):
        output = {k: str(tmp_path / f"{name}.{k}") for k in ("pdf", "csv")}
        output["png"] = str(keep / f"{name}_{count}_samples.png")
        drawing = Drawing(output, samples, True, style_config)
        draw(drawing, curves, units, **{k: paths[v] for k, v in tabs.items()}, **PROTOCOLS)
        with Path(output["csv"]).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert Path(output["pdf"]).read_bytes().startswith(b"%PDF")
        shown = {r["sample"] for r in rows}
        expected = {u[0] for u in units if u[1] == ("short" if name == "fig5" else "long")}
        assert shown == expected


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_sample_that_another_one_covers_is_named(
    tables, columns, curve_files, style_config, tmp_path, monkeypatch, shift
):
    copies = {"uncoated": "uncoated", "twin": "uncoated"}
    own = copied(tables, copies)
    for row in own["cycling_cells"]:
        if row["sample"] == "twin" and row.get("discharge_capacity_mAh_g"):
            row["discharge_capacity_mAh_g"] += shift
    paths = write_tables(tmp_path, own, columns)
    samples = [
        {"sample": name, "role": role, "label": f"the {name}", "annealing_temperature_degC": "25"}
        for name, role in (("uncoated", "uncoated"), ("twin", "coated"))
    ]
    units = [(new, p, c) for new, old in copies.items() for s, p, c in curve_files if s == old]
    said = []
    monkeypatch.setattr(fig7.style, "explain", lambda _, text: said.append(text))
    output = {k: str(tmp_path / f"fig7.{k}") for k in ("pdf", "png", "csv")}
    fig7.draw(
        Drawing(output, samples, True, style_config),
        [curve_files["uncoated", p, c] for _, p, c in units], units,
        **{k: paths[v] for k, v in FIG7.items()}, **PROTOCOLS,
    )  # fmt: skip
    assert ("below the twin lies the uncoated" in said[0]) == (shift == 0.0)


def test_plotted_numbers_are_those_of_the_table(
    tables, columns, curve_files, style_config, tmp_path
):
    samples = read_csv(DEMO / "samples.csv")
    paths = write_tables(tmp_path, tables, columns)
    output = {k: str(tmp_path / f"fig5.{k}") for k in ("pdf", "png", "csv")}
    fig5.draw(
        Drawing(output, samples, True, style_config, "uncoated"),
        list(curve_files.values()), list(curve_files),
        **{k: paths[v] for k, v in FIG5.items()}, **PROTOCOLS,
    )  # fmt: skip
    with Path(output["csv"]).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = {
        (r["sample"], r["quantity"]): float(r["value"])
        for r in rows
        if r["panel"] in "ab" and not r["cell"]
    }
    for row in tables["cycling_metrics"]:
        key = row["sample"], row["metric"]
        if row["protocol"] == "short" and key in found:
            assert found[key] == pytest.approx(row["value"], rel=1e-9)
    assert len(found) == 9 * 6
    # Panel c conserves charge: the integral of the drawn curve is the discharge capacity.
    curve = [
        r for r in rows if (r["sample"], r["quantity"]) == ("c400", "dqdv_mAh_g_V discharge 1")
    ]
    potential = np.array([float(r["potential_V"]) for r in curve])
    values = np.array([float(r["value"]) for r in curve])
    capacity = found["c400", "first_discharge_capacity_mAh_g"]
    assert values.sum() * (potential[1] - potential[0]) == pytest.approx(capacity, rel=0.01)


def test_figures_take_cells_of_which_little_is_usable(
    tables, columns, curve_files, style_config, tmp_path
):
    """Gaps between the cycles, a sample without any metric, doubtful cells."""
    changed = copied(tables, {s: s for s in ("uncoated", "c400", "c500")})
    for row in changed["cycling_cells"]:
        if row["sample"] == "c400" and row["cycle"] not in (2, 60, 112):
            row |= {"quality": "unusable", "quality_note": "why"}
        if row["sample"] == "uncoated":
            row |= {"quality": "doubtful", "quality_note": "why"}
            if row["cycle"] in (20, 21):  # a titration
                row |= {"c_rate": None}
    for row in changed["cycling_metrics"]:
        if row["sample"] == "c500":
            row |= {
                "value": None,
                "value_sd": None,
                "n_cells": 0,
                "cell_values": None,
                "quality": "unusable",
            }
        if row["sample"] == "uncoated":
            row |= {"quality": "doubtful"}
    paths = write_tables(tmp_path, changed, columns)
    samples = [
        s for s in read_csv(DEMO / "samples.csv") if s["sample"] in ("uncoated", "c400", "c500")
    ]
    units = [k for k in curve_files if k[0] in ("uncoated", "c400", "c500")]
    for name, draw, tabs in (("fig5", fig5.draw, FIG5), ("fig7", fig7.draw, FIG7)):
        output = {k: str(tmp_path / f"{name}.{k}") for k in ("pdf", "png", "csv")}
        draw(
            Drawing(output, samples, True, style_config), [curve_files[u] for u in units], units,
            **{k: paths[v] for k, v in tabs.items()}, **PROTOCOLS,
        )  # fmt: skip
        with Path(output["csv"]).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        if name == "fig7":
            drawn = {int(r["cycle"]) for r in rows if r["sample"] == "c400" and r["cycle"]}
            assert drawn == {2, 60, 112}
        else:
            assert "c500" not in {r["sample"] for r in rows if r["panel"] in "ab"}


def test_empty_studies_and_problems_say_why(columns, style_config, tmp_path):
    names = ("cycling_metrics", "cycling_dqdv_features", "cycling_cells")
    paths = write_tables(tmp_path, {n: [] for n in names}, columns)
    nothing = Analysis(problem="a.mpt: line 3: expected this, found that")
    save_curves({}, tmp_path / "a.nc")
    save_rows(nothing, tmp_path / "a.json")
    sample = {
        "sample": "x",
        "role": "coated",
        "label": "<b>x</b> $",
        "annealing_temperature_degC": "1",
    }
    for draw, protocol, tabs in (
        (fig5.draw, "short", FIG5),
        (fig7.draw, "long", FIG7),
    ):
        output = {k: str(tmp_path / f"f.{k}") for k in ("pdf", "png", "csv")}
        draw(
            Drawing(output, [sample], False, style_config),
            [str(tmp_path / "a.nc")],
            [("x", protocol, "a")],
            **{k: paths[v] for k, v in tabs.items()},
            **PROTOCOLS,
        )
        assert Path(output["png"]).stat().st_size > 1000
    cycling_quicklook.draw(
        Drawing({"png": str(tmp_path / "q.png")}, [sample], False, style_config),
        [str(tmp_path / "a.nc")], [str(tmp_path / "a.json")], [("short", "a")], potential_reference="",
    )  # fmt: skip
    assert (tmp_path / "q.png").stat().st_size > 1000
