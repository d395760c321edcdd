"""`coatbench init`: tables proposed from exports, guesses marked, nothing overwritten; a second coating in a few steps."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coatbench.cli import main
from coatbench.propose import preset, presets, propose
from coatbench.propose_rows import CURRENTS, Found, _stem, _tga_ms
from coatbench.settings import load_study_settings
from coatbench.settings_schema import settings_problems
from coatbench.sims.fragments import load_fragments
from coatbench.simulate.write_phi_spe import write_spe
from coatbench.simulate.write_vamas import SpectrumRecord
from coatbench.study import load_study
from coatbench.xps.library import states
from coatbench.xps.quantify import rsf
from conftest import ROOT, SHARED, inputs
from studies import rows_of
from xps.made_cases import stored
from xps.planted import write, write_columns

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
    # Lines as the library of components has them, which says the source of each; factors are computed for every line.
    known = states()
    assert all(state.source for line in known.values() for state in line)
    for region in coverage["coating"]:
        assert rsf("scofield", region)
        model = config["xps"]["regions"][region]
        splitting = model.get("doublet", {}).get("splitting_eV", 0.0)
        assert splitting == pytest.approx(known[region][0].splitting_eV or 0.0, abs=0.03)
        lies = [c["binding_energy_eV"] for c in model["components"].values()]
        fixed = [e for e in lies if not isinstance(e, str)]
        assert any(
            abs(e - s.binding_energy_eV) <= s.within_eV for e in fixed for s in known[region]
        )
    if name != "li3ps4":
        text = preset(name)["study.yaml"]
        assert "Standard Reference Database" in text or "(2015)" in text
        assert set(config["sims"]["map_fragments"]) <= {f.name for f in load_fragments(tmp_path / "fragments.csv")}  # fmt: skip
    with (ROOT / "workflow" / "coatbench" / "leis" / "data" / "stopping_he.csv").open() as stream:
        materials = {r[0] for r in csv.reader(x for x in stream if not x.startswith("#"))}
    assert set(config["leis"]["layer_materials"]) <= materials


def named(folder: Path, *names: str) -> Path:
    """Write spectra of LEIS, which are recognised anywhere, under these names; no two alike."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(QTAC + f"2600\t{i}\n")
    return folder


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["bare_spot1.txt", "n400_spot1.txt", "n400_spot2.txt"], ["bare", "n400", "n400"]),
        (["20240311_MK_LNO_bare_A.txt", "20240311_MK_LNO_400C_A.txt"], ["bare", "400C"]),
        (["LNO_400C_1h_200C.txt", "LNO_500C_1h_200C.txt"], ["400C", "500C"]),
        (["n400/spot1.txt", "n500/spot1.txt"], ["n400", "n500"]),
        (["Sample 3 spot 1.txt", "Sample 12 spot 1.txt"], ["Sample3", "Sample12"]),
        (["Probe_1.txt", "Probe_2.txt"], ["Probe1", "Probe2"]),
        (["survey.txt"], ["survey"]),
        (["bäre/ü_1.txt"], ["ue"]),
        (["Träger Stelle 1.txt", "LNO 400 °C Fleck 2.txt"], ["Traeger", "LNO"]),
    ],
)  # fmt: skip
def test_ids_are_what_tells_names_apart(tmp_path: Path, names: list[str], ids: list[str]) -> None:
    found = propose(named(tmp_path / "leis", *names).parent).found
    by_name = {f.path.relative_to(tmp_path / "leis").as_posix(): f.sample for f in found}
    assert [by_name[name] for name in names] == ids


def test_spot_10_comes_after_spot_2(tmp_path: Path) -> None:
    names = [f"n400_spot{i}.txt" for i in (1, 2, 10)]
    found = propose(named(tmp_path, *sorted(names))).found
    assert [f.path.name for f in found] == names


@pytest.mark.parametrize("word", ["bare", "uncoated", "Pristine", "reference", "unbeschichtet"])
def test_a_name_without_coating_is_uncoated(tmp_path: Path, word: str) -> None:
    table = propose(named(tmp_path, f"NCM_{word}_200C.txt", "NCM_400_200C.txt")).tables["samples.csv"]  # fmt: skip
    assert f"{word},uncoated" in table and "400,coated" in table


def test_kelvin_in_a_name_is_converted_and_marked(tmp_path: Path) -> None:
    table = propose(named(tmp_path, "bare_473K.txt", "n400_200C.txt")).tables["leis/index.csv"]
    assert "bare,../bare_473K.txt,199.85," in table
    assert "# ../bare_473K.txt: 473 K in its name is taken as 199.85 degC" in table


def cells_of(table: str, *columns: str) -> list[tuple[str, ...]]:
    rows = csv.DictReader(line for line in table.splitlines() if not line.startswith("#"))
    return [tuple(row[c] for c in columns) for row in rows]


@pytest.mark.parametrize(
    ("names", "heated"),
    [
        (["LNO_bare.txt", "LNO_400C.txt", "LNO_500C.txt"], ["400C:", "500C:", "bare:"]),
        (["LNO_400C_1h_200C.txt", "LNO_500C_1h_200C.txt"], ["400C:200", "500C:200"]),
        (["LNO_400C_400C.txt", "LNO_500C_400C.txt"], ["LNO_400C:400", "LNO_500C:400"]),
        (["bare_200C.txt", "n400_200C.txt"], ["bare:200", "n400:200"]),
    ],
)
def test_the_temperature_of_an_annealing_is_none_of_a_heating(
    tmp_path: Path, names: list[str], heated: list[str]
) -> None:
    """A spectrum named after its sample alone was proposed as heated to what the sample was annealed at."""
    table = propose(named(tmp_path, *names)).tables["leis/index.csv"]
    told = [":".join(row) for row in cells_of(table, "sample", "heating_temperature_degC")]
    assert sorted(told) == heated


@pytest.mark.parametrize(
    ("name", "kind", "element"),
    [("n400_Ti.tif", "edx", "Ti"), ("n400_Mg.tif", "edx", "Mg"), ("n400_Nb.tif", "edx", "Nb"), ("n400_detail.tif", "laadf", ""), ("n400_V.tif", "laadf", "")],
)  # fmt: skip
def test_any_element_in_a_name_is_a_map(name: str, kind: str, element: str) -> None:
    """A map of titanium was proposed as an image, in which a layer is then measured."""
    ((row, _),) = _stem([Found(Path(name), "stem", "TIFF", "n400")])
    assert (row["kind"], row["element"]) == (kind, element)


def test_each_run_has_its_own_ion_currents() -> None:
    """The second run of a sample was given those of the first."""
    runs = [Found(Path(f"n400_run{i}.txt"), "tga_ms", "Proteus", "n400") for i in (1, 2)]
    currents = [Found(Path(f"n400_run{i}_MS.asc"), "tga_ms", CURRENTS[0], "n400") for i in (1, 2)]
    rows = _tga_ms([*runs, *currents])
    assert [row["ms_file"] for row, _ in rows] == ["n400_run1_MS.asc", "n400_run2_MS.asc"]
    (row, run), _ = _tga_ms([*[Found(Path(f"n400_{w}.txt"), "tga_ms", "Proteus", "n400") for w in ("slow", "fast")], *currents])  # fmt: skip
    assert row["ms_file"] == "" and "n400_run1_MS.asc, n400_run2_MS.asc" in run.remark


MPT = "EC-Lab ASCII FILE\nNb header lines : 3\ntime/s\tEwe/V\tI/mA\n"
PROTEUS = "#EXPORTTYPE:\tDATA ALL\n##Temp./°C;Time/min;Mass/%\n25.0;0.0;100.0\n26.0;0.1;99.9\n"


def test_files_of_one_run_are_one_row_and_a_baseline_is_no_sample(tmp_path: Path) -> None:
    (tmp_path / "n400_A.mpt").write_text(MPT)
    (tmp_path / "n400_A.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE\x1a" + bytes(100))
    (tmp_path / "bare_B.mpt").write_text(MPT)
    for name in ("TGA_n400.txt", "TGA_bare.txt", "TGA_baseline.txt"):
        (tmp_path / name).write_text(PROTEUS)
    proposal = propose(tmp_path)
    cells = proposal.tables["cycling/index.csv"].splitlines()
    assert [line for line in cells if line.startswith("# The same run")] == [
        "# The same run as ../n400_A.mpt by name, and not proposed: ../n400_A.mpr"
    ]
    assert [tuple(line.split(",")[:3]) for line in cells if not line.startswith("#")][1:] == [
        ("bare", "B", "../bare_B.mpt"), ("n400", "A", "../n400_A.mpt"),
    ]  # fmt: skip
    runs = [r.split(",") for r in proposal.tables["tga_ms/index.csv"].splitlines() if r.startswith("TGA")]  # fmt: skip
    assert [(r[1], r[2], r[4]) for r in runs] == [
        ("bare", "../TGA_bare.txt", "../TGA_baseline.txt"),
        ("n400", "../TGA_n400.txt", "../TGA_baseline.txt"),
    ]
    samples = proposal.tables["samples.csv"]
    assert "baseline,coated" not in samples and samples.count(",coated") == 1


@pytest.mark.parametrize("source", inputs("realdata/xps"))
def test_what_a_text_of_casaxps_is_made_of_is_the_same_run(source: str, tmp_path: Path) -> None:
    folder = SHARED / "realdata" / "xps" if source == "handed" else tmp_path
    if source == "made":
        iron = stored("Fe 2p", "FeO", {"a": (709.0, 3.9, 6000.0)}, "LA(1.5,10)", (700.0, 740.0))
        write(folder / "FeO_analyzed.vms", [iron])
        write_columns(folder / "FeO_analyzed_lineshapes_cols.txt", [iron])
        (folder / "FeO_analyzed_results.csv").write_text(REPORT)
        write_spe(folder / "SnO2_10nm.spe", "SnO2_10nm", [SpectrumRecord("O 1s", 540.0, -0.1, np.full(200, 900.0), 1.0, 29.35, [])])  # fmt: skip
    found = {f.path.name: f for f in propose(folder).found}
    assert "FeO_analyzed_results.csv" not in found  # a report of fits holds no spectra
    assert "FeO_analyzed_lineshapes_cols.txt" in [p.name for p in found["FeO_analyzed.vms"].also]
    assert found["SnO2_10nm.spe"].says == "SnO2_10nm"


def test_the_name_of_a_preset_in_any_case_and_a_reader_that_leaves(tmp_path: Path) -> None:
    folder = named(tmp_path, "bare_200C.txt")
    command = f"PYTHONPATH={ROOT / 'workflow'} {sys.executable} -m coatbench.cli init {folder} --preset LiNbO3"  # fmt: skip
    made = subprocess.run(f"{command} | true", shell=True, capture_output=True, text=True)
    assert made.stderr == ""
    assert (folder / "study.yaml").is_file() and (folder / "samples.csv").is_file()


REPORT = (
    "C:\\a\\FeO_analyzed.vms\t\n\nName\tPosition\tFWHM\tRaw Area\tArea/(RSF*T*MFP)\t%At Conc\tGoodness of Fit\t\n"
    "Fe 2p\t709.00\t3.90\t6000.00\t130.00\t100.00\t-1.#IND\t\n"
)
QUADSTAR = "ASCII SAMPLE CYCLES\n"


def test_a_folder_of_everybody(tmp_path: Path) -> None:
    """Two techniques in a folder, a folder of another technique, German names, and what systems leave there."""
    mixed, other = tmp_path / "XPS und LEIS", tmp_path / "Messung 1" / "XPS"
    for folder in (mixed, other):
        folder.mkdir(parents=True)
    (mixed / "Unbeschichtet 200°C.txt").write_text("Qtac100\nb\n4He+ 3000 eV\nE\tI\n" + QTAC)
    (mixed / "LNO 400°C 200°C.txt").write_text("Qtac100\nb\n4He+ 3000 eV\nE\tI\n" + QTAC)
    (other / "LNO 400°C Zelle A.mpt").write_text(MPT)
    (other / "Vorstufe Luft.txt").write_text(PROTEUS)
    (other / "Vorstufe Luft.asc").write_text(QUADSTAR)
    for name in (
        "Thumbs.db",
        ".DS_Store",
        "desktop.ini",
        "~$Proben.xlsx",
        "._LNO 400°C.txt",
        "x.tmp",
    ):
        (mixed / name).write_text("x")
    found = propose(tmp_path)
    assert found.unknown == []
    assert {(f.technique, f.sample) for f in found.found} == {
        ("leis", "Unbeschichtet"), ("leis", "LNO_400C"), ("cycling", "LNO_400C"), ("tga_ms", "Vorstufe_Luft"),
    }  # fmt: skip
    assert "Vorstufe_Luft,precursor" in found.tables["samples.csv"]
    assert (
        "Vorstufe Luft.txt,../Messung 1/XPS/Vorstufe Luft.asc," in found.tables["tga_ms/index.csv"]
    )
