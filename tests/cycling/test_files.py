"""One cell in several exports: parts, restarts, repeats, and what cannot be put in order."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from coatbench import readers
from coatbench.cycling.analyse import analyse
from coatbench.cycling.files import _offsets
from coatbench.errors import AnalysisError

from .made_files import KIT, MPT
from .test_judged import PLAIN, record

INDEX = {
    "sample": "x", "cell": "a", "protocol": "short", "composite_mass_mg": "12", "cam_mass_fraction": "0.8",
}  # fmt: skip
STARTED = datetime(2024, 2, 15, 10, 0, 0)


def parts_of(content: bytes, magic: bytes) -> tuple[list[bytes], list[bytes]]:
    """Head and records of an export."""
    lines = content.split(b"\r\n")
    if magic == b"mpt":
        n = int(lines[1].split(b":")[1])
    else:
        n = next(i for i, line in enumerate(lines) if line.startswith(b"Rec\t")) + 2
    return lines[:n], [line for line in lines[n:] if line]


def write(path: Path, head: list[bytes], rows: list[bytes]) -> Path:
    path.write_bytes(b"\r\n".join(head + rows) + b"\r\n")
    return path


def run(config, *paths: Path, parts=(), **index):
    rows = [INDEX | index | {"file": p.name} for p in paths]
    for row, part in zip(rows, parts, strict=False):
        row["part"] = part
    return analyse(rows, list(paths), config)


def capacities(analysis) -> list[float]:
    return [
        row[f"{half}_capacity_mAh_g"]
        for row in analysis.tables["cycling_cells"]
        for half in ("charge", "discharge")
        if row.get(f"{half}_capacity_mAh_g") is not None
    ]


@pytest.fixture
def pellet(exports) -> tuple[list[bytes], list[bytes]]:
    return parts_of((exports / MPT).read_bytes(), b"mpt")


@pytest.mark.parametrize(("first", "second"), [(700, 700), (900, 500), (5000, 700)])
def test_cut_and_overlapping_files_are_the_whole(config, pellet, exports, tmp_path, first, second):
    """Cut within a charge; records that both hold; one file that holds all of the other."""
    head, rows = pellet
    a = write(tmp_path / "b.mpt", head, rows[:first])
    b = write(tmp_path / "a.mpt", head, rows[second:])
    whole = run(config, exports / MPT)
    both = run(config, b, a)
    assert capacities(both) == pytest.approx(capacities(whole), rel=1e-9)
    for row, right in zip(*(x.tables["cycling_cells"] for x in (both, whole)), strict=True):
        for column in ("relaxed_potential_charge_V", "relaxed_potential_discharge_V"):
            assert row.get(column) == pytest.approx(right.get(column), abs=1e-9)
        assert not row["interrupted"]
    repeated = [w for w in both.warnings if "repeat" in w]
    assert bool(repeated) == (first > second)


def test_maccor_parts_go_on_with_counter_and_cycles(config, exports, tmp_path):
    head, rows = parts_of((exports / KIT).read_bytes(), b"maccor")
    cuts = (0, 60, 95, 1000, len(rows))
    paths = [
        write(tmp_path / f"m.{i:03d}", head, rows[a:b]) for i, (a, b) in enumerate(pairwise(cuts))
    ]
    whole = run(config, exports / KIT, protocol="long")
    split = run(config, *paths[::-1], protocol="long")
    assert capacities(split) == pytest.approx(capacities(whole), rel=1e-9)
    assert [r["cycle"] for r in split.tables["cycling_cells"]] == [
        r["cycle"] for r in whole.tables["cycling_cells"]
    ]


def test_what_a_counter_holds_at_its_first_record_counts_where_no_clock_is_known(
    config, exports, tmp_path
):
    """MACCOR without dates: the test goes on in a new file within a discharge, counter and time from zero."""
    head, rows = parts_of((exports / KIT).read_bytes(), b"maccor")
    names = next(line for line in head if line.startswith(b"Rec\t")).split(b"\t")
    at = {n: names.index(n) for n in (b"TestTime", b"Cap. [Ah]", b"Md", b"Cycle C", b"DPT Time")}
    comma = b"," in rows[0]
    cells = [row.split(b"\t") for row in rows]
    cut = [i for i, row in enumerate(cells) if row[at[b"Md"]] == b"D"][25] + 1

    def shifted(value: bytes, by: float) -> bytes:
        text = f"{float(value.replace(b',', b'.')) - by:.8f}".encode()
        return text.replace(b".", b",") if comma else text

    def number(name: bytes) -> float:
        return float(cells[cut - 1][at[name]].replace(b",", b"."))

    later = [list(row) for row in cells[cut:]]
    for row in later:
        row[at[b"TestTime"]] = shifted(row[at[b"TestTime"]], number(b"TestTime"))
        if row[at[b"Cycle C"]] == cells[cut - 1][at[b"Cycle C"]] and row[at[b"Md"]] == b"D":
            row[at[b"Cap. [Ah]"]] = shifted(row[at[b"Cap. [Ah]"]], number(b"Cap. [Ah]"))
    undated = [line for line in head if not line.startswith(b"Started")]
    files = []
    for name, part in (("a.001", cells[:cut]), ("a.002", later)):
        text = [
            b"\t".join(b"" if i == at[b"DPT Time"] else c for i, c in enumerate(row))
            for row in part
        ]
        files.append(write(tmp_path / name, undated, text))
    found = run(config, *files, parts=("1", "2"), protocol="long")
    whole = run(config, exports / KIT, protocol="long")
    assert capacities(found)[:4] == pytest.approx(capacities(whole)[:4], rel=1e-6)


@pytest.mark.parametrize("until", [None, 800])
def test_clock_that_was_set_back_asks_for_the_order(config, pellet, tmp_path, until):
    """By their clocks, all that is known, the files stand the wrong way round; one may still be running."""
    head, rows = pellet
    dated = [line for line in head if line.startswith(b"Acquisition started on")]
    assert len(dated) == 1
    earlier = [line.replace(b"/2024", b"/2023") for line in head]
    # The first one holds part of the first charge; none of it is at the cut-off.
    a = write(tmp_path / "a.mpt", head, rows[:500])
    b = write(tmp_path / "b.mpt", earlier, rows[500:until])
    (first, *_) = run(config, a, b).tables["cycling_cells"]
    assert first["quality"] == "unusable"
    assert "give it in the index's column part" in first["quality_note"]
    right = run(config, a, b, parts=("1", "2")).tables["cycling_cells"][0]
    assert "column part" not in right["quality_note"]


def test_restart_after_a_crash_goes_on_with_a_new_clock_and_counter(
    config, pellet, exports, tmp_path
):
    head, rows = pellet
    names = head[-1].decode("cp1252").split("\t")
    at = {n: names.index(n) for n in ("time/s", "Q charge/discharge/mA.h", "half cycle")}
    comma = b"," in rows[0]

    def number(row: list[bytes], name: str) -> float:
        return float(row[at[name]].replace(b",", b"."))

    cut = [row.split(b"\t") for row in rows[700:]]
    zero = number(cut[0], "time/s")
    counted, half = number(cut[0], "Q charge/discharge/mA.h"), cut[0][at["half cycle"]]
    for row in cut:
        values = {"time/s": number(row, "time/s") - zero}
        if row[at["half cycle"]] == half:
            values["Q charge/discharge/mA.h"] = number(row, "Q charge/discharge/mA.h") - counted
        for name, value in values.items():
            text = f"{value:.9f}".encode()
            row[at[name]] = text.replace(b".", b",") if comma else text
    later = STARTED + timedelta(seconds=zero + 7200)
    stamp = later.strftime("%m/%d/%Y %H:%M:%S.886").encode()
    dated = [re.sub(rb"\d\d/\d\d/2024 [\d:.]+", stamp, line) for line in head]
    earlier = [
        re.sub(rb"\d\d/\d\d/2024 [\d:.]+", STARTED.strftime("%m/%d/%Y %H:%M:%S.886").encode(), line)
        for line in head
    ]
    a = write(tmp_path / "a.mpt", earlier, rows[:700])
    b = write(tmp_path / "b.mpt", dated, [b"\t".join(row) for row in cut])
    found = run(config, b, a)
    # What flowed between the last record and the crash is in neither file: one record's charge.
    assert capacities(found) == pytest.approx(capacities(run(config, exports / MPT)), rel=2e-3)
    first = found.tables["cycling_cells"][0]
    assert first["interrupted"]
    assert first["quality"] == "doubtful"
    assert any("after a.mpt ended" in w for w in found.warnings)
    undated = [line for line in head if b"started on" not in line]
    undated[1] = b"Nb header lines : %d" % len(undated)
    c = write(tmp_path / "c.mpt", undated, rows[:700])
    d = write(tmp_path / "d.mpt", undated, [b"\t".join(row) for row in cut])
    with pytest.raises(AnalysisError, match="give the order in the index's column part"):
        run(config, d, c)
    assert capacities(run(config, d, c, parts=("2", "1"))) == pytest.approx(
        capacities(found), rel=1e-9
    )


def test_two_measurements_of_the_same_time_are_no_cell(config, pellet, exports, tmp_path):
    head, rows = pellet
    names = head[-1].decode("cp1252").split("\t")
    at = names.index("Ewe/V")
    other = []
    for row in rows:
        cells = row.split(b"\t")
        cells[at] = cells[at].replace(b"3,", b"2,").replace(b"3.", b"2.")
        other.append(b"\t".join(cells))
    wrong = write(tmp_path / "other.mpt", head, other)
    with pytest.raises(AnalysisError, match="of the same cell, or repeat it"):
        run(config, exports / MPT, wrong)


def test_rows_of_a_cell_must_agree(config, exports):
    rows = [INDEX | {"composite_mass_mg": mass} for mass in ("12", "13")]
    with pytest.raises(
        AnalysisError, match="column composite_mass_mg of the index: expected one value"
    ):
        analyse(rows, [exports / MPT] * 2, config)


def test_a_file_that_begins_in_the_middle_of_its_first_charge_is_unusable(config, pellet, tmp_path):
    head, rows = pellet
    found = run(config, write(tmp_path / "a.mpt", head, rows[700:]))
    first = found.tables["cycling_cells"][0]
    assert first["quality"] == "unusable"
    assert "begins in the middle of the charge" in first["quality_note"]
    assert found.tables["cycling_cells"][1]["quality"] == "ok"


def test_cycles_that_the_index_leaves_out(config, exports):
    found = run(
        config,
        exports / KIT,
        protocol="long",
        leave_out_cycles="1;90-91",
        composite_mass_mg="7.54",
        cam_mass_fraction="0.792",
    )
    rows = found.tables["cycling_cells"]
    out = [r["cycle"] for r in rows if r["quality"] == "unusable"]
    assert out == [1, 90, 91]
    metrics = {m["metric"]: m["quality"] for m in found.tables["cycling_cell_metrics"]}
    assert metrics["initial_coulombic_efficiency_percent"] == "unusable"
    assert "retention_percent" not in metrics
    assert metrics["capacity_at_0.5C_mAh_g"] == "ok"


def arbin(path: Path, rows, numbers) -> Path:
    """A table with a clock and two counters that never restart."""
    names = "Data_Point,Date_Time,Test_Time(s),Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V)"
    lines = [
        f"{names},Charge_Capacity(Ah),Discharge_Capacity(Ah),Charge_Energy(Wh),Discharge_Energy(Wh)"
    ]
    step = np.diff(rows[:, 3], prepend=0.0)
    charged, discharged = (np.cumsum(np.maximum(sign * step, 0.0)) for sign in (1, -1))
    for i in numbers:
        clock = STARTED + timedelta(seconds=float(rows[i, 0]))
        lines.append(
            f"{i + 1},{clock:%m/%d/%Y %H:%M:%S},{rows[i, 0]:.3f},0,1,1,{rows[i, 2] * 1e-3:.9f},{rows[i, 1]:.6f},"
            f"{charged[i] * 1e-3:.9f},{discharged[i] * 1e-3:.9f},0,0"
        )
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


@pytest.mark.parametrize(("first", "second"), [(900, 900), (900, 700), (1300, 1300)])
def test_plain_tables_of_one_cell_go_on_too(config, tmp_path, first, second):
    rows = record(PLAIN)
    index = {"composite_mass_mg": "10", "cam_mass_fraction": "1"}
    a = arbin(tmp_path / "b.csv", rows, range(first))
    b = arbin(tmp_path / "a.csv", rows, range(second, len(rows)))
    found = capacities(run(config, b, a, **index))
    assert found == pytest.approx([200.0, 194.5, 194.5], rel=1e-4)
    alone = run(config, b, **index).tables["cycling_cells"][0]
    assert ("begins in the middle" in alone["note"]) == (second == 900 or second == 700)


@pytest.mark.parametrize("name", [MPT, KIT])
def test_what_was_read_is_a_battery_data_format_table(config, exports, tmp_path, name):
    """Written as CSV under its own labels it gives the same capacities."""
    path = tmp_path / "cell.bdf.csv"
    readers.read(exports / name, "cycling").sets[0].to_pandas().to_csv(path, index=False)
    index = {"protocol": "long", "composite_mass_mg": "7.54", "cam_mass_fraction": "0.792"}
    assert capacities(run(config, path, **index)) == pytest.approx(
        capacities(run(config, exports / name, **index)), rel=1e-6
    )


@pytest.mark.parametrize("back_s", [3600, 7e8])
def test_clock_that_was_set_back_leaves_the_order_to_part(
    config, pellet, exports, tmp_path, back_s
):
    """End of summer time, or a computer that lost its clock: part decides, unless the voltages say the reverse."""
    head, rows = pellet
    at = head[-1].decode("cp1252").split("\t").index("time/s")
    zero = float(rows[700].split(b"\t")[at].replace(b",", b"."))
    later = []
    for row in rows[700:]:
        cells = row.split(b"\t")
        seconds = float(cells[at].replace(b",", b".")) - zero
        cells[at] = f"{seconds:.6f}".encode().replace(b".", b"," if b"," in cells[at] else b".")
        later.append(b"\t".join(cells))

    def dated(moment: datetime) -> list[bytes]:
        stamp = moment.strftime("%m/%d/%Y %H:%M:%S.886").encode()
        return [re.sub(rb"\d\d/\d\d/\d{4} [\d:.]+", stamp, line) for line in head]

    a = write(tmp_path / "a.mpt", dated(STARTED), rows[:700])
    second = dated(STARTED + timedelta(seconds=zero - back_s))
    b = write(tmp_path / "b.mpt", second, later)
    found = run(config, a, b, parts=("1", "2"))
    assert capacities(found) == pytest.approx(capacities(run(config, exports / MPT)), rel=1e-6)
    assert any("by its clock it begins" in w for w in found.warnings)
    if back_s == 3600:
        with pytest.raises(AnalysisError, match="of the same cell, or repeat it"):
            run(config, a, b, parts=("2", "1"))


@pytest.mark.parametrize("linked", [True, False])
def test_hold_in_a_technique_of_its_own_belongs_to_the_charge(config, tmp_path, linked):
    """Constant current, constant voltage and rest as three linked files, with a net charge that goes on or starts again."""
    t, held = np.arange(0.0, 72001, 60), np.arange(60.0, 7201, 60)
    tau, top = 1800.0, 0.1 * 20
    current = 0.1 * np.exp(-held / tau)
    hold = 0.1 * tau / 3600 * (1 - np.exp(-held / tau))
    parts = {
        "a_01_CP.mpt": (1, t, np.full(t.size, 0.1), 0.1 * t / 3600, 2.0 + 0.85 * 0.1 * t / 3600),
        "a_02_CA.mpt": (2, 72000 + held, current, top + hold, np.full(held.size, 3.7)),
        "a_03_OCV.mpt": (
            3,
            79200 + held,
            0 * held,
            np.full(held.size, top + hold[-1]),
            np.full(held.size, 3.69),
        ),
    }
    files = []
    for name, (mode, seconds, mA, net, volts) in parts.items():
        net = net if linked else net - net[0]
        rows = [
            b"\t".join(f"{v:.9g}".encode() for v in (mode, *row))
            for row in zip(seconds, mA, net, volts, strict=True)
        ]
        head = [
            b"EC-Lab ASCII FILE", b"Nb header lines : 4", b"Acquisition started on : 02/15/2024 10:00:00",
            b"mode\ttime/s\t<I>/mA\t(Q-Qo)/mA.h\tEwe/V",
        ]  # fmt: skip
        files.append(write(tmp_path / name, head, rows))
    (cycle,) = run(config, *files[::-1]).tables["cycling_cells"]
    # A net charge that starts again has lost what flowed up to its first record.
    lost = 0.0 if linked else hold[0]
    assert cycle["charge_capacity_mAh_g"] * 9.6e-3 == pytest.approx(top + hold[-1] - lost, rel=1e-6)
    share = (hold[-1] - lost) / (top + hold[-1] - lost)
    assert cycle["charge_constant_voltage_share"] == pytest.approx(share, rel=1e-3)
    assert (cycle["quality"], cycle["end_of_charge_V"]) == ("ok", 3.7)


@pytest.mark.parametrize("hours", [1, 3, 9])
def test_without_dates_each_file_follows_the_one_before_it(hours):
    """Clocks that start anew, the later file shorter or longer than the first; one that goes on keeps its gap."""
    times_s = [(0, 7200), (0, 3600 * hours), (90000, 93600)]
    records = [SimpleNamespace(time_s=np.array(t, float)) for t in times_s]
    parts = [SimpleNamespace(zero_s=None, part=float(n), file=Path("x")) for n in range(3)]
    offsets, notes = _offsets(parts, records)
    assert offsets == [0, 7200, 0]
    assert len(notes) == 1 and "times between files are not known" in notes[0]
