"""MACCOR text exports: units, clocks, states, pauses, damage."""

from __future__ import annotations

import re

import pytest
from coatbench import readers
from coatbench.errors import ReadError
from coatbench.readers import bdf, maccor

from .made_files import KIT, write


def kit(rows, *, header="Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\t"
        "Current [A]\tVoltage [V]\tMd\tES\tDPT Time") -> bytes:  # fmt: skip
    lines = ["Name:\tcell \x04\x03\xff", "Started\t5/11/2021 3:40:24 PM", "", header, "", *rows, ""]
    return "\n".join(lines).encode("latin-1")


KIT_ROWS = [
    "1\t0\t1\t1\t0.0\t0.0\t0.0\t0.0\t0.0\t3.0\tR\t0\t5/11/2021 3:40:24 PM",
    "2\t0\t1\t2\t1.0\t0.0\t0.0\t0.0\t0.5\t3.1\tC\t0\t5/11/2021 3:41:24 PM",
    "3\t0\t1\t2\t61.0\t60.0\t0.5\t0.0\t0.5\t4.0\tC\t133\t5/11/2021 4:41:24 PM",
    "4\t0\t1\t3\t62.0\t0.0\t0.0\t0.0\t0.5\t3.9\tD\t0\t5/11/2021 4:42:24 PM",
    "5\t0\t1\t3\t110.0\t48.0\t0.4\t0.0\t0.5\t3.0\tD\t133\t5/11/2021 5:30:24 PM",
]


def test_kit_with_decimal_point(tmp_path):
    export = readers.read(write(tmp_path, kit(KIT_ROWS), "a.txt"))
    table = export.sets[0].to_pandas()
    assert export.attrs["date"] == "2021-05-11T15:40:24"
    assert table[bdf.TIME].tolist() == [0, 60, 3660, 3720, 6600]
    assert table[bdf.CURRENT].tolist() == [0, 0.5, 0.5, -0.5, -0.5]
    assert table[bdf.NET].iloc[-1] == pytest.approx(0.1)


def test_maccor_time_unit_comes_from_the_clock(tmp_path):
    rows = [
        re.sub(r"^(\d+\t0\t1\t\d)\t([\d.]+)", lambda m: f"{m[1]}\t{float(m[2]) * 60}", r)
        for r in KIT_ROWS
    ]
    table = readers.read(write(tmp_path, kit(rows), "a.txt")).sets[0].to_pandas()
    assert table[bdf.TIME].iloc[-1] == 6600  # seconds this time


@pytest.mark.parametrize(
    ("night", "date"), [("5/12/2021", "2021-05-11"), ("6/11/2021", "2021-11-05")]
)
def test_maccor_order_of_day_and_month_is_the_one_that_fits_the_times(tmp_path, night, date):
    """A decimal point with days first: by months first, the test would have taken a month."""
    rows = [
        r.replace(" 3:40:24 PM", " 15:40:24").replace(" 3:41:24 PM", " 15:41:24") for r in KIT_ROWS
    ]
    rows = [r.replace(" 4:41:24 PM", " 16:41:24").replace(" 4:42:24 PM", " 16:42:24") for r in rows]
    rows[-1] = f"5\t0\t1\t3\t1550.0\t48.0\t0.4\t0.0\t0.5\t3.0\tD\t133\t{night} 17:30:24"
    content = kit(rows).replace(b"5/11/2021 3:40:24 PM", b"5/11/2021 15:40:24")
    export = readers.read(write(tmp_path, content, "a.txt"))
    assert export.sets[0][bdf.TIME][-1] == 93000
    assert export.attrs["date"] == f"{date}T15:40:24"
    assert export.warnings == []


def test_maccor_days_and_milli_units(tmp_path):
    header = (
        "Rec#\tCyc#\tStep\tTestTime\tStepTime\tCapacity (mAh)\tCurrent (mA)\tVoltage (V)\tState"
    )
    rows = [
        "1\t0\t1\t  0d 00:00:00\t  0d 00:00:0\t0\t0\t3.0\tR",
        "2\t0\t2\t  0d 00:00:5\t  0d 00:00:0\t0\t500\t3.1\tC",
        "3\t0\t2\t  1d 02:18:47.5\t  0d 01:00:00\t500\t500\t4.0\tC",
    ]
    table = readers.read(write(tmp_path, kit(rows, header=header), "a.txt")).sets[0].to_pandas()
    assert table[bdf.TIME].tolist() == [0, 5, 94727.5]
    assert table[bdf.CHARGING].iloc[-1] == pytest.approx(0.5)
    rows[2] = rows[2].replace("1d 02:18:47.5", "1 day")
    with pytest.raises(ReadError, match=r"line 8, column 'TestTime': expected a time like"):
        readers.read(write(tmp_path, kit(rows, header=header), "a.txt"))


def test_maccor_sign_comes_from_the_state(tmp_path):
    """Signed and unsigned exports of one run are the same table."""
    unsigned = readers.read(write(tmp_path, kit(KIT_ROWS), "a.txt")).sets[0].to_pandas()
    rows = [
        r.replace("\t0.5\t3.9\tD", "\t-0.5\t3.9\tD").replace("\t0.5\t3.0\tD", "\t-0.5\t3.0\tD")
        for r in KIT_ROWS
    ]
    assert rows != KIT_ROWS
    assert readers.read(write(tmp_path, kit(rows), "b.txt")).sets[0].to_pandas().equals(unsigned)


PAUSED = [
    "4\t0\t1\t2\t62.0\t60.0\t0.5\t0.0\t0.0\t3.9\tS\t0\t5/11/2021 4:42:24 PM",
    "5\t0\t1\t2\t63.0\t60.0\t0.5\t0.0\t0.5\t4.0\tC\t0\t5/11/2021 4:43:24 PM",
    "6\t0\t1\t2\t75.0\t72.0\t0.6\t0.0\t0.5\t4.1\tC\t133\t5/11/2021 4:55:24 PM",
]
REPEATED = [
    "4\t0\t1\t3\t62.0\t60.0\t0.0\t0.0\t0.0\t3.9\tR\t0\t5/11/2021 4:42:24 PM",
    "5\t0\t1\t2\t63.0\t0.0\t0.0\t0.0\t0.5\t4.0\tC\t0\t5/11/2021 4:43:24 PM",
    "6\t0\t1\t2\t75.0\t12.0\t0.1\t0.0\t0.5\t4.1\tC\t133\t5/11/2021 4:55:24 PM",
]


@pytest.mark.parametrize("rows", [PAUSED, REPEATED], ids=["paused", "repeated"])
def test_maccor_charge_continues_after_a_pause_and_restarts_in_a_repeated_step(tmp_path, rows):
    table = readers.read(write(tmp_path, kit([*KIT_ROWS[:3], *rows]), "a.txt")).sets[0].to_pandas()
    assert table[bdf.CHARGING].iloc[-1] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"\tC\t133", b"\tX\t133", r"line 8, column 'Md': expected one of the states"),
        (b"61.0\t60.0\t0.5", b"61.0\t60.0\tN/A", r"line 8, column 'Cap\. \[Ah\]': expected a number"),
        (b"Voltage [V]", b"Voltage", r"column names: expected a column of voltage"),
        (b"3\t0\t1\t2\t61.0", b"3\t0\t1.5\t2\t61.0", r"expected a whole number, found '1.5'"),
        (b"\n4\t0", b"\n\n4\t0", r"line 9: expected 13 fields, found 1 in a blank line"),
    ],
)  # fmt: skip
def test_damaged_maccor_names_the_place(tmp_path, old, new, says):
    content = kit(KIT_ROWS)
    assert old in content
    with pytest.raises(ReadError, match=says):
        maccor.read(write(tmp_path, content.replace(old, new, 1), "a.txt"))


@pytest.mark.parametrize("cut", [0, 40, 300])
def test_maccor_cut_in_its_header(tmp_path, exports, cut):
    with pytest.raises(ReadError):
        maccor.read(write(tmp_path, (exports / KIT).read_bytes()[:cut], "a.txt"))
