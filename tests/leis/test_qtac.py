"""The Qtac reader on what the instrument writes, on every dialect that a system may write, and on damage."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import read
from coatbench.simulate.write_qtac import write_qtac
from conftest import SHARED, inputs
from hypothesis import given, settings
from hypothesis import strategies as st

ENERGY = np.arange(600.0, 700.0, 2.0)
COUNTS = np.round(50 + 30 * np.sin(ENERGY / 9))


@pytest.mark.parametrize("source", inputs("realdata/leis"))
def test_an_export_as_the_instrument_writes_it(source, tmp_path):
    path, first = SHARED / "realdata/leis/BP_CuSi_230929_BP_CuSi_0V18nm_spot4.txt", 2.57025
    if source == "made":
        path, first = tmp_path / "a.txt", 1.93275
        write_qtac(path, 536.0 + 2 * np.arange(1023), first + 0.1 * np.arange(1023))
    block = read(path, "leis").sets[0].to_xarray()
    energy = block["energy_eV"].values
    assert (len(energy), energy[0], energy[-1]) == (1023, 536, 2580)
    assert np.allclose(np.diff(energy), 2)
    assert block["intensity"].values[0] == first


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("header", [[], ["Qtac100", "Energy (eV)\tIntensity", "x", "µ°"]])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_dialects(tmp_path, decimal, header, line_end, encoding):
    path = tmp_path / "a.txt"
    write_qtac(path, ENERGY, COUNTS + 0.5, header=header, decimal=decimal)
    text = path.read_bytes().decode("latin-1").replace("\r\n", line_end)
    path.write_bytes(text.encode(encoding))
    export = read(path, "leis")
    assert np.array_equal(export.sets[0].to_xarray()["energy_eV"], ENERGY)
    assert np.array_equal(export.sets[0].to_xarray()["intensity"], COUNTS + 0.5)
    assert export.warnings == []


@pytest.mark.parametrize("separator", [" ", "   ", ";", "\t"])
def test_separators(tmp_path, separator):
    path = tmp_path / "a.txt"
    path.write_text(
        "".join(f"{e:.6f}{separator}{c:g}\n" for e, c in zip(ENERGY, COUNTS, strict=True))
    )
    assert np.array_equal(read(path).sets[0].to_xarray()["intensity"], COUNTS)


def test_a_falling_axis_is_turned_round(tmp_path):
    path = tmp_path / "a.txt"
    write_qtac(path, ENERGY[::-1], COUNTS[::-1])
    block = read(path).sets[0].to_xarray()
    assert np.array_equal(block["energy_eV"], ENERGY)
    assert np.array_equal(block["intensity"], COUNTS)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(8, 300),
    start=st.integers(10, 2000),
    step=st.sampled_from([0.5, 1.0, 2.0, 3.3]),
    values=st.randoms(use_true_random=False),
)
def test_what_is_written_is_read(tmp_path_factory, n, start, step, values):
    path = tmp_path_factory.mktemp("q") / "a.txt"
    energy = start + step * np.arange(n)
    intensity = np.array([float(f"{values.uniform(0, 1e5):g}") for _ in range(n)])
    write_qtac(path, energy, intensity)
    block = read(path, "leis").sets[0].to_xarray()
    assert np.allclose(block["energy_eV"], energy, atol=1e-6, rtol=0)
    assert np.array_equal(block["intensity"], intensity)


def lines() -> list[str]:
    return [f"{e:.6f}\t{c:g}" for e, c in zip(ENERGY, COUNTS, strict=True)]


def test_an_incomplete_last_line_is_dropped_and_reported(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines())[:-1])
    export = read(path, "leis")
    assert np.array_equal(export.sets[0].to_xarray()["energy_eV"], ENERGY[:-1])
    assert export.warnings == ["1 incomplete last line dropped"]


@pytest.mark.parametrize(
    ("change", "place", "expects"),
    [
        (lambda ls: [*ls[:20], "640.000000\tnan", *ls[21:]], "line 21", "a number in column 2"),
        (lambda ls: [*ls[:20], "640.000000\tabc", *ls[21:]], "line 21", "a number in column 2"),
        (lambda ls: [*ls[:20], "640.000000", *ls[21:]], "line 21", "2 columns"),
        (lambda ls: [*ls[:20], "", *ls[21:]], "line 21", "2 columns"),
        (lambda ls: [*ls[:20], *ls[21:]], "line 21", "the energy 640 eV"),
        (lambda ls: [*ls[:20], ls[20], *ls[20:]], "line 22", "the energy 642 eV"),
        (lambda ls: [*ls[:20], "64.000000\t5", *ls[21:]], "line 21", "the energy 640 eV"),
        (lambda ls: [f"-{line}" for line in ls], "line 1", "an energy above 0 eV"),
        (lambda ls: ls[:4], "file", "at least 8 channels"),
    ],
)  # fmt: skip
def test_damage_is_one_line_with_its_place(tmp_path, change, place, expects):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{line}\r\n" for line in change(lines())))
    with pytest.raises(ReadError) as error:
        read(path, "leis")
    message = str(error.value)
    assert message.startswith(f"{path}: {place}: expected ")
    assert expects in message
    assert "\n" not in message


def test_empty_and_other_files(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(ReadError, match="an empty file"):
        read(empty, "leis")
    other = tmp_path / "other.txt"
    other.write_bytes(b"II*\0" + bytes(100))
    with pytest.raises(ReadError, match=r"expected an export of leis, found TIFF"):
        read(other, "leis")
