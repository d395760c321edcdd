"""Tables as spreadsheets write them end in a right reading, or in one line that says what is wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import job
import openpyxl
import pytest
from coatbench.cell_checks import a_number, an_id, any_text
from coatbench.errors import StudyError
from coatbench.index import Table, read_rows
from coatbench.sheets import read_sheet
from coatbench.study import load_study
from coatbench.techniques import TECHNIQUES
from hypothesis import given, settings
from hypothesis import strategies as st

TABLE = Table(
    {"sample": an_id, "file": any_text}, {"dose_nC": a_number(0), "note": any_text, "exclude": any_text}
)  # fmt: skip
ROWS = [
    {"sample": "a", "file": "a b.txt", "dose_nC": "155.5", "note": "25 °C"},
    {"sample": "007", "file": "c;d.txt", "dose_nC": "", "note": 'says "so", twice'},
]


def written(separator: str, decimal: str = ".", rows: list[dict[str, str]] = ROWS) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(r | {"dose_nC": r["dose_nC"].replace(".", decimal)} for r in rows)
    return stream.getvalue()


def read(path: Path, table: Table = TABLE) -> tuple[list[dict[str, str]], list[str], list[str]]:
    problems: list[str] = []
    notes: list[str] = []
    rows = read_rows(path, table, problems, notes)
    assert all("\n" not in line and "Traceback" not in line for line in problems + notes)
    return (
        [{k: r[k] for k in ROWS[0]} for r in rows if all(k in r for k in ROWS[0])],
        problems,
        notes,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_every_way_of_saving_reads_the_same(
    tmp_path: Path, encoding: str, separator: str, decimal: str
) -> None:
    path = tmp_path / "index.csv"
    path.write_bytes(
        ("# a comment; with, both\r\n\r\n" + written(separator, decimal)).encode(encoding)
    )
    rows, problems, notes = read(path)
    assert problems == []
    assert rows == ROWS
    said = " ".join(notes)
    assert ("semicolon" in said) == (separator == ";")
    assert ("tab-separated" in said) == (separator == "\t")
    assert ("decimal comma" in said) == (decimal == ",")
    assert ("UTF-16" in said) == encoding.startswith("utf-16")
    assert ("cp1252" in said) == (encoding == "cp1252")


def test_a_workbook_reads_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(ROWS[0]))
    sheet.append([None, None, None, None])
    for row in ROWS:
        dose = float(row["dose_nC"]) if row["dose_nC"] else None
        sheet.append([row["sample"], row["file"], dose, row["note"]])
    book.create_sheet("notes").append([42])
    book.save(tmp_path / "index.xlsx")
    rows, problems, notes = read(tmp_path / "index.xlsx")
    assert (rows, problems) == (ROWS, [])
    assert "workbook, sheet 'Sheet' of 2" in notes[0]
    sheet["C4"] = "=1+1"
    book.save(tmp_path / "index.xlsx")
    assert "a formula without its result" in read(tmp_path / "index.xlsx")[1][0]


def test_excel_may_say_its_separator_and_numbers_keep_their_minus(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text("sep=;\nsample;file;dose_nC\na;x,y;1,5\n", encoding="utf-8")
    assert read_sheet(path).separator == ";"
    lag = Table({"sample": an_id}, {"lag_s": a_number()})
    path.write_text("sample;lag_s\na;\u22121,5\n", encoding="utf-8")
    assert read_rows(path, lag, [])[0]["lag_s"] == "-1.5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sample,file\na,"b.txt\nc,d.txt\n', "row 2: expected a quote"),
        ('sample,file\na,"b.txt,x\n"c,d.txt\n', "row 2: expected a quote"),
        ("sample,file,dose_nC\na,b,1,500\n", "row 2: found 4 cells, expected 3"),
        ('sample,file,dose_nC\na,b,"1,500"\n', "found '1,500', expected a number"),
        ("sample,file,file\na,b,c\n", "column file: found twice"),
        ("sample,Datei\na,b\n", "expected a column file"),
        ("sample,file\na,b\0\n", "row 2: expected text, found a zero byte"),
        ("PK\x03\x04", "found a workbook; name it index.xlsx"),
        ("# only\n", "expected a header line"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "index.csv"
    path.write_text(text, encoding="utf-8")
    _, problems, _ = read(path)
    assert len(problems) == 1
    assert said in problems[0]


def test_damaged_workbooks_and_what_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "index.xlsx"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    assert "found a damaged one" in read(path)[1][0]
    (tmp_path / "folder.csv").mkdir()
    assert "found a folder" in read(tmp_path / "folder.csv")[1][0]


@given(
    st.data(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)
@settings(max_examples=200, deadline=None)
def test_damaged_tables_end_in_a_reading_or_a_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, separator: str, encoding: str
) -> None:
    """Cells, headers, quotes, bytes are changed; what comes out is what went in, but for the place that was changed."""
    raw = bytearray(written(separator).encode(encoding))
    at = data.draw(st.integers(0, len(raw) - 1))
    put = data.draw(
        st.sampled_from([b"", b'"', b";", b",", b"\t", b"\n", b"\0", b"\xff", b"\x81", b"x", b"5"])
    )
    cut = data.draw(st.integers(0, 3))
    raw[at : at + cut] = put
    path = tmp_path_factory.mktemp("damaged") / "index.csv"
    path.write_bytes(raw)
    rows, problems, notes = read(path)
    if not problems and not notes and len(rows) == 2:
        changed = [k for one, two in zip(rows, ROWS, strict=True) for k in two if one[k] != two[k]]
        assert len(changed) <= 2  # a separator more or less moves two cells
    try:
        read_sheet(path)
    except StudyError as error:
        assert len(error.problems) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["sample;role;annealing_temperature_degC;annealing_time_h", "a;uncoated;;", "b;coated;1.000;1,5"], "1.000"),
        (["sample,role,annealing_temperature_degC", "a,uncoated,", "b,coated,673.15"], "kelvin"),
        (["sample,role,label,annealing_temperature_degC", "a,uncoated,,", "b,coated,400 °C,673.15"], "kelvin"),
        (["sample,role", "b,coated"], "no sample is uncoated"),
    ],
)  # fmt: skip
def test_what_may_be_wrong_by_a_factor_or_a_shift_is_said(
    tmp_path: Path, rows: list[str], said: str
) -> None:
    (tmp_path / "samples.csv").write_text("\n".join(rows), encoding="utf-8")
    try:
        found = load_study(tmp_path).notes
    except StudyError as error:
        found = error.problems
    lines = [line for line in found if "read as" not in line]
    assert (said in " ".join(lines)) and len(lines) == (said != "")


@pytest.mark.parametrize(
    ("column", "cell", "good"),
    [("leave_out_cycles", "1;5-7", True), ("leave_out_cycles", "7-5", False), ("leave_out_cycles", "05. Jul", False),
     ("leave_out_cycles", "0", False), ("exclude", "leak", True), ("exclude", "no", False), ("exclude", "FALSE", False)],
)  # fmt: skip
def test_cells_that_mean_another_thing_are_refused(column: str, cell: str, good: bool) -> None:
    assert (TECHNIQUES["cycling"].index.columns[column](cell) is None) == good


@pytest.mark.parametrize("name", ["x" * 5000, "y" * 300 + "/b.txt", "loop", "C:\\data\\a.txt"])
def test_files_that_cannot_be_are_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "samples.csv").write_text("sample,role\na,uncoated\n", encoding="utf-8")
    (tmp_path / "leis").mkdir()
    (tmp_path / "leis" / "loop").symlink_to("loop")
    (tmp_path / "leis" / "a.txt").write_text("1 2\n", encoding="utf-8")
    text = f"sample,file,heating_temperature_degC\na,{name},200\n"
    (tmp_path / "leis" / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as error:
        load_study(tmp_path)
    assert len(error.value.problems) == 1 and "row 2: column file" in error.value.problems[0]
    assert ("did you mean a.txt" in error.value.problems[0]) == name.endswith("a.txt")


def test_results_are_never_in_a_study_nor_around_it() -> None:
    for study, results in [("s", "s"), ("s", "s/out"), ("p/s", "p"), ("s", "."), ("s", __file__)]:
        assert len(job.folder_problems(study, results)) == 1, results
    assert job.folder_problems("data/demo", "results") == []
    (line,) = job.folder_problems("data/demo", "/dev/null/out")
    assert line == "results: expected a folder, found a file, /dev/null"


def test_a_mistake_in_samples_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("sample,role\na b,uncoated\n", encoding="utf-8")
    (tmp_path / "leis").mkdir()
    (tmp_path / "leis" / "a.txt").write_text("1 2\n", encoding="utf-8")
    text = "sample,file,heating_temperature_degC\na b,a.txt,200\n"
    (tmp_path / "leis" / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as error:
        load_study(tmp_path)
    assert len(error.value.problems) == 1
