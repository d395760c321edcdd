"""Study folders that went wrong, each for its kind: made here, and as they were collected where those are at hand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import openpyxl
import pytest
from coatbench.errors import StudyError
from coatbench.settings import load_study_settings
from coatbench.study import Study, load_study, own_exports
from conftest import SHARED, inputs

SAMPLES = "sample,role,annealing_temperature_degC\nbare,uncoated,\nn400,coated,400\n"
LEIS = "sample,file,heating_temperature_degC\nbare,bare_200C.txt,200\nn400,n400_200C.txt,200\n"


def study(folder: Path, samples: str = SAMPLES, leis: str = LEIS, **more: str) -> Path:
    """Write a study of two LEIS spectra; `more` are other files, `/` in their names written as `__`."""
    (folder / "leis").mkdir(parents=True)
    for name in ("bare_200C.txt", "n400_200C.txt"):
        (folder / "leis" / name).write_text(f"1\t{ord(name[0])}\n")
    (folder / "samples.csv").write_text(samples, encoding="utf-8")
    (folder / "leis" / "index.csv").write_text(leis, encoding="utf-8")
    for name, text in more.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path, **options: object) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load_study(folder, **options)  # type: ignore[arg-type]
    assert all("\n" not in line for line in caught.value.problems)
    return caught.value.problems


# The folders of SHARED/cases/study, made: (samples, index, more files), and for spreadsheets what they hold.
XPS = (
    SAMPLES.replace("n400", "same"),
    "sample,file,spot\nbare,a.vms,1\nsame,b.vms,1\nsame,c.vms,1\n",
)
DIALECTS = {
    "samples": "sample;role;label;annealing_temperature_degC;annealing_time_h\nbare;uncoated;;;\nn400;coated;400,5 °C;400,5;1,5\n",
    "leis/index": "sample\tfile\theating_temperature_degC\tdose_nC\nbare\tbare_200C.txt\t200\t\nn400\tn400_200C.txt\t200\t155,5\n",
}  # fmt: skip
MADE: dict[str, tuple[str, str, dict[str, str]]] = {
    "semicolon_cp1252": (SAMPLES, LEIS, {}),
    "workbook": (SAMPLES, LEIS, {}),
    "copied_demo": (SAMPLES, LEIS, {"study_yaml": "simulator: {seed: 1}\n", "truth_csv": "sample,quantity,value\n", "xps__index_csv": "sample,file,spot\nbare,bare.vms,1\nn400,c300_a.vms,1\nn400,c300_b.vms,2\n", "xps__bare.vms": "", "xps__c300_a.vms": "own"}),
    "duplicate_spot": (XPS[0], LEIS.replace("n400,", "same,"), {"xps__index_csv": XPS[1], **{f"xps__{x}.vms": x for x in "abc"}}),
    "slips": (SAMPLES, LEIS.replace("n400,n", "N400,n").replace("bare,bare_200C", "bare,uncoated_20C"), {"leis__uncoated_200C.txt": "1\t2\n"}),
    "paths": (SAMPLES, LEIS.replace("n400_200C.txt", "../../mass_in_g/samples.csv"), {}),
    "ids": (SAMPLES.replace("n400", ".."), LEIS.replace("n400,", "..,"), {}),
    "near_miss": (SAMPLES.replace("_degC", "_C"), LEIS.replace("degC\n", "degC,Intensity\n").replace(",200\n", ",200,counts\n"), {}),
    "vanishing": (SAMPLES, LEIS, {"XPS__index_csv": "sample,file\nn400,a.vms\n", "cycling__Index_csv": "sample,cell\n"}),
}  # fmt: skip


def made(name: str, folder: Path) -> Path:
    """Write one of the folders of `MADE`."""
    samples, leis, more = MADE[name]
    study(folder, samples, leis, **more)
    for table, text in DIALECTS.items() if name in ("semicolon_cp1252", "workbook") else ():
        (folder / f"{table}.csv").write_text(text, encoding="cp1252")
        if name == "workbook":
            (folder / f"{table}.csv").unlink()
            cells = [line.replace(";", "\t").replace(",", ".").split("\t") for line in text.splitlines()]  # fmt: skip
            book = openpyxl.Workbook()
            for row in cells:
                book.active.append([float(c) if c.replace(".", "").isdigit() else c for c in row])
            book.create_sheet("notes").append(["of no use"])
            book.save(folder / f"{table}.xlsx")
    return folder


@pytest.fixture(params=inputs("cases/study"))
def case(request: pytest.FixtureRequest, tmp_path: Path):
    """Make one of the folders that went wrong, or copy it as it was collected."""
    source = SHARED / "cases" / "study"

    def copy(name: str) -> Path:
        if request.param == "made":
            return made(name, tmp_path / name)
        return Path(shutil.copytree(source / name, tmp_path / name))

    return copy


@pytest.mark.parametrize(
    ("samples", "leis", "said"),
    [
        (SAMPLES, LEIS.replace("n400,n", "N400,n"), ["row 3", "'N400'", "did you mean n400?"]),
        (SAMPLES, LEIS.replace("bare_200", "bare_20"), ["row 2", "'bare_20C.txt'", "did you mean bare_200C.txt?"]),
        (SAMPLES, LEIS.replace("n400_200C", "../samples"), ["row 3", "a file below"]),
        (SAMPLES, LEIS.replace("n400_200C.txt", "/etc/passwd"), ["row 3", "below the study folder"]),
        (SAMPLES, LEIS.replace("n400_200C.txt", "~/n400.txt"), ["row 3", "~ is not read"]),
        (SAMPLES, LEIS.replace("n400,n400_200C.txt,200", "bare,n400_200C.txt,200.0"), ["row 3", "again (first in row 2)"]),
        (SAMPLES, LEIS.replace("n400_200C", "./bare_200C"), ["row 3", "column file", "again (first in row 2)"]),
        (SAMPLES, LEIS.split("\n")[0], ["leis/index.csv", "a header only"]),
        (SAMPLES, LEIS.replace("heating_temperature_degC", "heating_temperature_C"), ["expected a column heating_temperature_degC", "rename heating_temperature_C to heating_temperature_degC?"]),
        (SAMPLES.replace("coated,400", "coatd,400"), LEIS, ["row 3", "'coatd'", "did you mean coated?"]),
        *((SAMPLES.replace("n400", name), LEIS.replace("n400,", f"{name},"), ["samples.csv: row 3", "column sample"]) for name in ("..", "-n", ".n", "x" * 65, "nul", "COM1.a", "a/b", "n{4}")),
    ],
)  # fmt: skip
def test_one_slip_is_one_line(tmp_path: Path, samples: str, leis: str, said: list[str]) -> None:
    lines = refused(study(tmp_path / "s", samples, leis))
    assert len(lines) == 1, lines
    for words in said:
        assert words in lines[0]


@pytest.mark.parametrize(
    ("samples", "leis", "more", "said"),
    [
        (SAMPLES.replace("_degC", "_C"), LEIS, {}, ["annealing_temperature_C", "annealing_temperature_degC"]),
        (SAMPLES.replace("role", "role,Annealing time (h)").replace("ated,", "ated,1,"), LEIS, {}, ["Annealing time (h)", "annealing_time_h"]),
        (SAMPLES, LEIS.replace("degC\n", "degC,Dose\n"), {}, ["column Dose", "dose_nC"]),
        (SAMPLES, LEIS, {"xps_data__index_csv": "sample,file\n"}, ["xps_data", "s/xps?"]),
        (SAMPLES, LEIS, {"TGA-MS__index_csv": "sample,file\n"}, ["TGA-MS", "s/tga_ms?"]),
        (SAMPLES, LEIS, {"cycling__Index_csv": "sample,file\n"}, ["Index.csv", "index.csv?"]),
        (SAMPLES, LEIS, {"cycling__a.mpt": ""}, ["cycling/index.csv", "1 other file and no index"]),
        (SAMPLES + "N400,coated,410\n", LEIS, {}, ["samples n400 and N400 differ by case only"]),
    ],
)  # fmt: skip
def test_near_misses_are_named(
    tmp_path: Path, samples: str, leis: str, more: dict[str, str], said: list[str]
) -> None:
    found = load_study(study(tmp_path / "s", samples, leis, **more))
    assert len(found.notes) == 1, found.notes
    for words in said:
        assert words in found.notes[0]


def test_columns_that_resemble_nothing_and_factors_are_left_alone(tmp_path: Path) -> None:
    more = SAMPLES.replace("role", "role,operator,annealing_time_min").replace("ated,", "ated,x,5,")
    folder = study(tmp_path / "s", more)
    assert len(load_study(folder).notes) == 1
    assert load_study(folder, declared=["annealing_time_min"]).notes == []


def test_folders_that_the_config_allows(tmp_path: Path) -> None:
    other = tmp_path / "disk"
    other.mkdir()
    (other / "n400.txt").write_text("1\t2\n")
    folder = study(tmp_path / "s", leis=LEIS.replace("n400_200C.txt", str(other / "n400.txt")))
    assert "more_folders" in refused(folder)[0]
    assert load_study(folder, more_folders=[other]).files("leis", sample="n400") == [
        str(other / "n400.txt")
    ]
    (folder / "leis" / "link.txt").symlink_to(other / "n400.txt")
    (folder / "leis" / "index.csv").write_text(LEIS.replace("n400_200C.txt", "link.txt"))
    assert "more_folders" in refused(folder)[0]


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    (folder / "leis" / "n400_200C.txt").unlink()
    os.mkfifo(folder / "leis" / "n400_200C.txt")
    assert "'n400_200C.txt', expected a regular file" in refused(folder)[0]
    (folder / "samples.csv").unlink()
    os.mkfifo(folder / "samples.csv")
    assert "samples.csv: expected a table, found a pipe" in refused(folder)[0]
    os.mkfifo(folder / "study.yaml")
    with pytest.raises(StudyError, match="found a folder, a pipe or a device"):
        load_study_settings(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{k}: &{k} [{','.join([f'*{j}'] * 10)}]\n" for j, k in zip("abcdefg", "bcdefgh", strict=True)), "aliases"),
        ("[" * 20000, "levels"),
        ("{a: " * 20000, "levels"),
        ("- " * 20000, "levels"),
        ("a: &a [*a]\n", "alias to what it stands in"),
        ("xps: {}\nleis: {}\nxps: {}\n", "'xps': found twice"),
        ("a: !!python/object:os.system x\n", "an error"),
        ("results: ../elsewhere\n", "results: expected on the command line"),
        ("config: {study: /}\n", "study: expected on the command line"),
        ("more_folders: [/]\n", "more_folders: expected on the command line"),
        *(((SHARED / "cases" / "study" / name).read_text(), said) for name, said in (("bomb_study.yaml", "aliases"), ("results_elsewhere_study.yaml", "results: expected")) if "handed" in inputs("cases/study")),
    ],
)  # fmt: skip
def test_a_study_yaml_from_a_stranger(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(StudyError) as caught:
        load_study_settings(tmp_path)
    assert len(caught.value.problems) == 1
    assert "study.yaml" in caught.value.problems[0]
    assert said in caught.value.problems[0]


def test_excluded_rows_are_counted_nowhere(tmp_path: Path) -> None:
    leis = LEIS.replace("degC\n", "degC,exclude\n").replace(
        "n400_200C.txt,200", "lost.txt,200,beam fell out"
    )
    found = load_study(study(tmp_path / "s", leis=leis))
    assert found.units("leis", "sample") == [("bare",)]
    assert found.excluded == [{"technique": "leis", "unit": "n400/200", "reason": "beam fell out"}]
    assert "leis: not measured for n400" in found.gaps()
    none = leis.replace("bare_200C.txt,200", "bare_200C.txt,200,too")
    (tmp_path / "s" / "leis" / "index.csv").write_text(none)
    assert "leis: all its measurements are excluded" in load_study(tmp_path / "s").gaps()


def test_a_study_with_exports_of_its_own_is_never_simulated(tmp_path: Path) -> None:
    folder = study(tmp_path / "s")
    assert own_exports(folder) == ["leis/bare_200C.txt", "leis/n400_200C.txt"]
    found = load_study(folder, made_in=tmp_path / "out")
    assert found.exports == folder
    assert "simulator: has no effect" in found.notes[0]
    for path in (folder / "leis").glob("*.txt"):
        path.unlink()
    assert load_study(folder, made_in=tmp_path / "out").exports == tmp_path / "out"


# The collected folders: what is said of each, and of which none is refused.
def good(folder: Path) -> Study:
    return load_study(folder)


@pytest.mark.parametrize("name", ["semicolon_cp1252", "workbook"])
def test_collected_spreadsheets(case, name: str) -> None:
    found = good(case(name))
    assert [s["annealing_temperature_degC"] for s in found.samples] == ["", "400.5"]
    assert found.samples[1]["annealing_time_h"] == "1.5"
    assert found.rows("leis", sample="n400")[0]["dose_nC"] == "155.5"
    assert len(found.notes) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("copied_demo", ["'c300_b.vms'", "row 4"]),
        ("duplicate_spot", ["row 4", "'same 1'"]),
        ("slips", ["'N400'", "did you mean n400?", "'uncoated_20C.txt'", "did you mean uncoated_200C.txt?"]),
        ("paths", ["row 3", "'../../mass_in_g/samples.csv'"]),
        ("ids", ["'..'", "row 3"]),
    ],
)  # fmt: skip
def test_collected_folders_that_are_refused(case, name: str, said: list[str]) -> None:
    folder = case(name)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    text = "\n".join(refused(folder, made_in="exports" if name == "copied_demo" else None))
    for words in said:
        assert words in text
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("near_miss", ["annealing_temperature_C is not read; did you mean annealing_temperature_degC?", "Intensity is not read; did you mean intensity?"]),
        ("vanishing", ["/XPS: is not read; did you mean", "found Index.csv; did you mean index.csv?"]),
    ],
)  # fmt: skip
def test_collected_folders_that_are_named(case, name: str, said: list[str]) -> None:
    text = "\n".join(good(case(name)).notes)
    for words in said:
        assert words in text
