"""`coatbench init`: tables proposed from exports, guesses marked, nothing overwritten; a second coating in a few steps."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from coatbench.cli import main
from coatbench.propose import preset, presets, propose
from coatbench.settings import load_study_settings, settings_problems
from coatbench.sims.fragments import load_fragments
from coatbench.study import load_study
from conftest import ROOT
from studies import rows_of

QTAC = "".join(f"{e}\t{100 + e % 7}\n" for e in range(600, 2600, 2))


def exports(folder: Path) -> Path:
    """Exports at several depths, as they come from instruments: LEIS, XPS of a simulated niobate."""
    (folder / "2025" / "leis").mkdir(parents=True)
    for name in ("bare_200C.txt", "n400_200C.txt"):
        (folder / "2025" / "leis" / name).write_text(QTAC + f"2600\t{ord(name[0])}\n")
    (folder / "notes.txt").write_text("some words\n")
    (folder / ".hidden").write_text("x")
    return folder


def test_tables_are_proposed_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = exports(tmp_path / "mine")
    assert main(["init", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "LEIS: 2 exports of 2 samples (Qtac ASCII)" in said
    assert "not recognised: 1 files (notes.txt)" in said
    assert f"snakemake check --config study={folder} results=results/mine" in said
    rows = rows_of(folder / "leis" / "index.csv")
    assert [
        (r["sample"], r["file"], r["heating_temperature_degC"], r["dose_nC"]) for r in rows
    ] == [
        ("bare", "../2025/leis/bare_200C.txt", "200", ""),
        ("n400", "../2025/leis/n400_200C.txt", "200", ""),
    ]
    assert [(r["sample"], r["role"]) for r in rows_of(folder / "samples.csv")] == [("bare", "uncoated"), ("n400", "coated")]  # fmt: skip
    assert (folder / "samples.csv").read_text().startswith("# Proposed")
    study = load_study(folder)
    assert (study.reference, study.notes) == ("bare", [])
    (folder / "samples.csv").write_text("mine\n")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert main(["init", str(folder), "--preset", "linbo3"]) == 0
    assert "left as they are: samples.csv, leis/index.csv" in capsys.readouterr().out
    assert {p: p.read_bytes() for p in before} == before
    assert (folder / "study.yaml").is_file()


def test_a_folder_of_nothing_and_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "none")]) == 1
    assert main(["init", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


def test_words_that_all_names_share_are_no_sample(tmp_path: Path) -> None:
    for name in ("LNO_bare_200C.txt", "LNO_450_200C.txt"):
        (tmp_path / name).write_text(QTAC)
    assert {f.sample for f in propose(tmp_path).found} == {"bare", "450"}


@pytest.mark.parametrize("name", presets())
def test_presets_hold_against_the_schema_and_name_their_sources(tmp_path: Path, name: str) -> None:
    import yaml
    from snakemake.utils import update_config

    for file, text in preset(name).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert "coating" in load_study_settings(tmp_path).title
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, load_study_settings(tmp_path).overrides)
    assert settings_problems(config, ROOT / "workflow" / "schemas") == []
    coverage = config["xps"]["coverage"]
    assert {*coverage["coating"], coverage["substrate"]} <= set(config["xps"]["regions"])
    if name != "li3ps4":
        assert "Handbook" in preset(name)["study.yaml"] or "(2015)" in preset(name)["study.yaml"]
        assert set(config["sims"]["map_fragments"]) <= {f.name for f in load_fragments(tmp_path / "fragments.csv")}  # fmt: skip
    with (ROOT / "workflow" / "coatbench" / "leis" / "data" / "stopping_he.csv").open() as stream:
        materials = {r[0] for r in csv.reader(x for x in stream if not x.startswith("#"))}
    assert set(config["leis"]["layer_materials"]) <= materials
