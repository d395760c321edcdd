"""Studies unlike the demo: few or many samples, one technique, a damaged export."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from functools import partial
from pathlib import Path

import pytest
from coatbench.tables import read_table
from conftest import ROOT, copy_demo_tables
from studies import (
    cut_study,
    edit_rows,
    hard_to_read,
    make_exports,
    planned,
    rows_of,
    study_of_niobate,
    study_of_temperatures,
    tree,
)

pytestmark = pytest.mark.workflow


def test_one_technique_two_samples_and_nothing_left_to_do(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    arguments = ["--config", f"study={study}", "results=out"]
    workflow.run(*arguments)
    windows = read_table(workflow.folder / "out" / "tables" / "leis_windows.csv")
    assert {row["sample"] for row in windows} == {"uncoated", "c400"}
    assert (workflow.folder / "out" / "figures" / "fig3.pdf").is_file()
    assert not (workflow.folder / "out" / "tables" / "xps_fits.csv").exists()
    assert planned(workflow, *arguments) == {}
    # Snakemake's own report: every figure with its caption and category.
    workflow.run(*arguments, "--report", "report.zip")
    with zipfile.ZipFile(workflow.folder / "report.zip") as archive:
        page = archive.read("report/report.html").decode()
        files = [Path(name).name for name in archive.namelist()]
    found, categories = (
        json.JSONDecoder().raw_decode(page, page.index(start + "{") + len(start))[0]
        for start in (" var results = ", " var categories = ")
    )
    for kind in ("pdf", "png", "csv"):
        entry = found[f"out/figures/fig3.{kind}"]
        assert entry["caption"].startswith("<p><strong>Low-energy ion scattering")
        assert entry["labels"] == {"figure": "3", "kind": kind}
        assert f"fig3.{kind}" in files
    assert {"LEIS", "Ranking"} <= set(categories)


def test_a_supplied_study_is_never_written_to(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    arguments = ["--config", f"study={study}", "results=out"]
    make_exports(workflow, study)
    before = tree(study)
    workflow.run(*arguments)
    assert tree(study) == before


def test_a_damaged_export_stops_its_own_jobs_only(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis", "cycling"], ["uncoated", "c300", "c400"])
    edit_rows(study / "cycling" / "index.csv", lambda r: r if r["cell"] == "P1" else None)
    arguments = ["--config", f"study={study}", "results=out"]
    make_exports(workflow, study)
    workflow.run(*arguments)
    good = tree(workflow.folder / "out" / "tables")
    victim = sorted((study / "leis").glob("*c300*"))[0]
    whole = victim.read_bytes()
    victim.write_bytes(b"")
    text = workflow.run(*arguments, check=False)
    lines = [line for line in text.splitlines() if victim.name in line and "expected" in line]
    assert lines
    assert "empty file" in lines[0]
    tables = workflow.folder / "out" / "tables"
    assert {r["sample"] for r in read_table(tables / "leis_windows.csv")} == {"uncoated", "c400"}
    assert (tables / "cycling_metrics.csv").read_bytes() == good["cycling_metrics.csv"]
    assert [r["unit"] for r in read_table(tables / "problems.csv")] == ["c300"]
    assert not list((workflow.folder / "out").rglob("*.part"))
    # The same again says the same again; a mended file ends as if nothing had been.
    workflow.run(*arguments, check=False)
    victim.write_bytes(whole)
    workflow.run(*arguments)
    assert tree(tables) == good


def test_contract_problems_come_before_any_job(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    index = study / "leis" / "index.csv"
    index.write_text(index.read_text().replace("c400,", "c999,"))
    (study / "samples.csv").write_text((study / "samples.csv").read_text() + "x y,coated,,,,\n")
    text = workflow.run("--config", f"study={study}", "results=out", check=False)
    assert "leis/index.csv: row" in text
    assert "'c999'" in text
    assert "samples.csv: row 4: column sample: found 'x y'" in text
    assert not (workflow.folder / "out").exists()


def test_a_typo_in_the_config_is_named(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    (study / "study.yaml").write_text("leis: {beam_current_na: 2.6}\n")
    assert "beam_current_na" in workflow.run("--config", f"study={study}", check=False)


def test_check_prints_a_row_per_measurement(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    text = workflow.run("check", "--config", f"study={study}", "results=out")
    rows = [line for line in text.splitlines() if "Qtac ASCII" in line]
    assert len(rows) == 4
    assert "xps: not measured in this study" in text


ALL, COATED, REFERENCE, PRECURSOR = "all", "coated", "reference", "precursor"
LONG, IMAGED = "of long-term cells", "of which there are micrographs"
# Whom the plotted numbers of each figure must name.
FIGURES = {
    "fig1": ALL, "fig2": ALL, "fig3": ALL, "fig4": IMAGED, "fig5": ALL, "fig6": COATED, "fig7": LONG,
    "figS1": ALL, "figS2": ALL, "figS3": ALL, "figS5": REFERENCE, "ranking": ALL, "consistency": COATED,
    "sims_boxes": ALL, "sims_maps": ALL, "sims_pca": ALL,
}  # fmt: skip
# Nb 3d alone tells the coating: no figure S1; the precursor of this study was heated in a thermobalance.
NIOBATE = {k: v for k, v in FIGURES.items() if k != "figS1"} | {"figS4": PRECURSOR}
# Eighteen settings of four factors by XPS, short cycling and ToF-SIMS, whose names are too long for an axis.
FACTORS = {
    k: FIGURES[k]
    for k in FIGURES.keys() - {"fig3", "fig4", "fig7", "figS5", "consistency"}
}  # fmt: skip


def study_of_factors(folder: Path) -> list[str]:
    """Copy data/demo_factors, whose exports are made on use."""
    copy_demo_tables(folder, "demo_factors")
    return [row["sample"] for row in rows_of(folder / "samples.csv")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "figures"),
    [
        (partial(study_of_temperatures, temperatures_degC=(200, 500)), FIGURES),
        (partial(study_of_temperatures, temperatures_degC=range(25, 700, 35)), FIGURES),
        (study_of_niobate, NIOBATE),
        (study_of_factors, FACTORS),
    ],
    ids=["3_samples", "21_samples", "niobate", "factors"],
)
def test_figures_of_other_studies_can_be_read(workflow, tmp_path, request, make, figures) -> None:
    """Few samples, many, another coating: nothing lies on anything else, every figure fits on a page."""
    names = make(tmp_path / "study")
    arguments = ["--config", f"study={tmp_path / 'study'}", "results=out"]
    # Of one study quick-looks and report too; of the others they show what the figures are.
    if len(names) > 3 or figures is not FIGURES:
        arguments = [*(f"out/figures/{name}.png" for name in figures), *arguments]
    workflow.run(*arguments)
    folder = workflow.folder / "out" / "figures"
    keep = ROOT / "tests" / "artefacts" / request.node.callspec.id
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    for path in folder.glob("*.png"):
        shutil.copy2(path, keep)
    print(f"images: {keep}")
    assert {p.stem for p in folder.glob("*.pdf")} == set(figures)
    assert hard_to_read(workflow.folder / "out") == []
    for name, whom in figures.items():
        height_px = int.from_bytes((folder / f"{name}.png").read_bytes()[20:24])
        assert height_px <= 9.5 * 300 + 1, name
        pdf = (folder / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in pdf, name  # the glyphs are in the file, as outlines
        assert b"/Type3" not in pdf, name
        assert (
            _named(folder / f"{name}.csv")
            >= {
                ALL: set(names),
                COATED: set(names[1:]),
                REFERENCE: {"uncoated"},
                PRECURSOR: {"sol"},
                LONG: _measured(tmp_path / "study", "cycling", protocol="long"),
                IMAGED: _measured(tmp_path / "study", "stem") - {"uncoated"},
            }[whom]
        ), name


def test_figures_that_relate_to_the_reference_are_not_made_without_it(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["xps", "sims", "stem"], ["c300", "c400"])
    text = workflow.run("--summary", "--config", f"study={study}", "results=out")
    made = {name for name in FIGURES if f"out/figures/{name}.pdf" in text}
    assert {"fig1", "fig2", "fig4", "sims_boxes"} <= made
    assert not {"fig6", "figS3", "figS5"} & made


def _named(path: Path) -> set[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row.get("sample") or row.get("series", "") for row in csv.DictReader(stream)}


def _measured(study: Path, technique: str, **cells: str) -> set[str]:
    """Samples of an index, of the rows with these cells."""
    index = study / technique / "index.csv"
    rows = read_table(index) if index.is_file() else []
    return {r["sample"] for r in rows if all(r[c] == v for c, v in cells.items())}


def test_a_figure_without_its_kind_of_cells_is_not_made_and_named(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["cycling"], ["uncoated", "c300"])
    edit_rows(study / "cycling" / "index.csv", lambda r: r if r["protocol"] == "short" else None)
    arguments = ["--config", f"study={study}", "results=out"]
    assert planned(workflow, "out/figures/fig5.svg", *arguments)["cycling_figures"] == 1
    assert "fig7" in workflow.run("-n", "out/figures/fig7.pdf", *arguments, check=False)
    workflow.run("out/tables/warnings.csv", *arguments)
    said = [r["warning"] for r in read_table(workflow.folder / "out" / "tables" / "warnings.csv")]
    assert "cycling: figure 7 is not made: no cell was measured by a protocol of kind long" in said
