"""Readers and analysis on real exports: what expected.csv knows, and every file that no index names."""

from __future__ import annotations

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

# file, rows, what the reader says of its last line
FILES = {
    "020-formation_CB5.mpr": 1323,
    "020-formation_CB5.mpt": 1323,
    "250116_kigr_gen6_01_02_GCPL_CD8.mpr": 3791,
    "NCM811_maccor_example.001": 8,
    "PreDiag_000229_000229_truncated.034": 4061,
    "bio_logic1.mpr": 3119,
    "bio_logic1.mpt": 3119,
    "maccor_three.txt": 4009,
    "maccor_two.txt": 213,
    "navani_test.nda": 439,
    "navani_test.ndax": 1464,
    "nw4-120-6-1-36.ndax": 7257,
    "pyprobe_Sample_data_biologic_no_header.mpt": 13,
    "v1150_GCPL.mpr": 132,
    "v1150_GCPL.mpt": 132,
    "v1150_MB.mpr": 564,
    "v1150_MB.mpt": 564,
    "v1150_OCV.mpr": 43,
    "v1150_OCV.mpt": 43,
}


def row(protocol: str = "short") -> dict[str, str]:
    """An index row that makes mAh/g read as mAh."""
    return {
        "sample": "x", "cell": "a", "protocol": protocol,
        "composite_mass_mg": "1000", "cam_mass_fraction": "1",
    }  # fmt: skip


@pytest.fixture
def folder(realdata):
    return realdata / "cycling"


def expected_values(expected, file: str, quantity: str) -> list[float]:
    (found,) = (r for r in expected if r["file"] == f"cycling/{file}" and r["quantity"] == quantity)
    return [float(v) for v in found["value"].split(";")]


def test_every_file_is_known_here(folder):
    assert {p.name for p in folder.iterdir()} == {*FILES, "index.csv"}


def test_reads_and_analyses(folder, config, subtests):
    for name in FILES:
        with subtests.test(name):
            export = readers.read(folder / name, "cycling")
            table = export.sets[0].to_pandas()
            assert len(table) == FILES[name]
            assert list(table.columns) == [c for c in bdf.COLUMNS if c in table]
            assert np.isfinite(table[bdf.VOLTAGE]).all()
            assert np.isfinite(table[bdf.TIME]).all()
            assert export.attrs["instrument"]
            for protocol in ("short", "long"):
                analysis = analyse([row(protocol)], [folder / name], config)
                assert analysis.problem is None


def first_cycles(folder, config, name):
    return analyse([row()], [folder / name], config).tables["cycling_cells"]


def test_formation_capacities(folder, config, expected, subtests):
    for kind in ["mpr", "mpt"]:
        with subtests.test(kind):
            file = "020-formation_CB5"
            cells = first_cycles(folder, config, f"{file}.{kind}")
            (charge,) = expected_values(expected, file, "first charge capacity")
            (discharge,) = expected_values(expected, file, "first discharge capacity")
            (efficiency,) = expected_values(expected, file, "initial Coulombic efficiency")
            second = expected_values(expected, file, "second charge and discharge capacity")
            assert cells[0]["charge_capacity_mAh_g"] == pytest.approx(charge, abs=1e-5)
            assert cells[0]["discharge_capacity_mAh_g"] == pytest.approx(discharge, abs=1e-5)
            assert cells[0]["coulombic_efficiency_percent"] == pytest.approx(efficiency, abs=1e-4)
            assert cells[1]["charge_capacity_mAh_g"] == pytest.approx(second[0], abs=1e-5)
            assert cells[1]["discharge_capacity_mAh_g"] == pytest.approx(second[1], abs=1e-5)
            assert not any(c["interrupted"] for c in cells)
            # The trapezoid is a check only: 62.1656 instead of 62.0163 mAh.
            assert cells[0]["charge_check_percent"] == pytest.approx(0.241, abs=0.005)


def test_formation_peak_of_constant_current_rows(folder, config, expected):
    (peak,) = expected_values(
        expected, "020-formation_CB5", "first-charge dQ/dV peak (CC rows only)"
    )
    data = record(readers.read(folder / "020-formation_CB5.mpt").sets[0])
    cycles, _ = pair(half_cycles(data, config["stub_fraction"])[0])
    main, _ = features.curves(data, cycles[0].charge, 1.0, config["dqdv"])
    raw = float(main.potential_V[np.argmax(main.raw)])
    smooth = float(main.potential_V[np.argmax(main.smooth)])
    assert raw == pytest.approx(peak, abs=0.0051)  # half a bin: their grid is shifted
    assert smooth == pytest.approx(peak, abs=0.010)
    assert main.charge_mAh_g < 61.4  # the hold at 4.2 V is not in it


def test_tiny_capacities(folder, config, expected, subtests):
    for kind in ["mpr", "mpt"]:
        with subtests.test(kind):
            values = expected_values(expected, "v1150_GCPL", "first charge and discharge capacity")
            first = first_cycles(folder, config, f"v1150_GCPL.{kind}")[0]
            assert first["charge_capacity_mAh_g"] == pytest.approx(values[0], abs=1e-9)
            assert first["discharge_capacity_mAh_g"] == pytest.approx(values[1], abs=1e-9)


def test_binary_without_current_column(folder, config, expected):
    file = "250116_kigr_gen6_01_02_GCPL_CD8.mpr"
    values = expected_values(expected, file, "first charge and discharge capacity")
    first = first_cycles(folder, config, file)[0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(values[0], abs=1e-5)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(values[1], abs=1e-5)
    # Current is rebuilt from the increments: its integral must give them back.
    assert abs(first["charge_check_percent"]) < 0.1


def test_cut_last_line_is_dropped_and_counted(folder, expected):
    complete, incomplete = expected_values(
        expected, "maccor_two.txt", "complete rows; incomplete rows"
    )
    export = readers.read(folder / "maccor_two.txt")
    assert len(export.sets[0].to_pandas()) == complete
    assert export.attrs["incomplete_rows"] == incomplete
    assert any("incomplete last line" in w for w in export.warnings)
    assert export.attrs["date"] == "2021-05-06T11:23:46"  # day first
    assert export.sets[0].to_pandas()[bdf.TIME].iloc[-1] == pytest.approx(212 * 60)


def test_rows_and_steps_of_the_seconds_dialect(folder, expected):
    rows, steps = expected_values(expected, "PreDiag_000229_000229_truncated.034", "rows; steps")
    table = readers.read(folder / "PreDiag_000229_000229_truncated.034").sets[0].to_pandas()
    assert len(table) == rows
    assert table[bdf.STEP_COUNT].iloc[-1] == steps
    assert table[bdf.CURRENT].min() == pytest.approx(-0.698, abs=0.01)


def test_capacity_that_goes_on_into_the_hold_is_not_counted_twice(folder, config):
    first = first_cycles(folder, config, "maccor_three.txt")[0]
    # uAh under an mAh header; naive summing gives 1.8076 mAh and an efficiency of 0.47.
    assert first["charge_capacity_mAh_g"] == pytest.approx(0.90611, abs=1e-4)
    assert first["coulombic_efficiency_percent"] == pytest.approx(93.9, abs=0.05)


def test_neware_constant_current_and_voltage_both_count(folder, config):
    cells = first_cycles(folder, config, "nw4-120-6-1-36.ndax")
    assert cells[0]["charge_capacity_mAh_g"] == pytest.approx(4.6827, abs=1e-4)
    assert cells[1]["charge_capacity_mAh_g"] == pytest.approx(37.7534, abs=1e-4)


def test_cell_that_starts_with_a_discharge(folder, config):
    analysis = analyse([row()], [folder / "bio_logic1.mpt"], config)
    assert any("starts with a discharge" in w for w in analysis.warnings)
    (first,) = analysis.tables["cycling_cells"]
    assert first["cycle"] == 1
    assert first["charge_capacity_mAh_g"] == pytest.approx(2.59746, abs=1e-4)
    assert "discharge_capacity_mAh_g" not in first
    lone = analysis.tables["cycling_half_cycles"][0]
    assert (lone["direction"], lone["cycle"]) == ("discharge", None)
    assert lone["capacity_mAh"] == pytest.approx(1.43899, abs=1e-4)


def test_header_masses_are_never_used(folder, config):
    export = readers.read(folder / "020-formation_CB5.mpt")
    assert export.attrs["vendor"]["Mass of active material"] == "0.001 mg"
    light = row() | {"composite_mass_mg": "10"}
    analysis = analyse([light], [folder / "020-formation_CB5.mpt"], config)
    first = analysis.tables["cycling_cells"][0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(6201.627, abs=0.001)


def test_german_and_english_exports_give_equal_bytes(folder, tmp_path, config, subtests):
    for name in ["v1150_GCPL.mpt", "v1150_MB.mpt", "v1150_OCV.mpt"]:
        with subtests.test(name):
            german = folder / name
            english = tmp_path / name
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
