"""XPS readers on exports of every dialect, and on damaged ones."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import read
from conftest import datasets

from .made_exports import AT_PERCENT, FIRST_CPS, N_SURVEY, PASS_EV, TIME_S, Exports
from .planted import scan, write_columns


def test_every_export_is_read(exports: Exports, subtests) -> None:
    for name, regions in exports.regions.items():
        with subtests.test(name):
            export = read(exports.folder / name, "xps")
            assert [block.attrs["region"] for block in datasets(export)] == regions
            for block in datasets(export):
                energy = block["binding_energy_eV"].values
                assert (np.diff(energy) > 0).all()
                assert np.isfinite(block["intensity_cps"].values).all()
                photon = block.attrs["photon_energy_eV"]
                if np.isfinite(photon):
                    assert np.allclose(block["kinetic_energy_eV"].values + energy, photon)
                if np.isfinite(block.attrs["counting_time_s"]):
                    rate = block["counts"].values / block.attrs["counting_time_s"]
                    assert np.allclose(rate, block["intensity_cps"].values)


def test_multipak_counts_per_second_are_not_divided_again(exports: Exports) -> None:
    block = read(exports.path("multipak")).sets[0].to_xarray()
    assert block.attrs["transmission_coefficients"] == (180.254, 0.348)
    # The first value of the file, at the highest binding energy.
    first, time_s = (2047.5, 0.4) if exports.public else (FIRST_CPS, TIME_S)
    assert block["intensity_cps"].values[-1] == first
    assert block["counts"].values[-1] == pytest.approx(first * time_s)
    assert block.attrs["instrument"] == "PHI VersaProbe II"
    assert block.attrs["date"] == ("2019-01-22" if exports.public else "2025-03-11")


@pytest.mark.parametrize("region", ["Ni 2p", "O 1s"])
def test_counts_of_kratos_file_are_those_the_vendor_exported_beside_it(
    exports: Exports, region: str
) -> None:
    blocks = {b.attrs["region"]: b for b in datasets(read(exports.path("kratos")))}
    text = read(exports.path(f"kratos {region}")).sets[0].to_xarray()
    assert np.array_equal(blocks[region]["counts"].values, text["intensity_cps"].values)
    assert np.allclose(blocks[region]["binding_energy_eV"], text["binding_energy_eV"])


def test_spe_header(exports: Exports) -> None:
    block = read(exports.path("spe")).sets[0].to_xarray()
    n, pass_eV, law = (1751, 224, (40.0, 0.2)) if exports.public else (N_SURVEY, PASS_EV, (180.254, 0.348))  # fmt: skip
    assert block.sizes["energy"] == n
    assert block.attrs["pass_energy_eV"] == pass_eV
    assert np.allclose(np.diff(block["binding_energy_eV"].values), 0.8)
    assert block.attrs["transmission_coefficients"] == law


def test_stored_fit_of_casaxps_agrees_with_its_own_exports(exports: Exports) -> None:
    block = read(exports.path("iron")).sets[0].to_xarray()
    stored = block.attrs["casaxps"]
    exported = read(exports.path("iron columns")).sets[0].to_xarray()
    photon = block.attrs["photon_energy_eV"]
    assert len(stored.components) == 4 and len(stored.regions) == 1
    for component, column in zip(stored.components, exported.attrs["fit"], strict=True):
        assert component.area.value == pytest.approx(column["area"], rel=1e-6)
        assert component.binding_energy_eV(photon) == pytest.approx(column["position_eV"], abs=0.01)
        assert component.shape == column["shape"]
    assert np.allclose(block["intensity_cps"], exported["intensity_cps"], rtol=1e-6)
    report = read(exports.path("iron report")).sets[0].to_pandas()
    assert report is not None
    percent = [41.89, 19.65, 28.06, 10.40] if exports.public else AT_PERCENT
    assert report["at_percent"].tolist() == percent


def test_the_vamas_library_reads_the_same_numbers(exports: Exports) -> None:
    vamas = pytest.importorskip("vamas")
    for name in exports.regions:
        raw = (exports.folder / name).read_bytes().lstrip()
        if b"REGULAR" not in raw[:400] or b"IRREGULAR" in raw[:400] or name == "xps_eis.vms":
            continue
        theirs = vamas.Vamas(raw)
        ours = read(exports.folder / name)
        assert len(theirs.blocks) == len(ours.sets)
        for a, b in zip(theirs.blocks, datasets(ours), strict=True):
            values = np.asarray(a.corresponding_variables[0].y_values, float)
            own = "counts" if a.corresponding_variables[0].unit.strip() == "d" else "intensity_cps"
            assert np.array_equal(np.sort(values), np.sort(b[own].values)), name


def _damaged(raw: bytes, kind: str) -> bytes:
    if kind == "cut in the middle":
        return raw[: len(raw) // 2]
    if kind == "cut in the header":
        return raw[:400]
    if kind == "empty":
        return b""
    if kind == "of another format":
        return b"PK\x03\x04" + raw[4:]
    return raw.decode("latin-1").encode("utf-16")


@pytest.fixture(scope="module")
def multipak(simulate) -> list[bytes]:
    """The lines of an export as PHI MultiPak writes it."""
    return simulate("c300").read_bytes().split(b"\r\n")


def saved(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "a.npl"
    path.write_bytes(b"\r\n".join(lines))
    return path


@pytest.mark.parametrize(
    "kind", ["cut in the middle", "cut in the header", "empty", "of another format"]
)
@pytest.mark.parametrize("extension", ["npl", "vms", "spe"])
def test_damaged_exports_give_one_line(simulate, tmp_path: Path, extension: str, kind: str) -> None:
    path = tmp_path / f"damaged.{extension}"
    path.write_bytes(_damaged(simulate("c300", extension=extension).read_bytes(), kind))
    with pytest.raises(ReadError) as caught:
        read(path, "xps")
    message = str(caught.value)
    assert "\n" not in message and path.name in message and "expected" in message


def test_utf_16_text_is_read_all_the_same(multipak: list[bytes], tmp_path: Path) -> None:
    plain = read(saved(tmp_path, multipak)).sets[0].to_xarray()
    path = tmp_path / "b.npl"
    path.write_bytes(_damaged(b"\r\n".join(multipak), "utf-16"))
    assert read(path).sets[0].to_xarray().equals(plain)


def test_a_text_cell_where_a_number_belongs_names_its_line(
    multipak: list[bytes], tmp_path: Path
) -> None:
    with pytest.raises(ReadError, match="line 100"):
        read(saved(tmp_path, [*multipak[:99], b"--.--", *multipak[100:]]))


def test_a_missing_value_is_noticed(multipak: list[bytes], tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        read(saved(tmp_path, [*multipak[:99], *multipak[100:]]))


def test_a_changed_digit_of_the_extremes_is_reported(multipak: list[bytes], tmp_path: Path) -> None:
    beyond = b"%.6f" % (
        2 * float(multipak[67])
    )  # line 68: the largest value, as the file declares it
    changed = [*multipak[:99], beyond, *multipak[100:]]
    assert any("extremes" in warning for warning in read(saved(tmp_path, changed)).warnings)


def test_casaxps_columns_drop_only_an_incomplete_last_line(tmp_path: Path) -> None:
    whole = read(columns := write_columns(tmp_path / "whole.txt", [scan("C 1s"), scan("O 1s")]))
    path = tmp_path / "a.txt"
    path.write_bytes(columns.read_bytes()[:-8])
    cut = read(path)
    assert cut.warnings == ["1 incomplete last line dropped"]
    assert (
        cut.sets[-1].to_xarray().sizes["energy"] == whole.sets[-1].to_xarray().sizes["energy"] - 1
    )
    # The axis of the file descends in binding energy, so the lost line is our first point.
    assert np.array_equal(
        cut.sets[-1].to_xarray()["intensity_cps"], whole.sets[-1].to_xarray()["intensity_cps"][1:]
    )


def test_casaxps_columns_hold_the_fit(tmp_path: Path) -> None:
    s = scan("O 1s")
    base, parts = np.full(len(s.counts), 40.0), np.stack([s.counts / 3, s.counts / 5]) / s.time_s
    fit = [("lattice", 530.1, 1.2, 4000.0, "GL(30)"), ("surface", 533.0, 1.9, 5000.0, "LF(0.5,10,80,100,6)")]  # fmt: skip
    found = read(write_columns(tmp_path / "a.txt", [s], fit, parts, base), "xps").sets[0]
    assert found.attrs["region"] == "O 1s" and found.attrs["counting_time_s"] == s.time_s
    assert np.allclose(found["counts"], s.counts[::-1], rtol=1e-5)
    assert np.allclose(found["component_cps"], (parts + base)[:, ::-1], rtol=1e-5)
    assert np.allclose(found["background_cps"], base)
    keys = ("name", "position_eV", "fwhm_eV", "area", "shape")
    assert [tuple(f[k] for k in keys) for f in found.attrs["fit"]] == fit


def test_casaxps_columns_whose_halves_disagree_are_refused(tmp_path: Path) -> None:
    path = write_columns(tmp_path / "a.txt", [scan("C 1s")])
    lines = path.read_bytes().split(b"\n")
    lines[8] = lines[8].replace(lines[8].split(b"\t")[-1], b"9.899450e+004")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ReadError, match="line 9"):
        read(path)


def test_inclusion_lists_and_other_techniques_are_refused(
    multipak: list[bytes], tmp_path: Path
) -> None:
    assert multipak[13:17] == [b"0"] * 4
    technique = multipak.index(b"XPS")
    for index, value, expected in ((13, b"3", "inclusion"), (technique, b"ISS", "technique")):
        changed = list(multipak)
        changed[index] = value
        with pytest.raises(ReadError, match=expected):
            read(saved(tmp_path, changed))


def test_an_auger_block_among_others_is_left_out_and_said(
    multipak: list[bytes], tmp_path: Path
) -> None:
    regions = [s.attrs["region"] for s in read(saved(tmp_path, multipak)).sets]
    at = multipak.index(b"XPS")
    export = read(saved(tmp_path, [*multipak[:at], b"AES dir", *multipak[at + 1 :]]))
    assert [s.attrs["region"] for s in export.sets] == regions[1:]
    assert any("AES dir, no XPS: left out" in w for w in export.warnings)
    with pytest.raises(ReadError, match="a block of XPS"):
        read(saved(tmp_path, [b"AES dir" if line == b"XPS" else line for line in multipak]))


def test_a_file_without_its_last_line_is_read_and_said(
    multipak: list[bytes], tmp_path: Path
) -> None:
    end = next(i for i, line in enumerate(multipak) if line.startswith(b"end of experiment"))
    export = read(saved(tmp_path, [*multipak[:end], b""]))
    assert len(export.sets) == multipak.count(b"XPS")
    assert any("last line 'end of experiment' is missing" in w for w in export.warnings)
    with pytest.raises(ReadError, match="cut"):
        read(saved(tmp_path, multipak[: end - 1]))  # one value less


@pytest.mark.parametrize("extension", ["npl", "vms", "spe"])
def test_random_damage_never_leaks_another_exception(
    simulate, tmp_path: Path, extension: str
) -> None:
    # Damage the header and the first blocks: that is where the structure stands.
    raw = simulate("c300", extension=extension).read_bytes()
    rng = random.Random(extension)
    path = tmp_path / f"damaged.{extension}"
    for _ in range(60):
        data = bytearray(raw)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(min(len(data), 9000))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 200)]
            elif kind == 2:
                data[at:at] = bytes(rng.randrange(256) for _ in range(5))
            else:
                data = (
                    bytearray(re.sub(rb"\d+", b"999999999", bytes(data[:at]), count=1)) + data[at:]
                )
        path.write_bytes(bytes(data))
        try:
            export = read(path)
        except ReadError:
            continue
        assert export.sets
