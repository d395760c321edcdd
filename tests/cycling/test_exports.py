"""Exports of testers whose numbers are known: made ones, and public files with what expected.csv knows of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coatbench import readers
from coatbench.analysis import save_rows
from coatbench.cycling import features
from coatbench.cycling.analyse import analyse
from coatbench.cycling.half_cycles import half_cycles, pair
from coatbench.cycling.record import record
from coatbench.readers import bdf, eclab_mpt
from conftest import SHARED, inputs

from . import made_exports as made

# Records of the public files; the last ones stand there for their dialect alone.
PUBLIC = {
    "020-formation_CB5.mpr": 1323,
    "020-formation_CB5.mpt": 1323,
    "250116_kigr_gen6_01_02_GCPL_CD8.mpr": 3791,
    "NCM811_maccor_example.001": 8,
    "PreDiag_000229_000229_truncated.034": 4061,
    "bio_logic1.mpr": 3119,
    "bio_logic1.mpt": 3119,
    "maccor_three.txt": 4009,
    "maccor_two.txt": 213,
    "v1150_GCPL.mpr": 132,
    "v1150_GCPL.mpt": 132,
    "v1150_MB.mpr": 564,
    "v1150_MB.mpt": 564,
    "v1150_OCV.mpr": 43,
    "v1150_OCV.mpt": 43,
    "navani_test.nda": 439,
    "navani_test.ndax": 1464,
    "nw4-120-6-1-36.ndax": 7257,
    "pyprobe_Sample_data_biologic_no_header.mpt": 13,
}
# What is asked of a file: the made one, the public one.
NAMES = {
    "full cell": ("full_cell", "020-formation_CB5"),
    "tiny": ("tiny", "v1150_GCPL"),
    "no current": ("no_current.mpr", "250116_kigr_gen6_01_02_GCPL_CD8.mpr"),
    "cut": ("cut.txt", "maccor_two.txt"),
    "seconds": ("seconds.034", "PreDiag_000229_000229_truncated.034"),
    "thousandths": ("thousandths.txt", "maccor_three.txt"),
    "discharge first": ("discharge_first.mpt", "bio_logic1.mpt"),
    "rest": ("rest", "v1150_OCV"),
    "impedance": ("with_impedance", "v1150_MB"),
}


@dataclass
class Exports:
    """Files of one origin: where, how many records each has, what is known of them."""

    folder: Path
    records: dict[str, int]
    public: bool

    def path(self, name: str, kind: str = "") -> Path:
        return self.folder / f"{NAMES[name][self.public]}{kind}"

    def known(self, name: str, quantity: str) -> list[float]:
        if not self.public:
            return made.KNOWN[name][quantity]
        with (self.folder.parent / "expected.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        file = f"cycling/{NAMES[name][1]}"
        (found,) = (r for r in rows if (r["file"], r["quantity"]) == (file, quantity))
        return [float(v) for v in found["value"].split(";")]


@pytest.fixture(scope="module", params=inputs("realdata/cycling"))
def exports(request, tmp_path_factory) -> Exports:
    if request.param == "handed":
        return Exports(SHARED / "realdata" / "cycling", PUBLIC, True)
    folder = tmp_path_factory.mktemp("exports")
    return Exports(folder, made.write_exports(folder), False)


def row(protocol: str = "short") -> dict[str, str]:
    """An index row that makes mAh/g read as mAh."""
    return {
        "sample": "x", "cell": "a", "protocol": protocol,
        "composite_mass_mg": "1000", "cam_mass_fraction": "1",
    }  # fmt: skip


def first_cycles(path: Path, config):
    return analyse([row()], [path], config).tables["cycling_cells"]


def test_reads_and_analyses(exports, config, subtests):
    assert {p.name for p in exports.folder.iterdir()} - {"index.csv"} == {*exports.records}
    for name, n in exports.records.items():
        with subtests.test(name):
            export = readers.read(exports.folder / name, "cycling")
            table = export.sets[0].to_pandas()
            assert len(table) == n
            assert list(table.columns) == [c for c in bdf.COLUMNS if c in table]
            assert np.isfinite(table[bdf.VOLTAGE]).all()
            assert np.isfinite(table[bdf.TIME]).all()
            assert export.attrs["instrument"]
            for protocol in ("short", "long"):
                analysis = analyse([row(protocol)], [exports.folder / name], config)
                assert analysis.problem is None


@pytest.mark.parametrize("kind", [".mpr", ".mpt"])
def test_formation_capacities(exports, config, kind):
    cells = first_cycles(exports.path("full cell", kind), config)
    (charge,) = exports.known("full cell", "first charge capacity")
    (discharge,) = exports.known("full cell", "first discharge capacity")
    (efficiency,) = exports.known("full cell", "initial Coulombic efficiency")
    second = exports.known("full cell", "second charge and discharge capacity")
    assert cells[0]["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-5)
    assert cells[0]["discharge_capacity_mAh_g"] == pytest.approx(discharge, abs=1e-5)
    assert cells[0]["coulombic_efficiency_percent"] == pytest.approx(efficiency, abs=1e-4)
    assert cells[1]["charge_capacity_mAh_g"] == pytest.approx(second[0], abs=1e-5)
    assert cells[1]["discharge_capacity_mAh_g"] == pytest.approx(second[1], abs=1e-5)
    assert not any(c["interrupted"] for c in cells)
    # The integral of the current is a check only: of the public file, 62.1656 instead of 62.0163 mAh.
    off = 0.241 if exports.public else 100 * (made.METER - 1)
    assert cells[0]["charge_check_percent"] == pytest.approx(off, abs=0.005)


def test_formation_peak_of_constant_current_rows(exports, config):
    (peak,) = exports.known("full cell", "first-charge dQ/dV peak (CC rows only)")
    data = record(readers.read(exports.path("full cell", ".mpt")).sets[0])
    cycles, _ = pair(half_cycles(data, config["stub_fraction"])[0])
    main, _ = features.curves(data, cycles[0].charge, 1.0, config["dqdv"])
    raw = float(main.potential_V[np.argmax(main.raw)])
    smooth = float(main.potential_V[np.argmax(main.smooth)])
    assert raw == pytest.approx(
        peak, abs=0.0051
    )  # half a bin: the grid of what is known is shifted
    assert smooth == pytest.approx(peak, abs=0.010)
    # The hold at 4.2 V is not in it.
    assert main.charge_mAh_g < (61.4 if exports.public else made.CC_MAH + 0.1)


@pytest.mark.parametrize("kind", [".mpr", ".mpt"])
def test_tiny_capacities(exports, config, kind):
    charge, discharge = exports.known("tiny", "first charge and discharge capacity")
    first = first_cycles(exports.path("tiny", kind), config)[0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-9)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(discharge, abs=1e-9)


def test_binary_without_current_column(exports, config):
    charge, discharge = exports.known("no current", "first charge and discharge capacity")
    first = first_cycles(exports.path("no current"), config)[0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-5)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(discharge, abs=1e-5)
    # Current is rebuilt from the increments: its integral must give them back.
    assert abs(first["charge_check_percent"]) < 0.1


def test_cut_last_line_is_dropped_and_counted(exports):
    complete, incomplete = exports.known("cut", "complete rows; incomplete rows")
    export = readers.read(exports.path("cut"))
    assert len(export.sets[0].to_pandas()) == complete
    assert export.attrs["incomplete_rows"] == incomplete
    assert any("incomplete last line" in w for w in export.warnings)
    # Day first, and minutes.
    date, last = ("2021-05-06T11:23:46", 212 * 60) if exports.public else ("2024-03-04T09:47:00", made.KNOWN["cut"]["last time"][0])  # fmt: skip
    assert export.attrs["date"] == date
    assert export.sets[0].to_pandas()[bdf.TIME].iloc[-1] == pytest.approx(last, abs=0.01)


def test_rows_and_steps_of_the_seconds_dialect(exports):
    rows, steps = exports.known("seconds", "rows; steps")
    table = readers.read(exports.path("seconds")).sets[0].to_pandas()
    assert len(table) == rows
    assert table[bdf.STEP_COUNT].iloc[-1] == steps
    least = -0.698 if exports.public else -4.7
    assert table[bdf.CURRENT].min() == pytest.approx(least, abs=0.01)


def test_capacity_that_goes_on_into_the_hold_is_not_counted_twice(exports, config):
    """Thousandths under the header's units; naive summing of the public file gives 1.8076 mAh and an efficiency of 0.47."""
    first = first_cycles(exports.path("thousandths"), config)[0]
    charge, efficiency = (0.90611, 93.9) if exports.public else (sum(made.PARTS_MAH[:2]), 100 * made.PARTS_MAH[2] / sum(made.PARTS_MAH[:2]))  # fmt: skip
    assert first["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-4)
    assert first["coulombic_efficiency_percent"] == pytest.approx(efficiency, abs=0.05)


def test_cell_that_starts_with_a_discharge(exports, config):
    """Its lone discharge belongs to no cycle."""
    analysis = analyse([row()], [exports.path("discharge first")], config)
    assert any("starts with a discharge" in w for w in analysis.warnings)
    (first,) = analysis.tables["cycling_cells"]
    assert first["cycle"] == 1
    discharge, charge = (1.43899, 2.59746) if exports.public else (made.FIRST[1], made.STEPS[5][1])
    assert first["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-4)
    assert "discharge_capacity_mAh_g" not in first
    lone = analysis.tables["cycling_half_cycles"][0]
    assert (lone["direction"], lone["cycle"]) == ("discharge", None)
    assert lone["capacity_mAh"] == pytest.approx(discharge, abs=1e-4)


def test_header_masses_are_never_used(exports, config):
    path = exports.path("full cell", ".mpt")
    assert readers.read(path).attrs["vendor"]["Mass of active material"] == "0.001 mg"
    light = row() | {"composite_mass_mg": "10"}
    first = analyse([light], [path], config).tables["cycling_cells"][0]
    (charge,) = exports.known("full cell", "first charge capacity")
    assert first["charge_capacity_mAh_g"] == pytest.approx(100 * charge, abs=0.001)


@pytest.mark.parametrize("name", ["tiny", "impedance", "rest"])
def test_german_and_english_exports_give_equal_bytes(exports, tmp_path, config, name):
    german = exports.path(name, ".mpt")
    english = tmp_path / german.name
    lines = german.read_bytes().split(b"\r\n")
    count = int(lines[1].split(b":")[1])
    assert any(b"," in line for line in lines[count:])
    # An English system also writes its lines with LF in some copies.
    english.write_bytes(b"\n".join(line.replace(b",", b".") for line in lines))
    for i, file in enumerate((german, english)):
        save_rows(analyse([row()], [file], config), tmp_path / f"{i}.json")
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()
    pd.testing.assert_frame_equal(
        eclab_mpt.read(german).sets[0].to_pandas(),
        eclab_mpt.read(english).sets[0].to_pandas(),
        check_exact=True,
    )
