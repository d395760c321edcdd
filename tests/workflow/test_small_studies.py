"""Studies that lack things: one technique, samples without measurements, a damaged export."""

from __future__ import annotations

import pytest
from coatbench.tables import read_table
from studies import as_supplied, cut_study, make_exports, planned, tree

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


def test_a_supplied_study_is_never_written_to(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis"], ["uncoated", "c400"])
    arguments = ["--config", f"study={study}", "results=out"]
    make_exports(workflow, study)
    before = tree(study)
    workflow.run(*arguments)
    assert tree(study) == before


def test_a_damaged_export_stops_its_own_jobs_only(workflow, tmp_path) -> None:
    study = cut_study(tmp_path / "study", ["leis", "cycling"], ["uncoated", "c300", "c400"])
    arguments = ["--config", f"study={study}", "results=out"]
    workflow.run(*arguments)
    as_supplied(study)
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
