"""NETZSCH binaries: what becomes of the channels that the parser hands on, and public files, whose values are recorded beside them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import read
from coatbench.readers.ngb import read as read_ngb


def put(tmp_path, content: bytes, name: str):
    path = tmp_path / name
    path.write_bytes(content)
    return path


class Channels(dict):
    """Channels as the parser of NETZSCH binaries hands them on."""

    column_names = property(list)

    def __getitem__(self, name):
        return SimpleNamespace(to_numpy=lambda: np.asarray(self.get(name)))


NGB = {
    "time": [0.0, 6.0, 12.0], "sample_temperature": [30.0, 31.0, 32.0], "mass": [0.0, -0.5, -1.25],
    "dsc_signal": [1.0, 2.0, 3.0], "furnace_temperature": [31.0, 32.0, 33.0], "31": [7.0, 8.0, 9.0],
}  # fmt: skip


def ngb(monkeypatch, tmp_path, meta, **changed):
    """Read what the parser is made to return."""
    pyngb = pytest.importorskip("pyngb")
    monkeypatch.setattr(pyngb, "read_ngb", lambda *a, **k: (meta, Channels(NGB | changed)))
    return read_ngb(put(tmp_path, b"x", "a.ngb-ss3")).sets[0].to_xarray()


def test_channels_of_a_netzsch_binary_get_names_and_masses(monkeypatch, tmp_path):
    meta = {"sample_mass": 12.5, "instrument": "STA 449", "date_performed": "2025-08-13"}
    block = ngb(monkeypatch, tmp_path, meta)
    assert block.mass_mg.values.tolist() == [12.5, 12.0, 11.25]
    assert block.mass_percent.values.tolist() == [100, 96, 90]
    assert block.mass_change_mg.attrs["units"] == "mg" and block.dsc.attrs["units"] == "uV"
    assert block.temperature_degC.values.tolist() == NGB["sample_temperature"]
    assert block.channel_31.values.tolist() == [7, 8, 9]
    assert (block.attrs["instrument"], block.attrs["sample_mass_mg"]) == ("NETZSCH STA 449", 12.5)
    blank = ngb(monkeypatch, tmp_path, {"sample_mass": -1000.0})  # as a run without a sample has it
    assert "mass_percent" not in blank and np.isnan(blank.attrs["sample_mass_mg"])


@pytest.mark.parametrize(
    ("channel", "values", "said"),
    [
        ("mass", [0.0, 1.0], "channels of one length"),
        ("time", [0.0, 6.0, 5.0], "times that run forwards"),
        ("sample_temperature", [30.0, 9e9, 32.0], "below 5000 degC"),
        ("time", [], "a channel time"),
    ],
)
def test_channels_that_no_furnace_gives_are_refused(monkeypatch, tmp_path, channel, values, said):
    with pytest.raises(ReadError, match=said):
        ngb(monkeypatch, tmp_path, {"sample_mass": 12.5}, **{channel: values})


def test_a_netzsch_archive_that_is_cut_or_foreign_is_one_line(tmp_path):
    pytest.importorskip("pyngb")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Streams/stream_1.table", bytes(range(256)) * 20)
    raw = (tmp_path / "a.zip").read_bytes()
    for content in (raw, raw[: len(raw) // 2]):
        with pytest.raises(ReadError, match="NGB") as caught:
            read_ngb(put(tmp_path, content, name="cut.ngb-ss3"))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["DF_FILED_STA_21O2_10K_220222_R1", "Red_Oak_STA_10K_250731_R7"])
def test_ngb_parity(realdata, name):
    """Every column of the binary equals the values that the parser's own test suite records."""
    parity = json.loads((realdata / "tga_ms" / f"{name}.ngb-ss3.parity.json").read_text())
    block = read(realdata / "tga_ms" / parity["fixture"], "tga_ms").sets[0].to_xarray()
    by_label = {block[v].attrs["label"]: block[v].values for v in block.data_vars}
    by_label["time"] = block.time_s.values
    assert block.sizes["time"] == parity["num_rows"]
    matched = 0
    for name, stats in parity["column_stats"].items():
        # Two channels got a name in pyngb after the file was recorded (31, 32 ...): found by their digest.
        digest = parity["column_sha256"][name]
        values = by_label.get(name)
        if values is None:
            same = [
                v for v in by_label.values() if hashlib.sha256(v.tobytes()).hexdigest() == digest
            ]
            assert same, name
            values = same[0]
        assert hashlib.sha256(values.tobytes()).hexdigest() == digest, name
        assert (values[0], values[-1], values.min(), values.max()) == (
            stats["first"],
            stats["last"],
            stats["min"],
            stats["max"],
        )
        matched += 1
    assert matched == len(parity["columns"])
    mass = parity["metadata"]["sample_mass"]
    assert block.attrs["sample_mass_mg"] == mass
    assert block.mass_percent.values[-1] == pytest.approx(
        100 * (mass + parity["column_stats"]["mass"]["last"]) / mass
    )


def test_damaged_ngb(tmp_path, realdata):
    raw = (realdata / "tga_ms" / "Red_Oak_STA_10K_250731_R7.ngb-ss3").read_bytes()
    with pytest.raises(ReadError, match="NGB archive"):
        read(put(tmp_path, raw[: len(raw) // 2], name="cut.ngb-ss3"), "tga_ms")
    hit = bytearray(raw)
    hit[len(raw) // 3] ^= 0xFF
    try:
        block = read(put(tmp_path, bytes(hit), name="hit.ngb-ss3"), "tga_ms").sets[0].to_xarray()
    except ReadError:
        return
    assert block.sizes["time"] == 9171
