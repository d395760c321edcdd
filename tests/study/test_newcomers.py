"""Mistakes of people who make a study for the first time: each is one line, in the right file's name, with the way out."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from coatbench.check import inspect_study
from coatbench.claims.read import OPTIONAL, TABLE, read_claims
from coatbench.errors import ReadError, StudyError
from coatbench.factors import check_factors, read_factors
from coatbench.readers.recognise import format_names, recognise
from coatbench.readers.surfacelab_ascii import measurements, open_region
from coatbench.settings import load_study_settings
from coatbench.settings_schema import settings_problems
from coatbench.slips import what_it_was
from coatbench.spelling import column_meant
from coatbench.study import load_study
from coatbench.techniques import TECHNIQUES
from conftest import ROOT
from job import spelled
from xps.planted import scan, write

SAMPLES = "sample,role,atmosphere\nbare,uncoated,\nn400,coated,Ar\nn500,coated,air\n"
LEIS = "sample,file,heating_temperature_degC,dose_nC\nbare,a.txt,200,3\nn400,b.txt,200,3\nn500,c.txt,200,3\n"
CYCLING = (
    "sample,cell,file,protocol,composite_mass_mg,cam_mass_fraction\n"
    "bare,A,a.mpt,short,12,0.7\nn400,A,b.mpt,short,12,0.7\nn500,A,c.mpt,short,12,0.7\n"
)


def study(folder: Path, samples: str = SAMPLES, **indexes: str) -> Path:
    """Write a study; three exports beside each index, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "samples.csv").write_text(samples, encoding="utf-8")
    for technique, text in (indexes or {"leis": LEIS}).items():
        (folder / technique).mkdir()
        (folder / technique / "index.csv").write_text(text, encoding="utf-8")
        for name in ("a", "b", "c"):
            suffix = "mpt" if technique == "cycling" else "txt"
            (folder / technique / f"{name}.{suffix}").write_text(f"1\t{ord(name)}\n")
    return folder


CHOICES = {
    ("cycling", "protocol"): ["short", "long"],
    ("leis", "format"): partial(format_names, "leis"),
}


def said(folder: Path) -> tuple[list[str], list[str]]:
    """Return the problems and the notes of a study."""
    try:
        return [], load_study(folder, choices=CHOICES).notes
    except StudyError as error:
        return error.problems, error.notes


@pytest.mark.parametrize(
    ("samples", "leis", "words"),
    [
        # A row that is wrong in its own cells is not missed by the indexes.
        (SAMPLES.replace("coated,Ar", "coated,Ar,,"), LEIS, []),
        (SAMPLES.replace("coated,Ar", "coated,Ar, with water"), LEIS, ["samples.csv: row 3: found 4 cells"]),
        (SAMPLES.replace("n400,coated", "n 400,coated"), LEIS, ["samples.csv: row 3", "letters, digits"]),
        (SAMPLES.replace(",coated", ",Coated"), LEIS, ["samples.csv: row 3 (and in 1 more)", "did you mean coated?"]),
        (SAMPLES.replace("bare,", "001,"), LEIS.replace("bare,", "1,"), ["did you mean 001?"]),
        (SAMPLES.replace("n400,coated,Ar", "n400;coated;Ar"), LEIS, ["samples.csv: row 3: found semicolons between cells, expected commas"]),
        (SAMPLES.replace("n400,coated", "n400\tcoated"), LEIS, ["samples.csv: row 3: found tabs between cells, expected commas"]),
        (SAMPLES + "n400,coated,Ar\n", LEIS, ["samples.csv: row 5", "expected each id once"]),
        (SAMPLES.replace("sample,role", "Sample,Role"), LEIS, ["rename Sample to sample, Role to role?"]),
        # Cells
        (SAMPLES, LEIS.replace(",3\n", ",3 nC\n"), ["row 2 (and in 2 more)", "'3 nC'", "write the number alone, nC stands in the name"]),
        (SAMPLES, LEIS.replace("n400,b.txt,200,3", "n400,b.txt,200,3 µC"), ["row 3", "write the number alone, in nC"]),
        (SAMPLES, LEIS.replace("b.txt,200,3", "b.txt,200,01. Mai"), ["row 3", "did a spreadsheet make a date of 1.5?"]),
        (SAMPLES, LEIS.replace("b.txt,200,3", "b.txt,200,01.05.2026"), ["row 3", "did a spreadsheet make a date of 1.5?"]),
        (SAMPLES, LEIS.replace("b.txt,200,3", "b.txt,200,n.a."), ["row 3: column dose_nC", "'n.a.'", "or an empty cell"]),
        (SAMPLES, LEIS.replace("b.txt,200,3", "b.txt,-,3"), ["row 3: column heating_temperature_degC", "may not be without"]),
        (SAMPLES, LEIS.replace("dose_nC", "exclude").replace(",3\n", ",-\n"), ["row 2 (and in 2 more): column exclude", "'-'", "empty cell"]),
        (SAMPLES, LEIS.replace("200,3", "200,0"), ["expected a number above 0"]),
        (SAMPLES, LEIS.replace("b.txt,200,3", ",,3"), ["row 3: columns file, heating_temperature_degC: found empty cells"]),
        # Lines
        (SAMPLES, LEIS + LEIS.splitlines()[0] + "\n", ["row 5: found the header again", "remove the line"]),
        (SAMPLES, LEIS.replace("nC\n", "nC\n,,°C,nC\n"), ["row 2: found units", "remove the line"]),
        (SAMPLES, LEIS.replace("sample,file", "Probe,Datei"), ["expected columns sample, file, found Probe, Datei"]),
        (SAMPLES, LEIS.replace(",", " "), ["found one column", "separate columns by commas"]),
        (SAMPLES, LEIS + f"n400,{'x' * 140000}.txt,300,\n", ["row 5: expected a row of a table, found 140,"]),
        # Files
        (SAMPLES, LEIS.replace("b.txt", "b"), ["row 3", "did you mean b.txt?"]),
        (SAMPLES, LEIS.replace("b.txt", "*.txt"), ["row 3", "one file, no pattern; it fits a.txt, b.txt and 1 more"]),
        (SAMPLES, LEIS.replace("b.txt", "."), ["row 3", "found the folder '.', expected a file; name a file in it"]),
        (SAMPLES, LEIS.replace("b.txt", "C:\\Daten\\b.txt"), ["row 3", "not a path of Windows; did you mean b.txt?"]),
        (SAMPLES, LEIS.replace("b.txt", "leis/b.txt"), ["row 3", "relative to the folder of the index; did you mean b.txt?"]),
        (SAMPLES, LEIS.replace("dose_nC", "exclude").replace("b.txt,200,3", "b.txt,200,ok").replace(",3\n", ",\n"), ["row 3: column exclude: found 'ok'", "a reason in words"]),
        (SAMPLES, LEIS.replace("b.txt", "old/b.txt").replace("c.txt", "old/c.txt"), ["row 3 (and in 1 more)", "expected a folder", "/leis/old, found none"]),
        (SAMPLES, LEIS.replace("dose_nC", "format").replace(",3\n", ",Qtac\n"), ["row 2 (and in 2 more): column format", "did you mean Qtac ASCII?"]),
    ],
)  # fmt: skip
def test_one_mistake_is_one_line(tmp_path: Path, samples: str, leis: str, words: list[str]) -> None:
    problems, notes = said(study(tmp_path / "s", samples, leis=leis))
    assert len(problems) == (1 if words else 0), problems
    assert not notes, notes
    for word in words:
        assert word in problems[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("A,b.mpt,short", "A,b.mpt,Short"), ["row 3: column protocol", "'Short'", "did you mean short?"]),
        (("n500,A,c.mpt,short,12", "n400,A,c.mpt,short,11"), ["row 4", "column composite_mass_mg", "'11'", "expected '12' as in row 3", "sample n400 cell A"]),
        (("short,12,0.7", "short,,"), ["row 2 (and in 2 more): columns composite_mass_mg, cam_mass_fraction: found empty cells"]),
    ],
)  # fmt: skip
def test_slips_in_cells_of_a_battery(
    tmp_path: Path, change: tuple[str, str], words: list[str]
) -> None:
    problems, _ = said(study(tmp_path / "s", cycling=CYCLING.replace(*change)))
    assert len(problems) == 1, problems
    for word in words:
        assert word in problems[0]


@pytest.mark.parametrize(
    ("samples", "leis", "more", "words"),
    [
        (SAMPLES.replace(",air", ",argon"), LEIS, {}, ["samples.csv: column atmosphere", "'Ar' and 'argon'"]),
        (SAMPLES.replace(",air", ",ar"), LEIS, {}, ["'Ar' and 'ar'"]),
        (SAMPLES.replace("Ar", "synthetic air").replace(",air", ",syntetic air"), LEIS, {}, ["'synthetic air' and 'syntetic air'"]),
        (SAMPLES, LEIS + "#n400,b.txt,300,3\n", {}, ["row 5 starts with # and is passed over"]),
        (SAMPLES.replace(",", "|"), LEIS, {}, ["read as bar-separated"]),
        ("Our samples 2026,,\n" + SAMPLES, LEIS, {}, ["1 line above the header passed over"]),
        (SAMPLES.replace("atmosphere", "label,annealing_temperature_degC").replace("Ar", "400 °C,").replace("air", "500 °C,500"), LEIS, {}, ["samples.csv: row 3: column annealing_temperature_degC: found an empty cell, which counts as not annealed", "label says 400 °C"]),
        (SAMPLES.replace("atmosphere", "label,annealing_temperature_degC").replace("Ar", "400 °C,600").replace("air", "500 °C,500"), LEIS, {}, ["row 3", "found 600, where the label says 400 °C"]),
        (SAMPLES, LEIS.replace("n400,b.txt,200", "n400,b.txt,220"), {}, ["index.csv: row 3: column heating_temperature_degC: found 220, where bare has no row"]),
        (SAMPLES, LEIS.replace(",dose_nC", ","), {}, ["row 1: column 4 has values but no name, and is not read"]),
        (SAMPLES.replace("atmosphere", "Temperature"), LEIS, {}, ["column Temperature is not read; did you mean annealing_temperature_degC?"]),
        (SAMPLES, LEIS, {"index.csv": LEIS}, ["index.csv: is not read; an index stands in its technique's folder"]),
        (SAMPLES, LEIS, {"xps": "words"}, ["xps: is not read; expected a folder with an index.csv, found a file"]),
        (SAMPLES, LEIS, {"study.yml": "title: x"}, ["study.yml: is not read; did you mean study.yaml?"]),
        (SAMPLES, LEIS, {"Study.yaml.txt": "title: x"}, ["Study.yaml.txt: is not read; did you mean study.yaml?"]),
        (SAMPLES, LEIS, {"config.yaml": "title: x"}, ["config.yaml: is not read", "study.yaml"]),
        (SAMPLES, LEIS, {"claim.csv": "id"}, ["claim.csv: is not read; did you mean claims.csv?"]),
        (SAMPLES, LEIS, {"leis/b.txt": "1\t97\n"}, ["b.txt of n400 is the same, byte for byte, as a.txt of bare"]),
        (SAMPLES.replace("atmosphere", "annealing_temperature_degC").replace("Ar", "673").replace("air", "773"), LEIS, {}, ["673, 773, expected degC; are these kelvin?"]),
    ],
)  # fmt: skip
def test_what_is_probably_a_slip_is_a_note(
    tmp_path: Path, samples: str, leis: str, more: dict[str, str], words: list[str]
) -> None:
    folder = study(tmp_path / "s", samples, leis=leis)
    for name, text in more.items():
        (folder / name).write_text(text, encoding="utf-8")
    problems, notes = said(folder)
    assert problems == []
    assert len(notes) == 1, notes
    for word in words:
        assert word in notes[0]


def test_settings_that_differ_are_no_slips(tmp_path: Path) -> None:
    several = [
        "Ar",
        "air",
        "dry air",
        "wet air",
        "O2",
        "N2",
        "batch A",
        "batch B",
        "5% H2",
        "10% H2",
        "Ar/H2",
    ]
    rows = "".join(f"s{i},coated,{level}\n" for i, level in enumerate(several))
    _, notes = said(study(tmp_path / "s", SAMPLES.splitlines()[0] + "\nbare,uncoated,\nn400,coated,\nn500,coated,\n" + rows))  # fmt: skip
    assert notes == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("samples.xls", "found samples.xls; save it as samples.xlsx or samples.csv"),
     ("samples.ods", "found samples.ods; save it as samples.xlsx or samples.csv"),
     ("samples.csv.txt", "found samples.csv.txt"), ("Samples.csv", "did you mean samples.csv?")],
)  # fmt: skip
def test_a_table_of_another_program(tmp_path: Path, name: str, words: str) -> None:
    folder = study(tmp_path / "s")
    (folder / "samples.csv").rename(folder / name)
    problems, notes = said(folder)
    assert len(problems) == 1 and words in problems[0], problems
    assert notes == []


def test_names_are_found_as_they_are_spelled_elsewhere(tmp_path: Path) -> None:
    """An accent of its own (macOS), backslashes (Windows); a blank at the end is named."""
    folder = study(tmp_path / "s", leis=LEIS.replace("b.txt", "Prüfung\\ä.txt"))
    decomposed = folder / "leis" / unicodedata.normalize("NFD", "Prüfung")
    decomposed.mkdir()
    (folder / "leis" / "b.txt").unlink()
    (decomposed / unicodedata.normalize("NFD", "ä.txt")).write_text("1\t2\n")
    found = load_study(folder)
    assert Path(found.files("leis", sample="n400")[0]).is_file()
    assert (
        len(found.notes) == 1 and "row 3: file name read as its file is spelled" in found.notes[0]
    )
    # Where both are there the index means the one that it names, and no other.
    composed = decomposed.with_name(unicodedata.normalize("NFC", decomposed.name))
    composed.mkdir()
    (composed / "ä.txt").write_text("1\t3\n")
    for place in (composed, decomposed):
        there = next(place.iterdir())
        text = LEIS.replace("b.txt", f"{place.name}/{there.name}")
        (folder / "leis" / "index.csv").write_text(text, encoding="utf-8")
        assert load_study(folder).files("leis", sample="n400") == [there.as_posix()]
    (folder / "leis" / "c.txt").rename(folder / "leis" / "c.txt ")
    problems, _ = said(folder)
    assert len(problems) == 1 and "with a blank at its end: rename it" in problems[0]


def test_cells_are_the_same_however_their_accents_are_written(tmp_path: Path) -> None:
    """Copied from a file's name on macOS an accent follows its letter: no other atmosphere, measurement or column."""
    samples = SAMPLES.replace("Ar", "Säure").replace("air", unicodedata.normalize("NFD", "Säure"))
    for form in ("NFC", "NFD"):
        folder = study(tmp_path / form, unicodedata.normalize(form, samples))
        assert {s["atmosphere"] for s in load_study(folder).samples} == {"", "Säure"}
    images = "Prüfling (0) - total.txt"
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / unicodedata.normalize("NFD", images)).write_text("0 0 1\n0 1 2\n")
    assert measurements(tmp_path / "images") == ["Prüfling"]
    assert open_region(tmp_path / "images", measurement="Prüfling").shape == (2, 1)


@pytest.mark.parametrize("there", ["NFC", "NFD"])
def test_a_folder_is_found_however_its_accents_are_written(tmp_path, monkeypatch, there) -> None:
    monkeypatch.chdir(tmp_path)
    given = unicodedata.normalize("NFD" if there == "NFC" else "NFC", "Prüfung")
    known = Path(unicodedata.normalize(there, "Prüfung"))
    assert spelled(f"{given}/neü") == f"{given}/neü"
    known.mkdir()
    assert spelled(f"./{given}/neü") == f"{known}/neü"
    assert spelled(tmp_path / given) == str(known)


def test_what_goes_with_an_export_lies_in_the_study_too(tmp_path: Path) -> None:
    """A mask and a peak list are files of an index like others: there, below the study, found as spelled."""
    folder = study(tmp_path / "s", sims="sample,region,file,mask\nn400,1,a.txt,mäsk.png\n")
    problems, _ = said(folder)
    assert (
        len(problems) == 1 and "column mask: found 'mäsk.png', expected a file below" in problems[0]
    )
    decomposed = folder / "sims" / unicodedata.normalize("NFD", "mäsk.png")
    decomposed.write_bytes(b"")
    assert load_study(folder).measurements["sims"][0]["mask"] == decomposed.name
    (folder / "sims" / "index.csv").write_text(
        "sample,region,file,mask\nn400,1,a.txt,../../m.png\n"
    )
    (tmp_path / "m.png").write_bytes(b"")
    problems, _ = said(folder)
    assert len(problems) == 1 and "more_folders in config.yaml allows others" in problems[0]


def test_a_link_that_leads_nowhere_is_one(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    (folder / "leis" / "b.txt").unlink()
    (folder / "leis" / "b.txt").symlink_to("gone.txt")
    problems, _ = said(folder)
    assert len(problems) == 1 and "found 'b.txt', expected a file; it is a link to 'gone.txt', where none is" in problems[0]  # fmt: skip


def workbook(path: Path, text: str, *, sheets: bool = False) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    if sheets:
        book.active.append(["to do"])
        book.create_sheet("table")
    for line in text.splitlines():
        book.worksheets[-1].append([None if c == "" else c for c in line.split(",")])
    book.save(path)
    return book


def test_what_a_workbook_hides_or_merges_is_said(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    (folder / "samples.csv").unlink()
    path = folder / "samples.xlsx"
    book = workbook(path, SAMPLES)
    sheet = book.active
    sheet.row_dimensions[3].hidden = True
    sheet["C4"] = None
    sheet.merge_cells("C3:C4")
    other = book.create_sheet("old")
    other.append(["sample", "role"])
    book.save(path)
    found = load_study(folder)
    assert [s["atmosphere"] for s in found.samples] == ["", "Ar", "Ar"]
    text = "\n".join(found.notes)
    assert "row 3 is hidden in the workbook; it is read like all others" in text
    assert "sheet 'old' holds such a table too and is not read" in text
    assert "merged cells as the same value in each row" in text
    sheet.sheet_state = "hidden"
    other.append(["bare", "uncoated"])
    book.save(path)
    problems, _ = said(folder)  # the visible sheet is read: it lacks two samples
    assert len(problems) == 2 and all("expected a sample of samples.xlsx" in p for p in problems)


def test_the_sheet_with_the_table_is_read_and_numbers_keep_their_zeros(tmp_path: Path) -> None:
    folder = study(tmp_path / "s", leis=LEIS.replace("n400,", "007,"))
    (folder / "samples.csv").unlink()
    book = workbook(folder / "samples.xlsx", SAMPLES, sheets=True)
    book.worksheets[1]["A3"] = 7
    book.save(folder / "samples.xlsx")
    problems, _ = said(folder)
    assert problems and "did you mean 7?" in problems[0] and "samples.xlsx" in problems[0]
    book.worksheets[1]["A3"].number_format = "000"
    book.save(folder / "samples.xlsx")
    assert load_study(folder).samples[1]["sample"] == "007"


def test_information_is_no_problem(tmp_path: Path) -> None:
    problems, notes = said(study(tmp_path / "s", SAMPLES.replace(",", ";"), leis=LEIS.replace("b.txt", "d.txt")))  # fmt: skip
    assert len(problems) == 1 and "'d.txt'" in problems[0]
    assert len(notes) == 1 and "semicolon-separated" in notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("xps:\n\tline_shape: GL(30)\n", ["line 2: expected blanks, found a tab"]),
        ("title: coating: LiNbO3\n", ["line 1", "quotes"]),
        ("title: *LiNbO3\n", ["quotes"]),
        ("figures: {dpi: 300\n", ["bracket"]),
        ("title: 'unclosed\n", ["closing quote"]),
        ("title: @home\n", ["quotes"]),
        ('leis: {description: "C:\\Users"}\n', ["a backslash in double quotes", "single quotes"]),
        ("xps:\n  line_shape: GL(30)\n   background: linear\n", ["line 3"]),
    ],
)
def test_yaml_in_words(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study_settings(tmp_path)
    (line,) = caught.value.problems
    assert line.startswith(f"{tmp_path / 'study.yaml'}: line ")
    for word in words:
        assert word in line
    assert "unicode string" not in line and "token" not in line


def test_a_link_to_nothing_is_no_missing_study_yaml(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(StudyError, match="a link to what is not there"):
        load_study_settings(tmp_path)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"figures": {"dpi": "3,5"}}, "figures.dpi: expected a whole number, found '3,5'; with a decimal point: 3.5"),
        ({"leis": {"dose_ratio_sd": "0,05"}}, "with a decimal point: 0.05"),
        ({"cycling": {"nominal_capacity_mAh_g": 0}}, "cycling.nominal_capacity_mAh_g: expected more than 0"),
        ({"cycling": {"nominal_capacity_mAh_g": "200 mAh/g"}}, "a number alone, without unit"),
        ({"resluts": "x"}, "resluts: no such key"),
        ({"xsp": {}}, "did you mean xps?"),
        ({"leis": {"dose_ratio_sd": "2e-2"}}, "YAML wants a point and a sign: 2.0e-02"),
    ],
)  # fmt: skip
def test_config_in_words(section: dict, words: str) -> None:
    import yaml
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, section)
    found = settings_problems(config, ROOT / "workflow" / "schemas", {"s/study.yaml": section})
    assert len(found) == 1 and words in found[0], found
    assert found[0].startswith("s/study.yaml: ")
    assert len(found[0]) < 220
    assert "results" not in found[0].replace("resluts", "") and "study," not in found[0]


def test_a_factor_that_is_no_column(tmp_path: Path) -> None:
    rows = load_study(study(tmp_path / "s")).samples
    factors = read_factors(
        {"atmosphere": {"kind": "categorical"}, "atmosfere": {"kind": "categorical"}}
    )
    with pytest.raises(StudyError) as caught:
        check_factors(factors, rows, "s/samples.csv")
    assert caught.value.problems == [
        "config: factors.atmosfere: expected a column of s/samples.csv, found none of this name; did you mean atmosphere?"
    ]


def test_claims_with_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text("id,quantity,relation,expected,tolerence\n1,coverage,equals,0.5,0.1\n")
    notes: list[str] = []
    assert len(read_claims(path, notes)) == 1
    assert [n.partition(": ")[2] for n in notes] == [
        "column expected is not read; did you mean value?",
        "column tolerence is not read; did you mean tolerance?",
    ]


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("cam_mass_fraction", "70", "70 % is 0.7"),
        ("cam_mass_fraction", "70 %", "70 % is 0.7"),
        ("annealing_temperature_degC", "RT", "room temperature is 25"),
        ("annealing_temperature_degC", "400 °C", "write the number alone, degC stands"),
        ("annealing_temperature_degC", "673 K", "write the number alone, in degC"),
        ("annealing_temperature_degC", "300-400", "one number, no range"),
        ("annealing_temperature_degC", "~400", "one number alone"),
        ("annealing_temperature_degC", "400 ± 5", "one number alone"),
        ("annealing_time_h", "1:30", "in hours: 1.5"),
        ("annealing_time_h", "01:30:00", "in hours: 1.5"),
        ("annealing_time_h", "90 min", "write the number alone, in h"),
        ("annealing_time_h", "2026-05-01T00:00:00", "a date of 1.5?"),
        ("composite_mass_mg", "12,04 mg", "write the number alone, mg stands"),
        ("composite_mass_mg", "#NV", "may not be without"),
        ("composite_mass_mg", "viel", ""),
    ],
)
def test_what_a_cell_probably_was(column: str, text: str, words: str) -> None:
    said = what_it_was(text, column)
    assert words in said and bool(words) == bool(said)


@pytest.mark.parametrize("word", ["Referenz", "reference", "bare", "unbeschichtet"])
def test_other_words_for_a_role(tmp_path: Path, word: str) -> None:
    problems, _ = said(study(tmp_path / "s", SAMPLES.replace("uncoated", word)))
    assert len(problems) == 1 and "did you mean uncoated?" in problems[0]


def test_a_column_that_was_sorted_alone(tmp_path: Path) -> None:
    """Files named after another sample of the study, in the table and inside the files."""
    folder = study(tmp_path / "s", leis=LEIS.replace("b.txt", "n500_200C.txt").replace("c.txt", "n400_200C.txt"))  # fmt: skip
    for name in ("b", "c"):
        sample = {"b": "n500", "c": "n400"}[name]
        (folder / "leis" / f"{name}.txt").rename(folder / "leis" / f"{sample}_200C.txt")
    notes = load_study(folder).notes
    assert [n.partition("index.csv: ")[2] for n in notes] == [
        "row 3: column file: found 'n500_200C.txt' for sample n400; is it of n500?",
        "row 4: column file: found 'n400_200C.txt' for sample n500; is it of n400?",
    ]


def test_copies_of_tables_and_paths_of_windows(tmp_path: Path) -> None:
    folder = study(tmp_path / "mystudy", leis=LEIS.replace("b.txt", '"""b.txt"""'))
    for name in ("samples - Kopie.csv", "leis/index_old.xlsx", "leis/Kopie von index.csv"):
        (folder / name).write_text("x")
    text = "\n".join(load_study(folder).notes)
    for words in ("samples - Kopie.csv: is not read; samples.csv is", "index_old.xlsx: is not read",
                  "Kopie von index.csv: is not read", "row 3: file name read as its file is spelled"):  # fmt: skip
        assert words in text
    problems, _ = said(tmp_path / "C:\\Users\\me\\study")
    assert "under WSL C: is /mnt/c" in problems[0]
    problems, _ = said(tmp_path / "mystudi")
    assert "did you mean mystudy?" in problems[0]


def test_a_file_that_no_row_names(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    for name in ("d.txt", "d.pdf", "readme.txt", "~$d.txt"):
        (folder / "leis" / name).write_text("x")
    found = load_study(folder)
    assert (found.notes, found.beside) == ([], ["leis: no row of the index names d.txt"])


def test_a_sample_that_nothing_measured_is_named(tmp_path: Path) -> None:
    found = load_study(study(tmp_path / "s", SAMPLES + "n501,coated,Ar\n"))
    assert found.gaps()[-1] == "no index names n501; a slip in samples.csv?"


def test_a_file_that_says_it_is_another_sample(tmp_path: Path) -> None:
    (tmp_path / "xps").mkdir()
    for name, sample in (("a.vms", "AK_control"), ("b.vms", "Ni-W")):
        write(tmp_path / "xps" / name, [scan(r, sample=sample) for r in ("C 1s", "Ni 2p")])
    row = dict.fromkeys(TECHNIQUES["xps"].index.columns, "")
    rows = [row | {"sample": "AK_control", "file": "b.vms"}, row | {"sample": "Ni-W", "file": "a.vms"}]  # fmt: skip
    found, _ = inspect_study(tmp_path, {"xps": rows})
    assert [f["odd"] for f in found] == [
        "the file says of itself that it is Ni-W", "the file says of itself that it is AK_control",
    ]  # fmt: skip


def test_a_folder_is_of_no_other_technique_by_being_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(ReadError, match="found a folder; name a file"):
        recognise(tmp_path / "data", "leis")
    (tmp_path / "data" / "a (0) - total.txt").write_text("0 0 1\n")
    with pytest.raises(ReadError, match="move its row to sims"):
        recognise(tmp_path / "data", "leis")


def test_every_column_of_claims_is_known_to_the_one_who_looks_for_slips() -> None:
    source = (ROOT / "workflow" / "coatbench" / "claims" / "read.py").read_text(encoding="utf-8")
    assert set(re.findall(r'cell\("(\w+)"\)', source)) == {*OPTIONAL, *TABLE.required}


@pytest.mark.parametrize(
    ("technique", "name", "column"),
    [
        ("tga_ms", "baseline_file", "blank_file"), ("tga_ms", "blank", "blank_file"), ("tga_ms", "ms_lag_min", "ms_lag_s"),
        ("cycling", "area", "area_cm2"), ("cycling", "electrode_area_cm2", "area_cm2"), ("cycling", "leave_out", "leave_out_cycles"),
        ("sims", "dose", "primary_ion_dose_cm2"), ("sims", "binning", "pixel_binning"), ("stem", "image_number", "image"),
        ("leis", "exclude_reason", "exclude"), ("xps", "spot_size_um", None), ("xps", "operator", None), ("stem", "T", None),
    ],
)  # fmt: skip
def test_a_column_under_another_name(technique: str, name: str, column: str | None) -> None:
    assert column_meant(name, list(TECHNIQUES[technique].index.optional)) == column


STEM = (
    "sample,file,kind,field,element\nbare,a.txt,laadf,1,\nn400,b.txt,laadf,1,\nn400,c.txt,edx,1,S\n"
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("n400,c.txt,edx,1,S", "n400,c.txt,laadf,1,"), ["row 4: column sample+field+kind", "again (first in row 3)"]),
        (("edx,1,S", "edx,1,"), ["row 4: column element: found an empty cell, expected a value where kind is edx"]),
    ],
)  # fmt: skip
def test_slips_in_cells_of_images(
    tmp_path: Path, change: tuple[str, str], words: list[str]
) -> None:
    assert said(study(tmp_path / "s", stem=STEM))[0] == []
    problems, _ = said(study(tmp_path / "t", stem=STEM.replace(*change)))
    assert len(problems) == 1, problems
    for word in words:
        assert word in problems[0]


def test_a_folder_of_another_name_with_an_index_is_named(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    (folder / "Messdaten").mkdir()
    (folder / "Messdaten" / "index.csv").write_text(CYCLING)
    (folder / "raw").mkdir()
    (note,) = load_study(folder).notes
    assert "Messdaten: is not read although it has an index" in note and "cycling" in note


def test_a_row_of_an_unknown_sample_is_one_line(tmp_path: Path) -> None:
    """Its file is named after the sample that was meant: said once."""
    folder = study(tmp_path / "s", leis=LEIS.replace("n400,b.txt", "n 400,n400.txt"))
    (folder / "leis" / "b.txt").rename(folder / "leis" / "n400.txt")
    problems, notes = said(folder)
    assert len(problems) == 1 and "did you mean n400?" in problems[0]
    assert notes == []


def test_a_folder_that_an_index_names_files_in_is_read(tmp_path: Path) -> None:
    """What `init` proposes: exports stay where they are, in a folder named after techniques."""
    folder = study(tmp_path / "s", leis=LEIS.replace("b.txt", "../LEIS und XPS/b.txt"))
    (folder / "LEIS und XPS").mkdir()
    (folder / "leis" / "b.txt").rename(folder / "LEIS und XPS" / "b.txt")
    assert said(folder) == ([], [])
