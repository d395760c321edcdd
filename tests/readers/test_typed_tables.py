"""Cycler tables that are no text: Battery Data Format as Parquet, Arbin's database through mdbtools."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from coatbench.cli import main
from coatbench.errors import MissingExtraError, ReadError
from coatbench.readers import arbin_res, bdf, read
from readers import plain_files as made

HOURS = np.arange(0.0, 41.0)
CURRENT = np.where(HOURS == 0, 0.0, np.where(HOURS <= 20, 0.1, -0.1))
CHARGED, DISCHARGED = np.minimum(HOURS, 20) * 0.1, np.maximum(HOURS - 20, 0) * 0.1


def parquet(path: Path, columns: dict[str, np.ndarray]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize(
    "labels",
    [
        ("Test Time / s", "Voltage / V", "Current / A", 3600.0, 1.0),
        ("test_time_millisecond", "voltage_volt", "current_ampere", 3.6e6, 1.0),
        ("Test Time / h", "Voltage / mV", "Current / mA", 1.0, 1e3),
    ],
)
def test_parquet_with_labels_for_people_and_for_machines(tmp_path, labels):
    time, voltage, current, per_hour, milli = labels
    path = parquet(
        tmp_path / "a.bdf.parquet",
        {
            time: (HOURS * per_hour).astype("int64"),
            voltage: (3.0 + 0.01 * HOURS) * milli,
            current: CURRENT * milli,
            "Cell ID": np.full(HOURS.size, "x"),
        },
    )
    export = read(path, "cycling")
    table = export.sets[0]
    assert export.format == "Battery Data Format Parquet"
    assert table[bdf.TIME] == pytest.approx(3600 * HOURS)
    assert table[bdf.VOLTAGE] == pytest.approx(3.0 + 0.01 * HOURS)
    assert table[bdf.CURRENT] == pytest.approx(CURRENT)


def test_parquet_of_something_else_or_cut_is_one_line(tmp_path):
    path = parquet(tmp_path / "a.parquet", {"a": HOURS, "b": HOURS})
    with pytest.raises(
        ReadError, match=r"columns for time_s, voltage_V, current_A, found a, b; give them labels"
    ):
        read(path, "cycling")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ReadError, match="an intact Parquet file"):
        read(path, "cycling")


def test_parquet_without_its_library_names_the_extra(tmp_path, monkeypatch):
    path = parquet(tmp_path / "a.parquet", {"a": HOURS})
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"coatbench\[parquet\]"):
        read(path, "cycling")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_command_writes_what_reads_back_alike(tmp_path, name, capsys):
    pytest.importorskip("pyarrow")
    source = tmp_path / "x.csv"
    source.write_bytes(made.arbin_csv().content)
    output = tmp_path / name
    assert main(["bdf", str(source), str(output)]) == 0
    before, after = read(source, "cycling").sets[0], read(output, "cycling").sets[0]
    for label in (bdf.TIME, bdf.VOLTAGE, bdf.CURRENT, bdf.CHARGING, bdf.DISCHARGING, bdf.STEP_TYPE):
        assert after[label] == pytest.approx(before[label], rel=1e-12, abs=1e-15), label
    assert main(["bdf", str(source), str(output)]) == 1
    assert "not written over" in capsys.readouterr().err


RES = b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(100)
# Of which the program leaves out the quotes, if it is asked to.
GLOBAL = 'Test_ID,Test_Name,Comments,Channel_Index,Start_DateTime\n1,"x","cell 1,2, new\nlayer",3,42587.5\n'


def program(folder: Path, records: str, *, code: int = 0) -> None:
    """A stand-in for mdb-export that writes the two tables."""
    folder.mkdir()
    (folder / "records.csv").write_text(records)
    (folder / "global.csv").write_text(GLOBAL)
    script = folder / "mdb-export"
    script.write_text(
        f'#!/bin/sh\n[ {code} = 0 ] || {{ echo "no database" >&2; exit {code}; }}\n'
        'bare() { if [ "$1" = -Q ]; then tr -d "\\042"; else cat; fi; }\n'
        f'case "$*" in *Global_Table) bare "$1" < "{folder}/global.csv";; *) cat "{folder}/records.csv";; esac\n'
    )
    script.chmod(0o755)


def records(tests=1) -> str:
    names = "Test_ID,Data_Point,Test_Time,DateTime,Step_Index,Cycle_Index,Current,Voltage,Charge_Capacity,Discharge_Capacity"
    rows = [
        f"{1 + (i % tests)},{i + 1},{3600 * h},42587.5,1,1,{CURRENT[i]},{3 + 0.01 * h},{CHARGED[i]},{DISCHARGED[i]}"
        for i, h in enumerate(HOURS)
    ]
    return "\n".join([names, *rows[20:], *rows[:20]]) + "\n"


def test_arbin_database_in_order_of_its_points(tmp_path, monkeypatch):
    program(tmp_path / "bin", records())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    path = tmp_path / "a.res"
    path.write_bytes(RES)
    export = read(path, "cycling")
    table = export.sets[0]
    assert export.format == "Arbin RES"
    assert table[bdf.TIME] == pytest.approx(3600 * HOURS)
    assert table[bdf.CHARGING][-1] == pytest.approx(2.0)
    assert table[bdf.DISCHARGING][-1] == pytest.approx(2.0)
    assert table.attrs["date"] == "2016-08-05T12:00:00"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (records(tests=2), 0, "one test"),
        ("", 3, "no database"),
        (records().replace("3600", "x"), 0, "numbers"),
    ],
)
def test_what_is_wrong_with_an_arbin_database(tmp_path, monkeypatch, text, code, says):
    program(tmp_path / "bin", text, code=code)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    path = tmp_path / "a.res"
    path.write_bytes(RES)
    with pytest.raises(ReadError, match=says):
        read(path, "cycling")


def test_arbin_database_without_mdbtools_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "a.res"
    path.write_bytes(RES)
    with pytest.raises(ReadError, match="install mdbtools, or export CSV"):
        read(path, "cycling")


def test_program_that_comes_to_no_end_is_stopped(tmp_path, monkeypatch):
    program(tmp_path / "bin", records())
    (tmp_path / "bin" / "mdb-export").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(arbin_res, "LONGEST_S", 0.2)
    path = tmp_path / "a.res"
    path.write_bytes(RES)
    with pytest.raises(ReadError, match="does not come to the end"):
        read(path, "cycling")
