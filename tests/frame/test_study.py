"""The study contract is checked before any job: all problems at once, one line each."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.errors import StudyError
from coatbench.study import load_study, number
from coatbench.study_folder import no_names
from hypothesis import given, settings
from hypothesis import strategies as st

SAMPLES = "sample,role,annealing_temperature_degC\nbare,uncoated,\nc1,coated,400\n"
LEIS = "sample,file,heating_temperature_degC\nbare,a.txt,200\nc1,b b.txt,200\n"


def make(folder: Path, samples: str = SAMPLES, **indexes: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "samples.csv").write_text(samples, encoding="utf-8")
    for technique, text in indexes.items():
        (folder / technique).mkdir(exist_ok=True)
        (folder / technique / "index.csv").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, **options) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load_study(folder, **options)
    assert all("\n" not in p for p in caught.value.problems)
    return caught.value.problems


def test_a_good_study(tmp_path: Path) -> None:
    folder = make(tmp_path / "s", leis="# comment\n\n" + LEIS)
    for name in ("a.txt", "b b.txt"):
        (folder / "leis" / name).write_text("")
    study = load_study(folder)
    assert study.reference == "bare"
    assert study.units("leis", "sample") == [("bare",), ("c1",)]
    assert study.files("leis", sample="c1") == [(folder / "leis" / "b b.txt").as_posix()]
    assert study.rows("leis", sample="bare")[0]["dose_nC"] == ""
    assert number(study.rows("leis")[0], "dose_nC") is None
    assert number(study.rows("leis")[0], "heating_temperature_degC") == 200
    assert "#" not in study.samples[0]


def test_ids_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    folder = make(tmp_path / "s", "sample,role\n007,uncoated\n1e3,coated\n")
    assert [s["sample"] for s in load_study(folder).samples] == ["007", "1e3"]


def test_byte_order_mark_and_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "samples.csv").write_bytes(b"\xef\xbb\xbfsample , role\r\nx , uncoated\r\n")
    assert load_study(folder).samples[0]["sample"] == "x"


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "s",
        "sample,role,annealing_temperature_degC\nbare,uncoated,\nc 1,coated,warm\nbare,naked,\n",
        leis="sample,file,heating_temperature_degC,dose_nC\nc9,none.txt,hot,-1\n",
        cycling="sample,cell\n",
    )
    text = "\n".join(found := problems(folder))
    for piece in (
        "samples.csv: row 3: column sample: found 'c 1', expected letters",
        "samples.csv: row 3: column annealing_temperature_degC: found 'warm', expected a number",
        "samples.csv: row 4: column role: found 'naked', expected one of uncoated, coated, precursor",
        "samples.csv: row 4: column sample: found 'bare' again (first in row 2)",
        "leis/index.csv: row 2: column sample: found 'c9', expected a sample of samples.csv",
        "leis/index.csv: row 2: column heating_temperature_degC: found 'hot'",
        "leis/index.csv: row 2: column dose_nC: found '-1', expected a number above 0",
        "leis/index.csv: row 2: column file: found 'none.txt', expected a file below",
        "cycling/index.csv: row 1: expected columns file, protocol",
    ):
        assert piece in text
    assert len(found) >= 9


@pytest.mark.parametrize("value", ["nan", "inf", "1,500", "0x10", "1_0", "-300", "٣"])
def test_what_is_no_temperature(tmp_path: Path, value: str) -> None:
    folder = make(tmp_path / "s", f'sample,role,annealing_temperature_degC\na,uncoated,"{value}"\n')
    assert len(problems(folder)) == 1


def test_missing_folder_and_missing_tables(tmp_path: Path) -> None:
    assert "expected a study folder" in problems(tmp_path / "nowhere")[0]
    (tmp_path / "s").mkdir()
    assert "samples.csv: expected a table" in problems(tmp_path / "s")[0]
    make(tmp_path / "s", "")
    assert "expected a header line" in problems(tmp_path / "s")[0]


def test_a_folder_of_digits_is_no_number() -> None:
    assert no_names({"study": "demo", "results": "./2026"}) == []
    assert no_names({"study": 20261126, "results": None}) == [
        "study: expected a folder, found 20261126, which Snakemake has read as a number; write study=./NAME",
        "results: expected a folder, found nothing",
    ]


def test_wrong_encoding_names_the_byte(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "samples.csv").write_bytes(b"sample,role,label\na,uncoated,25 \x81C\n")
    assert "byte 32: expected UTF-8, UTF-16 or cp1252" in problems(folder)[0]


def test_reference(tmp_path: Path) -> None:
    two = "sample,role\na,uncoated\nb,uncoated\n"
    assert "expected exactly one" in problems(make(tmp_path / "s", two))[0]
    assert load_study(make(tmp_path / "s", two), "b").reference == "b"
    assert "expected a sample of this table" in problems(tmp_path / "s", reference="c")[0]
    assert load_study(make(tmp_path / "n", "sample,role\na,coated\n")).reference is None


def test_exports_made_on_demand_need_not_exist(tmp_path: Path) -> None:
    folder = make(tmp_path / "s", leis=LEIS)
    assert len(problems(folder)) == 2
    study = load_study(folder, made_in="out/exports")
    assert study.files("leis", sample="bare") == ["out/exports/leis/a.txt"]
    (folder / "leis" / "a.txt").write_text("")  # one export of one's own, and nothing is invented
    assert "'b b.txt', expected a file below" in problems(folder, made_in="out/exports")[0]


def test_gaps_are_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "s", leis="sample,file,heating_temperature_degC\nbare,a.txt,200\n")
    (folder / "leis" / "a.txt").write_text("")
    gaps = load_study(folder).gaps()
    assert "leis: not measured for c1" in gaps
    assert "xps: not measured in this study" in gaps


@settings(deadline=None)  # the first one imports
@given(st.binary(max_size=300))
def test_any_bytes_give_a_study_or_problems(tmp_path_factory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "samples.csv").write_bytes(raw)
    try:
        load_study(folder)
    except StudyError as error:
        assert error.problems
