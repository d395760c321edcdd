"""Binary exports: what they hold is what the text of the same run says; those of Neware and damaged ones."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from coatbench import readers
from coatbench.cycling.analyse import analyse
from coatbench.errors import ReadError
from coatbench.readers import bdf, neware
from conftest import SHARED, inputs

from .binary_files import neware_cell, write_mpr
from .made_cases import AFTER_1_H, CHARGE, DISCHARGE, joined, record, swept, write_mpt
from .made_files import write

ROW = {
    "sample": "x", "cell": "a", "protocol": "short", "composite_mass_mg": "1000", "cam_mass_fraction": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> dict[str, np.ndarray]:
    """A cell with an impedance sweep at its end, and the increments of its charge."""
    columns = record()
    columns |= {"freq/Hz": 0 * columns["mode"]}
    columns = joined(columns, swept(columns, 40, 2, 2e-4))
    columns["Ewe/V"] = columns["Ewe/V"].astype(np.float32).astype(float)
    return columns | {"dq/mA.h": np.diff(columns["(Q-Qo)/mA.h"], prepend=0.0)}


REAL = ("020-formation_CB5", "v1150_GCPL", "bio_logic1", "v1150_MB", "v1150_OCV")
AT_HAND = REAL if "handed" in inputs("realdata/cycling") else ()


def one_run(name: str, whole, folder: Path) -> tuple[Path, Path]:
    """Return text and binary of a run."""
    if name in REAL:
        real = SHARED / "realdata" / "cycling" / name
        return real.with_suffix(".mpt"), real.with_suffix(".mpr")
    write_mpt(folder / "made.mpt", whole)
    return folder / "made.mpt", write_mpr(folder / "made.mpr", whole)


@pytest.mark.parametrize("name", ["made", *AT_HAND])
def test_binary_and_text_of_one_run_agree(whole, tmp_path, name):
    text, binary = (readers.read(p, "cycling").sets[0] for p in one_run(name, whole, tmp_path))
    assert list(binary.variables) == list(text.variables)
    # In single precision: impedances, and in files of 2012 the time.
    near = {bdf.VOLTAGE: 5e-8, bdf.TIME: 2e-5}
    for column in text.variables:
        if column == bdf.STEP_TYPE:
            assert (binary[column] == text[column]).all()
        elif column in (bdf.FREQUENCY, bdf.REAL, bdf.IMAGINARY):
            assert np.allclose(binary[column], text[column], rtol=1e-6, equal_nan=True), column
        else:
            assert np.abs(binary[column] - text[column]).max() <= near.get(column, 1e-6), column


@pytest.mark.parametrize("without", ["<I>/mA", "half cycle", "Q charge/discharge/mA.h"])
def test_columns_that_a_binary_has_not_are_rebuilt(whole, config, tmp_path, without):
    path = write_mpr(tmp_path / "a.mpr", {k: v for k, v in whole.items() if k != without})
    first = analyse([ROW], [path], config).tables["cycling_cells"][0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(CHARGE, abs=1e-5)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(DISCHARGE, abs=1e-5)
    assert abs(first["charge_check_percent"]) < 0.1
    assert first["relaxed_potential_charge_V"] == pytest.approx(AFTER_1_H["charge"], abs=1e-4)


@pytest.mark.parametrize("name", ["made", *AT_HAND[:2]])
@pytest.mark.parametrize("text_first", [True, False])
def test_binary_and_text_of_one_cell_are_one_record(whole, config, tmp_path, name, text_first):
    """The text holds a part of the binary's records: before it, or behind it."""
    text, binary = one_run(name, whole, tmp_path)
    lines = text.read_bytes().split(b"\r\n")
    head = int(lines[1].split(b":")[1])
    rows = [line for line in lines[head:] if line]
    kept = rows[: len(rows) // 3] if text_first else rows[2 * len(rows) // 3 :]
    part = write(tmp_path, b"\r\n".join([*lines[:head], *kept, b""]), "part.mpt")
    both = analyse([ROW, ROW], [part, binary], config).tables["cycling_cells"]
    alone = analyse([ROW], [binary], config).tables["cycling_cells"]
    for found, right in zip(both, alone, strict=True):
        for half in ("charge", "discharge"):
            for column in (f"{half}_capacity_mAh_g", f"relaxed_potential_{half}_V"):
                assert (found.get(column) is None) == (right.get(column) is None), column
                if right.get(column) is not None:
                    assert found[column] == pytest.approx(right[column], rel=1e-5), column
        assert found["running"] == right["running"]


def test_damaged_mpr_is_one_clear_line(whole, tmp_path):
    content = write_mpr(tmp_path / "a.mpr", whole).read_bytes()
    for cut in (60, 500, len(content) // 2, len(content) - 20):
        path = write(tmp_path, content[:cut], "damaged.mpr")
        with pytest.raises(ReadError, match=r"damaged\.mpr: .*expected .*found"):
            readers.read(path, "cycling")


def test_damaged_neware_is_one_clear_line(tmp_path):
    pytest.importorskip("fastnda")
    with zipfile.ZipFile(tmp_path / "a.ndax", "w") as archive:
        archive.writestr("data.ndc", bytes(range(256)) * 40)
    for name, content in (
        ("damaged.nda", b"NEWARE" + bytes(4000)),
        ("damaged.ndax", (tmp_path / "a.ndax").read_bytes()),
        ("damaged.ndax", (tmp_path / "a.ndax").read_bytes()[:-30]),
    ):
        with pytest.raises(ReadError, match=r"damaged\.ndax?: .*expected .*found"):
            readers.read(write(tmp_path, content, name), "cycling")


@pytest.mark.parametrize("source", inputs("realdata/cycling"))
def test_neware_constant_current_and_voltage_both_count(config, tmp_path, source):
    """A signed integral that restarts with every step, one step of current, then voltage."""
    pytest.importorskip("fastnda")
    if source == "handed":
        path = SHARED / "realdata" / "cycling" / "nw4-120-6-1-36.ndax"
        cells = analyse([ROW], [path], config).tables["cycling_cells"]
        charges = [row["charge_capacity_mAh_g"] for row in cells[:2]]
        assert charges == pytest.approx([4.6827, 37.7534], abs=1e-4)
        return
    path, own = neware_cell(tmp_path / "a.ndax", n := 60)
    table = neware.read(path).sets[0]
    kinds, step = np.asarray(table[bdf.STEP_TYPE]), np.repeat([1, 1, 2, 3], n)
    assert len(set(kinds[step == 1])) == 2 and len(set(kinds)) == 4
    assert np.asarray(table[bdf.STEP_COUNT])[-1] == 4
    assert float(table[bdf.CHARGING][-1]) == pytest.approx(1e-3 * own[2 * n - 1])
    assert np.asarray(table[bdf.TIME]) == pytest.approx(60.0 * np.arange(1, 4 * n + 1))
    first = analyse([ROW], [path], config).tables["cycling_cells"][0]
    assert first["charge_capacity_mAh_g"] == pytest.approx(own[2 * n - 1], rel=2e-3)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(-own[-1], rel=2e-3)
